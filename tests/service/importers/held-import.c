/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* An import whose key goes to the real keeper, from an importer that says what the test wants: that
 * one is the other end of a link, in this process. */

#include "config.h"

#include "importers/held-import.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "key/pkcs8.h"
#include "key/public-key.h"
#include "keyblob/tls-handoff-error.h"
#include "link/import-messages.h"
#include "process/process.h"
#include "support/credential-fixture.h"
#include "support/importer-fixture.h"
#include "support/store-fixture.h"

#define ALICE 60101
#define ID "0123456789abcdef0123456789abcdef"

typedef struct
{
  char *directory; /* (owned) */
  HandoffKeeper *keeper;
  HandoffImporters *importers;
  TestImporters processes;
  const char *given, *described; /* names of keys */
} Fixture;

static void
link_ended (HandoffLink *link, const GError *error, gpointer user_data)
{
}

/* socket: (transfer full) */
static void
give_key (const char *name, int socket)
{
  static const HandoffLinkFunctions functions = { NULL, link_ended };
  gnutls_x509_privkey_t key = test_x509_key_new (name);
  g_autoptr (GBytes) der = handoff_pkcs8_write (key, NULL);
  g_autoptr (HandoffLink) link =
      handoff_link_new (socket, &handoff_import_messages, HANDOFF_LINK_UPPER, NULL,
                        "tls-handoff-keeper", &functions, NULL);
  gsize size;
  gconstpointer data = g_bytes_get_data (der, &size);

  g_assert_true (handoff_link_send (
      link, HANDOFF_IMPORT_KEY,
      g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, size, 1)), NULL,
      0, NULL));
  gnutls_x509_privkey_deinit (key);
}

/* (transfer floating) */
static GVariant *
describe (const char *name)
{
  g_autoptr (HandoffPrivateKey) key = test_private_key_new (name);
  g_autoptr (GBytes) public_key =
      handoff_public_key_export (handoff_private_key_get_public_key (key), NULL);
  g_autoptr (HandoffDescription) description =
      handoff_description_new (public_key, "ecdsa-p256", NULL, 0, 0, NULL, 0, NULL, NULL);

  return g_variant_new ("(@" HANDOFF_DESCRIPTION_TYPE ")", description->variant);
}

static void
asked (HandoffLinkMessage *message, gpointer user_data)
{
  const Fixture *f = user_data;

  give_key (f->given, handoff_link_message_steal_fd (message, 1));
  handoff_link_call_return (g_steal_pointer (&message->call), describe (f->described), NULL, 0);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->directory = g_dir_make_tmp ("held-XXXXXX", NULL);
  handoff_process_set_folder (SERVICE_PROGRAMS);
  f->keeper = handoff_keeper_new (f->directory);
  f->processes = (TestImporters){ asked, f };
  f->importers = handoff_importers_new (&test_importer_program, &f->processes);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  handoff_importers_free (f->importers);
  g_object_unref (f->keeper);
  test_store_clean (f->directory);
  g_free (f->directory);
}

static void
finished (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static HandoffHeldImport *
import (Fixture *f, const char *given, const char *described, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  f->given = given;
  f->described = described;
  handoff_held_import_async (f->importers, f->keeper, ID, ALICE, open ("/dev/null", O_RDONLY), -1,
                             NULL, finished, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return handoff_held_import_finish (result, error);
}

static guint n_warnings;

static GLogWriterOutput
count_warnings (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  n_warnings += level == G_LOG_LEVEL_WARNING ? 1 : 0;
  return G_LOG_WRITER_HANDLED;
}

/* Breaks if an importer that somebody has taken over can have one key kept under the description of
 * another; or if the key that it gave stays. */
static void
test_another_key (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffHeldImport) wrong = NULL;
  g_autoptr (HandoffHeldImport) right = NULL;

  wrong = import (f, "rsa", "ecdsa", &error);
  g_assert_cmpuint (n_warnings, ==, 1);
  g_assert_null (wrong);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "its key is another"));
  g_clear_error (&error);

  /* Nothing is held under that id. */
  right = import (f, "ecdsa", "ecdsa", &error);
  g_assert_no_error (error);
  g_assert_nonnull (right);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_writer_func (count_warnings, NULL, NULL);
  g_test_add ("/service/held-import/another-key", Fixture, NULL, set_up, test_another_key,
              tear_down);
  return g_test_run ();
}
