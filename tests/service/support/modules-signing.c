/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/modules-signing.h"

#include <gnutls/abstract.h>
#include <string.h>

#include "link/link.h"
#include "link/signing-messages.h"
#include "link/token-messages.h"
#include "work/clock.h"

/* ecdsa_secp256r1_sha256, rsa_pss_rsae_sha256 */
#define ECDSA 0x0403
#define RSA 0x0804

/* What a server signs in TLS 1.3 (RFC 8446 4.4.3). (transfer full) */
static GBytes *
make_data (void)
{
  static const char context[] = "TLS 1.3, server CertificateVerify"; /* with the zero */
  GByteArray *data = g_byte_array_new ();
  guint8 fill[64];

  memset (fill, 0x20, sizeof fill);
  g_byte_array_append (data, fill, sizeof fill);
  g_byte_array_append (data, (const guint8 *) context, sizeof context);
  memset (fill, 0xab, sizeof fill);
  g_byte_array_append (data, fill, 32);
  return g_byte_array_free_to_bytes (data);
}

static guint
get_scheme (const char *key)
{
  return strstr (key, "rsa") != NULL ? RSA : ECDSA;
}

static void
end_signing (ModulesTestSigning *signing, GBytes *signature, const GError *error)
{
  signing->signature = signature != NULL ? g_bytes_ref (signature) : NULL;
  signing->error = error != NULL ? g_error_copy (error) : NULL;
  signing->done = TRUE;
}

static void
nothing_received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  g_assert_not_reached ();
}

static void
signing_link_ended (HandoffLink *link, const GError *error, gpointer user_data)
{
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GBytes) signature = NULL;

  if (reply != NULL)
    {
      value = g_variant_get_child_value (reply->body, 0);
      signature = g_variant_get_data_as_bytes (value);
    }
  end_signing (user_data, signature, error);
}

static void
ignore (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
}

static void
remove_key (HandoffLink *link, const char *key)
{
  handoff_link_send (link, HANDOFF_TOKEN_REMOVE_KEY, g_variant_new ("(s)", key), NULL, 0, NULL);
}

static void
opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  static const HandoffLinkFunctions link_functions = { nothing_received, signing_link_ended };
  ModulesTestSigning *signing = user_data;
  ModulesTest *f = signing->f;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data = make_data ();
  const guint64 number = handoff_module_keys_open_finish (result, &error);
  const gint64 until = handoff_clock_get_boot_time () + 60 * G_TIME_SPAN_SECOND;
  HandoffLink *link;
  GVariant *body;
  int sockets[2], fd;

  if (number == 0)
    {
      end_signing (signing, NULL, error);
      return;
    }
  link = g_hash_table_lookup (f->links, GUINT_TO_POINTER ((guint) number));
  g_assert_true (handoff_link_make_sockets (sockets, NULL));
  handoff_link_request (link, HANDOFF_TOKEN_HOLDER_SOCKET,
                        g_variant_new ("(t)", (guint64) MODULES_TEST_HOLDER), &sockets[1], 1,
                        ignore, NULL);
  if (signing->removed_before_grant)
    remove_key (link, signing->key);
  handoff_link_send (link, HANDOFF_TOKEN_GRANT,
                     g_variant_new (HANDOFF_GRANT_TYPE, ++f->last_grant,
                                    (guint64) MODULES_TEST_HOLDER, signing->key,
                                    HANDOFF_SIGNATURE_SERVER, 1, until),
                     NULL, 0, NULL);
  if (signing->removed_after_grant)
    remove_key (link, signing->key);
  signing->link = handoff_link_new (sockets[0], &handoff_signing_table, HANDOFF_LINK_UPPER, NULL,
                                    "tls-handoff-token", &link_functions, NULL);
  body = handoff_signing_message_new (f->last_grant, f->role, get_scheme (signing->key), data, &fd,
                                      &error);
  g_assert_no_error (error);
  handoff_link_request (signing->link, HANDOFF_SIGNING_SIGN, body, NULL, 0, answered, signing);
}

void
modules_test_begin_signing (ModulesTest *f, const char *key, ModulesTestSigning *signing)
{
  *signing = (ModulesTestSigning){ .f = f, .key = key };
  modules_test_start_signing (signing);
}

void
modules_test_start_signing (ModulesTestSigning *signing)
{
  handoff_module_keys_open_async (handoff_modules_get_keys (signing->f->modules), signing->key,
                                  opened, signing);
}

void
modules_test_end_signing (ModulesTestSigning *signing)
{
  modules_test_wait_until (&signing->done);
  g_clear_pointer (&signing->link, handoff_link_free);
}

void
modules_test_assert_signs (ModulesTest *f, const char *key)
{
  g_autoptr (GBytes) data = make_data ();
  ModulesTestSigning signing;

  modules_test_begin_signing (f, key, &signing);
  modules_test_end_signing (&signing);
  g_assert_no_error (signing.error);
  {
    const char *token = get_scheme (key) == RSA ? OTHER_TOKEN : TOKEN;
    g_autoptr (GBytes) spki = modules_test_read_public_key (f, token, key);
    gsize spki_size, data_size, size;
    gconstpointer spki_data = g_bytes_get_data (spki, &spki_size);
    gconstpointer signed_data = g_bytes_get_data (data, &data_size);
    gconstpointer signature = g_bytes_get_data (signing.signature, &size);
    const gnutls_datum_t datums[] = {
      { (unsigned char *) spki_data, (unsigned int) spki_size },
      { (unsigned char *) signed_data, (unsigned int) data_size },
      { (unsigned char *) signature, (unsigned int) size },
    };
    gnutls_pubkey_t public_key;

    gnutls_pubkey_init (&public_key);
    g_assert_cmpint (gnutls_pubkey_import (public_key, &datums[0], GNUTLS_X509_FMT_DER), >=, 0);
    g_assert_cmpint (gnutls_pubkey_verify_data2 (public_key,
                                                 get_scheme (key) == RSA
                                                     ? GNUTLS_SIGN_RSA_PSS_RSAE_SHA256
                                                     : GNUTLS_SIGN_ECDSA_SHA256,
                                                 0, &datums[1], &datums[2]),
                     >=, 0);
    gnutls_pubkey_deinit (public_key);
  }
  g_bytes_unref (signing.signature);
}

void
modules_test_assert_cannot_sign (ModulesTest *f, const char *key, int code, const char *what)
{
  ModulesTestSigning signing;

  modules_test_begin_signing (f, key, &signing);
  modules_test_end_signing (&signing);
  g_assert_null (signing.signature);
  modules_test_assert_error (signing.error, code, what);
  g_clear_error (&signing.error);
}
