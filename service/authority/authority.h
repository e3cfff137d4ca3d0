/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "keyblob/key-state.h"
#include "signature/signing-grant.h"

/* Decides whether a caller may do something. The authority is outside the process: an answer may
 * take minutes, or never come.
 *
 * Signal "changed": what it answered before may be wrong now. The news can be late, and the bus may
 * lose it. Main thread. */
#define HANDOFF_TYPE_AUTHORITY (handoff_authority_get_type ())
G_DECLARE_INTERFACE (HandoffAuthority, handoff_authority, HANDOFF, AUTHORITY, GObject)

/* What polkit's rules see (action.lookup("…")) of a handshake, and of a change of a credential. */
#define HANDOFF_AUTHORITY_DETAIL_CREDENTIAL "credential" /* its label */
/* The option's value, where the caller named no credential. */
#define HANDOFF_AUTHORITY_DETAIL_CREDENTIAL_CHOICE "credential-choice"
#define HANDOFF_AUTHORITY_DETAIL_ROLE "role"
#define HANDOFF_AUTHORITY_DETAIL_SERVER_IDENTITY "server-identity"
/* "true", or missing. */
#define HANDOFF_AUTHORITY_DETAIL_REVIEW_CERTIFICATE "review-certificate"

/* The credential that a handshake is to use, if the question is about that. */
typedef struct
{
  const char *id;   /* (nullable): NULL if it is known by its name alone */
  HandoffRole role; /* the handshake's */
  /* A plain yes will be remembered, and the next handshakes do not ask. */
  gboolean is_remembered;
  const char *name; /* (nullable): what the caller called it: its label, or its object's path */
} HandoffAuthorityCredential;

typedef struct
{
  guint64 caller;       /* his number, where callers have one */
  const char *bus_name; /* the caller's unique name */
  guint uid;            /* the caller's: the check counts for the share of this user */
  const char *action;
  GHashTable *details;  /* (element-type utf8 utf8) (nullable): what rules see */
  gboolean interactive; /* whether the user may be asked */
  const HandoffAuthorityCredential *credential; /* (nullable) */
} HandoffAuthorityCheck;

struct _HandoffAuthorityInterface
{
  GTypeInterface parent;

  void (*check_async) (HandoffAuthority *self,
                       const HandoffAuthorityCheck *check,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
  gboolean (*check_finish) (HandoffAuthority *self,
                            GAsyncResult *result,
                            gboolean *is_plain,
                            GError **error);
  /* (nullable) */
  HandoffSigningGrant *(*take_grant) (HandoffAuthority *self, GAsyncResult *result);
};

/* check need not outlive the call. */
void handoff_authority_check_async (HandoffAuthority *self,
                                    const HandoffAuthorityCheck *check,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
/* TRUE if allowed. TLS_HANDOFF_ERROR_NOT_AUTHORIZED if not; TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND
 * if that is allowed, but the credential is not there: without words, if there is no more to say.
 * Without an answer: TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE; TLS_HANDOFF_ERROR_LIMIT_REACHED if
 * too many checks of the user wait; TLS_HANDOFF_ERROR_CANCELLED if the check was cancelled.
 * is_plain: (out): whether the yes follows from the rules alone. If somebody gave a password for
 * it, now or a while ago, it is not: the authority alone knows for how long that counts. */
gboolean handoff_authority_check_finish (HandoffAuthority *self,
                                         GAsyncResult *result,
                                         gboolean *is_plain,
                                         GError **error);

/* After a yes to the use of a credential: the right to have its key sign, for one handshake, or for
 * as long as the yes is remembered. (transfer full) (nullable): NULL if the key is in this process,
 * or somewhere else that needs no grant; and the second time. */
HandoffSigningGrant *handoff_authority_take_grant (HandoffAuthority *self, GAsyncResult *result);

/* For implementations. */
void handoff_authority_emit_changed (HandoffAuthority *self);
