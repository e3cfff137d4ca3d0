/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* How long such a certificate is valid, days. */
#define CLI_SELF_SIGNED_DAYS 7

GBytes *cli_self_signed_new (const char *const *names, char **sha256, GError **error);
