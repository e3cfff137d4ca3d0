/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tokens/key-search.h"

#include "keyblob/tls-handoff-error.h"
#include "link/token-messages.h"
#include "token-text/token-uri.h"
#include "tokens/key-digest.h"

void
handoff_module_key_free (HandoffModuleKey *self)
{
  g_clear_pointer (&self->public_key, g_bytes_unref);
  g_clear_pointer (&self->certificates, g_ptr_array_unref);
  g_free (self);
}

/* The search for a key. Owned by the task. */
typedef struct
{
  HandoffTokenPlaces *places; /* (owned) */
  char *uri;                  /* (owned) */
  char *label;                /* (owned) */
  GBytes *digest;             /* (owned) (nullable): of the wanted key */
  GBytes *pin;                /* (owned) (nullable) */
  gboolean may_use_known_pin;
  HandoffModuleProcess *module; /* (unowned): that was asked */
  gboolean was_elsewhere;       /* it was looked for in all */
} Find;

static void
free_find (gpointer data)
{
  Find *find = data;

  handoff_token_places_unref (find->places);
  g_free (find->uri);
  g_free (find->label);
  g_clear_pointer (&find->digest, g_bytes_unref);
  g_clear_pointer (&find->pin, g_bytes_unref);
  g_free (find);
}

static HandoffModuleKey *
read_key (GVariant *body)
{
  HandoffModuleKey *key = g_new0 (HandoffModuleKey, 1);
  g_autoptr (GVariant) public_key = NULL;
  g_autoptr (GVariantIter) certificates = NULL;
  GVariant *certificate;

  g_variant_get (body, "(@ayaay)", &public_key, &certificates);
  key->public_key = g_variant_get_data_as_bytes (public_key);
  key->certificates = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  while (g_variant_iter_loop (certificates, "@ay", &certificate))
    g_ptr_array_add (key->certificates, g_variant_get_data_as_bytes (certificate));
  return key;
}

static void token_placed (GObject *source, GAsyncResult *result, gpointer user_data);

static void
key_found (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Find *find = g_task_get_task_data (task);

  handoff_module_process_leave_token (find->module, find->label);
  if (reply != NULL)
    {
      handoff_token_places_note (find->places, find->label, find->module);
      g_task_return_pointer (task, read_key (reply->body),
                             (GDestroyNotify) handoff_module_key_free);
      return;
    }
  /* Perhaps somebody has put the token where another module sees it. */
  if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND) &&
      handoff_token_places_forget (find->places, find->label, find->module) && !find->was_elsewhere)
    {
      find->was_elsewhere = TRUE;
      handoff_token_places_find_async (find->places, find->uri, find->label, token_placed,
                                       g_steal_pointer (&task));
      return;
    }
  g_task_return_error (task, g_error_copy (error));
}

static void
token_placed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Find *find = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  HandoffLink *link = NULL;
  GVariant *pin = NULL;

  find->module = handoff_token_places_find_finish (find->places, result, &error);
  if (find->module != NULL)
    link = handoff_module_process_start (find->module, NULL, &error);
  if (link == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  handoff_module_process_enter_token (find->module, find->label);
  if (find->pin != NULL)
    pin = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, find->pin, TRUE);
  handoff_link_request (link, HANDOFF_TOKEN_FIND,
                        g_variant_new ("(s@aym@ayb)", find->uri,
                                       handoff_key_digest_to_variant (find->digest), pin,
                                       find->may_use_known_pin),
                        NULL, 0, key_found, g_steal_pointer (&task));
}

void
handoff_key_search_async (HandoffTokenPlaces *places,
                          const char *uri,
                          GBytes *public_key,
                          GBytes *pin,
                          gboolean may_use_known_pin,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffTokenUri) parsed = handoff_token_uri_parse (uri, &error);
  Find *find;

  g_task_set_source_tag (task, handoff_key_search_async);
  if (parsed == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  find = g_new0 (Find, 1);
  find->places = handoff_token_places_ref (places);
  find->uri = handoff_token_uri_to_string (parsed);
  find->label = g_strdup (handoff_token_uri_get_token (parsed));
  find->digest = public_key != NULL ? handoff_key_digest_dup (public_key) : NULL;
  find->pin = pin != NULL ? g_bytes_ref (pin) : NULL;
  find->may_use_known_pin = may_use_known_pin;
  g_task_set_task_data (task, find, free_find);
  handoff_token_places_find_async (places, find->uri, find->label, token_placed,
                                   g_steal_pointer (&task));
}

HandoffModuleKey *
handoff_key_search_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
