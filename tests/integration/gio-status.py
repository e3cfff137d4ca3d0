#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""`tls-handoff status --gio`: whether GIO takes the module, and why not. What it says is what a GIO program started in
the same environment has."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from command import TIMEOUT, as_user, run  # noqa: E402

MODULES = pathlib.Path(subprocess.run(['pkg-config', '--variable=giomoduledir', 'gio-2.0'], check=True, text=True,
                                      stdout=subprocess.PIPE).stdout.strip())
MODULE = MODULES / 'libgiohandoff.so'
PROGRAM = '''
from gi.repository import Gio
backend = Gio.TlsBackend.get_default()
print(backend.supports_tls(), backend.get_certificate_type().name)
'''


class GioStatus(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(os.environ['TMPDIR'], 'modules')
        self.folder.mkdir()
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder)

    def environment(self, variables):
        """Without what makes warnings fatal, since GIO warns in most of these cases."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith('GIO_') and name != 'G_DEBUG'}
        return {**environment, **variables}

    def check(self, reason, backend, said, hint=None, **variables):
        """said: what its errors have, or None; hint: what a hint has. Returns the JSON."""
        environment = self.environment(variables)
        done = run('alice', 'status', '--gio', '--json', environment=environment)
        found = json.loads(done.stdout)
        self.assertEqual((found['reason'], found['backend']), (reason, backend), done)
        self.assertEqual(found['taken'], reason is None)
        self.assertEqual(done.returncode, 0 if reason is None else 1)
        self.assertEqual(found['gio-use-tls'], variables.get('GIO_USE_TLS'))
        if said is None:
            self.assertEqual(done.stderr, '')
        else:
            self.assertIn(said, done.stderr)
        if hint is not None:
            self.assertRegex(done.stderr, f'(?m)^tls-handoff: hint: .*{re.escape(hint)}')
        text = run('alice', 'status', '--gio', environment=environment)
        self.assertEqual((text.returncode, text.stderr), (done.returncode, done.stderr))
        self.assertIn(f'backend:         {backend}\n', text.stdout)

        if os.environ['HANDOFF_TEST_INTERPRETERS'] == '0':
            return found
        program = subprocess.run(as_user('alice', sys.executable, '-c', PROGRAM), env=environment, text=True,
                                 check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=TIMEOUT)
        supports, certificate_type = program.stdout.split()[-2:]
        self.assertEqual(certificate_type, found['certificate-type'])
        self.assertEqual(supports == 'True', backend == 'gnutls' or reason is None)
        return found

    def test_taken(self):
        found = self.check(None, 'handoff', None, GIO_USE_TLS='handoff')
        self.assertEqual((found['module'], found['module-cache']), (str(MODULE), 'listed'))
        self.assertIn({'name': 'handoff', 'priority': -110}, found['backends'])

    def test_not_named(self):
        self.check('not-named', 'gnutls', 'GIO_USE_TLS is not set')

    def test_other_named(self):
        self.check('other-named', 'gnutls', 'which GIO_USE_TLS names', 'GIO_USE_TLS=handoff', GIO_USE_TLS='gnutls')

    def test_misspelt(self):
        for name in ('hand-off', '', 'help', 'handoff '):
            self.check('unknown-name', 'gnutls', f'names “{name}”', GIO_USE_TLS=name)

    def test_missing(self):
        """Breaks if nobody says that GIO takes another backend where the module is missing."""
        shutil.copy(MODULES / 'libgiognutls.so', self.folder)
        variables = {'GIO_MODULE_DIR': str(self.folder)}
        found = self.check('module-missing', 'gnutls', str(self.folder), 'unset GIO_MODULE_DIR', GIO_USE_TLS='handoff',
                           **variables)
        self.assertIsNone(found['module'])
        self.check('module-missing', 'gnutls', str(self.folder), str(MODULES), **variables)

    def test_not_installed(self):
        """Breaks if a variable is blamed that is not set."""
        cache = MODULES / 'giomodule.cache'
        # The cache has to be newer than the module again.
        self.addCleanup(cache.write_text, cache.read_text())
        self.addCleanup(shutil.move, self.folder / MODULE.name, MODULE)
        shutil.move(MODULE, self.folder)
        self.check('module-missing', 'gnutls', str(MODULES), 'GIO_EXTRA_MODULES', GIO_USE_TLS='handoff')

    def test_not_loadable(self):
        module = self.folder / MODULE.name
        module.write_text('not a module\n' * 100)
        found = self.check('module-not-loaded', 'dummy', 'invalid ELF header', GIO_USE_TLS='handoff',
                           GIO_MODULE_DIR=str(self.folder))
        self.assertEqual(found['module'], str(module))

    def test_no_certificates(self):
        shutil.copy(MODULE, self.folder)
        self.check('no-certificates', 'handoff', 'install glib-networking', GIO_USE_TLS='handoff',
                   GIO_MODULE_DIR=str(self.folder))

    def test_extra_folder(self):
        """GIO takes the module that it finds first, and so does the answer."""
        shutil.copy(MODULE, self.folder)
        found = self.check(None, 'handoff', 'gio-querymodules', GIO_USE_TLS='handoff', GIO_EXTRA_MODULES=str(self.folder))
        self.assertEqual((found['module'], found['module-cache']), (str(self.folder / MODULE.name), 'missing'))

    def test_not_listed(self):
        shutil.copy(MODULE, self.folder)
        (self.folder / 'giomodule.cache').write_text('libgiognutls.so: gio-tls-backend\n')
        found = self.check(None, 'handoff', 'gio-querymodules', GIO_USE_TLS='handoff', GIO_EXTRA_MODULES=str(self.folder))
        self.assertEqual(found['module-cache'], 'not-listed')

    def test_install(self):
        """Breaks if an installation leaves it to the administrator to run gio-querymodules."""
        cache = MODULES / 'giomodule.cache'
        before = cache.read_text()
        self.addCleanup(cache.write_text, before)
        cache.write_text('')
        # gio-querymodules has no sanitizer, which a module may have.
        subprocess.run(['meson', 'install', '-C', os.environ['HANDOFF_TEST_BUILD'], '--no-rebuild', '--quiet'], check=True,
                       env={**os.environ, 'ASAN_OPTIONS': 'verify_asan_link_order=0:detect_leaks=0'},
                       stdout=subprocess.DEVNULL)
        self.assertEqual(sorted(cache.read_text().split('\n')), sorted(before.split('\n')))


if __name__ == '__main__':
    unittest.main()
