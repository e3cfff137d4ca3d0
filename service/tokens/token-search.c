/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tokens/token-search.h"

#include "keyblob/tls-handoff-error.h"
#include "link/token-messages.h"

/* Owned by the task. */
typedef struct
{
  char *label; /* (owned) */
  guint n_asked;
  gboolean answered; /* at least one said no */
  gboolean done;
  GError *error; /* (owned) (nullable): of one that could not be asked */
} Search;

/* What one module is asked. */
typedef struct
{
  GTask *task; /* (owned) */
  HandoffModuleProcess *module;
} Question;

static void
free_search (gpointer data)
{
  Search *search = data;

  g_free (search->label);
  g_clear_error (&search->error);
  g_free (search);
}

static void
finish_if_all_said_no (GTask *task)
{
  Search *search = g_task_get_task_data (task);

  if (search->done || search->n_asked > 0)
    return;
  search->done = TRUE;
  if (!search->answered && search->error != NULL)
    g_task_return_error (task, g_steal_pointer (&search->error));
  else
    g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                             "The token “%s” is not there, or has no such key", search->label);
}

static void
take_error (Search *search, const GError *error)
{
  if (search->error == NULL)
    search->error = g_error_copy (error);
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  Question *question = user_data;
  g_autoptr (GTask) task = question->task;
  Search *search = g_task_get_task_data (task);
  gboolean has = FALSE;

  search->n_asked--;
  if (reply != NULL)
    g_variant_get (reply->body, "(b)", &has);
  else
    take_error (search, error);
  search->answered |= reply != NULL;
  if (has && !search->done)
    {
      search->done = TRUE;
      g_task_return_pointer (task, question->module, NULL);
    }
  finish_if_all_said_no (task);
  g_free (question);
}

void
handoff_token_search_async (GPtrArray *modules,
                            const char *uri,
                            const char *label,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  Search *search = g_new0 (Search, 1);
  guint i;

  g_task_set_source_tag (task, handoff_token_search_async);
  g_task_set_task_data (task, search, free_search);
  search->label = g_strdup (label);
  for (i = 0; i < modules->len; i++)
    {
      HandoffModuleProcess *module = g_ptr_array_index (modules, i);
      g_autoptr (GError) error = NULL;
      HandoffLink *link = handoff_module_process_start (module, NULL, &error);
      Question *question;

      if (link == NULL)
        {
          take_error (search, error);
          continue;
        }
      search->n_asked++;
      question = g_new0 (Question, 1);
      question->task = g_object_ref (task);
      question->module = module;
      handoff_link_request (link, HANDOFF_TOKEN_HAS, g_variant_new ("(s)", uri), NULL, 0, answered,
                            question);
    }
  finish_if_all_said_no (task);
}

HandoffModuleProcess *
handoff_token_search_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
