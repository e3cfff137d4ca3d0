/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Whether a value that a handshaker made can be sent on the bus as it is: a bus cuts off who sends
 * what its protocol does not have (types that only GVariant has, too many levels of containers),
 * and here that is the service. Deeper or longer types than our methods have are refused. */
gboolean handoff_bus_value_check (GVariant *value);
