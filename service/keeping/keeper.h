/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "link/link.h"

/* The broker's keeper: the program that has the private keys that are in files, and the link to it.
 * One that ends is started again at once, or, if it has never answered, by the next request; what
 * was asked of it fails then, and says so. One that hangs is ended (keeper-watch.h). Main thread.
 *
 * Signals: "started": there is a new one, which has heard nothing yet. "ended": it is gone.
 * "violation" (guint64 holder, guint64 grant, const char *why): it refused what no honest
 * handshaker asks for. */
#define HANDOFF_TYPE_KEEPER (handoff_keeper_get_type ())
G_DECLARE_FINAL_TYPE (HandoffKeeper, handoff_keeper, HANDOFF, KEEPER, GObject)

/* directory: of all credentials, from the root on. It is not started yet. */
HandoffKeeper *handoff_keeper_new (const char *directory);
/* Of all credentials. (transfer none) */
const char *handoff_keeper_get_directory (HandoffKeeper *self);
/* Starts it, if it does not run. If that fails, there is a warning, and each request tries again.
 */
void handoff_keeper_start (HandoffKeeper *self);
/* (transfer none) (nullable): NULL while it does not run. */
HandoffLink *handoff_keeper_get_link (HandoffKeeper *self);
/* 0 while it does not run. */
pid_t handoff_keeper_get_pid (HandoffKeeper *self);
/* As handoff_process_describe(); FALSE if it does not run. */
gboolean handoff_keeper_describe (HandoffKeeper *self, GVariantDict *dict);

/* Who takes what it tells of by itself: the rows LOADED and UNDESCRIBED, which have to be answered.
 * function: (nullable): nobody any more */
typedef void (*HandoffKeeperTold) (HandoffLinkMessage *message, gpointer user_data);
void handoff_keeper_set_told (HandoffKeeper *self, HandoffKeeperTold function, gpointer user_data);

/* Whether somebody may wait for it who asks it himself, for a signature: a reason to see whether it
 * hangs. function: (nullable): nobody */
typedef gboolean (*HandoffKeeperIsUsed) (gpointer user_data);
void
handoff_keeper_set_is_used (HandoffKeeper *self, HandoffKeeperIsUsed function, gpointer user_data);

/* Asks for what a row of link/keeper-messages.h says. body: consumed if floating. fd: (transfer
 * full): -1 without. The reply's body: (transfer full). The requests are answered in their order,
 * as far as they change folders. */
void handoff_keeper_ask_async (HandoffKeeper *self,
                               guint number,
                               GVariant *body,
                               int fd,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
GVariant *handoff_keeper_ask_finish (HandoffKeeper *self, GAsyncResult *result, GError **error);

/* Has it take a key, which comes on socket: the lower end of a link of link/import-messages.h.
 * socket: (transfer full). id: of the credential that it will be of. It holds the key until
 * handoff_keeper_release(), or until there is a folder with it. Returns its public key:
 * SubjectPublicKeyInfo, DER. (transfer full) */
void handoff_keeper_hold_async (HandoffKeeper *self,
                                const char *id,
                                guint uid,
                                int socket,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
GBytes *handoff_keeper_hold_finish (HandoffKeeper *self, GAsyncResult *result, GError **error);
/* Has it make a key, which it holds likewise. algorithm: (out) (transfer full): as the property
 * KeyAlgorithm has it */
void handoff_keeper_generate_async (HandoffKeeper *self,
                                    const char *id,
                                    guint uid,
                                    const char *key_type,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
GBytes *handoff_keeper_generate_finish (HandoffKeeper *self,
                                        GAsyncResult *result,
                                        char **algorithm,
                                        GError **error);
/* A key that is held is not needed any more. One in a folder stays. */
void handoff_keeper_release (HandoffKeeper *self, const char *id);
