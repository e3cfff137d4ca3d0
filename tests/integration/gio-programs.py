#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Programs that know GIO alone, run by an ordinary user: with the module, and then alone, the service does their
handshakes. The service's own count says so, since a program would go on with connections of glib-networking's."""

import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import (CERTS, OWN_RULES, TIMEOUT, Serve, as_user, call, certificate, configure,  # noqa: E402
                     import_credential, remove_credentials, set_rules, stop_service)
from tls_server import TlsServer  # noqa: E402

UID = 60101  # alice
INTERPRETERS = os.environ['HANDOFF_TEST_INTERPRETERS'] == '1'
CONFIGURATION = '/etc/tls-handoff/tls-handoffd.conf'
TRUST_STORE = '/etc/ssl/certs/ca-certificates.crt'

PYTHON = '''
import sys
from gi.repository import Gio
client = Gio.SocketClient(tls=True, enable_proxy=False)
connection = client.connect_to_host('localhost', int(sys.argv[1]))
connection.get_output_stream().write_all(b'echo\\n', None)
print(connection.get_input_stream().read_bytes(5, None).get_data().decode(), end='')
connection.close()
'''

PYTHON_ASYNC = '''
import sys
from gi.repository import Gio, GLib
client = Gio.SocketClient(tls=True, enable_proxy=False)
loop = GLib.MainLoop()
def read(stream, result):
    print(stream.read_bytes_finish(result).get_data().decode(), end='')
    loop.quit()
def connected(client, result):
    global connection
    connection = client.connect_to_host_finish(result)
    connection.get_output_stream().write_all(b'echo\\n', None)
    connection.get_input_stream().read_bytes_async(5, GLib.PRIORITY_DEFAULT, None, read)
client.connect_to_host_async('localhost', int(sys.argv[1]), None, connected)
loop.run()
'''

# The library in the same process, first.
PYTHON_BOTH = '''
import sys
import gi
gi.require_version('TlsHandoff', '1')
from gi.repository import Gio, TlsHandoff
client = Gio.SocketClient(enable_proxy=False)
address = Gio.NetworkAddress.new('localhost', int(sys.argv[1]))
own = TlsHandoff.ClientConnection.new(client.connect(address), address, None)
own.handshake()
client.set_tls(True)
connection = client.connect(address)
tls = connection.props.base_io_stream
assert isinstance(tls, TlsHandoff.ClientConnection), tls
connection.get_output_stream().write_all(b'echo\\n', None)
print(tls.get_input_stream().read_bytes(5, None).get_data().decode(), end='')
'''

# Both sides, which glib-networking does.
PYTHON_DTLS = '''
import os
from gi.repository import Gio, GLib
here, there = [Gio.Socket.new(Gio.SocketFamily.IPV4, Gio.SocketType.DATAGRAM, Gio.SocketProtocol.UDP) for _ in 'ab']
for end in (here, there):
    end.bind(Gio.InetSocketAddress.new_from_string('127.0.0.1', 0), False)
here.connect(there.get_local_address())
there.connect(here.get_local_address())
certificate = os.environ['HANDOFF_TEST_CERTS'] + '/ecdsa'
certificate = Gio.TlsCertificate.new_from_files(certificate + '.pem', certificate + '.key')
ends = [Gio.DtlsServerConnection.new(there, certificate),
        Gio.DtlsClientConnection.new(here, Gio.NetworkAddress.new('localhost', 1))]
loop = GLib.MainLoop()
done = []
def shaken(connection, result):
    done.append(connection.handshake_finish(result))
    if len(done) == 2:
        loop.quit()
for end in ends:
    end.handshake_async(GLib.PRIORITY_DEFAULT, None, shaken)
loop.run()
print('echo')
'''

JAVASCRIPT = '''
const {Gio} = imports.gi;
const client = new Gio.SocketClient({tls: true, enable_proxy: false});
const connection = client.connect_to_host('localhost', parseInt(ARGV[0]), null);
connection.get_output_stream().write_all('echo\\n', null);
print(imports.byteArray.toString(connection.get_input_stream().read_bytes(5, null).toArray()).trim());
connection.close(null);
'''


def restore_configuration(text):
    with open(CONFIGURATION, 'w') as file:
        file.write(text)
    stop_service()


class GioModule(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.copy(os.path.join(CERTS, 'ca.pem'), TRUST_STORE)
        cls.server = TlsServer()
        c_program = os.path.join(os.environ['TMPDIR'], 'gio-echo')
        shutil.copy(os.environ['HANDOFF_TEST_GIO_ECHO'], c_program)
        # The build directory may be closed to other users.
        os.chmod(c_program, 0o755)
        cls.programs = {'C': [c_program]}
        if INTERPRETERS:
            cls.programs |= {'Python': [sys.executable, '-c', PYTHON],
                             'Python, asynchronous': [sys.executable, '-c', PYTHON_ASYNC],
                             'JavaScript': ['gjs', '-c', JAVASCRIPT]}

    def setUp(self):
        set_rules('')

    def counters(self):
        """Of alice's handshakes."""
        users = call('/org/tlshandoff/Handoff1', 'Manager', 'GetStatistics').unpack()[0]['users']
        return users.get(UID, {'handshakes-completed': 0, 'handshakes-resumed': 0, 'handshakes-denied': 0,
                               'handshakes-failed': 0})

    def run_program(self, program, server=None, **variables):
        environment = {name: value for name, value in os.environ.items() if not name.startswith('GIO_')}
        environment.update(HOME=os.environ['TMPDIR'], GSETTINGS_BACKEND='memory', **variables)
        return subprocess.run(as_user('alice', *program, str((server or self.server).port)), env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT)

    def check_count(self, program, number, **variables):
        before = self.counters()['handshakes-completed']
        done = self.run_program(program, **variables)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, 'echo\n', ''))
        self.assertEqual(self.counters()['handshakes-completed'] - before, number)

    def test_with_module(self):
        """Breaks if the service has not done the handshake of a program that has the module."""
        for name, program in self.programs.items():
            with self.subTest(name):
                self.check_count(program, 1, GIO_USE_TLS='handoff')

    def test_without_module(self):
        """Breaks if the count is not of these handshakes, or if the module is there for who did not ask for it."""
        for name, program in self.programs.items():
            with self.subTest(name):
                # The leak checker crashes on what glib-networking leaves running.
                self.check_count(program, 0, ASAN_OPTIONS='detect_leaks=0')
                self.check_count(program, 0, ASAN_OPTIONS='detect_leaks=0', GIO_USE_TLS='gnutls')

    @unittest.skipUnless(INTERPRETERS, 'no introspection data')
    def test_library_in_process(self):
        """Breaks if the module and a program that has the library do not share it."""
        self.check_count([sys.executable, '-c', PYTHON_BOTH], 2, GIO_USE_TLS='handoff')

    @unittest.skipUnless(INTERPRETERS, 'no introspection data')
    def test_dtls(self):
        """Breaks if DTLS does not work beside the module, or is said to be the service's."""
        before = self.counters()['handshakes-completed']
        ends = []
        for backend in ('gnutls', 'handoff'):
            # glib-networking 2.80 says a critical warning of each connection.
            done = self.run_program([sys.executable, '-c', PYTHON_DTLS], ASAN_OPTIONS='detect_leaks=0', G_DEBUG='',
                                    GIO_USE_TLS=backend)
            self.assertEqual((done.returncode, done.stdout), (0, 'echo\n'), done.stderr)
            ends.append(re.sub(r'\(process:\d+\)|\d+:\d+:\d+\.\d+', '', done.stderr))
        self.assertEqual(*ends)
        self.assertEqual(self.counters()['handshakes-completed'], before)

    def test_resumption(self):
        """Breaks if an unmodified program cannot resume a session of another one of its user."""
        program = self.programs['C']
        self.check_count(program, 1, GIO_USE_TLS='handoff')
        before = self.counters()['handshakes-resumed']
        self.check_count(program, 1, GIO_USE_TLS='handoff')
        self.assertEqual(self.counters()['handshakes-resumed'] - before, 1)

    def test_own_credential(self):
        """Breaks if a server learns who the user is from a program that has said nothing of that, and neither has the
        administrator."""
        set_rules(OWN_RULES)
        import_credential('alice', 'client', '--role', 'client')
        self.addCleanup(remove_credentials)
        answer = 'read line; if [ "$TLS_HANDOFF_CLIENT_SHA256" ]; then echo known; else echo alien; fi'
        with Serve('--cert', certificate('ecdsa.pem'), '--key', certificate('ecdsa.key'), '--client-ca',
                   certificate('client-ca.pem'), '--', 'sh', '-c', answer, user='bob') as server:
            for name, program in self.programs.items():
                done = self.run_program(program, server, GIO_USE_TLS='handoff')
                self.assertEqual((name, done.stdout.strip(), done.stderr), (name, 'alien', ''))

            with open(CONFIGURATION) as file:
                self.addCleanup(restore_configuration, file.read())
            configure('[Credentials]\nAutomaticCredential=true\n')
            stop_service()
            done = self.run_program(self.programs['C'], server, GIO_USE_TLS='handoff')
            self.assertEqual((done.stdout.strip(), done.stderr), ('known', ''))

    def test_unreachable_service(self):
        """Breaks if a program does a handshake by itself where there is no service, or gets an error that does not say
        so."""
        done = self.run_program(self.programs['C'], GIO_USE_TLS='handoff',
                                DBUS_SYSTEM_BUS_ADDRESS='unix:path=/nonexistent')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertRegex(done.stderr, '^g-tls-error-quark: .*TLS Handoff')

    def test_not_interactive(self):
        """Breaks if a program that never said so has its user asked for a password, or goes on by itself when it is
        refused; or if the error does not say that a password is what is missing."""
        for answer in ('AUTH_SELF', 'AUTH_ADMIN', 'NO'):
            set_rules('polkit.addRule(function(action) { return polkit.Result.%s; });' % answer)
            before = self.counters()
            done = self.run_program(self.programs['C'], GIO_USE_TLS='handoff')
            self.assertEqual((done.returncode, done.stdout), (1, ''))
            self.assertRegex(done.stderr, '^g-io-error-quark: ')
            self.assertEqual('ask for a password, and the program did not allow' in done.stderr, answer != 'NO')
            after = self.counters()
            self.assertEqual(after['handshakes-completed'], before['handshakes-completed'])
            self.assertEqual(after['handshakes-denied'], before['handshakes-denied'] + 1)


if __name__ == '__main__':
    unittest.main()
