/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link.h"

/* The keeper's end of the socket on which the key of an import comes. */
typedef struct
{
  HandoffLink *link; /* (owned) */
  GBytes *key;       /* (owned) (nullable) */
  gboolean has_ended;
} KeyTaker;

/* Returns: the importer's end. */
int key_taker_init (KeyTaker *self);
/* Waits for the end, after which self has nothing any more. name: (nullable): whose key of the
 * test's certificates has to have come; NULL: none. */
void key_taker_expect (KeyTaker *self, const char *name);
