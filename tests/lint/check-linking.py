#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What the service's programs cannot do, since they are not linked with it: check-linking.py PROGRAM...

Each program's undefined symbols are held against what it must not have. A bug in a program that cannot even name
a function is one bug less of that kind; the lock-up (service/lock-up/) is for the rest.
"""

import pathlib
import re
import sys

import common

# {what: pattern of the symbols}; each fits at least one of the symbols in EXAMPLES, or the pattern is wrong.
KINDS = {
    'TLS handshakes':
        r'gnutls_(init|deinit|handshake\w*|record_\w+|session_\w+|priority_\w+|credentials_\w+|transport_\w+)',
    'certificates':
        r'gnutls_(x509_crt|x509_crl|x509_trust_list|ocsp|pcert|certificate)_\w+',
    # It makes those that a key signs for itself, of values.
    'certificates to read':
        r'gnutls_(x509_crt_(?!(init|deinit|set_\w+|privkey_sign|export2)$)|'
        r'(x509_crl|x509_trust_list|ocsp|pcert|certificate)_)\w+',
    'distinguished names as text':
        r'gnutls_x509_(dn_set_str|cr[qt]_set_(issuer_)?dn)',
    'passphrases and containers of keys':
        r'gnutls_(pkcs12_\w+|pkcs8_info|pbkdf2)',
    'private keys':
        r'gnutls_(x509_privkey_\w+|privkey_(import(?!_ext)|export|generate|sign)\w*)',
    'PKCS#11':
        r'gnutls_pkcs11_\w+|gnutls_\w+_import_pkcs11\w*|gnutls_privkey_import_url|p11_\w+',
    'files':
        r'(open|openat|creat|fopen|freopen)(64)?|opendir|fdopendir|g_(open|fopen|creat|file_get_contents|dir_open\w*)'
        r'|g_file_(set_contents\w*|new_for_path)|gnutls_\w+_(file2?|system_trust|trust_dir)',
    'the bus':
        r'g_bus_\w+|g_dbus_(connection|proxy|server|object|interface|method)\w*',
    'other programs':
        r'posix_spawn|fork|vfork|exec[vl]p?e?|execvpe|system|popen|g_spawn_\w+|g_subprocess_\w+',
    'sockets of its own':
        r'socket|connect|bind|listen|accept4?|g_socket_(new|connect|bind|listen)\w*',
}

EXAMPLES = {
    'gnutls_handshake', 'gnutls_x509_crt_import', 'gnutls_x509_dn_set_str', 'gnutls_pkcs12_import', 'gnutls_privkey_import_x509',
    'gnutls_pkcs11_init', 'open64', 'g_bus_get_sync', 'posix_spawn', 'connect',
}

# What the programs must not have. DESIGN: who reads strangers' bytes has no keys.
MUST_NOT = {
    'tls-handoffd': [
        'TLS handshakes', 'certificates', 'passphrases and containers of keys', 'private keys', 'PKCS#11',
    ],
    'tls-handoff-handshaker': [
        'passphrases and containers of keys', 'private keys', 'PKCS#11', 'files', 'the bus', 'other programs',
        'sockets of its own',
    ],
    'tls-handoff-importer': [
        'TLS handshakes', 'PKCS#11', 'files', 'the bus', 'other programs', 'sockets of its own',
    ],
    'tls-handoff-keeper': [
        'TLS handshakes', 'certificates to read', 'distinguished names as text',
        'passphrases and containers of keys', 'PKCS#11', 'the bus', 'other programs', 'sockets of its own',
    ],
    'tls-handoff-token': [
        'TLS handshakes', 'distinguished names as text', 'passphrases and containers of keys', 'the bus',
        'other programs', 'sockets of its own',
    ],
}


def symbols_of(program, *options):
    result = common.run([nm, '--no-demangle', *options, program])
    return {line.split()[-1].split('@')[0] for line in result.stdout.splitlines() if line.strip()}


nm = common.need('nm', 'binutils')
findings = [f'{what}: the pattern fits no example' for what, pattern in KINDS.items()
            if not any(re.fullmatch(pattern, symbol) for symbol in EXAMPLES)]
programs = [pathlib.Path(argument).resolve() for argument in sys.argv[1:]]
findings += [f'{name} was not given' for name in MUST_NOT if name not in [program.name for program in programs]]
for program in programs:
    symbols = symbols_of(program, '--dynamic', '--undefined-only')
    if 'g_free' not in symbols:
        findings.append(f'{program}: these are not its symbols: {len(symbols)}')
    for symbol in sorted(symbols_of(program, '--defined-only')):
        if re.match(r'handoff_(attack|deed)_', symbol):
            findings.append(f'{program.name} has {symbol}, which only the attack tests may have')
    if program.name not in MUST_NOT:
        findings.append(f'{program}: is not in the table')
    for what, pattern in KINDS.items():
        named = sorted(symbol for symbol in symbols if re.fullmatch(pattern, symbol))
        if named and what in MUST_NOT.get(program.name, []):
            findings.append(f'{program.name} must know nothing of {what}: {", ".join(named)}')
common.report(findings, len(programs))
