#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What the command's help says, its manual page and its completion know, too: all verbs, and all options of
each. Arguments: the command, the manual page's source, the completion."""

import os
import re
import subprocess
import sys

command, manual_path, completion_path = sys.argv[1:4]
# In the help's own words, and not in lines that are folded for a narrow terminal.
environment = dict(os.environ, LC_ALL='C.UTF-8', LANGUAGE='C')


def run(*arguments):
    return subprocess.run([command, *arguments], check=True, text=True, env=environment,
                          stdout=subprocess.PIPE).stdout


def complete(words):
    """What completion offers for the last of the words."""
    script = f'''
_init_completion() {{
  words=("${{COMP_WORDS[@]}}") cword=$COMP_CWORD cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} split=false
}}
_filedir() {{ COMPREPLY=(FILE); }}
_known_hosts_real() {{ COMPREPLY=(HOST); }}
_command_offset() {{ COMPREPLY=(COMMAND); }}
. "{completion_path}"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_tls_handoff
printf '%s\\n' "${{COMPREPLY[@]}}"
'''
    done = subprocess.run(['bash', '-c', script, 'bash', 'tls-handoff', *words], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert not done.stderr, done.stderr
    return done.stdout.split('\n')


manual = open(manual_path, encoding='utf-8').read()
findings = []
# "  credential show LABEL      Show one": the words in lower case.
verbs = re.findall(r'^  ((?:[a-z][a-z-]* )+)', run('help').split('Commands:\n')[1].split('\n\n')[0], re.M)
verbs = [verb.strip() for verb in verbs]
assert len(verbs) > 10, verbs
n_options = 0
for verb in verbs:
    if f'| **tls-handoff {verb}**' not in manual:
        findings.append(f'{manual_path}: no synopsis of {verb}')
    words = verb.split()
    for n in range(len(words)):
        if words[n] not in complete([*words[:n], '']):
            findings.append(f'{completion_path}: {" ".join(words[:n + 1])} is not offered')
    offered = complete([*words, '-'])
    options = re.findall(r'^  (?:-\w, )?(--[\w-]+)', run('help', *words), re.M)
    n_options += len(options)
    for option in options:
        if option not in offered:
            findings.append(f'{completion_path}: {verb} {option} is not offered')
        if option != '--help' and not re.search(r'\*\*' + option + r'\*\*|^(?:-\w .*, |-\w, |--.*, )?' + option + r'\b',
                                                manual, re.M):
            findings.append(f'{manual_path}: {verb} {option} is missing')
    for option in offered:
        if option.startswith('--') and option not in options:
            findings.append(f'{completion_path}: {verb} has no option {option}')
for values, expected in ((['connect', '--trust', ''], 'FILE'), (['credential', 'import', ''], 'FILE'),
                         (['connect', ''], 'HOST'), (['credential', 'generate', '--type', 'ed'], 'ed25519'),
                         (['credential', 'link', '--role', ''], 'server'), (['help', 'session', ''], 'list'),
                         (['probe', '--starttls', 'po'], 'postgres')):
    if expected not in complete(values):
        findings.append(f'{completion_path}: {values}: {expected} is not offered')

for finding in findings:
    print(finding)
print(f'{len(verbs)} verbs, {n_options} options, {len(findings)} findings')
sys.exit(bool(findings))
