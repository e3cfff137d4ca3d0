#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Programs that have the system bus through a filtering proxy, as those of Flatpak have it."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import OWN_RULES, Serve, TIMEOUT, as_user, certificate, import_credential, run, set_rules

NAME = 'org.tlshandoff.Handoff1'


class Proxy:
    """What Flatpak starts beside a program; --system-talk-name=NAME is its --talk=NAME."""

    def __init__(self, *policy):
        self.directory = tempfile.mkdtemp()
        os.chmod(self.directory, 0o777)
        address = os.path.join(self.directory, 'bus')
        ready, said = os.pipe()
        self.process = subprocess.Popen(
            as_user('alice', 'xdg-dbus-proxy', f'--fd={said}', os.environ['DBUS_SYSTEM_BUS_ADDRESS'], address, '--filter',
                    *policy),
            pass_fds=[said])
        os.close(said)
        # It writes a byte when it listens; if it ends before, there is none.
        assert os.read(ready, 1), 'the proxy did not start'
        self.ready = ready
        self.environment = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=f'unix:path={address}')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # That it ends with the other end of its descriptor is the protocol, too.
        os.close(self.ready)
        self.process.kill()
        self.process.wait(TIMEOUT)


class TestFlatpak(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        set_rules(OWN_RULES)
        import_credential('alice', 'ecdsa')
        cls.server = Serve('--credential', 'ecdsa', '--', 'cat')

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def test_connections(self):
        """Breaks if the service wants of its callers what a proxy does not let through: descriptors, replies to its
        pings, or a connection that is the process's own."""
        with Proxy(f'--talk={NAME}') as proxy:
            for channel in '1', '0':
                # More than the service does before it asks whether its replies are read.
                for turn in range(12):
                    with self.subTest(channel=channel, turn=turn):
                        done = run('alice', 'connect', '--trust', certificate('ca.pem'), f'localhost:{self.server.port}',
                                   stdin='through the proxy',
                                   environment=dict(proxy.environment, TLS_HANDOFF_CHANNEL=channel))
                        self.assertEqual((done.returncode, done.stdout), (0, 'through the proxy'), done.stderr)

    def test_credentials(self):
        with Proxy(f'--talk={NAME}') as proxy:
            for verb in ['generate', '--label', 'sandboxed', '--type', 'ed25519'], ['remove', 'sandboxed']:
                done = run('alice', 'credential', *verb, environment=proxy.environment)
                self.assertEqual(done.returncode, 0, done.stderr)
            done = run('alice', 'credential', 'list', '--json', environment=proxy.environment)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn('ecdsa', str(json.loads(done.stdout)))

    def test_no_permission(self):
        """Breaks if a program without the permission is not told at once that there is no service for it."""
        with Proxy() as proxy:
            done = run('alice', 'connect', '--trust', certificate('ca.pem'), f'localhost:{self.server.port}',
                       environment=proxy.environment)
            self.assertNotEqual(done.returncode, 0)
            self.assertEqual(done.stdout, '')
            self.assertIn('service', done.stderr)


unittest.main()
