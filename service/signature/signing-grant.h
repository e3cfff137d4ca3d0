/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "signature/signer.h"

/* The right to have handshakes signed with one credential's key, in one role, as the broker gave
 * it. It goes from polkit's yes to the handshake: who holds a reference may use it, and when the
 * last one goes, the broker is told that it is over. The signer ends whoever asks for more than
 * what was granted, so uses and time are counted here too. Reference-counted; any thread. */
typedef struct _HandoffSigningGrant HandoffSigningGrant;

/* All grants of this process. Main thread. */
typedef struct _HandoffSigningGrants HandoffSigningGrants;

/* What the broker said: see HandoffGrantTerms. */
typedef struct
{
  guint64 number;
  guint role;   /* HandoffSignatureRole */
  guint uses;   /* 0: any number */
  gint64 until; /* boot time, microseconds */
} HandoffSigningTerms;

/* How long a handshake that has begun may use a grant that the broker wants back, seconds: less
 * than the broker waits (HANDOFF_SIGNING_TAKE_BACK_SECONDS). */
#define HANDOFF_SIGNING_FINISH_SECONDS 8

/* over: called on the main thread for each grant that is over and was not taken back. user_data:
 * (unowned) */
HandoffSigningGrants *handoff_signing_grants_new (void (*over) (guint64 number, gpointer user_data),
                                                  gpointer user_data);
/* The process ends: nobody is told any more of grants that are over. */
void handoff_signing_grants_free (HandoffSigningGrants *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffSigningGrants, handoff_signing_grants_free)

/* signer: (transfer none). (transfer full) */
HandoffSigningGrant *handoff_signing_grants_add (HandoffSigningGrants *self,
                                                 HandoffSigner *signer,
                                                 const HandoffSigningTerms *terms);
/* The broker wants it back. Handshakes that have begun may use it for some seconds. over: called
 * once, on the main thread, when nobody has it any more; at once if it is over already. */
void handoff_signing_grants_take_back (HandoffSigningGrants *self,
                                       guint64 number,
                                       void (*over) (gpointer data),
                                       gpointer data);

HandoffSigningGrant *handoff_signing_grant_ref (HandoffSigningGrant *self);
void handoff_signing_grant_unref (HandoffSigningGrant *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffSigningGrant, handoff_signing_grant_unref)

/* On a worker: one use of it. TLS_HANDOFF_ERROR_NOT_AUTHORIZED if it is over, or used up: nothing
 * is asked then. Otherwise signed_func is called, once: see handoff_signer_sign(). */
gboolean handoff_signing_grant_sign (HandoffSigningGrant *self,
                                     guint scheme,
                                     GBytes *data,
                                     HandoffSigned signed_func,
                                     gpointer user_data,
                                     GError **error);
