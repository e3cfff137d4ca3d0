/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

GPtrArray *cli_certificate_file_load (const char *path, GError **error);
GPtrArray *cli_certificate_file_load_authorities (const char *path, GError **error);
