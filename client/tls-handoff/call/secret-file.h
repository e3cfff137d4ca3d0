/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

/* Secrets for the service, which never go in the body of a message: a monitor of the bus sees that,
 * but not what a descriptor leads to. */

/* Appends a memfd with the content of secret; its index, or -1. */
int handoff_secret_file_append (GUnixFDList *fds, GBytes *secret, GError **error);
/* Likewise, of a string. */
int handoff_secret_file_append_string (GUnixFDList *fds, const char *secret, GError **error);
