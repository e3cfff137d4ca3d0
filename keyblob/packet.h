/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Packets of SOCK_SEQPACKET sockets, with descriptors: what channels between applications and the
 * service, and links between the service's programs, are made of.
 *
 * Nothing here blocks: sockets are used with MSG_DONTWAIT, and descriptors of the other side are
 * closed by who received them, in a way of their own (a close() of them may sleep).
 *
 * Threads: any. */

#define HANDOFF_PACKET_MAX_SIZE (128 * 1024) /* bytes */
#define HANDOFF_PACKET_MAX_DESCRIPTORS 8     /* of one packet */

/* What came of sending or receiving. */
typedef enum
{
  HANDOFF_PACKET_DONE,
  HANDOFF_PACKET_WOULD_BLOCK, /* try again when poll() says so */
  /* Too many descriptors of this user are on their way through sockets: try again after a moment.
   * poll() does not tell when. */
  HANDOFF_PACKET_CROWDED,
  HANDOFF_PACKET_CLOSED, /* the other side closed it, or is gone */
  /* The same, and it had not read the last message that was sent to it. The system says so once;
   * what came before the end can still be received. */
  HANDOFF_PACKET_RESET,
  HANDOFF_PACKET_FAILED, /* with an error */
} HandoffPacketStatus;

/* What came with a packet. */
typedef struct
{
  guint n_fds;
  int fds[HANDOFF_PACKET_MAX_DESCRIPTORS]; /* (owned) */
  /* Of a packet that was refused for it: those above that. (owned) (nullable) */
  int *surplus;
  guint n_surplus;
} HandoffPacketRights;

/* Whether it is small enough. */
gboolean handoff_packet_fits (gsize size, guint n_fds);

/* Sends a packet, without waiting, and keeps the descriptors open. Errors:
 * G_IO_ERROR_MESSAGE_TOO_LARGE if it is too large, or for the buffers of this machine's sockets;
 * others as the system has them. Nothing was sent then. */
HandoffPacketStatus handoff_packet_send (
    int socket, gconstpointer data, gsize size, const int *fds, guint n_fds, GError **error);

/* Receives a packet, without waiting. buffer: HANDOFF_PACKET_MAX_SIZE bytes. size: (out): how many
 * came. rights: filled in whatever comes of it; the caller closes what is in it, in its way. An
 * empty packet and the end look the same.
 *
 * Errors: G_IO_ERROR_INVALID_DATA if the other side broke the rules; G_IO_ERROR_TOO_MANY_OPEN_FILES
 * if there was no room for the packet's descriptors in this process: the packet is lost. Others as
 * the system has them. */
HandoffPacketStatus handoff_packet_receive (
    int socket, guint8 *buffer, gsize *size, HandoffPacketRights *rights, GError **error);

/* The error of a packet that breaks the rules: why says which. Returns FALSE. */
gboolean handoff_packet_refuse (GError **error, const char *why);
