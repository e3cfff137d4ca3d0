/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What a credential may be called. Checked where a credential is made, and where an option names
 * one. 1 to 64 characters, no control character, no slash, no white space at its ends;
 * TLS_HANDOFF_ERROR_INVALID_ARGUMENT otherwise. */
gboolean handoff_credential_label_check (const char *label, GError **error);
/* How a caller names one: by its label, or by the path of its object. option: for the error. */
gboolean handoff_credential_name_check (const char *option, const char *name, GError **error);
