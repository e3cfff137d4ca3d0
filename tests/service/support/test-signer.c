/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/test-signer.h"

#include "grant/signature-form.h"
#include "grant/signature-scheme.h"
#include "link/signing-messages.h"
#include "support/credential-fixture.h"
#include "work/clock.h"

/* What signs a test handshake that TLS would not have signed is a failure of the test. */
static GBytes *
sign (TestSigner *self, guint role, guint scheme_number, GBytes *data)
{
  const HandoffSignatureScheme *scheme = handoff_signature_scheme_find (scheme_number);
  gsize size;
  gconstpointer bytes = g_bytes_get_data (data, &size);
  const gnutls_datum_t input = { (unsigned char *) bytes, (unsigned int) size };
  gnutls_datum_t signature;

  g_assert_nonnull (scheme);
  g_assert_cmpint (handoff_signature_form_find (role, scheme_number, bytes, size), !=,
                   HANDOFF_SIGNATURE_FORM_NONE);
  g_assert_cmpint (gnutls_privkey_sign_data2 (self->key, scheme->algorithm, 0, &input, &signature),
                   >=, 0);
  self->n_signatures++;
  self->size = size;
  return g_bytes_new_with_free_func (signature.data, signature.size, (GDestroyNotify) gnutls_free,
                                     signature.data);
}

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  TestSigner *self = user_data;
  HandoffLinkCall *call = g_steal_pointer (&message->call);
  guint64 grant;
  guint role, scheme;
  g_autoptr (GBytes) signature = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data =
      handoff_signing_message_read (message->body, message->n_fds > 0 ? message->fds[0] : -1,
                                    HANDOFF_SIGNATURE_MAX_DATA, &grant, &role, &scheme, &error);

  g_assert_no_error (error);
  if (self->refusal != NULL)
    {
      handoff_link_call_fail (call, self->refusal);
      return;
    }
  if (self->is_slow)
    {
      g_assert_null (self->kept);
      self->kept = call;
      return;
    }
  signature = sign (self, role, scheme, data);
  handoff_link_call_return (
      call,
      g_variant_new ("(@ay)",
                     g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, signature, TRUE)),
      NULL, 0);
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
}

static const HandoffLinkFunctions functions = { received, ended };

static void
open_socket (guint64 number, HandoffSignerOpened opened, gpointer opened_data, gpointer user_data)
{
  TestSigner *self = user_data;
  int sockets[2];

  g_assert_true (handoff_link_make_sockets (sockets, NULL));
  g_ptr_array_add (self->links,
                   handoff_link_new (sockets[1], &handoff_signing_table, HANDOFF_LINK_LOWER, NULL,
                                     "tls-handoff-handshaker", &functions, self));
  opened (sockets[0], NULL, opened_data);
}

static void
is_over (guint64 number, gpointer user_data)
{
}

static const HandoffSigningGrantsFunctions grants_functions = { open_socket, is_over };

void
test_signer_init (TestSigner *self, const char *name)
{
  g_autoptr (GPtrArray) certificates = test_certificates_new (name, NULL);
  g_autoptr (HandoffPrivateKey) key = NULL;
  gnutls_pubkey_t public_key;
  g_autoptr (GError) error = NULL;

  *self =
      (TestSigner){ .links = g_ptr_array_new_with_free_func ((GDestroyNotify) handoff_link_free) };
  gnutls_privkey_init (&self->key);
  g_assert_cmpint (gnutls_privkey_import_x509 (self->key, test_x509_key_new (name),
                                               GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE),
                   ==, 0);
  gnutls_pubkey_init (&public_key);
  g_assert_cmpint (gnutls_pubkey_import_privkey (public_key, self->key, 0, 0), ==, 0);
  key = handoff_private_key_new_elsewhere (public_key);
  self->credential = test_credential_make (NULL, name, 0, HANDOFF_CREDENTIAL_ROLE_BOTH, key, NULL,
                                           certificates, NULL, &error);
  g_assert_no_error (error);
  self->grants = handoff_signing_grants_new (&grants_functions, self);
}

void
test_signer_clear (TestSigner *self)
{
  g_ptr_array_unref (self->links);
  handoff_signing_grants_free (self->grants);
  handoff_credential_unref (self->credential);
  gnutls_privkey_deinit (self->key);
  g_clear_error (&self->refusal);
  g_assert_null (self->kept);
}

HandoffSigningGrant *
test_signer_grant (TestSigner *self, HandoffRole role, guint uses)
{
  static guint64 last_number;
  const HandoffSigningTerms terms = {
    .number = ++last_number,
    .role = role == HANDOFF_ROLE_SERVER ? HANDOFF_SIGNATURE_SERVER : HANDOFF_SIGNATURE_CLIENT,
    .uses = uses,
    .until = handoff_clock_get_boot_time () + G_TIME_SPAN_MINUTE,
  };

  return handoff_signing_grants_add (self->grants, &terms);
}

void
test_signer_end (TestSigner *self)
{
  HandoffLinkCall *kept = g_steal_pointer (&self->kept);

  g_ptr_array_set_size (self->links, 0);
  if (kept != NULL)
    handoff_link_call_return (kept, g_variant_new ("(@ay)", g_variant_new_bytestring ("")), NULL,
                              0);
}
