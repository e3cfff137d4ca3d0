# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
{
  lib,
  stdenv,
  docutils,
  gettext,
  glib,
  gnutls,
  gobject-introspection,
  json-glib,
  libseccomp,
  libtasn1,
  meson,
  nettle,
  ninja,
  pkg-config,
  polkit,
  systemd,
  vala,
}:

stdenv.mkDerivation {
  pname = "tls-handoff";
  # meson.build has it.
  version = builtins.head (
    builtins.match ".*\n  version: '([0-9.]+)'.*" (builtins.readFile ../../meson.build)
  );
  src = lib.cleanSource ../..;

  nativeBuildInputs = [
    docutils
    gettext
    glib
    gobject-introspection
    meson
    ninja
    pkg-config
    vala
  ];
  buildInputs = [
    glib
    gnutls
    json-glib
    libseccomp
    libtasn1
    nettle
    polkit
    systemd
  ];

  # The tests need root and a bus (tests/check.sh). State and configuration are the system's, not the store's.
  mesonFlags = [
    "-Dtests=false"
    "--sysconfdir=/etc"
    "--localstatedir=/var"
  ];
  # What goes to /etc is put into the store, from where a module of the system takes it.
  preInstall = ''
    export DESTDIR=$TMPDIR/destination
  '';
  postInstall = ''
    cp -r "$DESTDIR$out"/. "$out"
    mkdir -p "$out/etc"
    cp -r "$DESTDIR/etc"/. "$out/etc"
    unset DESTDIR
  '';

  meta = {
    description = "TLS connections whose handshake a system service does";
    license = lib.licenses.lgpl21Plus;
    mainProgram = "tls-handoff";
    platforms = lib.platforms.linux;
  };
}
