/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What may be said on a link: one constant table for each kind of link, which both ends use. */

/* The two ends of a link. */
typedef enum
{
  /* The broker; on the link that signatures are asked for on, the handshaker. */
  HANDOFF_LINK_UPPER,
  /* The program that the broker started; there, the keeper or the token helper. */
  HANDOFF_LINK_LOWER,
} HandoffLinkEnd;

typedef enum
{
  HANDOFF_LINK_DOWN, /* from the upper end to the lower one */
  HANDOFF_LINK_UP,
} HandoffLinkDirection;

/* A message that one end may send. A row without a name is none. */
typedef struct
{
  const char *name; /* for the log */
  HandoffLinkDirection direction;
  const char *type; /* of its body: a tuple */
  /* Of the answer's body, a tuple: the message is a request then, which the other end answers,
   * sooner or later, by this or by an error. (nullable): NULL: it wants no answer */
  const char *reply_type;
  guint8 min_fds; /* descriptors that come with it */
  guint8 max_fds;
  guint8 reply_min_fds; /* with the answer */
  guint8 reply_max_fds;
  /* How many such requests may wait for their answers at a time. */
  guint max_waiting;
  /* Whose turn it is. A link has a state, a bit of the table's own, which begins as the table's
   * first. states: those in which the message may come; 0: in all. next_state: the one that begins
   * with it, at the end that sends when it is sent, at the other when it comes; 0: none. Messages
   * that cross on their way must be allowed in both. */
  guint32 states;
  guint32 next_state;
} HandoffLinkRow;

typedef struct
{
  const char *name;           /* of this kind of link, for the log */
  const HandoffLinkRow *rows; /* the index is the number of the message: 0 to 255 */
  guint n_rows;
  guint32 first_state;
  /* Messages have keys or PINs in them: they are kept in secret memory, and wiped. */
  gboolean has_secrets;
} HandoffLinkTable;

/* The row of that number; NULL if there is none. */
const HandoffLinkRow *handoff_link_table_find (const HandoffLinkTable *table, guint number);

/* Whether the table makes sense; for tests of tables. The error says which row does not. */
gboolean handoff_link_table_check (const HandoffLinkTable *table, GError **error);
