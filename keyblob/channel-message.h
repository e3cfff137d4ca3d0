/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* The messages of a channel between an application and the service (docs/CHANNEL.md): one packet of
 * a SOCK_SEQPACKET socket each, a GVariant (yuv) in normal form and this machine's byte order
 * (kind, serial, body), with up to eight descriptors.
 *
 * Nothing here blocks: sockets are used with MSG_DONTWAIT, and descriptors of the other side are
 * closed by who received them, in a way of their own (a close() of them may sleep).
 *
 * Threads: any. */

#define HANDOFF_CHANNEL_MAX_MESSAGE_SIZE (128 * 1024) /* bytes */
#define HANDOFF_CHANNEL_MAX_DESCRIPTORS 8             /* of one message */
/* Bytes. The rest of an error's message is cut off: it may quote a call, which may be as large as a
 * message, and would wait in the service until the application reads it. */
#define HANDOFF_CHANNEL_MAX_ERROR_TEXT 1024

typedef enum
{
  HANDOFF_CHANNEL_CALL = 1,   /* of the application: (uosv) flags, object path, method, arguments */
  HANDOFF_CHANNEL_REPLY = 2,  /* of the service: the tuple that the bus's reply would have */
  HANDOFF_CHANNEL_ERROR = 3,  /* of the service: (ssa{sv}) name, message, details */
  HANDOFF_CHANNEL_CANCEL = 4, /* of the application: () */
} HandoffChannelKind;

/* Flags of a call. */
typedef enum
{
  HANDOFF_CHANNEL_INTERACTIVE = 1, /* the user may be asked for a password */
} HandoffChannelFlags;

/* Which side this is. Each may send kinds of its own only. */
typedef enum
{
  HANDOFF_CHANNEL_APPLICATION,
  HANDOFF_CHANNEL_SERVICE,
} HandoffChannelSide;

/* What came of sending or receiving. */
typedef enum
{
  HANDOFF_CHANNEL_DONE,
  HANDOFF_CHANNEL_WOULD_BLOCK, /* try again when poll() says so */
  /* Too many descriptors of this user are on their way through sockets: try again after a moment.
   * poll() does not tell when. */
  HANDOFF_CHANNEL_CROWDED,
  HANDOFF_CHANNEL_CLOSED, /* the other side closed it, or is gone */
  /* The same, and it had not read the last message that was sent to it. The system says so once;
   * what came before the end can still be received. */
  HANDOFF_CHANNEL_RESET,
  HANDOFF_CHANNEL_FAILED, /* with an error */
} HandoffChannelStatus;

/* A message that came. */
typedef struct
{
  HandoffChannelKind kind;
  guint32 serial; /* 0: of a call that wants no reply */
  /* (owned) (nullable): of the type that its kind has; in normal form for the service, which checks
   * it */
  GVariant *body;
  guint n_fds;
  int fds[HANDOFF_CHANNEL_MAX_DESCRIPTORS]; /* (owned): what body's handles count */
  /* Of a message that was refused for it: those above that. (owned) (nullable) */
  int *surplus;
  guint n_surplus;
} HandoffChannelMessage;

/* What is sent. body: consumed if floating; a tuple. (transfer full): not floating */
GVariant *handoff_channel_message_pack (HandoffChannelKind kind, guint32 serial, GVariant *body);
/* The body of a call. arguments: consumed if floating; a tuple. (transfer floating) */
GVariant *handoff_channel_call_body (HandoffChannelFlags flags,
                                     const char *path,
                                     const char *method,
                                     GVariant *arguments);
/* The body that tells of error. with_details: whether the caller asked for them. (transfer
 * floating) */
GVariant *handoff_channel_error_body (const GError *error, gboolean with_details);

/* Whether a packed message is small enough for a channel. */
gboolean handoff_channel_message_fits (GVariant *packed, guint n_fds);

/* Sends a packed message, without waiting, and keeps the descriptors open. Errors:
 * G_IO_ERROR_MESSAGE_TOO_LARGE if it is too large for a channel, or for the buffers of this
 * machine's sockets; others as the system has them. Nothing was sent then. */
HandoffChannelStatus handoff_channel_message_send (
    int socket, GVariant *packed, const int *fds, guint n_fds, GError **error);

/* Receives one message, without waiting. buffer: HANDOFF_CHANNEL_MAX_MESSAGE_SIZE bytes, which are
 * free again when this returns. side: who receives.
 *
 * message: filled in whatever comes of it: with anything but HANDOFF_CHANNEL_DONE it has no body,
 * but it may have descriptors, which the caller closes in its way.
 *
 * Errors: G_IO_ERROR_INVALID_DATA if the other side broke the rules; then the channel cannot be
 * used any more. G_IO_ERROR_TOO_MANY_OPEN_FILES if there was no room for the message's descriptors
 * in this process: the message is lost. Others as the system has them. */
HandoffChannelStatus handoff_channel_message_receive (int socket,
                                                      HandoffChannelSide side,
                                                      guint8 *buffer,
                                                      HandoffChannelMessage *message,
                                                      GError **error);

/* The same. known: (nullable): the body of a call that came before: if the same call comes again,
 * as it does from an application that connects again and again, message has this body, and nothing
 * is checked a second time. */
HandoffChannelStatus handoff_channel_message_receive_known (int socket,
                                                            HandoffChannelSide side,
                                                            GVariant *known,
                                                            guint8 *buffer,
                                                            HandoffChannelMessage *message,
                                                            GError **error);

/* Checks what came as a packet of that many bytes, and fills in kind, serial and body; n_fds is
 * what came with it. For handoff_channel_message_receive(), and for what makes messages up. */
gboolean handoff_channel_message_parse (HandoffChannelMessage *message,
                                        HandoffChannelSide side,
                                        const guint8 *data,
                                        gsize size,
                                        GError **error);

/* Of a call. path, method: as long as message lives. arguments: (transfer full) */
void handoff_channel_message_get_call (const HandoffChannelMessage *message,
                                       HandoffChannelFlags *flags,
                                       const char **path,
                                       const char **method,
                                       GVariant **arguments);
/* Of an error. As handoff_error_from_name() makes it. (transfer full) */
GError *handoff_channel_message_get_error (const HandoffChannelMessage *message);

/* Lets go of the body and closes the descriptors that are still there: for those of the service's.
 * The service itself gives an application's to its reaper, and sets n_fds and n_surplus to 0. */
void handoff_channel_message_clear (HandoffChannelMessage *message);
