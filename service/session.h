/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "caller.h"

/* What is remembered of a completed handshake until its caller closes it or goes: no key. */
typedef struct
{
  char *id;              /* (owned): last element of the object path; unguessable */
  HandoffCaller *caller; /* (owned) */
  char *server_identity; /* (owned) */
  const char *protocol;
  const char *cipher_suite;
} HandoffSession;

/* All sessions. Main thread. */
typedef struct _HandoffSessionStore HandoffSessionStore;

/* removed: called for each session that goes, before it is freed. */
typedef void (*HandoffSessionFunc) (HandoffSession *session, gpointer user_data);
HandoffSessionStore *handoff_session_store_new (HandoffSessionFunc removed, gpointer user_data);
void handoff_session_store_free (HandoffSessionStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffSessionStore, handoff_session_store_free)

/* (transfer none) */
HandoffSession *handoff_session_store_add (HandoffSessionStore *self,
                                           HandoffCaller *caller,
                                           const char *server_identity,
                                           const char *protocol,
                                           const char *cipher_suite);
/* (transfer none) (nullable): NULL if there is none of that id, or if it is not bus_name's */
HandoffSession *
handoff_session_store_lookup (HandoffSessionStore *self, const char *id, const char *bus_name);
/* (transfer full): the ids of bus_name's sessions, as an introspection wants them */
char **handoff_session_store_list (HandoffSessionStore *self, const char *bus_name);
void handoff_session_store_remove (HandoffSessionStore *self, HandoffSession *session);
void handoff_session_store_remove_all_of (HandoffSessionStore *self, HandoffCaller *caller);
guint handoff_session_store_get_size (HandoffSessionStore *self);
