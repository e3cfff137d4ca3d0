/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/authority.h"
#include "broker/program-kind.h"
#include "caller/caller.h"
#include "caller/quota.h"
#include "caller/statistics.h"
#include "credential/credentials.h"
#include "link/handshaker-messages.h"
#include "importers/importers.h"
#include "keeping/keeper.h"
#include "link/link.h"
#include "signing/grant-giver.h"
#include "work/idle-timer.h"

/* A handshaker as the broker sees it: its process, and what is under way there. For the files of
 * this folder; handshaker.h says what is done with it. Main thread only. */
typedef struct _HandoffHandshaker HandoffHandshaker;

typedef struct _HandoffKnownCallers HandoffKnownCallers;
typedef struct _HandoffKnownSessions HandoffKnownSessions;
typedef struct _HandoffQuestions HandoffQuestions;
typedef struct _HandoffPlacesDesk HandoffPlacesDesk;
typedef struct _HandoffPlacesBook HandoffPlacesBook;
typedef struct _HandoffCredentialFeed HandoffCredentialFeed;

/* What all handshakers have in common. (unowned): outlives them */
typedef struct
{
  const HandoffProgramKind *program;
  HandoffAuthority *authority;
  HandoffCredentials *credentials;
  HandoffImporters *importers;
  HandoffKeeper *keeper;
  HandoffSigning *signing;
  HandoffGrantGiver *giver;
  HandoffStatistics *statistics;
  HandoffIdleTimer *idle_timer;
  HandoffQuota *channels;    /* of all users */
  HandoffPlacesBook *places; /* likewise */
  /* (nullable): the caller of that name has read the reply to his call of that serial. */
  void (*note_read) (const char *bus_name, guint32 serial, gpointer user_data);
  gpointer note_read_data;
  /* (nullable): of that user, a session has come, gone, or changed perhaps. */
  void (*sessions_changed) (guint uid, gpointer user_data);
  gpointer sessions_changed_data;
} HandoffBrokerSupport;

typedef enum
{
  HANDOFF_HANDSHAKER_STARTING, /* its policy is not parsed yet */
  HANDOFF_HANDSHAKER_SPARE,
  HANDOFF_HANDSHAKER_BEGINNING, /* it has a user, and does not know of all his credentials yet */
  HANDOFF_HANDSHAKER_SERVING,   /* its user */
  HANDOFF_HANDSHAKER_LEAVING,   /* it was asked whether it can go */
  HANDOFF_HANDSHAKER_DRAINING,  /* it was told to go */
  HANDOFF_HANDSHAKER_ENDED,     /* nothing can be had from it any more */
} HandoffHandshakerState;

/* What it counted: as in HANDOFF_HANDSHAKER_REPORT. */
typedef struct
{
  guint64 counts[HANDOFF_N_STATISTICS];
  guint in_flight;
  guint sessions;
  guint resumable;
  guint workers;
} HandoffHandshakerReport;

typedef struct
{
  /* It begins to serve its user. */
  void (*ready) (HandoffHandshaker *self, gpointer user_data);
  /* It ended without being told to. */
  void (*ended) (HandoffHandshaker *self, gpointer user_data);
  /* It says that it has had nothing to do for some time. */
  void (*idle) (HandoffHandshaker *self, gpointer user_data);
} HandoffHandshakerFuncs;

struct _HandoffHandshaker
{
  grefcount ref_count;
  void (*free_parts) (HandoffHandshaker *self);
  /* It is of no use any more: ends it, and says so. error: for who waits for it */
  void (*lose) (HandoffHandshaker *self, const GError *error);
  const HandoffBrokerSupport *support;
  const HandoffHandshakerFuncs *funcs;
  gpointer funcs_data; /* (unowned) */

  gpointer program;  /* (owned) (nullable): NULL once it has ended */
  HandoffLink *link; /* (unowned) (nullable): likewise */
  HandoffHandshakerState state;
  gboolean has_served; /* it was ready for its user */
  guint uid;           /* once it has a user */
  guint slot;
  gint64 start_time; /* monotonic, microseconds */
  gint64 use_time;   /* when it was last asked for something, or asked: likewise */
  guint round;       /* in which it could not make room: see handshakers.c */

  HandoffKnownCallers *callers;   /* (owned) */
  HandoffKnownSessions *sessions; /* (owned) */
  HandoffQuestions *questions;    /* (owned) */
  HandoffHolder *holder;          /* (owned) (nullable): NULL for a spare */
  HandoffPlacesDesk *places;      /* (owned) (nullable): NULL for a spare */
  HandoffCredentialFeed *feed;    /* (owned) (nullable): likewise */
  GHashTable *calls;              /* (owned) (element-type guint64 RelayedCall) */
  GHashTable *channels;           /* (owned) (element-type guint64 HandoffPlace) */
  HandoffHandshakerReport report; /* the last one */

  /* Of the watchdog. */
  GQueue owed;      /* requests that wait for its answer: see watch.c */
  guint watch_id;   /* a timeout, while any does */
  gboolean is_late; /* it has not answered the last ping yet */
};

HandoffHandshaker *handoff_handshaker_ref (HandoffHandshaker *self);
void handoff_handshaker_unref (HandoffHandshaker *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshaker, handoff_handshaker_unref)

/* As handoff_link_send(); what cannot be sent is lost. */
void
handoff_handshaker_send (HandoffHandshaker *self, HandoffHandshakerMessage message, GVariant *body);
/* What it says is wrong: see handoff_link_breach(). */
#define handoff_handshaker_breach(self, ...)                                                       \
  do                                                                                               \
    {                                                                                              \
      if ((self)->link != NULL)                                                                    \
        handoff_link_breach ((self)->link, __VA_ARGS__);                                           \
    }                                                                                              \
  while (0)

/* Tells whoever wants to know of its user's sessions. */
void handoff_handshaker_sessions_changed (HandoffHandshaker *self);

/* A number that no caller, call or channel has had. */
guint64 handoff_handshaker_next_number (void);
/* A key for tables of numbers. (transfer full) */
guint64 *handoff_number_key_new (guint64 number);
