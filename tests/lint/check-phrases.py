#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What the service and keyblob/ say to callers is among the phrases that the library can translate.

The library recognizes the service's messages by their words (client/tls-handoff/phrasebook/): a message whose words
change would go back to English without anybody noticing. Looked at is the text of each error that a caller may get;
what is no phrase is reported, which is a finding for a release only, as with translations.

  check-phrases.py [--root TREE] [--release]
"""

import os
import pathlib
import re

import common

# What is for the service's log, or says that one of its programs breaks a rule.
INTERNAL = (
    # What is no message's text, but a part of "The other side of the socket broke the rules: …".
    'keyblob/channel-message.c', 'keyblob/packet.c', 'keyblob/hpke-kdf.c',
    'service/attack/', 'service/lock-up/', 'service/link/', 'service/process/', 'service/program/', 'service/guard/',
    'service/grant/', 'service/description/description.c', 'service/handshaker/relay-call.c', 'service/importers/',
    'service/keeper/', 'service/key/pkcs8.c', 'service/signatory/signatory.c', 'service/token-text/pin-file.c',
    'service/token-text/token-module.c', 'service/token/token-helper.c', 'service/service.c', 'service/bus-name.c',
    'service/keeper-main.c', 'service/broker/policy-package.c',
)
MAKERS = re.compile(r'\b(g_set_error|g_set_error_literal|g_error_new|g_error_new_literal|g_task_return_new_error|'
                    r'g_task_report_new_error|refuse|refuse_chain|fail|handoff_passphrase_refuse)\s*\(')
LITERAL = r'"(?:[^"\\]|\\.)*"'
PIECE = rf'(?:{LITERAL}|[A-Z][A-Z0-9_]+(?:\s*\([^()]*\))?)'
TEXT = re.compile(rf'{PIECE}(?:\s+{PIECE})*')
DIRECTIVE = re.compile(r'%(?:\.\d+|\.\*)?(?:l|z)?[sdux]|%0?\d*[dxu]|%\0')


def call_at(code, start):
    """The arguments of the call whose "(" is before start."""
    depth, position = 1, start
    while depth > 0:
        match = re.compile(rf'{LITERAL}|[()]').search(code, position)
        depth += {'(': 1, ')': -1}.get(match.group(), 0)
        position = match.end()
    return code[start:position - 1]


def texts(arguments):
    """What the arguments may say, with a NUL wherever something else comes in."""
    for match in TEXT.finditer(arguments):
        pieces = re.findall(rf'({LITERAL})|({PIECE})', match.group())
        if any(' ' in literal for literal, _ in pieces):
            text = ''.join(literal[1:-1] if literal else '\0' for literal, _ in pieces)
            yield DIRECTIVE.sub('\0', text).replace('%%', '%')


def phrases():
    for path in common.source_files('client/tls-handoff/phrasebook/phrases-*.c'):
        for match in re.finditer(rf'N_ \(((?:\s*{LITERAL})+)\)', common.read(path)):
            yield ''.join(literal[1:-1] for literal in re.findall(LITERAL, match.group(1)))


def pattern(text, gap):
    return re.compile('.*'.join(map(re.escape, text.split(gap))), re.S)


def is_known(text):
    """Whether it is a phrase, a part of one, or phrases that are joined as phrasebook.c knows it."""
    # A single word is the name of an argument.
    if ' ' not in text or any(known.fullmatch(text) for known in PATTERNS):
        return True
    mine = pattern(text.strip('\0'), '\0')
    if any(mine.search(phrase) for phrase in PHRASES):
        return True
    return any(separator in text and all(map(is_known, text.split(separator, 1)))
               for separator in ('; ', ': '))


release = '--release' in common.arguments()
if release and 'MESON_DIST_ROOT' in os.environ:
    common.ROOT = pathlib.Path(os.environ['MESON_DIST_ROOT'])
PHRASES = list(phrases())
PATTERNS = [pattern(phrase, '%s') for phrase in PHRASES]
missing = []
n = 0
for path in common.source_files('*.c'):
    if path.parts[0] not in ('service', 'keyblob') or str(path).startswith(INTERNAL):
        continue
    code = re.sub(r'/\*.*?\*/', '', common.read(path), flags=re.S)
    for maker in MAKERS.finditer(code):
        for text in texts(call_at(code, maker.end())):
            n += 1
            if not is_known(text):
                missing.append(f'{path}: no phrase that the library can translate: ' + text.replace('\0', '…'))
if not release:
    for line in missing:
        print(line + ' (which a release needs)')
common.report(missing if release else [], n)
