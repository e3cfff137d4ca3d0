/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "process/process.h"

#include <signal.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "process/child.h"
#include "process/program-end.h"
#include "work/clock.h"
#include "work/descriptor-reaper.h"

/* Modes: running; ended, when the link has; let go, when the owner has freed it: it then waits for
 * the process to end. When both have ended, the journal is told, unless that was asked for. */
struct _HandoffProcess
{
  char *name; /* (owned) */
  char *task; /* (owned) (nullable) */
  pid_t pid;
  gint64 start_time;                     /* monotonic, microseconds */
  HandoffChild *child;                   /* (owned) (nullable): NULL: it has ended */
  HandoffLink *link;                     /* (owned) (nullable): NULL: let go */
  const HandoffLinkFunctions *functions; /* (unowned) */
  gpointer user_data;                    /* (unowned) */
  HandoffRestarts *restarts;             /* (unowned) (nullable) */
  gboolean is_killed;                    /* by us: no news for the journal */
  gboolean has_ended;                    /* the link has, and nobody had let it go */
  guint uid;                             /* whom it worked for, once the link has ended */
  char *fault;                           /* (owned) (nullable): what it was ended for */
  gboolean broke_rules;                  /* likewise */
  char *how;  /* (owned) (nullable): how the process ended: once it has */
  int status; /* likewise: see child.h */
};

/* What the programs get of the broker's environment: nothing that makes a library load code, write
 * files or log secrets, as GnuTLS does for SSLKEYLOGFILE. */
static const char *const kept_variables[] = {
  "LANG",
  "LANGUAGE",
  "LC_ALL",
  "LC_CTYPE",
  "LC_MESSAGES",
  "LC_TIME",
  "TZ",
  "G_DEBUG",
  "ASAN_OPTIONS",
  "LSAN_OPTIONS",
  "UBSAN_OPTIONS",
  "TSAN_OPTIONS",
  "G_MESSAGES_DEBUG",
  "GNUTLS_SYSTEM_PRIORITY_FILE",
  "GNUTLS_FORCE_FIPS_MODE",
  "GNUTLS_CPUID_OVERRIDE",
};

/* (transfer full) */
static char **
make_environment (gboolean keeps_all)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  gsize i;

  if (keeps_all)
    return g_get_environ ();
  for (i = 0; i < G_N_ELEMENTS (kept_variables); i++)
    {
      const char *value = g_getenv (kept_variables[i]);
      g_autofree char *line = NULL;

      if (value == NULL)
        continue;
      line = g_strdup_printf ("%s=%s", kept_variables[i], value);
      g_strv_builder_add (builder, line);
    }
  return g_strv_builder_end (builder);
}

/* (transfer full): with its name as the first */
static char **
make_arguments (const HandoffProgram *program)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add (builder, program->name);
  if (program->arguments != NULL)
    g_strv_builder_addv (builder, (const char **) program->arguments);
  return g_strv_builder_end (builder);
}

static void
destroy (HandoffProcess *self)
{
  g_clear_pointer (&self->child, handoff_child_free);
  g_free (self->name);
  g_free (self->task);
  g_free (self->fault);
  g_free (self->how);
  g_free (self);
}

/* Whether it ended as it was told to. One that was let go may end by itself before it is killed,
 * since its link has ended. */
static gboolean
was_asked (HandoffProcess *self)
{
  if (self->has_ended || self->fault != NULL)
    return FALSE;
  return self->status >= 0 || (self->is_killed && self->status == -SIGKILL);
}

/* Process and link have ended. */
static void
tell (HandoffProcess *self)
{
  const HandoffProgramEnd end = {
    .name = self->name,
    .task = self->task,
    .pid = self->pid,
    .uid = self->uid,
    .broke_rules = self->broke_rules || self->status == -SIGSYS,
    .why = self->fault != NULL ? self->fault : self->how,
  };

  if (was_asked (self))
    g_debug ("%s (process %d) %s", self->name, (int) self->pid, self->how);
  else
    handoff_program_end_log (&end);
}

/* The link learns of the end by itself, after what the program has said last. */
static void
child_ended (const char *how, int status, gpointer user_data)
{
  HandoffProcess *self = user_data;

  self->how = g_strdup (how);
  self->status = status;
  g_clear_pointer (&self->child, handoff_child_free);
  if (self->link == NULL || self->has_ended)
    tell (self);
  if (self->link == NULL)
    destroy (self);
}

static void
note_link (HandoffProcess *self)
{
  const char *fault = handoff_link_get_fault (self->link, &self->broke_rules);

  self->uid = handoff_link_get_user (self->link);
  self->fault = g_strdup (fault);
}

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  HandoffProcess *self = user_data;

  self->functions->received (link, message, self->user_data);
}

/* A program that dies of something else keeps its own reason, which the journal gets; one that has
 * only let go of its link is ended. */
static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  HandoffProcess *self = user_data;

  self->has_ended = TRUE;
  note_link (self);
  if (self->child != NULL)
    handoff_child_kill (self->child);
  else
    tell (self);
  if (self->restarts != NULL)
    handoff_restarts_note_end (self->restarts, handoff_link_has_heard (link));
  self->functions->ended (link, error, self->user_data);
}

static const HandoffLinkFunctions link_functions = { received, ended };

/* Where the service's programs are. (unowned) */
static const char *folder = LIBEXECDIR;

void
handoff_process_set_folder (const char *path)
{
  folder = path;
}

/* socket: (unowned): the program's end of the link */
static HandoffChild *
start_child (const HandoffProgram *program, int socket, gpointer user_data, GError **error)
{
  g_autofree char *path = g_build_filename (folder, program->name, NULL);
  g_auto (GStrv) arguments = make_arguments (program);
  g_auto (GStrv) environment = make_environment (program->keeps_environment);

  return handoff_child_new (path, (const char *const *) arguments,
                            (const char *const *) environment, socket, child_ended, user_data,
                            error);
}

HandoffProcess *
handoff_process_start (const HandoffProgram *program,
                       const HandoffLinkTable *table,
                       const HandoffLinkFunctions *functions,
                       gpointer user_data,
                       GError **error)
{
  HandoffProcess *self;
  int sockets[2];

  if ((program->restarts != NULL &&
       !handoff_restarts_allow (program->restarts, program->name, error)) ||
      !handoff_link_make_sockets (sockets, error))
    return NULL;
  self = g_new0 (HandoffProcess, 1);
  self->child = start_child (program, sockets[1], self, error);
  close (sockets[1]);
  if (self->child == NULL)
    {
      close (sockets[0]);
      g_free (self);
      return NULL;
    }
  self->name = g_strdup (program->name);
  self->task = g_strdup (program->task);
  self->start_time = handoff_clock_get_monotonic_time ();
  self->pid = handoff_child_get_pid (self->child);
  self->functions = functions;
  self->user_data = user_data;
  self->restarts = program->restarts;
  self->link = handoff_link_new (sockets[0], table, HANDOFF_LINK_UPPER, NULL, program->name,
                                 &link_functions, self);
  return self;
}

void
handoff_process_free (HandoffProcess *self)
{
  if (!self->has_ended)
    note_link (self);
  g_clear_pointer (&self->link, handoff_link_free);
  if (self->child != NULL)
    {
      self->is_killed = TRUE;
      handoff_child_kill (self->child);
    }
  else
    {
      if (!self->has_ended)
        tell (self);
      destroy (self);
    }
}

HandoffLink *
handoff_process_get_link (HandoffProcess *self)
{
  return self->link;
}

pid_t
handoff_process_get_pid (HandoffProcess *self)
{
  return self->pid;
}

void
handoff_process_describe (HandoffProcess *self, GVariantDict *dict)
{
  const guint uid = handoff_link_get_user (self->link);
  const gint64 age = handoff_clock_get_monotonic_time () - self->start_time;

  g_variant_dict_insert (dict, "program", "s", self->name);
  g_variant_dict_insert (dict, "pid", "u", (guint) self->pid);
  g_variant_dict_insert (dict, "age", "t", (guint64) age);
  if (uid != HANDOFF_UID_UNKNOWN)
    g_variant_dict_insert (dict, "uid", "u", uid);
}
