/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/call-context.h"
#include "handshaker/audit-feed.h"
#include "handshaker/caller-table.h"
#include "handshaker/credential-mirror.h"
#include "handshaker/grant-desk.h"
#include "handshaker/link-authority.h"
#include "handshaker/link-pem-reader.h"
#include "handshaker/places.h"

/* What a handshaker is made of, for the files of this folder. handshaker.h says what it is. */
typedef struct _HandoffHandshaker HandoffHandshaker;

typedef enum
{
  HANDOFF_HANDSHAKER_END_DONE, /* the broker let it go, and all is done */
  /* Likewise, but some handshakes are kept from ending by a stranger: nothing that they use may be
   * freed. */
  HANDOFF_HANDSHAKER_END_STUCK,
  /* The broker has gone, or wants no more of it: nobody is left for whom anything could be done,
   * and nothing was ended. */
  HANDOFF_HANDSHAKER_END_LOST,
} HandoffHandshakerEnd;

struct _HandoffHandshaker
{
  HandoffLink *link;      /* (owned) */
  HandoffGrantDesk *desk; /* (owned) */
  HandoffHandshakerEnd end;
  gboolean is_leaving; /* the broker lets it go */
  gboolean is_stuck;
  GQueue readings; /* of policies (owned), which come into force in that order */

  HandoffSessionContext sessions; /* the main thread's */
  HandoffCallContext context;
  HandoffAuditFeed *audit;         /* (owned) */
  HandoffPlacesSocket *places;     /* (owned) (nullable): NULL without a user */
  HandoffCallerTable *callers;     /* (owned) (nullable): likewise */
  HandoffCredentialMirror *mirror; /* (owned) */
  HandoffLinkPemReader pem_reader;
  guint uid;
};
