/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* A copy of an aay as certificates: (element-type GBytes) (transfer full) */
GPtrArray *handoff_certificates_from_variant (GVariant *certificates);
/* The reverse; floating. */
GVariant *handoff_certificates_to_variant (GPtrArray *certificates);
