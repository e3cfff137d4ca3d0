/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lock-up/lock-up-needs.h"

/* The system calls that a locked-up program may make. What is not listed kills it. */

/* What must hold of an argument. */
typedef enum
{
  HANDOFF_ARGUMENT_ANY,
  HANDOFF_ARGUMENT_IS,        /* (argument & mask) == value */
  HANDOFF_ARGUMENT_IS_MYSELF, /* the process's own number */
} HandoffArgumentRule;

typedef struct
{
  HandoffArgumentRule rule;
  unsigned index; /* which argument: 0 is the first */
  uint64_t mask;  /* 0: all bits */
  uint64_t value;
} HandoffArgument;

#define HANDOFF_LOCK_UP_MAX_ARGUMENTS 2

typedef struct
{
  int number; /* of the call, as libseccomp has it: it may be one that this machine does not have */
  /* For whom: needs of which the program has one; 0: for all. */
  HandoffLockUpNeeds needs;
  /* 0: it may be made. Otherwise it is not made, and fails with that errno: for calls that
   * libraries try and do without. Whoever needs the call has a row with 0. */
  int failure;
  HandoffArgument arguments[HANDOFF_LOCK_UP_MAX_ARGUMENTS];
} HandoffLockUpRow;

extern const HandoffLockUpRow handoff_lock_up_rows[];
extern const size_t handoff_lock_up_n_rows;
