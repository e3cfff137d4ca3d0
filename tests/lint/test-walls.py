#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The checks of the walls can fail: check-walls.py finds each fault that is planted in a small tree, and a call
that goes up does not link.

  test-walls.py [NINJA BUILD]   with NINJA, also the links of BUILD
"""

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

FOLDER = """{variable}_deps = [{below}]
{variable}_lib = static_library('{name}', {sources}, dependencies: {variable}_deps)
{variable}_dep = declare_dependency(link_with: {variable}_lib, dependencies: {variable}_deps)
"""


def folder(variable, below, *sources):
    return FOLDER.format(variable=variable, name=variable, below=', '.join(f'{name}_dep' for name in below),
                         sources=', '.join(f"'{source}'" for source in sources))


def includes(*names):
    return ''.join(f'#include "{name}"\n' for name in names)


SOUND = {
    'keyblob/seal.h': '',
    'keyblob/seal.c': includes('seal.h') + 'g_dbus_one (); gnutls_session_t two; handoff_key_blob_three (); '
                      'handoff_sealed_memfd_four ();\n',
    'service/meson.build': "service_folders = [\n  'low',\n  'middle',\n  'high',\n]\n",
    'service/low/meson.build': folder('low', [], 'floor.c', 'wall.c', 'stone.c'),
    'service/low/floor.h': includes('keyblob/seal.h'),
    'service/low/floor.c': includes('config.h', 'low/floor.h', 'low/wall.h'),
    'service/low/wall.h': '',
    'service/low/wall.c': includes('low/wall.h', 'low/stone.h'),
    'service/low/stone.h': '',
    'service/low/stone.c': includes('low/stone.h'),
    'service/middle/meson.build': folder('middle', ['low'], 'door.c'),
    'service/middle/door.h': '',
    'service/middle/door.c': '/* GDBusConnection */\n' + includes('middle/door.h', 'low/floor.h'),
    'service/high/meson.build': folder('high', ['middle'], 'roof.c'),
    'service/high/roof.h': includes('middle/door.h'),
    'service/high/roof.c': includes('high/roof.h'),
    'service/service.h': '',
    'service/main.c': includes('service.h', 'high/roof.h', 'low/floor.h') +
                      '#include <systemd/sd-daemon.h>\nGDBusConnection *bus;\n',
    'client/tls-handoff/meson.build': "client_folders = [\n  'record',\n  'manager',\n]\n",
    'client/tls-handoff/tls-handoff.h': includes('tls-handoff-manager.h', 'tls-handoff-enum-types.h'),
    'client/tls-handoff/tls-handoff-manager.h': includes('tls-handoff-flags.h'),
    'client/tls-handoff/tls-handoff-flags.h': '',
    'client/tls-handoff/record/meson.build': folder('client_record', [], 'layer.c'),
    'client/tls-handoff/record/layer.c': includes('tls-handoff-flags.h', 'keyblob/seal.h') +
                                         'handoff_key_blob_open (); handoff_sealed_memfd_read ();\n',
    'client/tls-handoff/manager/meson.build': folder('client_manager', ['client_record'], 'manager.c'),
    'client/tls-handoff/manager/manager.c': includes('tls-handoff-manager.h', 'record/layer.h') +
                                            'GDBusMessage *call;\n',
    'client/tls-handoff/record/layer.h': '',
    'client/cli/meson.build': "cli_folders = [\n  'verb',\n]\n",
    'client/cli/verb/meson.build': folder('cli_verb', [], 'probe.c'),
    'client/cli/verb/probe.c': '#include <tls-handoff/tls-handoff.h>\ng_dbus_flush ();\n',
    'client/gio-module/backend.h': '',
    'client/gio-module/backend.c': '#include <tls-handoff/tls-handoff.h>\n' + includes('config.h', 'backend.h'),
}

# (what is planted, {file: text}, what has to be said)
FAULTS = [
    ('nothing', {}, ()),
    ('a circle of two modules', {'service/low/wall.h': includes('low/floor.h')},
     ('circle of modules', 'service/low/floor.c:3: service/low/floor includes service/low/wall',
      'service/low/wall.h:1: service/low/wall includes service/low/floor')),
    ('a circle of three modules', {'service/low/stone.h': includes('low/floor.h')},
     ('circle of modules', 'service/low/floor includes service/low/wall',
      'service/low/wall.c:2: service/low/wall includes service/low/stone',
      'service/low/stone includes service/low/floor')),
    ('a circle through a public header',
     {'client/tls-handoff/record/layer.h': includes('tls-handoff-manager.h')},
     ('circle of modules', 'circle of folders', 'client/tls-handoff/record/meson.build names no dependency')),
    ('a circle of folders, of modules that have none',
     {'service/low/stone.c': includes('low/stone.h', 'middle/door.h')},
     ('circle of folders', 'service/low/stone.c:2: service/low includes service/middle/door.h',
      'service/middle/door.c:3: service/middle includes service/low')),
    ('an include that goes up', {'service/low/stone.h': includes('high/roof.h')},
     ('service/low/stone.h:1: service/low includes service/high/roof.h',)),
    ('an include of the top', {'service/middle/door.h': includes('service.h')},
     ('service/middle/door.h:1: service/middle includes service/service.h',)),
    ('the header for applications, in the library', {'client/tls-handoff/record/layer.h': includes('tls-handoff.h')},
     ('client/tls-handoff/record/layer.h:1: client/tls-handoff/record includes',)),
    ('an include of a folder that is below, but not named', {'service/high/roof.c': includes('low/floor.h')},
     ('service/high/roof.c:1: service/high includes service/low/floor.h',)),
    ('a dependency that is not used', {'service/high/meson.build': folder('high', ['low', 'middle'], 'roof.c')},
     ('service/high/meson.build:1: service/low is a dependency',)),
    ('another program\'s header', {'client/cli/verb/probe.c': includes('keyblob/seal.h')},
     ('client/cli/verb/probe.c:1: client/cli includes keyblob/seal.h',)),
    ('the library\'s private header in the GIO module', {'client/gio-module/backend.h': includes('record/layer.h')},
     ('client/gio-module/backend.h:1: "record/layer.h" is no header',)),
    ('D-Bus in the GIO module', {'client/gio-module/backend.h': 'g_dbus_flush ();\n'},
     ('client/gio-module/backend.h:1: g_dbus_flush: only',)),
    ('the service\'s header in the library', {'client/tls-handoff/record/layer.h': includes('low/floor.h')},
     ('client/tls-handoff/record/layer.h:1: "low/floor.h" is no header',)),
    ('an include without its folder', {'service/low/wall.c': includes('wall.h')},
     ('service/low/wall.c:1: "wall.h" is no header',)),
    ('an include with more than its folder', {'service/low/wall.c': includes('service/low/wall.h')},
     ('service/low/wall.c:1: "service/low/wall.h" is no header',)),
    ('a file that is not built', {'service/low/hole.c': ''}, ('service/low/hole.c: is not in',)),
    ('a folder that is not built', {'service/attic/box.c': ''},
     ('service/attic: is no folder of service/meson.build',)),
    ('a circle of public headers', {'client/tls-handoff/tls-handoff-flags.h': includes('tls-handoff.h')},
     ('circle of modules', 'client/tls-handoff/tls-handoff-flags includes client/tls-handoff/tls-handoff')),
    ('a right to a name that is not used', {'keyblob/seal.c': includes('seal.h')},
     ('keyblob may name D-Bus, and does not',)),
    ('D-Bus', {'service/low/wall.c': '\nGDBusConnection *bus;\n'},
     ('service/low/wall.c:2: GDBusConnection: only', 'may name D-Bus')),
    ('D-Bus in the record layer', {'client/tls-handoff/record/layer.h': 'g_dbus_is_name (name);\n'},
     ('client/tls-handoff/record/layer.h:1: g_dbus_is_name: only',)),
    ('a GnuTLS session', {'service/low/wall.c': 'gnutls_session_t session;\n'}, ('may name GnuTLS\'s sessions',)),
    ('polkit', {'service/low/wall.c': 'const char *name = "org.freedesktop.PolicyKit1";\n'}, ('may name polkit',)),
    ('a key blob', {'service/low/wall.c': 'handoff_key_blob_seal (state);\n'}, ('may name key blobs',)),
    ('a sealed memory file', {'service/low/wall.c': 'handoff_sealed_memfd_new (blob);\n'},
     ('may name sealed memory files',)),
    ('a private key', {'service/low/wall.c': 'gnutls_privkey_init (&key);\n'}, ('may name private keys',)),
    ('PKCS#11', {'service/low/wall.c': 'gnutls_pkcs11_init (0, NULL);\n'}, ('may name PKCS#11',)),
]


def check(what, changes, expected):
    with tempfile.TemporaryDirectory() as directory:
        for name, text in {**SOUND, **changes}.items():
            path = pathlib.Path(directory) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding='utf-8')
        result = subprocess.run([HERE / 'check-walls.py', '--root', directory], text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
    missing = [words for words in expected if words not in result.stdout]
    if missing or result.returncode != (1 if expected else 0):
        print(f'{what}: exit status {result.returncode}, without {missing}:\n{result.stdout}')
        return False
    return True


def first_function(library):
    symbols = subprocess.run(['nm', '--defined-only', library], text=True, stdout=subprocess.PIPE, check=True).stdout
    return next(fields[2] for fields in map(str.split, symbols.splitlines()) if fields[1:2] == ['T'])


def links(ninja, build, function):
    """Whether service/caller links when it calls the function too."""
    wall = 'tests/lint/libwall-caller.so'
    command = subprocess.run([ninja, '-C', build, '-t', 'commands', wall], text=True, stdout=subprocess.PIPE,
                             check=True).stdout.splitlines()[-1]
    with tempfile.TemporaryDirectory() as directory:
        source = pathlib.Path(directory) / 'planted.c'
        source.write_text(f'void {function} (void);\nvoid planted (void);\nvoid planted (void) {{ {function} (); }}\n',
                          encoding='utf-8')
        command = command.replace(f'-o {wall}', f'-o {directory}/wall.so -fPIC {source}')
        result = subprocess.run(command, shell=True, cwd=build, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
    if result.returncode != 0 and f'undefined reference to `{function}\'' not in result.stdout:
        sys.exit(result.stdout)
    return result.returncode == 0


passed = all([check(*fault) for fault in FAULTS])
if len(sys.argv) == 3:
    ninja, build = sys.argv[1:]
    down = first_function(f'{build}/service/work/libhandoff-work.a')
    up = first_function(f'{build}/service/bus/libhandoff-bus.a')
    if not links(ninja, build, down):
        print(f'service/caller does not link with a call of {down}(), which is below')
        passed = False
    if links(ninja, build, up):
        print(f'service/caller links with a call of {up}(), which is above')
        passed = False
print(f'{len(FAULTS)} faults planted')
sys.exit(0 if passed else 1)
