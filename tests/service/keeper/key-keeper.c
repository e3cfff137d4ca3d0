/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The keeper of the keys, as the broker and handshakers see it. */

#include "config.h"

#include "keeper/key-keeper.h"

#include <glib/gstdio.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>
#include <unistd.h>

#include "grant/signature-form.h"
#include "key/pkcs8.h"
#include "key/public-key.h"
#include "keyblob/tls-handoff-error.h"
#include "link/import-messages.h"
#include "link/keeper-messages.h"
#include "link/signing-messages.h"
#include "support/keeper-fixture.h"
#include "support/request-fixture.h"
#include "support/signed-data.h"
#include "work/clock.h"

#define ID "0123456789abcdef0123456789abcdef"
#define OTHER_ID "fedcba98765432100123456789abcdef"
#define ECDSA 0x0403

/* The last warning; they are structured, so that GLib's tests cannot expect them. Any thread. */
static GAsyncQueue *warnings;

static GLogWriterOutput
keep_warning (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  gsize i;

  if ((level & G_LOG_LEVEL_WARNING) == 0)
    return g_log_writer_default (level, fields, n_fields, user_data);
  for (i = 0; i < n_fields; i++)
    {
      if (g_str_equal (fields[i].key, "MESSAGE"))
        g_async_queue_push (warnings, g_strdup (fields[i].value));
    }
  return G_LOG_WRITER_HANDLED;
}

static void
expect_warning (const char *words)
{
  g_autofree char *warning = g_async_queue_try_pop (warnings);

  g_assert_nonnull (warning);
  g_assert_nonnull (strstr (warning, words));
}

static gboolean
has_file (KeeperTest *f, const char *id, const char *name)
{
  g_autofree char *path = g_build_filename (f->directory, id, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* What it tells when it reads all again. */
static void
expect_loaded (KeeperTest *f, const char *told, guint n_damaged)
{
  guint32 n;

  g_string_truncate (f->told, 0);
  keeper_test_ask (f, HANDOFF_KEEPER_LOAD, g_variant_new ("()"), -1);
  g_assert_no_error (f->error);
  g_variant_get (f->reply, "(u)", &n);
  g_assert_cmpstr (f->told->str, ==, told);
  g_assert_cmpuint (n, ==, n_damaged);
}

static void
expect_error (KeeperTest *f, int code)
{
  g_assert_error (f->error, TLS_HANDOFF_ERROR, code);
}

static void
test_credential (KeeperTest *f, gconstpointer data)
{
  g_autoptr (GVariant) key = keeper_test_generate (f, ID, "ecdsa-p256");

  expect_loaded (f, "", 0);
  keeper_test_add (f, ID, "home", key);
  g_assert_no_error (f->error);
  expect_loaded (f, "loaded " ID " home", 0);
  keeper_test_start_again (f);
  expect_loaded (f, "loaded " ID " home", 0);
  g_assert_false (has_file (f, ID, "certificates.pem"));

  keeper_test_ask (f, HANDOFF_KEEPER_REMOVE, g_variant_new ("(s)", ID), -1);
  g_assert_no_error (f->error);
  expect_loaded (f, "", 0);
  keeper_test_ask (f, HANDOFF_KEEPER_REMOVE, g_variant_new ("(s)", ID), -1);
  g_assert_no_error (f->error);
}

/* The certificates are bytes, and the response goes with the old ones. */
static void
test_certificates (KeeperTest *f, gconstpointer data)
{
  const char *const certificates[] = { "one", "two", NULL };
  g_autoptr (GVariant) key = keeper_test_generate (f, ID, "ecdsa-p256");
  g_autoptr (GVariant) other_key = keeper_test_generate (f, OTHER_ID, "ecdsa-p256");
  g_autoptr (GVariant) child = NULL;
  g_autoptr (GVariant) chain = NULL;
  g_autofree char *path = g_build_filename (f->directory, ID, "certificates.pem", NULL);
  g_autofree char *text = NULL;

  keeper_test_add (f, ID, "home", key);
  keeper_test_set_file (f, ID, "ocsp.der", "response");
  keeper_test_ask (f, HANDOFF_KEEPER_SET_CERTIFICATES,
                   g_variant_new ("(s@" HANDOFF_DESCRIPTION_TYPE ")", ID,
                                  keeper_test_describe (key, certificates)),
                   -1);
  g_assert_no_error (f->error);
  g_assert_false (has_file (f, ID, "ocsp.der"));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "-----BEGIN CERTIFICATE-----"));
  expect_loaded (f, "loaded " ID " home", 0);
  child = g_variant_get_child_value (f->last, 5);
  chain = g_variant_get_child_value (child, 2);
  g_assert_cmpuint (g_variant_n_children (chain), ==, 2);

  keeper_test_ask (f, HANDOFF_KEEPER_SET_CERTIFICATES,
                   g_variant_new ("(s@" HANDOFF_DESCRIPTION_TYPE ")", ID,
                                  keeper_test_describe (other_key, certificates)),
                   -1);
  expect_error (f, TLS_HANDOFF_ERROR_FAILED);
  keeper_test_ask (f, HANDOFF_KEEPER_SET_CERTIFICATES,
                   g_variant_new ("(s@" HANDOFF_DESCRIPTION_TYPE ")", "00",
                                  keeper_test_describe (key, certificates)),
                   -1);
  expect_error (f, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
}

/* A file that an administrator changes is described anew; a description of other files, or of
 * another key, is none. */
static void
test_description (KeeperTest *f, gconstpointer data)
{
  g_autoptr (GVariant) key = keeper_test_generate (f, ID, "ecdsa-p256");
  g_autoptr (GVariant) other_key = keeper_test_generate (f, OTHER_ID, "ecdsa-p256");
  g_autoptr (GVariant) digest = NULL;
  gboolean has_certificates, has_response;

  keeper_test_add (f, ID, "home", key);
  keeper_test_set_file (f, ID, "certificates.pem", "what an administrator wrote");
  expect_loaded (f, "undescribed " ID " home", 0);
  g_variant_get_child (f->last, 7, "b", &has_certificates);
  g_variant_get_child (f->last, 8, "b", &has_response);
  g_assert_true (has_certificates);
  g_assert_false (has_response);
  digest = g_variant_get_child_value (f->last, 6);

  keeper_test_ask (f, HANDOFF_KEEPER_DESCRIBE,
                   g_variant_new ("(s@ay@" HANDOFF_DESCRIPTION_TYPE ")", ID, digest,
                                  keeper_test_describe (other_key, NULL)),
                   -1);
  expect_error (f, TLS_HANDOFF_ERROR_FAILED);
  keeper_test_ask (f, HANDOFF_KEEPER_DESCRIBE,
                   g_variant_new ("(s@ay@" HANDOFF_DESCRIPTION_TYPE ")", ID, digest,
                                  keeper_test_describe (key, NULL)),
                   -1);
  g_assert_no_error (f->error);
  expect_loaded (f, "loaded " ID " home", 0);

  keeper_test_set_file (f, ID, "ocsp.der", "response");
  keeper_test_ask (f, HANDOFF_KEEPER_DESCRIBE,
                   g_variant_new ("(s@ay@" HANDOFF_DESCRIPTION_TYPE ")", ID, digest,
                                  keeper_test_describe (key, NULL)),
                   -1);
  expect_error (f, TLS_HANDOFF_ERROR_FAILED);
  expect_loaded (f, "undescribed " ID " home", 0);
  g_variant_get_child (f->last, 8, "b", &has_response);
  g_assert_true (has_response);
}

static void
test_damage (KeeperTest *f, gconstpointer data)
{
  g_autoptr (GVariant) key = keeper_test_generate (f, ID, "ecdsa-p256");
  g_autofree char *pem = NULL;
  g_autofree char *path = g_build_filename (f->directory, ID, "key.pem", NULL);
  g_autofree char *metadata = NULL;
  g_autofree char *metadata_path = g_build_filename (f->directory, ID, "metadata", NULL);

  keeper_test_add (f, ID, "home", key);
  g_assert_true (g_file_get_contents (path, &pem, NULL, NULL));
  g_assert_true (g_file_get_contents (metadata_path, &metadata, NULL, NULL));
  keeper_test_set_file (f, OTHER_ID, "key.pem", pem);
  keeper_test_set_file (f, OTHER_ID, "metadata", metadata);
  keeper_test_ask (f, HANDOFF_KEEPER_LOAD, g_variant_new ("()"), -1);
  expect_warning ("the same label");

  keeper_test_set_file (f, OTHER_ID, "metadata", "[Credential]\nLabel=x\nOwner=5\nRoles=server\n");
  keeper_test_set_file (f, OTHER_ID, "key.pem", "nonsense");
  expect_loaded (f, "loaded " ID " home", 1);
  expect_warning (OTHER_ID " is damaged, and left aside: key.pem: is no private key in PEM");

  /* One of an older service: it has no description. */
  keeper_test_set_file (f, OTHER_ID, "key.pem", pem);
  g_string_truncate (f->told, 0);
  keeper_test_ask (f, HANDOFF_KEEPER_LOAD, g_variant_new ("()"), -1);
  g_assert_nonnull (strstr (f->told->str, "undescribed " OTHER_ID " x"));
  g_assert_nonnull (strstr (f->told->str, "loaded " ID " home"));
}

/* Breaks if the files of one credential, which are too large to be told of, keep all others. */
static void
test_too_large (KeeperTest *f, gconstpointer data)
{
  g_autoptr (GVariant) key = keeper_test_generate (f, ID, "ecdsa-p256");
  g_autofree char *object = g_strnfill (256 * 1024, 'x');
  g_autofree char *metadata =
      g_strdup_printf ("[Credential]\nLabel=x\nOwner=5\nRoles=server\nToken=%s\n", object);

  keeper_test_ask (f, HANDOFF_KEEPER_ADD,
                   g_variant_new ("(ssuus@" HANDOFF_DESCRIPTION_TYPE ")", OTHER_ID, "token", 1000u,
                                  3u, "pkcs11:token=x", keeper_test_describe (key, NULL)),
                   -1);
  g_assert_no_error (f->error);
  keeper_test_add (f, ID, "home", key);
  keeper_test_set_file (f, OTHER_ID, "metadata", metadata);
  expect_loaded (f, "loaded " ID " home", 1);
  expect_warning (OTHER_ID " is left aside: ");
}

/* What is not named as a credential is none, wherever it would be. */
static void
test_ids (KeeperTest *f, gconstpointer data)
{
  const char *const ids[] = { "", "..", "../x", ".new-1", "x/y", "x.y" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr (GVariant) key = keeper_test_generate (f, ids[i], "ed25519");

      keeper_test_add (f, ids[i], "home", key);
      expect_error (f, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
      keeper_test_ask (f, HANDOFF_KEEPER_REMOVE, g_variant_new ("(s)", ids[i]), -1);
      expect_error (f, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
    }
}

static void
ignore_end (HandoffLink *link, const GError *error, gpointer user_data)
{
}

/* Of who only asks. */
static const HandoffLinkFunctions other_end = { NULL, ignore_end };

/* The importer's end of an import. */
static HandoffLink *
begin_import (KeeperTest *f, const char *id)
{
  int sockets[2];

  g_assert_true (handoff_link_make_sockets (sockets, NULL));
  keeper_test_begin (f, HANDOFF_KEEPER_HOLD, g_variant_new ("(su)", id, 1000u), sockets[1]);
  return handoff_link_new (sockets[0], &handoff_import_messages, HANDOFF_LINK_UPPER, NULL,
                           "tls-handoff-keeper", &other_end, f);
}

static void
import (KeeperTest *f, const char *id, GBytes *der)
{
  g_autoptr (HandoffLink) importer = begin_import (f, id);
  gsize size;
  gconstpointer data = g_bytes_get_data (der, &size);

  g_assert_true (handoff_link_send (
      importer, HANDOFF_IMPORT_KEY,
      g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, size, 1)), NULL,
      0, NULL));
  g_clear_pointer (&importer, handoff_link_free);
  keeper_test_wait (f);
}

static void
test_import (KeeperTest *f, gconstpointer data)
{
  g_autoptr (GBytes) der = NULL;
  g_autoptr (GBytes) nonsense = g_bytes_new ("nonsense", 8);
  g_autoptr (GVariant) key = NULL;
  gnutls_x509_privkey_t x509;

  gnutls_x509_privkey_init (&x509);
  gnutls_x509_privkey_generate (x509, GNUTLS_PK_ECDSA,
                                GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0);
  der = handoff_pkcs8_write (x509, NULL);
  gnutls_x509_privkey_deinit (x509);

  import (f, ID, nonsense);
  expect_error (f, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  import (f, ID, der);
  g_assert_no_error (f->error);
  key = g_variant_get_child_value (f->reply, 0);
  import (f, ID, der);
  expect_error (f, TLS_HANDOFF_ERROR_FAILED);

  keeper_test_add (f, ID, "home", key);
  g_assert_no_error (f->error);
  /* Now it is in a folder, and stays. */
  handoff_link_send (f->link, HANDOFF_KEEPER_RELEASE, g_variant_new ("(s)", ID), NULL, 0, NULL);
  expect_loaded (f, "loaded " ID " home", 0);
}

/* The importer dies, or nobody wants the key any more. */
static void
test_no_import (KeeperTest *f, gconstpointer data)
{
  HandoffLink *importer = begin_import (f, ID);

  handoff_link_free (importer);
  keeper_test_wait (f);
  expect_error (f, TLS_HANDOFF_ERROR_FAILED);

  importer = begin_import (f, ID);
  handoff_link_send (f->link, HANDOFF_KEEPER_RELEASE, g_variant_new ("(s)", ID), NULL, 0, NULL);
  keeper_test_wait (f);
  expect_error (f, TLS_HANDOFF_ERROR_FAILED);
  handoff_link_free (importer);

  /* While it is made */
  keeper_test_begin (f, HANDOFF_KEEPER_GENERATE, g_variant_new ("(sus)", ID, 1000u, "ed25519"), -1);
  handoff_link_send (f->link, HANDOFF_KEEPER_RELEASE, g_variant_new ("(s)", ID), NULL, 0, NULL);
  keeper_test_wait (f);
  expect_error (f, TLS_HANDOFF_ERROR_FAILED);
  keeper_test_add (f, ID, "home", g_variant_new_bytestring (""));
  expect_error (f, TLS_HANDOFF_ERROR_FAILED);
}

static void
test_released (KeeperTest *f, gconstpointer data)
{
  g_autoptr (GVariant) key = keeper_test_generate (f, ID, "ecdsa-p256");

  handoff_link_send (f->link, HANDOFF_KEEPER_RELEASE, g_variant_new ("(s)", ID), NULL, 0, NULL);
  keeper_test_add (f, ID, "home", key);
  expect_error (f, TLS_HANDOFF_ERROR_FAILED);
  keeper_test_ask (f, HANDOFF_KEEPER_GENERATE, g_variant_new ("(sus)", ID, 1000u, "dsa"), -1);
  expect_error (f, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
}

static void
test_request (KeeperTest *f, gconstpointer data)
{
  G_GNUC_UNUSED g_autoptr (GVariant) key = keeper_test_generate (f, ID, "ecdsa-p256");
  g_autoptr (GVariant) der = NULL;
  gnutls_x509_crq_t request;
  gnutls_datum_t datum;
  char subject[100];
  size_t size = sizeof subject;
  gsize der_size;

  keeper_test_ask (f, HANDOFF_KEEPER_REQUEST_CERTIFICATE,
                   test_request_new (ID, "home", "a.example"), -1);
  g_assert_no_error (f->error);
  der = g_variant_get_child_value (f->reply, 0);
  datum.data = (guint8 *) g_variant_get_fixed_array (der, &der_size, 1);
  datum.size = (guint) der_size;
  gnutls_x509_crq_init (&request);
  g_assert_cmpint (gnutls_x509_crq_import (request, &datum, GNUTLS_X509_FMT_DER), ==, 0);
  g_assert_cmpint (gnutls_x509_crq_verify (request, 0), ==, 0);
  g_assert_cmpint (gnutls_x509_crq_get_dn (request, subject, &size), ==, 0);
  g_assert_cmpstr (subject, ==, "CN=home");
  gnutls_x509_crq_deinit (request);

  keeper_test_ask (f, HANDOFF_KEEPER_REQUEST_CERTIFICATE, test_request_new (OTHER_ID, "home", NULL),
                   -1);
  expect_error (f, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
}

static void
ignore (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
}

/* A handshaker's end of a signing link. */
static HandoffLink *
add_holder (KeeperTest *f, guint64 number)
{
  int sockets[2];

  g_assert_true (handoff_link_make_sockets (sockets, NULL));
  g_assert_true (handoff_link_send (f->link, HANDOFF_KEEPER_HOLDER,
                                    g_variant_new ("(tu)", number, 1000u), NULL, 0, NULL));
  handoff_link_request (f->link, HANDOFF_KEEPER_HOLDER_SOCKET, g_variant_new ("(t)", number),
                        &sockets[1], 1, ignore, NULL);
  return handoff_link_new (sockets[0], &handoff_signing_table, HANDOFF_LINK_UPPER, NULL,
                           "tls-handoff-keeper", &other_end, f);
}

static void
grant (KeeperTest *f, guint64 number, guint64 holder, const char *id)
{
  g_assert_true (handoff_link_send (
      f->link, HANDOFF_KEEPER_GRANT,
      g_variant_new ("(ttsuux)", number, holder, id, (guint32) HANDOFF_SIGNATURE_SERVER, 1u,
                     handoff_clock_get_boot_time () + G_TIME_SPAN_MINUTE),
      NULL, 0, NULL));
}

static void
signed_func (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  KeeperTest *f = user_data;

  f->is_answered = TRUE;
  if (error != NULL)
    f->error = g_error_copy (error);
  else
    f->reply = g_variant_ref (reply->body);
}

static void
begin_sign (KeeperTest *f, HandoffLink *holder, guint64 number, GByteArray *data)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data->data, data->len);
  GVariant *body;
  int fd;

  f->is_answered = FALSE;
  g_clear_pointer (&f->reply, g_variant_unref);
  g_clear_error (&f->error);
  body = handoff_signing_message_new (number, HANDOFF_SIGNATURE_SERVER, ECDSA, bytes, &fd, NULL);
  handoff_link_request (holder, HANDOFF_SIGNING_SIGN, body, &fd, fd >= 0 ? 1 : 0, signed_func, f);
}

static void
sign (KeeperTest *f, HandoffLink *holder, guint64 number, GByteArray *data)
{
  begin_sign (f, holder, number, data);
  keeper_test_wait (f);
}

static void
verify (GVariant *reply, GVariant *public_key, GByteArray *data)
{
  g_autoptr (GVariant) child = g_variant_get_child_value (reply, 0);
  g_autoptr (GBytes) der = g_variant_get_data_as_bytes (public_key);
  const gnutls_datum_t message = { data->data, data->len };
  gnutls_pubkey_t key = handoff_public_key_import (der, NULL);
  gnutls_datum_t signature;
  gsize size;

  signature.data = (guint8 *) g_variant_get_fixed_array (child, &size, 1);
  signature.size = (guint) size;
  g_assert_cmpint (
      gnutls_pubkey_verify_data2 (key, GNUTLS_SIGN_ECDSA_SHA256, 0, &message, &signature), >=, 0);
  gnutls_pubkey_deinit (key);
}

/* A grant that has only just been sent counts; and what is not granted is told of. */
static void
test_signature (KeeperTest *f, gconstpointer data)
{
  g_autoptr (GVariant) key = keeper_test_generate (f, ID, "ecdsa-p256");
  g_autoptr (HandoffLink) holder = add_holder (f, 7);
  g_autoptr (GByteArray) good = test_signed_new_tls13 (TEST_SIGNED_SERVER, 32);
  g_autoptr (GByteArray) client = test_signed_new_tls13 (TEST_SIGNED_CLIENT, 32);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint64 number;
  const char *why;

  grant (f, 1, 7, ID);
  sign (f, holder, 1, good);
  g_assert_no_error (f->error);
  verify (f->reply, key, good);

  g_string_truncate (f->told, 0);
  sign (f, holder, 1, good);
  expect_error (f, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
  while (f->told->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (f->told->str, ==, "violation");
  g_variant_get (f->last, "(tt&s)", &number, NULL, &why);
  g_assert_cmpuint (number, ==, 7);
  g_assert_cmpstr (why, ==, "the grant is over");

  grant (f, 2, 7, ID);
  sign (f, holder, 2, client);
  expect_error (f, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
  g_byte_array_set_size (bytes, 32);
  sign (f, holder, 2, bytes);
  expect_error (f, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
  sign (f, holder, 3, good);
  expect_error (f, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
}

/* A credential that goes does not make a handshaker an evil one, and what was granted before it
 * went is signed. */
static void
test_removed (KeeperTest *f, gconstpointer data)
{
  g_autoptr (GVariant) key = keeper_test_generate (f, ID, "ecdsa-p256");
  g_autoptr (HandoffLink) holder = add_holder (f, 7);
  g_autoptr (GByteArray) good = test_signed_new_tls13 (TEST_SIGNED_SERVER, 48);

  keeper_test_add (f, ID, "home", key);
  grant (f, 1, 7, ID);
  grant (f, 2, 7, ID);
  sign (f, holder, 1, good);
  g_assert_no_error (f->error);
  keeper_test_ask (f, HANDOFF_KEEPER_REMOVE, g_variant_new ("(s)", ID), -1);
  g_string_truncate (f->told, 0);
  sign (f, holder, 2, good);
  g_assert_no_error (f->error);
  grant (f, 3, 7, ID);
  sign (f, holder, 3, good);
  expect_error (f, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
  g_assert_cmpstr (f->told->str, ==, "");
}

/* TLS 1.3 wants the curve that belongs to the scheme. */
static void
test_other_key (KeeperTest *f, gconstpointer data)
{
  const char *const types[] = { "ecdsa-p384", "ed25519" };
  g_autoptr (HandoffLink) holder = add_holder (f, 7);
  g_autoptr (GByteArray) tls13 = test_signed_new_tls13 (TEST_SIGNED_SERVER, 48);
  g_autoptr (GByteArray) tls12 = test_signed_new_ecdh (3, 29, 32, 32);
  guint64 number = 0;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autofree char *id = g_strdup_printf ("%u", i);
      g_autoptr (GVariant) key = keeper_test_generate (f, id, types[i]);

      grant (f, ++number, 7, id);
      sign (f, holder, number, tls13);
      expect_error (f, TLS_HANDOFF_ERROR_FAILED);
      grant (f, ++number, 7, id);
      sign (f, holder, number, tls12);
      if (i == 0)
        verify (f->reply, key, tls12);
      else
        expect_error (f, TLS_HANDOFF_ERROR_FAILED);
    }
}

/* Without a directory keys can be held, and nothing else. */
static void
test_no_directory (KeeperTest *f, gconstpointer data)
{
  g_autoptr (GVariant) key = NULL;

  g_assert_cmpint (g_rmdir (f->directory), ==, 0);
  g_assert_true (g_file_set_contents (f->directory, "", 0, NULL));
  keeper_test_start_again (f);
  keeper_test_ask (f, HANDOFF_KEEPER_LOAD, g_variant_new ("()"), -1);
  expect_error (f, TLS_HANDOFF_ERROR_FAILED);
  key = keeper_test_generate (f, ID, "ecdsa-p256");
  keeper_test_add (f, ID, "home", key);
  expect_error (f, TLS_HANDOFF_ERROR_FAILED);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/service/key-keeper/" name, KeeperTest, NULL, keeper_test_set_up, function,         \
              keeper_test_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  warnings = g_async_queue_new_full (g_free);
  g_log_set_writer_func (keep_warning, NULL, NULL);
  ADD ("credential", test_credential);
  ADD ("certificates", test_certificates);
  ADD ("description", test_description);
  ADD ("damage", test_damage);
  ADD ("too-large", test_too_large);
  ADD ("ids", test_ids);
  ADD ("import", test_import);
  ADD ("no-import", test_no_import);
  ADD ("released", test_released);
  ADD ("request", test_request);
  ADD ("signature", test_signature);
  ADD ("removed", test_removed);
  ADD ("other-key", test_other_key);
  ADD ("no-directory", test_no_directory);
  return g_test_run ();
}
