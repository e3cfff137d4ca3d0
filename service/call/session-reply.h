/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "gate/call.h"
#include "session/session-handshake.h"

/* The result of an operation on a session becomes the one reply to its call: state, details, and
 * the key blob as a descriptor. */

/* The last argument of handoff_session_step(), _review(), _provide() and _export(). call: (transfer
 * full): the user data of reply, which is one of those below */
HandoffSessionReply handoff_session_reply_new (HandoffCall *call, HandoffSessionReplyFunc reply);

/* To Manager.HandshakeAsClient() and HandshakeAsServer(). */
void handoff_session_reply_to_handshake (HandoffSession *session,
                                         HandoffHandshakeProgress *progress,
                                         gpointer call);
/* To Session.Step(). */
void handoff_session_reply_to_step (HandoffSession *session,
                                    HandoffHandshakeProgress *progress,
                                    gpointer call);
/* To Session.ReviewCertificate() and ProvideCredential(). */
void handoff_session_reply_to_review (HandoffSession *session,
                                      HandoffHandshakeProgress *progress,
                                      gpointer call);
/* To Session.ExportKeys(). */
void handoff_session_reply_to_export (HandoffSession *session,
                                      HandoffHandshakeProgress *progress,
                                      gpointer call);

/* (transfer full): the path of the session's object */
char *handoff_session_reply_dup_path (const HandoffSession *session);
