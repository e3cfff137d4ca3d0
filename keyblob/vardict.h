/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* GVariant's a{sv}, little-endian on every machine, by hand. GLib would copy the values to the
 * ordinary heap here and there, and takes ten times as long. docs/KEY-BLOB.md has the rules of the
 * form ("The dictionary"). */

typedef struct
{
  const char *key;     /* (unowned) */
  const char *type;    /* (unowned): of the value: a type string; what is read has no zero byte */
  gsize type_size;     /* bytes */
  gconstpointer value; /* (unowned) (nullable): as the form has it; NULL if it has no bytes */
  gsize size;          /* bytes */
} HandoffVardictEntry;

/* (transfer full): secret memory; size: (out): bytes */
guint8 *handoff_vardict_write (const HandoffVardictEntry *entries, gsize n_entries, gsize *size);

/* Where a dictionary is read. */
typedef struct
{
  const guint8 *data; /* (unowned) */
  gsize size;         /* bytes */
  gsize end;          /* of the last entry; the table of offsets begins there */
  gsize n_entries;
  gsize next;     /* the number of the entry that comes next */
  gsize position; /* where the one before ended */
} HandoffVardictReader;

/* Reads nothing but what is inside of data, but does not see everything that is not normal: for
 * that, the same has to be written again, and compared. FALSE: it is no dictionary. */
gboolean handoff_vardict_reader_init (HandoffVardictReader *self, const guint8 *data, gsize size);
/* The next entry, which points into the data: to be called n_entries times. FALSE: likewise. */
gboolean handoff_vardict_reader_next (HandoffVardictReader *self, HandoffVardictEntry *entry);
