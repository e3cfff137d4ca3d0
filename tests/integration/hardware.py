#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Keys in PKCS#11 tokens (SoftHSM's), through the installed service: what works, and what is said when the token is
locked, away, slow or broken. The module that injects the faults is described in tests/README.md."""

import concurrent.futures
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import unittest

from gi.repository import GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from caller import SESSION, Caller, Failure
from command import (OWN_RULES, TIMEOUT, Serve, call, certificate, configure, get_free_port, get_service_pid,
                     import_credential, install_tokens, remove_credentials, run, set_rules, stop_service, wait_for_port,
                     wait_until)
from programs import let_die

TOKEN = 'Handoff test'
OTHER = 'Other token'
PIN = '4321'
STATE = '/run/handoff-test/tokens'
TRUST = ('--trust', certificate('ca.pem'))


def uri(key, token=TOKEN):
    return f'pkcs11:token={token.replace(" ", "%20")};object={key}'


def read_certificate(name):
    """DER"""
    with open(certificate(name)) as file:
        return ssl.PEM_cert_to_DER_cert(file.read())


def control(name, text=''):
    """Has the module do wrong. To be removed by release()."""
    with open(os.path.join(STATE, name), 'w') as file:
        file.write(text)


def let_write(paths):
    """What SoftHSM's module may write, and read, from now on."""
    configure(f'[Module {STATE}/module.so]\nWriteFiles={paths}\n')
    stop_service()


def release(name):
    try:
        os.unlink(os.path.join(STATE, name))
    except FileNotFoundError:
        pass


def wait_for_control(name):
    wait_until(lambda: os.path.exists(os.path.join(STATE, name)), name)


def count_handshakes():
    return call('/org/tlshandoff/Handoff1', 'Manager', 'GetStatistics').unpack()[0]['handshakes-in-flight']


def start_openssl_server(test, *options):
    """Its port."""
    port = get_free_port()
    server = subprocess.Popen(['openssl', 's_server', '-accept', str(port), '-cert', certificate('ecdsa.pem'), '-key',
                               certificate('ecdsa.key'), '-www', *options], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    test.addCleanup(server.wait)
    test.addCleanup(server.kill)
    wait_for_port(port)
    return port


def get_logins():
    """What became of each login since the last call: ["ok", "wrong"]."""
    path = os.path.join(STATE, 'logins')
    try:
        with open(path) as file:
            text = file.read()
    except FileNotFoundError:
        return []
    os.unlink(path)
    return text.split()


def list_objects():
    """All that is in the tokens, private objects included."""
    environment = dict(os.environ, SOFTHSM2_CONF=f'{STATE}/softhsm2.conf', GNUTLS_PIN=PIN)
    lines = []
    for token in (TOKEN, OTHER):
        lines += subprocess.run(['p11tool', '--provider', '/usr/lib/softhsm/libsofthsm2.so', '--batch', '--login',
                                 '--list-all', f'pkcs11:token={token.replace(" ", "%20")}'], env=environment, text=True,
                                check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout.splitlines()
    return sorted(line for line in lines if 'URL:' in line or 'Type:' in line)


class TestHardware(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        set_rules(OWN_RULES)
        install_tokens(STATE, TOKEN, OTHER)
        cls.objects = list_objects()

    def tearDown(self):
        for name in ('block', 'blocked', 'absent', 'final-try', 'fail-once', 'wrong-signature', 'crash', 'scribble',
                     'crash-login', 'pins'):
            release(name)
        remove_credentials()
        stop_service()
        get_logins()
        # Whatever happens here, the keys stay in their tokens.
        self.assertEqual(list_objects(), self.objects)

    def write_pin_file(self):
        path = os.path.join(STATE, 'pins')
        with open(path, 'w') as file:
            file.write(f'[{TOKEN}]\nPin={PIN}\n')
        os.chmod(path, 0o600)
        shutil.chown(path, 'tls-handoff')

    def link(self, key, token=TOKEN, pin=PIN, user='alice', label=None):
        options = ('--pin-file', '-') if pin else ('--no-pin',)
        return run(user, 'credential', 'link', '--label', label or key, *options, uri(key, token), stdin=pin or '')

    def linked(self, *arguments, **options):
        done = self.link(*arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ''))

    def fetch(self, serve, *options, user='bob'):
        """What "serve -- echo in" gives a client."""
        return run(user, 'connect', '--ignore-eof', '--no-resumption', *TRUST, *options, f'localhost:{serve.port}')

    def assert_served(self, serve, *options):
        done = self.fetch(serve, *options)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, 'in\n', ''))

    def assert_refused(self, serve, *told, **options):
        """The client gets an alert, and the server's user is told why."""
        done = self.fetch(serve, **options)
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn('alert', done.stderr)
        line = serve.said(told[0])
        for text in told:
            self.assertIn(text, line)

    def test_server(self):
        """Breaks if a server cannot use a key in a token, in one of the protocol versions, or asks for that PIN
        again."""
        for key in ('server-rsa', 'server-ecdsa', 'server-ed25519', 'server-bare'):
            self.linked(key)
            with Serve('--credential', key, '--', 'echo', 'in') as serve:
                self.assert_served(serve)
                self.assert_served(serve, '--tls12')
        self.assertEqual(get_logins(), ['ok'])
        shown = json.loads(run('alice', 'credential', 'show', '--json', 'server-rsa').stdout)
        self.assertEqual((shown['storage'], shown['key-algorithm'], len(shown['certificates'])), ('token', 'rsa-2048', 1))
        self.assertIn('token=Handoff%20test', shown['token'])
        self.assertEqual(run('alice', 'credential', 'remove', 'server-rsa').returncode, 0)
        self.assertEqual(list_objects(), self.objects)

    def test_client(self):
        """Breaks if a client cannot use a key in a token, in one of the protocol versions."""
        port = start_openssl_server(self, '-Verify', '1', '-verify_return_error', '-CAfile',
                                    certificate('client-ca.pem'))
        for key in ('client-rsa', 'client-ecdsa'):
            self.linked(key)
            for options in ((), ('--tls12',)):
                done = run('alice', 'connect', '--ignore-eof', *TRUST, '--credential', key, *options,
                           f'localhost:{port}', stdin='GET / HTTP/1.0\r\n\r\n')
                self.assertIn(f'Subject: CN={key}', done.stdout, done.stderr)

    def provide(self, caller, port, protocol, key, while_waiting=None):
        """ProvideCredential(), in a handshake with a server that asks. while_waiting: what to do before the reply"""
        with socket.create_connection(('127.0.0.1', port)) as end:
            options = {'ask-for-credential': GLib.Variant('b', True), 'maximum-protocol': GLib.Variant('s', protocol),
                       'trust-anchors': GLib.Variant('aay', [read_certificate('ca.pem')])}
            state, path, _ = caller.start_handshake(end, options=options).wait().unpack()
            self.assertEqual(state, 'certificate-request')
            pending = caller.start(path, SESSION, 'ProvideCredential',
                                   GLib.Variant('(a{sv})', ({'credential': GLib.Variant('s', key)},)))
            if while_waiting is not None:
                while_waiting()
            return path, pending

    def test_chosen(self):
        """Breaks if a handshake that has waited for its caller's choice cannot wait for the token then, if a locked
        token is not told of, or if something is left of the handshake."""
        port = start_openssl_server(self, '-Verify', '1', '-verify_return_error', '-CAfile',
                                    certificate('client-ca.pem'))
        caller = Caller('alice')
        self.addCleanup(caller.close)
        self.linked('client-ecdsa')
        for protocol in ('TLS1.2', 'TLS1.3'):
            _, pending = self.provide(caller, port, protocol, 'client-ecdsa')
            state, _, details = pending.wait().unpack()
            self.assertEqual((state, details['credential']), ('complete', 'client-ecdsa'))

        control('block', TOKEN)
        path, pending = self.provide(caller, port, 'TLS1.3', 'client-ecdsa', lambda: wait_for_control('blocked'))
        caller.call(path, SESSION, 'Close')
        with self.assertRaises(Failure) as caught:
            pending.wait()
        self.assertTrue(caught.exception.is_ours('Cancelled'), caught.exception)
        release('block')
        wait_until(lambda: count_handshakes() == 0, 'no handshake is left')

        # Without the PIN.
        stop_service()
        path, pending = self.provide(caller, port, 'TLS1.3', 'client-ecdsa')
        with self.assertRaises(Failure) as caught:
            pending.wait()
        self.assertTrue(caught.exception.is_ours('CredentialLocked'), caught.exception)
        self.assertIn(TOKEN, caught.exception.message)
        with self.assertRaises(Failure) as caught:
            caller.call(path, SESSION, 'ProvideCredential', GLib.Variant('(a{sv})', ({},)))
        self.assertEqual(caught.exception.name, 'org.freedesktop.DBus.Error.UnknownObject')

    def test_wrong_pin(self):
        """Breaks if the token is given a wrong PIN twice, or a wrong PIN is accepted, or the error does not name the
        token."""
        for _ in range(2):
            done = self.link('server-rsa', pin='1111')
            self.assertEqual(done.returncode, 1)
            self.assertIn(TOKEN, done.stderr)
            # There is no credential yet that could be unlocked.
            self.assertNotIn('unlock', done.stderr)
        self.assertEqual(get_logins(), ['wrong'])
        self.assertEqual(run('alice', 'credential', 'list').stdout, '')
        self.linked('server-rsa')

    def test_locked(self):
        """Breaks if a PIN outlives the service, a locked token is not told from a missing one, or cannot be unlocked."""
        self.linked('server-rsa')
        stop_service()
        listed = run('alice', 'credential', 'list').stdout
        self.assertIn('PIN is not known', listed)
        self.assertIn('PIN is not known', run('alice', 'status').stdout)
        with Serve('--credential', 'server-rsa', '--', 'echo', 'in') as serve:
            self.assert_refused(serve, TOKEN, 'PIN')
            for pin, status in (('1111', 1), (PIN, 0)):
                done = run('alice', 'credential', 'unlock', '--pin-file', '-', 'server-rsa', stdin=pin)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn('' if status == 0 else TOKEN, done.stderr)
            self.assert_served(serve)
        self.assertNotIn('PIN is not known', run('alice', 'credential', 'list').stdout)

    def test_pin_file(self):
        """Breaks if the administrator's PIN file is not used, or if everybody can make credentials with it."""
        self.write_pin_file()
        self.assertEqual(self.link('server-rsa', pin=None).returncode, 3)
        self.linked('server-rsa', pin=None, user='root')
        stop_service()
        with Serve('--credential', 'server-rsa', '--', 'echo', 'in', user='root') as serve:
            self.assert_served(serve)

    def test_missing(self):
        """Breaks if a token or a key that is not there is not named, or is taken for a locked one."""
        for key, token in (('server-rsa', 'No such token'), ('no-such-key', TOKEN)):
            done = self.link(key, token)
            self.assertEqual(done.returncode, 1)
            self.assertIn(token, done.stderr)
            self.assertNotIn('unlock', done.stderr)

    def test_pulled(self):
        """Breaks if a token that was pulled between handshakes is not named, or does not work when it is back."""
        self.linked('server-ecdsa')
        with Serve('--credential', 'server-ecdsa', '--', 'echo', 'in') as serve:
            self.assert_served(serve)
            control('absent')
            self.assert_refused(serve, TOKEN)
            release('absent')
            self.assert_served(serve)

    def test_faults(self):
        """Breaks if the service does not try again after a transient error of the token, or if a wrong signature costs
        more than that handshake, which ends with an alert."""
        self.linked('server-rsa')
        with Serve('--credential', 'server-rsa', '--', 'echo', 'in') as serve:
            control('fail-once')
            self.assert_served(serve)
            self.assertFalse(os.path.exists(os.path.join(STATE, 'fail-once')))
            control('wrong-signature')
            # Each side knows what the other one made of it.
            for options in ((), ('--tls12',)):
                done = self.fetch(serve, *options)
                self.assertEqual((done.returncode, done.stdout), (1, ''))
                self.assertIn('Alert sent: decrypt_error', done.stderr)
                self.assertIn('alert decrypt_error', serve.said(': '))
            release('wrong-signature')
            self.assert_served(serve)

    def test_final_try(self):
        """Breaks if the service uses up by itself the last try that a person has."""
        self.linked('server-rsa')
        stop_service()
        control('final-try')
        get_logins()
        with Serve('--credential', 'server-rsa', '--', 'echo', 'in') as serve:
            self.assert_refused(serve, TOKEN)
        self.assertEqual(get_logins(), [])
        self.assertEqual(run('alice', 'credential', 'unlock', '--pin-file', '-', 'server-rsa', stdin=PIN).returncode, 0)

    def test_slow_token(self):
        """Breaks if a slow token delays another token, another key, another user or the service's end; or if a caller
        that waits for it cannot leave."""
        self.linked('server-rsa')
        self.linked('server-rsa', OTHER, label='other')
        import_credential('alice', 'ecdsa')
        with Serve('--credential', 'server-rsa', '--', 'echo', 'in') as slow, \
                Serve('--credential', 'other', '--', 'echo', 'in') as other, \
                Serve('--credential', 'ecdsa', '--', 'echo', 'in') as quick:
            control('block', TOKEN)
            pool = concurrent.futures.ThreadPoolExecutor(24)
            self.addCleanup(pool.shutdown)
            waiting = [pool.submit(self.assert_served, slow) for _ in range(3)]
            wait_for_control('blocked')
            # Many more than there are worker threads; at once, since "serve" gives a client 15 seconds.
            for done in [pool.submit(self.assert_served, serve) for serve in (quick, other) for _ in range(8)]:
                done.result(TIMEOUT)
            # A client that leaves.
            with socket.create_connection(('localhost', slow.port)) as plain:
                plain.sendall(b'\x16\x03\x01')
            slow.said('closed')
            self.assertIn('alice', run('root', 'session', 'list', '--all').stdout)
            release('block')
            for done in waiting:
                done.result(TIMEOUT)
            self.assert_served(slow)

            # The service's end does not wait for it either.
            control('block', TOKEN)
            ended = pool.submit(self.fetch, slow)
            wait_for_control('blocked')
            pid = get_service_pid()
            stop_service()
            wait_until(lambda: not os.path.exists(f'/proc/{pid}'), 'the service is gone')
            self.assertTrue(os.path.exists(os.path.join(STATE, 'block')))
            self.assertNotEqual(ended.result(TIMEOUT).returncode, 0)

    def test_crash(self):
        """Breaks if who waits for a module that crashes or writes over its memory is not told at once, if the next one
        cannot use the token, if somebody else's handshakes or another module's tokens notice, or if a PIN that somebody
        gave counts as known then."""
        let_die()
        self.linked('server-rsa')
        import_credential('alice', 'ecdsa')
        pid = get_service_pid()
        with Serve('--credential', 'server-rsa', '--', 'echo', 'in') as serve, \
                Serve('--credential', 'ecdsa', '--', 'echo', 'in') as other:
            for fault in ('crash', 'scribble'):
                self.assert_served(serve)
                control(fault)
                self.assert_refused(serve, 'tls-handoff-token')
                self.assert_served(other)
                self.assertIn('PIN is not known', run('alice', 'credential', 'list').stdout)
                self.assert_refused(serve, TOKEN, 'wants its PIN')
                done = run('alice', 'credential', 'unlock', '--pin-file', '-', 'server-rsa', stdin=PIN)
                self.assertEqual((done.returncode, done.stderr), (0, ''))
            # With the PIN file, the next use needs nobody.
            self.write_pin_file()
            control('crash')
            self.assert_refused(serve, 'tls-handoff-token')
            self.assert_served(serve)
        self.assertEqual(get_service_pid(), pid)

    def test_crash_login(self):
        """Breaks if a PIN that the token had been told when its module crashed is tried again, by the same service or
        by the next one."""
        let_die()
        self.linked('server-rsa')
        stop_service()
        get_logins()
        self.write_pin_file()
        with Serve('--credential', 'server-rsa', '--', 'echo', 'in') as serve:
            control('crash-login')
            self.assert_refused(serve, 'tls-handoff-token')
            self.assert_refused(serve, TOKEN, 'not tried again')
        stop_service()
        with Serve('--credential', 'server-rsa', '--', 'echo', 'in') as serve:
            self.assert_refused(serve, TOKEN, 'not tried again')
        self.assertEqual(get_logins(), ['ok'])

    def test_locked_up(self):
        """Breaks if a module gets at what its group in the configuration does not give it: here, at SoftHSM's files."""
        self.linked('server-rsa')
        self.addCleanup(let_write, STATE)
        let_write('')
        stop_service()
        self.write_pin_file()
        with Serve('--credential', 'server-rsa', '--', 'echo', 'in') as serve:
            self.assert_refused(serve, TOKEN, 'is not there')
        self.assertEqual(run('root', 'status').returncode, 0)

    def test_leave_slow_token(self):
        """Breaks if a caller that waits for a token keeps a place in the service after it left, waits longer than it
        wanted to, or spoils the token for others by leaving."""
        port = start_openssl_server(self, '-Verify', '1')
        self.linked('server-rsa')
        self.linked('client-rsa')
        pool = concurrent.futures.ThreadPoolExecutor()
        self.addCleanup(pool.shutdown)
        with Serve('--credential', 'server-rsa', '--', 'echo', 'in') as slow:
            self.assert_served(slow)
            control('block', TOKEN)
            left = pool.submit(self.fetch, slow)
            wait_for_control('blocked')
            # Those before it are counted a moment longer than their callers wait.
            wait_until(lambda: count_handshakes() == 2, 'the client and the server have begun')
            slow.process.kill()
            self.assertEqual(left.result(TIMEOUT).returncode, 1)
        wait_until(lambda: count_handshakes() == 0, 'the handshake has ended')
        done = run('alice', 'connect', '--timeout', '1', *TRUST, '--credential', 'client-rsa', f'localhost:{port}')
        self.assertEqual(done.returncode, 1)
        self.assertIn('within 1 s', done.stderr)
        wait_until(lambda: count_handshakes() == 0, 'the handshake has ended')
        # All of this happened before the token answered.
        self.assertTrue(os.path.exists(os.path.join(STATE, 'blocked')))
        release('block')
        with Serve('--credential', 'server-rsa', '--', 'echo', 'in') as serve:
            self.assert_served(serve)

    def test_another_token(self):
        """Breaks if a token with another key under the same names is taken for the one that was linked."""
        self.linked('server-rsa')
        stop_service()
        environment = dict(os.environ, SOFTHSM2_CONF=f'{STATE}/softhsm2.conf', GNUTLS_PIN=PIN)
        tool = ['p11tool', '--provider', '/usr/lib/softhsm/libsofthsm2.so', '--batch', '--login']
        shutil.copytree(f'{STATE}/tokens', f'{STATE}/saved')
        try:
            for kind in ('private', 'public', 'cert'):
                subprocess.run([*tool, '--delete', f'{uri("server-rsa")};type={kind}'], env=environment, check=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            subprocess.run([*tool, '--write', '--label', 'server-rsa', '--id', '01', '--mark-private', '--load-privkey',
                            certificate('rsa.key'), f'pkcs11:token={TOKEN.replace(" ", "%20")}'], env=environment,
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            subprocess.run(['chown', '-R', 'tls-handoff:', STATE], check=True)
            done = run('alice', 'credential', 'unlock', '--pin-file', '-', 'server-rsa', stdin=PIN)
            self.assertEqual(done.returncode, 1)
            self.assertIn('another key', done.stderr)
            # Nor does that key sign for the credential, whether a user or the PIN file gives the PIN.
            self.assertIn('PIN is not known', run('alice', 'credential', 'list').stdout)
            with Serve('--credential', 'server-rsa', '--', 'echo', 'in') as serve:
                self.assert_refused(serve, TOKEN, 'wants its PIN')
                self.write_pin_file()
                self.assert_refused(serve, TOKEN, 'another key')
        finally:
            stop_service()
            shutil.rmtree(f'{STATE}/tokens')
            os.rename(f'{STATE}/saved', f'{STATE}/tokens')
            subprocess.run(['chown', '-R', 'tls-handoff:', STATE], check=True)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
