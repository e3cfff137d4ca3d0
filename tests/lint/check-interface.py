#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The D-Bus interface is documented: every interface, method, argument and property, and every name
in keyblob/handoff-names.h; and every name that is documented is one that the code has. The library can send
every handshake option."""

import re
from xml.dom import minidom

import common

XML = 'data/org.tlshandoff.Handoff1.xml'
NAMES = 'keyblob/handoff-names.h'

findings = []
checked = 0


def comment_before(element):
    node = element.previousSibling
    while node is not None and node.nodeType == node.TEXT_NODE:
        node = node.previousSibling
    return node.data if node is not None and node.nodeType == node.COMMENT_NODE else ''


def check_element(element, where):
    """The comment that gdbus-codegen reads: "Name:", "@parameter: text" lines, a blank line, text."""
    global checked
    checked += 1
    name = element.getAttribute('name')
    comment = comment_before(element)
    if not re.match(rf'\s*{re.escape(name)}:\s*\n', comment):
        findings.append(f'{XML}: {where}{name} is not documented')
        return
    head, _, body = comment.partition('\n\n')
    if '@since: ' not in head:
        findings.append(f'{XML}: {where}{name}: @since is missing')
    if not body.strip():
        findings.append(f'{XML}: {where}{name}: has no text')
    arguments = [arg.getAttribute('name') for arg in element.getElementsByTagName('arg')]
    documented = re.findall(r'^\s*@(\w+): \S', head, flags=re.M)
    if element.tagName != 'interface' and sorted(arguments + ['since']) != sorted(documented):
        findings.append(f'{XML}: {where}{name}: arguments {arguments}, documented {documented}')


document = minidom.parseString(common.read(XML))
for interface in document.getElementsByTagName('interface'):
    check_element(interface, '')
    for kind in ('method', 'signal', 'property'):
        for element in interface.getElementsByTagName(kind):
            check_element(element, interface.getAttribute('name') + '.')

text = common.read(XML)
terms = {
    (name.strip(), signature)
    for term, signature in re.findall(r'<term>([^<(]+)\s\(([^)]+)\)</term>', text)
    for name in term.split(',')
}
names = common.read(NAMES)
for name, signature in re.findall(
        r'#define HANDOFF_(?:OPTION|DETAIL)_\w+ "([\w-]+)"\s*/\* ([a-z{}()]+)', names):
    checked += 1
    if (name, signature) not in terms:
        findings.append(f'{NAMES}: {name} ({signature}) is not documented in {XML}')

# An option that the library cannot send is of no use to applications. Sessions that outlive their caller are for
# scripts.
sent = common.read('client/tls-handoff/handshake/handshake-options-variant.c')
section = names.partition('/* Handshake options')[2].partition('\n\n')[0]
for name in re.findall(r'#define (HANDOFF_OPTION_\w+)', section):
    checked += 1
    if name not in sent and name != 'HANDOFF_OPTION_OUTLIVE_CALLER':
        findings.append(f'{NAMES}: the library does not send {name}')
for name in re.findall(
        r'#define HANDOFF_(?:STATE|PROTOCOL|PEER_PROTOCOL|VERIFICATION|OCSP)_\w+ "([\w.-]+)"', names):
    checked += 1
    if f'<literal>{name}</literal>' not in text:
        findings.append(f'{NAMES}: {name} is not documented in {XML}')

# People are told what each means.
words = common.read('client/cli/peer/trust-report.c')
for name in re.findall(r'#define HANDOFF_(?:VERIFICATION|OCSP_PROBLEM)_\w+ "([\w.-]+)"', names):
    checked += 1
    if not re.search(rf'{{ "{name}",\s+N_ \(', words):
        findings.append(f'client/cli/peer/trust-report.c: has no words for {name}')

# Who gets an error finds its name: each is explained, or said to be the library's own.
manager = text.partition('org.tlshandoff.Handoff1.Manager:')[2].partition('-->')[0]
explained = re.findall(r'<term>([A-Z]\w+)</term>', manager)
own = re.search(r'The names ([\w, ]+) are of the client library alone', manager)
explained += re.findall(r'[A-Z]\w+', own.group(1)) if own else []
errors = re.findall(r'HANDOFF_ERROR_PREFIX "(\w+)"', common.read('keyblob/tls-handoff-error.c'))
checked += len(errors)
if sorted(explained) != sorted(errors):
    findings.append(f'{XML}: errors {sorted(set(errors) ^ set(explained))} are not explained, or do not exist')

policy = common.read('data/org.tlshandoff.Handoff1.policy.in')
declared = set(re.findall(r'<action id="org\.tlshandoff\.Handoff1\.([\w-]+)"', policy))
used = set(re.findall(r'#define HANDOFF_ACTION_\w+ HANDOFF_BUS_NAME "\.([\w-]+)"', names))
documented = set(re.findall(r'<literal>org\.tlshandoff\.Handoff1\.([a-z][a-z-]+)</literal>', text))
checked += len(declared)
if not declared == used == documented:
    findings.append(f'polkit actions differ: {sorted(declared)} in the policy, {sorted(used)} in '
                    f'{NAMES}, {sorted(documented)} in {XML}')

# The owner, without which no action works: polkit answers only root and the action's owner.
owners = policy.count('<annotate key="org.freedesktop.policykit.owner">unix-user:')
if owners != len(declared):
    findings.append('the polkit policy lacks an owner annotation')

common.report(findings, checked)
