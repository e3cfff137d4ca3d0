/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Who has nothing under way keeps no memory for it, and who waits for a slow peer little. */

#include "record/record-output.h"

#include <string.h>

/* The other end of a full socket, as it were: memory that takes so much. */
static GOutputStream *
new_sink (guint8 *memory, gsize size)
{
  return g_memory_output_stream_new (memory, size, NULL, NULL);
}

static guint8
get_byte (gsize place)
{
  return (guint8) (place * 7 + place / 251);
}

/* size bytes are made, of which n_taken can be sent; then the rest. */
static void
assert_rest (gsize size, gsize n_taken)
{
  g_autofree guint8 *received = g_malloc0 (size);
  g_autoptr (GOutputStream) first = new_sink (received, n_taken);
  g_autoptr (GOutputStream) second = new_sink (received + n_taken, size - n_taken);
  g_autoptr (GError) error = NULL;
  HandoffRecordOutput output = { NULL };
  HandoffRecordOutput other = { NULL };
  guint8 *bytes;

  g_assert_true (handoff_record_output_is_empty (&output));
  bytes = handoff_record_output_begin (&output);
  for (gsize i = 0; i < size; i++)
    bytes[i] = get_byte (i);
  handoff_record_output_end (&output, size);
  g_assert_false (handoff_record_output_is_empty (&output));

  g_assert_false (handoff_record_output_send (&output, first, TRUE, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_clear_error (&error);
  g_assert_cmpuint (output.end - output.start, ==, size - n_taken);
  g_assert_false (output.is_large);
  /* The next one has the large buffer again. */
  g_assert_true (handoff_record_output_begin (&other) == bytes);
  memset (bytes, 0, HANDOFF_BATCH_BUFFER_SIZE);
  handoff_record_output_clear (&other);

  g_assert_true (handoff_record_output_send (&output, second, TRUE, NULL, &error));
  g_assert_no_error (error);
  g_assert_null (output.bytes);
  g_assert_true (handoff_record_output_is_empty (&output));
  for (gsize i = 0; i < size; i++)
    g_assert_cmphex (received[i], ==, get_byte (i));
}

static void
test_rest (void)
{
  assert_rest (300, 1);
  assert_rest (HANDOFF_BATCH_BUFFER_SIZE, 1);
  assert_rest (HANDOFF_BATCH_BUFFER_SIZE, HANDOFF_BATCH_BUFFER_SIZE - 1);
}

static void
test_nothing (void)
{
  g_autoptr (GOutputStream) sink = new_sink (NULL, 0);
  HandoffRecordOutput output = { NULL };

  handoff_record_output_begin (&output);
  handoff_record_output_end (&output, 0);
  g_assert_null (output.bytes);
  g_assert_true (handoff_record_output_send (&output, sink, TRUE, NULL, NULL));
  handoff_record_output_clear (&output);
}

/* More at a time than the process keeps buffers for. */
static void
test_many (void)
{
  HandoffRecordOutput outputs[9] = { { NULL } };

  for (guint i = 0; i < G_N_ELEMENTS (outputs); i++)
    {
      memset (handoff_record_output_begin (&outputs[i]), (int) i, HANDOFF_BATCH_BUFFER_SIZE);
      handoff_record_output_end (&outputs[i], HANDOFF_BATCH_BUFFER_SIZE);
    }
  for (guint i = 0; i < G_N_ELEMENTS (outputs); i++)
    {
      g_assert_cmphex (outputs[i].bytes[0], ==, i);
      g_assert_cmphex (outputs[i].bytes[HANDOFF_BATCH_BUFFER_SIZE - 1], ==, i);
      handoff_record_output_clear (&outputs[i]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/record-output/rest", test_rest);
  g_test_add_func ("/record-output/nothing", test_nothing);
  g_test_add_func ("/record-output/many", test_many);
  return g_test_run ();
}
