/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

guint cli_service_get_pid (GVariant *service);
guint cli_service_get_uid (GVariant *service);
char *cli_service_get_user (GVariant *service);
