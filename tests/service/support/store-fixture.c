/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/store-fixture.h"

#include <glib/gstdio.h>

#include "importers/importer-process.h"
#include "key/pkcs8.h"
#include "link/import-messages.h"
#include "process/process.h"
#include "support/credential-fixture.h"

HandoffCredentialStore *
test_store_new (const char *directory, HandoffKeeper **keeper)
{
  /* Of all tests: it needs no end. */
  static HandoffImporters *importers;
  HandoffCredentialStore *store;

  if (importers == NULL)
    importers = handoff_importers_new (&handoff_importer_process, NULL);
  handoff_process_set_folder (SERVICE_PROGRAMS);
  *keeper = handoff_keeper_new (directory);
  store = handoff_credential_store_new (*keeper, importers);
  while (handoff_credential_store_is_busy (store))
    g_main_context_iteration (NULL, TRUE);
  return store;
}

static void
ignore_end (HandoffLink *link, const GError *error, gpointer user_data)
{
}

static void
held (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) public_key =
      handoff_keeper_hold_finish (HANDOFF_KEEPER (source), result, &error);

  g_assert_no_error (error);
  g_assert_nonnull (public_key);
  *(gboolean *) user_data = TRUE;
}

void
test_store_hold (HandoffKeeper *keeper, const char *id, gnutls_x509_privkey_t key)
{
  static const HandoffLinkFunctions functions = { NULL, ignore_end };
  g_autoptr (GBytes) der = handoff_pkcs8_write (key, NULL);
  g_autoptr (HandoffLink) link = NULL;
  gboolean is_held = FALSE;
  gsize size;
  gconstpointer data = g_bytes_get_data (der, &size);
  int sockets[2];

  g_assert_true (handoff_link_make_sockets (sockets, NULL));
  handoff_keeper_hold_async (keeper, id, 1000, sockets[1], held, &is_held);
  link = handoff_link_new (sockets[0], &handoff_import_messages, HANDOFF_LINK_UPPER, NULL,
                           "tls-handoff-keeper", &functions, NULL);
  g_assert_true (handoff_link_send (
      link, HANDOFF_IMPORT_KEY,
      g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, size, 1)), NULL,
      0, NULL));
  while (!is_held)
    g_main_context_iteration (NULL, TRUE);
}

void
test_store_hold_key (HandoffKeeper *keeper, const char *id, const char *name)
{
  gnutls_x509_privkey_t key = test_x509_key_new (name);

  test_store_hold (keeper, id, key);
  gnutls_x509_privkey_deinit (key);
}

static void
remove_all (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_all (child);
    }
  g_remove (path);
}

void
test_store_clean (const char *directory)
{
  remove_all (directory);
}
