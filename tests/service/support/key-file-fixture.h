/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Key files as other programs write them, made where the tests are run. */

/* What a command of bash prints, run in the directory of the test certificates; $EDIT is
 * tests/lib/edit-pkcs12, and $D a directory that is removed afterwards. */
GBytes *key_file_make (const char *command);

/* Imports what command prints. passphrase: (nullable). message: (nullable): what the error must
 * say; NULL: none, and a chain of n_certificates. */
void key_file_expect (const char *command,
                      const char *passphrase,
                      const char *message,
                      guint n_certificates);
