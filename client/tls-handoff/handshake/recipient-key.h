/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "tls-handoff-import-key.h"

/* The argument recipient_key (ay) of the calls that return a key blob. import_key: (nullable): NULL
 * on a channel, which opens its blobs by itself: then it is empty. Else, the key of this handshake,
 * which is made if it is not there yet. (transfer floating) (nullable): NULL with an error */
GVariant *handoff_recipient_key_new (TlsHandoffImportKey **import_key, GError **error);
