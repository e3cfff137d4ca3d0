/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "channel-message.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "error-details.h"
#include "error-reply.h"
#include "tls-handoff-error.h"

#define MANY 9 /* descriptors: one too many */

typedef struct
{
  int application;
  int service;
  guint8 *buffer;
  guint n_open; /* descriptors of this process, before it all */
} Fixture;

static guint
count_open (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  int ends[2];

  fixture->n_open = count_open ();
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), ==, 0);
  fixture->application = ends[0];
  fixture->service = ends[1];
  fixture->buffer = g_malloc (HANDOFF_CHANNEL_MAX_MESSAGE_SIZE);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->application >= 0)
    close (fixture->application);
  if (fixture->service >= 0)
    close (fixture->service);
  g_free (fixture->buffer);
  /* Breaks if a descriptor that came is forgotten on some path. */
  g_assert_cmpuint (count_open (), ==, fixture->n_open);
}

static void
send_packed (int socket, GVariant *packed, const int *fds, guint n_fds)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (handoff_channel_message_send (socket, packed, fds, n_fds, &error), ==,
                   HANDOFF_PACKET_DONE);
  g_assert_no_error (error);
}

static HandoffPacketStatus
try_to_receive (Fixture *fixture,
                HandoffChannelSide side,
                HandoffChannelMessage *message,
                GError **error)
{
  const int socket = side == HANDOFF_CHANNEL_SERVICE ? fixture->service : fixture->application;

  return handoff_channel_message_receive (socket, side, fixture->buffer, message, error);
}

static void
receive (Fixture *fixture, HandoffChannelSide side, HandoffChannelMessage *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (try_to_receive (fixture, side, message, &error), ==, HANDOFF_PACKET_DONE);
  g_assert_no_error (error);
}

/* A descriptor without close-on-exec arrives, arguments differ, or the order of descriptors does.
 */
static void
test_call (Fixture *fixture, gconstpointer data)
{
  const int fds[2] = { STDIN_FILENO, fixture->application };
  g_autoptr (GVariant) packed = handoff_channel_message_pack (
      HANDOFF_CHANNEL_CALL, 7,
      handoff_channel_call_body (HANDOFF_CHANNEL_INTERACTIVE, "/some/where", "Do",
                                 g_variant_new ("(hs)", 1, "x")));
  g_autoptr (GVariant) arguments = NULL;
  HandoffChannelMessage message;
  HandoffChannelFlags flags;
  const char *path, *method, *text;
  gint32 handle;
  int type;
  socklen_t size = sizeof type;

  send_packed (fixture->application, packed, fds, G_N_ELEMENTS (fds));
  receive (fixture, HANDOFF_CHANNEL_SERVICE, &message);
  /* The buffer is free again. */
  memset (fixture->buffer, 0xff, HANDOFF_CHANNEL_MAX_MESSAGE_SIZE);

  g_assert_cmpint (message.kind, ==, HANDOFF_CHANNEL_CALL);
  g_assert_cmpuint (message.serial, ==, 7);
  handoff_channel_message_get_call (&message, &flags, &path, &method, &arguments);
  g_assert_cmpint (flags, ==, HANDOFF_CHANNEL_INTERACTIVE);
  g_assert_cmpstr (path, ==, "/some/where");
  g_assert_cmpstr (method, ==, "Do");
  g_assert_cmpstr (g_variant_get_type_string (arguments), ==, "(hs)");
  g_variant_get (arguments, "(h&s)", &handle, &text);
  g_assert_cmpstr (text, ==, "x");

  g_assert_cmpuint (message.n_fds, ==, 2);
  g_assert_cmpint (getsockopt (message.fds[handle], SOL_SOCKET, SO_TYPE, &type, &size), ==, 0);
  g_assert_cmpint (type, ==, SOCK_SEQPACKET);
  g_assert_cmpint (fcntl (message.fds[0], F_GETFD), ==, FD_CLOEXEC);
  handoff_channel_message_clear (&message);
}

/* Serials are mixed up, or a body of several arguments is not a reply's tuple. */
static void
test_replies (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) first =
      handoff_channel_message_pack (HANDOFF_CHANNEL_REPLY, 1, g_variant_new ("(st)", "a", 2LL));
  g_autoptr (GVariant) last = handoff_channel_message_pack (HANDOFF_CHANNEL_REPLY, G_MAXUINT32,
                                                            g_variant_new_tuple (NULL, 0));
  g_autoptr (GVariant) cancel =
      handoff_channel_message_pack (HANDOFF_CHANNEL_CANCEL, 9, g_variant_new_tuple (NULL, 0));
  HandoffChannelMessage message;
  g_autoptr (GError) error = NULL;

  send_packed (fixture->service, first, NULL, 0);
  send_packed (fixture->service, last, NULL, 0);
  receive (fixture, HANDOFF_CHANNEL_APPLICATION, &message);
  g_assert_cmpuint (message.serial, ==, 1);
  g_assert_cmpstr (g_variant_get_type_string (message.body), ==, "(st)");
  handoff_channel_message_clear (&message);
  receive (fixture, HANDOFF_CHANNEL_APPLICATION, &message);
  g_assert_cmpuint (message.serial, ==, G_MAXUINT32);
  g_assert_cmpstr (g_variant_get_type_string (message.body), ==, "()");
  handoff_channel_message_clear (&message);

  send_packed (fixture->application, cancel, NULL, 0);
  receive (fixture, HANDOFF_CHANNEL_SERVICE, &message);
  g_assert_cmpint (message.kind, ==, HANDOFF_CHANNEL_CANCEL);
  g_assert_cmpuint (message.serial, ==, 9);
  handoff_channel_message_clear (&message);

  /* Nothing more, and then the end. */
  g_assert_cmpint (try_to_receive (fixture, HANDOFF_CHANNEL_APPLICATION, &message, &error), ==,
                   HANDOFF_PACKET_WOULD_BLOCK);
  close (fixture->service);
  fixture->service = -1;
  g_assert_cmpint (try_to_receive (fixture, HANDOFF_CHANNEL_APPLICATION, &message, &error), ==,
                   HANDOFF_PACKET_CLOSED);
  g_assert_cmpint (handoff_channel_message_send (fixture->application, cancel, NULL, 0, &error), ==,
                   HANDOFF_PACKET_CLOSED);
  g_assert_no_error (error);
}

/* What the application has of an error of the service's. (transfer full) */
static GError *
pass_error (Fixture *fixture, const GError *sent, gboolean with_details)
{
  g_autoptr (GVariant) packed = handoff_channel_message_pack (
      HANDOFF_CHANNEL_ERROR, 1, handoff_error_to_variant (sent, with_details));
  HandoffChannelMessage message;
  GError *error;

  send_packed (fixture->service, packed, NULL, 0);
  receive (fixture, HANDOFF_CHANNEL_APPLICATION, &message);
  error = handoff_channel_message_get_error (&message);
  handoff_channel_message_clear (&message);
  return error;
}

/* An error is another one on the other side, or has lost its details, or has them unasked. */
static void
test_error (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) sent =
      g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED, "gone \xff");
  g_autoptr (GError) foreign = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BUSY, "busy");
  guint i;

  handoff_error_set_details (sent, g_variant_new_parsed ("{'alert': <'x'>}"));
  for (i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = pass_error (fixture, i < 2 ? sent : foreign, i == 0);
      GVariant *details = tls_handoff_error_get_details (error);

      if (i == 2)
        {
          g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
          g_assert_cmpstr (error->message, ==, "busy");
          continue;
        }
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED);
      g_assert_cmpstr (error->message, ==, "gone \xef\xbf\xbd");
      g_assert_true ((details != NULL) == (i == 0));
    }
}

/* As text: what a message is made of in place of what it should be. */
static const struct
{
  const char *message;
  HandoffChannelSide side; /* that receives it */
  guint n_fds;
  const char *error; /* a pattern; NULL: it is good */
} formed[] = {
  { "(byte 1, uint32 1, <(uint32 0, objectpath '/', 'Do', <()>)>)", HANDOFF_CHANNEL_SERVICE, 8,
    NULL },
  { "(byte 1, uint32 0, <(uint32 1, objectpath '/', 'Do', <(1, 'x')>)>)", HANDOFF_CHANNEL_SERVICE,
    0, NULL },
  { "(byte 1, uint32 1, <(uint32 0, objectpath '/', 'Do', <()>)>)", HANDOFF_CHANNEL_SERVICE, MANY,
    "*too many descriptors" },
  { "(byte 1, uint32 1, <(uint32 2, objectpath '/', 'Do', <()>)>)", HANDOFF_CHANNEL_SERVICE, 1,
    "*unknown flags" },
  { "(byte 1, uint32 1, <(uint32 0, '/', 'Do', <()>)>)", HANDOFF_CHANNEL_SERVICE, 1,
    "*another type than its kind" },
  { "(byte 1, uint32 1, <(uint32 0, objectpath '/', '', <()>)>)", HANDOFF_CHANNEL_SERVICE, 0,
    "*cannot be a method's name" },
  { "(byte 1, uint32 1, <(uint32 0, objectpath '/', 'a.b', <()>)>)", HANDOFF_CHANNEL_SERVICE, 0,
    "*cannot be a method's name" },
  { "(byte 1, uint32 1, <(uint32 0, objectpath '/', 'Do', <'x'>)>)", HANDOFF_CHANNEL_SERVICE, 0,
    "*no tuple" },
  { "(byte 1, uint32 1, <(uint32 0, objectpath '/', 'Do', <()>)>)", HANDOFF_CHANNEL_APPLICATION, 1,
    "*wrong direction" },
  { "(byte 2, uint32 1, <()>)", HANDOFF_CHANNEL_APPLICATION, 1, NULL },
  { "(byte 2, uint32 0, <()>)", HANDOFF_CHANNEL_APPLICATION, 1, "*without a serial number" },
  { "(byte 2, uint32 1, <'x'>)", HANDOFF_CHANNEL_APPLICATION, 1, "*another type than its kind" },
  { "(byte 2, uint32 1, <()>)", HANDOFF_CHANNEL_SERVICE, 1, "*wrong direction" },
  { "(byte 3, uint32 1, <('a.b', 'x', @a{sv} {})>)", HANDOFF_CHANNEL_APPLICATION, 0, NULL },
  { "(byte 3, uint32 1, <('a.b', 'x', @a{sv} {})>)", HANDOFF_CHANNEL_APPLICATION, 1,
    "*with descriptors that needs none" },
  { "(byte 3, uint32 0, <('a.b', 'x', @a{sv} {})>)", HANDOFF_CHANNEL_APPLICATION, 0,
    "*without a serial number" },
  { "(byte 3, uint32 1, <('ab', 'x', @a{sv} {})>)", HANDOFF_CHANNEL_APPLICATION, 0,
    "*name cannot be an error's" },
  { "(byte 3, uint32 1, <('a.b', 'x')>)", HANDOFF_CHANNEL_APPLICATION, 0,
    "*another type than its kind" },
  { "(byte 3, uint32 1, <('a.b', 'x', @a{sv} {})>)", HANDOFF_CHANNEL_SERVICE, 0,
    "*wrong direction" },
  { "(byte 4, uint32 1, <()>)", HANDOFF_CHANNEL_SERVICE, 0, NULL },
  { "(byte 4, uint32 0, <()>)", HANDOFF_CHANNEL_SERVICE, 0, "*without a serial number" },
  { "(byte 4, uint32 1, <(1,)>)", HANDOFF_CHANNEL_SERVICE, 0, "*another type than its kind" },
  { "(byte 4, uint32 1, <()>)", HANDOFF_CHANNEL_SERVICE, 1, "*with descriptors that needs none" },
  { "(byte 4, uint32 1, <()>)", HANDOFF_CHANNEL_APPLICATION, 0, "*wrong direction" },
  { "(byte 0, uint32 1, <()>)", HANDOFF_CHANNEL_SERVICE, 0, "*unknown kind" },
  { "(byte 5, uint32 1, <()>)", HANDOFF_CHANNEL_SERVICE, 0, "*unknown kind" },
  /* Of another type: these bytes are no (yuv). */
  { "('x',)", HANDOFF_CHANNEL_SERVICE, 2, "*not in normal form" },
  { "(byte 4, uint32 1)", HANDOFF_CHANNEL_SERVICE, 0, "*not in normal form" },
  { "byte 4", HANDOFF_CHANNEL_SERVICE, 1, "*not in normal form" },
};

/* As the other side may write it: more than the codec would send. */
static void
send_raw (int socket, gconstpointer data, gsize size, guint n_fds)
{
  union
  {
    struct cmsghdr alignment;
    guint8 bytes[CMSG_SPACE (MANY * sizeof (int))];
  } control = { 0 };
  struct iovec part = { (gpointer) data, size };
  struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
  struct cmsghdr *rights;
  guint i;

  g_assert_cmpuint (n_fds, <=, MANY);
  if (n_fds > 0)
    {
      header.msg_control = control.bytes;
      header.msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
      rights = CMSG_FIRSTHDR (&header);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN (n_fds * sizeof (int));
      for (i = 0; i < n_fds; i++)
        memcpy (CMSG_DATA (rights) + i * sizeof (int), &socket, sizeof (int));
    }
  g_assert_cmpint (sendmsg (socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT), ==, (gssize) size);
}

static void
assert_received_bad (Fixture *fixture, HandoffChannelSide side, int code, const char *pattern)
{
  g_autoptr (GError) error = NULL;
  HandoffChannelMessage message;

  g_assert_cmpint (try_to_receive (fixture, side, &message, &error), ==, HANDOFF_PACKET_FAILED);
  g_assert_error (error, G_IO_ERROR, code);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("The message “%s” does not match “%s”", error->message, pattern);
  g_assert_null (message.body);
  handoff_channel_message_clear (&message);
}

/* What a side may not say is believed, or what it may say is refused. */
static void
test_forms (Fixture *fixture, gconstpointer data)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (formed); i++)
    {
      const HandoffChannelSide side = formed[i].side;
      g_autoptr (GVariant) text = g_variant_ref_sink (g_variant_new_parsed (formed[i].message));
      HandoffChannelMessage message;

      send_raw (side == HANDOFF_CHANNEL_SERVICE ? fixture->application : fixture->service,
                g_variant_get_data (text), g_variant_get_size (text), formed[i].n_fds);
      if (formed[i].error != NULL)
        assert_received_bad (fixture, side, G_IO_ERROR_INVALID_DATA, formed[i].error);
      else
        {
          receive (fixture, side, &message);
          g_assert_cmpuint (message.n_fds, ==, formed[i].n_fds);
          handoff_channel_message_clear (&message);
        }
    }
}

/* A descriptor is left to the system, which would close it in the thread that receives. */
static void
test_surplus (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) cancel =
      handoff_channel_message_pack (HANDOFF_CHANNEL_CANCEL, 1, g_variant_new ("()"));
  HandoffChannelMessage message;
  g_autoptr (GError) error = NULL;

  send_raw (fixture->application, g_variant_get_data (cancel), g_variant_get_size (cancel), MANY);
  g_assert_cmpint (try_to_receive (fixture, HANDOFF_CHANNEL_SERVICE, &message, &error), ==,
                   HANDOFF_PACKET_FAILED);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpuint (message.n_fds, ==, HANDOFF_CHANNEL_MAX_DESCRIPTORS);
  g_assert_cmpuint (message.n_surplus, ==, MANY - HANDOFF_CHANNEL_MAX_DESCRIPTORS);
  handoff_channel_message_clear (&message);
}

/* Every single byte changed, or left out at the end: what the service accepts must be in normal
 * form, which an application does not ask for; and nothing may be read that is not there. */
static void
test_bytes (Fixture *fixture, gconstpointer data)
{
  const HandoffChannelSide side = GPOINTER_TO_INT (data);
  GVariant *values = g_variant_new_parsed ("({'a': <1>, 'b': <['x', 'y']>},)");
  g_autoptr (GVariant) packed =
      side == HANDOFF_CHANNEL_SERVICE
          ? handoff_channel_message_pack (HANDOFF_CHANNEL_CALL, 7,
                                          handoff_channel_call_body (HANDOFF_CHANNEL_INTERACTIVE,
                                                                     "/some/where", "Do", values))
          : handoff_channel_message_pack (HANDOFF_CHANNEL_REPLY, 7, values);
  const gsize size = g_variant_get_size (packed);
  g_autofree guint8 *bytes = g_memdup2 (g_variant_get_data (packed), size);
  gsize i;
  guint bit, n_good = 0;

  for (i = 0; i < size; i++)
    {
      /* The last time, nothing is changed, but bytes are left out. */
      for (bit = 0; bit <= 8; bit++)
        {
          HandoffChannelMessage message = { 0 };
          g_autofree char *text = NULL;

          bytes[i] ^= (guint8) (1 << bit);
          if (handoff_channel_message_parse (&message, side, bytes, bit < 8 ? size : i, NULL))
            {
              g_assert_true (side == HANDOFF_CHANNEL_APPLICATION ||
                             (bit < 8 && g_variant_is_normal_form (message.body)));
              text = g_variant_print (message.body, TRUE);
              g_assert_true (g_utf8_validate (text, -1, NULL));
              n_good++;
            }
          handoff_channel_message_clear (&message);
          bytes[i] ^= (guint8) (1 << bit);
        }
    }
  /* The serial's, and letters. */
  g_assert_cmpuint (n_good, >, 32);
}

/* A message that is cut off counts as a message. */
static void
test_too_large (Fixture *fixture, gconstpointer data)
{
  const gsize over = HANDOFF_CHANNEL_MAX_MESSAGE_SIZE + 1;
  g_autofree guint8 *bytes = g_malloc0 (over);
  const int fds[MANY] = { 0 };
  gsize room = HANDOFF_CHANNEL_MAX_MESSAGE_SIZE - 64;
  g_autoptr (GVariant) small =
      handoff_channel_message_pack (HANDOFF_CHANNEL_REPLY, 1, g_variant_new ("(y)", 1));
  g_autoptr (GVariant) packed = NULL;
  g_autoptr (GError) error = NULL;
  HandoffChannelMessage message;

  send_raw (fixture->application, bytes, over, 1);
  assert_received_bad (fixture, HANDOFF_CHANNEL_SERVICE, G_IO_ERROR_INVALID_DATA, "*too large");

  /* Exactly as large as a message may be. */
  do
    {
      g_clear_pointer (&packed, g_variant_unref);
      packed = handoff_channel_message_pack (
          HANDOFF_CHANNEL_REPLY, 1,
          g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, room, 1)));
      room++;
    }
  while (g_variant_get_size (packed) < HANDOFF_CHANNEL_MAX_MESSAGE_SIZE);
  g_assert_true (handoff_channel_message_fits (packed, HANDOFF_CHANNEL_MAX_DESCRIPTORS));
  send_packed (fixture->service, packed, NULL, 0);
  receive (fixture, HANDOFF_CHANNEL_APPLICATION, &message);
  handoff_channel_message_clear (&message);

  /* And one more. */
  g_variant_unref (packed);
  packed = handoff_channel_message_pack (
      HANDOFF_CHANNEL_REPLY, 1,
      g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, room, 1)));
  g_assert_false (handoff_channel_message_fits (packed, 0));
  g_assert_cmpint (handoff_channel_message_send (fixture->service, packed, NULL, 0, &error), ==,
                   HANDOFF_PACKET_FAILED);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
  g_clear_error (&error);
  g_assert_cmpint (handoff_channel_message_send (fixture->service, small, fds, MANY, &error), ==,
                   HANDOFF_PACKET_FAILED);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
}

/* Who does not read makes the other side wait, or the message that waits is lost. */
static void
test_full (Fixture *fixture, gconstpointer data)
{
  const guint8 bytes[4096] = { 0 };
  g_autoptr (GError) error = NULL;
  HandoffPacketStatus status;
  HandoffChannelMessage message;
  guint i, n = 0;

  while (TRUE)
    {
      g_autoptr (GVariant) packed = handoff_channel_message_pack (
          HANDOFF_CHANNEL_REPLY, n + 1,
          g_variant_new ("(@ay)",
                         g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, sizeof bytes, 1)));

      status = handoff_channel_message_send (fixture->service, packed, NULL, 0, &error);
      if (status != HANDOFF_PACKET_DONE)
        break;
      n++;
    }
  g_assert_cmpint (status, ==, HANDOFF_PACKET_WOULD_BLOCK);
  g_assert_no_error (error);
  g_assert_cmpuint (n, >, 0);
  for (i = 0; i < n; i++)
    {
      receive (fixture, HANDOFF_CHANNEL_APPLICATION, &message);
      g_assert_cmpuint (message.serial, ==, i + 1);
      handoff_channel_message_clear (&message);
    }
}

/* A message whose descriptors did not fit into the process counts as the other side's fault, or as
 * whole. */
static void
test_no_descriptors_left (Fixture *fixture, gconstpointer data)
{
  const int fds[4] = { fixture->service, fixture->service, fixture->service, fixture->service };
  g_autoptr (GVariant) packed =
      handoff_channel_message_pack (HANDOFF_CHANNEL_REPLY, 1, g_variant_new ("(h)", 0));
  struct rlimit before, now;
  g_autoptr (GError) error = NULL;
  HandoffChannelMessage message;
  HandoffPacketStatus status;
  int highest;

  send_packed (fixture->service, packed, fds, G_N_ELEMENTS (fds));
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  highest = dup (fixture->service);
  close (highest);
  now = before;
  now.rlim_cur = (rlim_t) highest + 2; /* two of the four */
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &now), ==, 0);
  status = try_to_receive (fixture, HANDOFF_CHANNEL_APPLICATION, &message, &error);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  /* As under valgrind, which has a limit of its own. */
  if (status == HANDOFF_PACKET_DONE && message.fds[3] >= highest + 2)
    g_test_skip ("The limit of descriptors does not hold");
  else
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  handoff_channel_message_clear (&message);
}

/* What a packet without a byte brings is lost. */
static void
test_empty (Fixture *fixture, gconstpointer data)
{
  HandoffChannelMessage message;

  send_raw (fixture->application, "", 0, 2);
  g_assert_cmpint (try_to_receive (fixture, HANDOFF_CHANNEL_SERVICE, &message, NULL), ==,
                   HANDOFF_PACKET_CLOSED);
  g_assert_cmpuint (message.n_fds, ==, 2);
  handoff_channel_message_clear (&message);
}

/* Whoever sent something cannot tell whether it was read before the other side went away, or loses
 * what that said before. */
static void
test_reset (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) packed =
      handoff_channel_message_pack (HANDOFF_CHANNEL_CANCEL, 1, g_variant_new_tuple (NULL, 0));
  g_autoptr (GVariant) reply =
      handoff_channel_message_pack (HANDOFF_CHANNEL_REPLY, 1, g_variant_new_tuple (NULL, 0));
  HandoffChannelMessage message;

  send_packed (fixture->application, packed, NULL, 0);
  send_packed (fixture->service, reply, NULL, 0);
  close (fixture->service);
  fixture->service = -1;

  g_assert_cmpint (try_to_receive (fixture, HANDOFF_CHANNEL_APPLICATION, &message, NULL), ==,
                   HANDOFF_PACKET_RESET);
  receive (fixture, HANDOFF_CHANNEL_APPLICATION, &message);
  handoff_channel_message_clear (&message);
  g_assert_cmpint (try_to_receive (fixture, HANDOFF_CHANNEL_APPLICATION, &message, NULL), ==,
                   HANDOFF_PACKET_CLOSED);
  g_assert_cmpint (handoff_channel_message_send (fixture->application, packed, NULL, 0, NULL), ==,
                   HANDOFF_PACKET_CLOSED);
}

int
main (int argc, char *argv[])
{
  static const struct
  {
    const char *name;
    void (*run) (Fixture *, gconstpointer);
    HandoffChannelSide data;
  } tests[] = {
    { "call", test_call },
    { "replies", test_replies },
    { "error", test_error },
    { "forms", test_forms },
    { "surplus", test_surplus },
    { "bytes/call", test_bytes, HANDOFF_CHANNEL_SERVICE },
    { "bytes/reply", test_bytes, HANDOFF_CHANNEL_APPLICATION },
    { "too-large", test_too_large },
    { "full", test_full },
    { "no-descriptors-left", test_no_descriptors_left },
    { "empty", test_empty },
    { "reset", test_reset },
  };
  GError *first = g_dbus_error_new_for_dbus_error ("a.b", "");
  gsize i;

  g_test_init (&argc, &argv, NULL);
  /* GIO opens a descriptor for itself when it reads the first error. */
  g_clear_error (&first);
  for (i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/keyblob/channel-message/", tests[i].name, NULL);

      g_test_add (path, Fixture, GINT_TO_POINTER (tests[i].data), set_up, tests[i].run, tear_down);
    }
  return g_test_run ();
}
