/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Which yes of polkit's may be remembered, and when it must be forgotten. */

#include "config.h"

#include "authority/polkit-authority.h"
#include "support/polkit-fixture.h"
#include "support/test-clock.h"

typedef struct
{
  gboolean done;
  gboolean allowed;
  gboolean is_plain;
} Check;

static void
checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Check *check = user_data;

  check->allowed =
      handoff_authority_check_finish (HANDOFF_AUTHORITY (source), result, &check->is_plain, NULL);
  check->done = TRUE;
}

static void
start (PolkitFixture *f, Check *check, gboolean interactive)
{
  const HandoffAuthorityCheck question = {
    .bus_name = ":1.1", .uid = 1000, .action = "a.b", .interactive = interactive
  };

  *check = (Check){ .is_plain = TRUE };
  handoff_authority_check_async (f->authority, &question, NULL, checked, check);
}

static void
answer_with (PolkitFixture *f, guint index, gboolean yes, gboolean challenge, const char *details)
{
  g_dbus_method_invocation_return_value (
      g_steal_pointer (&f->asked->pdata[index]),
      g_variant_new ("((bb@a{ss}))", yes, challenge, g_variant_new_parsed (details)));
}

/* Breaks if a yes is taken for a plain one although there is a password behind it: just given, or
 * given before and kept by polkit. What polkit 122 says about each was tried. */
static void
test_plain (PolkitFixture *f, gconstpointer data)
{
  static const struct
  {
    const char *details;
    gboolean is_plain;
  } answers[] = {
    { "@a{ss} {}", TRUE },
    { "{'role': 'client'}", TRUE },
    { "{'role': 'polkit.x'}", TRUE },
    { "{'polkit.temporary_authorization_id': 'tmpauthz0', 'role': 'client'}", FALSE },
    { "{'polkit.retains_authorization_after_challenge': 'true',"
      " 'polkit.temporary_authorization_id': 'tmpauthz0'}",
      FALSE },
    { "{'polkit.retains_authorization_after_challenge': '1'}", FALSE },
    { "{'polkit.of_a_later_version': ''}", FALSE },
  };
  Check check;

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      start (f, &check, i % 2 == 0);
      polkit_settle_down (f);
      answer_with (f, i, TRUE, FALSE, answers[i].details);
      polkit_settle_down (f);
      g_assert_true (check.done && check.allowed);
      g_assert_cmpint (check.is_plain, ==, answers[i].is_plain);
    }

  /* A password that counts this once leaves no trace in the answer. */
  start (f, &check, TRUE);
  polkit_settle_down (f);
  polkit_answer (f, f->asked->len - 1, FALSE, TRUE);
  polkit_settle_down (f);
  polkit_answer (f, f->asked->len - 1, TRUE, FALSE);
  polkit_settle_down (f);
  g_assert_true (check.done && check.allowed);
  g_assert_false (check.is_plain);

  start (f, &check, FALSE);
  polkit_settle_down (f);
  polkit_answer (f, f->asked->len - 1, FALSE, FALSE);
  polkit_settle_down (f);
  g_assert_true (check.done);
  g_assert_false (check.allowed || check.is_plain);
}

static void
count_change (HandoffAuthority *authority, guint *n_changes)
{
  (*n_changes)++;
}

/* Breaks if the service does not hear that polkit has other rules, or is another process, or gone;
 * or if anybody else can make it believe that. */
static void
test_changed (PolkitFixture *f, gconstpointer data)
{
  g_autoptr (GDBusConnection) other = polkit_connect (f);
  guint n_changes = 0;

  polkit_settle_down (f); /* that polkit came */
  g_signal_connect (f->authority, "changed", G_CALLBACK (count_change), &n_changes);
  polkit_emit_changed (f->polkit, NULL);
  polkit_settle_down (f);
  g_assert_cmpuint (n_changes, ==, 1);

  polkit_emit_changed (other, g_dbus_connection_get_unique_name (f->service));
  g_dbus_connection_flush_sync (other, NULL, NULL);
  polkit_settle_down (f);
  g_assert_cmpuint (n_changes, ==, 1);

  g_dbus_connection_close_sync (f->polkit, NULL, NULL);
  g_clear_object (&f->polkit);
  while (n_changes < 2)
    g_main_context_iteration (NULL, TRUE);
  polkit_start (f);
  polkit_settle_down (f);
  g_assert_cmpuint (n_changes, ==, 3);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* A question that polkit is slow to answer is asked again, which is not what is tested here. */
  test_clock_install ();
  g_test_add ("/service/plain-yes/plain", PolkitFixture, NULL, polkit_set_up, test_plain,
              polkit_tear_down);
  g_test_add ("/service/plain-yes/changed", PolkitFixture, NULL, polkit_set_up, test_changed,
              polkit_tear_down);
  return g_test_run ();
}
