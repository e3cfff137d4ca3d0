/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What polkit allowed the caller of one channel, so that the next handshake of the same kind need
 * not ask. Only a plain yes (authorization.h) may be added, and it is valid for a time from the
 * moment when the service asked. Whatever may have changed polkit's mind ends the memory of all
 * channels at once: handoff_grant_book_forget_all(). */

/* The tables of all channels. Main thread. */
typedef struct _HandoffGrantBook HandoffGrantBook;
/* The table of one channel. */
typedef struct _HandoffGrants HandoffGrants;
/* A yes that is remembered. Never changes. */
typedef struct _HandoffGrant HandoffGrant;

/* A table takes so much memory at the most, in bytes; what was not used for the longest time goes.
 * That is enough for some 200 server identities. What add() is given beside the question is not
 * counted: it should be little, and shared. */
#define HANDOFF_GRANTS_SIZE 65536
/* The credential_owner of a grant without a credential. */
#define HANDOFF_GRANT_NO_OWNER G_MAXUINT

HandoffGrantBook *handoff_grant_book_new (void);
/* All tables must be gone. */
void handoff_grant_book_free (HandoffGrantBook *self);
/* How long a yes is remembered, in seconds; 0: not at all. Forgets all: what is remembered was
 * remembered under another configuration. */
void handoff_grant_book_configure (HandoffGrantBook *self, guint seconds);
/* When this returns, nothing that polkit said before is found any more, and no answer to a question
 * that was asked before can be added. */
void handoff_grant_book_forget_all (HandoffGrantBook *self);
/* Likewise what may depend on the credentials of that user: the tables of his channels; all tables
 * if it is the machine (0), whose credentials everybody may name. */
void handoff_grant_book_forget_credentials (HandoffGrantBook *self, guint owner);

/* uid: of the caller. The book must outlive its use: until it is closed. Main thread. */
HandoffGrants *handoff_grants_new (HandoffGrantBook *book, guint uid);
/* The channel is gone: forgets all, and remembers nothing any more. Main thread. self: (transfer
 * full) */
void handoff_grants_close (HandoffGrants *self);
/* Any thread. */
HandoffGrants *handoff_grants_ref (HandoffGrants *self);
void handoff_grants_unref (HandoffGrants *self);

/* What was asked. Two questions are the same if all of it is the same. */
typedef struct
{
  const char *action;
  GHashTable *details; /* (element-type utf8 utf8) (nullable): what polkit's rules see */
  /* (nullable): how the caller called the credential (label or path). Rules see the label alone,
   * but two credentials may have the same one. */
  const char *credential_name;
} HandoffGrantQuestion;

/* When the service asked polkit. Take it before the question is sent, and before anything is looked
 * up that the data of the grant depend on: a change that comes meanwhile is not overlooked then. No
 * more than a number and a time: it may wait as long as the question does. */
typedef struct
{
  guint64 era;
  gint64 time; /* boot time, microseconds */
} HandoffGrantMoment;

/* Any thread. */
HandoffGrantMoment handoff_grants_get_moment (HandoffGrants *self);

/* Remembers a plain yes, in place of an earlier one to the same question. If one grant stands for
 * several questions, all their answers must be plain, and moment is that of the first one. Does
 * nothing if what was asked at that moment is not valid any more; if nothing is to be remembered;
 * and if the credential is of a third user, neither the caller's nor the machine's: nobody is told
 * when those change.
 * credential_owner: of the credential that data has. data: (transfer full) (nullable): for who
 * looks the grant up; it is shared, so nobody changes it. What depends on the time, like the
 * validity of certificates, he has to check again. destroy: (nullable): called in any thread, with
 * no lock held. Main thread. */
void handoff_grants_add (HandoffGrants *self,
                         const HandoffGrantQuestion *question,
                         const HandoffGrantMoment *moment,
                         guint credential_owner,
                         gpointer data,
                         GDestroyNotify destroy);
/* (transfer full) (nullable): NULL: ask polkit. Any thread. */
HandoffGrant *handoff_grants_lookup (HandoffGrants *self, const HandoffGrantQuestion *question);
/* How many there are, outdated ones included. Any thread. */
guint handoff_grants_get_size (HandoffGrants *self);

/* (transfer none) (nullable): valid as long as there is a reference. Any thread. */
gpointer handoff_grant_get_data (const HandoffGrant *self);
void handoff_grant_unref (HandoffGrant *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffGrant, handoff_grant_unref)
