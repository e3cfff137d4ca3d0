/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/session-reply.h"

#include "keyblob/error-reply.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

char *
handoff_session_reply_dup_path (const HandoffSession *session)
{
  return g_strconcat (HANDOFF_SESSIONS_PATH "/", session->id, NULL);
}

static void
add_error_details (const GError *error, GVariantDict *details)
{
  g_autofree char *name = handoff_error_dup_name (error);
  GVariant *more = tls_handoff_error_get_details (error);
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_dict_insert (details, HANDOFF_DETAIL_ERROR, "s", name);
  g_variant_dict_insert (details, HANDOFF_DETAIL_MESSAGE, "s", error->message);
  if (more == NULL)
    return;
  g_variant_iter_init (&iter, more);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    g_variant_dict_insert_value (details, key, value);
}

/* There must be one that is sealed. (transfer full) */
static GUnixFDList *
take_key_blob (HandoffHandshakeProgress *progress)
{
  GUnixFDList *fds = g_unix_fd_list_new_from_array (&progress->key_blob_fd, 1);

  progress->key_blob_fd = -1; /* the list has it now */
  return fds;
}

/* Ends the call with value, and with the key blob as its descriptor, if there are keys. */
static void
return_with_keys (HandoffCall *call, GVariant *value, HandoffHandshakeProgress *progress)
{
  g_autoptr (GUnixFDList) fds = NULL;

  if (progress->key_state != NULL)
    {
      handoff_call_return_keys (call, value, g_steal_pointer (&progress->key_state));
      return;
    }
  if (progress->key_blob_fd >= 0)
    fds = take_key_blob (progress);
  handoff_call_return (call, value, fds);
}

static gboolean
has_keys (const HandoffHandshakeProgress *progress)
{
  return progress->key_state != NULL || progress->key_blob_fd >= 0;
}

/* with_keys: the details have the index of the key blob, if there is one. (transfer full) */
static GVariant *
dup_details (HandoffHandshakeProgress *progress, gboolean with_keys)
{
  g_auto (GVariantDict) details = G_VARIANT_DICT_INIT (NULL);

  if (progress->outcome != NULL)
    handoff_handshake_outcome_add_details (progress->outcome, &details);
  if (progress->error != NULL)
    add_error_details (progress->error, &details);
  if (with_keys && has_keys (progress))
    g_variant_dict_insert (&details, HANDOFF_DETAIL_KEY_BLOB, "h", 0);
  return g_variant_ref_sink (g_variant_dict_end (&details));
}

void
handoff_session_reply_to_handshake (HandoffSession *session,
                                    HandoffHandshakeProgress *progress,
                                    gpointer user_data)
{
  HandoffCall *call = user_data;
  g_autoptr (GVariant) details = NULL;
  g_autofree char *path = NULL;

  if (progress->error != NULL)
    {
      handoff_call_fail (call, progress->error);
      return;
    }
  path = handoff_session_reply_dup_path (session);
  details = dup_details (progress, TRUE);
  return_with_keys (
      call, g_variant_new ("(so@a{sv})", handoff_session_get_state_name (session), path, details),
      progress);
}

static GVariant *
new_bytes (GBytes *bytes)
{
  return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
}

void
handoff_session_reply_to_step (HandoffSession *session,
                               HandoffHandshakeProgress *progress,
                               gpointer user_data)
{
  HandoffCall *call = user_data;
  g_autoptr (GVariant) details = dup_details (progress, FALSE);

  handoff_call_return (call,
                       g_variant_new ("(s@ayt@a{sv})", handoff_session_get_state_name (session),
                                      new_bytes (progress->output), (guint64) progress->consumed,
                                      details),
                       NULL);
}

void
handoff_session_reply_to_review (HandoffSession *session,
                                 HandoffHandshakeProgress *progress,
                                 gpointer user_data)
{
  HandoffCall *call = user_data;
  g_autoptr (GVariant) details = NULL;

  if (!session->stepwise && progress->error != NULL)
    {
      handoff_call_fail (call, progress->error);
      return;
    }
  details = dup_details (progress, TRUE);
  return_with_keys (call,
                    g_variant_new ("(s@ay@a{sv})", handoff_session_get_state_name (session),
                                   new_bytes (progress->output), details),
                    progress);
}

void
handoff_session_reply_to_export (HandoffSession *session,
                                 HandoffHandshakeProgress *progress,
                                 gpointer user_data)
{
  HandoffCall *call = user_data;
  g_autoptr (GVariant) details = NULL;

  if (progress->error != NULL)
    {
      handoff_call_fail (call, progress->error);
      return;
    }
  details = dup_details (progress, FALSE);
  return_with_keys (call, g_variant_new ("(h@a{sv})", 0, details), progress);
}

static void
caller_left (gpointer user_data)
{
  handoff_call_free (user_data);
}

HandoffSessionReply
handoff_session_reply_new (HandoffCall *call, HandoffSessionReplyFunc reply)
{
  return (HandoffSessionReply){ handoff_call_get_caller (call), reply, call, caller_left };
}
