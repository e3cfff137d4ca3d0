/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* What comes on links, and what becomes of it: see link.h. */

typedef struct _HandoffLink HandoffLink;
/* A request that came, until it is answered. */
typedef struct _HandoffLinkCall HandoffLinkCall;

/* What came: lives as long as the function that gets it runs. */
typedef struct
{
  guint number;          /* of its row */
  GVariant *body;        /* (unowned): of the row's type, in normal form; a tuple */
  guint n_fds;           /* (readonly): as many as the row allows */
  int *fds;              /* (unowned): see handoff_link_message_steal_fd() */
  HandoffLinkCall *call; /* (owned) (nullable): of a request; see below */
} HandoffLinkMessage;

/* A descriptor that came, which is the caller's then; -1 if there is none of that index, or it was
 * taken before. */
int handoff_link_message_steal_fd (HandoffLinkMessage *message, guint index);

/* Runs at home, never within a call of the link's functions but handoff_link_read_on(). */
typedef struct
{
  /* A request or another message. Who does not answer a request at once takes message->call, and
   * sets it to NULL; what is left there is answered by an error. */
  void (*received) (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data);
  /* The link has ended, not by handoff_link_close(). All requests were answered by error before:
   * of the domain TLS_HANDOFF_ERROR, code FAILED, with words for people that name the other
   * program. */
  void (*ended) (HandoffLink *link, const GError *error, gpointer user_data);
} HandoffLinkFunctions;

/* The answer to a request: reply or error, the other is NULL. Descriptors of the reply can be
 * taken. Runs at home, once for each request, never within handoff_link_request(). */
typedef void (*HandoffLinkReplyFunc) (HandoffLinkMessage *reply,
                                      const GError *error,
                                      gpointer user_data);
