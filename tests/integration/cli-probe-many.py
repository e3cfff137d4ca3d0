#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Several servers are probed at once, and servers are watched."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import TIMEOUT, OpensslServer, as_user, certificate, get_free_port, run

TRUST = ('--trust', certificate('ca.pem'))


class TestMany(unittest.TestCase):
    def test_table(self):
        """Breaks if a server keeps the others from being shown, in the order of the command line, or the status is not
        that of the first with a problem."""
        with OpensslServer('ecdsa') as good, OpensslServer('expired') as expired:
            nobody = f'localhost:{get_free_port()}'
            servers = [good.address, expired.address, nobody, good.address]
            done = run('alice', 'probe', *TRUST, *servers)
            self.assertEqual(done.returncode, 4, done.stderr)
            lines = done.stdout.splitlines()
            self.assertEqual([line.split()[0] for line in lines], ['SERVER', *servers])
            self.assertRegex(lines[1], r' trusted +TLS1\.3 +TLS_\w+ +\d{4}-')
            self.assertIn(' NOT trusted ', lines[2])
            self.assertRegex(lines[3], ' no answer .* Could not connect')
            # The line's first word says it.
            self.assertNotIn(nobody, lines[3].split(maxsplit=1)[1])
            self.assertEqual(done.stderr, 'tls-handoff: 2 of 4 servers have a problem\n')

            done = run('alice', 'probe', '--json', *TRUST, *servers)
            self.assertEqual(done.returncode, 4)
            found = json.loads(done.stdout)['servers']
            self.assertEqual([(one['server'], one['exit-status'], one.get('trusted')) for one in found],
                             [(good.address, 0, True), (expired.address, 4, False), (nobody, 1, None), (good.address, 0, True)])
            self.assertIsNone(found[0]['problem'])
            self.assertIn(nobody, found[2]['problem'])

            # All that is wrong with one is in its line.
            done = run('alice', 'probe', '--server-name', 'wrong.handoff.test', good.address, good.address)
            self.assertRegex(done.stdout.splitlines()[1], 'no trusted authority issued it.*; it is for another name')
            done = run('alice', 'probe', *TRUST, good.address, good.address)
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            done = run('alice', 'probe', '--expires-within', '36500', *TRUST, good.address, good.address)
            self.assertEqual(done.returncode, 6)
            self.assertEqual(done.stdout.count(' ends in '), 2)

    def test_at_once(self):
        """Breaks if a server is probed when another one has answered only: each of these answers when all were asked."""
        with contextlib.ExitStack() as stack:
            listeners = [stack.enter_context(socket.create_server(('127.0.0.1', 0))) for _ in range(4)]
            all_here = threading.Barrier(len(listeners))

            def serve(listener):
                with listener.accept()[0]:
                    all_here.wait(TIMEOUT)

            threads = [threading.Thread(target=serve, args=(listener,)) for listener in listeners]
            for thread in threads:
                thread.start()
            done = run('alice', 'probe', *(f'127.0.0.1:{listener.getsockname()[1]}' for listener in listeners))
            for thread in threads:
                thread.join(TIMEOUT)
            self.assertEqual(done.returncode, 1)
            self.assertFalse(all_here.broken)

    def test_no_process(self):
        """Breaks if processes that cannot be started are waited for."""
        done = subprocess.run(as_user('alice', 'sh', '-c', 'ulimit -n 4; exec tls-handoff probe localhost:1 localhost:2'),
                              text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout.count(' no answer '), 2, done.stdout)

    def test_crowd(self):
        """Breaks if more servers than files that may be open keep the command busy for ever."""
        servers = [f'127.0.0.1:{get_free_port()}'] * 50
        done = subprocess.run(as_user('alice', 'prlimit', '--nofile=96', 'tls-handoff', 'probe', *servers), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout.count(' Could not connect'), 50, done.stdout)

    def test_desktop(self):
        """Breaks if the desktop's GVfs, which reads files with threads of its own, keeps a process from the service."""
        with OpensslServer('ecdsa') as good:
            done = subprocess.run(as_user('alice', 'dbus-run-session', '--', 'tls-handoff', 'probe', *TRUST, good.address,
                                          good.address), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=TIMEOUT)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_usage(self):
        """Breaks if one wrong server is found out after others were asked, or what cannot be shown passes."""
        for arguments, words in ((('localhost:1', 'https://localhost'), 'not a URL'),
                                 (('--pem', 'localhost:1', 'localhost:2'), '--pem'),
                                 (('--watch', '1', '--json', 'localhost:1'), '--watch'),
                                 (('--watch', '0', 'localhost:1'), '--watch'), (('--watch', '1'), 'HOST')):
            done = run('alice', 'probe', *arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(words, done.stderr)


class TestWatch(unittest.TestCase):
    def test_changes(self):
        """Breaks if a change of a certificate is not told, or a line is printed again that says nothing new."""
        server = OpensslServer('ecdsa')
        listener = socket.create_server(('127.0.0.1', 0))
        rounds = threading.Semaphore(0)

        def count_rounds():
            while client := listener.accept()[0]:
                with client:
                    client.recv(1 << 16)
                rounds.release()

        threading.Thread(target=count_rounds, daemon=True).start()
        other = f'127.0.0.1:{listener.getsockname()[1]}'
        watch = subprocess.Popen(as_user('alice', 'tls-handoff', 'probe', '--watch', '1', *TRUST, server.address, other),
                                 text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        timer = threading.Timer(TIMEOUT, watch.kill)
        timer.start()
        self.addCleanup(timer.cancel)

        # When the third round is under way, nothing came of the second.
        for _ in range(3):
            self.assertTrue(rounds.acquire(timeout=TIMEOUT))
        for address, words in ((server.address, 'trusted'), (other, 'no answer')):
            self.assertRegex(watch.stdout.readline(), rf'^\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d  {address} +{words} ')
        server.__exit__()
        self.assertRegex(watch.stdout.readline(), rf'  {server.address} +no answer ')
        with OpensslServer('expired', port=server.port):
            # It may have listened before it could answer, and the other one have ended in the middle of an answer.
            line = watch.stdout.readline()
            while 'no answer' in line:
                line = watch.stdout.readline()
            self.assertRegex(line, rf'  {server.address} +NOT trusted ')
            watch.send_signal(signal.SIGINT)
            self.assertEqual(watch.communicate(timeout=TIMEOUT)[0], '')
            self.assertEqual(watch.returncode, -signal.SIGINT)


if __name__ == '__main__':
    unittest.main()
