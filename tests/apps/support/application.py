# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Unmodified programs as users run them, once with GIO's stock backend and once with the service's. The service's own
numbers say who did the handshakes: GIO falls back without a word, so a program that works says nothing."""

import functools
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import gi

from command import TIMEOUT, as_user, call, configure, read, stop_service, wait_until

PROGRAMS = os.path.join(os.path.dirname(__file__), '../programs')
TMPDIR = os.environ['TMPDIR']
STOCK, OURS = 'gnutls', 'handoff'


def skip(missing):
    print(f'{missing} is not installed, see tests/lib/packages-apps')
    sys.exit(77)


def need(*programs, library=None):
    """Skips the test where one is not installed. library: namespace and version of what the programs use by introspection"""
    for program in programs:
        if not shutil.which(program):
            skip(program)
    if library:
        try:
            gi.require_version(*library)
        except ValueError:
            skip(library[0])


def prepare_service():
    """Has the machine trust the authority "ca", and the service stay and count."""
    with open('/etc/ssl/certs/ca-certificates.crt', 'a') as file:
        file.write('\n' + read('ca.pem'))
    configure('[Timeouts]\nIdleExit=0\n')
    stop_service()  # it has read the old ones


def get_statistics():
    return call('/org/tlshandoff/Handoff1', 'Manager', 'GetStatistics').unpack()[0]


def count_handshakes(user):
    """(completed, failed) of the user's, when none is under way: one that an application has left alone would count for
    the next."""
    wait_until(lambda: get_statistics()['handshakes-in-flight'] == 0, 'no handshake is under way')
    of_user = get_statistics()['users'].get(pwd.getpwnam(user).pw_uid, {})
    return of_user.get('handshakes-completed', 0), of_user.get('handshakes-failed', 0)


def on_both(completed=0, failed=0, user='alice'):
    """Of a test that takes a backend: it is called with both. completed, failed: how many of the user's handshakes the
    service does with ours, a number or a range. With the stock one it does none."""
    expected = [numbers if isinstance(numbers, range) else (numbers,) for numbers in (completed, failed)]

    def decorate(test):
        @functools.wraps(test)
        def wrapper(self):
            for backend in (STOCK, OURS):
                with self.subTest(backend=backend):
                    before = count_handshakes(user)
                    test(self, backend)
                    check_handshakes(self, user, before, expected if backend == OURS else [(0,), (0,)])
        return wrapper
    return decorate


def check_handshakes(test, user, before, expected):
    """One that the application has left alone is counted a little later."""
    deadline = time.monotonic() + TIMEOUT / 3
    while True:
        new = [now - then for now, then in zip(count_handshakes(user), before)]
        if all(number in allowed for number, allowed in zip(new, expected)):
            return
        if time.monotonic() > deadline or any(number > max(allowed) for number, allowed in zip(new, expected)):
            test.fail(f'{new} handshakes of the service, completed and failed, instead of {expected}')


def get_environment(backend, user='alice', **variables):
    """With a home that nobody has used: a browser keeps pages there."""
    home = tempfile.mkdtemp(dir=TMPDIR)
    os.chown(home, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    environment = dict(os.environ, GIO_USE_TLS=backend, HOME=home, TMPDIR=home, XDG_RUNTIME_DIR=home,
                       GSETTINGS_BACKEND='memory', GTK_A11Y='none', NO_AT_BRIDGE='1', G_DEBUG='fatal-criticals')
    # Of the build: what is installed here is used instead, and WebKit's sandbox cannot open a directory that may be closed
    # to the user.
    environment.pop('LD_LIBRARY_PATH', None)
    environment.update(variables)
    return environment


def copy_for_users(path, mode=0o644):
    """The tree may be closed to them. Returns where the copy is."""
    copy = os.path.join(TMPDIR, os.path.basename(path))
    if not os.path.exists(copy):
        shutil.copy(path, copy)
        os.chmod(copy, mode)
    return copy


def get_program(name):
    return copy_for_users(os.path.join(PROGRAMS, name), 0o755)


class Application:
    """A program of alice's that goes on while the test does, and says in lines what happens. It ends with all that it has
    started."""

    def __init__(self, backend, *argv, user='alice', timeout=TIMEOUT, **variables):
        # The shell waits for those whose parents have gone.
        self.process = subprocess.Popen(['unshare', '--pid', '--mount-proc', '--fork', '--kill-child', 'sh', '-c',
                                         '"$@"; exit', 'sh', *as_user(user, *argv)], text=True,
                                        env=get_environment(backend, user, **variables),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.timer = threading.Timer(timeout, self.process.kill)
        self.timer.start()

    def read_line(self, start=''):
        """The rest of the next line with this start; what the program has started may write lines too. '' when all have
        ended."""
        for line in self.process.stdout:
            if line.startswith(start):
                return line.removeprefix(start).rstrip('\n')
        return ''

    def write_line(self):
        """For a program that waits for its turn."""
        self.process.stdin.write('\n')
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.timer.cancel()
        self.process.kill()
        self.process.communicate(timeout=TIMEOUT)


class ApplicationTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        prepare_service()

    def run_program(self, backend, *argv, **variables):
        """What a program of alice's prints, as text."""
        done = subprocess.run(as_user('alice', *argv), env=get_environment(backend, **variables), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=3 * TIMEOUT)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def ask(self, backend, name, *arguments):
        """What one of the programs beside the tests prints, as JSON."""
        return json.loads(self.run_program(backend, get_program(name), *map(str, arguments)))
