/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/session-call.h"

#include "call/provide-call.h"
#include "call/session-reply.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "session/resumption.h"
#include "session/session-handshake.h"

/* Nobody can guess a session's path: the creator has read the reply with it. */
static void
note_read (HandoffSession *session, HandoffCall *call)
{
  if (session->call_serial == 0 ||
      !g_str_equal (handoff_call_get_sender (call), handoff_caller_get_bus_name (session->caller)))
    return;
  handoff_call_note_read (call, session->call_serial);
  session->call_serial = 0;
}

HandoffSession *
handoff_session_call_get (const HandoffCallContext *context, HandoffCall *call)
{
  HandoffSession *session = handoff_session_store_lookup (
      context->shared->sessions, handoff_call_get_object_id (call), handoff_call_get_caller (call));

  if (session == NULL)
    {
      handoff_call_fail_unknown_object (call);
      return NULL;
    }
  handoff_call_note_session (call, session->id);
  if (session->error_details)
    handoff_call_allow_error_details (call);
  note_read (session, call);
  return session;
}

/* Likewise, if the session is in that state and no other call on it is under way. */
static HandoffSession *
get_session_in (const HandoffCallContext *context, HandoffCall *call, HandoffHandshakeState state)
{
  HandoffSession *session = handoff_session_call_get (context, call);
  g_autoptr (GError) error = NULL;

  if (session == NULL || handoff_session_check_state (session, state, &error))
    return session;
  handoff_call_fail (call, error);
  return NULL;
}

/* The first argument, an ay, must not have more than maximum bytes. */
static gboolean
check_size (HandoffCall *call, const char *name, gsize maximum, GError **error)
{
  g_autoptr (GVariant) bytes = g_variant_get_child_value (handoff_call_get_parameters (call), 0);

  if (g_variant_get_size (bytes) <= maximum)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "%s: must be at most %" G_GSIZE_FORMAT " bytes, has %" G_GSIZE_FORMAT
               "; give the rest to another call",
               name, maximum, g_variant_get_size (bytes));
  return FALSE;
}

static gboolean
prepare_step (HandoffCall *call, const HandoffCallContext *context, GError **error)
{
  return check_size (call, "input", HANDOFF_STEP_INPUT_MAX_SIZE, error);
}

static void
run_step (HandoffCall *call, const HandoffCallContext *context)
{
  HandoffSession *session = get_session_in (context, call, HANDOFF_HANDSHAKE_CONTINUE);
  g_autoptr (GVariant) input = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  if (session == NULL)
    return;
  if (!session->stepwise)
    {
      g_set_error_literal (&error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                           "This session does its handshake on a socket, not in steps");
      handoff_call_fail (call, error);
      return;
    }
  g_variant_get (handoff_call_get_parameters (call), "(@ay)", &input);
  bytes = g_variant_get_data_as_bytes (input);
  handoff_session_step (context->shared, session, bytes,
                        handoff_session_reply_new (call, handoff_session_reply_to_step));
}

static void
run_review_certificate (HandoffCall *call, const HandoffCallContext *context)
{
  HandoffSession *session = get_session_in (context, call, HANDOFF_HANDSHAKE_REVIEW);
  gboolean accept;

  if (session == NULL)
    return;
  g_variant_get (handoff_call_get_parameters (call), "(b)", &accept);
  handoff_session_review (context->shared, session, accept,
                          handoff_session_reply_new (call, handoff_session_reply_to_review));
}

static void
run_provide_credential (HandoffCall *call, const HandoffCallContext *context)
{
  HandoffSession *session = get_session_in (context, call, HANDOFF_HANDSHAKE_REQUEST);

  if (session != NULL)
    handoff_provide_call_run (call, context, session);
}

static gboolean
parse_export_keys (HandoffCall *call, HandoffRecipient *recipient, GError **error)
{
  g_autoptr (GVariant) value = NULL;

  g_variant_get (handoff_call_get_parameters (call), "(@ay)", &value);
  return handoff_recipient_parse (value, handoff_call_seals_keys (call), recipient, error);
}

static gboolean
prepare_export_keys (HandoffCall *call, const HandoffCallContext *context, GError **error)
{
  HandoffRecipient recipient;

  return parse_export_keys (call, &recipient, error);
}

static void
run_export_keys (HandoffCall *call, const HandoffCallContext *context)
{
  HandoffSession *session = get_session_in (context, call, HANDOFF_HANDSHAKE_COMPLETE);
  HandoffRecipient recipient;

  if (session == NULL)
    return;
  parse_export_keys (call, &recipient, NULL);
  handoff_session_export (context->shared, session, &recipient,
                          handoff_session_reply_new (call, handoff_session_reply_to_export));
}

static gboolean
prepare_post_handshake (HandoffCall *call, const HandoffCallContext *context, GError **error)
{
  return check_size (call, "message", HANDOFF_POST_HANDSHAKE_MAX_SIZE, error);
}

static void
run_post_handshake (HandoffCall *call, const HandoffCallContext *context)
{
  HandoffSession *session = get_session_in (context, call, HANDOFF_HANDSHAKE_EXPORTED);
  g_autoptr (GVariant) messages = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *data;
  gsize size;

  if (session == NULL)
    return;
  g_variant_get (handoff_call_get_parameters (call), "(@ay)", &messages);
  data = g_variant_get_fixed_array (messages, &size, 1);
  if (handoff_resumption_take_tickets (context->shared->resumption, session, data, size, &error))
    handoff_call_return (call, NULL, NULL);
  else
    handoff_call_fail (call, error);
}

static void
run_close (HandoffCall *call, const HandoffCallContext *context)
{
  HandoffSession *session = handoff_session_call_get (context, call);

  if (session == NULL)
    return;
  handoff_session_store_remove (context->shared->sessions, session);
  handoff_call_return (call, NULL, NULL);
}

const HandoffMethod handoff_session_methods[] = {
  { HANDOFF_SESSION_INTERFACE, "Step", "(ay)", prepare_step, NULL, run_step },
  { HANDOFF_SESSION_INTERFACE, "ReviewCertificate", "(b)", NULL, NULL, run_review_certificate },
  { HANDOFF_SESSION_INTERFACE, "ProvideCredential", "(a{sv})", handoff_provide_call_prepare, NULL,
    run_provide_credential },
  { HANDOFF_SESSION_INTERFACE, "ExportKeys", "(ay)", prepare_export_keys, NULL, run_export_keys },
  { HANDOFF_SESSION_INTERFACE, "PostHandshake", "(ay)", prepare_post_handshake, NULL,
    run_post_handshake },
  { HANDOFF_SESSION_INTERFACE, "Close", "()", NULL, NULL, run_close },
  { NULL },
};
