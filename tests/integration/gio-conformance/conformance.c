/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Runs one case against the backend that $GIO_USE_TLS names, in a process of its own, and prints
 * what it sees; compare.py runs all of them against two backends.
 *
 *   gio-conformance --list
 *   gio-conformance CASE */

#include <gio/gio.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "observe.h"

/* A case that hangs ends by the signal. */
#define TIMEOUT_SECONDS 60

static const struct
{
  const char *name;
  const ConformanceCase *cases;
} topics[] = {
  { "alpn", alpn_cases },
  { "backend", backend_cases },
  { "base-streams", base_stream_cases },
  { "binding", binding_cases },
  { "cancellation", cancellation_cases },
  { "certificates", certificate_cases },
  { "closing", closing_cases },
  { "database", database_cases },
  { "errors", error_cases },
  { "handshake", handshake_cases },
  { "identity", identity_cases },
  { "interaction", interaction_cases },
  { "properties", property_cases },
  { "server", server_cases },
  { "session", session_cases },
  { "socket-client", socket_client_cases },
  { "streams", stream_cases },
  { "threads", thread_cases },
  { "timeouts", timeout_cases },
  { "trust", trust_cases },
};

static void
list (void)
{
  const ConformanceCase *one;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (topics); i++)
    for (one = topics[i].cases; one->name != NULL; one++)
      printf ("%s/%s\n", topics[i].name, one->name);
}

/* Warnings are part of what a case sees: to which domain they belong is not. */
static GLogWriterOutput
log_cb (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING))
    observe ("%s in the log", level & G_LOG_LEVEL_WARNING    ? "a warning"
                              : level & G_LOG_LEVEL_CRITICAL ? "a critical warning"
                                                             : "an error");
  return g_log_writer_default (level, fields, n_fields, data);
}

static const ConformanceCase *
find (const char *name)
{
  const ConformanceCase *one;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (topics); i++)
    for (one = topics[i].cases; one->name != NULL; one++)
      {
        g_autofree char *full = g_strdup_printf ("%s/%s", topics[i].name, one->name);

        if (g_str_equal (full, name))
          return one;
      }
  return NULL;
}

int
main (int argc, char *argv[])
{
  const ConformanceCase *wanted;

  setlocale (LC_ALL, "C.UTF-8");
  if (argc == 2 && g_str_equal (argv[1], "--list"))
    {
      list ();
      return EXIT_SUCCESS;
    }
  wanted = argc == 2 ? find (argv[1]) : NULL;
  if (wanted == NULL)
    {
      fprintf (stderr, "usage: %s --list | CASE\n", argv[0]);
      return EXIT_FAILURE;
    }

  g_log_set_writer_func (log_cb, NULL, NULL);
  alarm (TIMEOUT_SECONDS);
  wanted->run ();
  return EXIT_SUCCESS;
}
