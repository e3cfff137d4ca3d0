/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "packet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* The kernel's SCM_MAX_FD: no packet carries more. */
#define MAX_RIGHTS 253

/* Room for the descriptors of one packet, aligned as the system wants it. What has no room the
 * system would close, in the thread that receives; and that may take as long as a stranger likes.
 */
typedef union
{
  struct cmsghdr alignment;
  guint8 bytes[CMSG_SPACE (MAX_RIGHTS * sizeof (int))];
} Control;

gboolean
handoff_packet_fits (gsize size, guint n_fds)
{
  return size <= HANDOFF_PACKET_MAX_SIZE && n_fds <= HANDOFF_PACKET_MAX_DESCRIPTORS;
}

gboolean
handoff_packet_refuse (GError **error, const char *why)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "The other side of the socket broke the rules: %s", why);
  return FALSE;
}

static HandoffPacketStatus
fail_system (const char *what, int saved_errno, GError **error)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "%s: %s", what,
               g_strerror (saved_errno));
  return HANDOFF_PACKET_FAILED;
}

static HandoffPacketStatus
send_failed (int saved_errno, GError **error)
{
  switch (saved_errno)
    {
    case EAGAIN:
      return HANDOFF_PACKET_WOULD_BLOCK;
    case ETOOMANYREFS:
    case ENOBUFS:
      return HANDOFF_PACKET_CROWDED;
    case EPIPE:
    case ENOTCONN:
      return HANDOFF_PACKET_CLOSED;
    case ECONNRESET:
      return HANDOFF_PACKET_RESET;
    case EMSGSIZE:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                           "The message is too large for the buffers of this machine's sockets");
      return HANDOFF_PACKET_FAILED;
    default:
      return fail_system ("Sending a message failed", saved_errno, error);
    }
}

HandoffPacketStatus
handoff_packet_send (
    int socket, gconstpointer data, gsize size, const int *fds, guint n_fds, GError **error)
{
  struct iovec part = { (gpointer) data, size };
  struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
  Control control;
  struct cmsghdr *rights;
  gssize sent;

  if (!handoff_packet_fits (size, n_fds))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                   "A message of %" G_GSIZE_FORMAT " bytes with %u descriptors is too large", size,
                   n_fds);
      return HANDOFF_PACKET_FAILED;
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
  return sent >= 0 ? HANDOFF_PACKET_DONE : send_failed (errno, error);
}

/* fds: n of them, (transfer full) */
static void
add_fds (HandoffPacketRights *rights, const int *fds, guint n)
{
  const guint n_fitting = MIN (n, HANDOFF_PACKET_MAX_DESCRIPTORS - rights->n_fds);
  const guint n_more = n - n_fitting;

  memcpy (rights->fds + rights->n_fds, fds, n_fitting * sizeof (int));
  rights->n_fds += n_fitting;
  if (n_more == 0)
    return;
  rights->surplus = g_renew (int, rights->surplus, rights->n_surplus + n_more);
  memcpy (rights->surplus + rights->n_surplus, fds + n_fitting, n_more * sizeof (int));
  rights->n_surplus += n_more;
}

/* Takes the descriptors over. Returns FALSE if something else came, too. */
static gboolean
take_fds (HandoffPacketRights *rights, struct msghdr *header)
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
        add_fds (rights, (const int *) CMSG_DATA (part), (guint) n);
    }
  return known;
}

/* flags: of what came. FALSE if it cannot be used. */
static gboolean
check (const HandoffPacketRights *rights, gboolean is_known_kind, int flags, GError **error)
{
  if (!is_known_kind)
    return handoff_packet_refuse (error, "a message with something else than descriptors");
  if ((flags & MSG_TRUNC) != 0)
    return handoff_packet_refuse (error, "a message that is too large");
  if (rights->n_surplus > 0)
    return handoff_packet_refuse (error, "a message with too many descriptors");
  if ((flags & MSG_CTRUNC) == 0)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES,
                       "This process has no room for the descriptors of a message");
  return FALSE;
}

HandoffPacketStatus
handoff_packet_receive (
    int socket, guint8 *buffer, gsize *size, HandoffPacketRights *rights, GError **error)
{
  struct iovec part = { buffer, HANDOFF_PACKET_MAX_SIZE };
  Control control;
  struct msghdr header = {
    .msg_iov = &part,
    .msg_iovlen = 1,
    .msg_control = control.bytes,
    .msg_controllen = sizeof control.bytes,
  };
  gssize received;
  gboolean is_known_kind;

  *size = 0;
  memset (rights, 0, sizeof *rights);
  do
    received = recvmsg (socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  while (received < 0 && errno == EINTR);

  if (received < 0 && errno == EAGAIN)
    return HANDOFF_PACKET_WOULD_BLOCK;
  if (received < 0 && errno == ECONNRESET)
    return HANDOFF_PACKET_RESET;
  if (received < 0)
    return fail_system ("Receiving a message failed", errno, error);

  *size = (gsize) received;
  is_known_kind = take_fds (rights, &header);
  if (!check (rights, is_known_kind, header.msg_flags, error))
    return HANDOFF_PACKET_FAILED;
  return received > 0 ? HANDOFF_PACKET_DONE : HANDOFF_PACKET_CLOSED;
}
