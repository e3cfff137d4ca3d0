#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What becomes of credentials when the service ends, in order or not, when files are damaged, when there are too many,
when certificates end, and when two want to change the same one."""

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import unittest

from gi.repository import GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import (OWN_RULES, TIMEOUT, Serve, as_user, call, certificate, configure, get_service_pid,
                     import_credential, list_all_credentials, read, remove_credentials, run, set_rules, stop_service,
                     wait_until)
from ended import end_certificate

CREDENTIALS = '/var/lib/tls-handoff/credentials'
LOG = os.environ['HANDOFF_TEST_LOG']
TRUST = ('--trust', certificate('ca.pem'))


def list_credentials(user='alice', *options):
    return json.loads(run(user, 'credential', 'list', '--json', *options).stdout)['credentials']


def show_credential(label, user='alice'):
    return json.loads(run(user, 'credential', 'show', '--json', label).stdout)


def get_serial(label):
    return int(show_credential(label)['certificates'][0]['serial-number'], 16)


def get_folder(label, user='alice'):
    return os.path.join(CREDENTIALS, show_credential(label, user)['object-path'].rsplit('/', 1)[1])


def log_from(position):
    with open(LOG) as file:
        file.seek(position)
        return file.read()


def log_position():
    return os.stat(LOG).st_size


def certificate_from_ca(ca, days, kind='clientAuth'):
    """(certificate, key), PEM: a new key that ca certifies for so many days; if they are negative, it ended yesterday."""
    directory = os.environ['TMPDIR']
    key, extensions = f'{directory}/new.key', f'{directory}/new.ext'
    with open(extensions, 'w') as file:
        file.write(f'extendedKeyUsage={kind}\nsubjectAltName=DNS:localhost\n')
    request = subprocess.run(['openssl', 'req', '-new', '-subj', '/CN=new', '-newkey', 'ed25519', '-nodes', '-keyout',
                              key], check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    made = subprocess.run(['openssl', 'x509', '-req', '-CA', certificate(ca + '.pem'), '-CAkey',
                           certificate(ca + '.key'), '-days', str(max(days, 1)), '-set_serial', '99', '-extfile', extensions],
                          input=request, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with open(key) as file:
        return end_certificate(made.stdout, ca) if days < 0 else made.stdout, file.read()


class TestStore(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        set_rules(OWN_RULES)
        os.chmod(os.environ['TMPDIR'], 0o1777)

    def tearDown(self):
        remove_credentials()
        self.assertEqual(os.listdir(CREDENTIALS), [])

    def fetch(self, serve):
        return run('bob', 'connect', '--ignore-eof', '--no-resumption', *TRUST, f'localhost:{serve.port}')

    def test_restart(self):
        """Breaks if a credential differs after a restart of the service, or does not work any more."""
        for name in ('rsa', 'ecdsa', 'ed25519'):
            import_credential('alice', name)
        run('alice', 'credential', 'generate', '--label', 'without certificate', '--role', 'client')
        before = list_credentials()
        self.assertEqual(len(before), 4)
        stop_service()
        self.assertEqual(list_credentials(), before)
        stop_service(signal.SIGKILL)
        self.assertEqual(list_credentials(), before)
        for name in ('rsa', 'ecdsa', 'ed25519'):
            with Serve('--credential', name, '--', 'echo', 'in') as serve:
                self.assertEqual(self.fetch(serve).stdout, 'in\n')

    def test_damaged(self):
        """Breaks if one damaged credential stops the others, or the service; or if it is not reported; or if it is
        deleted."""
        for name in ('rsa', 'ecdsa', 'ed25519', 'client'):
            import_credential('alice', name)
        folders = {name: get_folder(name) for name in ('rsa', 'ecdsa', 'ed25519', 'client')}
        key = [name for name in os.listdir(folders['rsa']) if 'key' in name][0]
        saved = os.path.join(os.environ['TMPDIR'], 'saved')
        shutil.copytree(CREDENTIALS, saved)
        with open(os.path.join(folders['rsa'], key), 'r+b') as file:
            file.write(b'garbage')
        shutil.copy(os.path.join(folders['ecdsa'], key), os.path.join(folders['ed25519'], key))
        for name in os.listdir(folders['client']):
            os.unlink(os.path.join(folders['client'], name))
        position = log_position()
        self.assertEqual(run('root', 'reload').returncode, 0)
        self.assertEqual([c['label'] for c in list_credentials()], ['ecdsa'])
        stop_service()
        self.assertEqual([c['label'] for c in list_credentials()], ['ecdsa'])
        for name in ('rsa', 'ed25519', 'client'):
            wait_until(lambda: re.search(re.escape(folders[name]) + '.*damaged', log_from(position)), f'{name} is reported')
        with Serve('--credential', 'ecdsa', '--', 'echo', 'in') as serve:
            self.assertEqual(self.fetch(serve).stdout, 'in\n')

        # Damaged files are left as they are: once repaired, the credentials are there again.
        shutil.rmtree(CREDENTIALS)
        shutil.copytree(saved, CREDENTIALS)
        subprocess.run(['chown', '-R', 'tls-handoff:', CREDENTIALS], check=True)
        self.assertEqual(run('root', 'reload').returncode, 0)
        self.assertEqual(len(list_credentials()), 4)

    def test_limit(self):
        """Breaks if a user gets more than the configuration allows, if one user's limit counts for another, or if the
        error does not say the limit."""
        configure('[Limits]\nCredentialsPerUser=2\nCredentialsTotal=3\n')
        self.assertEqual(run('root', 'reload').returncode, 0)
        try:
            for user, label, told in (('alice', 'a', None), ('alice', 'b', None), ('alice', 'c', 'configuration allows (2)'),
                                      ('bob', 'a', None), ('bob', 'b', 'in all as the configuration allows (3)')):
                done = run(user, 'credential', 'generate', '--label', label)
                self.assertEqual(done.returncode, 1 if told else 0, done.stderr)
                self.assertIn(told or '', done.stderr)
            self.assertEqual(run('alice', 'credential', 'remove', 'a').returncode, 0)
            self.assertEqual(run('bob', 'credential', 'generate', '--label', 'b').returncode, 0)
        finally:
            configure('[Limits]\nCredentialsPerUser=64\nCredentialsTotal=4096\n')
            self.assertEqual(run('root', 'reload').returncode, 0)

    def test_large_lists(self):
        """Breaks if chains that are large together make a list that the bus refuses: the bus would close the service's
        connection."""
        extensions = os.path.join(os.environ['TMPDIR'], 'large.ext')
        with open(extensions, 'w') as file:
            file.write('subjectAltName=@names\n[names]\n')
            file.writelines(f'DNS.{n} = host{n:06}.example.org\n' for n in range(3900))
        sizes = 0
        labels = [f'{n:02}' for n in range(48)]
        for n, label in enumerate(labels):
            path = call('/org/tlshandoff/Handoff1', 'Manager', 'GenerateCredential',
                        GLib.Variant('(ssa{sv})', (label, 'ed25519', {'owner': GLib.Variant('u', 60101 + n % 2)}))
                        ).unpack()[0]
            request = bytes(call(path, 'Credential', 'CreateCertificateRequest',
                                 GLib.Variant('(a{sv})', ({'subject': GLib.Variant('s', 'CN=x')},))).unpack()[0])
            large = subprocess.run(['openssl', 'x509', '-req', '-inform', 'DER', '-outform', 'DER', '-CA',
                                    certificate('ca.pem'), '-CAkey', certificate('ca.key'), '-days', '30', '-extfile',
                                    extensions], input=request, check=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL).stdout
            sizes += len(large)
            chain = GLib.Variant.new_from_bytes(GLib.VariantType('ay'), GLib.Bytes(large), True)
            call(path, 'Credential', 'SetCertificates',
                 GLib.Variant.new_tuple(GLib.Variant.new_array(None, [chain])))
        with self.assertRaisesRegex(GLib.Error, '96 KiB'):
            call(path, 'Credential', 'SetCertificates',
                 GLib.Variant.new_tuple(GLib.Variant.new_array(None, [chain, chain])))
        self.assertGreater(sizes, 17 << 18)
        pid = get_service_pid()
        listed = list_all_credentials()
        self.assertEqual([properties.lookup_value('Label').get_string() for _, properties in listed], labels)
        self.assertIsNotNone(listed[0][1].lookup_value('Certificates'))
        self.assertIsNone(listed[-1][1].lookup_value('Certificates'))
        self.assertEqual(len(run('root', 'credential', 'list', '--all').stdout.splitlines()), len(labels))
        self.assertEqual(get_service_pid(), pid)

    def test_limit_side_by_side(self):
        """Breaks if additions under way are not counted."""
        configure('[Limits]\nCredentialsPerUser=3\n')
        self.assertEqual(run('root', 'reload').returncode, 0)
        try:
            processes = [subprocess.Popen(as_user('alice', 'tls-handoff', 'credential', 'generate', '--type', 'rsa-2048',
                                                  '--label', str(i)), stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL) for i in range(8)]
            statuses = sorted(process.wait(TIMEOUT) for process in processes)
            self.assertEqual(statuses, [0] * 3 + [1] * 5)
            self.assertEqual(len(list_credentials()), 3)
        finally:
            configure('[Limits]\nCredentialsPerUser=64\n')
            self.assertEqual(run('root', 'reload').returncode, 0)

    def test_expiry(self):
        """Breaks if there is no warning of a certificate near its end, if there is one of a certificate far from it, or
        if an expired certificate is used."""
        for label, days, problem in (('soon', 3, 'expiring'), ('later', 300, None), ('ended', -1, 'expired')):
            position = log_position()
            pem, key = certificate_from_ca('ca', days, 'serverAuth')
            done = run('alice', 'credential', 'import', '--label', label, '-', stdin=pem + key)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(run('alice', 'credential', 'show', '--json', label).stdout)['problem'], problem)
            # The quotes are what the log's encoding makes of them.
            warning = f'credential .{label}. of uid 60101 end'
            if problem:
                wait_until(lambda: re.search(warning, log_from(position)), 'there is a warning')
            else:
                self.assertNotRegex(log_from(position), warning)
            self.assertEqual(f'  {label}: ' in run('alice', 'status').stdout, problem is not None)
            problems = json.loads(run('alice', 'status', '--json').stdout)['credential-problems']
            self.assertEqual([p['problem'] for p in problems if p['label'] == label], [problem] if problem else [])
            with Serve('--credential', label, '--', 'echo', 'in') as serve:
                self.assertEqual(self.fetch(serve).stdout, '' if label == 'ended' else 'in\n')
                if label == 'ended':
                    serve.said('expired')

    def test_renewal(self):
        """Breaks if a server shows an old certificate after it was renewed, or a handshake that runs is disturbed."""
        self.assertEqual(run('alice', 'credential', 'generate', '--label', 'site').returncode, 0)
        request = run('alice', 'credential', 'request', 'site', '--subject', 'CN=site').stdout
        extensions = os.path.join(os.environ['TMPDIR'], 'site.ext')
        with open(extensions, 'w') as file:
            file.write('subjectAltName=DNS:localhost\n')
        with Serve('--credential', 'site', '--', 'echo', 'in') as serve:
            waiting = None
            for serial in ('101', '102'):
                pem = subprocess.run(['openssl', 'x509', '-req', '-CA', certificate('ca.pem'), '-CAkey',
                                      certificate('ca.key'), '-days', '30', '-set_serial', serial, '-extfile',
                                      extensions], input=request, text=True, check=True, stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL).stdout
                path = os.path.join(os.environ['TMPDIR'], 'site.pem')
                with open(path, 'w') as file:
                    file.write(pem)
                self.assertEqual(run('alice', 'credential', 'set-certificates', 'site', path).returncode, 0)
                probed = json.loads(run('bob', 'probe', '--json', '--no-resumption', *TRUST,
                                        f'localhost:{serve.port}').stdout)
                self.assertEqual(probed['certificates'][0]['serial-number'], f'{int(serial):X}')
                if waiting is None:
                    waiting = socket.create_connection(('localhost', serve.port))
            waiting.close()
            # Removed while clients come.
            stop = threading.Event()
            seen = set()

            def come():
                while not stop.is_set():
                    seen.add(self.fetch(serve).returncode)

            clients = [threading.Thread(target=come) for _ in range(3)]
            for client in clients:
                client.start()
            try:
                wait_until(lambda: seen, 'a client came')
                self.assertEqual(run('alice', 'credential', 'remove', 'site').returncode, 0)
                self.assertEqual(self.fetch(serve).returncode, 1)
            finally:
                stop.set()
                for client in clients:
                    client.join(TIMEOUT)
            self.assertLessEqual(seen, {0, 1})

    def test_two_change_one(self):
        """Breaks if two simultaneous changes leave anything but the result of one of them, or a caller without an
        answer."""
        self.assertEqual(run('alice', 'credential', 'generate', '--label', 'x').returncode, 0)
        request = run('alice', 'credential', 'request', 'x', '--subject', 'CN=x').stdout
        files = []
        for serial in range(201, 205):
            files.append(os.path.join(os.environ['TMPDIR'], f'{serial}.pem'))
            with open(files[-1], 'w') as file:
                subprocess.run(['openssl', 'x509', '-req', '-CA', certificate('client-ca.pem'), '-CAkey',
                                certificate('client-ca.key'), '-days', '30', '-set_serial', str(serial)], input=request,
                               text=True, check=True, stdout=file, stderr=subprocess.DEVNULL)
        for _ in range(5):
            processes = [subprocess.Popen(as_user('alice', 'tls-handoff', 'credential', 'set-certificates', 'x', path),
                                          stderr=subprocess.PIPE) for path in files]
            for process in processes:
                self.assertEqual((process.communicate(timeout=TIMEOUT)[1], process.returncode), (b'', 0))
            serial = get_serial('x')
            self.assertIn(serial, range(201, 205))
            stop_service()
            self.assertEqual(get_serial('x'), serial)
        # And one of them removes it.
        processes = [subprocess.Popen(as_user('alice', 'tls-handoff', 'credential', *arguments),
                                      stderr=subprocess.DEVNULL)
                     for arguments in (('remove', 'x'), ('set-certificates', 'x', files[0]), ('remove', 'x'))]
        statuses = [process.wait(TIMEOUT) for process in processes]
        self.assertIn(0, (statuses[0], statuses[2]))
        self.assertEqual(list_credentials(), [])

    def test_killed(self):
        """Breaks if a killed service leaves half a change, or files that add up."""
        generator = random.Random(4)
        pem = read('ecdsa.pem') + read('ecdsa.key')
        path = os.path.join(os.environ['TMPDIR'], 'pem')
        with open(path, 'w') as file:
            file.write(pem)
        os.chmod(path, 0o644)
        import_credential('alice', 'rsa', label='stays')
        outcomes = set()
        for n in range(30):
            existing = [c['label'] for c in list_credentials()]
            if 'comes' in existing:
                arguments = ('remove', 'comes')
            else:
                arguments = generator.choice((('generate', '--label', 'comes'), ('import', '--label', 'comes', path)))
            pid = get_service_pid()
            process = subprocess.Popen(as_user('alice', 'tls-handoff', 'credential', *arguments),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            # Each time at another moment: after a different amount of the service's work.
            target = generator.randrange(12)
            spent = 0
            while process.poll() is None and spent < target * 400:
                spent += 1
                os.stat('/')
            os.kill(pid, signal.SIGKILL)
            process.wait(TIMEOUT)
            after = list_credentials()
            self.assertIn([c['label'] for c in after], (['comes', 'stays'], ['stays']))
            outcomes.add((arguments[0], process.returncode == 0, len(after)))
            for credential in after:
                self.assertIn(credential['key-algorithm'], ('rsa-2048', 'ecdsa-p256'))
            # The service has put away what was half.
            self.assertEqual(len(os.listdir(CREDENTIALS)), len(after))
            if process.returncode == 0:
                self.assertEqual(len(after), 1 if arguments[0] == 'remove' else 2)
        self.assertGreater(len(outcomes), 2)
        with Serve('--credential', 'stays', '--', 'echo', 'in') as serve:
            self.assertEqual(self.fetch(serve).stdout, 'in\n')


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
