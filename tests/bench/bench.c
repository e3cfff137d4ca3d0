/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "bench.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define TRUST_STORE "/etc/ssl/certs/ca-certificates.crt"

static void
usage (const char *program, const BenchOption *options)
{
  g_printerr ("usage: system-run BUILD %s [--quick]", program);
  for (; options->name != NULL; options++)
    g_printerr (" [%s %s]", options->name, options->help);
  g_printerr ("\n");
  exit (2);
}

void
bench_init (int argc, char **argv, gboolean *quick, const BenchOption *options)
{
  int i;

  if (g_getenv ("HANDOFF_TEST_SYSTEM") == NULL)
    g_error ("run this through tests/lib/system-run (see tests/README.md)");
  signal (SIGPIPE, SIG_IGN);

  for (i = 1; i < argc; i++)
    {
      const BenchOption *option = options;
      guint64 number = 0; /* usage() does not return */

      if (g_str_equal (argv[i], "--quick"))
        {
          *quick = TRUE;
          continue;
        }
      while (option->name != NULL && !g_str_equal (argv[i], option->name))
        option++;
      if (option->name == NULL || i + 1 == argc ||
          !g_ascii_string_to_unsigned (argv[i + 1], 10, 0, 1000000, &number, NULL))
        usage (argv[0], options);
      *option->value = (int) number;
      i++;
    }
}

guint
bench_trust_store_add_ca (void)
{
  g_autofree char *path = test_cert_path ("ca.pem");
  g_autofree char *store = NULL;
  g_autofree char *ca = NULL;
  g_autofree char *both = NULL;
  g_autoptr (GError) error = NULL;
  const char *place;
  guint n = 0;

  g_file_get_contents (TRUST_STORE, &store, NULL, &error);
  g_assert_no_error (error);
  g_file_get_contents (path, &ca, NULL, &error);
  g_assert_no_error (error);
  both = g_strconcat (store, ca, NULL);
  g_file_set_contents_full (TRUST_STORE, both, -1, G_FILE_SET_CONTENTS_NONE, 0644, &error);
  g_assert_no_error (error);

  for (place = both; (place = strstr (place, "-----BEGIN")) != NULL; place++)
    n++;
  return n;
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

double
bench_median (GArray *values)
{
  guint middle = values->len / 2;

  g_assert_cmpuint (values->len, >, 0);
  g_array_sort (values, compare_doubles);
  if (values->len % 2 == 1)
    return g_array_index (values, double, middle);
  return (g_array_index (values, double, middle - 1) + g_array_index (values, double, middle)) / 2;
}
