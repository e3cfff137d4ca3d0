/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* What it means that a call did not get through to the service. */

/* Puts what an error of the bus (absent service, refused by its policy, …) means before its
 * message. Errors that the service itself sent stay as they are. */
void handoff_service_error_explain (GError **error);

/* What the bus's connection says when a call does not get through, such as G_IO_ERROR_CLOSED, is of
 * the domain G_DBUS_ERROR then: whoever does input and output of its own beside the calls tells by
 * that which of them failed. */
void handoff_service_error_mark_unreachable (GError **error);
