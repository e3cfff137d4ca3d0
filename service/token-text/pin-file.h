/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* The PIN file of the configuration: groups named like tokens, with a key Pin, in the syntax of
 * GKeyFile. GKeyFile itself would leave PINs in ordinary memory. */

/* The PIN of that token, in secret memory; NULL without an error if the file has none for it, or
 * does not exist. identity: (out) (transfer full) (optional): of the file, as it is now.
 * TLS_HANDOFF_ERROR_INVALID_ARGUMENT if the file must not be used: it cannot be read, is no regular
 * file, others may read it, or its syntax is wrong. Reads a local file, at most 64 KiB. Any thread.
 */
GBytes *
handoff_pin_file_find (const char *path, const char *token, char **identity, GError **error);
