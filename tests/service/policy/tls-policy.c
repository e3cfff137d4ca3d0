/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A policy that all workers use at the same time. */

#include "config.h"

#include <errno.h>

#include "keyblob/handoff-names.h"
#include "policy/tls-policy.h"
#include "support/policy-fixture.h"

/* More than the policy keeps: they come and go while sessions have them. */
#define N_KINDS 96
#define N_THREADS 4
#define N_ROUNDS 3

typedef struct
{
  HandoffHandshakeOptions *options; /* (owned): with two suites */
  GBytes *suites;                   /* (owned): what a session offers that is alone */
} Kind;

typedef struct
{
  HandoffTlsPolicy *policy; /* (owned) */
  Kind kinds[N_KINDS];
} Fixture;

static ssize_t
keep (gnutls_transport_ptr_t sent, const void *data, size_t size)
{
  g_byte_array_append (sent, data, (guint) size);
  return (ssize_t) size;
}

static ssize_t
wait (gnutls_transport_ptr_t sent, void *data, size_t size)
{
  errno = EAGAIN;
  return -1;
}

/* The suites in the session's ClientHello (RFC 8446 4.1.2). (transfer full) */
static GBytes *
say_hello (gnutls_session_t session)
{
  g_autoptr (GByteArray) sent = g_byte_array_new ();
  const guint session_id = 5 + 4 + 2 + 32; /* after record, message, version, random */
  guint at, size;

  gnutls_transport_set_ptr (session, sent);
  gnutls_transport_set_push_function (session, keep);
  gnutls_transport_set_pull_function (session, wait);
  g_assert_cmpint (gnutls_handshake (session), ==, GNUTLS_E_AGAIN);
  g_assert_cmpuint (sent->len, >, session_id);
  at = session_id + 1 + sent->data[session_id];
  g_assert_cmpuint (sent->len, >, at + 2);
  size = (guint) (sent->data[at] << 8 | sent->data[at + 1]);
  g_assert_cmpuint (sent->len, >, at + 2 + size);
  return g_bytes_new (sent->data + at + 2, size);
}

/* (transfer full) */
static GBytes *
get_offer (HandoffTlsPolicy *policy, const HandoffHandshakeOptions *options)
{
  g_autoptr (GError) error = NULL;
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t session;
  GBytes *suites;

  gnutls_certificate_allocate_credentials (&credentials);
  gnutls_init (&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials);
  handoff_tls_policy_apply (policy, session, HANDOFF_ROLE_CLIENT, options,
                            handoff_tls_policy_get_first_group (policy), &error);
  g_assert_no_error (error);
  suites = say_hello (session);
  gnutls_deinit (session);
  gnutls_certificate_free_credentials (credentials);
  return suites;
}

static void
kind_init (Kind *kind, const guint16 suites[2], HandoffTlsPolicy *policy)
{
  g_autoptr (GError) error = NULL;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) options = NULL;

  g_variant_dict_insert_value (
      &dict, HANDOFF_OPTION_CIPHER_SUITES,
      g_variant_new_fixed_array (G_VARIANT_TYPE_UINT16, suites, 2, sizeof *suites));
  options = g_variant_ref_sink (g_variant_dict_end (&dict));
  kind->options = handoff_handshake_options_parse (
      options, HANDOFF_ROLE_CLIENT, handoff_tls_policy_get_configuration (policy), &error);
  g_assert_no_error (error);
  kind->suites = get_offer (policy, kind->options);
}

static void
fixture_init (Fixture *f)
{
  gsize n_suites, i, j, n = 0;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n_suites);

  f->policy = test_policy_new ("");
  for (i = 0; i < n_suites; i++)
    for (j = i + 1; j < n_suites && n < N_KINDS; j++)
      {
        const guint16 pair[] = { suites[i].id, suites[j].id };

        if (handoff_tls_policy_has_suite (f->policy, &suites[i]) &&
            handoff_tls_policy_has_suite (f->policy, &suites[j]))
          kind_init (&f->kinds[n++], pair, f->policy);
      }
  g_assert_cmpuint (n, ==, N_KINDS);
}

static void
fixture_clear (Fixture *f)
{
  guint i;

  for (i = 0; i < N_KINDS; i++)
    {
      handoff_handshake_options_unref (f->kinds[i].options);
      g_bytes_unref (f->kinds[i].suites);
    }
  handoff_tls_policy_unref (f->policy);
}

static gpointer
apply_all (gpointer data)
{
  Fixture *f = data;
  guint round, i;

  for (round = 0; round < N_ROUNDS; round++)
    for (i = 0; i < N_KINDS; i++)
      {
        g_autoptr (GBytes) suites = get_offer (f->policy, f->kinds[i].options);

        g_assert_true (g_bytes_equal (suites, f->kinds[i].suites));
      }
  return NULL;
}

/* Breaks if a session gets the priorities of another one, or if one that two threads make at the
 * same time, or that has to make room, is gone while a session uses it. */
static void
test_threads (void)
{
  Fixture f;
  GThread *threads[N_THREADS];
  guint i;

  fixture_init (&f);
  for (i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("worker", apply_all, &f);
  for (i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  fixture_clear (&f);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tls-policy/threads", test_threads);
  return g_test_run ();
}
