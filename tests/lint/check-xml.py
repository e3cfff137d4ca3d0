#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""XML is well-formed; the polkit policy is valid, and so is what software centres read."""

import pathlib
import sys

import common

POLKIT_DTD = '/usr/share/polkit-1/policyconfig-1.dtd'

# As built, with the translations.
polkit_policy, bus_policy = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
xmllint = common.need('xmllint', 'libxml2-utils')

findings = []
files = [*common.source_files('*.xml', '*.policy.in', '*.conf.in'), polkit_policy, bus_policy]
files = [path for path in files if common.read(path).startswith('<?xml')]
for path in files:
    result = common.run([xmllint, '--nonet', '--noout', path])
    if result.returncode != 0 or result.stdout:
        findings.append(result.stdout)

result = common.run([xmllint, '--nonet', '--noout', '--dtdvalid', POLKIT_DTD, polkit_policy])
if result.returncode != 0:
    findings.append(result.stdout)

metainfo = common.run([common.need('appstreamcli', 'appstream'), 'validate', '--no-net', '--strict',
                       'data/org.tlshandoff.Handoff1.metainfo.xml'])
if metainfo.returncode != 0:
    findings.append(metainfo.stdout)

common.report(findings, len(files))
