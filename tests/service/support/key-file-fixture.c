/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/memory-key.h"
#include "support/key-file-fixture.h"

#include "describe/description-maker.h"
#include "key/private-key.h"
#include "key-file/key-material.h"
#include "keyblob/tls-handoff-error.h"

GBytes *
key_file_make (const char *command)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *edit = g_test_build_filename (G_TEST_DIST, "lib", "edit-pkcs12", NULL);
  g_autofree char *script =
      g_strconcat ("set -e -o pipefail; D=$(mktemp -d); trap 'rm -r \"$D\"' EXIT; ", command, NULL);
  GBytes *output = NULL;

  g_subprocess_launcher_set_cwd (launcher, g_getenv ("HANDOFF_TEST_CERTS"));
  g_subprocess_launcher_setenv (launcher, "EDIT", edit, TRUE);
  process = g_subprocess_launcher_spawn (launcher, &error, "bash", "-c", script, NULL);
  g_assert_no_error (error);
  g_subprocess_communicate (process, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  g_test_message ("%s", command);
  g_assert_true (g_subprocess_get_successful (process));
  return output;
}

void
key_file_expect (const char *command,
                 const char *passphrase,
                 const char *message,
                 guint n_certificates)
{
  g_autoptr (GBytes) data = key_file_make (command);
  g_autoptr (GBytes) secret =
      passphrase != NULL ? g_bytes_new (passphrase, strlen (passphrase)) : NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffKeyMaterial) material = handoff_key_material_parse (data, secret, &error);
  g_autoptr (HandoffPrivateKey) key = NULL;
  g_autoptr (HandoffDescription) description = NULL;

  if (message != NULL)
    {
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, message));
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (material->certificates->len, ==, n_certificates);
  key = test_memory_key_new (g_steal_pointer (&material->key), &error);
  g_assert_no_error (error);
  description = handoff_description_make (handoff_private_key_get_public_key (key),
                                          material->certificates, NULL, &error);
  g_assert_no_error (error);
}
