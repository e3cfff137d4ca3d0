/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Which grant comes with which yes. */

#include "config.h"

#include "signing/granting-authority.h"

#include "keyblob/tls-handoff-error.h"
#include "link/keeper-messages.h"
#include "support/test-clock.h"
#include "support/test-signer.h"
#include "work/clock.h"

static const HandoffSigningRows rows = {
  .holder = HANDOFF_KEEPER_HOLDER,
  .holder_gone = HANDOFF_KEEPER_HOLDER_GONE,
  .grant = HANDOFF_KEEPER_GRANT,
  .grant_over = HANDOFF_KEEPER_GRANT_OVER,
};

#define HANDSHAKE_SECONDS 100
#define MEMORY_SECONDS 60

/* An authority, and the credentials, in one. */
#define TEST_TYPE_RULES (test_rules_get_type ())
G_DECLARE_FINAL_TYPE (TestRules, test_rules, TEST, RULES, GObject)
struct _TestRules
{
  GObject parent;
  gboolean allows;
  gboolean is_plain;
  HandoffCredential *credential; /* (unowned) (nullable) */
};

static void
check_async (HandoffAuthority *authority,
             const HandoffAuthorityCheck *check,
             GCancellable *cancellable,
             GAsyncReadyCallback callback,
             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (authority, NULL, callback, user_data);

  if (TEST_RULES (authority)->allows)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED, "No");
}

static gboolean
check_finish (HandoffAuthority *authority, GAsyncResult *result, gboolean *is_plain, GError **error)
{
  *is_plain = TEST_RULES (authority)->is_plain;
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
init_authority (HandoffAuthorityInterface *interface)
{
  interface->check_async = check_async;
  interface->check_finish = check_finish;
}

static HandoffCredential *
lookup (HandoffCredentials *credentials, const char *id)
{
  HandoffCredential *credential = TEST_RULES (credentials)->credential;

  return credential != NULL && g_str_equal (credential->id, id) ? credential : NULL;
}

static void
init_credentials (HandoffCredentialsInterface *interface)
{
  interface->lookup = lookup;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestRules,
                               test_rules,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (HANDOFF_TYPE_AUTHORITY, init_authority)
                                   G_IMPLEMENT_INTERFACE (HANDOFF_TYPE_CREDENTIALS,
                                                          init_credentials))

static void
test_rules_class_init (TestRulesClass *klass)
{
}

static void
test_rules_init (TestRules *self)
{
}

typedef struct
{
  TestSigner signer; /* its credential, and this process's grants */
  HandoffSigning *signing;
  HandoffHolder *holder;
  HandoffGrantGiver *giver;
  TestRules *rules;
  HandoffAuthority *authority;
  HandoffLink *broker;
  HandoffLink *keeper;
  GString *heard; /* what the keeper was told */
  gboolean is_answered;
  GError *error;
  HandoffSigningGrant *grant;
} GrantingTest;

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  GrantingTest *f = user_data;
  gint64 until;
  guint role, uses;

  if (message->number != HANDOFF_KEEPER_GRANT)
    return;
  g_variant_get (message->body, "(ttsuux)", NULL, NULL, NULL, &role, &uses, &until);
  g_string_append_printf (f->heard, "role %u, %u uses, %d seconds", role, uses,
                          (int) ((until - handoff_clock_get_boot_time ()) / TEST_SECOND) -
                              HANDOFF_SIGNING_SLACK_SECONDS);
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
}

static const HandoffLinkFunctions functions = { received, ended };
static const HandoffHolderFunctions holder_functions = { NULL, NULL };

static void
set_up (GrantingTest *f, gconstpointer data)
{
  int sockets[2];

  test_clock_install ();
  test_signer_init (&f->signer, "ecdsa");
  f->heard = g_string_new (NULL);
  g_assert_true (handoff_link_make_sockets (sockets, NULL));
  f->broker = handoff_link_new (sockets[0], &handoff_keeper_messages, HANDOFF_LINK_UPPER, NULL,
                                "tls-handoff-keeper", &functions, f);
  f->keeper = handoff_link_new (sockets[1], &handoff_keeper_messages, HANDOFF_LINK_LOWER, NULL,
                                "tls-handoffd", &functions, f);
  f->signing = handoff_signing_new ();
  handoff_signing_add_program (f->signing, HANDOFF_SIGNING_KEEPER, f->broker, &rows);
  f->holder = handoff_signing_add_holder (f->signing, 1000, &holder_functions, f);
  f->giver = handoff_grant_giver_new (f->signing, NULL, NULL);
  handoff_grant_giver_set_times (f->giver, HANDSHAKE_SECONDS, MEMORY_SECONDS);
  f->rules = g_object_new (TEST_TYPE_RULES, NULL);
  f->rules->allows = f->rules->is_plain = TRUE;
  f->rules->credential = f->signer.credential;
  f->authority =
      handoff_granting_authority_new (HANDOFF_AUTHORITY (f->rules), HANDOFF_CREDENTIALS (f->rules),
                                      f->giver, f->holder, f->signer.grants);
}

static void
tear_down (GrantingTest *f, gconstpointer data)
{
  g_clear_error (&f->error);
  g_object_unref (f->authority);
  g_object_unref (f->rules);
  handoff_grant_giver_free (f->giver);
  handoff_signing_remove_holder (f->signing, f->holder);
  handoff_signing_free (f->signing);
  handoff_link_free (f->broker);
  handoff_link_free (f->keeper);
  g_string_free (f->heard, TRUE);
  test_signer_clear (&f->signer);
  test_clock_settle ();
  test_clock_uninstall ();
}

static void
checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GrantingTest *f = user_data;
  gboolean is_plain;

  f->is_answered = TRUE;
  if (handoff_authority_check_finish (f->authority, result, &is_plain, &f->error))
    {
      g_assert_cmpint (is_plain, ==, f->rules->is_plain);
      f->grant = handoff_authority_take_grant (f->authority, result);
      g_assert_null (handoff_authority_take_grant (f->authority, result));
    }
}

/* What the keeper hears of a check; "": nothing, and there is no grant. credential: (nullable) */
static void
assert_given (GrantingTest *f, const HandoffAuthorityCredential *credential, const char *heard)
{
  const HandoffAuthorityCheck check = { .bus_name = ":1.1",
                                        .action = "a",
                                        .credential = credential };

  f->is_answered = FALSE;
  g_string_truncate (f->heard, 0);
  g_clear_error (&f->error);
  handoff_authority_check_async (f->authority, &check, NULL, checked, f);
  while (!f->is_answered)
    g_main_context_iteration (NULL, TRUE);
  test_clock_settle ();
  g_assert_cmpstr (f->heard->str, ==, heard);
  g_assert_cmpint (f->grant != NULL, ==, *heard != '\0');
  g_clear_pointer (&f->grant, handoff_signing_grant_unref);
}

/* Breaks if a yes that is not remembered gives more than one signature, or one that is remembered
 * less; if a server gets a client's; or if a grant ends before its handshake may. */
static void
test_yes (GrantingTest *f, gconstpointer data)
{
  const char *id = f->signer.credential->id;
  const HandoffAuthorityCredential once = { id, HANDOFF_ROLE_CLIENT, FALSE };
  const HandoffAuthorityCredential remembered = { id, HANDOFF_ROLE_SERVER, TRUE };

  assert_given (f, &once, "role 1, 1 uses, 100 seconds");
  assert_given (f, &remembered, "role 2, 0 uses, 160 seconds");
  /* A password was given. */
  f->rules->is_plain = FALSE;
  assert_given (f, &remembered, "role 2, 1 uses, 100 seconds");
  f->rules->is_plain = TRUE;
  handoff_grant_giver_set_times (f->giver, HANDSHAKE_SECONDS, 0);
  assert_given (f, &remembered, "role 2, 1 uses, 100 seconds");
}

/* Breaks if there is a grant that nobody asked for, or nobody may have, or that nobody can use. */
static void
test_none (GrantingTest *f, gconstpointer data)
{
  const HandoffAuthorityCredential wanted = { f->signer.credential->id, HANDOFF_ROLE_CLIENT,
                                              FALSE };

  assert_given (f, NULL, "");
  g_assert_no_error (f->error);
  f->rules->allows = FALSE;
  assert_given (f, &wanted, "");
  g_assert_error (f->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
  f->rules->allows = TRUE;
  /* It was removed meanwhile. */
  f->rules->credential = NULL;
  assert_given (f, &wanted, "");
  g_assert_no_error (f->error);
  f->rules->credential = f->signer.credential;
  handoff_signing_remove_program (f->signing, HANDOFF_SIGNING_KEEPER, FALSE);
  assert_given (f, &wanted, "");
  g_assert_error (f->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
}

static void
note_change (HandoffAuthority *authority, gpointer user_data)
{
  (*(guint *) user_data)++;
}

/* Breaks if nobody hears that rules have changed. */
static void
test_changed (GrantingTest *f, gconstpointer data)
{
  guint n_changes = 0;

  g_signal_connect (f->authority, "changed", G_CALLBACK (note_change), &n_changes);
  handoff_authority_emit_changed (HANDOFF_AUTHORITY (f->rules));
  g_assert_cmpuint (n_changes, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/service/granting-authority/" name, GrantingTest, NULL, set_up, function, tear_down)
  ADD ("yes", test_yes);
  ADD ("none", test_none);
  ADD ("changed", test_changed);
#undef ADD
  return g_test_run ();
}
