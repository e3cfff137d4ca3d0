/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A credential that comes along with a handshake is read no longer than somebody waits for it. The
 * importer is the test, and answers nothing; the keeper is the program. */

#include "config.h"

#include <sys/mman.h>

#include "broker/news.h"
#include "keyblob/tls-handoff-error.h"
#include "process/process.h"
#include "support/importer-fixture.h"
#include "support/store-fixture.h"
#include "support/words-fixture.h"

#define NUMBER 7

typedef struct
{
  WordsFixture words; /* the first */
  char *directory;    /* (owned): the keeper's */
  TestImporters importers;
  guint n_asked;
  GError *error; /* (owned) (nullable): what the handshaker was answered */
} Fixture;

static void
asked (HandoffLinkMessage *message, gpointer user_data)
{
  ((Fixture *) user_data)->n_asked++;
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_null (reply);
  f->error = g_error_copy (error);
}

/* It is being read. */
static void
set_up (Fixture *f, gconstpointer unused)
{
  const int fd = memfd_create ("test", MFD_CLOEXEC);

  f->directory = g_dir_make_tmp ("pem-desk-XXXXXX", NULL);
  handoff_process_set_folder (SERVICE_PROGRAMS);
  words_set_up (&f->words, NULL);
  f->words.base.support.keeper = handoff_keeper_new (f->directory);
  f->importers = (TestImporters){ asked, f };
  f->words.base.support.importers = handoff_importers_new (&test_importer_program, &f->importers);
  handoff_link_request (
      f->words.process->link, HANDOFF_HANDSHAKER_READ_PEM,
      g_variant_new ("(ttu)", (guint64) NUMBER, f->words.caller, HANDOFF_ROLE_CLIENT), &fd, 1,
      answered, f);
  handshaker_settle ();
  g_assert_cmpuint (f->n_asked, ==, 1);
  g_assert_cmpuint (f->importers.n_ended, ==, 0);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  HandoffBrokerSupport *support = &f->words.base.support;

  words_tear_down (&f->words, NULL);
  handoff_importers_free (support->importers);
  g_object_unref (support->keeper);
  test_store_clean (f->directory);
  g_free (f->directory);
  g_clear_error (&f->error);
}

/* The importer was ended at once, and the handshaker is told when the keeper knows of it. */
static void
expect_cancelled (Fixture *f)
{
  g_assert_cmpuint (f->importers.n_ended, ==, 1);
  while (f->error == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (f->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);
}

/* Breaks if a handshake that was cancelled keeps an importer. */
static void
test_cancelled (Fixture *f, gconstpointer unused)
{
  words_say (&f->words, HANDOFF_HANDSHAKER_CANCEL, g_variant_new ("(t)", (guint64) NUMBER + 1));
  g_assert_cmpuint (f->importers.n_ended, ==, 0);
  words_say (&f->words, HANDOFF_HANDSHAKER_CANCEL, g_variant_new ("(t)", (guint64) NUMBER));
  expect_cancelled (f);
}

/* Breaks if a caller who has left the bus keeps one. */
static void
test_caller_left (Fixture *f, gconstpointer unused)
{
  g_cancellable_cancel (handoff_caller_get_cancellable (f->words.alice));
  handoff_news_caller_left (f->words.base.handshakers, f->words.alice);
  handshaker_settle ();
  expect_cancelled (f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/pem-desk/cancelled", Fixture, NULL, set_up, test_cancelled, tear_down);
  g_test_add ("/pem-desk/caller-left", Fixture, NULL, set_up, test_caller_left, tear_down);

  return g_test_run ();
}
