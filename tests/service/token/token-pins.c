/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <string.h>

#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "support/test-clock.h"
#include "token/token-pins.h"

#define TOKEN "Card"

/* Who knows the rest: here, every PIN may be tried. */

/* What is wrong with the PIN file; NULL: there is none. */
static const char *file_fault;

static GBytes *
find_pin (gpointer data, const char *token, char **file_identity, GError **error)
{
  if (file_fault != NULL)
    g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, file_fault);
  return NULL;
}

static gboolean
may_try (gpointer data,
         const char *token,
         const guint8 digest[HANDOFF_PIN_DIGEST_SIZE],
         const char *file_identity)
{
  return TRUE;
}

static void
settle (
    gpointer data, const char *token, HandoffPinFate fate, gboolean can_open, gboolean has_given)
{
}

static const HandoffPinDesk desk = { find_pin, may_try, settle };

static GBytes *
new_pin (const char *text)
{
  HandoffSecretBytes secret = { NULL, 0 };

  handoff_secret_bytes_set (&secret, text, strlen (text));
  return handoff_secret_bytes_take (&secret);
}

static void
assert_guess (HandoffTokenPins *pins, const char *text, const char *what)
{
  g_autoptr (GBytes) pin = new_pin (text);
  g_autoptr (GError) error = NULL;

  if (handoff_token_pins_check_open (pins, TOKEN, pin, &error))
    {
      g_assert_null (what);
      return;
    }
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED);
  g_assert_nonnull (what);
  g_assert_nonnull (strstr (error->message, what));
}

/* Breaks if the PIN of an open token can be guessed as fast as one can ask. */
static void
test_guesses (void)
{
  static const guint8 salt[HANDOFF_PIN_SALT_SIZE] = { 1 };
  g_autoptr (HandoffTokenPins) pins = handoff_token_pins_new (&desk, NULL, salt);
  g_autoptr (GBytes) right = new_pin ("4321");
  g_autoptr (GError) error = NULL;
  HandoffPin *pin;

  test_clock_install ();
  assert_guess (pins, "4321", "without a PIN that the service knows");
  pin = handoff_token_pins_begin (pins, TOKEN, right, FALSE, &error);
  g_assert_no_error (error);
  handoff_token_pins_accept (pins, TOKEN, pin);

  assert_guess (pins, "432", "another PIN");
  assert_guess (pins, "4321", NULL);
  assert_guess (pins, "1", "another PIN");
  assert_guess (pins, "2", "another PIN");
  assert_guess (pins, "3", "another PIN");
  assert_guess (pins, "4321", "later");
  /* Setting the wall clock does not shorten the wait. */
  test_clock_set_wall (TEST_YEAR);
  test_clock_pass (60 * TEST_SECOND - 1);
  assert_guess (pins, "4321", "later");
  test_clock_pass (1);
  assert_guess (pins, "4", "another PIN");
  /* Twice as long, from one wrong PIN to the next. */
  test_clock_pass (120 * TEST_SECOND - 1);
  assert_guess (pins, "4321", "later");
  test_clock_pass (1);
  assert_guess (pins, "4321", NULL);
}

static guint n_warnings;

static GLogWriterOutput
count_warnings (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  gsize i;

  if ((level & G_LOG_LEVEL_WARNING) == 0)
    return g_log_writer_default (level, fields, n_fields, user_data);
  n_warnings++;
  for (i = 0; i < n_fields; i++)
    {
      if (g_str_equal (fields[i].key, "MESSAGE"))
        g_assert_nonnull (strstr (fields[i].value, file_fault));
    }
  return G_LOG_WRITER_HANDLED;
}

static void
assert_bad_file (HandoffTokenPins *pins, const char *fault, guint warnings)
{
  g_autoptr (GError) error = NULL;

  file_fault = fault;
  g_assert_null (handoff_token_pins_begin (pins, TOKEN, NULL, FALSE, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED);
  g_assert_nonnull (strstr (error->message, "must not be used"));
  g_assert_cmpuint (n_warnings, ==, warnings);
}

/* Breaks if the journal does not say exactly once why the PIN file must not be used, or does not
 * say what is wrong with it after that. */
static void
test_bad_file (void)
{
  static const guint8 salt[HANDOFF_PIN_SALT_SIZE] = { 1 };
  g_autoptr (HandoffTokenPins) pins = handoff_token_pins_new (&desk, NULL, salt);

  assert_bad_file (pins, "pins: others may read it", 1);
  assert_bad_file (pins, "pins: others may read it", 1);
  assert_bad_file (pins, "pins: it is too large", 2);
  assert_bad_file (pins, "pins: it is too large", 2);
  file_fault = NULL;
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (count_warnings, NULL, NULL);
  g_test_add_func ("/service/token-pins/guesses", test_guesses);
  g_test_add_func ("/service/token-pins/bad-file", test_bad_file);
  return g_test_run ();
}
