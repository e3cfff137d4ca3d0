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

# What versions after 1.0 want, and Debian 12's does not know. There is no homepage.
LATER = ('url-homepage-missing', 'developer-name-tag-deprecated', 'developer-info-missing')
appstreamcli = common.need('appstreamcli', 'appstream')
is_old = common.run([appstreamcli, '--version']).stdout.split()[-1].startswith('0.')
metainfo = common.run([appstreamcli, 'validate', '--no-net', '--strict',
                       *([] if is_old else ['--override=' + ','.join(f'{tag}=pedantic' for tag in LATER)]),
                       'data/org.tlshandoff.Handoff1.metainfo.xml'])
if metainfo.returncode != 0:
    findings.append(metainfo.stdout)

common.report(findings, len(files))
