/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* A protocol in which TLS begins in the middle. */
typedef struct _CliStarttls CliStarttls;

const CliStarttls *cli_starttls_find (const char *name, GError **error);
guint16 cli_starttls_get_port (const CliStarttls *self);
gboolean cli_starttls_run (
    const CliStarttls *self, int fd, const char *domain, guint timeout, GError **error);

const char *cli_starttls_guess (const char *peer_protocol, guint16 port);
