/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "link/link-message.h"

#include <string.h>

#include "keyblob/error-reply.h"
#include "keyblob/handoff-names.h"
#include "keyblob/packet.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"

#define BUS_ERROR_PREFIX "org.freedesktop.DBus.Error."

/* As it is on the wire. */
typedef struct
{
  guint8 kind;
  guint8 number;
  guint16 zero;
  guint32 serial;
} WireHead;

G_STATIC_ASSERT (sizeof (WireHead) == 8);

static gpointer
allocate (const HandoffLinkTable *table, gsize size)
{
  return table->has_secrets ? handoff_secret_new (size, HANDOFF_SECRET_DEFAULT) : g_malloc (size);
}

gboolean
handoff_link_message_pack (const HandoffLinkTable *table,
                           const HandoffLinkHead *head,
                           GVariant *body,
                           HandoffLinkBytes *bytes,
                           GError **error)
{
  const WireHead wire = { (guint8) head->kind, (guint8) head->number, 0, head->serial };
  /* What somebody else made and we only pass on may have another form. */
  g_autoptr (GVariant) normal = g_variant_get_normal_form (body);
  const gsize size = sizeof wire + g_variant_get_size (normal);

  if (!handoff_packet_fits (size, 0))
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                   "A message of %" G_GSIZE_FORMAT " bytes between two programs of the service is "
                   "too large",
                   size);
      return FALSE;
    }
  bytes->is_secret = table->has_secrets;
  bytes->size = size;
  bytes->data = allocate (table, size);
  memcpy (bytes->data, &wire, sizeof wire);
  g_variant_store (normal, bytes->data + sizeof wire);
  return TRUE;
}

void
handoff_link_bytes_clear (HandoffLinkBytes *bytes)
{
  if (bytes->is_secret)
    handoff_secret_free (bytes->data);
  else
    g_free (bytes->data);
  bytes->data = NULL;
  bytes->size = 0;
}

GError *
handoff_link_error_from_body (GVariant *body)
{
  g_autoptr (GError) error = NULL;
  const char *name, *message;

  g_variant_get_child (body, 0, "&s", &name);
  /* GLib takes names of its own making for any number of any domain, ours too, and keeps each
   * domain for ever. */
  if (!g_str_has_prefix (name, HANDOFF_ERROR_PREFIX) && !g_str_has_prefix (name, BUS_ERROR_PREFIX))
    return NULL;
  error = handoff_error_from_variant (body);
  if (error->domain == TLS_HANDOFF_ERROR)
    return g_steal_pointer (&error);
  /* GLib puts the name of one of the bus's errors before what it says. */
  g_variant_get_child (body, 1, "&s", &message);
  return error->domain == G_DBUS_ERROR ? g_error_new_literal (G_DBUS_ERROR, error->code, message)
                                       : NULL;
}

static gboolean
refuse (GError **error, const HandoffLinkRow *row, const char *why)
{
  if (row != NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s (%s)", why, row->name);
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, why);
  return FALSE;
}

/* Whether a message of that row comes to that end; its answer goes the other way. */
static gboolean
comes_to (const HandoffLinkRow *row, HandoffLinkEnd end)
{
  return (row->direction == HANDOFF_LINK_DOWN) == (end == HANDOFF_LINK_LOWER);
}

static gboolean
is_answer (HandoffLinkKind kind)
{
  return kind == HANDOFF_LINK_REPLY || kind == HANDOFF_LINK_ERROR;
}

/* kind: one that there is */
static gboolean
check_head (const HandoffLinkRow *row,
            HandoffLinkEnd end,
            HandoffLinkKind kind,
            guint32 serial,
            GError **error)
{
  if (comes_to (row, end) == is_answer (kind))
    return refuse (error, row, "a message in the wrong direction");
  if ((kind == HANDOFF_LINK_NOTICE) != (row->reply_type == NULL))
    return refuse (error, row, "a message of another kind than its row");
  if ((kind == HANDOFF_LINK_NOTICE) != (serial == 0))
    return refuse (error, row, "a serial number that the kind of message does not have");
  return TRUE;
}

static gboolean
check_fds (const HandoffLinkRow *row, HandoffLinkKind kind, guint n_fds, GError **error)
{
  guint least = row->min_fds;
  guint most = row->max_fds;

  if (kind == HANDOFF_LINK_REPLY)
    {
      least = row->reply_min_fds;
      most = row->reply_max_fds;
    }
  else if (kind == HANDOFF_LINK_ERROR)
    least = most = 0;
  return (n_fds >= least && n_fds <= most) ||
         refuse (error, row, "a message with a wrong number of descriptors");
}

static const char *
get_type (const HandoffLinkRow *row, HandoffLinkKind kind)
{
  if (kind == HANDOFF_LINK_ERROR)
    return HANDOFF_ERROR_VARIANT_TYPE;
  return kind == HANDOFF_LINK_REPLY ? row->reply_type : row->type;
}

/* (transfer full): one copy, of what came and no more. GLib (2.74) looks at padding one byte behind
 * the end of what is too short. */
static GVariant *
copy_body (const HandoffLinkTable *table, const char *type, const guint8 *data, gsize size)
{
  guint8 *copy = allocate (table, size + 1);

  if (size > 0)
    memcpy (copy, data, size);
  copy[size] = '\0';
  return g_variant_ref_sink (
      g_variant_new_from_data (G_VARIANT_TYPE (type), copy, size, FALSE,
                               table->has_secrets ? handoff_secret_free : g_free, copy));
}

gboolean
handoff_link_message_parse (const HandoffLinkTable *table,
                            HandoffLinkEnd end,
                            const guint8 *data,
                            gsize size,
                            guint n_fds,
                            HandoffLinkHead *head,
                            GVariant **body,
                            GError **error)
{
  g_autoptr (GVariant) copy = NULL;
  const HandoffLinkRow *row;
  WireHead wire;

  if (size < sizeof wire)
    return refuse (error, NULL, "a message that is too short");
  memcpy (&wire, data, sizeof wire);
  if (wire.kind < HANDOFF_LINK_NOTICE || wire.kind > HANDOFF_LINK_ERROR || wire.zero != 0)
    return refuse (error, NULL, "a message of an unknown kind");
  row = handoff_link_table_find (table, wire.number);
  if (row == NULL)
    return refuse (error, NULL, "a message of an unknown number");
  if (!check_head (row, end, wire.kind, wire.serial, error) ||
      !check_fds (row, wire.kind, n_fds, error))
    return FALSE;
  copy = copy_body (table, get_type (row, wire.kind), data + sizeof wire, size - sizeof wire);
  if (!g_variant_is_normal_form (copy))
    return refuse (error, row, "a message that is not of its type in normal form");
  *head = (HandoffLinkHead){ wire.kind, wire.number, wire.serial };
  *body = g_steal_pointer (&copy);
  return TRUE;
}
