/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "importer/importer.h"

#include <unistd.h>

#include "caller/descriptor-reader.h"
#include "importer/import-work.h"
#include "keyblob/handoff-names.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "link/import-messages.h"
#include "link/importer-messages.h"
#include "link/link.h"
#include "work/descriptor-reaper.h"

/* Bytes of a file beside a key. */
#define MAX_FILE_SIZE (1024 * 1024)

struct _HandoffImporter
{
  HandoffLink *link; /* (owned) */
  guint uid;
  GHashTable *jobs; /* (owned) (element-type Job (unowned)): what is under way, by number */
  void (*ended) (gpointer user_data);
  gpointer user_data; /* (unowned) */
};

typedef struct _Job Job;

/* A descriptor to read: what kind, and into where. */
typedef struct
{
  const char *what; /* for messages */
  gsize maximum_size;
  int fd;        /* (owned): -1 without, and once it is read */
  GBytes *bytes; /* (owned) (nullable) */
} Input;

enum
{
  FIRST,  /* what is imported, PEM, or certificates */
  SECOND, /* a passphrase, or an OCSP response */
  N_INPUTS,
};

/* A request, until it is answered. */
struct _Job
{
  HandoffImporter *importer; /* (unowned) (nullable): NULL once that is gone */
  HandoffLinkCall *call;     /* (owned) (nullable): NULL once it is answered */
  guint64 number;
  guint uid;
  GCancellable *cancellable; /* (owned) */
  Input inputs[N_INPUTS];
  guint next; /* the input to be read */
  int key_fd; /* (owned): where the key goes; -1 without */

  GBytes *public_key;      /* (owned) (nullable): whose certificates they are */
  GPtrArray *certificates; /* (owned) (element-type GBytes) (nullable) */
  /* On a thread. */
  HandoffImported *(*work) (const Job *job, GError **error);
};

static void
job_free (Job *self)
{
  guint i;

  if (self->importer != NULL)
    g_hash_table_remove (self->importer->jobs, &self->number);
  for (i = 0; i < N_INPUTS; i++)
    {
      handoff_descriptor_reap (self->inputs[i].fd, self->uid);
      g_clear_pointer (&self->inputs[i].bytes, g_bytes_unref);
    }
  if (self->key_fd >= 0)
    close (self->key_fd);
  g_clear_pointer (&self->public_key, g_bytes_unref);
  g_clear_pointer (&self->certificates, g_ptr_array_unref);
  g_object_unref (self->cancellable);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Job, job_free)

static HandoffImported *
import (const Job *job, GError **error)
{
  return handoff_import_parse (job->inputs[FIRST].bytes, job->inputs[SECOND].bytes, error);
}

static HandoffImported *
read_pem (const Job *job, GError **error)
{
  return handoff_import_parse_plain (job->inputs[FIRST].bytes, error);
}

static HandoffImported *
certify (const Job *job, GError **error)
{
  return handoff_import_certify (job->public_key, job->certificates, error);
}

static HandoffImported *
staple (const Job *job, GError **error)
{
  return handoff_import_staple (job->public_key, job->certificates, job->inputs[SECOND].bytes,
                                error);
}

static HandoffImported *
describe (const Job *job, GError **error)
{
  return handoff_import_describe (job->public_key, job->inputs[FIRST].bytes,
                                  job->inputs[SECOND].bytes, error);
}

static void
work_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const Job *job = task_data;
  GError *error = NULL;
  g_autoptr (HandoffImported) imported = NULL;

  if (!g_cancellable_set_error_if_cancelled (job->cancellable, &error))
    imported = job->work (job, &error);
  /* The thread goes back to a pool: wipe what keys and passphrases left on its stack. */
  handoff_wipe_stack ();
  if (imported == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  g_task_return_pointer (task, g_steal_pointer (&imported), (GDestroyNotify) handoff_imported_free);
}

/* job: (transfer full) */
static void
fail (Job *job, const GError *error)
{
  g_autoptr (Job) self = job;
  g_autoptr (GError) refusal = NULL;

  if (error->domain != TLS_HANDOFF_ERROR)
    {
      refusal =
          g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED, error->message);
      error = refusal;
    }
  handoff_link_call_fail (g_steal_pointer (&self->call), error);
}

static void
keeper_said (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
}

static void
keeper_left (HandoffLink *link, const GError *error, gpointer user_data)
{
}

static const HandoffLinkFunctions keeper_functions = { keeper_said, keeper_left };

/* What becomes of it, the keeper tells the broker. socket: (transfer full) */
static void
send_key (int socket, GBytes *key)
{
  g_autoptr (HandoffLink) link =
      handoff_link_new (socket, &handoff_import_messages, HANDOFF_LINK_UPPER, NULL,
                        "tls-handoff-keeper", &keeper_functions, NULL);

  handoff_link_send (
      link, HANDOFF_IMPORT_KEY,
      g_variant_new ("(@ay)", g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, key, TRUE)),
      NULL, 0, NULL);
}

static void
worked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Job *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffImported) imported = g_task_propagate_pointer (G_TASK (result), &error);
  GVariant *description;

  if (imported == NULL)
    {
      fail (self, error);
      return;
    }
  if (imported->key != NULL)
    send_key (g_steal_fd (&self->key_fd), imported->key);
  description = imported->description->variant;
  handoff_link_call_return (
      g_steal_pointer (&self->call),
      imported->digest != NULL ? g_variant_new ("(@" HANDOFF_DESCRIPTION_TYPE "@ay)", description,
                                                g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING,
                                                                          imported->digest, TRUE))
                               : g_variant_new ("(@" HANDOFF_DESCRIPTION_TYPE ")", description),
      NULL, 0);
  job_free (self);
}

static void read_next (Job *self);

static void
was_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Job *self = user_data;
  Input *input = &self->inputs[self->next];
  g_autoptr (GError) error = NULL;

  /* Only a passphrase is a line. */
  if (g_str_equal (input->what, HANDOFF_OPTION_PASSPHRASE))
    input->bytes = handoff_descriptor_read_line_finish (result, &error);
  else
    input->bytes = handoff_descriptor_read_finish (result, &error);
  if (input->bytes == NULL)
    {
      fail (self, error);
      return;
    }
  self->next++;
  read_next (self);
}

/* self: (transfer full) */
static void
read_next (Job *self)
{
  g_autoptr (GTask) task = NULL;

  while (self->next < N_INPUTS && self->inputs[self->next].fd < 0)
    self->next++;
  if (self->next < N_INPUTS)
    {
      Input *input = &self->inputs[self->next];

      handoff_descriptor_read_async (g_steal_fd (&input->fd), self->uid, input->what,
                                     input->maximum_size, self->cancellable, was_read, self);
      return;
    }
  task = g_task_new (NULL, NULL, worked, self);
  g_task_set_source_tag (task, read_next);
  g_task_set_task_data (task, self, NULL);
  g_task_run_in_thread (task, work_in_thread);
}

static void
set_input (Job *self, guint index, const char *what, gsize maximum_size, int fd)
{
  self->inputs[index].what = what;
  self->inputs[index].maximum_size = maximum_size;
  self->inputs[index].fd = fd;
}

static void
take_import (Job *self, HandoffLinkMessage *message)
{
  gboolean has_passphrase;

  g_variant_get_child (message->body, 1, "b", &has_passphrase);
  set_input (self, FIRST, "data", HANDOFF_CREDENTIAL_MAX_SIZE,
             handoff_link_message_steal_fd (message, 0));
  self->key_fd = handoff_link_message_steal_fd (message, 1);
  if (has_passphrase)
    set_input (self, SECOND, HANDOFF_OPTION_PASSPHRASE, HANDOFF_PASSPHRASE_MAX_SIZE,
               handoff_link_message_steal_fd (message, 2));
  self->work = import;
}

static void
take_pem (Job *self, HandoffLinkMessage *message)
{
  set_input (self, FIRST, HANDOFF_OPTION_CREDENTIAL_PEM, HANDOFF_CREDENTIAL_MAX_SIZE,
             handoff_link_message_steal_fd (message, 0));
  self->key_fd = handoff_link_message_steal_fd (message, 1);
  self->work = read_pem;
}

static GBytes *
get_bytes (GVariant *tuple, gsize index)
{
  g_autoptr (GVariant) child = g_variant_get_child_value (tuple, index);

  return g_variant_get_data_as_bytes (child);
}

static void
take_certificates (Job *self, HandoffLinkMessage *message)
{
  g_autoptr (GVariant) array = g_variant_get_child_value (message->body, 2);
  gsize i;

  self->public_key = get_bytes (message->body, 1);
  self->certificates = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (i = 0; i < g_variant_n_children (array); i++)
    g_ptr_array_add (self->certificates, get_bytes (array, i));
  self->work = certify;
}

static void
take_response (Job *self, HandoffLinkMessage *message)
{
  take_certificates (self, message);
  self->inputs[SECOND].bytes = get_bytes (message->body, 3);
  self->work = staple;
}

static void
take_files (Job *self, HandoffLinkMessage *message)
{
  gboolean has_certificates, has_response;
  guint n = 0;

  g_variant_get (message->body, "(t@aybb)", NULL, NULL, &has_certificates, &has_response);
  self->public_key = get_bytes (message->body, 1);
  if (has_certificates)
    set_input (self, FIRST, "certificates", MAX_FILE_SIZE,
               handoff_link_message_steal_fd (message, n++));
  if (has_response)
    set_input (self, SECOND, "OCSP response", MAX_FILE_SIZE,
               handoff_link_message_steal_fd (message, n));
  self->work = describe;
}

static void
begin (HandoffImporter *self,
       HandoffLinkMessage *message,
       void (*take) (Job *job, HandoffLinkMessage *message))
{
  Job *job = g_new0 (Job, 1);

  g_variant_get_child (message->body, 0, "t", &job->number);
  job->importer = self;
  job->uid = self->uid;
  job->cancellable = g_cancellable_new ();
  job->inputs[FIRST].fd = -1;
  job->inputs[SECOND].fd = -1;
  job->key_fd = -1;
  take (job, message);
  job->call = g_steal_pointer (&message->call);
  g_hash_table_replace (self->jobs, &job->number, job);
  read_next (job);
}

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  HandoffImporter *self = user_data;
  guint64 number;
  Job *job;

  switch ((HandoffImporterMessage) message->number)
    {
    case HANDOFF_IMPORTER_USER:
      g_variant_get (message->body, "(u)", &self->uid);
      handoff_link_set_user (link, self->uid);
      break;
    case HANDOFF_IMPORTER_IMPORT:
      begin (self, message, take_import);
      break;
    case HANDOFF_IMPORTER_READ_PEM:
      begin (self, message, take_pem);
      break;
    case HANDOFF_IMPORTER_CERTIFY:
      begin (self, message, take_certificates);
      break;
    case HANDOFF_IMPORTER_STAPLE:
      begin (self, message, take_response);
      break;
    case HANDOFF_IMPORTER_DESCRIBE:
      begin (self, message, take_files);
      break;
    case HANDOFF_IMPORTER_CANCEL:
      g_variant_get (message->body, "(t)", &number);
      job = g_hash_table_lookup (self->jobs, &number);
      if (job != NULL)
        g_cancellable_cancel (job->cancellable);
      break;
    case HANDOFF_IMPORTER_N_MESSAGES:
      g_assert_not_reached ();
    }
}

static void
link_ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  HandoffImporter *self = user_data;

  self->ended (self->user_data);
}

static const HandoffLinkFunctions functions = { received, link_ended };

HandoffImporter *
handoff_importer_new (int socket, void (*ended) (gpointer user_data), gpointer user_data)
{
  HandoffImporter *self = g_new0 (HandoffImporter, 1);

  self->jobs = g_hash_table_new (g_int64_hash, g_int64_equal);
  self->ended = ended;
  self->user_data = user_data;
  self->link = handoff_link_new (socket, &handoff_importer_table, HANDOFF_LINK_LOWER, NULL,
                                 "tls-handoffd", &functions, self);
  return self;
}

void
handoff_importer_free (HandoffImporter *self)
{
  GHashTableIter iter;
  Job *job;

  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &job))
    {
      job->importer = NULL;
      g_cancellable_cancel (job->cancellable);
    }
  g_hash_table_unref (self->jobs);
  handoff_link_free (self->link);
  g_free (self);
}
