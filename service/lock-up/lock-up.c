/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "lock-up/lock-up.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "lock-up/lock-up-table.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
    __has_feature(thread_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define HAS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER
#endif

gboolean
handoff_lock_up_is_used (void)
{
#ifdef HAS_SANITIZER
  return FALSE;
#else
  return TRUE;
#endif
}

static gboolean
fail (GError **error, const char *what, int saved_errno)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "Cannot %s: %s", what,
               g_strerror (saved_errno));
  return FALSE;
}

gboolean
handoff_lock_up_process (int first_fd, GError **error)
{
  const struct rlimit core = { 0, 0 };

  if (close_range ((unsigned) first_fd, ~0U, 0) != 0)
    return fail (error, "close what whoever started the program had open", errno);
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail (error, "give up the way to new privileges", errno);
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit (RLIMIT_CORE, &core) != 0)
    return fail (error, "switch core dumps off", errno);
  return TRUE;
}

static struct scmp_arg_cmp
make_comparison (const HandoffArgument *argument)
{
  if (argument->rule == HANDOFF_ARGUMENT_IS_MYSELF)
    return SCMP_CMP64 (argument->index, SCMP_CMP_EQ, (scmp_datum_t) getpid ());
  if (argument->mask != 0)
    return SCMP_CMP64 (argument->index, SCMP_CMP_MASKED_EQ, argument->mask, argument->value);
  return SCMP_CMP64 (argument->index, SCMP_CMP_EQ, argument->value);
}

static gboolean
applies (const HandoffLockUpRow *row, HandoffLockUpNeeds needs)
{
  return row->needs == HANDOFF_LOCK_UP_NOTHING || (row->needs & needs) != 0;
}

/* Whether somebody needs for real what the row lets fail. */
static gboolean
is_needed (const HandoffLockUpRow *row, HandoffLockUpNeeds needs)
{
  gsize i;

  for (i = 0; i < handoff_lock_up_n_rows; i++)
    {
      const HandoffLockUpRow *other = &handoff_lock_up_rows[i];

      if (other->number == row->number && other->failure == 0 &&
          other->needs != HANDOFF_LOCK_UP_NOTHING && applies (other, needs))
        return TRUE;
    }
  return FALSE;
}

/* Returns 0, or an error number, negative. */
static int
add_row (scmp_filter_ctx filter, const HandoffLockUpRow *row)
{
  const guint32 action =
      row->failure != 0 ? SCMP_ACT_ERRNO ((guint16) row->failure) : SCMP_ACT_ALLOW;
  struct scmp_arg_cmp comparisons[HANDOFF_LOCK_UP_MAX_ARGUMENTS];
  guint n = 0;

  while (n < HANDOFF_LOCK_UP_MAX_ARGUMENTS && row->arguments[n].rule != HANDOFF_ARGUMENT_ANY)
    {
      comparisons[n] = make_comparison (&row->arguments[n]);
      n++;
    }
  return seccomp_rule_add_array (filter, action, row->number, n, comparisons);
}

static int
fill (scmp_filter_ctx filter, HandoffLockUpNeeds needs)
{
  int result = seccomp_attr_set (filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  gsize i;

  /* All threads; and a search that halves what is left, not one row after the other. */
  if (result == 0)
    result = seccomp_attr_set (filter, SCMP_FLTATR_CTL_TSYNC, 1);
  if (result == 0)
    result = seccomp_attr_set (filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
  for (i = 0; i < handoff_lock_up_n_rows && result == 0; i++)
    {
      const HandoffLockUpRow *row = &handoff_lock_up_rows[i];

      if (applies (row, needs) && (row->failure == 0 || !is_needed (row, needs)))
        result = add_row (filter, row);
    }
  return result;
}

gboolean
handoff_lock_up (HandoffLockUpNeeds needs, GError **error)
{
  scmp_filter_ctx filter;
  int result;

  if (!handoff_lock_up_is_used ())
    return TRUE;
  filter = seccomp_init (SCMP_ACT_KILL_PROCESS);
  if (filter == NULL)
    return fail (error, "make a filter for system calls", ENOMEM);
  result = fill (filter, needs);
  if (result == 0)
    result = seccomp_load (filter);
  seccomp_release (filter);
  return result == 0 || fail (error, "lock the program up (seccomp)", -result);
}
