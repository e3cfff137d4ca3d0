/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gnutls/x509.h>

#include "key/private-key.h"

/* A key in this process's memory, for tests of what is done with a signature: the service has its
 * keys in other processes. It signs in the thread that asks, before the call returns. key:
 * (transfer full), also if it fails. */
HandoffPrivateKey *test_memory_key_new (gnutls_x509_privkey_t key, GError **error);
