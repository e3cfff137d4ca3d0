/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What the broker asks for a certificate request: HANDOFF_CERTIFICATE_REQUEST_TYPE, of user 1000.
 * dns_name: (nullable). (transfer floating) */
GVariant *test_request_new (const char *id, const char *common_name, const char *dns_name);
