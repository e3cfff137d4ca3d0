/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token-credentials.h"

#include "broker/news.h"
#include "link/token-messages.h"

static void
find_async (gpointer self,
            HandoffCredential *credential,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  HandoffModuleKeys *keys = handoff_tokens_get_keys (self);

  handoff_module_keys_add (keys, credential->id, credential->token_uri,
                           credential->description->public_key);
  handoff_module_keys_open_async (keys, credential->id, callback, user_data);
}

static gboolean
find_finish (gpointer self, GAsyncResult *result, guint64 *program, GError **error)
{
  *program = handoff_module_keys_open_finish (result, error);
  return *program != 0;
}

const HandoffTokenFinder handoff_token_credentials_finder = { find_async, find_finish };

static gboolean
is_there (const char *id, gpointer credentials)
{
  return handoff_credentials_lookup (credentials, id) != NULL;
}

void
handoff_token_credentials_update (HandoffTokens *tokens, HandoffCredentials *credentials)
{
  HandoffModuleKeys *keys = handoff_tokens_get_keys (tokens);
  g_autoptr (GPtrArray) all = handoff_credentials_list (credentials, NULL);
  guint i;

  handoff_module_keys_prune (keys, is_there, credentials);
  for (i = 0; i < all->len; i++)
    {
      const HandoffCredential *credential = g_ptr_array_index (all, i);

      if (credential->token_uri != NULL)
        handoff_module_keys_add (keys, credential->id, credential->token_uri,
                                 credential->description->public_key);
    }
}

static void
started (guint64 number, HandoffLink *link, gpointer user_data)
{
  static const HandoffSigningRows rows = { HANDOFF_TOKEN_HOLDER, HANDOFF_TOKEN_HOLDER_SOCKET,
                                           HANDOFF_TOKEN_HOLDER_GONE, HANDOFF_TOKEN_GRANT,
                                           HANDOFF_TOKEN_GRANT_OVER };
  const HandoffTokenEvents *events = user_data;

  handoff_signing_add_program (events->signing, number, link, &rows);
}

static void
ended (guint64 number, gpointer user_data)
{
  const HandoffTokenEvents *events = user_data;

  handoff_signing_remove_program (events->signing, number, TRUE);
  /* With a remembered yes comes a grant of that process. */
  if (events->handshakers != NULL)
    handoff_news_forget_answers (events->handshakers);
}

static void
violated (guint64 number, guint64 holder, const char *why, gpointer user_data)
{
  const HandoffTokenEvents *events = user_data;

  handoff_signing_violated (events->signing, number, holder, why);
}

static void
pins_changed (gpointer user_data)
{
  const HandoffTokenEvents *events = user_data;

  if (events->pin_hold != NULL)
    handoff_pin_hold_update (events->pin_hold);
}

const HandoffModulesFunctions handoff_token_events = { started, ended, violated, pins_changed };
