# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""A page that shows whether all of it arrived: forty images, each of one colour of its own, in a grid."""

import os
import struct
import zlib

N_COLUMNS, N_ROWS = 8, 5
N_IMAGES = N_COLUMNS * N_ROWS
CELL = 40  # pixels, each way


def get_colour(number):
    """(red, green, blue): no two have the same, and nothing that a browser draws around the page has that of the first."""
    return (40 + 5 * number, 250 - 6 * number, (number * 67) % 200 + 20)


def make_image(colour):
    """A PNG file of one pixel."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 1, 1, 8, 2, 0, 0, 0)) + \
        chunk(b'IDAT', zlib.compress(b'\0' + bytes(colour))) + chunk(b'IEND', b'')


def write_page(directory):
    """Makes index.html and its images."""
    images = []
    for number in range(N_IMAGES):
        with open(os.path.join(directory, f'{number}.png'), 'wb') as file:
            file.write(make_image(get_colour(number)))
        x, y = number % N_COLUMNS * CELL, number // N_COLUMNS * CELL
        images.append(f'<img src="{number}.png" style="left:{x}px;top:{y}px">')
    with open(os.path.join(directory, 'index.html'), 'w') as file:
        file.write(f'''<!DOCTYPE html><title>Forty images</title>
<style>body {{ margin: 0; background: white }} img {{ position: absolute; width: {CELL}px; height: {CELL}px }}</style>
{''.join(images)}
''')


def find_missing(picture):
    """The numbers of the images that are not to be seen where they should be."""
    origin = picture.find(get_colour(0)) or (0, 0)
    return [number for number in range(N_IMAGES)
            if picture.get(origin[0] + number % N_COLUMNS * CELL + CELL // 2,
                           origin[1] + number // N_COLUMNS * CELL + CELL // 2) != get_colour(number)]
