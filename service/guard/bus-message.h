/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* A D-Bus message as its bytes are on the wire, with its descriptors. Of the header, what says
 * where it goes is read; the body is nobody's business here, which is the point: GDBus makes a tree
 * of some twenty times the size of what strangers send, before anybody can say that it is too much.
 */
typedef struct
{
  guint8 *data;    /* (owned) */
  gsize size;      /* of data: without the body, if that was not wanted */
  gsize full_size; /* as it was sent */
  int *fds;        /* (owned) (nullable) */
  guint n_fds;

  GDBusMessageType type;
  GDBusMessageFlags flags;
  guint32 serial;
  guint32 reply_serial; /* 0 without */
  char *member;         /* (owned) (nullable), as those that follow */
  char *sender;
  char *destination;
  char *signature;

  gboolean rights_dropped; /* it had descriptors, which were not received */

  gboolean own;        /* the descriptors are this process's */
  guint uid;           /* if not: whose; HANDOFF_UID_UNKNOWN until that is known */
  const char *refusal; /* (nullable): why it is refused, once that is known */
} HandoffBusMessage;

/* What the first bytes of a message tell of its size. */
#define HANDOFF_BUS_MESSAGE_PREFIX_SIZE 16

/* Of the header, with its padding, and of header and body. FALSE if this is no message. */
gboolean handoff_bus_message_read_prefix (const guint8 prefix[HANDOFF_BUS_MESSAGE_PREFIX_SIZE],
                                          gsize *header_size,
                                          gsize *full_size);

/* data: (transfer full): a whole header, and the body or nothing of it. fds: (transfer full). NULL
 * if the header is not what the bus lets pass; then data and fds are the caller's still. */
HandoffBusMessage *
handoff_bus_message_new (guint8 *data, gsize size, gsize full_size, int *fds, guint n_fds);
/* Of our own making: to be sent with that serial. */
HandoffBusMessage *handoff_bus_message_new_from_gdbus (GDBusMessage *message, guint32 serial);
void handoff_bus_message_free (HandoffBusMessage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusMessage, handoff_bus_message_free)

/* Whether the body, which must be there, has no more values than that (bus-values.h). */
gboolean handoff_bus_message_has_few_values (const HandoffBusMessage *self, guint maximum);
/* For one that is only refused any more: forgets the body, and lets go of the descriptors. */
void handoff_bus_message_drop_content (HandoffBusMessage *self);
/* (transfer full) (nullable): for small ones, of those whom we trust. Without descriptors. */
GDBusMessage *handoff_bus_message_to_gdbus (const HandoffBusMessage *self);
/* Whether the bus itself sent it. */
gboolean handoff_bus_message_is_of_the_bus (const HandoffBusMessage *self);
