#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What the service says, in the language of who runs the command: over the bus, and over channels."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import OWN_RULES, certificate, get_free_port, remove_credentials, run, set_rules, wait_for_port

SPANISH = dict(os.environ, LC_ALL='es_ES.UTF-8', LANGUAGE='es')
GERMAN = dict(SPANISH, LANGUAGE='de')


def setUpModule():
    """C.UTF-8 is everywhere, but newer C libraries take it as C, without languages. So it gets a name that has one."""
    locale = '/usr/lib/locale/es_ES.utf8'
    if not os.path.exists(locale):
        os.symlink('C.utf8', locale)


def rules(result):
    return f"polkit.addRule(function(action, subject) {{ if (subject.user == 'mallory') return polkit.Result.{result}; }});"


class TestLanguages(unittest.TestCase):
    def message(self, user, *arguments, environment=None, **options):
        done = run(user, *arguments, environment=environment or SPANISH, **options)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr

    def test_denied(self):
        """Breaks if who may not is told so in English, or the hint that only some denials need is lost with the words."""
        set_rules(rules('NO'))
        message = self.message('mallory', 'session', 'list', '--all')
        self.assertRegex(message, r'polkit deniega la acción org\.tlshandoff\.\S+ a este usuario')
        self.assertNotIn('--interactive', message)
        set_rules(rules('AUTH_ADMIN'))
        message = self.message('mallory', 'session', 'list', '--all')
        self.assertIn('necesita autenticación: sus reglas piden una contraseña, y ', message)
        self.assertIn('con --interactive', message)

    def test_arguments(self):
        """Breaks if an argument is named as the D-Bus interface does, where the message about it is translated."""
        set_rules(OWN_RULES)
        self.addCleanup(remove_credentials)
        self.assertIn('--label: tiene una barra\n', self.message('alice', 'credential', 'generate', '--label', 'a/b'))
        self.assertEqual(run('alice', 'credential', 'generate', '--label', 'x').returncode, 0)
        message = self.message('alice', 'credential', 'request', 'x', '--dns', 'no name')
        self.assertIn('--dns: «no name» no es un nombre DNS\n', message)
        message = self.message('alice', 'credential', 'request', 'x', '--dns', 'no name', environment=GERMAN)
        self.assertIn('--dns: „no name“ ist kein DNS-Name\n', message)
        message = self.message('alice', 'credential', 'import', '--label', 'y', '-', stdin='nothing')
        self.assertIn('ARCHIVO: ', message)
        # Who has no translation, and who wants none, has it as it came.
        for language in ('en', 'C', 'xx'):
            message = self.message('alice', 'credential', 'generate', '--label', 'a/b',
                                   environment=dict(SPANISH, LANGUAGE=language))
            self.assertIn('--label: has a slash\n', message)

    def test_handshake(self):
        """Breaks if what went wrong in a handshake is told in English, over one of the two ways."""
        port = get_free_port()
        server = subprocess.Popen(['openssl', 's_server', '-quiet', '-accept', str(port), '-cert', certificate('rsa.pem'),
                                   '-key', certificate('rsa.key')], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (server.kill(), server.communicate()))
        wait_for_port(port)
        for channel in ('0', '1'):
            message = self.message('alice', 'connect', f'localhost:{port}',
                                   environment=dict(SPANISH, TLS_HANDOFF_CHANNEL=channel))
            self.assertIn('El certificado de localhost no es de confianza: no lo emitió ninguna autoridad de confianza',
                          message)
            message = self.message('alice', 'connect', f'localhost:{port}',
                                   environment=dict(GERMAN, TLS_HANDOFF_CHANNEL=channel))
            self.assertIn('Dem Zertifikat von localhost wird nicht vertraut: keine vertrauenswürdige Zertifizierungsstelle',
                          message)
        # Nothing is of one gender everywhere.
        for environment, lines in ((SPANISH, ('ALPN:         ninguno', 'estado OCSP:  ninguno', 'credencial:   ninguna')),
                                   (GERMAN, ('ALPN:         keines', 'OCSP-Status:  keiner', 'Zugangsdaten: keine'))):
            done = run('alice', 'probe', '--trust', certificate('ca.pem'), f'localhost:{port}', environment=environment)
            self.assertLessEqual(set(lines), set(done.stdout.splitlines()), done.stdout)

    def test_library(self):
        """Breaks if what the library itself finds out is told in English."""
        environment = dict(SPANISH, DBUS_SYSTEM_BUS_ADDRESS='unix:path=/nowhere')
        self.assertIn('No se puede alcanzar el bus del sistema', self.message('alice', 'status', environment=environment))


if __name__ == '__main__':
    unittest.main()
