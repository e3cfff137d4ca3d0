# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What to search for where secrets must not be."""

import base64
import re
import subprocess

from command import certificate, read


def private_parts(name):
    """What only the holder of the key knows, in every form in which it may be written."""
    pem = read(name + '.key')
    parts = [line.encode() for line in pem.splitlines() if len(line) == 64]
    der = base64.b64decode(''.join(line for line in pem.splitlines() if '-----' not in line))
    text = subprocess.run(['openssl', 'pkey', '-in', certificate(name + '.key'), '-noout', '-text'], text=True,
                          check=True, stdout=subprocess.PIPE).stdout
    for field in ('priv:', 'privateExponent:', 'prime1:', 'prime2:'):
        match = re.search(rf'{field}\n((?: +[0-9a-f:]+\n)+)', text)
        if match:
            number = bytes.fromhex(re.sub(r'[\s:]', '', match.group(1))).lstrip(b'\0')
            # As bytes, in both orders; as text; as in an array that a tool prints.
            parts += [number[:24], number[::-1][:24], number, number[::-1],
                      number.hex()[:48].encode(), number.hex()[:48].upper().encode(),
                      b', '.join(str(byte).encode() for byte in number[:16]),
                      b' '.join(str(byte).encode() for byte in number[:16]),
                      base64.b64encode(number)[:32], base64.b64encode(der)[-40:]]
    assert len(parts) > 5, name
    return parts


def pieces(data):
    """Pieces of what may lie in freed memory: the allocator uses the first 16 bytes for itself, and more may have been
    written over."""
    return [data[at:at + 16] for at in range(16, len(data) - 15, 16)] or [data]


def freed_private_parts(name):
    """The same as private_parts() in pieces, for memory."""
    return sorted({piece for part in private_parts(name) for piece in pieces(part)})


def freed_pem_parts(name):
    """The same of the text of a key's PEM alone."""
    return sorted({piece for line in read(name + '.key').splitlines() if '-----' not in line
                   for piece in pieces(line.encode())})


def text_parts(text):
    """A passphrase, in every form that a library may have converted it to, in pieces."""
    data = text.encode()
    forms = [data, text.encode('utf-16-le'), text.encode('utf-16-be'), text.encode('utf-32-le'), data.hex().encode(),
             base64.b64encode(data)]
    return [piece for form in forms for piece in pieces(form)]
