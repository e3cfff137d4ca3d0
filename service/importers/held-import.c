/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "importers/held-import.h"

#include "keyblob/tls-handoff-error.h"
#include "work/descriptor-reaper.h"

/* What is under way: the importer and the keeper answer, in any order. */
typedef struct
{
  HandoffHeldImport *held; /* (owned) (nullable) */
  guint uid;
  guint n_pending;
  GBytes *public_key;   /* (owned) (nullable): of the key that the keeper holds */
  GError *import_error; /* (owned) (nullable) */
  GError *keeper_error; /* (owned) (nullable) */
} Joining;

void
handoff_held_import_free (HandoffHeldImport *self)
{
  handoff_keeper_release (self->keeper, self->id);
  g_object_unref (self->keeper);
  g_free (self->id);
  g_clear_pointer (&self->description, handoff_description_unref);
  g_clear_pointer (&self->digest, g_bytes_unref);
  g_free (self);
}

static void
joining_free (Joining *self)
{
  g_clear_pointer (&self->held, handoff_held_import_free);
  g_clear_pointer (&self->public_key, g_bytes_unref);
  g_clear_error (&self->import_error);
  g_clear_error (&self->keeper_error);
  g_free (self);
}

static GTask *
task_new (HandoffKeeper *keeper,
          const char *id,
          guint uid,
          GAsyncReadyCallback callback,
          gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Joining *joining = g_new0 (Joining, 1);

  g_task_set_source_tag (task, task_new);
  joining->held = g_new0 (HandoffHeldImport, 1);
  joining->held->keeper = g_object_ref (keeper);
  joining->held->id = g_strdup (id);
  joining->uid = uid;
  joining->n_pending = 2;
  g_task_set_task_data (task, joining, (GDestroyNotify) joining_free);
  return task;
}

/* task: (transfer full): one of the two has answered */
static void
answered (GTask *task)
{
  g_autoptr (GTask) owned = task;
  Joining *self = g_task_get_task_data (owned);

  self->n_pending--;
  if (self->n_pending > 0)
    return;
  /* Without a key, the keeper knows only that none came. */
  if (self->import_error != NULL)
    g_task_return_error (owned, g_steal_pointer (&self->import_error));
  else if (self->keeper_error != NULL)
    g_task_return_error (owned, g_steal_pointer (&self->keeper_error));
  else if (g_bytes_equal (self->public_key, self->held->description->public_key))
    g_task_return_pointer (owned, g_steal_pointer (&self->held),
                           (GDestroyNotify) handoff_held_import_free);
  else
    {
      g_warning ("uid %u: an importer described another key than the one that it gave", self->uid);
      g_task_return_new_error (owned, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                               "A credential is described wrongly: its key is another");
    }
}

static void
imported (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Joining *self = g_task_get_task_data (user_data);

  self->held->description =
      handoff_importers_finish (result, &self->held->digest, &self->import_error);
  answered (user_data);
}

static void
held (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Joining *self = g_task_get_task_data (user_data);

  self->public_key = handoff_keeper_hold_finish (self->held->keeper, result, &self->keeper_error);
  answered (user_data);
}

/* The keeper's end is on its way before the importer can put a key into the other. task: (transfer
 * full) if there is no socket. Returns: the importer's end; -1 if it failed */
static int
hold (GTask *task)
{
  Joining *self = g_task_get_task_data (task);
  GError *error = NULL;
  int sockets[2];

  if (!handoff_link_make_sockets (sockets, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return -1;
    }
  handoff_keeper_hold_async (self->held->keeper, self->held->id, self->uid, sockets[0], held,
                             g_object_ref (task));
  return sockets[1];
}

void
handoff_held_import_async (HandoffImporters *importers,
                           HandoffKeeper *keeper,
                           const char *id,
                           guint uid,
                           int data_fd,
                           int passphrase_fd,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  GTask *task = task_new (keeper, id, uid, callback, user_data);
  const int socket = hold (task);

  if (socket >= 0)
    {
      handoff_importers_import_async (importers, uid, data_fd, passphrase_fd, socket, cancellable,
                                      imported, task);
      return;
    }
  handoff_descriptor_reap (data_fd, uid);
  handoff_descriptor_reap (passphrase_fd, uid);
}

void
handoff_held_import_read_pem_async (HandoffImporters *importers,
                                    HandoffKeeper *keeper,
                                    const char *id,
                                    guint uid,
                                    int pem_fd,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  GTask *task = task_new (keeper, id, uid, callback, user_data);
  const int socket = hold (task);

  if (socket >= 0)
    handoff_importers_read_pem_async (importers, uid, pem_fd, socket, cancellable, imported, task);
  else
    handoff_descriptor_reap (pem_fd, uid);
}

HandoffHeldImport *
handoff_held_import_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
