/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "link/link-call.h"
#include "link/link-received.h"
#include "link/link-table.h"
#include "work/worker.h"

/* One end of a link between two programs of the service: a SOCK_SEQPACKET socket, on which each
 * message is of a row of the link's table. What comes is checked before anybody sees it: number,
 * direction, turn, type, normal form, size, how many descriptors, whether somebody asked for that
 * answer. Whoever breaks a rule has no link any more.
 *
 * Sending never waits. What the socket does not take waits in a queue of limited length: whoever
 * does not read has no link any more, either.
 *
 * Descriptors that nobody takes are closed by the reaper (work/descriptor-reaper.h): the other end
 * may have been taken over, and may send what takes for ever to close.
 *
 * Threads: a link has a home (work/home.h), the main thread or a worker, and is used there only. */

/* Begins to read at the next turn of the home's loop. socket: (transfer full). table, functions:
 * (unowned): as long as the link. end: which one this is. home: (nullable): NULL: the main thread.
 * peer: the other program's name, for the log and for errors: "tls-handoff-keeper". user_data:
 * (unowned). */
HandoffLink *handoff_link_new (int socket,
                               const HandoffLinkTable *table,
                               HandoffLinkEnd end,
                               HandoffWorker *home,
                               const char *peer,
                               const HandoffLinkFunctions *functions,
                               gpointer user_data);
/* Closes it. May be called by the link's own functions. Requests that came and were not answered
 * stay what they are: they can be answered, to nobody. */
void handoff_link_free (HandoffLink *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffLink, handoff_link_free)

/* A socket pair for a link: each of the two (transfer full), close-on-exec, non-blocking. */
gboolean handoff_link_make_sockets (int sockets[2], GError **error);

/* The user whose descriptors come on it, for the reaper. Until then, HANDOFF_UID_UNKNOWN. */
void handoff_link_set_user (HandoffLink *self, guint uid);

/* The other program's name. */
const char *handoff_link_get_peer (HandoffLink *self);
guint32 handoff_link_get_state (HandoffLink *self);
gboolean handoff_link_has_ended (HandoffLink *self);
/* Whether the other end has ever said something: a message or an answer. */
gboolean handoff_link_has_heard (HandoffLink *self);

/* Why the link was ended before the other end was gone: "broke the rules of its link, and was
 * ended: …", for the log. NULL: nothing wrong, or the link has not ended. is_breach: (out): whether
 * no honest program does that. */
const char *handoff_link_get_fault (HandoffLink *self, gboolean *is_breach);
/* What the owner, who is about to end it, has against the other end: "did not answer for 20
 * seconds, and was ended". It is no breach. */
void handoff_link_blame (HandoffLink *self, const char *fault);
/* As handoff_link_set_user() had it. */
guint handoff_link_get_user (HandoffLink *self);

/* Sends a message that wants no answer. body: consumed if floating; of the row's type. fds: n_fds
 * of them, (transfer full), whatever comes of it. Once the link has ended, nothing is sent.
 * TLS_HANDOFF_ERROR_LIMIT_REACHED if the message is too large; nothing is sent then. */
gboolean handoff_link_send (
    HandoffLink *self, guint number, GVariant *body, const int *fds, guint n_fds, GError **error);

/* Sends a request. Whatever fails, function is told. */
void handoff_link_request (HandoffLink *self,
                           guint number,
                           GVariant *body,
                           const int *fds,
                           guint n_fds,
                           HandoffLinkReplyFunc function,
                           gpointer user_data);

/* Takes in all that has come until now, before this returns: for who must know what another link
 * has said before it judges what came on its own. Not on a fiber: it needs more of the stack. */
void handoff_link_read_on (HandoffLink *self);

/* Whether the other end is gone. If so, all that it has said is taken in, and the link ends before
 * this returns, as it would at the next turn of the home's loop: ended is called. For who is about
 * to ask a program on behalf of somebody who may have seen its end already, and can ask another
 * one; programs see to it that nobody sees their end before their link does (program/program.c).
 * FALSE in the middle of what the other end has said. Not on a fiber, as handoff_link_read_on(). */
gboolean handoff_link_notice_end (HandoffLink *self);

/* The other end broke a rule that its table does not know: ends the link as other breaches do, but
 * not before the calling function has returned. format: what it did: "a grant for no key". */
void handoff_link_breach (HandoffLink *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* The other end is of no use any more: ends the link at a later turn of the home's loop, after what
 * has come until then, as it ends when the other end is gone. */
void handoff_link_hang_up (HandoffLink *self);

/* Ends the link. Requests are answered by error now, all others at once; ended is not called.
 * (nullable) error: why, for them; NULL: the service lets the other program go. */
void handoff_link_close (HandoffLink *self, const GError *error);
