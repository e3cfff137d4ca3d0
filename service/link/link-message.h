/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "link/link-table.h"

/* The form of messages on links: a packet is eight bytes, and a GVariant of the type that the table
 * has for them, in normal form and this machine's byte order. The eight are
 *
 *   kind, number of the row, 0, 0, serial number of the request (4 bytes, this machine's order)
 *
 * Both ends are of one build and on one machine, so there is no version. No type is on the wire:
 * nobody can send one that the table does not have.
 *
 * Threads: any. */

typedef enum
{
  HANDOFF_LINK_NOTICE = 1, /* wants no answer; serial number 0 */
  HANDOFF_LINK_REQUEST = 2,
  HANDOFF_LINK_REPLY = 3, /* with the row and the serial number of its request */
  HANDOFF_LINK_ERROR = 4, /* likewise; its body is HANDOFF_ERROR_VARIANT_TYPE */
} HandoffLinkKind;

typedef struct
{
  HandoffLinkKind kind;
  guint number; /* of the row */
  guint32 serial;
} HandoffLinkHead;

/* Bytes to be sent, in secret memory where the table has secrets. */
typedef struct
{
  guint8 *data; /* (owned) */
  gsize size;
  gboolean is_secret;
} HandoffLinkBytes;

/* body: (unowned). TLS_HANDOFF_ERROR_LIMIT_REACHED if it is too large. */
gboolean handoff_link_message_pack (const HandoffLinkTable *table,
                                    const HandoffLinkHead *head,
                                    GVariant *body,
                                    HandoffLinkBytes *bytes,
                                    GError **error);
void handoff_link_bytes_clear (HandoffLinkBytes *bytes);

/* The error that such a body tells of: of the domain TLS_HANDOFF_ERROR, or of D-Bus's. (transfer
 * full) (nullable): NULL: it is neither */
GError *handoff_link_error_from_body (GVariant *body);

/* Checks what came as a packet. end: who receives. n_fds: what came with it. Fills in head, and
 * body: (transfer full), which lives on while data is used again. If the packet breaks the rules,
 * G_IO_ERROR_INVALID_DATA with words that say what came: "a message of an unknown kind". Turns and
 * serial numbers are left to the link. */
gboolean handoff_link_message_parse (const HandoffLinkTable *table,
                                     HandoffLinkEnd end,
                                     const guint8 *data,
                                     gsize size,
                                     guint n_fds,
                                     HandoffLinkHead *head,
                                     GVariant **body,
                                     GError **error);
