/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What an error carries beyond its message: details, an a{sv}, and the message as the service wrote
 * it, if error->message is a translation. GLib calls that an extended error domain. Only errors of
 * the domain TLS_HANDOFF_ERROR have them. */

#define HANDOFF_ERROR_DOMAIN_NAME "tls-handoff-error"

/* Registers the domain with GLib, once in a process: see tls-handoff-error.c. */
GQuark handoff_error_details_register (void);
/* error: of that domain. (transfer none) (nullable) */
GVariant *handoff_error_details_get (const GError *error);
/* error: of the domain TLS_HANDOFF_ERROR. details: consumed if floating; they replace those that
 * the error has. */
void handoff_error_set_details (GError *error, GVariant *details);
/* error: of that domain. (transfer none) (nullable) */
const char *handoff_error_get_original_message (const GError *error);
/* error: of the domain TLS_HANDOFF_ERROR. */
void handoff_error_set_original_message (GError *error, const char *message);
