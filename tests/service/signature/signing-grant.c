/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Signatures that a worker asks for with a grant, and grants that end. The signer is this test's
 * main thread, at the other end of the workers' sockets. */

#include "config.h"

#include "signature/signing-grant.h"

#include "keyblob/tls-handoff-error.h"
#include "link/link.h"
#include "link/signing-messages.h"
#include "support/test-clock.h"
#include "work/clock.h"
#include "work/home.h"
#include "work/worker.h"

#define MAX_LINKS 4

typedef struct
{
  HandoffWorker *worker;
  HandoffSigningGrants *grants;

  /* The signer's end. */
  HandoffLink *links[MAX_LINKS];
  guint n_links;
  gboolean is_closed;         /* nobody gets a socket */
  HandoffSignerOpened opened; /* a socket is asked for, and comes later */
  gpointer opened_data;
  gboolean comes_later;
  gboolean is_slow; /* requests are kept */
  HandoffLinkCall *kept_call;
  GString *asked; /* "grant 7 role 2 scheme 1027 of 3 bytes: " for each request */

  /* The handshaker's. */
  HandoffSigningGrant *grant; /* what sign_on_worker() takes */
  GBytes *data;
  guint n_answers;
  GString *answers; /* a signature as text, or an error's message, and "; " */
  GString *over;    /* numbers, each with "; " */
} GrantTest;

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  GrantTest *f = user_data;
  const int fd = message->n_fds > 0 ? message->fds[0] : -1;
  guint64 grant;
  guint role, scheme;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data =
      handoff_signing_message_read (message->body, fd, 1 << 20, &grant, &role, &scheme, &error);

  g_assert_no_error (error);
  g_string_append_printf (f->asked,
                          "grant %" G_GUINT64_FORMAT " role %u scheme %u of %" G_GSIZE_FORMAT "; ",
                          grant, role, scheme, g_bytes_get_size (data));
  if (f->is_slow)
    f->kept_call = g_steal_pointer (&message->call);
  else
    handoff_link_call_return (g_steal_pointer (&message->call),
                              g_variant_new ("(@ay)", g_variant_new_bytestring ("signed")), NULL,
                              0);
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
}

static const HandoffLinkFunctions functions = { received, ended };

static void
open_socket (guint64 number, HandoffSignerOpened opened, gpointer opened_data, gpointer user_data)
{
  GrantTest *f = user_data;
  int sockets[2];
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (number, ==, 5);
  g_assert_true (handoff_home_is_here (NULL));
  if (f->comes_later)
    {
      f->opened = opened;
      f->opened_data = opened_data;
      return;
    }
  if (f->is_closed)
    {
      g_set_error (&error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "It does not run");
      opened (-1, error, opened_data);
      return;
    }
  g_assert_true (handoff_link_make_sockets (sockets, NULL));
  f->links[f->n_links++] = handoff_link_new (sockets[1], &handoff_signing_table, HANDOFF_LINK_LOWER,
                                             NULL, "tls-handoff-handshaker", &functions, f);
  opened (sockets[0], NULL, opened_data);
}

static void
is_over (guint64 number, gpointer user_data)
{
  GrantTest *f = user_data;

  g_assert_true (handoff_home_is_here (NULL));
  g_string_append_printf (f->over, "%" G_GUINT64_FORMAT "; ", number);
}

static const HandoffSigningGrantsFunctions grants_functions = { open_socket, is_over };

static void
set_up (GrantTest *f, gconstpointer data)
{
  test_clock_install ();
  f->worker = handoff_worker_new (NULL);
  f->grants = handoff_signing_grants_new (&grants_functions, f);
  f->asked = g_string_new (NULL);
  f->answers = g_string_new (NULL);
  f->over = g_string_new (NULL);
  f->data = g_bytes_new_static ("abc", 3);
}

static void
tear_down (GrantTest *f, gconstpointer data)
{
  g_clear_pointer (&f->worker, handoff_worker_free);
  while (f->n_links > 0)
    handoff_link_free (f->links[--f->n_links]);
  test_clock_settle ();
  handoff_signing_grants_free (f->grants);
  g_bytes_unref (f->data);
  g_string_free (f->asked, TRUE);
  g_string_free (f->answers, TRUE);
  g_string_free (f->over, TRUE);
  test_clock_uninstall ();
}

/* For SECONDS from now. */
static HandoffSigningGrant *
add_grant (GrantTest *f, guint64 number, guint uses, guint seconds)
{
  const HandoffSigningTerms terms = { number, 5, 2, uses,
                                      handoff_clock_get_boot_time () + seconds * TEST_SECOND };

  return handoff_signing_grants_add (f->grants, &terms);
}

/* What the worker tells the test. */
typedef struct
{
  GrantTest *f;
  char *answer;
} Answer;

static gboolean
note_answer (gpointer data)
{
  Answer *answer = data;

  g_string_append_printf (answer->f->answers, "%s; ", answer->answer);
  answer->f->n_answers++;
  g_free (answer->answer);
  g_free (answer);
  return G_SOURCE_REMOVE;
}

static void
signed_func (GBytes *signature, const GError *error, gpointer user_data)
{
  Answer *answer = g_new0 (Answer, 1);

  answer->f = user_data;
  answer->answer = g_strdup (error != NULL ? error->message : g_bytes_get_data (signature, NULL));
  handoff_home_invoke (NULL, note_answer, answer, NULL);
}

static gboolean
sign_on_worker (gpointer data)
{
  GrantTest *f = data;
  g_autoptr (GError) error = NULL;

  if (!handoff_signing_grant_sign (f->grant, 0x0403, f->data, signed_func, f, &error))
    {
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
      signed_func (NULL, error, f);
    }
  return G_SOURCE_REMOVE;
}

/* The grant signs once more: what becomes of it. */
static void
assert_signs (GrantTest *f, HandoffSigningGrant *grant, const char *answer)
{
  const guint n_answers = f->n_answers;

  g_string_truncate (f->answers, 0);
  f->grant = grant;
  handoff_worker_invoke (f->worker, sign_on_worker, f, NULL);
  while (f->n_answers == n_answers)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (f->answers->str, ==, answer);
}

static void
assert_asked (GrantTest *f, const char *asked)
{
  g_assert_cmpstr (f->asked->str, ==, asked);
  g_string_truncate (f->asked, 0);
}

/* Breaks if the request says something else than what was asked, or a worker that has a link opens
 * another, or what is too large for a message does not arrive. */
static void
test_sign (GrantTest *f, gconstpointer data)
{
  g_autoptr (HandoffSigningGrant) grant = add_grant (f, 7, 0, 60);
  g_autofree guint8 *large = g_malloc0 (200000);

  assert_signs (f, grant, "signed; ");
  assert_asked (f, "grant 7 role 2 scheme 1027 of 3; ");
  g_bytes_unref (f->data);
  f->data = g_bytes_new (large, 200000);
  assert_signs (f, grant, "signed; ");
  assert_asked (f, "grant 7 role 2 scheme 1027 of 200000; ");
  g_assert_cmpuint (f->n_links, ==, 1);
}

/* Breaks if this process asks for what is not granted any more: the signer would have it ended. */
static void
test_limits (GrantTest *f, gconstpointer data)
{
  g_autoptr (HandoffSigningGrant) twice = add_grant (f, 1, 2, 60);
  g_autoptr (HandoffSigningGrant) always = add_grant (f, 2, 0, 60);

  assert_signs (f, twice, "signed; ");
  assert_signs (f, twice, "signed; ");
  assert_signs (f, twice,
                "The permission to sign this handshake with the credential was used before; ");
  test_clock_pass (59 * TEST_SECOND);
  assert_signs (f, always, "signed; ");
  g_string_truncate (f->asked, 0);
  test_clock_suspend (TEST_SECOND);
  assert_signs (f, always, "The permission to sign this handshake with the credential is over; ");
  assert_asked (f, "");
}

static gboolean
unref_on_worker (gpointer grant)
{
  handoff_signing_grant_unref (grant);
  return G_SOURCE_REMOVE;
}

/* Breaks if the broker is not told, or too early, that nobody has a grant any more. */
static void
test_over (GrantTest *f, gconstpointer data)
{
  HandoffSigningGrant *grant = add_grant (f, 3, 1, 60);

  handoff_signing_grant_ref (grant);
  handoff_signing_grant_unref (grant);
  test_clock_settle ();
  g_assert_cmpstr (f->over->str, ==, "");
  handoff_worker_invoke (f->worker, unref_on_worker, grant, NULL);
  while (f->over->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (f->over->str, ==, "3; ");
}

static void
note_taken_back (gpointer data)
{
  (*(guint *) data)++;
}

/* Breaks if a grant that was taken back is kept for ever, or taken from a handshake at once. */
static void
test_take_back (GrantTest *f, gconstpointer data)
{
  HandoffSigningGrant *grant = add_grant (f, 4, 0, 3600);
  guint n_taken_back = 0;

  /* That one is over already. */
  handoff_signing_grants_take_back (f->grants, 99, note_taken_back, &n_taken_back);
  g_assert_cmpuint (n_taken_back, ==, 1);

  handoff_signing_grants_take_back (f->grants, 4, note_taken_back, &n_taken_back);
  test_clock_pass ((HANDOFF_SIGNING_FINISH_SECONDS - 1) * TEST_SECOND);
  assert_signs (f, grant, "signed; ");
  test_clock_pass (TEST_SECOND);
  assert_signs (f, grant,
                "The permission to sign this handshake with the credential was taken back; ");
  g_assert_cmpuint (n_taken_back, ==, 1);
  handoff_signing_grant_unref (grant);
  test_clock_settle ();
  g_assert_cmpuint (n_taken_back, ==, 2);
  g_assert_cmpstr (f->over->str, ==, "");
}

/* Breaks if a signer that died keeps a handshake waiting, or those that follow have no other. */
static void
test_signer_ends (GrantTest *f, gconstpointer data)
{
  g_autoptr (HandoffSigningGrant) grant = add_grant (f, 7, 0, 60);

  f->is_slow = TRUE;
  f->grant = grant;
  handoff_worker_invoke (f->worker, sign_on_worker, f, NULL);
  while (f->kept_call == NULL)
    g_main_context_iteration (NULL, TRUE);
  handoff_link_close (f->links[0], NULL);
  while (f->n_answers == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (f->answers->str, ==,
                   "The service's program tls-handoff-token has ended: call again; ");
  handoff_link_call_return (f->kept_call, g_variant_new ("(@ay)", g_variant_new_bytestring ("")),
                            NULL, 0);

  f->is_closed = TRUE;
  assert_signs (f, grant, "It does not run; ");
  f->is_closed = f->is_slow = FALSE;
  assert_signs (f, grant, "signed; ");
  g_assert_cmpuint (f->n_links, ==, 2);
}

/* Breaks if what a worker waits for is not forgotten when it ends: the socket, and the answer. */
static void
test_worker_ends (GrantTest *f, gconstpointer data)
{
  g_autoptr (HandoffSigningGrant) grant = add_grant (f, 7, 0, 60);
  int sockets[2];

  f->comes_later = TRUE;
  f->grant = grant;
  handoff_worker_invoke (f->worker, sign_on_worker, f, NULL);
  while (f->opened == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_clear_pointer (&f->worker, handoff_worker_free);
  test_clock_settle ();
  g_assert_cmpstr (f->answers->str, ==, "The service ends; ");
  g_assert_true (handoff_link_make_sockets (sockets, NULL));
  f->opened (sockets[0], NULL, f->opened_data);
  f->links[f->n_links++] = handoff_link_new (sockets[1], &handoff_signing_table, HANDOFF_LINK_LOWER,
                                             NULL, "tls-handoff-handshaker", &functions, f);
  test_clock_settle ();
  g_assert_true (handoff_link_has_ended (f->links[0]));
}

/* Breaks if a grant is over while the signer has not answered yet: a request that it reads after
 * that would be one that breaks the rules. */
static void
test_over_when_answered (GrantTest *f, gconstpointer data)
{
  HandoffSigningGrant *grant = add_grant (f, 8, 1, 60);

  f->is_slow = TRUE;
  f->grant = grant;
  handoff_worker_invoke (f->worker, sign_on_worker, f, NULL);
  while (f->kept_call == NULL)
    g_main_context_iteration (NULL, TRUE);
  handoff_signing_grant_unref (grant);
  test_clock_settle ();
  g_assert_cmpstr (f->over->str, ==, "");
  handoff_link_call_return (f->kept_call,
                            g_variant_new ("(@ay)", g_variant_new_bytestring ("late")), NULL, 0);
  while (f->over->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (f->answers->str, ==, "late; ");

  /* Its worker ends: nobody knows when it is read. */
  f->grant = grant = add_grant (f, 9, 1, 60);
  f->kept_call = NULL;
  handoff_worker_invoke (f->worker, sign_on_worker, f, NULL);
  while (f->kept_call == NULL)
    g_main_context_iteration (NULL, TRUE);
  handoff_signing_grant_unref (grant);
  g_clear_pointer (&f->worker, handoff_worker_free);
  test_clock_settle ();
  g_assert_cmpstr (f->over->str, ==, "8; ");
  test_clock_pass (TEST_SECOND * 60);
  test_clock_settle ();
  g_assert_cmpstr (f->over->str, ==, "8; 9; ");
  handoff_link_call_return (f->kept_call, g_variant_new ("(@ay)", g_variant_new_bytestring ("")),
                            NULL, 0);
}

/* Breaks if the table does not make sense. */
static void
test_table (void)
{
  g_autoptr (GError) error = NULL;

  handoff_link_table_check (&handoff_signing_table, &error);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/service/signing-grant/" name, GrantTest, NULL, set_up, function, tear_down)
  ADD ("sign", test_sign);
  ADD ("limits", test_limits);
  ADD ("over", test_over);
  ADD ("take-back", test_take_back);
  ADD ("over-when-answered", test_over_when_answered);
  ADD ("signer-ends", test_signer_ends);
  ADD ("worker-ends", test_worker_ends);
#undef ADD
  g_test_add_func ("/service/signing-grant/table", test_table);
  return g_test_run ();
}
