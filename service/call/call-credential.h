/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/call-context.h"
#include "keyblob/key-state.h"

/* The credential that a call names, or sends in PEM: gets it, if the caller may use it. Main
 * thread.
 */

/* What comes of it: exactly one of the three is called. */
typedef struct
{
  /* call, data: (transfer full). credential: (transfer none). grant: (transfer none) (nullable): to
   * use it */
  void (*found) (HandoffCall *call,
                 HandoffCredential *credential,
                 HandoffSigningGrant *grant,
                 gpointer data);
  /* call, data: (transfer full). is_denied: polkit did not say yes; otherwise the credential is
   * missing or unfit. */
  void (*failed) (HandoffCall *call, const GError *error, gboolean is_denied, gpointer data);
  /* The caller has left; the call is gone. data: (transfer full) */
  void (*caller_left) (gpointer data);
} HandoffCallCredentialFuncs;

/* name: as the option has it: handoff_credentials_find_by_name(). details: (transfer none): what
 * polkit's rules see. call, data: (transfer full). funcs: stays where it is. */
void handoff_call_credential_find (const HandoffCallContext *context,
                                   HandoffCall *call,
                                   const char *name,
                                   HandoffRole role,
                                   GHashTable *details,
                                   const HandoffCallCredentialFuncs *funcs,
                                   gpointer data);
/* fd: (transfer full): the option credential-pem. role: of its handshake. Likewise. */
void handoff_call_credential_read (const HandoffCallContext *context,
                                   HandoffCall *call,
                                   int fd,
                                   HandoffRole role,
                                   const HandoffCallCredentialFuncs *funcs,
                                   gpointer data);
/* Takes the descriptor of the option credential-pem out of the call's message. TRUE without one
 * (index is negative), and *fd is -1. */
gboolean handoff_call_credential_take_fd (HandoffCall *call, gint32 index, int *fd, GError **error);
