#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What a shell offers where somebody completes the command's line: all commands and all options that its help has, and
the values of options. Arguments: bash, fish or zsh, the command, the completion. (Of bash, check-cli-documents.py sees
most.)"""

import json
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

shell, command, completion = sys.argv[1:4]
if not shutil.which(shell):
    print(f'{shell} is not installed')
    sys.exit(77)
directory = tempfile.TemporaryDirectory()
with open(f'{directory.name}/ca.pem', 'w'):
    pass
# What a label says is up to the program that made the credential: none of it is for the shell.
LABELS = ['plain', 'of two words', 'x$(touch ran)', 'x`touch ran`', 'x; touch ran', '"quoted" \\ \'likewise\'', 'señal']
with open(f'{directory.name}/labels.json', 'w') as file:
    json.dump({'credentials': [{'label': label, 'owner': 'alice'} for label in LABELS]}, file, indent=2,
              ensure_ascii=False, separators=(',', ' : '))
# No service: the labels come from here.
os.mkdir(f'{directory.name}/bin')
with open(f'{directory.name}/bin/tls-handoff', 'w') as file:
    file.write(f'''#!/bin/sh
[ "$*" = "credential list --json" ] && exec cat "{directory.name}/labels.json"
exec "{os.path.abspath(command)}" "$@"
''')
os.chmod(f'{directory.name}/bin/tls-handoff', 0o755)
environment = dict(os.environ, LC_ALL='C.UTF-8', LANGUAGE='C', HOME=directory.name, ZDOTDIR=directory.name, TERM='vt100',
                   PATH=f'{directory.name}/bin:{os.environ["PATH"]}',
                   DBUS_SYSTEM_BUS_ADDRESS='unix:path=/proc/nonexistent/bus')

# The line editor's first deed is to complete the line, while all that is offered is written down.
ZSHRC = '''
fpath=($COMPLETION_DIRECTORY $fpath)
# It would ask whether to show so many.
LISTMAX=10000
# What it finds it keeps there, for the next line.
autoload -U compinit && compinit -u
compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then
    builtin compadd "$@"
    return
  fi
  local -a hits
  builtin compadd -A hits "$@"
  print -rl -- $hits >>$OFFERED
  builtin compadd "$@"
}
zle-line-init() {
  BUFFER=$QUERY CURSOR=$#QUERY
  zle list-choices
  exit 0
}
zle -N zle-line-init
'''


def run_zsh(query):
    offered = f'{directory.name}/offered'
    with open(f'{directory.name}/.zshrc', 'w') as file:
        file.write(ZSHRC)
    with open(offered, 'w'):
        pass
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(directory.name)
        os.execvpe('zsh', ['zsh', '-d', '-i'], dict(environment, QUERY=query, OFFERED=offered,
                                                    COMPLETION_DIRECTORY=os.path.dirname(completion)))
    shown = b''
    try:
        while data := os.read(fd, 4096):
            shown += data
    except OSError:
        pass
    os.close(fd)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown.decode()
    # As it is put on the line, where the shell takes the quotes away.
    with open(offered) as file:
        return [''.join(shlex.split(word)) for word in file.read().split('\n')]


def run_fish(query):
    done = subprocess.run(['fish', '--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', completion, query],
                          check=True, text=True, env=environment, cwd=directory.name, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    assert not done.stderr, done.stderr
    return [line.split('\t')[0] for line in done.stdout.split('\n')]


# What bash offers is put on the line as it is: so each word is what the shell makes of it there.
BASH = '''
_init_completion() {
  words=("${COMP_WORDS[@]}") cword=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} split=false
}
. "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_tls_handoff
eval "printf '%s\\n' ${COMPREPLY[*]}"
'''


def run_bash(query):
    done = subprocess.run(['bash', '-c', BASH, 'bash', completion, *query.split(' ')], check=True, text=True,
                          env=environment, cwd=directory.name, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert not done.stderr, done.stderr
    return done.stdout.split('\n')


complete = {'bash': run_bash, 'zsh': run_zsh, 'fish': run_fish}[shell]
findings = []


def expect(line, *words):
    offered = [word.rstrip('=') for word in complete('tls-handoff ' + line)]
    for word in words:
        if word not in offered:
            findings.append(f'“{line}”: {word} is not offered, but {offered}')


def read_help(*words):
    return subprocess.run([command, 'help', *words], check=True, text=True, env=environment,
                          stdout=subprocess.PIPE).stdout


def end():
    if os.path.exists(f'{directory.name}/ran'):
        findings.append('a command in a label was run')
    for finding in findings:
        print(finding)
    print(f'{len(findings)} findings')
    sys.exit(bool(findings))


expect('credential show ', *LABELS)
expect('connect --credential ', *LABELS)
expect('credential remove x', *[label for label in LABELS if label.startswith('x')])
if shell == 'bash':
    end()
verbs = [verb.split() for verb in
         re.findall(r'^  ((?:[a-z][a-z-]* )+)', read_help().split('Commands:\n')[1].split('\n\n')[0], re.M)]
expect('', 'help', *{verb[0] for verb in verbs})
expect('help ', *{verb[0] for verb in verbs})
for group in ('credential', 'session'):
    seconds = [verb[1] for verb in verbs if verb[0] == group]
    expect(f'{group} ', *seconds)
    expect(f'help {group} ', *seconds)
for verb in verbs:
    expect(f'{" ".join(verb)} --', *re.findall(r'^  (?:-\w, )?(--[\w-]+)', read_help(*verb), re.M))
expect('connect --trust ', 'ca.pem')
expect('connect --trust=', 'ca.pem' if shell == 'zsh' else '--trust=ca.pem')
expect('probe --pem=', 'ca.pem' if shell == 'zsh' else '--pem=ca.pem')
expect('credential import --label a ', 'ca.pem')
expect('credential generate --type ed', 'ed25519')
expect('credential link --role ', 'client', 'server')
expect('probe --alpn ', 'h2')
end()
