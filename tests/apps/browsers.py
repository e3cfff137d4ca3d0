#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""A WebKitGTK view and Epiphany, unmodified, on a screen of the test's own: whether a page is there is seen on it. With
HANDOFF_TEST_PICTURES, a directory, the pictures stay there."""

import os
import subprocess
import sys
import time
import unittest

for directory in ('support', '../integration/support'):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), directory))
import web_page
from application import (STOCK, TMPDIR, Application, ApplicationTest, copy_for_users, get_environment, get_program, need,
                         on_both)
from command import TIMEOUT, as_user, certificate
from web_server import WebServer

# Runs its arguments in a session with a bus of its own. What the bus starts does not write between the program's lines.
SESSION = """exec 3>&1 >&2; exec dbus-run-session -- sh -c 'exec "$@" >&3 3>&-' sh "$@" """
UNKNOWN_CA, BAD_IDENTITY = 1, 2


def get_variables():
    """What the browsers need here."""
    variables = {'DISPLAY': screen_module.DISPLAY, 'GDK_BACKEND': 'x11', 'LIBGL_ALWAYS_SOFTWARE': '1', 'G_DEBUG': ''}
    # WebKit's sandbox is WebKit's matter. Some kernels forbid users what it is made of.
    probe = subprocess.run(as_user('alice', 'bwrap', '--unshare-all', '--ro-bind', '/', '/', 'true'),
                           env=get_environment(STOCK), stderr=subprocess.DEVNULL)
    if probe.returncode != 0:
        variables['WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS'] = '1'
    return variables


class Browsers(ApplicationTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        root = os.path.join(TMPDIR, 'www')
        os.mkdir(root)
        web_page.write_page(root)
        cls.server = WebServer(root)
        cls.screen = screen_module.Screen()
        cls.variables = get_variables()

    @classmethod
    def tearDownClass(cls):
        cls.screen.close()
        cls.server.close()

    def open(self, backend, *argv):
        return Application(backend, 'sh', '-c', SESSION, 'sh', *argv, **self.variables)

    def view(self, backend, *arguments):
        return self.open(backend, get_program('web-view.py'), *arguments)

    def wait_for_images(self, n_missing):
        deadline = time.monotonic() + TIMEOUT
        while True:
            missing = web_page.find_missing(self.screen.take_picture())
            if len(missing) == n_missing:
                return
            self.assertLess(time.monotonic(), deadline, f'these images do not appear, or do not go away: {missing}')

    def check_page(self, open_page, site, protocol, name):
        before = os.path.getsize(self.server.log)
        self.wait_for_images(web_page.N_IMAGES)
        with open_page(self.server.get_url(site, '/index.html')):
            self.wait_for_images(0)
        self.screen.keep_picture(name)
        with open(self.server.log) as file:
            file.seek(before)
            requests = {line.rstrip('\n') for line in file}
        paths = ['/index.html'] + [f'/{number}.png' for number in range(web_page.N_IMAGES)]
        self.assertEqual({f'200 GET {path} {protocol}' for path in paths} - requests, set())

    @on_both(completed=range(2, 9))
    def test_view(self, backend):
        """Breaks if one of forty images does not arrive, over several connections, or over one of HTTP/2."""
        for site, protocol in (('http1', 'HTTP/1.1'), ('http2', 'HTTP/2.0')):
            with self.subTest(site=site):
                self.check_page(lambda url: self.view(backend, url), site, protocol, f'view-{site}-{backend}')

    @on_both(completed=range(1, 9))
    def test_epiphany(self, backend):
        """Breaks if one of forty images does not arrive in Epiphany."""
        self.check_page(lambda url: self.open(backend, 'epiphany', '--private-instance', url), 'http2', 'HTTP/2.0',
                        f'epiphany-{backend}')

    @on_both(failed=range(2, 9))
    def test_refused(self, backend):
        """Breaks if a page of a server that is not the right one is shown, or the view is told another reason."""
        for site, errors in (('self-signed', UNKNOWN_CA), ('wrong-name', BAD_IDENTITY)):
            with self.view(backend, self.server.get_url(site)) as view:
                line = view.read_line('view: ')
                # On a busy machine GIO's own backend leaves WebKit now and then with no other reason.
                if backend == 'handoff' or line != 'failed Operation was cancelled':
                    self.assertEqual(line, f'refused {errors}')

    def check_client_certificate(self, backend, files, outcome):
        for site in ('client-optional', 'client-required'):
            with self.subTest(site=site), self.view(backend, self.server.get_url(site), *files) as view:
                self.assertEqual(view.read_line('view: '), 'certificate requested')
                line = view.read_line('view: ')
                self.assertEqual((line.split()[0], line.split()[4:]), ('loaded', outcome[site]), line)

    @on_both(completed=range(2, 5))
    def test_client_certificate(self, backend):
        """Breaks if the person in front of a view is not asked for a certificate, or it does not reach the server."""
        files = [copy_for_users(certificate(name)) for name in ('client.pem', 'client.key')]
        shown = ['SUCCESS', 'CN=client']
        self.check_client_certificate(backend, files, {'client-optional': shown, 'client-required': shown})


if __name__ == '__main__':
    need('Xvfb', 'epiphany', 'bwrap', library=('WebKit2', '4.1'))
    import screen as screen_module
    unittest.main(verbosity=2)
