/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "channel-message.h"

#include <string.h>
#include <unistd.h>

#include "error-reply.h"

#define MESSAGE_TYPE G_VARIANT_TYPE ("(yuv)")
#define CALL_TYPE "(uosv)"

/* What a kind of message may be. */
typedef struct
{
  HandoffChannelKind kind;
  HandoffChannelSide receiver;
  const char *type; /* of its body */
  gboolean has_fds;
  gboolean may_lack_serial;
} KindRow;

static const KindRow kinds[] = {
  { HANDOFF_CHANNEL_CALL, HANDOFF_CHANNEL_SERVICE, CALL_TYPE, TRUE, TRUE },
  { HANDOFF_CHANNEL_REPLY, HANDOFF_CHANNEL_APPLICATION, "r", TRUE, FALSE },
  { HANDOFF_CHANNEL_ERROR, HANDOFF_CHANNEL_APPLICATION, HANDOFF_ERROR_VARIANT_TYPE, FALSE, FALSE },
  { HANDOFF_CHANNEL_CANCEL, HANDOFF_CHANNEL_SERVICE, "()", FALSE, FALSE },
};

/* What messages are made of: all kinds, and what handshakes have in them. */
#define USUAL_TYPES "((yuv)(uosv)(ssa{sv})(hsaya{sv})(haya{sv})(soa{sv})(ay)aayauasaq)"

/* GLib (2.74) forgets what a type is made of with the last value that has it, and would work all of
 * this out again for each message. So one value stays. */
static void
keep_types (void)
{
  static GVariant *kept;

  if (g_once_init_enter (&kept))
    g_once_init_leave (&kept, g_variant_ref_sink (g_variant_new_from_data (
                                  G_VARIANT_TYPE (USUAL_TYPES), NULL, 0, TRUE, NULL, NULL)));
}

GVariant *
handoff_channel_message_pack (HandoffChannelKind kind, guint32 serial, GVariant *body)
{
  GVariant *const parts[] = {
    g_variant_new_byte ((guint8) kind),
    g_variant_new_uint32 (serial),
    g_variant_new_variant (body),
  };
  GVariant *packed;

  keep_types ();
  packed = g_variant_ref_sink (g_variant_new_tuple (parts, G_N_ELEMENTS (parts)));
  /* Makes the bytes, once. */
  g_variant_get_data (packed);
  return packed;
}

GVariant *
handoff_channel_call_body (HandoffChannelFlags flags,
                           const char *path,
                           const char *method,
                           GVariant *arguments)
{
  GVariant *const parts[] = {
    g_variant_new_uint32 ((guint32) flags),
    g_variant_new_object_path (path),
    g_variant_new_string (method),
    g_variant_new_variant (arguments),
  };

  return g_variant_new_tuple (parts, G_N_ELEMENTS (parts));
}

gboolean
handoff_channel_message_fits (GVariant *packed, guint n_fds)
{
  return handoff_packet_fits (g_variant_get_size (packed), n_fds);
}

HandoffPacketStatus
handoff_channel_message_send (
    int socket, GVariant *packed, const int *fds, guint n_fds, GError **error)
{
  return handoff_packet_send (socket, g_variant_get_data (packed), g_variant_get_size (packed), fds,
                              n_fds, error);
}

static const KindRow *
find_kind (guint8 kind)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      if (kinds[i].kind == kind)
        return &kinds[i];
    }
  return NULL;
}

/* What the type of the body leaves open. */
static gboolean
check_body (HandoffChannelKind kind, GVariant *body, GError **error)
{
  guint32 flags;
  const char *name;
  g_autoptr (GVariant) arguments = NULL;

  switch (kind)
    {
    case HANDOFF_CHANNEL_CALL:
      g_variant_get (body, "(u&o&sv)", &flags, NULL, &name, &arguments);
      if ((flags & ~HANDOFF_CHANNEL_INTERACTIVE) != 0)
        return handoff_packet_refuse (error, "a call with unknown flags");
      if (!g_dbus_is_member_name (name))
        return handoff_packet_refuse (error, "a call of what cannot be a method's name");
      if (!g_variant_is_of_type (arguments, G_VARIANT_TYPE_TUPLE))
        return handoff_packet_refuse (error, "a call whose arguments are no tuple");
      return TRUE;
    case HANDOFF_CHANNEL_ERROR:
      g_variant_get_child (body, 0, "&s", &name);
      return g_dbus_is_interface_name (name) ||
             handoff_packet_refuse (error, "an error whose name cannot be an error's");
    case HANDOFF_CHANNEL_REPLY:
    case HANDOFF_CHANNEL_CANCEL:
    default:
      return TRUE;
    }
}

gboolean
handoff_channel_message_parse (HandoffChannelMessage *message,
                               HandoffChannelSide side,
                               const guint8 *data,
                               gsize size,
                               GError **error)
{
  g_autoptr (GVariant) whole = NULL;
  g_autoptr (GVariant) body = NULL;
  const KindRow *row;
  guint8 *copy;
  guint8 kind;
  guint32 serial;

  keep_types ();
  /* One copy, of what came and no more: the body lives on while the buffer is used again. GLib
   * (2.74) looks at padding one byte behind the end of what is too short. */
  copy = g_malloc (size + 1);
  memcpy (copy, data, size);
  copy[size] = '\0';
  whole =
      g_variant_ref_sink (g_variant_new_from_data (MESSAGE_TYPE, copy, size, FALSE, g_free, copy));
  /* An application takes its keys from its service, and may leave the form of messages to it: GLib
   * reads another form as if values were missing. To look at each byte of the peer's certificates
   * would cost it more than all else that it does with a reply. */
  if (side == HANDOFF_CHANNEL_SERVICE && !g_variant_is_normal_form (whole))
    return handoff_packet_refuse (error, "a message that is not in normal form");

  g_variant_get (whole, "(yuv)", &kind, &serial, &body);
  row = find_kind (kind);
  if (row == NULL)
    return handoff_packet_refuse (error, "a message of an unknown kind");
  if (row->receiver != side)
    return handoff_packet_refuse (error, "a message in the wrong direction");
  if (!g_variant_is_of_type (body, G_VARIANT_TYPE (row->type)))
    return handoff_packet_refuse (error, "a message whose body has another type than its kind");
  if (serial == 0 && !row->may_lack_serial)
    return handoff_packet_refuse (error, "a message without a serial number");
  if (message->n_fds > 0 && !row->has_fds)
    return handoff_packet_refuse (error, "a message with descriptors that needs none");
  if (!check_body (row->kind, body, error))
    return FALSE;

  message->kind = row->kind;
  message->serial = serial;
  message->body = g_steal_pointer (&body);
  return TRUE;
}

/* Whether it is a call whose body is known, byte for byte. The message has the body behind eight
 * bytes, and the body's type behind that. */
static gboolean
recognize (HandoffChannelMessage *message, GVariant *known, const guint8 *data, gsize size)
{
  static const char tail[] = "\0" CALL_TYPE; /* of a v, whose last zero is not sent */
  static const guint8 head[4] = { HANDOFF_CHANNEL_CALL };
  const gsize body_size = g_variant_get_size (known);

  if (size != 8 + body_size + sizeof tail - 1 || memcmp (data, head, sizeof head) != 0 ||
      memcmp (data + 8, g_variant_get_data (known), body_size) != 0 ||
      memcmp (data + 8 + body_size, tail, sizeof tail - 1) != 0)
    return FALSE;
  message->kind = HANDOFF_CHANNEL_CALL;
  memcpy (&message->serial, data + 4, sizeof message->serial);
  message->body = g_variant_ref (known);
  return TRUE;
}

HandoffPacketStatus
handoff_channel_message_receive_known (int socket,
                                       HandoffChannelSide side,
                                       GVariant *known,
                                       guint8 *buffer,
                                       HandoffChannelMessage *message,
                                       GError **error)
{
  HandoffPacketRights rights;
  HandoffPacketStatus status;
  gsize size;

  memset (message, 0, sizeof *message);
  status = handoff_packet_receive (socket, buffer, &size, &rights, error);
  message->n_fds = rights.n_fds;
  memcpy (message->fds, rights.fds, sizeof message->fds);
  message->surplus = rights.surplus;
  message->n_surplus = rights.n_surplus;
  if (status != HANDOFF_PACKET_DONE ||
      (known != NULL && recognize (message, known, buffer, size)) ||
      handoff_channel_message_parse (message, side, buffer, size, error))
    return status;
  return HANDOFF_PACKET_FAILED;
}

HandoffPacketStatus
handoff_channel_message_receive (int socket,
                                 HandoffChannelSide side,
                                 guint8 *buffer,
                                 HandoffChannelMessage *message,
                                 GError **error)
{
  return handoff_channel_message_receive_known (socket, side, NULL, buffer, message, error);
}

void
handoff_channel_message_get_call (const HandoffChannelMessage *message,
                                  HandoffChannelFlags *flags,
                                  const char **path,
                                  const char **method,
                                  GVariant **arguments)
{
  guint32 bits;

  g_return_if_fail (message->kind == HANDOFF_CHANNEL_CALL);

  g_variant_get (message->body, "(u&o&sv)", &bits, path, method, arguments);
  *flags = (HandoffChannelFlags) bits;
}

GError *
handoff_channel_message_get_error (const HandoffChannelMessage *message)
{
  g_return_val_if_fail (message->kind == HANDOFF_CHANNEL_ERROR, NULL);

  return handoff_error_from_variant (message->body);
}

void
handoff_channel_message_clear (HandoffChannelMessage *message)
{
  guint i;

  g_clear_pointer (&message->body, g_variant_unref);
  for (i = 0; i < message->n_fds; i++)
    close (message->fds[i]);
  for (i = 0; i < message->n_surplus; i++)
    close (message->surplus[i]);
  g_clear_pointer (&message->surplus, g_free);
  message->n_fds = message->n_surplus = 0;
}
