/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "keyblob/channel-seal.h"

/* The process's end of a channel to the service (docs/CHANNEL.md): several calls at once, from
 * several threads and main contexts, without a thread of its own.
 *
 * Whoever waits for a reply reads: of the threads that block, one at a time; and each main context
 * that has calls under way. Who reads another's message hands it over and wakes its owner. The key
 * blob of a reply is opened by whoever reads it, at once, since blobs open in order only; so are
 * those of calls that were cancelled.
 *
 * Threads: any. A forked child uses nothing of it. */

/* Errors of calls that did not reach the service: they can be sent in another way. */
#define HANDOFF_UNSENT_ERROR (handoff_unsent_error_quark ())
typedef enum
{
  HANDOFF_UNSENT_ERROR_NOT_BEGUN, /* the channel is closed, and the service has not read the call
                                   */
  HANDOFF_UNSENT_ERROR_TOO_LARGE, /* for this or any channel */
} HandoffUnsentError;
GQuark handoff_unsent_error_quark (void);

typedef struct _HandoffServiceChannel HandoffServiceChannel;

/* What the service replied to a call, whichever way the call went. An error reply is a GError. */
typedef struct
{
  GVariant *body;   /* (owned): a tuple */
  GUnixFDList *fds; /* (owned) (nullable): what body's handles mean */
  /* (owned) (nullable): the keys in the key blob, which a channel opens as it arrives */
  HandoffKeyState *state;

  /* Where it came from: one of the two. */
  HandoffServiceChannel *channel; /* (owned) (nullable) */
  GDBusConnection *connection;    /* (owned) (nullable) */
  char *service;                  /* (owned) (nullable): its unique name; NULL peer to peer */
} HandoffReply;

/* Called once. Both (transfer full); one of them is NULL. */
typedef void (*HandoffReplyFunc) (HandoffReply *reply, GError *error, gpointer user_data);

/* message: no error. (transfer full) */
HandoffReply *handoff_reply_new_from_bus (GDBusConnection *connection, GDBusMessage *message);
/* Wipes the keys, if nobody took them. */
void handoff_reply_free (HandoffReply *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffReply, handoff_reply_free)

/* Whether its body is of that type; if not, an error that says that the versions do not fit. */
gboolean handoff_reply_check_type (HandoffReply *self, const char *type, GError **error);

/* A call. */
typedef struct
{
  const char *path;
  const char *method;
  GVariant *arguments; /* a tuple, consumed if floating */
  GUnixFDList *fds;    /* (nullable): what their handles mean */
  gboolean interactive;
} HandoffChannelCall;

/* socket: (transfer full): SOCK_SEQPACKET. opener: (transfer full) */
HandoffServiceChannel *handoff_service_channel_new (int socket, HandoffBlobOpener *opener);
HandoffServiceChannel *handoff_service_channel_ref (HandoffServiceChannel *self);
/* Closes it with the last reference. Calls that are under way hold one. */
void handoff_service_channel_unref (HandoffServiceChannel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffServiceChannel, handoff_service_channel_unref)

/* Whether another call may reach the service: as far as is known without asking it. */
gboolean handoff_service_channel_is_usable (HandoffServiceChannel *self);

/* Calls and waits, for as long as the service takes. Cancelling makes the service end what it does,
 * and nobody waits for that. Errors: those that the service replies, explained; of the domain
 * HANDOFF_UNSENT_ERROR; a cancellation; and as the bus has it (G_DBUS_ERROR_NO_REPLY) if the
 * service went away. (transfer full) */
HandoffReply *handoff_service_channel_call_sync (HandoffServiceChannel *self,
                                                 const HandoffChannelCall *call,
                                                 GCancellable *cancellable,
                                                 GError **error);
/* The same without blocking: func is called in the thread-default main context, later. */
void handoff_service_channel_call_async (HandoffServiceChannel *self,
                                         const HandoffChannelCall *call,
                                         GCancellable *cancellable,
                                         HandoffReplyFunc func,
                                         gpointer user_data);
/* Calls a method without a reply. Does not wait; nothing depends on its arrival. */
void handoff_service_channel_tell (HandoffServiceChannel *self, const HandoffChannelCall *call);
