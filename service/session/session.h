/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "caller/caller.h"
#include "handshake/handshake.h"
#include "work/idle-timer.h"
#include "caller/quota.h"
#include "resumption/session-cache.h"
#include "resumption/ticket-window.h"
#include "session/session-book.h"
#include "work/home.h"

typedef struct _HandoffSessionStore HandoffSessionStore;

/* A handshake that a caller asked for, while it runs and after it. All of it belongs to the thread
 * of its home: the main thread, or a worker, on which its handshake runs then.
 *
 * Reference-counted: the store has a reference until the session is closed or its owner leaves,
 * the handshake until nothing is left on the worker, an operation while it runs. A session keeps
 * the service running. */
typedef struct
{
  grefcount ref_count;
  char *id;              /* (owned): last element of the object path; unguessable */
  HandoffCaller *caller; /* (owned): who asked for it */
  HandoffRole role;
  /* (owned): a server's: the name that the client asked for, "" as long as the name is unknown */
  char *server_identity;
  char *credential_label; /* (owned) (nullable): of the credential that it authenticates with */
  guint32 call_serial;    /* of the call that made it; 0 once its reply has been read */
  gboolean stepwise;
  gboolean outlives_caller;    /* it belongs to the caller's user */
  gboolean error_details;      /* whether its owner copes with errors that have details */
  gboolean review_certificate; /* the caller may decide about the peer's certificate */
  HandoffCredentialChoiceMode credential_choice;
  gboolean transient; /* the session goes as soon as nobody can use it any more */

  HandoffHandshake *handshake; /* (owned) (nullable): NULL before it begins */
  HandoffHandshakeState state; /* as the last operation left it */
  gboolean failed;            /* perhaps nobody was told yet: the next operation tells the reason */
  gboolean offered;           /* the server was offered to resume a session */
  HandoffSessionStore *store; /* (unowned) (nullable): the one that it is in */
  gboolean removed;           /* out of it */
  gboolean busy;              /* an operation is under way */
  HandoffCaller *actor;       /* (owned) (nullable): who called for the operation */
  gint64 start_time;          /* monotonic, microseconds */
  gint64 end_time;            /* likewise; 0 until it is complete or has failed */
  gboolean counted;           /* it is in the statistics */
  GList caller_link;          /* in the queue of its caller's */
  GList outliving_link;       /* if it outlives him: in the queue of those that do */
  HandoffSessionEntry *entry; /* (unowned) (nullable): in the book, while it is in the store */
  HandoffHomeTimer *lifetime; /* (owned) (nullable): ends it */
  HandoffHandshakeOutcome *outcome; /* (owned) (nullable): of a complete handshake */

  /* What resumption.c keeps of it. */
  HandoffSessionCacheKey *cache_key; /* (owned) (nullable): NULL if nothing is resumed or kept */
  HandoffTicketWindow *window;       /* (owned) (nullable): while tickets are waited for */
  gint64 window_deadline;            /* boot time, microseconds */
  guint window_seconds;              /* how long it stays open */
  guint64 policy_serial;             /* of the configuration that it began under */
  gint64 verified_at;                /* of the session that is resumed: see session-cache.h */
  guint session_lifetime;            /* seconds that what the window brings may be kept */
  GList window_link;                 /* in the queue of all windows */

  HandoffIdleTimer *idle_timer;  /* (unowned): held */
  HandoffPlace *handshake_place; /* (owned) (nullable): until the handshake has ended */
  HandoffPlace *session_place;   /* (owned) (nullable): until it is out of the store */
  HandoffPlace *outliving_place; /* (owned) (nullable): likewise */
} HandoffSession;

/* server_identity: (nullable): NULL for a server */
HandoffSession *handoff_session_new (HandoffRole role,
                                     HandoffCaller *caller,
                                     const char *server_identity,
                                     HandoffIdleTimer *idle);
HandoffSession *handoff_session_ref (HandoffSession *self);
void handoff_session_unref (HandoffSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffSession, handoff_session_unref)

/* The names of its role and of its state in the D-Bus API. */
const char *handoff_session_get_role_name (const HandoffSession *session);
const char *handoff_session_get_state_name (const HandoffSession *session);

/* The store of a home: its sessions that exist for their callers. At home.
 * book: (unowned): of all homes' sessions. removed: called for each session that goes. */
typedef void (*HandoffSessionFunc) (HandoffSession *session, gpointer user_data);
HandoffSessionStore *handoff_session_store_new (HandoffSessionBook *book,
                                                HandoffSessionFunc removed,
                                                gpointer user_data);
void handoff_session_store_free (HandoffSessionStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffSessionStore, handoff_session_store_free)

void handoff_session_store_add (HandoffSessionStore *self, HandoffSession *session);
/* (transfer none) (nullable): NULL if there is no session with that id, or if it is not caller's */
HandoffSession *
handoff_session_store_lookup (HandoffSessionStore *self, const char *id, HandoffCaller *caller);
/* What the book says of the sessions that the caller may use, with a number above after: at most
 * maximum, the oldest first. What others have costs nothing. (transfer full) (element-type
 * HandoffSessionEntry) */
GPtrArray *handoff_session_store_dup_page_of (HandoffSessionStore *self,
                                              HandoffCaller *caller,
                                              guint64 after,
                                              guint maximum);
/* Brings the session's entry in the book up to date. Does nothing if it is not in the store. */
void handoff_session_store_note (HandoffSessionStore *self, HandoffSession *session);
/* Does nothing if session is removed already. */
void handoff_session_store_remove (HandoffSessionStore *self, HandoffSession *session);
/* Removes the sessions that do not outlive caller. */
void handoff_session_store_remove_all_of (HandoffSessionStore *self, HandoffCaller *caller);
void handoff_session_store_remove_all (HandoffSessionStore *self);
