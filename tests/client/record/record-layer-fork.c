/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A record layer that two processes have after a fork: the keys must not protect two records with
 * one number. */

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "support/record-test-fixture.h"

static const RecordTestConfig tls13_client = { 0x0304, HANDOFF_NONCE_XOR, HANDOFF_ROLE_CLIENT };
static const RecordTestConfig tls12_server = { 0x0303, HANDOFF_NONCE_EXPLICIT,
                                               HANDOFF_ROLE_SERVER };

/* Records of text, or NULL with an error. */
static GBytes *
protect (RecordFixture *f, const char *text, GError **error)
{
  g_autoptr (GBytes) data = g_bytes_new_static (text, strlen (text));

  return tls_handoff_record_layer_protect_bytes (f->layer, data, error);
}

static void
assert_is_elsewhere (RecordFixture *f)
{
  g_autoptr (GBytes) output = NULL;
  g_autoptr (TlsHandoffImportKey) key = tls_handoff_import_key_new (NULL);
  g_autoptr (GBytes) public_key = tls_handoff_import_key_dup_public_key (key);
  g_autoptr (GError) error = NULL;

  g_assert_null (protect (f, "no", &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_cmpint (tls_handoff_record_layer_export (f->layer, public_key, NULL, NULL, &error), ==,
                   -1);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_false (tls_handoff_record_layer_close (f->layer, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED);
  output = tls_handoff_record_layer_take_output (f->layer);
  g_assert_null (output);
}

/* What function writes to fd, in a child. */
static GBytes *
run_in_child (RecordFixture *f, void (*function) (RecordFixture *f, int fd))
{
  guint8 written[1024];
  gssize size;
  int fds[2];
  int status;
  pid_t child;

  g_assert_cmpint (pipe (fds), ==, 0);
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      function (f, fds[1]);
      _exit (0);
    }

  close (fds[1]);
  size = read (fds[0], written, sizeof written);
  g_assert_cmpint (size, >=, 0);
  close (fds[0]);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
  return g_bytes_new (written, (gsize) size);
}

static void
send_from_child (RecordFixture *f, int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) records = protect (f, "from the child", &error);
  gsize size;
  gconstpointer data;

  g_assert_no_error (error);
  data = g_bytes_get_data (records, &size);
  g_assert_cmpint (write (fd, data, size), ==, size);
}

/* Breaks if the parent can send a record with the number of the child's. */
static void
test_child_sends (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GBytes) before = protect (f, "before", NULL);
  g_autoptr (GBytes) records = run_in_child (f, send_from_child);
  gsize size;
  const guint8 *bytes = g_bytes_get_data (before, &size);

  record_fixture_assert_record (f, &bytes, &size, RECORD_DATA, "before", 6);
  bytes = g_bytes_get_data (records, &size);
  record_fixture_assert_record (f, &bytes, &size, RECORD_DATA, "from the child", 14);
  assert_is_elsewhere (f);
}

/* Breaks if one process cannot read because the other writes: a child that does one of them. */
static void
test_parent_reads (RecordFixture *f, gconstpointer data)
{
  G_GNUC_UNUSED g_autoptr (GBytes) records = run_in_child (f, send_from_child);

  record_fixture_seal (f, RECORD_DATA, "one", 3);
  record_fixture_assert_reads (f, "one");
}

static void
close_in_child (RecordFixture *f, int fd)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (tls_handoff_record_layer_close (f->layer, &error));
}

/* Breaks if a child that lets go of its copy sends a close_notify with the number of a record of
 * the parent's. */
static void
test_child_closes (RecordFixture *f, gconstpointer data)
{
  G_GNUC_UNUSED g_autoptr (GBytes) nothing = run_in_child (f, close_in_child);

  assert_is_elsewhere (f);
}

static void
export_in_child (RecordFixture *f, int fd)
{
  g_autoptr (TlsHandoffImportKey) key = tls_handoff_import_key_new (NULL);
  g_autoptr (GBytes) public_key = tls_handoff_import_key_dup_public_key (key);

  g_assert_cmpint (tls_handoff_record_layer_export (f->layer, public_key, NULL, NULL, NULL), >=, 0);
}

/* Breaks if one connection can be handed on twice. */
static void
test_child_exports (RecordFixture *f, gconstpointer data)
{
  G_GNUC_UNUSED g_autoptr (GBytes) nothing = run_in_child (f, export_in_child);

  assert_is_elsewhere (f);
}

static void
do_nothing (RecordFixture *f, int fd)
{
}

/* Breaks if a child that does nothing, as most do, ends its parent's connection. */
static void
test_idle_child (RecordFixture *f, gconstpointer data)
{
  G_GNUC_UNUSED g_autoptr (GBytes) nothing = run_in_child (f, do_nothing);
  g_autoptr (GBytes) records = NULL;
  g_autoptr (GError) error = NULL;

  records = protect (f, "in the parent", &error);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func)                                                                            \
  record_fixture_add ("/record-layer-fork/tls13/" name, &tls13_client, func);                      \
  record_fixture_add ("/record-layer-fork/tls12/" name, &tls12_server, func)
  ADD ("child-sends", test_child_sends);
  ADD ("parent-reads", test_parent_reads);
  ADD ("child-closes", test_child_closes);
  ADD ("child-exports", test_child_exports);
  ADD ("idle-child", test_idle_child);
  return g_test_run ();
}
