/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#include "keyblob/key-state.h"

/* What can be told of the sessions of all homes, without asking these: a worker may be stuck in its
 * user's socket. Each session has an entry, which its home keeps up to date. Any thread. */
typedef struct _HandoffSessionBook HandoffSessionBook;

/* A session, as ListSessions() has it. */
typedef struct
{
  guint64 number; /* larger than that of every session that was in the book before */
  HandoffRole role;
  guint pid;
  gint64 start_time; /* monotonic, microseconds */
  /* Of these nobody frees anything. */
  const char *state;
  const char *protocol;     /* "" as long as it is unknown */
  const char *cipher_suite; /* likewise */
  char *server_identity;    /* (owned): likewise */
  char *credential_label;   /* (owned): "" without */
  char *id;                 /* (owned): the last element of its object path */
} HandoffSessionEntry;

/* The name of a role in the D-Bus API. */
const char *handoff_session_role_get_name (HandoffRole role);

HandoffSessionBook *handoff_session_book_new (void);
/* Several books whose numbers have to differ: a number is then a time, times n_slots, plus slot,
 * which is below n_slots. Before there is an entry. */
void handoff_session_book_set_slot (HandoffSessionBook *self, guint slot, guint n_slots);
/* It must be empty. */
void handoff_session_book_free (HandoffSessionBook *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffSessionBook, handoff_session_book_free)

/* description: copied; the number is given here. Returns: (transfer none): the entry, until it is
 * removed; only the book looks into it, but for number, which does not change. */
HandoffSessionEntry *handoff_session_book_add (HandoffSessionBook *self,
                                               const HandoffSessionEntry *description);
/* description: of the same session: what may have changed of it is state, protocol, cipher suite,
 * server identity and label. */
void handoff_session_book_update (HandoffSessionBook *self,
                                  HandoffSessionEntry *entry,
                                  const HandoffSessionEntry *description);
void handoff_session_book_remove (HandoffSessionBook *self, HandoffSessionEntry *entry);

/* (transfer full) (element-type HandoffSessionEntry): copies of at most maximum entries with a
 * number above after, the oldest first. The cost does not grow with the number of sessions. */
GPtrArray *handoff_session_book_dup_page (HandoffSessionBook *self, guint64 after, guint maximum);
/* (transfer full): a copy of the entry. */
HandoffSessionEntry *handoff_session_book_dup_entry (HandoffSessionBook *self,
                                                     const HandoffSessionEntry *entry);
void handoff_session_entry_free (HandoffSessionEntry *entry);
/* A GCompareFunc: by number, and so by age. */
int handoff_session_entry_compare (gconstpointer a, gconstpointer b);
guint handoff_session_book_get_size (HandoffSessionBook *self);
