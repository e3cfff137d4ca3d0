# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Servers of protocols in which TLS begins in the middle: as much of them as there is before TLS, then one line in TLS.
OpenSSL's s_client -starttls, which knows all of these protocols, is content with them (interop/starttls.py)."""

import contextlib
import socket
import ssl
import threading

from command import TIMEOUT, certificate

GREETING = b'in TLS\n'
# protocol: (what the server says first, its answers to other commands, the command that begins TLS, its answer)
LINES = {
    'smtp': (b'220-mail.handoff.test\r\n220 ESMTP\r\n', {b'EHLO': b'250-mail\r\n250-SIZE 9\r\n250 STARTTLS\r\n'},
             b'STARTTLS', b'220 2.0.0 go ahead\r\n'),
    'imap': (b'* OK [CAPABILITY IMAP4rev1] ready\r\n',
             {b'CAPABILITY': b'* CAPABILITY IMAP4rev1 STARTTLS\r\nTAG OK done\r\n'},
             b'STARTTLS', b'* CAPABILITY IMAP4rev1\r\nTAG OK begin TLS\r\n'),
    'pop3': (b'+OK ready\r\n', {}, b'STLS', b'+OK begin TLS\r\n'),
    'ftp': (b'220-ftp\r\n be welcome\r\n220 ready\r\n', {b'FEAT': b'211-\r\n AUTH TLS\r\n211 end\r\n'},
            b'AUTH TLS', b'234 go ahead\r\n'),
    'nntp': (b'201 news, no posting\r\n', {b'CAPABILITIES': b'101 here\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n'},
             b'STARTTLS', b'382 go ahead\r\n'),
    'sieve': (b'"IMPLEMENTATION" "peer"\r\n"SIEVE" "fileinto"\r\n"STARTTLS"\r\nOK "ready"\r\n', {},
              b'STARTTLS', b'OK "begin TLS"\r\n'),
}
XMPP_TLS = b"urn:ietf:params:xml:ns:xmpp-tls"
XMPP_STREAM = (b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='1' from='localhost' version='1.0' "
               b"xmlns:stream='http://etherx.jabber.org/streams'><stream:features><starttls xmlns='" + XMPP_TLS +
               b"'><required/></starttls></stream:features>")
LDAP_OID = b'1.3.6.1.4.1.1466.20037'
# Of MariaDB 10.11.
MYSQL_GREETING = (b'\x0a10.11.6-MariaDB\0\x03\0\0\0' + b'a' * 8 + b'\0\xfe\xff\x2d\x02\0\xff\x81\x15' + bytes(10) +
                  b'b' * 12 + b'\0mysql_native_password\0')
PROTOCOLS = (*LINES, 'ldap', 'xmpp', 'postgres', 'mysql')


def read_until(client, end):
    """Not a byte more: what follows is TLS."""
    data = b''
    while not data.endswith(end):
        byte = client.recv(1)
        if not byte:
            raise EOFError(data)
        data += byte
    return data


def read_exactly(client, size):
    data = client.recv(size, socket.MSG_WAITALL)
    if len(data) < size:
        raise EOFError(data)
    return data


class Peer:
    """A server on localhost. answer: what it says in place of its agreement, after which it hangs up; injected: what
    follows its agreement in the same segment."""

    def __init__(self, protocol, answer=None, injected=b'', port=0):
        self.protocol, self.answer, self.injected = protocol, answer, injected
        self.requests = []  # as they came, without TLS
        self.listener = socket.create_server(('127.0.0.1', port))
        self.port = self.listener.getsockname()[1]
        self.address = f'localhost:{self.port}'
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate('ecdsa.pem'), certificate('ecdsa.key'))
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(TIMEOUT)
        self.listener.close()

    def serve(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            client.settimeout(TIMEOUT)
            # Those that are refused, or refuse, hang up.
            with client, contextlib.suppress(OSError, EOFError):
                getattr(self, 'begin_' + self.protocol, self.begin_lines)(client)
                if self.answer is None:
                    with self.context.wrap_socket(client, server_side=True) as tls:
                        tls.sendall(GREETING)
                        tls.unwrap()

    def agree(self, client, agreement):
        client.sendall(agreement + self.injected if self.answer is None else self.answer)

    def begin_lines(self, client):
        greeting, answers, begin, agreement = LINES[self.protocol]
        client.sendall(greeting)
        while True:
            line = read_until(client, b'\r\n')[:-2]
            self.requests.append(line)
            tag, command = line.split(b' ', 1) if self.protocol == 'imap' else (b'', line)
            if command == begin:
                self.agree(client, agreement.replace(b'TAG', tag))
                return
            client.sendall(answers[command.split()[0]].replace(b'TAG', tag))

    def begin_xmpp(self, client):
        # OpenSSL's client writes its header with double quotes, or single ones.
        self.requests.append(read_until(client, b'>'))
        if self.requests[-1].startswith(b'<?xml'):
            self.requests.append(read_until(client, b'>'))
        client.sendall(XMPP_STREAM)
        self.requests.append(read_until(client, b'>'))
        self.agree(client, b"<proceed xmlns='" + XMPP_TLS + b"'/>")

    def begin_ldap(self, client):
        self.requests.append(read_until(client, LDAP_OID))
        message = b'\x0a\1\0\4\0\4\0\x8a' + bytes([len(LDAP_OID)]) + LDAP_OID
        message = b'\2\1\1\x78' + bytes([len(message)]) + message
        self.agree(client, b'\x30' + bytes([len(message)]) + message)

    def begin_postgres(self, client):
        self.requests.append(read_until(client, b'\0\0\0\x08\x04\xd2\x16\x2f'))
        self.agree(client, b'S')

    def begin_mysql(self, client):
        self.agree(client, len(MYSQL_GREETING).to_bytes(3, 'little') + b'\0' + MYSQL_GREETING)
        # A header that says 32, and so many bytes.
        self.requests.append(read_exactly(client, 36))
