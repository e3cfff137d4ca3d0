/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* A D-Bus message as its bytes are on the wire, with its descriptors. The guard reads the header,
 * to know where the message goes, and never parses the body. GDBus parses it into a tree of some
 * twenty times the size, before anybody can refuse a message for its size. */
typedef struct
{
  guint8 *data;    /* (owned) */
  gsize size;      /* of data: without the body, if the body was not wanted */
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

  gboolean rights_dropped; /* it had descriptors, and they were not received */

  gboolean own;        /* this process made the descriptors */
  guint uid;           /* if not: who made them; HANDOFF_UID_UNKNOWN until the bus has told */
  const char *refusal; /* (nullable): why the message is refused */
} HandoffBusMessage;

/* What the first bytes of a message say about its size. */
#define HANDOFF_BUS_MESSAGE_PREFIX_SIZE 16

/* Sizes of the header with its padding, and of header and body. FALSE if the bytes are no message.
 */
gboolean handoff_bus_message_read_prefix (const guint8 prefix[HANDOFF_BUS_MESSAGE_PREFIX_SIZE],
                                          gsize *header_size,
                                          gsize *full_size);

/* data: (transfer full): a whole header, and all of the body or nothing of it. fds: (transfer
 * full). NULL if the header is not one that the bus lets pass; then data and fds still belong to
 * the caller. */
HandoffBusMessage *
handoff_bus_message_new (guint8 *data, gsize size, gsize full_size, int *fds, guint n_fds);
/* A message of the guard itself, to be sent with that serial. */
HandoffBusMessage *handoff_bus_message_new_from_gdbus (GDBusMessage *message, guint32 serial);
void handoff_bus_message_free (HandoffBusMessage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusMessage, handoff_bus_message_free)

/* Whether the body has at most that many values (bus-values.h). The body must be there. */
gboolean handoff_bus_message_has_few_values (const HandoffBusMessage *self, guint maximum);
/* For a message that will be refused: drops the body and the descriptors. */
void handoff_bus_message_drop_content (HandoffBusMessage *self);
/* (transfer full) (nullable): GDBus's form of a message, without descriptors. Only for small
 * messages of senders whom we trust. */
GDBusMessage *handoff_bus_message_to_gdbus (const HandoffBusMessage *self);
/* Whether the bus itself sent it. */
gboolean handoff_bus_message_is_of_the_bus (const HandoffBusMessage *self);
