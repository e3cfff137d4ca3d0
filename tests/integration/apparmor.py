#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The AppArmor profile among the examples: AppArmor's parser takes it, and it allows each file that the service's programs
open, change, start or connect to, from the start of the service on. Whether a kernel's AppArmor enforces it as it is meant,
only a kernel with AppArmor could tell."""

import os
import re
import shutil
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import OWN_RULES, TIMEOUT, Serve, certificate, import_credential, remove_credentials, run, set_rules, wait_until

PROFILE = os.path.join(os.path.dirname(__file__), '../../data/examples/apparmor-tls-handoffd')
PARSER = shutil.which('apparmor_parser', path='/usr/sbin:/sbin')


def parse(*options):
    # Where the kernel has no AppArmor, the parser says so each time, on its standard error.
    done = subprocess.run([PARSER, '--skip-kernel-load', '--skip-cache', *options, PROFILE], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Profile:
    """Its rules about files, those that it includes among them, as (pattern, permissions)."""

    def __init__(self):
        text = parse('--preprocess')
        self.variables = {name: values.split() for name, values in re.findall(r'^(@\{\w+\})\s*=\s*(.*)$', text, re.M)}
        self.rules = [(pattern, permissions)
                      for path, permissions in re.findall(r'^\s*(?:owner\s+)?([/@]\S*)\s+([a-zA-Z]+),', text, re.M)
                      for pattern in self.translate(path)]

    def expand(self, path):
        for name, values in self.variables.items():
            if name in path:
                return [longer for value in values for longer in self.expand(path.replace(name, value))]
        return [re.sub('//+', '/', path)]

    def translate(self, path):
        """AppArmor's globs, as regular expressions."""
        words = {'**': '.*', '*': '[^/]*', '?': '[^/]', '{': '(?:', '}': ')', ',': '|'}
        for plain in self.expand(path):
            yield re.compile(''.join(words.get(word, word if word[0] == '[' else re.escape(word))
                                     for word in re.findall(r'\*\*|\[[^]]*\]|.', plain)))

    def allows(self, path, permission):
        return any(permission in permissions and pattern.fullmatch(path) for pattern, permissions in self.rules)


class Trace:
    """What the service does from its start on: the bus, which starts it, is traced with all that it starts."""

    def __init__(self):
        self.path = os.path.join(os.environ['TMPDIR'], 'trace')

    def __enter__(self):
        bus = subprocess.run(['pgrep', '-x', 'dbus-daemon'], check=True, text=True, stdout=subprocess.PIPE).stdout.strip()
        self.process = subprocess.Popen(['strace', '-f', '-q', '-y', '-s', '4096', '-o', self.path, '-p', bus,
                                         '-e', 'trace=%file,%process,connect'], stderr=subprocess.DEVNULL)
        wait_until(lambda: f'TracerPid:\t{self.process.pid}\n' in self.read(f'/proc/{bus}/status'), 'strace has attached')
        return self

    @staticmethod
    def read(path):
        with open(path, errors='replace') as file:
            return file.read()

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(TIMEOUT)

    def all_calls(self):
        """(process, name, arguments, result, what strace says of that) of those that succeeded."""
        begun = {}
        for line in self.read(self.path).splitlines():
            pid, call = line.split(None, 1)
            if call.endswith('<unfinished ...>'):
                begun[pid] = call.removesuffix('<unfinished ...>')
                continue
            resumed = re.match(r'<\.\.\. \w+ resumed>(.*)', call)
            if resumed:
                call = begun.pop(pid, '') + resumed.group(1)
            done = re.match(r'(\w+)\((.*)\)\s+= (\d+)(.*)', call)
            if not done:
                continue
            yield pid, *done.groups()

    def calls(self):
        """Those of the service's processes."""
        calls = list(self.all_calls())
        parents = {result: pid for pid, name, _, result, _ in calls if re.match(r'v?fork|clone', name)}
        begun = set()

        def is_ours(pid):
            """The call that makes a process may return when that has done something already."""
            return pid in begun or (pid in parents and is_ours(parents[pid]))

        for pid, name, arguments, _, named in calls:
            if name == 'execve' and arguments.startswith('"/usr/libexec/tls-handoffd"'):
                begun.add(pid)
            if is_ours(pid):
                yield name, arguments, named

    def needs(self):
        """(path, permission) of files; of folders, the paths end in a slash, as in AppArmor."""
        for name, arguments, result in self.calls():
            paths = re.findall(r'(?:AT_FDCWD<[^>]*>|\d+<([^>]*)>)?(?:, )?"((?:[^"\\]|\\.)*)"', arguments)
            paths = [os.path.normpath(os.path.join(folder, path)) for folder, path in paths]
            if name in ('open', 'openat'):
                path = re.match(r'<([^>]*)>', result).group(1)
                if 'O_PATH' not in arguments:
                    slash = '/' if 'O_DIRECTORY' in arguments else ''
                    yield path + slash, 'w' if re.search('O_WRONLY|O_RDWR|O_CREAT', arguments) else 'r'
            elif name == 'execve':
                yield paths[0], 'x'
            elif name == 'connect' and paths:
                # /var/run is a link, which AppArmor follows. "@" begins a name that is no file.
                if 'sun_path=@' not in arguments:
                    yield os.path.realpath(paths[0]), 'w'
            elif re.match(r'unlink|rename|mkdir|rmdir|chmod|fchmodat|symlink|link', name):
                for path in paths:
                    yield path + ('/' if re.search('mkdir|rmdir|AT_REMOVEDIR', name + arguments) else ''), 'w'


class TestAppArmor(unittest.TestCase):
    def test_parser(self):
        """Breaks if the profile is none, or names what AppArmor's parser does not know."""
        parse()

    def test_files(self):
        """Breaks if the service opens, changes or starts what the profile does not allow, or if the profile is read
        wrongly, and allows everything."""
        set_rules(OWN_RULES)
        with Trace() as trace:
            self.use_service()
        profile, needs = Profile(), set(trace.needs())
        for path, permission in (('/etc/tls-handoff/tls-handoffd.conf', 'r'), ('/usr/libexec/tls-handoff-importer', 'x'),
                                 ('/run/dbus/system_bus_socket', 'w')):
            self.assertIn((path, permission), needs)
        self.assertTrue(any(path.startswith('/var/lib/tls-handoff/credentials/') and permission == 'w'
                            for path, permission in needs), needs)
        # The bus's child starts the service by a name that the profile is attached to.
        needs.discard(('/usr/libexec/tls-handoffd', 'x'))
        self.assertEqual(sorted(need for need in needs if not profile.allows(*need)), [])
        for path, permissions in (('/etc/shadow', 'rwx'), ('/home/alice/key.pem', 'rwx'), ('/var/lib/other', 'rwx'),
                                  ('/etc/tls-handoff/tls-handoffd.conf', 'wx'), ('/usr/bin/id', 'wx')):
            for permission in permissions:
                self.assertFalse(profile.allows(path, permission), (path, permission))

    def use_service(self):
        import_credential('alice', 'ecdsa')
        for arguments in (('credential', 'generate', '--label', 'made', '--self-signed', '--dns', 'localhost'),
                          ('credential', 'request', 'made', '--subject', 'CN=alice'),
                          ('credential', 'list'), ('credential', 'remove', 'made')):
            done = run('alice', *arguments)
            self.assertEqual(done.returncode, 0, done.stderr)
        with Serve('--credential', 'ecdsa', '--', 'cat') as serve:
            done = run('alice', 'probe', '--trust', certificate('ca.pem'), f'localhost:{serve.port}')
            self.assertEqual(done.returncode, 0, done.stderr)
        done = run('root', 'reload')
        self.assertEqual(done.returncode, 0, done.stderr)

    def tearDown(self):
        remove_credentials()


if __name__ == '__main__':
    if PARSER is None or shutil.which('strace') is None:
        sys.exit(77)
    unittest.main()
