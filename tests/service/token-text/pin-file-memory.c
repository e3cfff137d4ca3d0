/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A PIN is where who asked for it has it, and nowhere else in this process's memory: whatever comes
 * after it in the file. */

#include "config.h"

#include "token-text/pin-file.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "memory-search.h"

#define PIN_SIZE 32

/* A PIN that nobody has seen, as memory_mask() hides it. */
static void
make_pin (guint8 *masked)
{
  gsize i;

  for (i = 0; i < PIN_SIZE; i++)
    masked[i] = (guint8) g_random_int_range ('a', 'z' + 1);
  memory_mask (masked, PIN_SIZE);
}

/* The file is made in secret memory. */
static void
write_file (const char *path, const char *before, const guint8 *masked, const char *after)
{
  const gsize at = strlen (before), size = at + PIN_SIZE + strlen (after);
  guint8 *text = handoff_secret_new (size, HANDOFF_SECRET_DEFAULT);
  const int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  memcpy (text, before, at);
  memcpy (text + at, masked, PIN_SIZE);
  memory_mask (text + at, PIN_SIZE);
  memcpy (text + at + PIN_SIZE, after, strlen (after));
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, text, size), ==, (gssize) size);
  close (fd);
  handoff_secret_free (text);
}

static guint
count (const guint8 *masked)
{
  handoff_wipe_stack ();
  return memory_search (masked, PIN_SIZE);
}

static void
test_nowhere_else (void)
{
  static const struct
  {
    const char *before;
    const char *after;
    gboolean is_found;
    gboolean is_wrong;
  } cases[] = {
    { "[Token]\nPin=", "\n", TRUE, FALSE },
    { "[Token]\nPin=", "\n[Other]\nPin=1234\n", TRUE, FALSE },
    /* Only the last one counts. */
    { "[Token]\nPin=", "\nPin=1234\n", FALSE, FALSE },
    { "[Other]\nPin=", "\n", FALSE, FALSE },
    { "[Token]\nNip=", "\n", FALSE, FALSE },
    { "[Token]\nPin=", "\n[Other\n", FALSE, TRUE },
    { "[Token]\nPin=", "\nPin=\n", FALSE, TRUE },
    { "[Token]\nPin=", "\\x\n", FALSE, TRUE },
  };
  g_autofree char *folder = g_dir_make_tmp ("handoff-pins-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "pins", NULL);
  guint8 masked[PIN_SIZE];
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      GBytes *pin;

      make_pin (masked);
      write_file (path, cases[i].before, masked, cases[i].after);
      g_assert_cmpuint (count (masked), ==, 0);
      pin = handoff_pin_file_find (path, "Token", NULL, &error);
      if (cases[i].is_wrong)
        g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      else
        g_assert_no_error (error);
      g_test_message ("%s…%s", cases[i].before, cases[i].after);
      g_assert_cmpuint (count (masked), ==, cases[i].is_found ? 1 : 0);
      g_clear_pointer (&pin, g_bytes_unref);
      g_assert_cmpuint (count (masked), ==, 0);
    }
  g_unlink (path);
  g_rmdir (folder);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/pin-file-memory/nowhere-else", test_nowhere_else);
  return g_test_run ();
}
