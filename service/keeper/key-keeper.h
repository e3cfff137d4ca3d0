/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* The program tls-handoff-keeper without its main(): it has all private keys that are in files, and
 * does with them what the broker asks for. It never reads what a stranger wrote: a key comes in the
 * one form of key/pkcs8.h, what is to be signed goes through grant/signature-form.h, and
 * certificates are bytes to it. Main thread. */
typedef struct _HandoffKeyKeeper HandoffKeyKeeper;

/* socket: (transfer full): of the link to the broker. path: of the directory of all credentials.
 * parent: (transfer full): the folder that it is in, open; -1: it cannot be opened, and the keeper
 * keeps nothing. ended: (nullable): called when the broker is gone: there is nothing more to do. */
HandoffKeyKeeper *handoff_key_keeper_new (int socket,
                                          int parent,
                                          const char *path,
                                          void (*ended) (gpointer user_data),
                                          gpointer user_data);
void handoff_key_keeper_free (HandoffKeyKeeper *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffKeyKeeper, handoff_key_keeper_free)
