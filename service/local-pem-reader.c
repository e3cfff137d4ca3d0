/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "local-pem-reader.h"

#include "credential/credential-work.h"
#include "importers/held-import.h"

/* What is under way. */
typedef struct
{
  const HandoffLocalPemReader *reader; /* (unowned) */
  guint uid;
  HandoffRole role;
  HandoffHeldImport *held;       /* (owned) (nullable): until the grant has it */
  HandoffCredential *credential; /* (owned) (nullable) */
  HandoffSigningGrant *grant;    /* (owned) (nullable) */
} Reading;

static void
reading_free (Reading *self)
{
  g_clear_pointer (&self->held, handoff_held_import_free);
  g_clear_pointer (&self->credential, handoff_credential_unref);
  g_clear_pointer (&self->grant, handoff_signing_grant_unref);
  g_free (self);
}

static void
let_key_go (gpointer held)
{
  handoff_held_import_free (held);
}

static void
given (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Reading *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->grant = handoff_local_holder_give_finish (self->reader->holder, result, let_key_go,
                                                  g_steal_pointer (&self->held), &error);
  if (self->grant != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
was_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Reading *self = g_task_get_task_data (task);
  const HandoffCredentialName name = { (char *) "", self->uid, HANDOFF_CREDENTIAL_ROLE_BOTH };
  GError *error = NULL;

  self->held = handoff_held_import_finish (result, &error);
  if (self->held != NULL)
    self->credential = handoff_credential_new_held (self->held, &name, &error);
  if (self->credential == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  /* Its digest identifies it, when it is given again. */
  self->credential->serial = 0;
  self->credential->pem_digest = g_steal_pointer (&self->held->digest);
  handoff_local_holder_give_async (self->reader->holder, self->credential, self->role, given,
                                   g_steal_pointer (&task));
}

static void
read_async (gpointer reader,
            HandoffCaller *caller,
            HandoffRole role,
            int fd,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  Reading *self = g_new0 (Reading, 1);
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  g_autofree char *id = handoff_credential_dup_new_id ();

  g_task_set_source_tag (task, read_async);
  g_task_set_task_data (task, self, (GDestroyNotify) reading_free);
  self->reader = reader;
  self->uid = handoff_caller_get_uid (caller);
  self->role = role;
  handoff_held_import_read_pem_async (self->reader->importers, self->reader->keeper, id, self->uid,
                                      fd, handoff_caller_get_cancellable (caller), was_read, task);
}

static HandoffCredential *
read_finish (GAsyncResult *result, HandoffSigningGrant **grant, GError **error)
{
  Reading *self = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  *grant = g_steal_pointer (&self->grant);
  return g_steal_pointer (&self->credential);
}

const HandoffPemReaderFuncs handoff_local_pem_reader_funcs = { read_async, read_finish };
