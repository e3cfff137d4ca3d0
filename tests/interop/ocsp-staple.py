#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The OCSP response that a server staples: given to the service through the command, the bus and the library, made by
OpenSSL's responder, seen by OpenSSL's client."""

import base64
import datetime
import json
import os
import signal
import subprocess
import sys
import unittest

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import ocsp

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../integration/support'))
from command import (OWN_RULES, TIMEOUT, Serve, as_user, certificate, import_credential, remove_credentials, run,
                     set_rules, stop_service)

VERSIONS = ('-tls1_2', '-tls1_3')
NO_RESPONSE = 'OCSP response: no response sent'


def openssl(*arguments, text=None):
    return subprocess.run(['openssl', *arguments], check=True, text=True, input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE).stdout


class Authority:
    """One with a responder."""

    def __init__(self):
        self.directory = os.environ['TMPDIR']
        self.n_responses = 0
        self.index = f'{self.directory}/index.txt'
        self.key = f'{self.directory}/authority.key'
        self.certificate = f'{self.directory}/authority.pem'
        openssl('req', '-x509', '-newkey', 'ed25519', '-nodes', '-keyout', self.key, '-out', self.certificate, '-subj',
                '/CN=authority', '-days', '30', '-addext', 'keyUsage=keyCertSign,digitalSignature')
        with open(self.index, 'w'):
            pass

    def certify(self, request, serial):
        """(the certificate, PEM; its file)"""
        path, extensions = f'{self.directory}/{serial}.pem', f'{self.directory}/{serial}.ext'
        with open(extensions, 'w') as file:
            file.write('subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n')
        openssl('x509', '-req', '-CA', self.certificate, '-CAkey', self.key, '-days', '10', '-set_serial', str(serial),
                '-extfile', extensions, '-out', path, text=request)
        os.chmod(path, 0o644)
        self.set_status(serial, 'V')
        return path

    def set_status(self, serial, status):
        """V: valid, R: revoked, None: unknown"""
        with open(self.index) as file:
            lines = [line for line in file if f'\t{serial:02X}\t' not in line]
        if status:
            revoked = '200101000000Z' if status == 'R' else ''
            lines.append(f'{status}\t491231235959Z\t{revoked}\t{serial:02X}\tunknown\t/CN={serial}\n')
        with open(self.index, 'w') as file:
            file.writelines(lines)

    def respond(self, path, *options):
        """A file with what the responder says of the certificate in path."""
        self.n_responses += 1
        response = f'{self.directory}/{self.n_responses}.ocsp'
        openssl('ocsp', '-index', self.index, '-CA', self.certificate, '-rsigner', self.certificate, '-rkey', self.key,
                '-issuer', self.certificate, '-cert', path, '-respout', response, *(options or ('-ndays', '3')))
        os.chmod(response, 0o644)
        return response


class TestOcspStaple(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        set_rules(OWN_RULES)
        os.chmod(os.environ['TMPDIR'], 0o1777)
        cls.authority = Authority()

    def setUp(self):
        """alice has a credential "site" of the authority's."""
        self.ok('credential', 'generate', '--label', 'site', '--role', 'server')
        self.certificate = self.renew(10)

    def tearDown(self):
        remove_credentials()

    def ok(self, *arguments, user='alice'):
        done = run(user, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done.stdout

    def fails(self, status, text, *arguments, user='alice'):
        done = run(user, *arguments)
        self.assertEqual((done.returncode, done.stdout), (status, ''), done.stderr)
        self.assertIn(text, done.stderr)

    def renew(self, serial):
        request = self.ok('credential', 'request', 'site', '--dns', 'localhost')
        path = self.authority.certify(request, serial)
        self.ok('credential', 'set-certificates', 'site', path)
        return path

    def show(self):
        return json.loads(self.ok('credential', 'show', '--json', 'site'))

    def ask(self, serve, version, *options):
        """What OpenSSL's client prints, which the server has to convince."""
        return openssl('s_client', '-connect', f'localhost:{serve.port}', '-CAfile', self.authority.certificate,
                       '-verify_return_error', version, *options, text='')

    def expect(self, serve, response):
        """Clients that ask get it, or none."""
        for version in VERSIONS:
            said = self.ask(serve, version, '-status')
            if response is None:
                self.assertIn(NO_RESPONSE, said, version)
                continue
            self.assertIn('OCSP Response Status: successful', said, version)
            self.assertIn('Cert Status: good', said)
            # This one, and not another that is good: as each says when it was made.
            made = [line for line in openssl('ocsp', '-respin', response, '-text', '-noverify').splitlines()
                    if 'Next Update' in line or 'Serial Number' in line]
            for line in made:
                self.assertIn(line.strip(), said)
            self.assertNotIn('OCSP', self.ask(serve, version))

    def test_command(self):
        """Breaks if a response is not sent from the next handshake on, is not replaced or removed, stays with another
        certificate, or if what is shown of it is wrong."""
        with Serve('--credential', 'site', '--', 'true') as serve:
            self.expect(serve, None)
            self.assertIsNone(self.show()['ocsp-not-after'])
            self.assertNotIn('OCSP', self.ok('credential', 'show', 'site'))
            for days in ('3', '7'):
                response = self.authority.respond(self.certificate, '-ndays', days)
                self.assertEqual(self.ok('credential', 'staple', 'site', response), '')
                self.expect(serve, response)
                end = openssl('ocsp', '-respin', response, '-text', '-noverify').split('Next Update: ')[1].split('\n')[0]
                self.assertEqual(self.show()['ocsp-not-after'][:10],
                                 subprocess.run(['date', '-u', '-d', end, '+%F'], check=True, text=True,
                                                stdout=subprocess.PIPE).stdout.strip())
                self.assertIn(f'up to date until {self.show()["ocsp-not-after"]}', self.ok('credential', 'show', 'site'))
            self.assertEqual(self.ok('credential', 'staple', '--remove', 'site'), '')
            self.expect(serve, None)
            self.ok('credential', 'staple', '--remove', 'site')

            with open(response, 'rb') as file:
                body = base64.encodebytes(file.read()).decode()
            pem = os.path.join(os.environ['TMPDIR'], 'response.pem')
            with open(pem, 'w') as file:
                file.write(f'-----BEGIN OCSP RESPONSE-----\n{body}-----END OCSP RESPONSE-----\n')
            os.chmod(pem, 0o644)
            self.ok('credential', 'staple', 'site', pem)
            self.expect(serve, response)
            self.renew(11)
            self.assertIsNone(self.show()['ocsp-not-after'])
            self.expect(serve, None)
            self.fails(2, 'it is about another certificate', 'credential', 'staple', 'site', response)

    def test_restart(self):
        """Breaks if a response is lost with the process."""
        response = self.authority.respond(self.certificate)
        self.ok('credential', 'staple', 'site', response)
        before = self.show()
        for number in (signal.SIGTERM, signal.SIGKILL):
            stop_service(number)
            self.assertEqual(self.show(), before)
            with Serve('--credential', 'site', '--', 'true') as serve:
                self.expect(serve, response)

    def test_refused(self):
        """Breaks if a response is taken for which clients would refuse the server, if the words do not say why, or if
        the one that is there is lost by it."""
        good = self.authority.respond(self.certificate)
        self.ok('credential', 'staple', 'site', good)
        before = self.show()
        import_credential('alice', 'client', '--role', 'client')
        self.ok('credential', 'generate', '--label', 'bare')
        self.authority.set_status(10, 'R')
        revoked = self.authority.respond(self.certificate)
        self.authority.set_status(10, None)
        unknown = self.authority.respond(self.certificate)
        self.authority.set_status(10, 'V')
        empty, large = (os.path.join(os.environ['TMPDIR'], name) for name in ('empty', 'large'))
        for path, size in ((empty, 0), (large, 16385)):
            with open(path, 'wb') as file:
                file.write(bytes(size))
            os.chmod(path, 0o644)
        for label, path, text in (
                ('site', revoked, 'FILE: this OCSP response cannot be stapled: it says that the certificate is revoked'),
                ('site', unknown, 'the responder does not know the certificate'),
                ('site', certificate('ecdsa.ocsp'), 'it is about another certificate'),
                ('site', certificate('try-later.ocsp'), 'the responder answered only: try later'),
                ('site', self.certificate, 'it cannot be read'),
                ('site', empty, 'is empty'),
                ('site', large, '16 KiB'),
                ('site', '/nonexistent', '/nonexistent'),
                ('client', good, 'is not for servers'),
                ('bare', good, 'has no certificate')):
            self.fails(2, text, 'credential', 'staple', label, path)
        self.fails(2, 'not both', 'credential', 'staple', '--remove', 'site', good)
        self.fails(2, 'or --remove', 'credential', 'staple', 'site')
        self.fails(1, 'no credential', 'credential', 'staple', 'none', good)
        self.assertEqual(self.show(), before)
        with Serve('--credential', 'site', '--', 'true') as serve:
            self.expect(serve, good)

    def test_times(self):
        """Breaks if a response is taken that holds no more, or not yet: OpenSSL's responder makes none."""
        load = x509.load_pem_x509_certificate
        with open(self.certificate, 'rb') as own, open(self.authority.certificate, 'rb') as issuer, \
                open(self.authority.key, 'rb') as key:
            own, issuer, key = load(own.read()), load(issuer.read()), load_pem_private_key(key.read(), None)
        now = datetime.datetime.utcnow()
        for first, last, text in ((-2, -1, 'it is out of date'), (1, 2, 'it is from the future'), (-1, 1, None)):
            response = ocsp.OCSPResponseBuilder().add_response(
                own, issuer, SHA1(), ocsp.OCSPCertStatus.GOOD, now + datetime.timedelta(first),
                now + datetime.timedelta(last), None, None).responder_id(
                    ocsp.OCSPResponderEncoding.NAME, issuer).sign(key, None)
            path = os.path.join(os.environ['TMPDIR'], 'times.ocsp')
            with open(path, 'wb') as file:
                file.write(response.public_bytes(Encoding.DER))
            os.chmod(path, 0o644)
            if text:
                self.fails(2, text, 'credential', 'staple', 'site', path)
                self.assertIsNone(self.show()['ocsp-not-after'])
            else:
                self.ok('credential', 'staple', 'site', path)

    def test_bus(self):
        """Breaks if busctl cannot set a response, or if another user may."""
        response = self.authority.respond(self.certificate)
        with open(response, 'rb') as file:
            octets = [str(byte) for byte in file.read()]
        path = self.show()['object-path']

        def busctl(user, *arguments):
            return subprocess.run(as_user(user, 'busctl', '--system', *arguments), text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=TIMEOUT)

        target = ('org.tlshandoff.Handoff1', path, 'org.tlshandoff.Handoff1.Credential')
        setting = ('call', *target, 'SetOcspResponse', 'ay')
        self.assertNotEqual(busctl('bob', *setting, str(len(octets)), *octets).returncode, 0)
        self.assertIsNone(self.show()['ocsp-not-after'])
        done = busctl('alice', *setting, str(len(octets)), *octets)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(busctl('alice', 'get-property', *target, 'OcspNotAfter').stdout, r'^t 1\d{9}$')
        with Serve('--credential', 'site', '--', 'true') as serve:
            self.expect(serve, response)
            done = busctl('alice', *setting, '0')
            self.assertEqual(done.returncode, 0, done.stderr)
            self.expect(serve, None)
        self.assertEqual(busctl('alice', 'get-property', *target, 'OcspNotAfter').stdout, 't 0\n')


if __name__ == '__main__':
    unittest.main()
