/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A handshaker that was taken over asks the real keeper for signatures, by the sockets and grants
 * that the broker gave it. What it may not have it does not get, and the broker hears of it. */

#include "config.h"

#include <gnutls/abstract.h>
#include <sys/resource.h>
#include <unistd.h>

#include "grant/signature-form.h"
#include "keyblob/tls-handoff-error.h"
#include "link/keeper-messages.h"
#include "link/signing-messages.h"
#include "signature/signing-grant.h"
#include "signing/signing.h"
#include "support/credential-fixture.h"
#include "support/keeper-fixture.h"
#include "support/signed-data.h"
#include "work/clock.h"
#include "work/home.h"

/* Of a holder: see signatory.c. */
#define MOST_SOCKETS (1024 + 64)
#define ID "0123456789abcdef0123456789abcdef"
/* ecdsa_secp256r1_sha256 */
#define SCHEME 0x0403

static const HandoffSigningRows rows = {
  .holder = HANDOFF_KEEPER_HOLDER,
  .holder_socket = HANDOFF_KEEPER_HOLDER_SOCKET,
  .holder_gone = HANDOFF_KEEPER_HOLDER_GONE,
  .grant = HANDOFF_KEEPER_GRANT,
  .grant_over = HANDOFF_KEEPER_GRANT_OVER,
};

typedef struct
{
  KeeperTest keeper;
  gnutls_pubkey_t public_key;
  HandoffSigning *signing;
  HandoffHolder *holder; /* the one that was taken over */
  HandoffHolder *other;  /* another user's */
  HandoffLink *socket;   /* of the first one's worker */
  GByteArray *good;      /* what a server signs */
  GByteArray *client;    /* what a client signs */
  int opened;            /* the last socket that was asked for; -1: none */
  gboolean is_opened;
  char *why;          /* (nullable): why it was to be ended */
  guint64 asked_back; /* the last grant that it was asked for */
  gboolean is_answered;
  GBytes *signature; /* (nullable): of the last answer */
  GError *error;     /* (nullable) */
} RefusalTest;

static void
take_back (HandoffHolder *holder, guint64 grant, gpointer user_data)
{
  ((RefusalTest *) user_data)->asked_back = grant;
}

static void
broke_rules (HandoffHolder *holder, const char *why, gpointer user_data)
{
  RefusalTest *f = user_data;

  g_assert_true (holder == f->holder);
  g_assert_null (f->why);
  f->why = g_strdup (why);
}

static const HandoffHolderFunctions holder_functions = { take_back, broke_rules };

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
}

static const HandoffLinkFunctions functions = { NULL, ended };

static void
opened (int socket, const GError *error, gpointer user_data)
{
  RefusalTest *f = user_data;

  f->opened = socket;
  f->is_opened = TRUE;
}

/* -1: it is refused */
static int
open_socket (RefusalTest *f)
{
  f->is_opened = FALSE;
  handoff_signing_open_socket (f->signing, f->holder, HANDOFF_SIGNING_KEEPER, opened, f);
  while (!f->is_opened)
    g_main_context_iteration (NULL, TRUE);
  return f->opened;
}

static void
set_up (RefusalTest *f, gconstpointer data)
{
  g_autoptr (GVariant) key = NULL;
  gnutls_datum_t der;
  gsize size;

  keeper_test_set_up (&f->keeper, NULL);
  key = keeper_test_generate (&f->keeper, ID, "ecdsa-p256");
  der.data = (unsigned char *) g_variant_get_fixed_array (key, &size, 1);
  der.size = (unsigned int) size;
  gnutls_pubkey_init (&f->public_key);
  g_assert_cmpint (gnutls_pubkey_import (f->public_key, &der, GNUTLS_X509_FMT_DER), ==, 0);

  f->signing = handoff_signing_new ();
  handoff_signing_add_program (f->signing, HANDOFF_SIGNING_KEEPER, f->keeper.link, &rows);
  f->holder = handoff_signing_add_holder (f->signing, 1000, &holder_functions, f);
  f->other = handoff_signing_add_holder (f->signing, 1001, &holder_functions, f);
  f->socket = handoff_link_new (open_socket (f), &handoff_signing_table, HANDOFF_LINK_UPPER, NULL,
                                "tls-handoff-keeper", &functions, f);
  f->good = test_signed_new_tls13 (TEST_SIGNED_SERVER, 32);
  f->client = test_signed_new_tls13 (TEST_SIGNED_CLIENT, 32);
}

static void
forget_answer (RefusalTest *f)
{
  f->is_answered = FALSE;
  g_clear_pointer (&f->signature, g_bytes_unref);
  g_clear_error (&f->error);
  g_clear_pointer (&f->why, g_free);
}

static void
tear_down (RefusalTest *f, gconstpointer data)
{
  forget_answer (f);
  g_clear_pointer (&f->socket, handoff_link_free);
  handoff_signing_remove_holder (f->signing, f->holder);
  handoff_signing_remove_holder (f->signing, f->other);
  handoff_signing_free (f->signing);
  gnutls_pubkey_deinit (f->public_key);
  g_byte_array_unref (f->good);
  g_byte_array_unref (f->client);
  keeper_test_tear_down (&f->keeper, NULL);
}

/* A server's, for that many seconds. */
static guint64
give (RefusalTest *f, HandoffHolder *holder, guint uses, int seconds)
{
  HandoffGrantGiven given;
  g_autoptr (GError) error = NULL;

  handoff_signing_give (f->signing, holder, HANDOFF_SIGNING_KEEPER, ID, HANDOFF_SIGNATURE_SERVER,
                        uses, handoff_clock_get_boot_time () + seconds * G_TIME_SPAN_SECOND, &given,
                        &error);
  g_assert_no_error (error);
  return given.number;
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  RefusalTest *f = user_data;

  f->is_answered = TRUE;
  if (error != NULL)
    f->error = g_error_copy (error);
  else
    {
      g_autoptr (GVariant) value = g_variant_get_child_value (reply->body, 0);

      f->signature = g_variant_get_data_as_bytes (value);
    }
}

static void
ask (RefusalTest *f, guint64 grant, guint role, const GByteArray *what)
{
  g_autoptr (GBytes) data = g_bytes_new (what->data, what->len);
  int fd;

  forget_answer (f);
  g_string_truncate (f->keeper.told, 0);
  handoff_link_request (f->socket, HANDOFF_SIGNING_SIGN,
                        handoff_signing_message_new (grant, role, SCHEME, data, &fd, NULL), NULL, 0,
                        answered, f);
  while (!f->is_answered)
    g_main_context_iteration (NULL, TRUE);
}

/* It gets nothing, and is to be ended: why. */
static void
assert_refused (RefusalTest *f, guint64 grant, guint role, const GByteArray *what, const char *why)
{
  guint64 holder, number;
  const char *words;

  ask (f, grant, role, what);
  g_assert_error (f->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
  while (f->keeper.told->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (f->keeper.told->str, ==, "violation");
  g_variant_get (f->keeper.last, "(tt&s)", &holder, &number, &words);
  g_assert_cmpuint (holder, ==, handoff_holder_get_number (f->holder));
  g_assert_cmpuint (number, ==, grant);
  handoff_signing_violated (f->signing, HANDOFF_SIGNING_KEEPER, holder, words);
  g_assert_cmpstr (f->why, ==, why);
}

static void
assert_signed (RefusalTest *f, guint64 grant, const GByteArray *what)
{
  const gnutls_datum_t data = { what->data, what->len };
  gnutls_datum_t signature;
  gsize size;

  ask (f, grant, HANDOFF_SIGNATURE_SERVER, what);
  g_assert_no_error (f->error);
  signature.data = (unsigned char *) g_bytes_get_data (f->signature, &size);
  signature.size = (unsigned int) size;
  g_assert_cmpint (
      gnutls_pubkey_verify_data2 (f->public_key, GNUTLS_SIGN_ECDSA_SHA256, 0, &data, &signature),
      >=, 0);
}

static void
test_without_grant (RefusalTest *f, gconstpointer data)
{
  assert_refused (f, 1, HANDOFF_SIGNATURE_SERVER, f->good, "it was not granted");
  give (f, f->holder, 0, 60);
  assert_refused (f, 2, HANDOFF_SIGNATURE_SERVER, f->good, "it was not granted");
  /* Another user's. */
  give (f, f->other, 0, 60);
  assert_refused (f, 2, HANDOFF_SIGNATURE_SERVER, f->good, "it was granted to another process");
}

static void
test_other_role (RefusalTest *f, gconstpointer data)
{
  const guint64 grant = give (f, f->holder, 0, 60);

  assert_refused (f, grant, HANDOFF_SIGNATURE_CLIENT, f->client,
                  "it was granted for the other role");
  /* Neither by a lie about the role. */
  assert_refused (f, grant, HANDOFF_SIGNATURE_SERVER, f->client,
                  "it is nothing that TLS signs in that role");
  assert_signed (f, grant, f->good);
}

static void
test_not_tls (RefusalTest *f, gconstpointer data)
{
  const guint64 grant = give (f, f->holder, 0, 60);
  g_autoptr (GBytes) certificate = test_certificate_new ("ecdsa");
  gsize size;
  gconstpointer bytes = g_bytes_get_data (certificate, &size);
  g_autoptr (GByteArray) what = g_byte_array_new ();

  g_byte_array_append (what, bytes, (guint) size);
  assert_refused (f, grant, HANDOFF_SIGNATURE_SERVER, what,
                  "it is nothing that TLS signs in that role");
  /* A hash: of a certificate, or of anything. */
  g_byte_array_set_size (what, 32);
  assert_refused (f, grant, HANDOFF_SIGNATURE_SERVER, what,
                  "it is nothing that TLS signs in that role");
  g_byte_array_set_size (what, 0);
  assert_refused (f, grant, HANDOFF_SIGNATURE_SERVER, what,
                  "it is nothing that TLS signs in that role");
}

static void
test_twice (RefusalTest *f, gconstpointer data)
{
  const guint64 grant = give (f, f->holder, 1, 60);

  assert_signed (f, grant, f->good);
  assert_refused (f, grant, HANDOFF_SIGNATURE_SERVER, f->good, "the grant is over");
}

static void
test_too_late (RefusalTest *f, gconstpointer data)
{
  const guint64 grant = give (f, f->holder, 0, -HANDOFF_SIGNING_SLACK_SECONDS);

  assert_refused (f, grant, HANDOFF_SIGNATURE_SERVER, f->good, "the grant is over");
}

/* A handshake that has begun may end when its grant is asked for; when it is over, there is nothing
 * more. */
static void
test_taken_back (RefusalTest *f, gconstpointer data)
{
  const guint64 grant = give (f, f->holder, 0, 60);

  assert_signed (f, grant, f->good);
  handoff_signing_take_back (f->signing);
  g_assert_cmpuint (f->asked_back, ==, grant);
  assert_signed (f, grant, f->good);
  handoff_signing_over (f->signing, f->holder, grant);
  /* Without a round trip between: the keeper reads what the broker said before it judges. */
  assert_refused (f, grant, HANDOFF_SIGNATURE_SERVER, f->good, "the grant is over");
}

/* Who is ended has nothing any more, and nobody else loses anything. */
static void
test_ended (RefusalTest *f, gconstpointer data)
{
  const guint64 grant = give (f, f->holder, 0, 60);

  give (f, f->other, 0, 60);
  assert_refused (f, 99, HANDOFF_SIGNATURE_SERVER, f->good, "it was not granted");
  handoff_signing_remove_holder (f->signing, f->holder);
  forget_answer (f);
  while (!handoff_link_has_ended (f->socket))
    g_main_context_iteration (NULL, TRUE);
  g_clear_pointer (&f->socket, handoff_link_free);
  g_assert_cmpuint (handoff_signing_count (f->other), ==, 1);

  f->holder = f->other;
  f->other = handoff_signing_add_holder (f->signing, 1002, &holder_functions, f);
  f->socket = handoff_link_new (open_socket (f), &handoff_signing_table, HANDOFF_LINK_UPPER, NULL,
                                "tls-handoff-keeper", &functions, f);
  assert_signed (f, grant + 1, f->good);
}

/* Breaks if one user's process can take all the descriptors of a program that has keys. */
static void
test_too_many_sockets (RefusalTest *f, gconstpointer data)
{
  g_autoptr (GArray) sockets = g_array_new (FALSE, FALSE, sizeof (int));
  struct rlimit files;
  guint64 holder;
  const char *why;
  guint i;

  getrlimit (RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit (RLIMIT_NOFILE, &files);
  /* There is one. */
  for (i = 1; i < MOST_SOCKETS; i++)
    {
      const int socket = open_socket (f);

      g_assert_cmpint (socket, >=, 0);
      g_array_append_val (sockets, socket);
      g_assert_cmpuint (f->keeper.told->len, ==, 0);
    }
  g_assert_cmpint (open_socket (f), ==, -1);
  while (f->keeper.told->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (f->keeper.told->str, ==, "violation");
  g_variant_get (f->keeper.last, "(tt&s)", &holder, NULL, &why);
  g_assert_cmpuint (holder, ==, handoff_holder_get_number (f->holder));
  g_assert_cmpstr (why, ==, "it has more sockets than it can have workers");
  for (i = 0; i < sockets->len; i++)
    close (g_array_index (sockets, int, i));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/service/signing/refusals/" name, RefusalTest, NULL, set_up, function, tear_down)
  ADD ("without-grant", test_without_grant);
  ADD ("other-role", test_other_role);
  ADD ("not-tls", test_not_tls);
  ADD ("twice", test_twice);
  ADD ("too-late", test_too_late);
  ADD ("taken-back", test_taken_back);
  ADD ("ended", test_ended);
  ADD ("too-many-sockets", test_too_many_sockets);
#undef ADD
  return g_test_run ();
}
