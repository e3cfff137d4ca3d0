/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Whether the service could work with that file, as far as that can be told without a bus: the file
 * is read, and a handshaker judges its policy and the trust store. Starts one, and iterates the
 * main context. A file that does not exist stands for the defaults.
 * TLS_HANDOFF_ERROR_INVALID_ARGUMENT says what is wrong in which file. */
gboolean handoff_configuration_check (const char *configuration_file, GError **error);
