/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

/* Secrets for the service. A monitor of the bus sees the body of a message, but not the content of
 * a descriptor. So each secret travels in a memfd. */

/* Appends a memfd with the content of secret to fds. Returns its index, or -1 with an error. */
int handoff_secret_file_append (GUnixFDList *fds, GBytes *secret, GError **error);
/* The same for a string. */
int handoff_secret_file_append_string (GUnixFDList *fds, const char *secret, GError **error);
