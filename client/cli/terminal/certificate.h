/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <json-glib/json-glib.h>

/* What people want to know of an X.509 certificate. All text is valid UTF-8, but still the peer's:
 * it goes through cli_escape() before it is shown. What the certificate lacks is NULL. */
typedef struct
{
  char *subject;    /* (owned) (nullable): RFC 4514 */
  char *issuer;     /* (owned) (nullable): RFC 4514 */
  char *serial;     /* (owned) (nullable): hexadecimal */
  GPtrArray *names; /* (owned) (element-type utf8): subject alternative names, "DNS:example.org" */
  GDateTime *not_before;     /* (owned) (nullable) */
  GDateTime *not_after;      /* (owned) (nullable) */
  char *key_algorithm;       /* (owned) (nullable): "RSA", "EC/ECDSA", "EdDSA (Ed25519)" */
  guint key_bits;            /* 0 if not known */
  char *curve;               /* (owned) (nullable): "SECP256R1" */
  char *signature_algorithm; /* (owned) (nullable): "ECDSA-SHA256" */
  gboolean is_authority;
  char *sha256; /* (owned): of the DER, hexadecimal with colons */
  char *pem;    /* (owned) (nullable) */
  char
      *problem; /* (owned) (nullable): why it could not be read; then only sha256 and pem are set */
} CliCertificate;

CliCertificate *cli_certificate_new (GBytes *der);
void cli_certificate_free (CliCertificate *certificate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliCertificate, cli_certificate_free)

void cli_certificate_print (const CliCertificate *certificate, guint position);
void cli_certificate_add_to_json (const CliCertificate *certificate, JsonBuilder *builder);
