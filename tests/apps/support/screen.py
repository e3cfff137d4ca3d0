# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""A screen of the test's own, for programs with windows, and what is to be seen on it."""

import os
import shutil
import subprocess
import threading

import gi
gi.require_version('GdkPixbuf', '2.0')
from gi.repository import GdkPixbuf

from application import STOCK, TMPDIR, Application, get_environment, get_program
from command import TIMEOUT, as_user

DISPLAY = ':7'


def make_private_tmp():
    """X servers have their sockets in /tmp, which is the machine's until then. What is there stays to be seen."""
    overlay = os.path.join(os.path.dirname(TMPDIR), 'overlay/tmp')
    for name in ('upper', 'work'):
        os.makedirs(os.path.join(overlay, name))
    os.chmod(os.path.join(overlay, 'upper'), 0o1777)
    subprocess.run(['mount', '-t', 'overlay', 'overlay', '/tmp', '-o',
                    f'lowerdir=/tmp,upperdir={overlay}/upper,workdir={overlay}/work'], check=True)
    os.makedirs('/tmp/.X11-unix', exist_ok=True)
    os.chmod('/tmp/.X11-unix', 0o1777)


class Picture:
    def __init__(self, path):
        pixels = GdkPixbuf.Pixbuf.new_from_file(path)
        assert pixels.get_n_channels() == 3
        self.row_size = pixels.get_rowstride()
        self.data = pixels.get_pixels()

    def get(self, x, y):
        """(red, green, blue)"""
        start = y * self.row_size + 3 * x
        return tuple(self.data[start:start + 3])

    def find(self, colour):
        """(x, y) of the first pixel in this colour, or None"""
        start = -1
        while (start := self.data.find(bytes(colour), start + 1)) >= 0:
            if start % self.row_size % 3 == 0:
                return start % self.row_size // 3, start // self.row_size
        return None


class Screen:
    def __init__(self):
        # A directory in /tmp cannot be reached by its name any more.
        directory = os.environ.get('HANDOFF_TEST_PICTURES')
        self.album = os.open(directory, os.O_PATH) if directory else None
        make_private_tmp()
        self.server = subprocess.Popen(as_user('alice', 'Xvfb', DISPLAY, '-screen', '0', '800x600x24', '-nolisten', 'tcp',
                                               '-displayfd', '1'), env=get_environment(STOCK), stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.server.stdout.readline(), 'the X server does not start'
        self.path = os.path.join(TMPDIR, 'picture.png')
        self.camera = Application(STOCK, get_program('take-pictures.py'), self.path, timeout=threading.TIMEOUT_MAX,
                                  DISPLAY=DISPLAY)

    def take_picture(self):
        self.camera.write_line()
        assert self.camera.read_line() == 'taken'
        return Picture(self.path)

    def keep_picture(self, name):
        """The last one, for people."""
        if self.album is not None:
            shutil.copy(self.path, f'/proc/self/fd/{self.album}/{name}.png')

    def close(self):
        self.camera.__exit__()
        self.server.terminate()
        self.server.communicate(timeout=TIMEOUT)
