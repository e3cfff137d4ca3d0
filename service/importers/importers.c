/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "importers/importers.h"

#include "keyblob/tls-handoff-error.h"
#include "link/importer-messages.h"
#include "link/link.h"
#include "work/clock.h"
#include "work/descriptor-reaper.h"

/* Reading has half a minute for each descriptor, and the work on it is bounded to seconds: who
 * takes longer hangs. */
#define TIMEOUT_SECONDS 120

struct _HandoffImporters
{
  const HandoffImporterProgram *program; /* (unowned) */
  gpointer user_data;                    /* (unowned) */
  GHashTable *running;                   /* (owned) (element-type uid Importer (unowned)) */
  guint64 last_number;
};

/* A running one. */
typedef struct
{
  HandoffImporters *importers; /* (unowned) */
  guint uid;
  gpointer process;  /* (owned) */
  HandoffLink *link; /* (unowned): the process's */
  guint n_wanted;    /* requests that somebody waits for: it ends when there is none */
  gboolean is_ending;
} Importer;

/* A request, until it is answered. */
typedef struct
{
  GTask *task;        /* (owned) */
  Importer *importer; /* (unowned): answers before it ends */
  guint64 number;
  GBytes *public_key; /* (owned) (nullable): that the description must have */
  GSource *cancelled; /* (owned) (nullable) */
  GSource *deadline;  /* (owned) */
  gboolean is_wanted;
} Job;

typedef struct
{
  HandoffDescription *description; /* (owned) */
  GBytes *digest;                  /* (owned) (nullable) */
} Result;

static void
result_free (Result *self)
{
  g_clear_pointer (&self->description, handoff_description_unref);
  g_clear_pointer (&self->digest, g_bytes_unref);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Result, result_free)

/* Ends it. What it has not answered fails now. error: (nullable) */
static void
end (Importer *self, const GError *error)
{
  HandoffImporters *importers = self->importers;

  if (self->is_ending)
    return;
  self->is_ending = TRUE;
  g_hash_table_remove (importers->running, GUINT_TO_POINTER (self->uid));
  /* Every request is answered before this returns. */
  handoff_link_close (self->link, error);
  importers->program->end (self->process);
  g_free (self);
}

static void
job_free (Job *self)
{
  g_source_destroy (self->deadline);
  g_source_unref (self->deadline);
  if (self->cancelled != NULL)
    g_source_destroy (self->cancelled);
  g_clear_pointer (&self->cancelled, g_source_unref);
  g_clear_pointer (&self->public_key, g_bytes_unref);
  g_object_unref (self->task);
  g_free (self);
}

/* The importer's answer. NULL: it lies. */
static Result *
read_result (const Job *job, GVariant *body, GError **error)
{
  g_autoptr (Result) self = g_new0 (Result, 1);
  g_autoptr (GVariant) description = g_variant_get_child_value (body, 0);

  self->description = handoff_description_read (description, error);
  if (self->description == NULL)
    return NULL;
  if (job->public_key != NULL && !g_bytes_equal (job->public_key, self->description->public_key))
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                           "A credential is described wrongly: its key is another");
      return NULL;
    }
  if (g_variant_n_children (body) > 1)
    {
      g_autoptr (GVariant) digest = g_variant_get_child_value (body, 1);

      if (g_variant_n_children (digest) != 32)
        {
          g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                               "A credential is described wrongly: its digest is none");
          return NULL;
        }
      self->digest = g_variant_get_data_as_bytes (digest);
    }
  return g_steal_pointer (&self);
}

/* What an importer has to say to a caller; all else is none of its business. */
static gboolean
is_for_caller (const GError *error)
{
  return error->domain == TLS_HANDOFF_ERROR &&
         (error->code == TLS_HANDOFF_ERROR_INVALID_ARGUMENT ||
          error->code == TLS_HANDOFF_ERROR_TIMED_OUT ||
          error->code == TLS_HANDOFF_ERROR_LIMIT_REACHED ||
          error->code == TLS_HANDOFF_ERROR_CANCELLED || error->code == TLS_HANDOFF_ERROR_FAILED);
}

/* error: what the importer said, or why it said nothing. (transfer full) */
static GError *
make_error (const GError *error)
{
  return is_for_caller (error)
             ? g_error_copy (error)
             : g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, error->message);
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  Job *self = user_data;
  Importer *importer = self->importer;
  g_autoptr (GTask) task = g_object_ref (self->task);
  g_autoptr (GError) lie = NULL;
  Result *result = reply != NULL ? read_result (self, reply->body, &lie) : NULL;
  GError *failure = NULL;

  if (result == NULL)
    failure = lie != NULL ? g_error_copy (lie) : make_error (error);
  if (self->is_wanted)
    importer->n_wanted--;
  job_free (self);
  /* What is true of it is said when the link has ended. */
  if (lie != NULL)
    handoff_link_breach (importer->link, "%s", lie->message);
  else if (importer->n_wanted == 0 && !handoff_link_has_ended (importer->link))
    end (importer, NULL);
  /* Last of all: whoever hears it may ask for something else at once, which ends an importer that
   * is in the middle of its end. */
  if (result != NULL)
    g_task_return_pointer (task, result, (GDestroyNotify) result_free);
  else
    g_task_return_error (task, failure);
}

static gboolean
cancelled (GCancellable *cancellable, gpointer user_data)
{
  Job *self = user_data;
  Importer *importer = self->importer;
  g_autoptr (GError) error = NULL;

  if (!self->is_wanted)
    return G_SOURCE_REMOVE;
  self->is_wanted = FALSE;
  importer->n_wanted--;
  if (importer->n_wanted > 0)
    {
      handoff_link_send (importer->link, HANDOFF_IMPORTER_CANCEL,
                         g_variant_new ("(t)", self->number), NULL, 0, NULL);
      return G_SOURCE_REMOVE;
    }
  error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                               "Nobody waits for the import any more");
  end (importer, error);
  return G_SOURCE_REMOVE;
}

static gboolean
timed_out (gpointer user_data)
{
  Job *self = user_data;
  g_autoptr (GError) error =
      g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "The service's program %s did not answer in time, and was ended: call again",
                   handoff_link_get_peer (self->importer->link));

  handoff_link_blame (self->importer->link, "did not answer in time, and was ended");
  end (self->importer, error);
  return G_SOURCE_REMOVE;
}

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  /* It has nothing to say by itself. */
  g_assert_not_reached ();
}

static void
link_ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  end (user_data, error);
}

static const HandoffLinkFunctions functions = { received, link_ended };

/* (transfer none) (nullable): the user's */
static Importer *
get_importer (HandoffImporters *self, guint uid, GError **error)
{
  Importer *importer = g_hash_table_lookup (self->running, GUINT_TO_POINTER (uid));

  if (importer != NULL && !handoff_link_notice_end (importer->link))
    return importer;
  /* It is in the middle of its end. */
  importer = g_hash_table_lookup (self->running, GUINT_TO_POINTER (uid));
  if (importer != NULL)
    end (importer, NULL);
  importer = g_new0 (Importer, 1);
  importer->importers = self;
  importer->uid = uid;
  importer->process = self->program->start (&functions, importer, error, self->user_data);
  if (importer->process == NULL)
    {
      g_free (importer);
      return NULL;
    }
  importer->link = self->program->get_link (importer->process);
  handoff_link_set_user (importer->link, uid);
  handoff_link_send (importer->link, HANDOFF_IMPORTER_USER, g_variant_new ("(u)", uid), NULL, 0,
                     NULL);
  g_hash_table_insert (self->running, GUINT_TO_POINTER (uid), importer);
  return importer;
}

static GSource *
watch (GCancellable *cancellable, Job *job)
{
  GSource *source = g_cancellable_source_new (cancellable);

  g_source_set_callback (source, G_SOURCE_FUNC (cancelled), job, NULL);
  g_source_attach (source, NULL);
  return source;
}

/* task: (transfer full). body: a tuple without the request's number, floating. fds: n_fds of them,
 * (transfer full). public_key: (nullable) */
static void
request (HandoffImporters *self,
         guint uid,
         GTask *task,
         HandoffImporterMessage message,
         GVariantBuilder *body,
         const int *fds,
         guint n_fds,
         GBytes *public_key)
{
  g_autoptr (GError) error = NULL;
  Importer *importer = get_importer (self, uid, &error);
  GCancellable *cancellable = g_task_get_cancellable (task);
  Job *job;
  guint i;

  if (importer == NULL)
    {
      for (i = 0; i < n_fds; i++)
        handoff_descriptor_reap (fds[i], uid);
      g_variant_builder_clear (body);
      g_task_return_error (task, g_steal_pointer (&error));
      g_object_unref (task);
      return;
    }
  g_task_set_check_cancellable (task, FALSE);
  job = g_new0 (Job, 1);
  job->task = task;
  job->importer = importer;
  job->number = self->last_number;
  job->public_key = public_key != NULL ? g_bytes_ref (public_key) : NULL;
  job->is_wanted = TRUE;
  importer->n_wanted++;
  job->cancelled = cancellable != NULL ? watch (cancellable, job) : NULL;
  job->deadline = handoff_clock_timeout_source_new (TIMEOUT_SECONDS * G_TIME_SPAN_SECOND);
  g_source_set_callback (job->deadline, timed_out, job, NULL);
  g_source_attach (job->deadline, NULL);
  handoff_link_request (importer->link, message, g_variant_builder_end (body), fds, n_fds, answered,
                        job);
}

/* Begins a request's body, with its number. */
static void
begin (HandoffImporters *self, GVariantBuilder *body)
{
  g_variant_builder_init (body, G_VARIANT_TYPE_TUPLE);
  g_variant_builder_add (body, "t", ++self->last_number);
}

static GVariant *
new_bytes (GBytes *bytes)
{
  return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
}

void
handoff_importers_import_async (HandoffImporters *self,
                                guint uid,
                                int data_fd,
                                int passphrase_fd,
                                int key_socket,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  const int fds[] = { data_fd, key_socket, passphrase_fd };
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  GVariantBuilder body;

  g_task_set_source_tag (task, handoff_importers_import_async);
  begin (self, &body);
  g_variant_builder_add (&body, "b", passphrase_fd >= 0);
  request (self, uid, task, HANDOFF_IMPORTER_IMPORT, &body, fds, passphrase_fd >= 0 ? 3 : 2, NULL);
}

void
handoff_importers_read_pem_async (HandoffImporters *self,
                                  guint uid,
                                  int pem_fd,
                                  int key_socket,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  const int fds[] = { pem_fd, key_socket };
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  GVariantBuilder body;

  g_task_set_source_tag (task, handoff_importers_read_pem_async);
  begin (self, &body);
  request (self, uid, task, HANDOFF_IMPORTER_READ_PEM, &body, fds, 2, NULL);
}

/* certificates: (element-type GBytes). (transfer floating) */
static GVariant *
new_chain (GPtrArray *certificates)
{
  GVariantBuilder array;
  guint i;

  g_variant_builder_init (&array, G_VARIANT_TYPE_BYTESTRING_ARRAY);
  for (i = 0; i < certificates->len; i++)
    g_variant_builder_add_value (&array, new_bytes (g_ptr_array_index (certificates, i)));
  return g_variant_builder_end (&array);
}

void
handoff_importers_certify_async (HandoffImporters *self,
                                 guint uid,
                                 GBytes *public_key,
                                 GPtrArray *certificates,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  GVariantBuilder body;

  g_task_set_source_tag (task, handoff_importers_certify_async);
  begin (self, &body);
  g_variant_builder_add_value (&body, new_bytes (public_key));
  g_variant_builder_add_value (&body, new_chain (certificates));
  request (self, uid, task, HANDOFF_IMPORTER_CERTIFY, &body, NULL, 0, public_key);
}

void
handoff_importers_staple_async (HandoffImporters *self,
                                guint uid,
                                GBytes *public_key,
                                GPtrArray *certificates,
                                GBytes *ocsp_response,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  GVariantBuilder body;

  g_task_set_source_tag (task, handoff_importers_staple_async);
  begin (self, &body);
  g_variant_builder_add_value (&body, new_bytes (public_key));
  g_variant_builder_add_value (&body, new_chain (certificates));
  g_variant_builder_add_value (&body, new_bytes (ocsp_response));
  request (self, uid, task, HANDOFF_IMPORTER_STAPLE, &body, NULL, 0, public_key);
}

void
handoff_importers_describe_async (HandoffImporters *self,
                                  guint uid,
                                  GBytes *public_key,
                                  int certificates_fd,
                                  int ocsp_fd,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  int fds[2];
  guint n_fds = 0;
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  GVariantBuilder body;

  g_task_set_source_tag (task, handoff_importers_describe_async);
  if (certificates_fd >= 0)
    fds[n_fds++] = certificates_fd;
  if (ocsp_fd >= 0)
    fds[n_fds++] = ocsp_fd;
  begin (self, &body);
  g_variant_builder_add_value (&body, new_bytes (public_key));
  g_variant_builder_add (&body, "b", certificates_fd >= 0);
  g_variant_builder_add (&body, "b", ocsp_fd >= 0);
  request (self, uid, task, HANDOFF_IMPORTER_DESCRIBE, &body, fds, n_fds, public_key);
}

HandoffDescription *
handoff_importers_finish (GAsyncResult *result, GBytes **digest, GError **error)
{
  g_autoptr (Result) self = g_task_propagate_pointer (G_TASK (result), error);

  if (self == NULL)
    return NULL;
  if (digest != NULL)
    *digest = g_steal_pointer (&self->digest);
  return g_steal_pointer (&self->description);
}

guint
handoff_importers_get_n_running (HandoffImporters *self)
{
  return g_hash_table_size (self->running);
}

void
handoff_importers_describe (HandoffImporters *self, GVariantBuilder *programs)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->running);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Importer *importer = value;
      g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

      self->program->describe (importer->process, &dict);
      g_variant_dict_insert (&dict, "imports", "u", importer->n_wanted);
      g_variant_builder_add_value (programs, g_variant_dict_end (&dict));
    }
}

HandoffImporters *
handoff_importers_new (const HandoffImporterProgram *program, gpointer user_data)
{
  HandoffImporters *self = g_new0 (HandoffImporters, 1);

  self->program = program;
  self->user_data = user_data;
  self->running = g_hash_table_new (NULL, NULL);
  return self;
}

void
handoff_importers_free (HandoffImporters *self)
{
  GHashTableIter iter;
  Importer *importer;

  while (g_hash_table_iter_init (&iter, self->running),
         g_hash_table_iter_next (&iter, NULL, (gpointer *) &importer))
    end (importer, NULL);
  g_hash_table_unref (self->running);
  g_free (self);
}
