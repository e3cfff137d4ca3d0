#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The client in docs/CHANNEL.md does what the page says, as it stands there, run as an ordinary user. Breaks if the page
and the service differ about the messages of a channel, or about the key blobs on it."""

import multiprocessing
import os
import pathlib
import pwd
import queue
import re
import shutil
import ssl
import subprocess
import sys
import threading
import socket

sys.dont_write_bytecode = True
TREE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path += [str(TREE / 'tests/integration/support'), str(TREE / 'tests/keyblob')]

import command
import key_blob_reader

SCRIPT = os.path.join(os.environ['TMPDIR'], 'channel.py')
USER = 'alice'
PAGE = (TREE / 'docs/CHANNEL.md').read_text(encoding='utf-8')
FORMAT = key_blob_reader.Format((TREE / 'docs/KEY-BLOB.md').read_text(encoding='utf-8'))


class Server:
    """Does handshakes, and says what was negotiated."""

    def __init__(self, name):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(command.certificate(name + '.pem'), command.certificate(name + '.key'))
        # A client that leaves at once does not read them, and so resets the connection.
        self.context.num_tickets = 0
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.ciphers = queue.Queue()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(connection, server_side=True) as tls:
                    self.ciphers.put(tls.cipher()[0])
            except OSError:
                pass


def run_as_user(*arguments):
    return subprocess.run(command.as_user(USER, 'python3', *arguments), text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=command.TIMEOUT)


def check_program(server):
    done = run_as_user(SCRIPT, 'localhost', str(server.port))
    assert done.returncode == 0, done.stderr
    match = re.fullmatch(r'TLS1\.3 (TLS_\w+)\na key blob of (\d+) bytes\n', done.stdout)
    assert match, done.stdout
    cipher = server.ciphers.get(timeout=command.TIMEOUT)
    assert match.group(1) == cipher, (match.group(1), cipher)
    assert 64 <= int(match.group(2)) <= 65536


def check_error():
    done = run_as_user(SCRIPT, 'localhost', str(Server('wrong-name').port))
    assert done.returncode != 0
    assert 'org.tlshandoff.Handoff1.Error.CertificateUntrusted' in done.stderr, done.stderr


def check_blobs(port):
    """In a process of the user's: the blobs of one channel open with what the pages say."""
    from gi.repository import Gio, GLib

    user = pwd.getpwnam(USER)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    client = {'__name__': 'channel'}
    exec(compile(pathlib.Path(SCRIPT).read_text(encoding='utf-8'), SCRIPT, 'exec'), client)
    channel = client['Channel'](Gio.bus_get_sync(Gio.BusType.SYSTEM))
    opener = key_blob_reader.Channel.of_recipient(channel.private_key, channel.encapsulated_key)
    for _ in range(3):
        with socket.create_connection(('localhost', port)) as peer:
            details, blob = client['handshake'](channel, peer, 'localhost')
        state = FORMAT.read_next(opener, blob)
        assert state['role'] == 'client' and state['protocol'] == 0x0304, state
        assert details['protocol'] == 'TLS1.3'

    for path, method, name in (
            (client['ROOT'], 'ListSessions', 'org.freedesktop.DBus.Error.UnknownMethod'),
            (client['ROOT'], 'CreateSession', 'org.freedesktop.DBus.Error.InvalidArgs'),
            (client['ROOT'] + '/sessions/none', 'Step', 'org.freedesktop.DBus.Error.')):
        try:
            channel.call(path, method, GLib.Variant('()', ()))
        except client['ServiceError'] as error:
            assert error.name.startswith(name), error
        else:
            raise AssertionError(f'{method} is done')

    # A message that breaks the rules ends the channel.
    channel.send(client['REPLY'], 1, GLib.Variant('()', ()))
    try:
        channel.receive()
    except EOFError:
        pass
    else:
        raise AssertionError('the channel goes on')


def main():
    scripts = re.findall(r'^```python\n(.*?)^```', PAGE, re.M | re.S)
    assert len(scripts) == 1
    with open(SCRIPT, 'w', encoding='utf-8') as file:
        file.write(scripts[0])
    os.chmod(os.environ['TMPDIR'], 0o755)
    shutil.copy(command.certificate('ca.pem'), '/etc/ssl/certs/ca-certificates.crt')

    server = Server('ecdsa')
    check_program(server)
    check_error()
    # A copy of this process, not another one: the user may not be able to read this file.
    child = multiprocessing.get_context('fork').Process(target=check_blobs, args=(server.port,))
    child.start()
    child.join(command.TIMEOUT)
    assert child.exitcode == 0, child.exitcode


main()
