# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Somebody who has taken over the program that parses what he sends: needs a build with the option attack."""

import array
import collections
import itertools
import os
import re
import signal
import socket
import struct
import subprocess

from gi.repository import GLib

from caller import TIMEOUT, wait_until
from programs import read_descriptors

MAGIC = b'DEED\n'  # service/attack/attack.h
LINK = 3  # the descriptor of a program's link to the broker when it is started
MOVED_LINK = 4095  # where it is from then on
# service/link/link-message.h
NOTICE, REQUEST, REPLY, ERROR = 1, 2, 3, 4
MAX_MESSAGE = 128 * 1024

# A message of a link's; reply: None if it wants no answer.
Row = collections.namedtuple('Row', 'link number name direction type reply min_fds max_fds')


def read_rows(link):
    """{name: Row} of what may be said on a link."""
    output = subprocess.run([os.environ['HANDOFF_TEST_LINK_ROWS']], check=True, text=True, stdout=subprocess.PIPE).stdout
    rows = {}
    for line in output.splitlines():
        of_link, number, name, direction, body, reply, min_fds, max_fds = line.split(' ')
        if of_link == link:
            rows[name] = Row(link, int(number), name, direction, body, None if reply == '-' else reply, int(min_fds),
                             int(max_fds))
    return rows


def zero(kind):
    """A value of that type: (its text, what follows the type)."""
    first, rest = kind[0], kind[1:]
    if first == 'a':
        _, rest = zero(rest)
        return ('{}' if kind[1] == '{' else '[]'), rest
    if first in '({':
        end, values = {'(': ')', '{': '}'}[first], []
        while rest[0] != end:
            value, rest = zero(rest)
            values.append(value)
        return f'({", ".join(values)}{"," if len(values) == 1 else ""})', rest[1:]
    return {'s': "''", 'o': "'/'", 'g': "''", 'v': "<''>", 'b': 'false'}.get(first, '0'), rest


def zeros(kind):
    return GLib.Variant.parse(GLib.VariantType(kind), zero(kind)[0], None, None)


def packet(kind, number, serial, body):
    """body: a GLib.Variant, or bytes"""
    data = body if isinstance(body, bytes) else body.get_data_as_bytes().get_data()
    return struct.pack('=BBHI', kind, number, 0, serial) + data


# What no program of the service may do: (call, arguments, what libraries may probe: an error instead of death). OTHER: a
# process that is not its own.
OTHER = object()
AT_FDCWD = -100
PROT_ALL, PROT_EXEC = 7, 5
MAP_PRIVATE_ANONYMOUS = 0x22
PTRACE_ATTACH = 16
FORBIDDEN = [
    ('openat', (AT_FDCWD, '/etc/passwd', os.O_RDONLY), 'ENOENT'),
    ('openat', (AT_FDCWD, '/proc/self/maps', os.O_RDONLY), 'ENOENT'),
    ('openat', (AT_FDCWD, '/var/lib/tls-handoff/credentials', os.O_RDONLY), 'ENOENT'),
    ('openat', (AT_FDCWD, '/run/handoff-test/tmp/mark', os.O_WRONLY | os.O_CREAT, 0o666), 'ENOENT'),
    ('openat2', (AT_FDCWD, '/etc/passwd', None, 24), 'ENOSYS'),
    ('open_by_handle_at', (AT_FDCWD, None, 0), None),
    ('name_to_handle_at', (AT_FDCWD, '/etc', None, None, 0), None),
    ('readlinkat', (AT_FDCWD, '/proc/self/exe', None, 4096), 'ENOENT'),
    ('unlinkat', (AT_FDCWD, '/run/handoff-test/tmp/mark', 0), None),
    ('linkat', (AT_FDCWD, '/etc/passwd', AT_FDCWD, '/run/handoff-test/tmp/mark', 0), None),
    ('renameat2', (AT_FDCWD, '/run/handoff-test/tmp/mark', AT_FDCWD, '/run/handoff-test/tmp/other', 0), None),
    ('socket', (socket.AF_UNIX, socket.SOCK_STREAM, 0), None),
    ('socket', (socket.AF_INET, socket.SOCK_STREAM, 0), None),
    ('socket', (socket.AF_NETLINK, socket.SOCK_RAW, 0), None),
    ('socketpair', (socket.AF_UNIX, socket.SOCK_STREAM, 0, None), None),
    ('connect', (3, None, 16), None),
    ('bind', (3, None, 16), None),
    ('listen', (3, 1), None),
    ('accept4', (3, 0, 0, 0), None),
    ('clone', (signal.SIGCHLD, 0, 0, 0, 0), None),
    ('execve', ('/bin/true', 0, 0), None),
    ('execveat', (AT_FDCWD, '/bin/true', 0, 0, 0), None),
    ('ptrace', (PTRACE_ATTACH, OTHER, 0, 0), None),
    ('process_vm_readv', (OTHER, None, 1, None, 1, 0), None),
    ('process_vm_writev', (OTHER, None, 1, None, 1, 0), None),
    ('pidfd_open', (OTHER, 0), None),
    ('pidfd_getfd', (3, 0, 0), None),
    ('pidfd_send_signal', (3, signal.SIGKILL, 0, 0), None),
    ('kcmp', (OTHER, OTHER, 0, 0, 0), None),
    ('kill', (OTHER, signal.SIGKILL), None),
    ('kill', (-1, signal.SIGKILL), None),
    ('tkill', (OTHER, signal.SIGKILL), None),
    ('tgkill', (OTHER, OTHER, signal.SIGKILL), None),
    ('rt_sigqueueinfo', (OTHER, signal.SIGKILL, None), None),
    ('rt_tgsigqueueinfo', (OTHER, OTHER, signal.SIGKILL, None), None),
    ('mmap', (0, 4096, PROT_ALL, MAP_PRIVATE_ANONYMOUS, -1, 0), None),
    ('mmap', (0, 4096, PROT_EXEC, MAP_PRIVATE_ANONYMOUS, -1, 0), None),
    ('mprotect', (0, 4096, PROT_EXEC), None),
    ('pkey_mprotect', (0, 4096, PROT_EXEC, -1), None),
    ('prctl', (4, 1, 0, 0, 0), None),  # PR_SET_DUMPABLE
    ('prctl', (22, 0, 0, 0, 0), None),  # PR_SET_SECCOMP
    ('prlimit64', (0, 7, None, 0), None),
    ('setrlimit', (4, None), None),
    ('setuid', (0,), None),
    ('setresuid', (0, 0, 0), None),
    ('unshare', (0x10000000,), None),
    ('setns', (3, 0), None),
    ('mount', ('/', '/', 0, 0x1000, 0), None),
    ('fsopen', ('tmpfs', 0), None),
    ('chroot', ('/',), None),
    ('bpf', (0, None, 128), None),
    ('perf_event_open', (None, 0, -1, -1, 0), None),
    ('userfaultfd', (0,), None),
    ('io_uring_setup', (1, None), None),
    ('keyctl', (0, -3, 0, 0, 0), None),
    ('shmget', (1, 4096, 0o1777), None),
    ('init_module', (None, 4096, ''), None),
    ('seccomp', (1, 0, None), None),
    ('process_madvise', (3, None, 1, 8, 0), None),
]


def arguments_for(arguments, other):
    return [other if argument is OTHER else argument for argument in arguments]


def call_line(name, *arguments):
    """The deed. Texts are given to the call as such, None is room to write into."""
    words = [f'"{word}"' if isinstance(word, str) else '?' if word is None else str(int(word)) for word in arguments]
    return ' '.join(['call', name, *words])


class Shell:
    """Takes over what does a handshake of a channel's user. Deeds: service/attack/deed.h. It has a whole thread of the
    program for itself: whoever does not close it takes that from those who come after."""

    def __init__(self, channel, **options):
        self.is_seized = False
        self.serials = itertools.count(1 << 20)  # none that the program's own code has used
        self.channel = channel
        # A socket in the program that stays there and says nothing (seize_link()).
        self.silent, end = socket.socketpair()
        with end:
            self.inode = os.fstat(end.fileno()).st_ino
            channel.start_handshake(end)
        self.silent.settimeout(TIMEOUT)
        self.silent.recv(1, socket.MSG_PEEK)  # its hello
        self.peer, end = socket.socketpair()
        self.peer.settimeout(TIMEOUT)
        with end:
            self.serial = channel.start_handshake(end, **options)
        self.file = self.peer.makefile('rb')
        head = self.file.read(5)
        assert head[:1] == b'\x16', head  # the ClientHello
        self.file.read(int.from_bytes(head[3:5], 'big'))
        self.peer.sendall(MAGIC)

    def do(self, deed):
        """What came of it; None if the program has ended."""
        try:
            self.peer.sendall(deed.encode() + b'\n')
            answer = self.file.readline()
        except ConnectionError:
            return None
        return answer.decode().rstrip('\n') or None

    def call(self, name, *arguments):
        """A system call: its result, or the name of its error; None if the program has ended."""
        answer = self.do(call_line(name, *arguments))
        if answer is None:
            return None
        kind, value = answer.split(' ')
        assert kind in ('returned', 'failed'), answer
        return int(value) if kind == 'returned' else value

    def next_serial(self):
        return next(self.serials)

    def list_descriptors(self):
        """{number: kind}"""
        found = re.findall(r' (\d+):(\w+)', self.do('descriptors'))
        return {int(number): kind for number, kind in found}

    def get_pid(self):
        return self.call('getpid')

    def send(self, fd, data, n_copies=0, size=None):
        """A packet, padded to size, with copies of the descriptor itself: the same answers as call()."""
        answer = self.do(f'send {fd} {len(data) if size is None else size} {n_copies} {data.hex()}')
        return answer and answer.split(' ')[1]

    def receive(self, fd):
        """(bytes, number of descriptors) of what waits there; None if nothing does, or the program has ended."""
        answer = (self.do(f'receive {fd}') or 'failed').split(' ')
        return (bytes.fromhex(answer[1]), int(answer[2])) if answer[0] == 'received' else None

    def seize_link(self):
        """Takes the link to the broker away from the program's own code: the descriptor that it has now."""
        pid = self.get_pid()
        # The program may close others meanwhile.
        other = next(number for number, target in read_descriptors(pid).items() if target == f'socket:[{self.inode}]')
        self.is_seized = True
        link = self.call('dup', MOVED_LINK)
        self.call('dup2', other, MOVED_LINK)
        return link

    def ask(self, link, row, body, serial, n_fds=0):
        """The answer to a request on a seized link: (kind, body, number of descriptors); None if the program has ended
        instead."""
        self.send(link, packet(REQUEST, row.number, serial, body), n_fds)
        answer = []

        def has_come():
            if self.get_pid() is None:
                return True
            while (received := self.receive(link)) is not None:
                data, n_received = received
                if len(data) >= 8 and struct.unpack('=BBHI', data[:8])[3] == serial and data[0] in (REPLY, ERROR):
                    kind = GLib.VariantType(row.reply if data[0] == REPLY else '(ssa{sv})')
                    answer[:] = [data[0], GLib.Variant.new_from_bytes(kind, GLib.Bytes.new(data[8:]), False), n_received]
                    return True
            return False

        wait_until(has_come, f'{row.name} is answered, or the program ended')
        return tuple(answer) or None

    def close(self):
        # A program that hears nothing of the broker any more serves nobody.
        if self.is_seized:
            self.do('crash')
            self.is_seized = False
        self.file.close()
        self.peer.close()
        self.silent.close()
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Program:
    """One of the service's programs, started as the broker starts it, with the broker's end of its link."""

    def __init__(self, name, *arguments, environment=None):
        self.rows = read_rows(name)
        self.link, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.link.settimeout(TIMEOUT)
        with end:
            self.process = subprocess.Popen([f'/usr/libexec/tls-handoff-{name}', *arguments], pass_fds=[LINK],
                                            env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, preexec_fn=lambda: os.dup2(end.fileno(), LINK))

    def tell(self, name, body, serial=0, fds=()):
        row = self.rows[name]
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))] if fds else []
        self.link.sendmsg([packet(REQUEST if row.reply else NOTICE, row.number, serial, body)], rights)

    def end(self):
        """How it ended, after the link has."""
        self.link.close()
        return self.process.wait(TIMEOUT)
