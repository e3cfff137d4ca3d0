/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What the broker makes of a handshaker's words, right or wrong: it believes nothing about callers
 * and credentials that it knows better, and ends whoever says what no handshaker says. */

#include "config.h"

#include <string.h>

#include "authority/audit-entry.h"
#include "broker/channel-relay.h"
#include "broker/known-sessions.h"
#include "broker/news.h"
#include "broker/programs.h"
#include "broker/relayed-calls.h"
#include "keyblob/handoff-names.h"
#include "keyblob/key-state.h"
#include "keyblob/sealed-memfd.h"
#include "link/large-value.h"
#include "support/credential-fixture.h"
#include "support/test-clock.h"
#include "support/unclosable.h"
#include "support/words-fixture.h"

/* ---- Questions. ---- */

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  WordsFixture *f = user_data;
  const char *why, *id;
  gboolean is_own;
  guint code;

  g_assert_true (error != NULL || reply != NULL);
  if (error != NULL)
    {
      g_string_append_printf (f->base.events, "[%s]", error->message);
      return;
    }
  g_variant_get (reply->body, "(u&sb&s(tuxt))", &code, &why, &is_own, &id, NULL, NULL, NULL, NULL);
  g_string_append_printf (f->base.events, "[%u %s%s]", code, is_own ? "own " : "", id);
}

static GVariant *
new_details (const char *key, const char *value)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&builder, "{ss}", "role", "client");
  if (key != NULL)
    g_variant_builder_add (&builder, "{ss}", key, value);
  return g_variant_builder_end (&builder);
}

static void
ask_with (WordsFixture *f,
          guint64 caller,
          const char *action,
          const char *credential,
          gboolean is_name,
          GVariant *details)
{
  static guint64 last_question;

  handoff_link_request (f->process->link, HANDOFF_HANDSHAKER_ASK,
                        g_variant_new ("(ttssb@a{ss}bub)", ++last_question, caller, action,
                                       credential, is_name, details, FALSE, HANDOFF_ROLE_CLIENT,
                                       FALSE),
                        NULL, 0, answered, f);
  handshaker_settle ();
}

static void
ask_about (WordsFixture *f, const char *credential, gboolean is_name)
{
  ask_with (f, f->caller, HANDOFF_ACTION_HANDSHAKE_AS_CLIENT, credential, is_name,
            new_details (NULL, NULL));
}

static HandoffCredential *
add_credential (WordsFixture *f, const char *label, guint owner)
{
  HandoffCredential *credential = test_credential_new (NULL, label, owner, "rsa");

  handshaker_add_credential (&f->base, credential);
  return credential;
}

static void
update (WordsFixture *f, guint owner)
{
  handoff_news_credentials_changed (f->base.handshakers, owner);
  handshaker_settle ();
}

/* Whose a credential is decides what polkit is asked, whatever the handshaker says. */
static void
test_credentials (WordsFixture *f, gconstpointer unused)
{
  HandoffCredential *own = add_credential (f, "own", ALICE);
  HandoffCredential *machines = add_credential (f, "machine", 0);
  HandoffCredential *bobs = add_credential (f, "bobs", BOB);
  g_autofree char *path = g_strconcat (HANDOFF_CREDENTIALS_PATH "/", bobs->id, NULL);
  g_autofree char *answer = NULL;

  update (f, 0);
  handshaker_expect (f->process->events, "credential own, credential machine");
  ask_about (f, "own", TRUE);
  ask_about (f, own->id, FALSE);
  answer = g_strdup_printf ("[2 own %s][2 own %s]", own->id, own->id);
  handshaker_expect (f->base.events, answer);
  handshaker_expect (f->base.questions, ":1.1 use-own-credential credential=own role=client, "
                                        ":1.1 use-own-credential credential=own role=client");
  g_free (answer);

  ask_about (f, "machine", TRUE);
  answer = g_strdup_printf ("[2 %s]", machines->id);
  handshaker_expect (f->base.events, answer);
  handshaker_expect (f->base.questions, ":1.1 use-any-credential credential=machine role=client");
  g_free (answer);

  /* By its id it knows those that it was told of; a label is not enough for another user's; the
   * question is the same whether there is one or not. */
  ask_about (f, bobs->id, FALSE);
  ask_about (f, "bobs", TRUE);
  ask_about (f, HANDOFF_CREDENTIALS_PATH "/none", TRUE);
  handshaker_expect (f->base.events, "[6 ][6 ][6 ]");
  handshaker_expect (f->base.questions, ":1.1 use-any-credential role=client, "
                                        ":1.1 use-any-credential role=client, "
                                        ":1.1 use-any-credential role=client");
  handshaker_expect (f->process->events, "");

  /* By its path it is had if polkit says so, and known from then on. */
  f->base.denies = TRUE;
  ask_about (f, path, TRUE);
  handshaker_expect (f->base.events, "[0 ]");
  handshaker_expect (f->process->events, "");
  f->base.denies = FALSE;
  ask_about (f, path, TRUE);
  answer = g_strdup_printf ("[2 %s]", bobs->id);
  handshaker_expect (f->base.events, answer);
  handshaker_expect (f->process->events, "credential bobs");
  handshaker_expect (f->base.questions, ":1.1 use-any-credential credential=bobs role=client, "
                                        ":1.1 use-any-credential credential=bobs role=client");
  g_hash_table_remove (f->base.credentials, bobs->id);
  update (f, BOB);
  handshaker_expect (f->process->events, "credential-gone");
}

/* A credential that goes while polkit is asked is not there afterwards. */
static void
test_credential_goes (WordsFixture *f, gconstpointer unused)
{
  HandoffCredential *own = add_credential (f, "own", ALICE);

  update (f, ALICE);
  f->base.waits = TRUE;
  ask_about (f, "own", TRUE);
  g_hash_table_remove (f->base.credentials, own->id);
  g_task_return_boolean (f->base.pending, TRUE);
  handshaker_settle ();
  g_assert_true (g_str_has_prefix (f->base.events->str, "[6 "));
}

/* The actions of handshakes, and no others; callers that there are; a path in place of a label. */
static void
test_questions (WordsFixture *f, gconstpointer unused)
{
  HandoffCredential *own = add_credential (f, "own", ALICE);
  g_autofree char *path = g_strconcat (HANDOFF_CREDENTIALS_PATH "/", own->id, NULL);

  ask_with (f, f->caller, HANDOFF_ACTION_HANDSHAKE_AS_CLIENT, "", FALSE,
            new_details ("credential", path));
  handshaker_expect (f->base.questions, ":1.1 handshake-as-client credential=own role=client");
  ask_with (f, f->caller + 100, HANDOFF_ACTION_HANDSHAKE_AS_CLIENT, "", FALSE,
            new_details (NULL, NULL));
  handshaker_expect (f->base.questions, "");
  handshaker_expect (f->base.events, "[2 ][The caller has left the bus]");

  ask_with (f, f->caller, HANDOFF_ACTION_MANAGE_ANY_CREDENTIALS, "", FALSE,
            new_details (NULL, NULL));
  g_string_assign (f->base.events, strstr (f->base.events->str, "call: "));
  words_assert_breach (f, "a question that no handshake has");
  words_again (f);
  ask_with (f, f->caller, HANDOFF_ACTION_HANDSHAKE_AS_CLIENT, "", FALSE,
            new_details ("owner", "0"));
  g_string_assign (f->base.events, strstr (f->base.events->str, "call: "));
  words_assert_breach (f, "a question that no handshake has");
  handshaker_expect (f->base.questions, "");
}

/* Who has left is asked for no more. */
static void
test_cancelled (WordsFixture *f, gconstpointer unused)
{
  f->base.waits = TRUE;
  ask_with (f, f->caller, HANDOFF_ACTION_HANDSHAKE_AS_CLIENT, "", FALSE, new_details (NULL, NULL));
  g_assert_false (g_cancellable_is_cancelled (g_task_get_cancellable (f->base.pending)));
  g_cancellable_cancel (handoff_caller_get_cancellable (f->alice));
  handoff_news_caller_left (f->base.handshakers, f->alice);
  g_assert_true (g_cancellable_is_cancelled (g_task_get_cancellable (f->base.pending)));
  g_task_return_boolean (f->base.pending, TRUE);
  handshaker_settle ();
  handshaker_expect (f->base.events, "[5 ]");
  handshaker_expect (f->process->events, "caller-gone");
}

static void
test_replies (WordsFixture *f, gconstpointer unused)
{
  g_autofree char *text = g_strnfill (HANDOFF_LARGE_VALUE_MIN_SIZE, 'x');
  g_autoptr (GVariant) large = g_variant_ref_sink (g_variant_new ("(s)", text));
  g_autoptr (GVariant) sent = NULL;
  HandoffLinkCall *call;
  int fd;

  handshaker_answer (f->process, g_variant_new ("(o)", "/ok"), FALSE);
  handshaker_settle ();
  handshaker_expect (f->base.events, "call: ('/ok',)");

  words_start_call (f, "large", "(s)");
  sent = handoff_large_value_pack (large, &fd, NULL);
  call = g_queue_pop_head (&f->process->calls);
  handoff_link_call_return (call, g_variant_new ("(vb)", sent, TRUE), &fd, 1);
  handshaker_settle ();
  g_assert_true (g_str_has_prefix (f->base.events->str, "large: ('xxxx"));
}

/* value: consumed. fd: (transfer full): -1: none */
static void
assert_no_reply (
    WordsFixture *f, const char *reply_type, GVariant *value, gboolean is_large, int fd)
{
  HandoffLinkCall *call;

  words_start_call (f, "bad", reply_type);
  call = g_queue_pop_tail (&f->process->calls);
  handoff_link_call_return (call, g_variant_new ("(vb)", value, is_large), &fd, fd >= 0 ? 1 : 0);
  handshaker_settle ();
  g_assert_true (g_str_has_prefix (f->base.events->str,
                                   "bad: The service's program tls-handoff-handshaker gave an "
                                   "answer that makes no sense, and was ended: call again, "));
  g_string_erase (f->base.events, 0, strstr (f->base.events->str, "call: ") - f->base.events->str);
  words_assert_breach (f, "a reply that is none to its method");
  words_again (f);
}

static GVariant *
nest (guint depth)
{
  GVariant *value = g_variant_new_string ("x");

  for (; depth > 0; depth--)
    value = g_variant_new_variant (value);
  return value;
}

/* Nothing gets to the bus that the bus would cut us off for, or that is not of the method's type;
 * and no descriptor that may take for ever to close. */
static void
test_bad_replies (WordsFixture *f, gconstpointer unused)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("blob", 4);

  assert_no_reply (f, "(o)", g_variant_new ("(s)", "/x"), FALSE, -1);
  assert_no_reply (f, "(o)", g_variant_new_string ("/x"), FALSE, -1);
  assert_no_reply (f, "(o)", g_variant_new ("(o)", "/x"), TRUE, -1);
  assert_no_reply (f, "(v)", g_variant_new ("(@v)", nest (40)), FALSE, -1);
  assert_no_reply (f, "(v)", g_variant_new ("(v)", g_variant_new ("ms", "x")), FALSE, -1);
  assert_no_reply (f, "(v)", g_variant_new ("(v)", g_variant_new ("()")), FALSE, -1);
  assert_no_reply (f, "(h)", g_variant_new ("(h)", 0), FALSE, dup (STDERR_FILENO));
  assert_no_reply (f, "(s)", g_variant_new_string ("(s)"), TRUE,
                   handoff_sealed_memfd_new (bytes, NULL));
}

/* ---- What it reports. ---- */

static GVariant *
new_audit (guint64 completed, guint64 caller, guint kind, const char *fields, const char *text)
{
  GVariantBuilder entries;

  g_variant_builder_init (&entries, G_VARIANT_TYPE ("a(tubss)"));
  g_variant_builder_add (&entries, "(tubss)", caller, kind, FALSE, fields, text);
  return g_variant_new ("((tttt)a(tubss))", completed, (guint64) 0, (guint64) 0, (guint64) 0,
                        &entries);
}

static void
take_record (const HandoffAuditRecord *record, gpointer user_data)
{
  WordsFixture *f = user_data;

  gsize i;

  g_string_append_printf (f->base.events, "[%u %u", record->kind,
                          handoff_caller_get_pid (record->caller));
  for (i = 0; i < record->n_fields; i++)
    g_string_append_printf (f->base.events, " %s=%s", record->fields[i].key,
                            (const char *) record->fields[i].value);
  g_string_append_printf (f->base.events, " %s]", record->text);
}

static void
test_audit (WordsFixture *f, gconstpointer unused)
{
  static const char *const bad_fields[] = {
    "HANDOFF_UID=value\n",
    "HANDOFF_ROLE=value",
    "HANDOFF_ROLE\n",
    "HANDOFF_ROLES=value\n",
    "HANDOFF=value\n",
    "HANDOFF_ROLE=value\n\n",
    /* More than an entry has. */
    ("HANDOFF_ROLE=\nHANDOFF_ROLE=\nHANDOFF_ROLE=\nHANDOFF_ROLE=\nHANDOFF_ROLE=\nHANDOFF_ROLE=\n"
     "HANDOFF_ROLE=\nHANDOFF_ROLE=\nHANDOFF_ROLE=\nHANDOFF_ROLE=\nHANDOFF_ROLE=\nHANDOFF_ROLE=\n"
     "HANDOFF_ROLE=\n"),
  };
  guint64 totals[HANDOFF_N_STATISTICS];
  guint i;

  handoff_audit_set_writer (take_record, f);
  words_say (f, HANDOFF_HANDSHAKER_AUDIT,
             new_audit (3, f->caller, HANDOFF_HANDSHAKER_ENTRY_HANDSHAKE,
                        "HANDOFF_ROLE=a\tb=c\nHANDOFF_PROTOCOL=\n", "one\ntwo"));
  handshaker_expect (f->base.events, "[2 11 HANDOFF_ROLE=a?b=c HANDOFF_PROTOCOL= one?two]");
  handoff_statistics_get_totals (f->base.support.statistics, totals);
  g_assert_cmpuint (totals[HANDOFF_STATISTIC_COMPLETED], ==, 3);
  /* Nobody's. */
  words_say (f, HANDOFF_HANDSHAKER_AUDIT,
             new_audit (4, f->caller + 9, HANDOFF_HANDSHAKER_ENTRY_HANDSHAKE,
                        "HANDOFF_ROLE=value\n", "x"));
  handshaker_expect (f->base.events, "");

  for (i = 0; i < G_N_ELEMENTS (bad_fields); i++)
    {
      words_say (f, HANDOFF_HANDSHAKER_AUDIT,
                 new_audit (5, f->caller, HANDOFF_HANDSHAKER_ENTRY_HANDSHAKE, bad_fields[i], "x"));
      words_assert_breach (f, "an entry of the log that makes no sense");
      words_again (f);
    }
  words_say (f, HANDOFF_HANDSHAKER_AUDIT,
             new_audit (5, f->caller, HANDOFF_HANDSHAKER_N_ENTRIES, "HANDOFF_ROLE=value\n", "x"));
  words_assert_breach (f, "an entry of the log that makes no sense");
  words_again (f);
  words_say (
      f, HANDOFF_HANDSHAKER_AUDIT,
      new_audit (5, f->caller, HANDOFF_HANDSHAKER_ENTRY_HANDSHAKE, "HANDOFF_ROLE=value\n", "x"));
  g_string_truncate (f->base.events, 0);
  words_say (
      f, HANDOFF_HANDSHAKER_AUDIT,
      new_audit (4, f->caller, HANDOFF_HANDSHAKER_ENTRY_HANDSHAKE, "HANDOFF_ROLE=value\n", "x"));
  words_assert_breach (f, "a report that makes no sense");
  handoff_audit_set_writer (NULL, NULL);
  handoff_statistics_get_totals (f->base.support.statistics, totals);
  g_assert_cmpuint (totals[HANDOFF_STATISTIC_COMPLETED], ==, 5 * (G_N_ELEMENTS (bad_fields) + 2));
}

/* Breaks if the service goes while its user's channels are in use, of which the broker hears
 * nothing but the entries of the log. */
static void
test_audit_keeps (WordsFixture *f, gconstpointer unused)
{
  guint i;

  handshaker_answer (f->process, g_variant_new ("(o)", "/x"), FALSE);
  handshaker_settle ();
  handshaker_expect (f->base.events, "call: ('/x',)");
  handoff_audit_set_writer (take_record, f);
  handoff_idle_timer_set_seconds (f->base.support.idle_timer, 30);
  for (i = 1; i <= 3; i++)
    {
      handshaker_pass (29 * TEST_SECOND);
      handshaker_settle ();
      words_say (f, HANDOFF_HANDSHAKER_AUDIT,
                 new_audit (i, f->caller, HANDOFF_HANDSHAKER_ENTRY_HANDSHAKE,
                            "HANDOFF_ROLE=value\n", "x"));
    }
  g_assert_cmpuint (f->base.n_idle, ==, 0);
  /* Without an entry, as when it is asked for its numbers. */
  handshaker_pass (29 * TEST_SECOND);
  words_say (
      f, HANDOFF_HANDSHAKER_AUDIT,
      g_variant_new ("((tttt)a(tubss))", (guint64) 4, (guint64) 0, (guint64) 0, (guint64) 0, NULL));
  handshaker_pass (TEST_SECOND);
  handshaker_settle ();
  g_assert_cmpuint (f->base.n_idle, ==, 1);
  handoff_audit_set_writer (NULL, NULL);
}

static void
told (gpointer user_data)
{
  g_string_append ((GString *) user_data, "[told]");
}

/* Numbers are asked for when somebody wants to see them; one that hangs is not waited for. */
static void
test_report (WordsFixture *f, gconstpointer unused)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  guint sessions = 0, workers = 0;
  guint64 completed = 0;

  words_serve (f, BOB);
  handoff_programs_ask (f->base.handshakers, told, f->base.events);
  handshaker_settle ();
  handshaker_expect (f->base.events, "[told]");
  handoff_programs_add_numbers (f->base.handshakers, f->base.support.statistics, &dict);
  g_assert_true (g_variant_dict_lookup (&dict, "sessions", "u", &sessions));
  g_assert_true (g_variant_dict_lookup (&dict, "workers", "u", &workers));
  g_assert_true (g_variant_dict_lookup (&dict, "handshakes-completed", "t", &completed));
  g_assert_cmpuint (sessions, ==, 10);
  g_assert_cmpuint (workers, ==, 14);
  g_assert_cmpuint (completed, ==, 6);
}

#define ID "0123456789abcdef0123456789abcdef"

static void
test_sessions (WordsFixture *f, gconstpointer unused)
{
  g_autoptr (HandoffCaller) other = handoff_caller_new (":1.9", ALICE, 19);
  HandoffKnownSessions *sessions;

  words_take_places (f, f->process, HANDOFF_PLACES_SESSIONS, 1);
  handshaker_expect (f->base.events, "[1]");
  sessions = words_get_handshaker (f)->sessions;
  words_say (f, HANDOFF_HANDSHAKER_SESSION_MADE, g_variant_new ("(tsb)", f->caller, ID, FALSE));
  g_assert_true (handoff_known_sessions_has (sessions, ID, f->alice));
  g_assert_false (handoff_known_sessions_has (sessions, ID, other));
  words_say (f, HANDOFF_HANDSHAKER_SESSION_GONE, g_variant_new ("(s)", ID));
  g_assert_false (handoff_known_sessions_has (sessions, ID, f->alice));
  words_say (f, HANDOFF_HANDSHAKER_SESSION_MADE, g_variant_new ("(tsb)", f->caller, ID, TRUE));
  g_assert_true (handoff_known_sessions_has (sessions, ID, other));
  handoff_news_caller_left (f->base.handshakers, f->alice);
  g_assert_true (handoff_known_sessions_has (sessions, ID, other));

  words_say (f, HANDOFF_HANDSHAKER_SESSION_MADE, g_variant_new ("(tsb)", f->caller, ID, TRUE));
  words_assert_breach (f, "a session of that name");
  words_again (f);
  words_say (f, HANDOFF_HANDSHAKER_SESSION_MADE, g_variant_new ("(tsb)", f->caller, "../x", TRUE));
  words_assert_breach (f, "a session of that name");
}

static void
sessions_changed (guint uid, gpointer user_data)
{
  guint *n_changes = user_data;

  g_assert_cmpuint (uid, ==, ALICE);
  ++*n_changes;
}

/* Breaks if who watches is not told of a session that failed while nobody called, or of one that
 * there is not. */
static void
test_session_expired (WordsFixture *f, gconstpointer unused)
{
  guint n_changes = 0;

  words_take_places (f, f->process, HANDOFF_PLACES_SESSIONS, 1);
  words_say (f, HANDOFF_HANDSHAKER_SESSION_MADE, g_variant_new ("(tsb)", f->caller, ID, FALSE));
  f->base.support.sessions_changed = sessions_changed;
  f->base.support.sessions_changed_data = &n_changes;
  words_say (f, HANDOFF_HANDSHAKER_SESSION_EXPIRED, g_variant_new ("(s)", "another"));
  g_assert_cmpuint (n_changes, ==, 0);
  words_say (f, HANDOFF_HANDSHAKER_SESSION_EXPIRED, g_variant_new ("(s)", ID));
  g_assert_cmpuint (n_changes, ==, 1);
  f->base.support.sessions_changed = NULL;
}

static void
opened (int fd, GVariant *encapsulated_key, const GError *error, gpointer user_data)
{
  WordsFixture *f = user_data;

  g_string_append (f->base.events, error != NULL ? "[none]" : "[open]");
  if (fd >= 0)
    close (fd);
}

static void
open_channel (WordsFixture *f)
{
  static const guint8 key[HANDOFF_RECIPIENT_KEY_BYTES];
  HandoffPlace *place = handoff_quota_take (f->base.support.channels, ALICE, 1, 1, NULL);

  g_assert_nonnull (place);
  handoff_handshaker_open_channel (
      words_get_handshaker (f), f->alice,
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, key, sizeof key, 1), place, opened, f);
  handshaker_settle ();
}

/* A channel counts until nothing is left of it, or of its process. */
static void
test_channels (WordsFixture *f, gconstpointer unused)
{
  open_channel (f);
  handshaker_expect (f->base.events, "[open]");
  g_assert_cmpuint (handoff_quota_get_total (f->base.support.channels), ==, 1);
  words_say (f, HANDOFF_HANDSHAKER_CHANNEL_OVER, g_variant_new ("(t)", f->process->last_channel));
  g_assert_cmpuint (handoff_quota_get_total (f->base.support.channels), ==, 0);
  open_channel (f);
  handshaker_expect (f->base.events, "[open]");
  words_say (f, HANDOFF_HANDSHAKER_CHANNEL_OVER, g_variant_new ("(t)", (guint64) 1 << 60));
  g_assert_cmpuint (handoff_quota_get_total (f->base.support.channels), ==, 1);
  handshaker_die (f->process);
  g_string_truncate (handshaker_log, 0);
  g_assert_cmpuint (handoff_quota_get_total (f->base.support.channels), ==, 0);
}

/* Breaks, for an hour, if the broker itself closes the end of a channel that was refused: what the
 * handshaker has sent on it is closed with it, and may take its time. */
static void
test_channel_refused (WordsFixture *f, gconstpointer unused)
{
  int ends[2];

  unclosable_make_lingering (ends);
  f->process->gift = ends[0];
  open_channel (f);
  handshaker_expect (f->base.events, "[none]");
  g_assert_cmpuint (handoff_quota_get_total (f->base.support.channels), ==, 0);
  close (ends[1]);
}

static void
add (const char *name, void (*test) (WordsFixture *f, gconstpointer unused))
{
  g_autofree char *path = g_strconcat ("/handshaker-words/", name, NULL);

  g_test_add (path, WordsFixture, NULL, words_set_up, test, words_tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add ("credentials", test_credentials);
  add ("credential-goes", test_credential_goes);
  add ("questions", test_questions);
  add ("cancelled", test_cancelled);
  add ("replies", test_replies);
  add ("bad-replies", test_bad_replies);
  add ("audit", test_audit);
  add ("audit-keeps", test_audit_keeps);
  add ("report", test_report);
  add ("sessions", test_sessions);
  add ("session-expired", test_session_expired);
  add ("channels", test_channels);
  add ("channel-refused", test_channel_refused);
  return g_test_run ();
}
