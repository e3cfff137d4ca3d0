/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Errors of calls: of the service, and of calls that did not reach it. */

/* For each error that came from outside. Puts an explanation before the message of an error of the
 * bus (the service is absent, the bus's policy refuses the call, …). What the service itself says
 * is translated. */
void handoff_service_error_explain (GError **error);

/* Moves an error of the bus's connection, such as G_IO_ERROR_CLOSED, to the domain G_DBUS_ERROR. A
 * caller that also reads and writes another stream sees by the domain which of the two failed. */
void handoff_service_error_mark_unreachable (GError **error);

/* For an error that comes after the peer was sent something: that a limit was reached (of the
 * service or of the bus) does not mean any more that the same handshake may be tried again. */
void handoff_service_error_mark_begun (GError **error);
