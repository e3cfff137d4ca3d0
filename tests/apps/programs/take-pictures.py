#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Pictures of the whole screen: one for each line of the input, as a PNG file PATH; take-pictures.py PATH. A line says when
it is there."""

import sys

import gi
gi.require_version('Gdk', '3.0')
from gi.repository import Gdk

for _ in sys.stdin:
    root = Gdk.get_default_root_window()
    picture = Gdk.pixbuf_get_from_window(root, 0, 0, root.get_width(), root.get_height())
    picture.savev(sys.argv[1], 'png', [], [])
    print('taken', flush=True)
