/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "local-pem-reader.h"

#include "caller/descriptor-reader.h"
#include "credential/credential-pem.h"
#include "keyblob/handoff-names.h"

static void
parsed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  HandoffCredential *credential = handoff_credential_pem_parse_finish (result, &error);

  if (credential != NULL)
    g_task_return_pointer (task, credential, (GDestroyNotify) handoff_credential_unref);
  else
    g_task_return_error (task, error);
}

static void
was_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  GError *error = NULL;
  g_autoptr (GBytes) pem = handoff_descriptor_read_finish (result, &error);

  if (pem != NULL)
    {
      handoff_credential_pem_parse_async (pem, GPOINTER_TO_UINT (g_task_get_task_data (task)),
                                          parsed, task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
read_async (gpointer reader,
            HandoffCaller *caller,
            HandoffRole role,
            int fd,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  const guint uid = handoff_caller_get_uid (caller);
  GTask *task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, read_async);
  g_task_set_task_data (task, GUINT_TO_POINTER (uid), NULL);
  handoff_descriptor_read_async (fd, uid, HANDOFF_OPTION_CREDENTIAL_PEM,
                                 HANDOFF_CREDENTIAL_MAX_SIZE,
                                 handoff_caller_get_cancellable (caller), was_read, task);
}

static HandoffCredential *
read_finish (GAsyncResult *result, HandoffSigningGrant **grant, GError **error)
{
  *grant = NULL;
  return g_task_propagate_pointer (G_TASK (result), error);
}

const HandoffPemReaderFuncs handoff_local_pem_reader_funcs = { read_async, read_finish };
