#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The command as a TLS front for programs and for servers without TLS, with clients of OpenSSL in this process."""

import functools
import hashlib
import itertools
import os
import resource
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
import command
from command import (OWN_RULES, TIMEOUT, as_user, certificate, import_credential, remove_credentials, run, set_rules,
                     wait_until)
from programs import read_descriptors

# As people start it.
Serve = functools.partial(command.Serve, check=True)
# Several of the largest records, and more than a pipe holds.
MUCH = os.urandom(1 << 20)


def secure(plain, name='localhost', alpn=(), own=None, version=None):
    """A connected client, after its handshake."""
    context = ssl.create_default_context(cafile=certificate('ca.pem'))
    if alpn:
        context.set_alpn_protocols(alpn)
    if own:
        context.load_cert_chain(certificate(own + '.pem'), certificate(own + '.key'))
    if version:
        context.maximum_version = version
    try:
        return context.wrap_socket(plain, server_hostname=name, suppress_ragged_eofs=False)
    except Exception:
        plain.close()
        raise


def connect_to(serve, *arguments, **options):
    return secure(socket.create_connection(('127.0.0.1', serve.port), timeout=TIMEOUT), *arguments, **options)


def count_clients(serve):
    """Of each thread, those that say nothing: its epoll descriptor watches them, and two descriptors of its own."""
    directory = f'/proc/{serve.process.pid}'
    pollers = [number for number, target in read_descriptors(serve.process.pid).items() if 'eventpoll' in target]
    counts = []
    for number in pollers:
        with open(f'{directory}/fdinfo/{number}') as file:
            counts.append(file.read().count('tfd:') - 2)
    return counts


def wait_for_clients(serve, total):
    """Until all threads run, and have so many."""
    n_threads = min(4, len(os.sched_getaffinity(0)))

    def are_there():
        counts = count_clients(serve)
        return len(counts) == n_threads and sum(counts) >= total

    wait_until(are_there, f'{n_threads} threads have {total} clients')


def receive_all(client):
    """To the close_notify of the server; without one, OpenSSL makes an error of it."""
    data = b''
    while more := client.recv(65536):
        data += more
    return data


def exchange(client, data):
    """Sends and receives at once, to the close_notify of the server. (OpenSSL's connections are not for threads.)"""
    received = b''
    client.setblocking(False)
    while True:
        select.select([client], [client] if data else [], [], TIMEOUT)
        try:
            if data:
                data = data[client.send(data[:16384]):]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        try:
            while more := client.recv(65536):
                received += more
            client.settimeout(TIMEOUT)
            return received
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass


class TestServe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        set_rules(OWN_RULES)
        for name in ('ecdsa', 'rsa'):
            import_credential('alice', name)

    @classmethod
    def tearDownClass(cls):
        remove_credentials()

    def test_environment(self):
        """Breaks if the program is not told who connects and how, or is told what its parent was."""
        os.environ['TLS_HANDOFF_CLIENT_SHA256'] = 'of another'
        variables = {}
        with Serve('--credential', 'ecdsa', '--alpn', 'h2', '--alpn', 'http/1.1', '--client-ca',
                   certificate('client-ca.pem'), '--', 'env', '-0') as serve:
            for own in (None, 'client'):
                with connect_to(serve, 'www.handoff.test', ['http/1.1', 'h2'], own) as client:
                    variables = dict(v.split('=', 1) for v in receive_all(client).decode().split('\0') if v)
                    self.assertEqual(variables['TLS_HANDOFF_PEER'].rsplit(':', 1)[1], str(client.getsockname()[1]))
                self.assertEqual(variables['TLS_HANDOFF_PROTOCOL'], 'TLS1.3')
                self.assertEqual(variables['TLS_HANDOFF_SERVER_NAME'], 'www.handoff.test')
                self.assertEqual(variables['TLS_HANDOFF_APPLICATION_PROTOCOL'], 'h2')
                self.assertEqual(variables['TLS_HANDOFF_CREDENTIAL'], 'ecdsa')
                if own is None:
                    self.assertNotIn('TLS_HANDOFF_CLIENT_SHA256', variables)
                    self.assertNotIn('TLS_HANDOFF_CLIENT_CERTIFICATE', variables)
        with open(certificate('client.pem')) as file:
            pem = file.read()
        self.assertEqual(variables['TLS_HANDOFF_CLIENT_CERTIFICATE'].split(), pem.split())
        self.assertEqual(variables['TLS_HANDOFF_CLIENT_SHA256'],
                         hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest())

    def test_data(self):
        """Breaks if data is lost or changed on its way, in either protocol version, or an end is not passed on."""
        with Serve('--credential', 'rsa', '--', 'head', '-c', str(len(MUCH))) as serve:
            for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
                with connect_to(serve, version=version) as client:
                    self.assertEqual(exchange(client, MUCH), MUCH)
                    client.unwrap()
            serve.process.send_signal(signal.SIGTERM)
            self.assertEqual(serve.end(), (0, ''))

    def test_half_close(self):
        """Breaks if a program does not see the end of its input, or its answer to that is lost."""
        with Serve('--credential', 'rsa', '--', 'sha256sum') as serve:
            connect = as_user('bob', 'tls-handoff', 'connect', '--trust', certificate('ca.pem'),
                              f'localhost:{serve.port}')
            done = subprocess.run(connect, input=MUCH, stdout=subprocess.PIPE, timeout=TIMEOUT)
            self.assertEqual((done.returncode, done.stdout.split()[0].decode()),
                             (0, hashlib.sha256(MUCH).hexdigest()))

    def test_program_wants_no_more(self):
        """Breaks if what a program says is lost because it does not read what the client sends."""
        with Serve('--credential', 'rsa', '--once', '--', 'sh', '-c', 'exec <&-; echo answer') as serve:
            with connect_to(serve) as client:
                self.assertEqual(receive_all(client), b'answer\n')
                client.sendall(MUCH)
                client.unwrap()
            self.assertEqual(serve.end(), (0, ''))

    def test_client_breaks_off(self):
        """Breaks if a truncated connection looks complete: no signal to the program, no word, status 0."""
        with Serve('--credential', 'rsa', '--once', '--', 'sh', '-c',
                   'trap "echo hung up >&2; exit 0" HUP; echo ready; while read -r line; do :; done; '
                   'while :; do read -r line <&2; done') as serve:
            client = connect_to(serve)
            self.assertEqual(client.recv(6), b'ready\n')
            client.send(b'half of it\n')
            socket.socket(fileno=client.detach()).close()
            status, errors = serve.end()
            self.assertEqual(status, 1)
            self.assertIn('127.0.0.1', errors)
            self.assertIn('close_notify', errors)
            self.assertIn('hung up', errors)

    def test_client_leaves(self):
        """Breaks if a client that has read everything, close_notify included, and then closes TCP is taken, even once,
        for a client that broke off; or if a client is not taken for one that did: the program still reads, or the
        client did not read to the end."""
        for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
            for _ in range(10):
                with Serve('--credential', 'rsa', '--once', '--', 'sh', '-c', 'read -r line; echo answer') as serve:
                    with connect_to(serve, version=version) as client:
                        client.sendall(b'request\n')
                        self.assertEqual(receive_all(client), b'answer\n')
                    self.assertEqual(serve.end(), (0, ''))
        with Serve('--credential', 'rsa', '--once', '--', 'sh', '-c', 'echo answer; exec cat >/dev/null') as serve:
            with connect_to(serve) as client:
                self.assertEqual(receive_all(client), b'answer\n')
            status, errors = serve.end()
            self.assertEqual(status, 1)
            self.assertIn('close_notify', errors)
        with Serve('--credential', 'rsa', '--once', '--', 'head', '-c', '20000000', '/dev/zero') as serve:
            with connect_to(serve) as client:
                self.assertTrue(client.recv(1))
            self.assertEqual(serve.end()[0], 1)

    def test_client_leaves_server(self):
        """Breaks if the command says that a client broke off which has read everything from the server behind."""
        behind = socket.create_server(('127.0.0.1', 0))

        def answer():
            with behind.accept()[0] as connection:
                connection.recv(100)
                connection.sendall(b'answer')

        server = threading.Thread(target=answer)
        server.start()
        with Serve('--credential', 'rsa', '--once', '--forward', f'127.0.0.1:{behind.getsockname()[1]}') as serve:
            with connect_to(serve) as client:
                client.sendall(b'request')
                self.assertEqual(receive_all(client), b'answer')
            self.assertEqual(serve.end(), (0, ''))
        server.join()
        behind.close()

    def test_program_fails(self):
        """Breaks if nobody hears that the program failed, or is not there any more."""
        gone = os.path.join(os.environ['TMPDIR'], 'gone')
        os.chmod(os.environ['TMPDIR'], 0o1777)
        os.symlink('/bin/true', gone)
        for program, told in ((('false',), 'status 1'), ((gone,), gone)):
            with Serve('--credential', 'rsa', '--once', '--', *program) as serve:
                if program == (gone,):
                    os.unlink(gone)
                client = connect_to(serve)
                try:
                    self.assertEqual(client.recv(1), b'')
                    client.unwrap()
                except (ssl.SSLError, OSError):
                    self.assertEqual(program, (gone,))
                client.close()
                status, errors = serve.end()
                self.assertEqual(status, 1)
                self.assertIn(told, errors)

    def test_forward(self):
        """Breaks if data to or from a server behind is lost, or its end; or nobody hears that it is not there."""
        behind = socket.create_server(('127.0.0.1', 0))

        def answer():
            connection = behind.accept()[0]
            with connection:
                data = b''
                while more := connection.recv(65536):
                    data += more
                connection.sendall(data[::-1])

        server = threading.Thread(target=answer)
        server.start()
        with Serve('--credential', 'rsa', '--forward', f'127.0.0.1:{behind.getsockname()[1]}') as serve:
            connect = as_user('bob', 'tls-handoff', 'connect', '--trust', certificate('ca.pem'),
                              f'localhost:{serve.port}')
            done = subprocess.run(connect, input=MUCH, stdout=subprocess.PIPE, timeout=TIMEOUT)
            self.assertEqual(done.returncode, 0)
            self.assertEqual(done.stdout, MUCH[::-1])
            server.join()
            behind.close()
            client = connect_to(serve)
            serve.said('refused')
            client.close()

    def test_clients_side_by_side(self):
        """Breaks if a client waits for another client that says nothing, or that is served slowly."""
        with Serve('--credential', 'rsa', '--', 'cat') as serve:
            silent = socket.create_connection(('127.0.0.1', serve.port))
            clients = [connect_to(serve) for _ in range(20)]
            for number, client in reversed(list(enumerate(clients))):
                client.sendall(b'%d\n' % number)
                self.assertEqual(client.recv(100), b'%d\n' % number)
            for client in clients:
                client.close()
            silent.close()

    def test_threads(self):
        """Breaks if one thread has nearly all clients: then it has all of their work, too."""
        with Serve('--credential', 'rsa', '--', 'cat') as serve:
            wait_for_clients(serve, 0)
            clients = [socket.create_connection(('127.0.0.1', serve.port)) for _ in range(40)]
            wait_for_clients(serve, len(clients))
            counts = count_clients(serve)
            self.assertLessEqual(max(counts), 1.5 * min(counts) + 1)
            for client in clients:
                client.close()

    def test_no_descriptors(self):
        """Breaks if a client who comes while there are no descriptors is turned away, or is not taken when there are."""
        def set_limit(number):
            subprocess.run(as_user('alice', 'prlimit', '--pid', str(serve.process.pid), f'--nofile={number}:'), check=True)

        def get_first_gap():
            used = read_descriptors(serve.process.pid)
            return next(number for number in itertools.count() if number not in used)

        with Serve('--credential', 'rsa', '--', 'cat') as serve:
            wait_for_clients(serve, 0)
            # No more than it has; then the usual ones. What it had for a moment only, when it began, may have left a gap,
            # or leave one now.
            limit = None
            while (first_gap := get_first_gap()) != limit:
                limit = first_gap
                set_limit(limit)
            waiting = socket.create_connection(('127.0.0.1', serve.port), timeout=TIMEOUT)
            serve.said('Too many open files')
            set_limit(1024)
            with secure(waiting) as client:
                client.sendall(b'here')
                self.assertEqual(client.recv(4), b'here')

    def test_crowd(self):
        """Breaks if clients that come all at once are turned away, or wait for clients that say nothing."""
        with Serve('--credential', 'rsa', '--', 'cat') as serve:
            # As many as the service does handshakes for one user at once.
            silent = [socket.create_connection(('127.0.0.1', serve.port)) for _ in range(64)]
            answers = []

            def come():
                with connect_to(serve) as client:
                    client.sendall(b'here')
                    answers.append(client.recv(4))
                    client.unwrap()

            clients = [threading.Thread(target=come) for _ in range(300)]
            for client in clients:
                client.start()
            for client in clients:
                client.join(2 * TIMEOUT)
            self.assertEqual(answers, [b'here'] * 300)
            for connection in silent:
                connection.close()

    def test_full(self):
        """Breaks if as many clients as it takes at once, each with a program, need more descriptors than a process has
        by default; if one more is not served when one of them has left; or if it does not end while there are clients."""
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, limits[1]))
        with Serve('--credential', 'rsa', '--', 'cat') as serve:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            clients = []
            for _ in range(240):
                clients.append(connect_to(serve))
                clients[-1].sendall(b'here')
                self.assertEqual(clients[-1].recv(4), b'here')
            waiting = socket.create_connection(('127.0.0.1', serve.port), timeout=TIMEOUT)
            clients.pop().close()
            with secure(waiting) as client:
                client.sendall(b'too')
                self.assertEqual(client.recv(3), b'too')
            # The clients may stay after the first one.
            serve.process.send_signal(signal.SIGTERM)
            serve.process.send_signal(signal.SIGINT)
            self.assertEqual(serve.process.wait(TIMEOUT), 0)
            for client in clients:
                client.close()

    def test_refused(self):
        """Breaks if a client gets in that should not, or hears no reason in its alert; or if the next client is not
        served."""
        with Serve('--credential', 'rsa', '--alpn', 'h2', '--client-ca', certificate('client-ca.pem'),
                   '--require-client-certificate', '--', 'echo', 'in') as serve:
            for alpn, own, alert, told in ((['imap'], 'client', 'no application protocol', 'protocol'),
                                           ([], None, 'certificate required', 'certificate'),
                                           ([], 'rsa', 'unknown ca', 'certificate')):
                with self.assertRaises(ssl.SSLError) as caught:
                    # In TLS 1.3 a client hears what is wrong with its certificate after its handshake.
                    with connect_to(serve, alpn=alpn, own=own) as client:
                        client.recv(100)
                self.assertIn(alert, str(caught.exception))
                self.assertIn('127.0.0.1', serve.said(told))
            with connect_to(serve, own='client') as client:
                self.assertEqual(receive_all(client), b'in\n')

    def test_no_credential(self):
        """Breaks if a server begins although it has no credential that it may use, or if it serves with a credential
        of another user."""
        for label, status, told in (('nothing', 1, '--self-signed'), ('', 2, '--credential: must name one')):
            done = run('alice', 'serve', '--listen', '0', '--credential', label, '--', 'echo', 'in')
            self.assertEqual(done.returncode, status)
            self.assertIn(told, done.stderr)
            self.assertNotIn('listening', done.stderr)
        # polkit would ask whether alice may use one of the machine's.
        for options, helps in (((), True), (('--interactive',), False)):
            done = run('alice', 'serve', '--listen', '0', '--credential', 'nothing', *options, '--', 'echo', 'in')
            self.assertEqual('with --interactive' in done.stderr, helps, done.stderr)
        done = run('bob', 'serve', '--listen', '0', '--', 'echo', 'in')
        self.assertEqual(done.returncode, 1)
        with Serve('--once', '--', 'echo', 'in', user='bob', check=False) as serve:
            with self.assertRaises((ssl.SSLError, OSError)):
                connect_to(serve)
            self.assertEqual(serve.end()[0], 1)

    def test_not_authorized(self):
        """Breaks if the first client hears what polkit has against the server, and not who starts it."""
        set_rules('')
        try:
            done = run('alice', 'serve', '--listen', '0', '--credential', 'rsa', '--', 'echo', 'in')
        finally:
            set_rules(OWN_RULES)
        self.assertEqual(done.returncode, 3)
        self.assertIn('--interactive', done.stderr)
        self.assertNotIn('listening', done.stderr)

    def test_certificate(self):
        """Breaks if the first client has to find out that key and certificate do not fit, or that time is over."""
        path = self.copy_key('ed25519')
        done = run('alice', 'serve', '--listen', '0', '--cert', certificate('rsa.pem'), '--key', path, '--', 'cat')
        self.assertEqual(done.returncode, 2)
        self.assertIn('key', done.stderr)
        with Serve('--cert', certificate('expired.pem'), '--key', self.copy_key('expired'), '--', 'cat') as serve:
            self.assertIn('expired', serve.first_lines[0])

    def test_chosen(self):
        """Breaks if a server does not begin because none of its credentials is for clients that ask for no name."""
        with Serve('--', 'echo', 'in') as serve:
            self.assertEqual(len(serve.first_lines), 1)
            with connect_to(serve, 'www.handoff.test') as client:
                self.assertEqual(receive_all(client), b'in\n')

    def test_self_signed(self):
        """Breaks if the certificate is not for this machine, another than the one that was announced, or of no use."""
        with Serve('--self-signed', '--', 'echo', 'in') as serve:
            der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(('127.0.0.1', serve.port)))
            self.assertIn(hashlib.sha256(der).hexdigest(), serve.first_lines[0])
            # Some clients refuse a negative one.
            serial = subprocess.run(['openssl', 'x509', '-inform', 'DER', '-noout', '-serial'], input=der, check=True,
                                    stdout=subprocess.PIPE).stdout
            self.assertRegex(serial, b'^serial=[0-9A-F]{32}\n$')
            context = ssl.create_default_context(cadata=der)
            for name in ('localhost', '127.0.0.1', '::1'):
                plain = socket.create_connection(('127.0.0.1', serve.port), timeout=TIMEOUT)
                with context.wrap_socket(plain, server_hostname=name) as client:
                    self.assertEqual(receive_all(client), b'in\n')
        done = run('alice', 'serve', '--self-signed', '--credential', 'rsa', '--', 'cat')
        self.assertEqual(done.returncode, 2)

    def test_log(self):
        """Breaks if who runs a server does not see who was there."""
        with Serve('--credential', 'rsa', '--', 'sh', '-c', 'read -r line; echo answer', quiet=False) as serve:
            with connect_to(serve) as client:
                name = f'127.0.0.1:{client.getsockname()[1]}'
                client.sendall(b'hello\n')
                self.assertEqual(receive_all(client), b'answer\n')
                client.unwrap()
            line = serve.said('received')
            for part in (name, 'TLS1.3', 'server name localhost', 'credential rsa', 'received 6 bytes', 'sent 7 bytes'):
                self.assertIn(part, line)

    def test_max_clients(self):
        """Breaks if more clients are served at a time than there may be, or fewer, or some never."""
        directory = os.path.join(os.environ['TMPDIR'], 'served')
        os.mkdir(directory, 0o777)
        os.chmod(directory, 0o777)
        # Each program tells how many there are, itself among them.
        program = f'mkdir {directory}/$$; ls {directory} | wc -l; read -r line; rmdir {directory}/$$'
        with Serve('--credential', 'rsa', '--max-clients', '3', '--', 'sh', '-c', program) as serve:
            numbers = []
            enough = threading.Event()

            def come():
                with connect_to(serve) as client:
                    numbers.append(int(client.recv(10)))
                    if len(numbers) >= 3:
                        enough.set()
                    enough.wait(TIMEOUT)
                    client.sendall(b'\n')
                    receive_all(client)
                    client.unwrap()

            clients = [threading.Thread(target=come) for _ in range(20)]
            for client in clients:
                client.start()
            for client in clients:
                client.join(TIMEOUT)
            self.assertEqual((len(numbers), max(numbers)), (20, 3))
        for number in ('0', '-1', '1000000', 'x'):
            done = run('alice', 'serve', '--max-clients', number, '--', 'cat')
            self.assertEqual(done.returncode, 2)
            self.assertIn(f'--max-clients must be a number from 1 to 100000, not “{number}”', done.stderr)

    def test_end(self):
        """Breaks if a client that is being served loses its connection when the server is told to end, if the server
        still takes clients then, waits for those who say nothing, or ignores that it is told again."""
        def is_refused():
            try:
                socket.create_connection(('127.0.0.1', serve.port), timeout=TIMEOUT).close()
                return False
            except ConnectionRefusedError:
                return True

        with Serve('--credential', 'rsa', '--', 'cat') as serve:
            # Before the other, so that it was taken.
            silent = socket.create_connection(('127.0.0.1', serve.port), timeout=TIMEOUT)
            with connect_to(serve) as client:
                serve.process.send_signal(signal.SIGTERM)
                self.assertEqual(silent.recv(1), b'')
                silent.close()
                client.sendall(b'still')
                self.assertEqual(client.recv(5), b'still')
                wait_until(is_refused, 'nobody listens')
                client.unwrap()
            self.assertEqual(serve.end(), (0, ''))
        with Serve('--credential', 'rsa', '--', 'cat', quiet=False) as serve:
            with connect_to(serve) as client:
                client.sendall(b'here')
                self.assertEqual(client.recv(4), b'here')
                serve.process.send_signal(signal.SIGTERM)
                serve.said('1 client is still here')
                serve.process.send_signal(signal.SIGTERM)
                status, errors = serve.end()
                self.assertEqual(status, 0)
                self.assertIn('cut off', errors)

    def copy_key(self, name):
        """One that alice can read."""
        path = os.path.join(os.environ['TMPDIR'], name + '.key')
        with open(certificate(name + '.key')) as key, open(path, 'w') as copy:
            copy.write(key.read())
        os.chmod(os.environ['TMPDIR'], 0o1777)
        os.chmod(path, 0o644)
        return path

    def test_own_key(self):
        """Breaks if a server cannot use a key that the service does not keep."""
        with Serve('--cert', certificate('ed25519.pem'), '--key', self.copy_key('ed25519'), '-v', '--', 'echo', 'in',
                   quiet=False) as serve:
            with connect_to(serve) as client:
                self.assertEqual(client.getpeercert()['subject'], ((('commonName', 'ed25519'),),))
                self.assertEqual(receive_all(client), b'in\n')
            self.assertIn('TLS1.3', serve.said('server name localhost'))

    def test_listen(self):
        """Breaks if a port that is taken, or not ours, is not explained."""
        with Serve('--credential', 'rsa', '--', 'cat') as serve:
            taken = run('alice', 'serve', '--listen', str(serve.port), '--', 'cat')
            self.assertEqual(taken.returncode, 1)
            self.assertIn('in use', taken.stderr)
        with open('/proc/sys/net/ipv4/ip_unprivileged_port_start') as file:
            if int(file.read()) > 443:
                denied = run('alice', 'serve', '--', 'cat')
                self.assertEqual(denied.returncode, 1)
                self.assertIn('--listen 8443', denied.stderr)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
