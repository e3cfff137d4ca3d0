/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/call-context.h"

/* A call whose handshake has not begun. It takes its places in the quotas before it waits for
 * authorization: calls that wait count too. */
typedef struct _HandoffPreparedHandshake HandoffPreparedHandshake;

struct _HandoffPreparedHandshake
{
  const HandoffCallContext *context; /* (unowned) */
  HandoffHandshakeRequest *request;  /* (owned) (nullable): NULL once it runs */
  HandoffSession *session;           /* (owned): not in the store yet */
  HandoffPlace *waiting_place;       /* (owned) (nullable): while its session has no other */
  int pem_fd;                        /* (owned): credential-pem; -1 without, and once it is read */
  gboolean failed;                   /* it was allowed, but failed */
  gboolean refuses_client;           /* a server's client gets an alert */
  /* Asks polkit, although it was known what that says. Main thread. self, call: (transfer full) */
  void (*ask_again) (HandoffPreparedHandshake *self, HandoffCall *call);
};

void handoff_prepared_handshake_free (HandoffPreparedHandshake *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPreparedHandshake, handoff_prepared_handshake_free)

/* The call is about to fail. If the caller cannot mend that by another call, a server's client gets
 * an alert when self is freed. */
void handoff_prepared_handshake_note_error (HandoffPreparedHandshake *self, const GError *error);
/* It has all that it needs: goes home, and begins there. From the main thread, or at home. self,
 * call: (transfer full) */
void handoff_prepared_handshake_begin (HandoffPreparedHandshake *self, HandoffCall *call);
/* Polkit allowed the call, but the credential is missing or unfit. call: (transfer full) */
void handoff_prepared_handshake_fail (HandoffPreparedHandshake *self,
                                      HandoffCall *call,
                                      const GError *error);
