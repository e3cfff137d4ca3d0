#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What a shell offers where somebody completes the command's line: all commands and all options that its help has, and
the values of options. Arguments: fish or zsh, the command, the completion."""

import os
import pty
import re
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
# No service: there are no labels to offer.
environment = dict(os.environ, LC_ALL='C.UTF-8', LANGUAGE='C', HOME=directory.name, ZDOTDIR=directory.name, TERM='vt100',
                   PATH=f'{os.path.dirname(os.path.abspath(command))}:{os.environ["PATH"]}',
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
    with open(offered) as file:
        return file.read().split('\n')


def run_fish(query):
    done = subprocess.run(['fish', '--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', completion, query],
                          check=True, text=True, env=environment, cwd=directory.name, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    assert not done.stderr, done.stderr
    return [line.split('\t')[0] for line in done.stdout.split('\n')]


complete = {'zsh': run_zsh, 'fish': run_fish}[shell]
findings = []


def expect(line, *words):
    offered = [word.rstrip('=') for word in complete('tls-handoff ' + line)]
    for word in words:
        if word not in offered:
            findings.append(f'“{line}”: {word} is not offered, but {offered}')


def read_help(*words):
    return subprocess.run([command, 'help', *words], check=True, text=True, env=environment,
                          stdout=subprocess.PIPE).stdout


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

for finding in findings:
    print(finding)
print(f'{len(verbs)} verbs, {len(findings)} findings')
sys.exit(bool(findings))
