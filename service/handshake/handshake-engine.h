/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "handshake/handshake.h"

/* The way of an operation from the main thread (handshake-operation.c) to the handshake on its
 * worker (handshake.c). */

typedef enum
{
  HANDOFF_OPERATION_STEP,
  HANDOFF_OPERATION_REVIEW,
  HANDOFF_OPERATION_EXPORT,
} HandoffOperationKind;

typedef struct
{
  HandoffHandshake *handshake; /* (owned) */
  GTask *task;                 /* (owned) (nullable): NULL once it is the handshake's */
  HandoffOperationKind kind;
  GBytes *input; /* (owned) (nullable) */
  gboolean accept;
  guint8 recipient_key[HANDOFF_RECIPIENT_KEY_SIZE];
} HandoffOperation;

HandoffWorker *handoff_handshake_get_worker (HandoffHandshake *self);
/* Both on the worker's thread. task: (transfer full) */
void
handoff_handshake_operate (HandoffHandshake *self, const HandoffOperation *operation, GTask *task);
void handoff_handshake_abort (HandoffHandshake *self);
