/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "channel-message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "error-details.h"
#include "error-reply.h"
#include "tls-handoff-error.h"

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
  { HANDOFF_CHANNEL_ERROR, HANDOFF_CHANNEL_APPLICATION, "(ssa{sv})", FALSE, FALSE },
  { HANDOFF_CHANNEL_CANCEL, HANDOFF_CHANNEL_SERVICE, "()", FALSE, FALSE },
};

/* The kernel's SCM_MAX_FD: no message carries more. */
#define MAX_RIGHTS 253

/* Room for the descriptors of one message, aligned as the system wants it. What has no room the
 * system would close, in the thread that receives; and that may take as long as a stranger likes.
 */
typedef union
{
  struct cmsghdr alignment;
  guint8 bytes[CMSG_SPACE (MAX_RIGHTS * sizeof (int))];
} Control;

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

GVariant *
handoff_channel_error_body (const GError *error, gboolean with_details)
{
  g_autofree char *name = handoff_error_dup_name (error);
  g_autofree char *message = g_utf8_make_valid (error->message, -1);
  GVariant *details = with_details ? tls_handoff_error_get_details (error) : NULL;

  /* Before the character that does not fit any more. */
  if (strlen (message) > HANDOFF_CHANNEL_MAX_ERROR_TEXT)
    *g_utf8_find_prev_char (message, message + HANDOFF_CHANNEL_MAX_ERROR_TEXT + 1) = '\0';
  return g_variant_new ("(ss@a{sv})", name, message,
                        details != NULL ? details : g_variant_new ("a{sv}", NULL));
}

gboolean
handoff_channel_message_fits (GVariant *packed, guint n_fds)
{
  return g_variant_get_size (packed) <= HANDOFF_CHANNEL_MAX_MESSAGE_SIZE &&
         n_fds <= HANDOFF_CHANNEL_MAX_DESCRIPTORS;
}

static HandoffChannelStatus
fail_system (const char *what, int saved_errno, GError **error)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "%s: %s", what,
               g_strerror (saved_errno));
  return HANDOFF_CHANNEL_FAILED;
}

static HandoffChannelStatus
send_failed (int saved_errno, GError **error)
{
  switch (saved_errno)
    {
    case EAGAIN:
      return HANDOFF_CHANNEL_WOULD_BLOCK;
    case ETOOMANYREFS:
    case ENOBUFS:
      return HANDOFF_CHANNEL_CROWDED;
    case EPIPE:
    case ENOTCONN:
      return HANDOFF_CHANNEL_CLOSED;
    case ECONNRESET:
      return HANDOFF_CHANNEL_RESET;
    case EMSGSIZE:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                           "The message is too large for the buffers of this machine's sockets");
      return HANDOFF_CHANNEL_FAILED;
    default:
      return fail_system ("Sending on the channel failed", saved_errno, error);
    }
}

HandoffChannelStatus
handoff_channel_message_send (
    int socket, GVariant *packed, const int *fds, guint n_fds, GError **error)
{
  struct iovec part = { (gpointer) g_variant_get_data (packed), g_variant_get_size (packed) };
  struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
  Control control;
  struct cmsghdr *rights;
  gssize sent;

  if (!handoff_channel_message_fits (packed, n_fds))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                   "A message of %" G_GSIZE_FORMAT " bytes with %u descriptors is too large for a "
                   "channel",
                   part.iov_len, n_fds);
      return HANDOFF_CHANNEL_FAILED;
    }

  if (n_fds > 0)
    {
      /* The padding would be sent with what happens to be on the stack. */
      memset (&control, 0, sizeof control);
      header.msg_control = control.bytes;
      header.msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
      rights = CMSG_FIRSTHDR (&header);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN (n_fds * sizeof (int));
      memcpy (CMSG_DATA (rights), fds, n_fds * sizeof (int));
    }
  do
    sent = sendmsg (socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);

  /* A packet goes whole, or not at all. */
  return sent >= 0 ? HANDOFF_CHANNEL_DONE : send_failed (errno, error);
}

static gboolean
refuse (GError **error, const char *why)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "The other side of the channel broke its rules: %s", why);
  return FALSE;
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
        return refuse (error, "a call with unknown flags");
      if (!g_dbus_is_member_name (name))
        return refuse (error, "a call of what cannot be a method's name");
      if (!g_variant_is_of_type (arguments, G_VARIANT_TYPE_TUPLE))
        return refuse (error, "a call whose arguments are no tuple");
      return TRUE;
    case HANDOFF_CHANNEL_ERROR:
      g_variant_get_child (body, 0, "&s", &name);
      return g_dbus_is_interface_name (name) ||
             refuse (error, "an error whose name cannot be an error's");
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
    return refuse (error, "a message that is not in normal form");

  g_variant_get (whole, "(yuv)", &kind, &serial, &body);
  row = find_kind (kind);
  if (row == NULL)
    return refuse (error, "a message of an unknown kind");
  if (row->receiver != side)
    return refuse (error, "a message in the wrong direction");
  if (!g_variant_is_of_type (body, G_VARIANT_TYPE (row->type)))
    return refuse (error, "a message whose body has another type than its kind");
  if (serial == 0 && !row->may_lack_serial)
    return refuse (error, "a message without a serial number");
  if (message->n_fds > 0 && !row->has_fds)
    return refuse (error, "a message with descriptors that needs none");
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

/* fds: n of them, (transfer full) */
static void
add_fds (HandoffChannelMessage *message, const int *fds, guint n)
{
  const guint n_fitting = MIN (n, HANDOFF_CHANNEL_MAX_DESCRIPTORS - message->n_fds);
  const guint n_more = n - n_fitting;

  memcpy (message->fds + message->n_fds, fds, n_fitting * sizeof (int));
  message->n_fds += n_fitting;
  if (n_more == 0)
    return;
  message->surplus = g_renew (int, message->surplus, message->n_surplus + n_more);
  memcpy (message->surplus + message->n_surplus, fds + n_fitting, n_more * sizeof (int));
  message->n_surplus += n_more;
}

/* Takes the descriptors over. Returns FALSE if something else came, too. */
static gboolean
take_fds (HandoffChannelMessage *message, struct msghdr *header)
{
  struct cmsghdr *part;
  gboolean known = TRUE;

  for (part = CMSG_FIRSTHDR (header); part != NULL; part = CMSG_NXTHDR (header, part))
    {
      const gsize n =
          part->cmsg_len > CMSG_LEN (0) ? (part->cmsg_len - CMSG_LEN (0)) / sizeof (int) : 0;

      if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
        known = FALSE;
      else
        add_fds (message, (const int *) CMSG_DATA (part), (guint) n);
    }
  return known;
}

HandoffChannelStatus
handoff_channel_message_receive_known (int socket,
                                       HandoffChannelSide side,
                                       GVariant *known,
                                       guint8 *buffer,
                                       HandoffChannelMessage *message,
                                       GError **error)
{
  struct iovec part = { buffer, HANDOFF_CHANNEL_MAX_MESSAGE_SIZE };
  Control control;
  struct msghdr header = {
    .msg_iov = &part,
    .msg_iovlen = 1,
    .msg_control = control.bytes,
    .msg_controllen = sizeof control.bytes,
  };
  gssize size;
  gboolean is_known_kind;

  memset (message, 0, sizeof *message);
  do
    size = recvmsg (socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  while (size < 0 && errno == EINTR);

  if (size < 0 && errno == EAGAIN)
    return HANDOFF_CHANNEL_WOULD_BLOCK;
  if (size < 0 && errno == ECONNRESET)
    return HANDOFF_CHANNEL_RESET;
  if (size < 0)
    return fail_system ("Receiving on the channel failed", errno, error);

  is_known_kind = take_fds (message, &header);
  if (!is_known_kind)
    refuse (error, "a message with something else than descriptors");
  else if ((header.msg_flags & MSG_TRUNC) != 0)
    refuse (error, "a message that is too large");
  else if (message->n_surplus > 0)
    refuse (error, "a message with too many descriptors");
  else if ((header.msg_flags & MSG_CTRUNC) != 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES,
                         "This process has no room for the descriptors of a message");
  /* An empty packet and the end look the same. */
  else if (size == 0)
    return HANDOFF_CHANNEL_CLOSED;
  else if ((known != NULL && recognize (message, known, buffer, (gsize) size)) ||
           handoff_channel_message_parse (message, side, buffer, (gsize) size, error))
    return HANDOFF_CHANNEL_DONE;
  return HANDOFF_CHANNEL_FAILED;
}

HandoffChannelStatus
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
  g_autoptr (GVariant) details = NULL;
  const char *name, *text;

  g_return_val_if_fail (message->kind == HANDOFF_CHANNEL_ERROR, NULL);

  g_variant_get (message->body, "(&s&s@a{sv})", &name, &text, &details);
  return handoff_error_from_name (name, text, g_variant_n_children (details) > 0 ? details : NULL);
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
