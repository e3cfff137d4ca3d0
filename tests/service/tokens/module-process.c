/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gstdio.h>

#include "link/token-messages.h"
#include "process/process.h"
#include "tokens/module-process.h"

#define TOKEN "Card"

typedef struct
{
  char *told; /* (owned) (nullable): what the process was told, as it says */
  gboolean is_answered;
} Words;

static void
started (guint64 number, HandoffLink *link, gpointer user_data)
{
}

static void
ended (guint64 number, gpointer user_data)
{
}

static void
violated (guint64 number, guint64 holder, const char *why, gpointer user_data)
{
  g_assert_not_reached ();
}

static void
pins_changed (gpointer user_data)
{
}

static void
lost (HandoffModuleProcess *module, const char *label, gpointer user_data)
{
  Words *words = user_data;

  g_assert_null (words->told);
  words->told = g_strdup (label);
}

static const HandoffModuleFunctions functions = { started, ended, violated, pins_changed, lost };

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  Words *words = user_data;

  g_assert_no_error (error);
  words->is_answered = TRUE;
}

/* The process says of that token what it says of each: told: what it was told. */
static void
assert_told (HandoffModuleProcess *module, Words *words, const char *label, const char *told)
{
  g_autoptr (GError) error = NULL;
  HandoffLink *link = handoff_module_process_start (module, NULL, &error);

  g_assert_no_error (error);
  handoff_link_request (link, HANDOFF_TOKEN_HAS, g_variant_new ("(s)", label), NULL, 0, answered,
                        words);
  while (!words->is_answered)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (words->told, ==, told);
  words->is_answered = FALSE;
  g_clear_pointer (&words->told, g_free);
}

/* Breaks if a module that was taken over gets PINs of tokens that are used in another one, or can
 * say what became of them. */
static void
test_lies (void)
{
  g_autofree char *directory = g_dir_make_tmp ("module-process-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (directory, "pins", NULL);
  g_autoptr (HandoffPinBook) book = handoff_pin_book_new (directory);
  Words words = { NULL, FALSE };
  guint64 last_number = 0;
  g_autoptr (HandoffModuleProcess) module = handoff_module_process_new (
      handoff_token_module_new ("/nonexistent/module.so"), book, &last_number, &functions, &words);

  g_assert_true (
      g_file_set_contents (file, "[" TOKEN "]\nPin=1234\n[Other]\nPin=5678\n", -1, NULL));
  g_assert_no_errno (g_chmod (file, 0600));
  handoff_pin_book_set_file (book, file);

  handoff_module_process_enter_token (module, TOKEN);
  assert_told (module, &words, "Other", "Other: nothing, no");
  g_assert_false (handoff_pin_book_has_given (book));
  assert_told (module, &words, TOKEN, TOKEN ": 1234, yes");
  g_assert_true (handoff_pin_book_has_given (book));

  handoff_module_process_enter_token (module, TOKEN);
  handoff_module_process_leave_token (module, TOKEN);
  assert_told (module, &words, TOKEN, TOKEN ": 1234, yes");
  handoff_module_process_leave_token (module, TOKEN);
  assert_told (module, &words, TOKEN, TOKEN ": nothing, no");

  g_assert_no_errno (g_unlink (file));
  g_assert_no_errno (g_rmdir (directory));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  handoff_process_set_folder (TEST_PROGRAMS);
  g_test_add_func ("/service/module-process/lies", test_lies);
  return g_test_run ();
}
