#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""A file system of a caller's own, with one file: whoever closes, reads or looks at it waits as long as the test likes.

FuseMount is for the test. The file system is served by another process (this file as a program): the test closes
descriptors of it too, and would wait for itself."""

import ctypes
import os
import select
import struct
import subprocess
import sys

# linux/fuse.h
LOOKUP, GETATTR, OPEN, READ, RELEASE, FLUSH, INIT, OPENDIR, RELEASEDIR = 1, 3, 14, 15, 18, 25, 26, 27, 29
SILENT = (2, 36, 42)  # FORGET, INTERRUPT, BATCH_FORGET: have no answer
HEADER = struct.Struct('<IIQQIIII')
SIZE = 8192
NAMES = {'flush': FLUSH, 'read': READ, 'getattr': GETATTR}


class FuseMount:
    """Mounted when the constructor returns. Operations that "held" names wait until release() when the user with that
    id asks."""

    def __init__(self, path, held, uid):
        os.makedirs(path, exist_ok=True)
        self.mount_point = path
        self.path = os.path.join(path, 'file')
        self.process = subprocess.Popen([sys.executable, __file__, path, held, str(uid)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == 'mounted\n'

    def open(self):
        return os.open(self.path, os.O_RDWR)

    def count_held(self):
        self.process.stdin.write('count\n')
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def release(self):
        """All of them, and those that come."""
        self.process.stdin.write('release\n')
        self.process.stdin.flush()
        assert self.process.stdout.readline() == 'released\n'

    def end(self):
        subprocess.run(['umount', '--lazy', self.mount_point], check=True)
        self.process.kill()
        self.process.communicate()


class Server:
    def __init__(self, path, held, uid):
        self.held_operation = NAMES[held]
        self.uid = uid
        self.held = []
        self.released = False
        self.fuse = os.open('/dev/fuse', os.O_RDWR)
        libc = ctypes.CDLL(None, use_errno=True)
        options = f'fd={self.fuse},rootmode=40000,user_id=0,group_id=0,allow_other'
        if libc.mount(b'test', path.encode(), b'fuse', 0, options.encode()) != 0:
            raise OSError(ctypes.get_errno(), 'mount')

    def reply(self, unique, data=b'', error=0):
        os.write(self.fuse, struct.pack('<IiQ', 16 + len(data), error, unique) + data)

    def answer(self, operation, unique, node):
        def attributes(inode):
            mode = 0o40777 if inode == 1 else 0o100666
            return struct.pack('<QQQQQQIIIIIIIIII', inode, SIZE, 16, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

        if operation == INIT:
            self.reply(unique, struct.pack('<IIIIHHIIHHI', 7, 31, 65536, 0, 12, 10, 65536, 1, 0, 0, 0) + b'\0' * 24)
        elif operation == LOOKUP:
            self.reply(unique, struct.pack('<QQQQII', 2, 0, 60, 0, 0, 0) + attributes(2))
        elif operation == GETATTR:
            self.reply(unique, struct.pack('<QII', 0, 0, 0) + attributes(node))
        elif operation in (OPEN, OPENDIR):
            self.reply(unique, struct.pack('<QII', 1, 2, 0))  # FOPEN_KEEP_CACHE: nobody waits who opens it
        elif operation == READ:
            self.reply(unique, b'x' * 4096)
        elif operation in (FLUSH, RELEASE, RELEASEDIR):
            self.reply(unique)
        elif operation not in SILENT:
            self.reply(unique, error=-38)  # ENOSYS

    def request(self):
        try:
            data = os.read(self.fuse, 1 << 17)
        except OSError:  # unmounted
            sys.exit(0)
        _, operation, unique, node, uid, _, _, _ = HEADER.unpack(data[:HEADER.size])
        if operation == self.held_operation and uid == self.uid and not self.released:
            self.held.append((operation, unique, node))
        else:
            self.answer(operation, unique, node)

    def command(self, line):
        if line == 'count\n':
            print(len(self.held), flush=True)
        elif line == 'release\n':
            self.released = True
            while self.held:
                self.answer(*self.held.pop())
            print('released', flush=True)

    def run(self):
        print('mounted', flush=True)
        while True:
            ready, _, _ = select.select([self.fuse, sys.stdin], [], [])
            if self.fuse in ready:
                self.request()
            if sys.stdin in ready:
                self.command(sys.stdin.readline())


if __name__ == '__main__':
    Server(sys.argv[1], sys.argv[2], int(sys.argv[3])).run()
