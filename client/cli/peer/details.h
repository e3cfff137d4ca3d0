/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

GPtrArray *cli_details_get_bytes (GVariant *details, const char *key);
