#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""A WebKitGTK view that fills its window: web-view.py URL [CERTIFICATE KEY]. The certificate is for servers that ask for
one. Says in lines, after "view: ", what happens: "certificate requested", "refused ERRORS", "failed", or "loaded" with the text."""

import sys

import gi
gi.require_version('Gtk', '3.0')
gi.require_version('WebKit2', '4.1')
from gi.repository import Gio, Gtk, WebKit2


def say(text):
    print('view: ' + text, flush=True)


def changed(view, event):
    def received(resource, result):
        data = resource.get_data_finish(result)
        say('loaded ' + data.decode().split('\n')[0])

    if event == WebKit2.LoadEvent.FINISHED:
        view.get_main_resource().get_data(None, received)


def refused(_view, _uri, _certificate, errors):
    say(f'refused {int(errors)}')
    return True


def failed(_view, _event, _uri, error):
    say(f'failed {error.message}')
    return True


def authenticate(_view, request):
    if request.get_scheme() != WebKit2.AuthenticationScheme.CLIENT_CERTIFICATE_REQUESTED:
        return False
    say('certificate requested')
    credential = None
    if certificate:
        credential = WebKit2.Credential.new_for_certificate(Gio.TlsCertificate.new_from_files(*certificate),
                                                            WebKit2.CredentialPersistence.NONE)
    request.authenticate(credential)
    return True


url, *certificate = sys.argv[1:]
window = Gtk.Window(type=Gtk.WindowType.POPUP, default_width=800, default_height=600)
view = WebKit2.WebView()
for signal, handler in (('load-changed', changed), ('load-failed-with-tls-errors', refused), ('load-failed', failed),
                        ('authenticate', authenticate)):
    view.connect(signal, handler)
window.add(view)
window.show_all()
view.load_uri(url)
Gtk.main()
