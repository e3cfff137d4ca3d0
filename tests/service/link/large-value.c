/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Arguments and replies that may be larger than a message of a link. */

#include "config.h"

#include "link/large-value.h"

#include <unistd.h>

#include "keyblob/sealed-memfd.h"

static GVariant *
new_value (gsize size)
{
  g_autofree char *text = g_strnfill (size, 'x');

  return g_variant_ref_sink (g_variant_new ("(sbx)", text, TRUE, (gint64) -1));
}

static void
test_crosses (void)
{
  const gsize sizes[] = { 0, HANDOFF_LARGE_VALUE_MIN_SIZE - 100, HANDOFF_LARGE_VALUE_MIN_SIZE,
                          HANDOFF_LARGE_VALUE_MAX_SIZE - 100 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GVariant) value = new_value (sizes[i]);
      g_autoptr (GVariant) sent = NULL;
      g_autoptr (GVariant) received = NULL;
      g_autoptr (GError) error = NULL;
      int fd;

      sent = handoff_large_value_pack (value, &fd, &error);
      g_assert_no_error (error);
      g_assert_true ((fd >= 0) == (sizes[i] >= HANDOFF_LARGE_VALUE_MIN_SIZE));
      g_assert_cmpuint (g_variant_get_size (sent), <=, HANDOFF_LARGE_VALUE_MIN_SIZE);
      received = handoff_large_value_unpack (sent, fd, &error);
      g_assert_no_error (error);
      g_assert_true (g_variant_equal (value, received));
      if (fd >= 0)
        close (fd);
    }
}

/* sent: consumed */
static void
assert_refused (GVariant *sent, int fd, const char *fault)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (sent);
  g_autoptr (GVariant) received = NULL;
  g_autoptr (GError) error = NULL;

  received = handoff_large_value_unpack (sunk, fd, &error);
  g_assert_null (received);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpstr (error->message, ==, fault);
  if (fd >= 0)
    close (fd);
}

static int
new_file (gsize size, guint8 byte)
{
  g_autofree guint8 *data = g_malloc (size);
  g_autoptr (GBytes) bytes = NULL;

  memset (data, byte, size);
  bytes = g_bytes_new (data, size);
  return handoff_sealed_memfd_new (bytes, NULL);
}

static void
test_refused (void)
{
  const gsize size = HANDOFF_LARGE_VALUE_MIN_SIZE;
  int pipe_fds[2];

  assert_refused (g_variant_new_string ("x"), -1, "a value that is no tuple");
  assert_refused (g_variant_new_string ("s"), new_file (size, 0),
                  "a value in a file, not in normal form");
  assert_refused (g_variant_new_string ("ay"), new_file (size, 1), "a value that is no tuple");
  assert_refused (g_variant_new_string ("(s"), new_file (size, 1),
                  "a value in a file, without its type");
  assert_refused (g_variant_new_string ("r"), new_file (size, 1),
                  "a value in a file, without its type");
  assert_refused (g_variant_new_uint32 (1), new_file (size, 1),
                  "a value in a file, without its type");
  assert_refused (g_variant_new_string ("(ay)"), new_file (size - 1, 1),
                  "a value in a file that is not sealed, or of another size");
  assert_refused (g_variant_new_string ("(ay)"), new_file (HANDOFF_LARGE_VALUE_MAX_SIZE + 1, 1),
                  "a value in a file that is not sealed, or of another size");
  g_assert_cmpint (pipe (pipe_fds), ==, 0);
  assert_refused (g_variant_new_string ("(ay)"), pipe_fds[0],
                  "a value in a file that is not sealed, or of another size");
  close (pipe_fds[1]);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/large-value/crosses", test_crosses);
  g_test_add_func ("/large-value/refused", test_refused);
  return g_test_run ();
}
