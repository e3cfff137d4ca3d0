#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""A client of GIO's sockets: socket-client.py SCENARIO PORT. Prints as JSON what came of it."""

import json
import sys
import threading

from gi.repository import Gio, GLib

REQUEST = b'GET / HTTP/1.0\r\n\r\n'
MAIL = b''.join(b'%06d the quick brown fox jumps over the lazy dog\r\n' % n for n in range(5000))


def describe(error):
    return f'{error.domain} {error.code}'


def read_all(stream):
    data = b''
    while more := stream.read_bytes(65536, None).get_data():
        data += more
    return data.decode()


def fetch(host='localhost'):
    client = Gio.SocketClient(tls=True)
    connection = client.connect_to_host(host, port)
    connection.get_output_stream().write_all(REQUEST, None)
    answer = read_all(connection.get_input_stream())
    connection.close()
    return answer.split('\r\n\r\n')[1].split(' ')[2]


def sync():
    return fetch()


def asynchronous(number=1):
    """All at once."""
    loop = GLib.MainLoop()
    answers = []

    def finish(answer):
        answers.append(answer)
        if len(answers) == number:
            loop.quit()

    def connected(client, result):
        try:
            connection = client.connect_to_host_finish(result)
        except GLib.Error as error:
            finish(error.message)
            return
        connection.get_output_stream().write_all_async(REQUEST, GLib.PRIORITY_DEFAULT, None, written, connection)

    def written(stream, result, connection):
        stream.write_all_finish(result)
        read_more(connection, b'')

    def read_more(connection, data):
        connection.get_input_stream().read_bytes_async(65536, GLib.PRIORITY_DEFAULT, None, received, connection, data)

    def received(stream, result, connection, data):
        try:
            more = stream.read_bytes_finish(result).get_data()
        except GLib.Error as error:
            finish(error.message)
            return
        if more:
            read_more(connection, data + more)
        else:
            finish(data.decode().split('\r\n\r\n')[1].split(' ')[2])

    for _ in range(number):
        Gio.SocketClient(tls=True).connect_to_host_async('localhost', port, None, connected)
    loop.run()
    return answers


def crowd():
    return asynchronous(7)


def refused():
    try:
        return fetch('other.handoff.test')
    except GLib.Error as error:
        return describe(error)


def threads():
    """Eight, ten connections each."""
    answers = []

    def work():
        for _ in range(10):
            try:
                answers.append(fetch())
            except GLib.Error as error:
                answers.append(error.message)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return answers


def starttls():
    """Sends a mail: RFC 3207."""
    connection = Gio.SocketClient().connect_to_host('localhost', port)
    # They outlive the plain part of the conversation, as a mail program's do.
    lines = Gio.DataInputStream(base_stream=connection.get_input_stream(), close_base_stream=False,
                                newline_type=Gio.DataStreamNewlineType.CR_LF)
    output = connection.get_output_stream()
    replies = []

    def expect():
        while (line := lines.read_line_utf8(None)[0])[3:4] == '-':
            pass
        replies.append(line)

    def command(text):
        output.write_all(text + b'\r\n', None)
        expect()

    expect()
    command(b'EHLO client.handoff.test')
    command(b'STARTTLS')
    tls = Gio.TlsClientConnection.new(connection, Gio.NetworkAddress.new('localhost', port))
    tls.handshake(None)
    lines = Gio.DataInputStream(base_stream=tls.get_input_stream(), newline_type=Gio.DataStreamNewlineType.CR_LF)
    output = tls.get_output_stream()
    command(b'EHLO client.handoff.test')
    command(b'MAIL FROM:<alice@handoff.test>')
    command(b'RCPT TO:<bob@handoff.test>')
    command(b'DATA')
    output.write_all(MAIL, None)
    command(b'.')
    command(b'QUIT')
    tls.close(None)
    return replies


scenario, port = sys.argv[1], int(sys.argv[2])
print(json.dumps({'sync': sync, 'async': asynchronous, 'crowd': crowd, 'refused': refused,
                  'threads': threads, 'starttls': starttls}[scenario]()))
