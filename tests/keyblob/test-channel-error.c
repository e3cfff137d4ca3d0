/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* How much of an error's text goes on a channel. */

#include "config.h"

#include <gio/gio.h>
#include <string.h>

#include "error-reply.h"
#include "packet.h"

/* Breaks if an application can make the service keep its own large calls, as the errors that they
 * get; if the cut goes through a character; or if the limit is that of the text before what is none
 * was replaced, by three bytes for each. */
static void
test_long (gconstpointer filler)
{
  g_autoptr (GString) text = g_string_new ("No ");
  g_autofree char *whole = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) body = NULL;
  const char *message;

  while (text->len < HANDOFF_PACKET_MAX_SIZE / 2)
    g_string_append (text, filler);
  error = g_error_new_literal (G_DBUS_ERROR, G_DBUS_ERROR_FAILED, text->str);
  body = g_variant_ref_sink (handoff_error_to_variant (error, TRUE));
  g_variant_get_child (body, 1, "&s", &message);

  /* As many whole characters as fit. */
  whole = g_utf8_make_valid (text->str, -1);
  g_assert_true (g_str_has_prefix (whole, message));
  g_assert_true (g_utf8_validate (message, -1, NULL));
  g_assert_cmpuint (strlen (message), <=, HANDOFF_ERROR_VARIANT_MAX_TEXT);
  g_assert_cmpuint (strlen (message), >, HANDOFF_ERROR_VARIANT_MAX_TEXT - 3);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/channel-error/long/one-byte", "x", test_long);
  g_test_add_data_func ("/channel-error/long/two-bytes", "é", test_long);
  g_test_add_data_func ("/channel-error/long/three-bytes", "€", test_long);
  g_test_add_data_func ("/channel-error/long/no-character", "\xff", test_long);
  return g_test_run ();
}
