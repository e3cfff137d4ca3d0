/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* A passphrase or a PIN, NUL-terminated; wiped when it is freed. */
typedef char CliSecret;

void cli_secret_free (CliSecret *secret);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliSecret, cli_secret_free)

/* The largest file with a key and its certificates that the service takes, bytes. */
#define CLI_SECRET_MAX_CREDENTIAL_SIZE (256 * 1024)

GBytes *cli_secret_load (const char *path, gsize max_size, GError **error);
CliSecret *cli_secret_load_passphrase (const char *path, GError **error);
gboolean cli_secret_can_prompt (void);
CliSecret *cli_secret_prompt (const char *prompt, GError **error);
gboolean cli_secret_get (
    const char *option, const char *path, const char *prompt, CliSecret **secret, GError **error);
