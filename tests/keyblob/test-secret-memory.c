/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "secret-memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "keyblob-fixture.h"
#include "secret-pages.h"

/* Around the header's and the pages' ends. */
static const gsize sizes[] = { 1, 63, 4031, 4032, 4033, 4096, 4097, 65536 };
static const HandoffSecretFlags flags[] = { HANDOFF_SECRET_DEFAULT, HANDOFF_SECRET_WIPE_ON_FORK };

static gboolean
all_bytes_are (const guint8 *data, gsize size, guint8 byte)
{
  gsize i;

  for (i = 0; i < size; i++)
    {
      if (data[i] != byte)
        return FALSE;
    }

  return TRUE;
}

/* Too small a mapping, a header that the secret overlaps, garbage in it, or an address for which
 * GLib would make an aligned copy. */
static void
test_sizes (void)
{
  gsize i, j;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      for (j = 0; j < G_N_ELEMENTS (flags); j++)
        {
          guint8 *secret = handoff_secret_new (sizes[i], flags[j]);

          g_assert_cmpuint ((gsize) secret % 64, ==, 0);
          g_assert_true (all_bytes_are (secret, sizes[i], 0));
          memset (secret, 0xa5, sizes[i]);
          g_assert_cmpuint (handoff_secret_get_size (secret), ==, sizes[i]);
          g_assert_true (all_bytes_are (secret, sizes[i], 0xa5));
          handoff_secret_free (secret);
        }
    }

  handoff_secret_free (NULL);
}

/* The kernel was not told, or for part of the memory only. */
static void
test_flags (void)
{
  guint8 *plain = handoff_secret_new (10000, HANDOFF_SECRET_DEFAULT);
  guint8 *wiped = handoff_secret_new (10000, HANDOFF_SECRET_WIPE_ON_FORK);
  const guint8 *places[] = { plain, plain + 9999, wiped, wiped + 9999 };
  gboolean can_lock = !fixture_is_sanitized () && mlock (sizes, 1) == 0;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_assert_true (fixture_mapping_has_flag (places[i], "dd"));
      if (can_lock)
        g_assert_true (fixture_mapping_has_flag (places[i], "lo"));
      g_assert_cmpint (fixture_mapping_has_flag (places[i], "wf"), ==, i >= 2);
    }

  handoff_secret_free (plain);
  handoff_secret_free (wiped);
}

static void
use_without_locking (gpointer data)
{
  const struct rlimit nothing = { 0, 0 };
  guint8 *secret;

  /* Root may lock regardless of the limit. */
  if (setrlimit (RLIMIT_MEMLOCK, &nothing) != 0 || (geteuid () == 0 && setuid (65534) != 0))
    _exit (10);

  secret = handoff_secret_new (100, HANDOFF_SECRET_DEFAULT);
  memset (secret, 1, 100);
  handoff_secret_free (secret);
  /* Else this test shows nothing. */
  if (!fixture_is_sanitized () && mlock (&nothing, 1) == 0)
    _exit (11);
}

/* A used-up limit stopped the service. */
static void
test_no_locking (void)
{
  fixture_run_in_child (use_without_locking, NULL);
}

static void
check_in_child (gpointer data)
{
  guint8 **secrets = data;

  if (!all_bytes_are (secrets[0], 5000, 0x5a))
    _exit (10);
  if (!all_bytes_are (secrets[1], 5000, 0))
    _exit (11);
  if (handoff_secret_get_size (secrets[1]) != 5000)
    _exit (12);

  handoff_secret_free (secrets[0]);
  handoff_secret_free (secrets[1]);
}

/* A child could use a one-time key a second time, or could not free what it inherited. */
static void
test_fork (void)
{
  guint8 *secrets[2];

  secrets[0] = handoff_secret_new (5000, HANDOFF_SECRET_DEFAULT);
  secrets[1] = handoff_secret_new (5000, HANDOFF_SECRET_WIPE_ON_FORK);
  memset (secrets[0], 0x5a, 5000);
  memset (secrets[1], 0x5a, 5000);

  fixture_run_in_child (check_in_child, secrets);

  g_assert_true (all_bytes_are (secrets[1], 5000, 0x5a));
  handoff_secret_free (secrets[0]);
  handoff_secret_free (secrets[1]);
}

/* Whether there is anything at an address. */
static gboolean
is_mapped (gconstpointer address)
{
  const gsize page = (gsize) address & ~((gsize) sysconf (_SC_PAGESIZE) - 1);
  unsigned char resident;

  return mincore ((gpointer) page, 1, &resident) == 0;
}

/* Freed memory kept the secret. */
static void
test_free (void)
{
  guint8 inverted[32];
  guint8 *secret;
  gsize i;

  secret = handoff_secret_new (32, HANDOFF_SECRET_DEFAULT);
  for (i = 0; i < sizeof inverted; i++)
    {
      inverted[i] = (guint8) g_random_int ();
      secret[i] = (guint8) ~inverted[i];
    }
  if (!fixture_is_sanitized ())
    g_assert_cmpuint (fixture_count_in_memory (inverted, sizeof inverted), ==, 1);

  handoff_secret_free (secret);
  if (!fixture_is_sanitized ())
    g_assert_cmpuint (fixture_count_in_memory (inverted, sizeof inverted), ==, 0);
}

/* Pages were mapped anew for each secret, or those of the wrong kind were taken; or one secret's
 * pages were given to two. */
static void
test_kept (void)
{
  const gboolean can_lock = mlock (sizes, 1) == 0;
  gsize i, j;

  for (i = 0; i < G_N_ELEMENTS (flags); i++)
    {
      guint8 *secrets[3];
      guint8 *again;

      for (j = 0; j < G_N_ELEMENTS (secrets); j++)
        secrets[j] = handoff_secret_new (100, flags[i]);
      memset (secrets[1], 1, 100);
      handoff_secret_free (secrets[1]);
      if (can_lock)
        g_assert_true (is_mapped (secrets[1]));
      again = handoff_secret_new (5000, flags[i]);
      g_assert_true (again != secrets[1]);
      handoff_secret_free (again);
      again = handoff_secret_new (100, flags[1 - i]);
      g_assert_true (again != secrets[1]);
      handoff_secret_free (again);
      again = handoff_secret_new (1000, flags[i]);
      if (can_lock)
        g_assert_true (again == secrets[1]);
      g_assert_true (all_bytes_are (again, 1000, 0));
      g_assert_cmpint (fixture_mapping_has_flag (again, "wf"), ==, i == 1);
      handoff_secret_free (again);
      handoff_secret_free (secrets[0]);
      handoff_secret_free (secrets[2]);
    }
}

/* A process kept all memory that it ever needed for secrets. */
static void
test_given_back (void)
{
  guint8 *secrets[HANDOFF_SECRET_PAGES_MAX_KEPT * 3];
  gsize i, j;

  for (i = 0; i < G_N_ELEMENTS (flags); i++)
    {
      guint n_mapped = 0;

      for (j = 0; j < G_N_ELEMENTS (secrets); j++)
        secrets[j] = handoff_secret_new (5000, flags[i]);
      for (j = 0; j < G_N_ELEMENTS (secrets); j++)
        handoff_secret_free (secrets[j]);
      for (j = 0; j < G_N_ELEMENTS (secrets); j++)
        n_mapped += is_mapped (secrets[j]);
      /* Other threads may have mapped something where secrets were. */
      g_assert_cmpuint (n_mapped, <=, HANDOFF_SECRET_PAGES_MAX_KEPT_BYTES / 5000);
    }
}

/* What is kept used up the limit, and a secret that is in use was not locked because of it; or
 * pages were kept that could not be locked when they were mapped. */
static void
lock_with_limit (gpointer data)
{
  const gsize page_size = (gsize) sysconf (_SC_PAGESIZE);
  const struct rlimit limit = { 4 * page_size, 4 * page_size };
  guint8 *secrets[4];
  gsize i;

  if (setrlimit (RLIMIT_MEMLOCK, &limit) != 0 || (geteuid () == 0 && setuid (65534) != 0))
    _exit (10);
  for (i = 0; i < G_N_ELEMENTS (secrets); i++)
    secrets[i] = handoff_secret_new (100, HANDOFF_SECRET_DEFAULT);
  for (i = 0; i < G_N_ELEMENTS (secrets); i++)
    handoff_secret_free (secrets[i]);
  secrets[0] = handoff_secret_new (3 * page_size, HANDOFF_SECRET_DEFAULT);
  if (!fixture_mapping_has_flag (secrets[0], "lo"))
    _exit (11);
  /* There is room for none beside it. */
  secrets[1] = handoff_secret_new (100, HANDOFF_SECRET_DEFAULT);
  handoff_secret_free (secrets[1]);
  handoff_secret_free (secrets[0]);
  if (!fixture_mapping_has_flag (handoff_secret_new (100, HANDOFF_SECRET_DEFAULT), "lo"))
    _exit (12);
}

static void
test_limit (void)
{
  if (fixture_is_sanitized ())
    g_test_skip ("a sanitizer locks nothing");
  else
    fixture_run_in_child (lock_with_limit, NULL);
}

static void
keep_in_child (gpointer data)
{
  if (!fixture_mapping_has_flag (handoff_secret_new (100, HANDOFF_SECRET_DEFAULT), "lo"))
    _exit (10);
  handoff_secret_free (data);
  if (!fixture_mapping_has_flag (handoff_secret_new (100, HANDOFF_SECRET_DEFAULT), "lo"))
    _exit (11);
}

/* A child took the pages that its parent kept or used, which are not locked in the child. */
static void
test_kept_fork (void)
{
  guint8 *inherited = handoff_secret_new (100, HANDOFF_SECRET_DEFAULT);

  handoff_secret_free (handoff_secret_new (100, HANDOFF_SECRET_DEFAULT));
  if (!fixture_is_sanitized () && mlock (sizes, 1) == 0)
    fixture_run_in_child (keep_in_child, inherited);
  else
    g_test_skip ("nothing is locked here");
  handoff_secret_free (inherited);
}

static gpointer
use_in_thread (gpointer data)
{
  const guint8 byte = (guint8) GPOINTER_TO_UINT (data);
  guint8 *secrets[8];
  guint i, j;

  for (i = 0; i < 500; i++)
    {
      for (j = 0; j < G_N_ELEMENTS (secrets); j++)
        {
          secrets[j] = handoff_secret_new (1000, flags[j % 2]);
          memset (secrets[j], byte, 1000);
        }
      for (j = 0; j < G_N_ELEMENTS (secrets); j++)
        {
          g_assert_true (all_bytes_are (secrets[j], 1000, byte));
          handoff_secret_free (secrets[j]);
        }
    }
  return NULL;
}

/* Two threads got the same memory. */
static void
test_threads (void)
{
  GThread *threads[4];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("secrets", use_in_thread, GUINT_TO_POINTER (i + 1));
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static void
free_twice (void)
{
  guint8 *secret = handoff_secret_new (100, HANDOFF_SECRET_DEFAULT);

  handoff_secret_free (secret);
  handoff_secret_free (secret);
}

static void
write_after_free (void)
{
  guint8 *secret = handoff_secret_new (100, HANDOFF_SECRET_DEFAULT);

  handoff_secret_free (secret);
  secret[50] = 1;
  handoff_secret_new (100, HANDOFF_SECRET_DEFAULT);
}

static void
write_past_end (void)
{
  guint8 *secret = handoff_secret_new (100, HANDOFF_SECRET_DEFAULT);

  secret[100] = 1;
  handoff_secret_free (secret);
  handoff_secret_new (100, HANDOFF_SECRET_DEFAULT);
}

/* And what the process says of it; a sanitizer says it in its own words. */
typedef struct
{
  void (*misuse) (void);
  const char *message;
} Misuse;

static const Misuse misuse_free_twice = { free_twice, "*A secret was freed twice*" };
static const Misuse misuse_write_after_free = { write_after_free, "*after it was freed*" };
static const Misuse misuse_write_past_end = { write_past_end, "*past its end*" };

/* Memory that two believe to own went unnoticed, or what does not belong to a secret. */
static void
test_misuse (gconstpointer data)
{
  const Misuse *misuse = data;

  if (g_test_subprocess ())
    {
      misuse->misuse ();
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  if (!fixture_is_sanitized ())
    g_test_trap_assert_stderr (misuse->message);
}

static void
test_wipe (void)
{
  guint8 data[] = { 1, 2, 3, 4, 5 };

  /* Too much or too little is overwritten. */
  handoff_wipe (data + 1, 3);
  g_assert_cmpmem (data, sizeof data, "\1\0\0\0\5", 5);
  handoff_wipe (NULL, 0);
}

/* Leaves a pattern some 96 KiB down the stack and tells where. */
__attribute__ ((noinline, no_sanitize_address)) static void
leave_on_stack (gsize *address)
{
  volatile guint8 frame[96 * 1024];
  gsize i;

  for (i = 0; i < 64; i++)
    frame[i] = 0x77;

  *address = (gsize) frame;
}

static gboolean
is_on_stack (gsize address)
{
  guint8 found[64];
  int memory;

  memory = open ("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (memory, >=, 0);
  g_assert_cmpint (pread (memory, found, sizeof found, (off_t) address), ==, sizeof found);
  close (memory);

  return all_bytes_are (found, sizeof found, 0x77);
}

/* The compiler removed the write to memory that nobody reads, or it reaches not far enough. */
static void
test_wipe_stack (void)
{
  gsize address;

  leave_on_stack (&address);
  g_assert_true (is_on_stack (address));
  handoff_wipe_stack ();
  g_assert_false (is_on_stack (address));
}

/* Leaves one some 24 KiB down. */
__attribute__ ((noinline, no_sanitize_address)) static void
leave_near (gsize *address)
{
  volatile guint8 frame[24 * 1024];
  gsize i;

  for (i = 0; i < 64; i++)
    frame[i] = 0x77;

  *address = (gsize) frame;
}

/* As above; or it reaches so far that it costs an application memory. */
static void
test_wipe_near_stack (void)
{
  gsize near, far;

  leave_on_stack (&far);
  leave_near (&near);
  g_assert_true (is_on_stack (near));
  handoff_wipe_near_stack ();
  g_assert_false (is_on_stack (near));
  g_assert_true (is_on_stack (far));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keyblob/secret-memory/sizes", test_sizes);
  g_test_add_func ("/keyblob/secret-memory/flags", test_flags);
  g_test_add_func ("/keyblob/secret-memory/no-locking", test_no_locking);
  g_test_add_func ("/keyblob/secret-memory/fork", test_fork);
  g_test_add_func ("/keyblob/secret-memory/free", test_free);
  g_test_add_func ("/keyblob/secret-memory/kept", test_kept);
  g_test_add_func ("/keyblob/secret-memory/given-back", test_given_back);
  g_test_add_func ("/keyblob/secret-memory/limit", test_limit);
  g_test_add_func ("/keyblob/secret-memory/kept-fork", test_kept_fork);
  g_test_add_func ("/keyblob/secret-memory/threads", test_threads);
  g_test_add_data_func ("/keyblob/secret-memory/free-twice", &misuse_free_twice, test_misuse);
  g_test_add_data_func ("/keyblob/secret-memory/write-after-free", &misuse_write_after_free,
                        test_misuse);
  g_test_add_data_func ("/keyblob/secret-memory/write-past-end", &misuse_write_past_end,
                        test_misuse);
  g_test_add_func ("/keyblob/secret-memory/wipe", test_wipe);
  g_test_add_func ("/keyblob/secret-memory/wipe-stack", test_wipe_stack);
  g_test_add_func ("/keyblob/secret-memory/wipe-near-stack", test_wipe_near_stack);
  return g_test_run ();
}
