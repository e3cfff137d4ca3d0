/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/key-taker.h"

#include "key/pkcs8.h"
#include "link/import-messages.h"
#include "support/credential-fixture.h"

static void
take_key (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  KeyTaker *self = user_data;
  g_autoptr (GVariant) key = g_variant_get_child_value (message->body, 0);

  self->key = g_variant_get_data_as_bytes (key);
}

static void
no_key (HandoffLink *link, const GError *error, gpointer user_data)
{
  KeyTaker *self = user_data;

  self->has_ended = TRUE;
}

static const HandoffLinkFunctions keeper_functions = { take_key, no_key };

int
key_taker_init (KeyTaker *self)
{
  int sockets[2];

  g_assert_true (handoff_link_make_sockets (sockets, NULL));
  *self = (KeyTaker){ handoff_link_new (sockets[0], &handoff_import_messages, HANDOFF_LINK_LOWER,
                                        NULL, "tls-handoff-importer", &keeper_functions, self) };
  return sockets[1];
}

void
key_taker_expect (KeyTaker *self, const char *name)
{
  while (!self->has_ended)
    g_main_context_iteration (NULL, TRUE);
  if (name != NULL)
    {
      gnutls_x509_privkey_t key = test_x509_key_new (name);
      g_autoptr (GBytes) written = handoff_pkcs8_write (key, NULL);

      g_assert_true (g_bytes_equal (self->key, written));
      gnutls_x509_privkey_deinit (key);
    }
  else
    {
      g_assert_null (self->key);
    }
  g_clear_pointer (&self->key, g_bytes_unref);
  handoff_link_free (self->link);
}
