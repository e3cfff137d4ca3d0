/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "grant/signature-form.h"

/* Who may sign with which key, as the broker said: the table of a process that has private keys. A
 * holder of grants is a handshaker, by a number that is never given again. One thread at a time. */
typedef struct _HandoffGrantTable HandoffGrantTable;

/* No more grants of one holder are kept: as many as one user can have handshakes under way, and
 * more than the channels remember. Whoever gives grants counts them. */
#define HANDOFF_GRANTS_PER_HOLDER 16384

typedef struct
{
  guint64 number;  /* counts up from grant to grant */
  guint64 holder;  /* who may ask */
  const char *key; /* (unowned): the id of the credential whose key signs */
  HandoffSignatureRole role;
  guint uses;   /* so many signatures; 0: any number */
  gint64 until; /* boot time, microseconds (work/clock.h): no more then */
  /* (nullable): what whoever signs finds again: the table's, once it is granted */
  gpointer data;
} HandoffGrantTerms;

/* What becomes of a request. */
typedef enum
{
  HANDOFF_GRANT_VALID,
  HANDOFF_GRANT_NEVER_GIVEN,
  HANDOFF_GRANT_OVER, /* taken back, used up, or its time is over */
  HANDOFF_GRANT_OTHER_HOLDER,
  HANDOFF_GRANT_OTHER_ROLE,
} HandoffGrantVerdict;

/* copy, destroy: (nullable): of the data that grants carry. */
HandoffGrantTable *handoff_grant_table_new (gpointer (*copy) (gpointer data),
                                            GDestroyNotify destroy);
void handoff_grant_table_free (HandoffGrantTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffGrantTable, handoff_grant_table_free)

/* FALSE: it is there already. */
gboolean handoff_grant_table_add_holder (HandoffGrantTable *self, guint64 holder);
/* With all its grants. It may be gone already. */
void handoff_grant_table_remove_holder (HandoffGrantTable *self, guint64 holder);

/* terms: copied. TLS_HANDOFF_ERROR_FAILED if the number does not count up, if there is no such
 * holder, and if that has HANDOFF_GRANTS_PER_HOLDER: then nothing is granted. */
gboolean
handoff_grant_table_add (HandoffGrantTable *self, const HandoffGrantTerms *terms, GError **error);
/* It may be over already. */
void handoff_grant_table_end (HandoffGrantTable *self, guint64 number);
/* The number of grants that a holder has. */
guint handoff_grant_table_count (HandoffGrantTable *self, guint64 holder);

/* A holder wants a signature: this is one use, if it is valid. key, data: (out) (transfer full):
 * set if it is valid */
HandoffGrantVerdict handoff_grant_table_use (HandoffGrantTable *self,
                                             guint64 number,
                                             guint64 holder,
                                             HandoffSignatureRole role,
                                             char **key,
                                             gpointer *data);
/* For the log: what is wrong with such a request. (transfer none) */
const char *handoff_grant_verdict_explain (HandoffGrantVerdict verdict);
