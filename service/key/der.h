/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Walks through DER (X.690) and counts, before a library parses it: how much there is of what. All
 * functions are linear in the size. Everything but the definite form is refused, as the libraries
 * do. */

/* Bytes that somebody else owns. */
typedef struct
{
  const guint8 *data; /* (unowned) */
  gsize size;
} HandoffDer;

enum
{
  HANDOFF_DER_INTEGER = 0x02,
  HANDOFF_DER_BIT_STRING = 0x03,
  HANDOFF_DER_OCTET_STRING = 0x04,
  HANDOFF_DER_OBJECT_IDENTIFIER = 0x06,
  HANDOFF_DER_SEQUENCE = 0x30,
  HANDOFF_DER_SET = 0x31,
};

/* Context-specific, constructed: [number] of a definition. */
#define HANDOFF_DER_CONTEXT(number) (0xa0 | (number))

/* Takes the next element off rest. FALSE at the end, and if the element cannot be read: rest->size
 * tells which. */
gboolean handoff_der_next (HandoffDer *rest, guint8 *tag, HandoffDer *content);
/* Takes the next element if it has this tag; otherwise FALSE, and rest does not change. content:
 * (nullable) */
gboolean handoff_der_take (HandoffDer *rest, guint8 tag, HandoffDer *content);
/* How many elements follow each other; G_MAXUINT if they cannot be read. */
guint handoff_der_count (HandoffDer elements);
/* The significant bits of an INTEGER, given its content, without its sign. */
guint handoff_der_count_bits (HandoffDer integer);
