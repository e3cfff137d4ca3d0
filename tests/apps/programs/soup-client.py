#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""A client of libsoup 3: soup-client.py SCENARIO URL [OPTIONS]. Prints as JSON what came of each request."""

import argparse
import hashlib
import json

import gi
gi.require_version('Soup', '3.0')
from gi.repository import Gio, GLib, Soup


class OwnDatabase(Gio.TlsDatabase):
    """Decides by itself, as a program with exceptions of its own does."""

    def __init__(self, errors):
        super().__init__()
        self.errors = errors
        self.asked = []

    def do_verify_chain(self, chain, purpose, identity, _interaction, _flags, _cancellable):
        self.asked.append([chain.props.subject_name, purpose, identity.to_string()])
        return self.errors


def describe(error):
    """domain and number: stable, as the texts are not."""
    return f'{error.domain} {error.code}'


class Client:
    def __init__(self, options):
        self.options = options
        self.loop = GLib.MainLoop()
        self.session = Soup.Session(max_conns=options.number, max_conns_per_host=options.number)
        self.session.set_timeout(options.timeout)
        self.database = None
        if options.proxy:
            self.session.set_proxy_resolver(Gio.SimpleProxyResolver.new(options.proxy, None))
        if options.trust_nobody:
            self.session.set_tls_database(None)
        elif options.database:
            self.session.set_tls_database(Gio.TlsFileDatabase.new(options.database))
        elif options.own_database is not None:
            self.database = OwnDatabase(Gio.TlsCertificateFlags(options.own_database))
            self.session.set_tls_database(self.database)
        self.certificate = None
        if options.certificate:
            self.certificate = Gio.TlsCertificate.new_from_files(options.certificate + '.pem', options.certificate + '.key')
        self.results = []

    def create_message(self):
        message = Soup.Message.new('POST' if self.options.upload else 'GET', self.options.url)
        if self.options.upload:
            message.set_request_body_from_bytes('text/plain', GLib.Bytes.new(self.options.upload * b'x'))
        if self.options.accept:
            message.connect('accept-certificate', self.accept)
        if self.certificate and not self.options.late:
            message.set_tls_client_certificate(self.certificate)
        if self.options.late:
            message.connect('request-certificate', self.certificate_requested)
        return message

    def accept(self, _message, _certificate, errors):
        self.results.append({'asked': int(errors)})
        return True

    def certificate_requested(self, message, _connection):
        """Answers when the main loop has gone on, as one that asks a person does."""
        def answer():
            message.set_tls_client_certificate(self.certificate)
            return GLib.SOURCE_REMOVE
        GLib.timeout_add(100, answer)
        self.results.append('certificate requested')
        return True

    def report(self, message, read):
        try:
            body = read()
        except GLib.Error as error:
            self.results.append({'error': describe(error), 'errors': int(message.get_tls_peer_certificate_errors())})
            return
        data = body.get_data() or b''
        text = data.decode() if len(data) < 1000 else hashlib.sha256(data).hexdigest()
        version = {0: '1.0', 1: '1.1', 2: '2'}[int(message.get_http_version())]
        self.results.append({'status': message.get_status(), 'version': version, 'body': text,
                             'errors': int(message.get_tls_peer_certificate_errors()),
                             'protocol': message.get_tls_protocol_version().value_nick})

    def sequence(self):
        """One after the other, each blocking."""
        for _ in range(self.options.number):
            message = self.create_message()
            self.report(message, lambda: self.session.send_and_read(message, None))

    def many(self):
        """All at once."""
        left = self.options.number

        def received(session, result, message):
            nonlocal left
            self.report(message, lambda: session.send_and_read_finish(result))
            left -= 1
            if not left:
                self.loop.quit()

        for _ in range(self.options.number):
            message = self.create_message()
            self.session.send_and_read_async(message, GLib.PRIORITY_DEFAULT, None, received, message)
        self.loop.run()

    def cancel(self):
        """When there is something to read."""
        cancellable = Gio.Cancellable()
        message = self.create_message()

        def received(session, result):
            self.report(message, lambda: session.send_and_read_finish(result))
            self.loop.quit()

        def told(*_):
            cancellable.cancel()
            return GLib.SOURCE_REMOVE

        GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, 0, GLib.IOCondition.IN, told)
        self.session.send_and_read_async(message, GLib.PRIORITY_DEFAULT, cancellable, received)
        self.loop.run()

    def websocket(self):
        """Sends texts, of one frame and of more than one record; prints what comes back."""
        texts = ['short', 'x' * 100000, 'the end']

        def received(connection, _type, data):
            self.results.append(hashlib.sha256(data.get_data()).hexdigest())
            if len(self.results) == len(texts):
                connection.close(Soup.WebsocketCloseCode.NORMAL, 'done')

        def closed(connection):
            self.results.append(connection.get_close_code())
            self.loop.quit()

        def connected(session, result):
            try:
                self.connection = session.websocket_connect_finish(result)
            except GLib.Error as error:
                self.results.append({'error': describe(error)})
                self.loop.quit()
                return
            self.connection.set_max_incoming_payload_size(1 << 20)
            self.connection.connect('message', received)
            self.connection.connect('closed', closed)
            for text in texts:
                self.connection.send_text(text)

        self.session.websocket_connect_async(self.create_message(), None, [], GLib.PRIORITY_DEFAULT, None, connected)
        self.loop.run()


parser = argparse.ArgumentParser()
parser.add_argument('scenario', choices=['sequence', 'many', 'cancel', 'websocket'])
parser.add_argument('url')
parser.add_argument('--number', type=int, default=1)
parser.add_argument('--timeout', type=int, default=60)
parser.add_argument('--proxy')
parser.add_argument('--trust-nobody', action='store_true')
parser.add_argument('--database')
parser.add_argument('--own-database', type=int, help='the errors that it finds with every certificate')
parser.add_argument('--accept', action='store_true')
parser.add_argument('--certificate')
parser.add_argument('--upload', type=int, help='so many bytes')
parser.add_argument('--late', action='store_true', help='gives the certificate only when it is asked for')
client = Client(parser.parse_args())
getattr(client, client.options.scenario)()
if client.database:
    client.results.append(client.database.asked)
print(json.dumps(client.results))
