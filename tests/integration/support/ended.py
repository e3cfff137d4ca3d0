# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Certificates that have ended. From version 3.4 on, `openssl x509 -days` makes none."""

import datetime

from command import certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization


def end_certificate(pem, ca):
    """The certificate as the authority makes it anew: it ended yesterday."""
    old = x509.load_pem_x509_certificate(pem.encode())
    with open(certificate(ca + '.key'), 'rb') as file:
        key = serialization.load_pem_private_key(file.read(), None)
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (x509.CertificateBuilder()
               .issuer_name(old.issuer).subject_name(old.subject).public_key(old.public_key())
               .serial_number(old.serial_number)
               .not_valid_before(now - datetime.timedelta(days=2)).not_valid_after(now - datetime.timedelta(days=1)))
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
