/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The option review-certificate: the caller decides about a certificate that does not verify,
 * before anything of the client's answers it. */

#include <string.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-handshake.h"
#include "test-peer.h"
#include "test-steps.h"
#include "test-system.h"
#include "test-way.h"

typedef struct
{
  const char *protocol;
  gboolean accept;
} Config;

typedef struct
{
  GDBusConnection *alice;
  TestPeer *peer;
  int socket;
  char *options;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const Config *config = data;
  const char *protocol = config != NULL ? config->protocol : "TLS1.3";

  f->alice = test_bus_connect ("alice");
  f->peer = test_peer_new_openssl ("wrong-name", NULL);
  f->socket = test_peer_connect (f->peer);
  f->options =
      g_strdup_printf ("{'review-certificate': <true>, 'maximum-protocol': <'%s'>}", protocol);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_bus_vanish (f->alice);
  close (f->socket);
  test_peer_free (f->peer);
  g_free (f->options);
  test_statistic_wait ("handshakes-in-flight", 0);
  test_statistic_wait ("sessions", 0);
}

/* What the caller has to know to decide. */
static void
assert_reviewable (GVariant *details)
{
  g_autoptr (GVariant) certificates =
      g_variant_lookup_value (details, HANDOFF_DETAIL_PEER_CERTIFICATES, G_VARIANT_TYPE ("aay"));
  g_autoptr (GVariant) first = NULL;
  g_autoptr (GBytes) expected = test_cert_der ("wrong-name.pem");
  g_auto (GStrv) reasons = NULL;
  gconstpointer der;
  gsize size;

  g_assert_true (g_variant_lookup (details, HANDOFF_DETAIL_VERIFICATION_ERRORS, "^as", &reasons));
  g_assert_cmpuint (g_strv_length (reasons), ==, 1);
  g_assert_cmpstr (reasons[0], ==, "wrong-name");
  g_assert_nonnull (certificates);
  first = g_variant_get_child_value (certificates, 0);
  der = g_variant_get_fixed_array (first, &size, 1);
  g_assert_cmpmem (der, size, g_bytes_get_data (expected, NULL), g_bytes_get_size (expected));
  g_assert_false (g_variant_lookup (details, HANDOFF_DETAIL_KEY_BLOB, "h", NULL));
}

/* Breaks if a decision counts that was not asked for; if a decision is not obeyed, or comes without
 * what it needs; or if keys can be had before it. */
static void
test_socket (Fixture *f, gconstpointer data)
{
  const Config *config = data;
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (TestReply) reply = NULL;
  g_autoptr (GVariant) details = NULL;
  g_autoptr (TestStep) again = NULL;
  g_autoptr (GError) error = NULL;
  const char *new_state;

  handshake = test_handshake (f->alice, f->socket, "localhost", test_options (f->options), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (handshake->state, ==, HANDOFF_STATE_CERTIFICATE_REVIEW);
  assert_reviewable (handshake->details);
  test_session_expect (f->alice, handshake->session, "State", HANDOFF_STATE_CERTIFICATE_REVIEW);
  again = test_step (f->alice, handshake->session, NULL, 0, &error);
  test_assert_remote_error (error, "InvalidArgument", "certificate-review");

  reply = test_way_call (f->alice,
                         &(TestCall){ .path = handshake->session,
                                      .interface = HANDOFF_SESSION_INTERFACE,
                                      .method = "ReviewCertificate",
                                      .parameters = g_variant_new ("(b)", config->accept) },
                         &error);
  if (!config->accept)
    {
      test_assert_remote_error (error, "CertificateUntrusted", NULL);
      /* Nothing is left to be asked about. */
      again = test_review (f->alice, handshake->session, TRUE, &error);
      test_assert_remote_error (error, "org.freedesktop.DBus.Error.UnknownObject", NULL);
      return;
    }
  g_assert_no_error (error);
  g_variant_get (reply->body, "(&s@ay@a{sv})", &new_state, NULL, &details);
  g_assert_cmpstr (new_state, ==, HANDOFF_STATE_COMPLETE);
  g_assert_true (g_variant_lookup (details, HANDOFF_DETAIL_KEY_BLOB, "h", NULL));
  g_assert_cmpint (g_unix_fd_list_get_length (reply->fds), ==, 1);
  again = test_review (f->alice, handshake->session, TRUE, &error);
  test_assert_remote_error (error, "InvalidArgument", NULL);
}

/* The same in steps. Breaks also if anything of the client's leaves before the decision. */
static void
test_stepwise (Fixture *f, gconstpointer data)
{
  const Config *config = data;
  g_autoptr (GByteArray) received = g_byte_array_new ();
  g_autoptr (TestStep) step = NULL;
  g_autoptr (TestStep) early = NULL;
  TestStep *reviewed = NULL;
  g_autoptr (HandoffKeyState) keys = NULL;
  g_autoptr (GError) error = NULL;
  /* So many calls take a slow machine their time. */
  g_autofree char *options = g_strdup_printf ("{'timeout': <uint32 300>, %s", f->options + 1);
  g_autofree char *path =
      test_create_session (f->alice, "localhost", test_options (options), &error);
  const guint8 *alert;
  gsize size;

  g_assert_no_error (error);
  early = test_review (f->alice, path, TRUE, &error);
  g_assert_null (early);
  test_assert_remote_error (error, "InvalidArgument", "continue");

  step = test_steps_run (f->alice, path, f->socket, 1, NULL, received);
  g_assert_cmpstr (step->state, ==, HANDOFF_STATE_CERTIFICATE_REVIEW);
  g_assert_cmpuint (g_bytes_get_size (step->output), ==, 0);
  assert_reviewable (step->details);

  reviewed = test_review (f->alice, path, config->accept, &error);
  g_assert_no_error (error);
  if (!config->accept)
    {
      g_assert_cmpstr (reviewed->state, ==, HANDOFF_STATE_FAILED);
      g_assert_cmpstr (test_step_get_detail (reviewed, "error"), ==,
                       HANDOFF_ERROR_PREFIX "CertificateUntrusted");
      alert = g_bytes_get_data (reviewed->output, &size);
      g_assert_cmpuint (size, >=, 7);
      g_assert_cmphex (alert[0], ==, g_str_equal (config->protocol, "TLS1.2") ? 21 : 23);
      test_step_free (reviewed);
      return;
    }
  reviewed = test_steps_run (f->alice, path, f->socket, G_MAXSIZE, reviewed, received);
  g_assert_cmpstr (reviewed->state, ==, HANDOFF_STATE_COMPLETE);
  /* What was wrong is not forgotten. */
  g_assert_true (
      g_variant_lookup (reviewed->details, HANDOFF_DETAIL_VERIFICATION_ERRORS, "as", NULL));
  keys = test_export (f->alice, path, &error);
  g_assert_no_error (error);
  test_step_free (reviewed);
}

/* A good certificate needs no decision. */
static void
test_trusted (Fixture *f, gconstpointer data)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GError) error = NULL;
  int socket = test_peer_connect (peer);

  handshake = test_handshake (f->alice, socket, "localhost", test_options (f->options), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (handshake->state, ==, HANDOFF_STATE_COMPLETE);
  close (socket);
}

/* A caller that does not know who the server is. Breaks if a server is trusted that could be
 * anybody, if rules see another identity, or if a session is kept for nobody. */
static void
test_nobody (Fixture *f, gconstpointer data)
{
  int i;

  test_polkit_set_rules ("polkit.addRule(function(action, subject) {"
                         " if (action.id.match(/handshake-as-client$/) &&"
                         "     action.lookup('server-identity') !== '')"
                         "   return polkit.Result.NO; });");
  for (i = 0; i < 2; i++)
    {
      g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
      g_autoptr (TestHandshake) handshake = NULL;
      g_autoptr (TestStep) step = NULL;
      g_autoptr (GError) error = NULL;
      g_auto (GStrv) reasons = NULL;
      int socket = test_peer_connect (peer);

      handshake = test_handshake (f->alice, socket, "", test_options (f->options), &error);
      g_assert_no_error (error);
      g_assert_cmpstr (handshake->state, ==, HANDOFF_STATE_CERTIFICATE_REVIEW);
      g_assert_true (g_variant_lookup (handshake->details, HANDOFF_DETAIL_VERIFICATION_ERRORS,
                                       "^as", &reasons));
      g_assert_cmpuint (g_strv_length (reasons), ==, 1);
      g_assert_cmpstr (reasons[0], ==, HANDOFF_VERIFICATION_WRONG_NAME);
      step = test_review (f->alice, handshake->session, FALSE, &error);
      test_assert_remote_error (error, "CertificateUntrusted", NULL);
      close (socket);
    }
  test_polkit_set_rules (NULL);
}

/* A caller that is asked leaves without an answer: nothing of the handshake may stay (tear_down
 * checks that). If the peer leaves meanwhile, no worker may be kept busy. */
static void
test_vanish (Fixture *f, gconstpointer data)
{
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (GError) error = NULL;

  handshake = test_handshake (f->alice, f->socket, "localhost", test_options (f->options), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (handshake->state, ==, HANDOFF_STATE_CERTIFICATE_REVIEW);
}

/* The peer closes while the caller decides: the decision's error says so. */
static void
test_peer_goes (Fixture *f, gconstpointer data)
{
  g_autoptr (TestHandshake) handshake = NULL;
  g_autoptr (TestStep) step = NULL;
  g_autoptr (GError) error = NULL;

  g_free (f->options);
  f->options = g_strdup ("{'review-certificate': <true>, 'maximum-protocol': <'TLS1.2'>}");
  handshake = test_handshake (f->alice, f->socket, "localhost", test_options (f->options), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (handshake->state, ==, HANDOFF_STATE_CERTIFICATE_REVIEW);
  g_clear_pointer (&f->peer, test_peer_free);
  step = test_review (f->alice, handshake->session, TRUE, &error);
  test_assert_remote_error (error, "PeerClosed", NULL);
  f->peer = test_peer_new_openssl ("ecdsa", NULL);
}

int
main (int argc, char **argv)
{
  static const Config configs[] = {
    { "TLS1.3", TRUE }, { "TLS1.3", FALSE }, { "TLS1.2", TRUE }, { "TLS1.2", FALSE }
  };

  test_system_init (&argc, &argv);
  for (gsize i = 0; i < G_N_ELEMENTS (configs); i++)
    {
      const char *decision = configs[i].accept ? "accept" : "refuse";
      g_autofree char *socket_path =
          g_strdup_printf ("/certificate-review/socket/%s/%s", configs[i].protocol, decision);
      g_autofree char *step_path =
          g_strdup_printf ("/certificate-review/stepwise/%s/%s", configs[i].protocol, decision);

      g_test_add (socket_path, Fixture, &configs[i], set_up, test_socket, tear_down);
      g_test_add (step_path, Fixture, &configs[i], set_up, test_stepwise, tear_down);
    }
#define ADD(name, data, function)                                                                  \
  g_test_add ("/certificate-review/" name, Fixture, data, set_up, function, tear_down)
  ADD ("trusted", NULL, test_trusted);
  ADD ("nobody", NULL, test_nobody);
  ADD ("vanish", NULL, test_vanish);
  ADD ("peer-goes", NULL, test_peer_goes);
  return g_test_run ();
}
