/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "key/der.h"

/* Reads small values of DER: numbers and names of algorithms. Each function takes its element off
 * rest, or returns FALSE. */

#define HANDOFF_OID_SIZE 128

/* The tag of the next element; 0 at the end. */
guint8 handoff_der_peek (HandoffDer rest);
/* An INTEGER of at most 32 bits, not negative. */
gboolean handoff_der_take_uint (HandoffDer *rest, guint *value);
/* An OBJECT IDENTIFIER, as "1.2.840". */
gboolean handoff_der_take_oid (HandoffDer *rest, char oid[HANDOFF_OID_SIZE]);
/* A SEQUENCE that begins with an OBJECT IDENTIFIER, as AlgorithmIdentifier does. parameters: the
 * rest of it */
gboolean
handoff_der_take_algorithm (HandoffDer *rest, char oid[HANDOFF_OID_SIZE], HandoffDer *parameters);
