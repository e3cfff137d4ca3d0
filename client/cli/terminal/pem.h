/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

char *cli_pem_encode (const char *label, GBytes *der);
GBytes *cli_pem_decode (const char *label, GBytes *text);
