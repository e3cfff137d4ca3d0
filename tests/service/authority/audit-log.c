/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What the users are shown of the audit log. */

#include "config.h"

#include "authority/audit-log.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/test-clock.h"

static void
add_of (HandoffAuditLog *log, guint uid, const char *identity, const char *text)
{
  g_autoptr (HandoffCaller) caller = handoff_caller_new (":1.7", uid, 77);
  const GLogField fields[] = { { "HANDOFF_SERVER_IDENTITY", identity, -1 },
                               { "HANDOFF_CREDENTIAL", identity, -1 },
                               { "HANDOFF_OUTCOME", identity, -1 },
                               { "PRIORITY", "6", -1 } };
  const HandoffAuditRecord record = { HANDOFF_AUDIT_HANDSHAKE, caller, FALSE, fields,
                                      G_N_ELEMENTS (fields),   text };

  handoff_audit_log_add (log, &record);
}

static void
add (HandoffAuditLog *log, guint uid, const char *text)
{
  add_of (log, uid, "a.example", text);
}

/* The texts, joined. uid: 0 for all. (transfer full) */
static char *
list (HandoffAuditLog *log, guint uid, guint64 after, guint maximum)
{
  g_autoptr (GVariant) entries =
      g_variant_ref_sink (handoff_audit_log_list (log, uid != 0 ? &uid : NULL, after, maximum));
  GString *texts = g_string_new (NULL);
  gsize i;

  for (i = 0; i < g_variant_n_children (entries); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);
      const char *text, *identity;
      guint32 owner;

      g_assert_true (g_variant_lookup (entry, "message", "&s", &text));
      g_assert_true (g_variant_lookup (entry, "server-identity", "&s", &identity));
      g_assert_cmpstr (identity, ==, "a.example");
      g_assert_true (g_variant_lookup (entry, "uid", "u", &owner));
      g_assert_true (uid == 0 || owner == uid);
      g_assert_false (g_variant_lookup (entry, "priority", "&s", &text));
      g_string_append_printf (texts, "%s ", text);
    }
  return g_string_free (texts, FALSE);
}

static void
assert_list (HandoffAuditLog *log, guint uid, guint maximum, const char *expected)
{
  g_autofree char *texts = list (log, uid, 0, maximum);

  g_assert_cmpstr (texts, ==, expected);
}

/* Breaks if a user is shown another's entries, if a page has more than was asked for, or if the
 * next page misses or repeats any. */
static void
test_list (void)
{
  g_autoptr (HandoffAuditLog) log = handoff_audit_log_new (NULL);
  guint uid = 1000;
  g_autoptr (GVariant) page = NULL;
  g_autoptr (GVariant) first = NULL;
  g_autofree char *rest = NULL;
  guint64 number;

  add (log, 1000, "one");
  add (log, 1001, "two");
  add (log, 1000, "three");
  assert_list (log, 1000, 100, "one three ");
  assert_list (log, 1001, 100, "two ");
  assert_list (log, 1002, 100, "");
  assert_list (log, 0, 100, "one two three ");
  assert_list (log, 0, 2, "one two ");
  page = g_variant_ref_sink (handoff_audit_log_list (log, &uid, 0, 1));
  first = g_variant_get_child_value (page, 0);
  g_assert_true (g_variant_lookup (first, "number", "t", &number));
  rest = list (log, 0, number, 100);
  g_assert_cmpstr (rest, ==, "two three ");
}

/* Breaks if a busy user, or many users, make the log grow without end, or push others out who are
 * not the quietest. */
static void
test_limits (void)
{
  g_autoptr (HandoffAuditLog) log = handoff_audit_log_new (NULL);
  g_autoptr (GVariant) all = NULL;
  guint i;

  add (log, 1, "quiet");
  add (log, 2, "next");
  for (i = 0; i < 2 * HANDOFF_AUDIT_LOG_PER_USER; i++)
    add (log, 3, "much");
  for (i = 4; i <= HANDOFF_AUDIT_LOG_USERS + 1; i++)
    add (log, i, "other");
  assert_list (log, 1, 100, "");
  assert_list (log, 2, 100, "next ");
  all = g_variant_ref_sink (handoff_audit_log_list (log, NULL, 0, G_MAXUINT));
  g_assert_cmpuint (g_variant_n_children (all), ==,
                    HANDOFF_AUDIT_LOG_PER_USER + HANDOFF_AUDIT_LOG_USERS - 1);
}

/* Breaks if somebody who decides what an entry says makes the service, or whoever reads the log,
 * keep more than a user may have; or if a text that is cut in the middle of a character is none. */
static void
test_size (void)
{
  g_autoptr (HandoffAuditLog) log = handoff_audit_log_new (NULL);
  g_autofree char *much = g_strnfill (64 * 1024, 'x');
  g_autoptr (GVariant) list = NULL;
  g_autoptr (GVariant) last = NULL;
  const char *text;
  gsize size;
  guint i, uid = 1;

  /* Of two bytes each, from an odd place on: neither limit is between two characters. */
  for (i = 1; i + 1 < 64 * 1024; i += 2)
    memcpy (much + i, "\u00e9", 2);
  add (log, 2, "other");
  for (i = 0; i < 2 * HANDOFF_AUDIT_LOG_PER_USER; i++)
    add_of (log, 1, much, much);
  list = g_variant_ref_sink (handoff_audit_log_list (log, &uid, 0, G_MAXUINT));
  size = g_variant_get_size (list);
  g_assert_cmpuint (size, <, HANDOFF_AUDIT_LOG_SIZE_PER_USER + 16 * 1024);
  g_assert_cmpuint (size, >, HANDOFF_AUDIT_LOG_SIZE_PER_USER / 2);
  last = g_variant_get_child_value (list, g_variant_n_children (list) - 1);
  for (i = 0; i < 2; i++)
    {
      g_assert_true (g_variant_lookup (last, i == 0 ? "message" : "server-identity", "&s", &text));
      g_assert_true (g_utf8_validate (text, -1, NULL));
      g_assert_cmpuint (strlen (text), <, 1100);
    }
  assert_list (log, 2, 100, "other ");
}

static void
assert_left_aside (const char *path)
{
  g_autoptr (HandoffAuditLog) log = handoff_audit_log_new (path);

  assert_list (log, 0, 100, "");
}

/* Breaks if the entries end with the service, if others can read them, or if a damaged file, or
 * what is none of ours, is believed, or keeps the service from starting. */
static void
test_file (void)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "audit-log-XXXXXX", NULL);
  const int fd = g_mkstemp (path);
  GStatBuf status;
  guint i;

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_assert_cmpint (g_unlink (path), ==, 0);
  for (i = 0; i < 2; i++)
    {
      g_autoptr (HandoffAuditLog) log = handoff_audit_log_new (path);

      assert_list (log, 1000, 100, i == 0 ? "" : "0 ");
      add (log, 1000, i == 0 ? "0" : "1");
      handoff_audit_log_save (log);
    }
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);
  {
    g_autoptr (HandoffAuditLog) log = handoff_audit_log_new (path);

    assert_list (log, 1000, 100, "0 1 ");
  }
  g_assert_true (g_file_set_contents (path, "\xff\xff\xff\xff\xff", -1, NULL));
  assert_left_aside (path);
  g_assert_cmpint (truncate (path, G_MAXINT32), ==, 0);
  assert_left_aside (path);
  g_unlink (path);
  /* To open it would wait for a writer, and the service with it. */
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  assert_left_aside (path);
  g_unlink (path);
}

/* Breaks if one of two services loses what the other one writes, or writes an entry of both twice.
 */
static void
test_two (void)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "audit-log-XXXXXX", NULL);
  const int fd = g_mkstemp (path);
  guint i;

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  for (i = 0; i < 2; i++)
    {
      g_autoptr (HandoffAuditLog) before = NULL;
      g_autoptr (HandoffAuditLog) earlier = NULL;
      g_autoptr (HandoffAuditLog) later = NULL;
      g_autoptr (HandoffAuditLog) last = NULL;

      g_assert_cmpint (g_unlink (path), ==, 0);
      before = handoff_audit_log_new (path);
      add (before, 1000, "both");
      handoff_audit_log_save (before);
      earlier = handoff_audit_log_new (path);
      add (earlier, 1001, "earlier");
      later = handoff_audit_log_new (path);
      add (later, 1000, "later");
      add (earlier, 1001, "end");
      handoff_audit_log_save (i == 0 ? earlier : later);
      handoff_audit_log_save (i == 0 ? later : earlier);
      last = handoff_audit_log_new (path);
      assert_list (last, 0, 100, "both earlier later end ");
    }
  g_unlink (path);
}

/* Breaks if what two services wrote at the same microsecond, of two users, is not read again. */
static void
test_same_time (void)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "audit-log-XXXXXX", NULL);
  const int fd = g_mkstemp (path);
  g_autoptr (HandoffAuditLog) earlier = NULL;
  g_autoptr (HandoffAuditLog) later = NULL;
  g_autoptr (HandoffAuditLog) last = NULL;

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_assert_cmpint (g_unlink (path), ==, 0);
  test_clock_install ();
  earlier = handoff_audit_log_new (path);
  later = handoff_audit_log_new (path);
  add (earlier, 1001, "earlier");
  add (later, 1000, "later");
  handoff_audit_log_save (earlier);
  handoff_audit_log_save (later);
  last = handoff_audit_log_new (path);
  assert_list (last, 0, 100, "later earlier ");
  test_clock_uninstall ();
  g_unlink (path);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/audit-log/list", test_list);
  g_test_add_func ("/audit-log/limits", test_limits);
  g_test_add_func ("/audit-log/size", test_size);
  g_test_add_func ("/audit-log/file", test_file);
  g_test_add_func ("/audit-log/two", test_two);
  g_test_add_func ("/audit-log/same-time", test_same_time);
  return g_test_run ();
}
