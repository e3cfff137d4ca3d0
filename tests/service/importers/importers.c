/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Imports by processes that may crash, hang or lie: here they are the other end of a link, in this
 * process. */

#include "config.h"

#include <gnutls/crypto.h>
#include <unistd.h>

#include "importer/importer.h"
#include "importers/importers.h"
#include "key/public-key.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "link/importer-messages.h"
#include "link/link.h"
#include "support/credential-fixture.h"
#include "support/input-files.h"
#include "support/key-taker.h"
#include "support/test-clock.h"

#define ALICE 60101
#define BOB 60102

/* What the next importer does with a request. */
typedef enum
{
  HONEST,  /* what the program does */
  CRASHES, /* it is gone */
  HANGS,   /* nothing */
  LIES,    /* it answers what the test says */
} Behaviour;

typedef struct
{
  HandoffImporters *importers; /* (owned) */
  Behaviour behaviour;
  GVariant *lie; /* (owned) (nullable) */
  guint n_started, n_ended;
  char *blamed; /* (owned) (nullable): what the last one was ended for */
} Fixture;

/* A process. */
typedef struct
{
  Fixture *fixture;
  HandoffLink *link;           /* (owned): the broker's end */
  HandoffImporter *honest;     /* (owned) (nullable) */
  HandoffLink *other;          /* (owned) (nullable): the end of one that is not */
  HandoffLinkCall *unanswered; /* (owned) (nullable) */
} Process;

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  Process *process = user_data;

  if (message->call == NULL)
    return;
  if (process->fixture->behaviour == CRASHES)
    handoff_link_close (link, NULL);
  else if (process->fixture->behaviour == LIES)
    handoff_link_call_return (g_steal_pointer (&message->call), process->fixture->lie, NULL, 0);
  else
    process->unanswered = g_steal_pointer (&message->call);
}

static void
broker_gone (gpointer user_data)
{
}

static void
link_ended (HandoffLink *link, const GError *error, gpointer user_data)
{
}

static const HandoffLinkFunctions functions = { received, link_ended };

static gpointer
start (const HandoffLinkFunctions *broker, gpointer link_data, GError **error, gpointer user_data)
{
  Fixture *f = user_data;
  Process *process = g_new0 (Process, 1);
  int sockets[2];

  g_assert_true (handoff_link_make_sockets (sockets, error));
  process->link = handoff_link_new (sockets[0], &handoff_importer_table, HANDOFF_LINK_UPPER, NULL,
                                    "tls-handoff-importer", broker, link_data);
  process->fixture = f;
  if (f->behaviour == HONEST)
    process->honest = handoff_importer_new (sockets[1], broker_gone, NULL);
  else
    process->other = handoff_link_new (sockets[1], &handoff_importer_table, HANDOFF_LINK_LOWER,
                                       NULL, "tls-handoffd", &functions, process);
  f->n_started++;
  return process;
}

static HandoffLink *
get_link (gpointer data)
{
  Process *process = data;

  return process->link;
}

static void
end (gpointer data)
{
  Process *process = data;
  gboolean is_breach;

  g_free (process->fixture->blamed);
  process->fixture->blamed = g_strdup (handoff_link_get_fault (process->link, &is_breach));
  handoff_link_free (process->link);
  if (process->unanswered != NULL)
    {
      g_autoptr (GError) error =
          g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "");

      handoff_link_call_fail (process->unanswered, error);
    }
  g_clear_pointer (&process->honest, handoff_importer_free);
  g_clear_pointer (&process->other, handoff_link_free);
  process->fixture->n_ended++;
  g_free (process);
}

static void
describe (gpointer data, GVariantDict *dict)
{
  const Process *process = data;

  g_variant_dict_insert (dict, "number", "u", process->fixture->n_started);
}

static const HandoffImporterProgram program = { start, get_link, describe, end };

static void
set_up (Fixture *f, gconstpointer data)
{
  f->importers = handoff_importers_new (&program, f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->importers, handoff_importers_free);
  g_clear_pointer (&f->lie, g_variant_unref);
  g_assert_cmpuint (f->n_started, ==, f->n_ended);
  g_free (f->blamed);
}

static void
get_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static GAsyncResult *
wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

static HandoffDescription *
finish (GAsyncResult **result, GBytes **digest)
{
  g_autoptr (GAsyncResult) waited = wait_for (result);
  g_autoptr (GError) error = NULL;
  HandoffDescription *description = handoff_importers_finish (waited, digest, &error);

  g_assert_no_error (error);
  return description;
}

static void
expect_error (GAsyncResult **result, TlsHandoffError code, const char *words)
{
  g_autoptr (GAsyncResult) waited = wait_for (result);
  g_autoptr (GError) error = NULL;

  g_assert_null (handoff_importers_finish (waited, NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, (int) code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
}

static GBytes *
public_key_of (const char *name)
{
  g_autoptr (HandoffPrivateKey) key = test_private_key_new (name);
  g_autoptr (GError) error = NULL;
  GBytes *der = handoff_public_key_export (handoff_private_key_get_public_key (key), &error);

  g_assert_no_error (error);
  return der;
}

/* Breaks if a key goes elsewhere than to the keeper, or a description is of another credential. */
static void
test_import (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) text = test_text_new ("rsa.key", "rsa.pem");
  g_autoptr (GBytes) certificate = test_certificate_new ("rsa");
  g_autoptr (GBytes) public_key = public_key_of ("rsa");
  g_autoptr (HandoffDescription) description = NULL;
  GAsyncResult *result = NULL;
  KeyTaker keeper;
  int socket;

  socket = key_taker_init (&keeper);
  handoff_importers_import_async (f->importers, ALICE, test_input_new (text), -1, socket, NULL,
                                  get_result, &result);
  g_assert_cmpuint (handoff_importers_get_n_running (f->importers), ==, 1);
  description = finish (&result, NULL);
  key_taker_expect (&keeper, "rsa");
  g_assert_cmpuint (description->certificates->len, ==, 1);
  g_assert_true (g_bytes_equal (description->certificates->pdata[0], certificate));
  g_assert_true (g_bytes_equal (description->public_key, public_key));
  g_assert_cmpuint (handoff_importers_get_n_running (f->importers), ==, 0);
}

/* Breaks if callers are told less than what is wrong. */
static void
test_errors (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) garbage = g_bytes_new_static ("garbage", 7);
  g_autoptr (GBytes) encrypted = test_text_new ("rsa.pem", "rsa.pem");
  g_autoptr (GBytes) public_key = public_key_of ("rsa");
  g_autoptr (GPtrArray) other = test_certificates_new ("ecdsa", NULL);
  GAsyncResult *result = NULL;
  KeyTaker keeper;
  int socket;

  socket = key_taker_init (&keeper);
  handoff_importers_import_async (f->importers, ALICE, test_input_new (garbage),
                                  test_input_new (garbage), dup (socket), NULL, get_result,
                                  &result);
  expect_error (&result, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "data: is ");
  result = NULL;
  handoff_importers_read_pem_async (f->importers, ALICE, test_input_new (encrypted), socket, NULL,
                                    get_result, &result);
  expect_error (&result, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                "Option " HANDOFF_OPTION_CREDENTIAL_PEM ": has no private key");
  key_taker_expect (&keeper, NULL);
  result = NULL;
  handoff_importers_certify_async (f->importers, ALICE, public_key, other, NULL, get_result,
                                   &result);
  expect_error (&result, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                "certificates: the first one is for another key");
}

/* Breaks if who gives the same key again for another handshake is taken for somebody else. */
static void
test_read_pem (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) text = test_text_new ("ecdsa.pem", "ecdsa.key");
  g_autoptr (HandoffDescription) description = NULL;
  g_autoptr (GBytes) digest = NULL;
  guint8 expected[32];
  GAsyncResult *result = NULL;
  KeyTaker keeper;
  int socket;

  gnutls_hash_fast (GNUTLS_DIG_SHA256, g_bytes_get_data (text, NULL), g_bytes_get_size (text),
                    expected);
  socket = key_taker_init (&keeper);
  handoff_importers_read_pem_async (f->importers, ALICE, test_input_new (text), socket, NULL,
                                    get_result, &result);
  description = finish (&result, &digest);
  key_taker_expect (&keeper, "ecdsa");
  g_assert_cmpstr (description->algorithm, ==, "ecdsa-p256");
  g_assert_cmpmem (g_bytes_get_data (digest, NULL), g_bytes_get_size (digest), expected,
                   sizeof expected);
}

/* Breaks if certificates are kept in the order in which they happen to come. */
static void
test_certify (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) public_key = public_key_of ("below-renewed");
  g_autoptr (GPtrArray) certificates =
      test_certificates_new ("below-renewed", "rsa", "between", NULL);
  g_autoptr (HandoffDescription) description = NULL;
  GAsyncResult *result = NULL;

  handoff_importers_certify_async (f->importers, ALICE, public_key, certificates, NULL, get_result,
                                   &result);
  description = finish (&result, NULL);
  g_assert_cmpuint (description->certificates->len, ==, 2);
  g_assert_true (
      g_bytes_equal (description->certificates->pdata[1], g_ptr_array_index (certificates, 2)));
}

/* Breaks if what an administrator put beside a key counts for nothing. */
static void
test_describe (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) public_key = public_key_of ("ecdsa");
  g_autoptr (GBytes) pem = test_file_new ("ecdsa.pem");
  g_autoptr (GBytes) ocsp = test_file_new ("ecdsa.ocsp");
  g_autoptr (HandoffDescription) described = NULL;
  g_autoptr (HandoffDescription) bare = NULL;
  GAsyncResult *result = NULL, *bare_result = NULL, *bad_result = NULL;

  handoff_importers_describe_async (f->importers, ALICE, public_key, test_input_new (pem),
                                    test_input_new (ocsp), NULL, get_result, &result);
  handoff_importers_describe_async (f->importers, ALICE, public_key, -1, -1, NULL, get_result,
                                    &bare_result);
  handoff_importers_describe_async (f->importers, ALICE, public_key, test_input_new (ocsp), -1,
                                    NULL, get_result, &bad_result);
  g_assert_cmpuint (f->n_started, ==, 1);
  described = finish (&result, NULL);
  bare = finish (&bare_result, NULL);
  expect_error (&bad_result, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "there are none in PEM");
  g_assert_cmpuint (described->certificates->len, ==, 1);
  g_assert_true (g_bytes_equal (described->ocsp_response, ocsp));
  g_assert_cmpuint (bare->certificates->len, ==, 0);
}

/* Breaks if an import goes on for a caller who has left. */
static void
test_cancel (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult *result = NULL;
  KeyTaker keeper;
  int socket, other, fd = test_endless_new (&other);

  socket = key_taker_init (&keeper);
  handoff_importers_import_async (f->importers, ALICE, fd, -1, socket, cancellable, get_result,
                                  &result);
  for (guint i = 0; i < 20; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_null (result);
  g_cancellable_cancel (cancellable);
  expect_error (&result, TLS_HANDOFF_ERROR_CANCELLED, "");
  g_assert_cmpuint (f->n_ended, ==, 1);
  key_taker_expect (&keeper, NULL);
  close (other);
}

/* Breaks if one caller's leaving ends what another of the same user waits for, or if his own goes
 * on. */
static void
test_cancel_one (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) text = test_text_new ("rsa.key", "rsa.pem");
  g_autoptr (HandoffDescription) description = NULL;
  GAsyncResult *cancelled = NULL, *result = NULL;
  KeyTaker keeper;
  int socket, other, second, fd = test_endless_new (&other), data_fd = test_endless_new (&second);

  socket = key_taker_init (&keeper);
  handoff_importers_read_pem_async (f->importers, ALICE, fd, dup (socket), cancellable, get_result,
                                    &cancelled);
  handoff_importers_read_pem_async (f->importers, ALICE, data_fd, socket, NULL, get_result,
                                    &result);
  g_cancellable_cancel (cancellable);
  expect_error (&cancelled, TLS_HANDOFF_ERROR_CANCELLED, "");
  g_assert_null (result);
  g_assert_cmpuint (f->n_ended, ==, 0);
  g_assert_cmpint (write (second, g_bytes_get_data (text, NULL), g_bytes_get_size (text)), >, 0);
  close (second);
  description = finish (&result, NULL);
  g_assert_cmpuint (f->n_started, ==, 1);
  g_assert_cmpuint (f->n_ended, ==, 1);
  key_taker_expect (&keeper, "rsa");
  close (other);
}

/* Breaks if users share an importer. */
static void
test_users (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) public_key = public_key_of ("rsa");
  g_autoptr (GPtrArray) certificates = test_certificates_new ("rsa", NULL);
  g_autoptr (HandoffDescription) a = NULL;
  g_autoptr (HandoffDescription) b = NULL;
  GAsyncResult *alice = NULL, *bob = NULL;

  handoff_importers_certify_async (f->importers, ALICE, public_key, certificates, NULL, get_result,
                                   &alice);
  handoff_importers_certify_async (f->importers, BOB, public_key, certificates, NULL, get_result,
                                   &bob);
  g_assert_cmpuint (f->n_started, ==, 2);
  a = finish (&alice, NULL);
  b = finish (&bob, NULL);
}

static void
certify (Fixture *f, guint uid, GAsyncResult **result)
{
  g_autoptr (GBytes) public_key = public_key_of ("rsa");
  g_autoptr (GPtrArray) certificates = test_certificates_new ("rsa", NULL);

  handoff_importers_certify_async (f->importers, uid, public_key, certificates, NULL, get_result,
                                   result);
}

/* Breaks if a crash is more than the imports of one user, or nobody is told. */
static void
test_crash (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffDescription) again = NULL;
  g_autoptr (HandoffDescription) others = NULL;
  GAsyncResult *first = NULL, *second = NULL, *third = NULL, *bob = NULL;

  certify (f, BOB, &bob);
  f->behaviour = CRASHES;
  certify (f, ALICE, &first);
  certify (f, ALICE, &second);
  expect_error (&first, TLS_HANDOFF_ERROR_FAILED, "tls-handoff-importer has ended");
  expect_error (&second, TLS_HANDOFF_ERROR_FAILED, "tls-handoff-importer has ended");
  others = finish (&bob, NULL);
  f->behaviour = HONEST;
  certify (f, ALICE, &third);
  again = finish (&third, NULL);
}

/* Who asks again as soon as he is answered. */
typedef struct
{
  Fixture *fixture;
  GAsyncResult *first, *again; /* (owned) (nullable) */
} Impatient;

static void
ask_again (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Impatient *self = user_data;

  self->first = g_object_ref (result);
  self->fixture->behaviour = HONEST;
  certify (self->fixture, ALICE, &self->again);
}

/* Breaks if who asks again, while those who asked with him are still being told of the crash, uses
 * the importer that has crashed. */
static void
test_ask_again (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) public_key = public_key_of ("rsa");
  g_autoptr (GPtrArray) certificates = test_certificates_new ("rsa", NULL);
  g_autoptr (HandoffDescription) description = NULL;
  Impatient impatient = { f };
  GAsyncResult *second = NULL;

  f->behaviour = CRASHES;
  handoff_importers_certify_async (f->importers, ALICE, public_key, certificates, NULL, ask_again,
                                   &impatient);
  certify (f, ALICE, &second);
  expect_error (&impatient.first, TLS_HANDOFF_ERROR_FAILED, "tls-handoff-importer has ended");
  expect_error (&second, TLS_HANDOFF_ERROR_FAILED, "tls-handoff-importer has ended");
  description = finish (&impatient.again, NULL);
  g_assert_cmpuint (f->n_started, ==, 2);
}

/* Breaks if one that hangs keeps its user from importing for ever. */
static void
test_hang (Fixture *f, gconstpointer data)
{
  GAsyncResult *result = NULL;

  test_clock_install ();
  f->behaviour = HANGS;
  certify (f, ALICE, &result);
  test_clock_pass (119 * TEST_SECOND);
  g_assert_null (result);
  test_clock_pass (2 * TEST_SECOND);
  expect_error (&result, TLS_HANDOFF_ERROR_FAILED, "did not answer in time");
  g_assert_cmpstr (f->blamed, ==, "did not answer in time, and was ended");
  test_clock_uninstall ();
}

/* Breaks if a description of another key, or none, is believed. */
static void
test_lies (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) other = public_key_of ("ecdsa");
  g_autoptr (HandoffDescription) of_other =
      handoff_description_new (other, "ecdsa-p256", NULL, 0, 0, NULL, 0, NULL, NULL);
  GVariant *const lies[] = {
    g_variant_ref_sink (g_variant_new ("(@" HANDOFF_DESCRIPTION_TYPE ")", of_other->variant)),
    g_variant_ref_sink (g_variant_new_parsed ("((@ay [1], 'rsa\\n', @aay [], @x 0, @x 0, @ay [], "
                                              "@x 0, ''),)")),
  };

  f->behaviour = LIES;
  for (gsize i = 0; i < G_N_ELEMENTS (lies); i++)
    {
      GAsyncResult *result = NULL;

      f->lie = lies[i];
      certify (f, ALICE, &result);
      expect_error (&result, TLS_HANDOFF_ERROR_FAILED, "is described wrongly");
      /* It is ended, and the journal says why. */
      while (f->n_ended <= i)
        g_main_context_iteration (NULL, TRUE);
      g_clear_pointer (&f->lie, g_variant_unref);
    }
}

/* Breaks if what is no SHA-256 is taken for the digest of a PEM file. */
static void
test_short_digest (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) text = test_text_new ("ecdsa.pem", "ecdsa.key");
  g_autoptr (GBytes) key = public_key_of ("ecdsa");
  g_autoptr (HandoffDescription) description =
      handoff_description_new (key, "ecdsa-p256", NULL, 0, 0, NULL, 0, NULL, NULL);
  const guint8 bytes[33] = { 0 };
  const gsize sizes[] = { 0, 31, 33 };

  f->behaviour = LIES;
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      GAsyncResult *result = NULL;
      KeyTaker keeper;
      const int socket = key_taker_init (&keeper);

      f->lie = g_variant_ref_sink (
          g_variant_new ("(@" HANDOFF_DESCRIPTION_TYPE "@ay)", description->variant,
                         g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, sizes[i], 1)));
      handoff_importers_read_pem_async (f->importers, ALICE, test_input_new (text), socket, NULL,
                                        get_result, &result);
      expect_error (&result, TLS_HANDOFF_ERROR_FAILED, "its digest is none");
      key_taker_expect (&keeper, NULL);
      while (f->n_ended <= i)
        g_main_context_iteration (NULL, TRUE);
      g_clear_pointer (&f->lie, g_variant_unref);
    }
}

static gpointer
fail_to_start (const HandoffLinkFunctions *broker,
               gpointer link_data,
               GError **error,
               gpointer user_data)
{
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "no memory");
  return NULL;
}

/* Breaks if who cannot be started is waited for. */
static void
test_no_start (Fixture *f, gconstpointer data)
{
  static const HandoffImporterProgram missing = { fail_to_start, get_link, describe, end };
  GAsyncResult *result = NULL;

  handoff_importers_free (f->importers);
  f->importers = handoff_importers_new (&missing, f);
  certify (f, ALICE, &result);
  expect_error (&result, TLS_HANDOFF_ERROR_FAILED, "no memory");
}

/* Breaks if the table makes no sense. */
static void
test_table (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  handoff_link_table_check (&handoff_importer_table, &error);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/service/importers/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("import", test_import);
  ADD ("errors", test_errors);
  ADD ("read-pem", test_read_pem);
  ADD ("certify", test_certify);
  ADD ("describe", test_describe);
  ADD ("cancel", test_cancel);
  ADD ("cancel-one", test_cancel_one);
  ADD ("users", test_users);
  ADD ("crash", test_crash);
  ADD ("ask-again", test_ask_again);
  ADD ("hang", test_hang);
  ADD ("lies", test_lies);
  ADD ("short-digest", test_short_digest);
  ADD ("no-start", test_no_start);
  ADD ("table", test_table);
  return g_test_run ();
}
