/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Walks DER (X.690) without taking it apart: for a look at how much there is of what, before a
 * library that does the real work is let loose on it. Everything is linear in the size; what is not
 * the definite form is refused, as the libraries do. */

/* Some bytes of somebody else's. */
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

/* Takes the next element off rest. FALSE at the end, and if it cannot be read: rest->size tells
 * which. */
gboolean handoff_der_next (HandoffDer *rest, guint8 *tag, HandoffDer *content);
/* The next element if it has this tag; otherwise FALSE, and rest stays as it was. content:
 * (nullable) */
gboolean handoff_der_take (HandoffDer *rest, guint8 tag, HandoffDer *content);
/* How many elements there are side by side; G_MAXUINT if they cannot be read. */
guint handoff_der_count (HandoffDer elements);
/* Of an INTEGER's content, taken without its sign: the bits that count. */
guint handoff_der_count_bits (HandoffDer integer);
