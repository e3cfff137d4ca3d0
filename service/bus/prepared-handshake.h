/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/facade-context.h"

/* A call whose handshake has not begun. It holds its places in the quotas from before it waits for
 * authorization: those who wait count too. */
typedef struct
{
  const HandoffFacadeContext *context; /* (unowned) */
  HandoffHandshakeRequest *request;    /* (owned) (nullable): NULL once it runs */
  HandoffSession *session;             /* (owned): not in the store yet */
  int pem_fd;              /* (owned): credential-pem; -1 without, and once it is read */
  GBytes *pem;             /* (owned) (nullable): read, until it is parsed */
  gboolean failed;         /* it was allowed, and nothing came of it */
  gboolean refuses_client; /* of a server: its client gets an alert */
} HandoffPreparedHandshake;

void handoff_prepared_handshake_free (HandoffPreparedHandshake *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPreparedHandshake, handoff_prepared_handshake_free)

/* The call is about to fail. If that is the end, a server's client hears so when self is freed. It
 * is not the end if the caller may call again with other arguments, or later. */
void handoff_prepared_handshake_note_error (HandoffPreparedHandshake *self, const GError *error);
/* It has all that it needs. call: (transfer full) */
void handoff_prepared_handshake_begin (HandoffPreparedHandshake *self, HandoffCall *call);
/* It was allowed, but the credential is not there, or not what it should be. call: (transfer full)
 */
void handoff_prepared_handshake_fail (HandoffPreparedHandshake *self,
                                      HandoffCall *call,
                                      const GError *error);
