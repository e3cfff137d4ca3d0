/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gstdio.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <unistd.h>

#include "key/gnutls-support.h"
#include "offer.h"
#include "support/policy-fixture.h"

/* What the service offers and accepts, against the texts of gnutls-VERSION/; with --write, writes
 * these instead. Each policy is a configuration file that the service reads. */

#define REWRITE "meson compile -C build rewrite-snapshots"

typedef struct
{
  const char *name;
  const char *path;              /* below the source tree */
  void (*edit) (char **content); /* (nullable): makes the configuration of the file */
  gboolean is_known;             /* it must be the same as one before with that name */
} Policy;

typedef struct
{
  const char *minimum;
  const char *maximum;
} Range;

typedef struct
{
  const Policy *policy;
  const Range *range;
  HandoffRole role;
} Case;

/* The example of the manual: the indented lines below its heading. */
static void
take_example (char **content)
{
  const char *example = strstr (*content, "\nEXAMPLE\n");
  const char *end = strstr (*content, "\nSEE ALSO\n");
  g_autoptr (GString) lines = g_string_new (NULL);
  g_autofree char *section = NULL;
  g_auto (GStrv) split = NULL;

  g_assert_true (example != NULL && end > example);
  section = g_strndup (example, (gsize) (end - example));
  split = g_strsplit (section, "\n", -1);
  for (guint i = 0; split[i] != NULL; i++)
    {
      if (g_str_has_prefix (split[i], "  "))
        g_string_append_printf (lines, "%s\n", split[i] + 2);
    }
  g_free (*content);
  *content = g_strdup (lines->str);
}

/* What the file says in comments to be the defaults, said aloud. */
static void
uncomment (char **content)
{
  g_autoptr (GRegex) comment =
      g_regex_new ("^#(?=[A-Z]\\w+=|\\[Module )", G_REGEX_MULTILINE, 0, NULL);
  char *edited = g_regex_replace (comment, *content, -1, 0, "", 0, NULL);

  g_assert_cmpstr (edited, !=, *content);
  g_free (*content);
  *content = edited;
}

static const Policy policies[] = {
  { "default", "data/tls-handoffd.conf", NULL, FALSE },
  { "default", "data/tls-handoffd.conf", uncomment, TRUE },
  { "manual", "data/man/tls-handoffd.conf.5.rst", take_example, FALSE },
  { "legacy", "tests/snapshots/policies/legacy.conf", NULL, FALSE },
  { "no-resumption", "tests/snapshots/policies/no-resumption.conf", NULL, FALSE },
};

static const Range ranges[] = {
  { "TLS1.2", "TLS1.3" },
  { "TLS1.2", "TLS1.2" },
  { "TLS1.3", "TLS1.3" },
};

static HandoffTlsPolicy *
policy_new (const Policy *self)
{
  g_autofree char *path = g_build_filename (g_getenv ("G_TEST_SRCDIR"), "..", self->path, NULL);
  g_autofree char *content = NULL;
  g_autofree char *whole = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &content, NULL, &error);
  g_assert_no_error (error);
  if (self->edit != NULL)
    self->edit (&content);
  /* Of what is said twice, the last counts. */
  whole = g_strdup_printf ("%s\n[TLS]\nTrustFile=%s/ca.pem\n", content,
                           g_getenv ("HANDOFF_TEST_CERTS"));
  return test_policy_new (whole);
}

static const char *
role_name (HandoffRole role)
{
  return role == HANDOFF_ROLE_CLIENT ? "client" : "server";
}

/* version: the one that the text is to name */
static char *
make_text (const Case *self, const char *version)
{
  g_autoptr (HandoffTlsPolicy) policy = policy_new (self->policy);
  g_autofree char *body = self->role == HANDOFF_ROLE_CLIENT
                              ? client_offer (policy, self->range->minimum, self->range->maximum)
                              : server_offer (policy, self->range->minimum, self->range->maximum);

  return g_strdup_printf ("# SPDX-License-Identifier: LGPL-2.1-or-later\n"
                          "# SPDX-FileCopyrightText: The TLS Handoff developers\n"
                          "# What the service says as a %s: policy \"%s\", %s to %s, GnuTLS %s.\n"
                          "# Written by \"" REWRITE "\".\n\n%s",
                          role_name (self->role), self->policy->name, self->range->minimum,
                          self->range->maximum, version, body);
}

static char *
case_file (const Case *self)
{
  return g_strdup_printf ("%s-%s-%s-%s.txt", self->policy->name, role_name (self->role),
                          self->range->minimum, self->range->maximum);
}

static char *
folder_of (const char *version)
{
  g_autofree char *name = g_strconcat ("gnutls-", version, NULL);

  return g_build_filename (g_getenv ("G_TEST_SRCDIR"), "snapshots", name, NULL);
}

/* (transfer full) (nullable): the version whose texts are there, and which comes last by number */
static char *
last_version (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("G_TEST_SRCDIR"), "snapshots", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  g_autofree char *last = NULL;
  g_autofree char *last_key = NULL;
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *key = g_utf8_collate_key_for_filename (name, -1);

      if (!g_str_has_prefix (name, "gnutls-") || (last_key != NULL && strcmp (key, last_key) < 0))
        continue;
      g_free (last);
      last = g_strdup (name + strlen ("gnutls-"));
      g_free (last_key);
      last_key = g_steal_pointer (&key);
    }
  return g_steal_pointer (&last);
}

static void
show_difference (const char *expected_path, const char *text)
{
  g_autofree char *file = NULL;
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  const char *arguments[] = { "diff", "-u",          "--label", "expected", "--label",
                              "now",  expected_path, NULL,      NULL };

  close (g_file_open_tmp ("handoff-XXXXXX.txt", &file, &error));
  g_assert_no_error (error);
  g_file_set_contents (file, text, -1, &error);
  g_assert_no_error (error);
  arguments[7] = file;
  g_spawn_sync (NULL, (char **) arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL,
                NULL, &error);
  g_assert_no_error (error);
  g_unlink (file);
  /* Meson shows this of a test that fails, but not what goes to standard output. */
  g_printerr ("%s", output);
}

/* Breaks if the service offers, prefers or accepts another thing than the text says: by a change of
 * the policy, of its defaults, or of what the handshake sets. If it shall, rewrite the texts, and
 * look at what differs before it is committed. */
static void
test_compare (gconstpointer data)
{
  const Case *self = data;
  const char *version = gnutls_check_version (NULL);
  g_autofree char *folder = folder_of (version);
  gboolean is_own = g_file_test (folder, G_FILE_TEST_IS_DIR);
  g_autofree char *expected_version = is_own ? g_strdup (version) : last_version ();
  g_autofree char *expected_folder = folder_of (expected_version);
  g_autofree char *file = case_file (self);
  g_autofree char *path = g_build_filename (expected_folder, file, NULL);
  g_autofree char *text = NULL;
  g_autofree char *expected = NULL;
  g_autoptr (GError) error = NULL;

  if (gnutls_fips140_mode_enabled ())
    {
      g_test_skip ("In FIPS mode, GnuTLS offers less");
      return;
    }
  text = make_text (self, expected_version);
  g_file_get_contents (path, &expected, NULL, &error);
  g_assert_no_error (error);
  if (g_strcmp0 (text, expected) == 0)
    return;
  show_difference (path, text);
  if (is_own)
    {
      g_printerr ("That is not what %s says. If the change is intended: " REWRITE "\n\n", path);
      g_test_fail ();
    }
  else
    {
      g_autofree char *reason = g_strdup_printf (
          "There are no snapshots for GnuTLS %s: what differs from %s is above. To "
          "write them: " REWRITE,
          version, expected_version);

      g_test_skip (reason);
    }
}

/* Breaks if texts stay behind that no case is compared with. */
static void
test_nothing_left_over (gconstpointer data)
{
  const GPtrArray *cases = data;
  g_autoptr (GHashTable) files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *version = last_version ();
  g_autofree char *folder = folder_of (version);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  for (guint i = 0; i < cases->len; i++)
    g_hash_table_add (files, case_file (g_ptr_array_index (cases, i)));
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      if (!g_hash_table_contains (files, name))
        g_error ("%s/%s is compared with nothing: remove it", folder, name);
    }
}

static void
write_text (const Case *self)
{
  const char *version = gnutls_check_version (NULL);
  g_autofree char *folder = folder_of (version);
  g_autofree char *file = case_file (self);
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autofree char *text = make_text (self, version);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  static const HandoffRole roles[] = { HANDOFF_ROLE_CLIENT, HANDOFF_ROLE_SERVER };
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func (g_free);
  gboolean write = argc > 1 && g_str_equal (argv[1], "--write");

  handoff_gnutls_wipe_freed_memory ();
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (policies); i++)
    {
      for (gsize j = 0; j < G_N_ELEMENTS (roles); j++)
        {
          for (gsize k = 0; k < G_N_ELEMENTS (ranges); k++)
            {
              Case *item = g_new0 (Case, 1);
              g_autofree char *path =
                  g_strdup_printf ("/snapshots/%s%s/%s/%s-%s", policies[i].name,
                                   policies[i].is_known ? "-written-out" : "", role_name (roles[j]),
                                   ranges[k].minimum, ranges[k].maximum);

              *item = (Case){ &policies[i], &ranges[k], roles[j] };
              g_ptr_array_add (cases, item);
              if (!write)
                g_test_add_data_func (path, item, test_compare);
              else if (!policies[i].is_known)
                write_text (item);
            }
        }
    }
  if (write)
    return 0;
  g_test_add_data_func ("/snapshots/nothing-left-over", cases, test_nothing_left_over);
  return g_test_run ();
}
