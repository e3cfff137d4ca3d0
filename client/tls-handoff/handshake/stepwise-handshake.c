/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Handshakes on streams that the service cannot be given: it is told what the peer sent, and says
 * what to send.
 *
 *   CreateSession → Step → send → receive → Step → send → receive → … → ExportKeys
 *
 * After a Step, or the answer to a question, what it returned is sent first, and then the state
 * decides: “continue” receives, or steps on with what is left over; “certificate-review” and
 * “certificate-request” ask; “complete” exports; “failed” ends. Whatever else ends the handshake
 * closes the session. */

#include "config.h"

#include "handshake/stepwise-handshake.h"

#include <inttypes.h>
#include <gio/gunixfdlist.h>

#include "call/manager-call.h"
#include "call/service-call.h"
#include "call/service-error.h"
#include "handshake/handshake-options-variant.h"
#include "handshake/handshake-options.h"
#include "handshake/handshake-result.h"
#include "handshake/peer-stream.h"
#include "handshake/recipient-key.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

#define CREATE_REPLY_TYPE "(o)"
#define STEP_REPLY_TYPE "(sayta{sv})"
#define EXPORT_REPLY_TYPE "(ha{sv})"

/* Seconds of silence after which the service is asked whether the handshake's time is over. */
#define MAX_SILENCE 5

/* Seconds for which a peer may take nothing, if the options have no timeout. */
#define DEFAULT_SEND_TIMEOUT 30

/* What a handshake in flight holds; the data of its task. */
typedef struct
{
  HandoffPeerStream peer;
  HandoffAskFunc ask; /* (nullable) */
  gpointer ask_data;
  HandoffHandshakeQuestion question; /* that was asked last */
  gboolean interactive;
  gboolean resumption;
  guint timeout;                   /* seconds; 0: the service's default */
  GVariant *creation;              /* (owned): the arguments of CreateSession() */
  GUnixFDList *fds;                /* (owned): and what their handles mean */
  HandoffServiceSession *session;  /* (owned) (nullable): while it may have to be closed */
  GByteArray *received;            /* (owned): and not consumed */
  gsize offered;                   /* bytes of it that the step under way was given */
  gboolean stepping;               /* a Step() is under way */
  GError *failure;                 /* (owned) (nullable): to be reported when the read has ended */
  gboolean done;                   /* the task has returned */
  GBytes *output;                  /* (owned) (nullable): to be sent */
  char *state;                     /* (owned) (nullable): of the session */
  GVariant *details;               /* (owned) (nullable): that came with it */
  TlsHandoffImportKey *import_key; /* (owned) (nullable) */
} Steps;

static void
steps_free (Steps *steps)
{
  handoff_peer_stream_clear (&steps->peer);
  g_clear_pointer (&steps->creation, g_variant_unref);
  g_clear_object (&steps->fds);
  g_clear_pointer (&steps->session, handoff_service_session_unref);
  g_clear_pointer (&steps->received, g_byte_array_unref);
  g_clear_pointer (&steps->output, g_bytes_unref);
  g_free (steps->state);
  g_clear_pointer (&steps->details, g_variant_unref);
  g_clear_object (&steps->import_key);
  g_clear_error (&steps->failure);
  g_free (steps);
}

static void step (GTask *task);
static void send_output (GTask *task);
static void receive (GTask *task);

/* error: consumed */
static void
fail (GTask *task, GError *error)
{
  Steps *steps = g_task_get_task_data (task);

  if (steps->done || steps->failure != NULL)
    {
      g_error_free (error);
      return;
    }
  if (steps->session != NULL)
    handoff_service_session_tell (steps->session, "Close", NULL);
  if (steps->state != NULL)
    handoff_service_error_mark_begun (&error);
  if (steps->peer.reading)
    {
      /* Whoever gets the error may drop the stream: no read may be under way on it then. */
      steps->failure = error;
      handoff_peer_stream_stop_reading (&steps->peer);
      return;
    }
  steps->done = TRUE;
  g_task_return_error (task, error);
}

static void
exported_cb (HandoffReply *export_reply, GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (HandoffReply) reply = export_reply;
  g_autoptr (GVariant) given = NULL;
  g_autoptr (GVariant) details = NULL;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  Steps *steps = g_task_get_task_data (task);
  TlsHandoffHandshakeResult *result = NULL;
  gint32 handle;

  if (reply == NULL)
    {
      fail (task, error);
      return;
    }

  /* As HandshakeAsClient() has them. */
  g_variant_get (reply->body, "(h@a{sv})", &handle, &given);
  g_variant_dict_init (&dict, given);
  g_variant_dict_insert (&dict, HANDOFF_DETAIL_KEY_BLOB, "h", handle);
  details = g_variant_ref_sink (g_variant_dict_end (&dict));

  result = handoff_handshake_result_new_from_reply (reply, details, steps->import_key, &error);
  if (result == NULL)
    {
      fail (task, error);
      return;
    }
  if (steps->resumption)
    handoff_handshake_result_set_session (result, steps->session);
  steps->done = TRUE;
  g_task_return_pointer (task, result, g_object_unref);
}

static void
export_keys (GTask *task)
{
  Steps *steps = g_task_get_task_data (task);
  const gboolean opens_blobs = handoff_service_session_opens_blobs (steps->session);
  GVariant *recipient_key;
  GError *error = NULL;

  recipient_key = handoff_recipient_key_new (opens_blobs ? NULL : &steps->import_key, &error);
  if (recipient_key == NULL)
    fail (task, error);
  else
    handoff_service_session_call_async (
        steps->session, "ExportKeys", g_variant_new ("(@ay)", recipient_key), NULL, FALSE,
        EXPORT_REPLY_TYPE, g_task_get_cancellable (task), exported_cb, g_object_ref (task));
}

static void
take_reply (GTask *task, const char *state, GVariant *output, GVariant *details)
{
  Steps *steps = g_task_get_task_data (task);

  g_free (steps->state);
  steps->state = g_strdup (state);
  g_clear_pointer (&steps->details, g_variant_unref);
  steps->details = g_variant_ref (details);
  g_clear_pointer (&steps->output, g_bytes_unref);
  steps->output = g_variant_get_data_as_bytes (output);
  send_output (task);
}

static void
answer_taken_cb (HandoffReply *answer_reply, GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (HandoffReply) reply = answer_reply;
  g_autoptr (GVariant) output = NULL;
  g_autoptr (GVariant) details = NULL;
  const char *state;

  if (reply == NULL)
    {
      fail (task, error);
      return;
    }
  handoff_handshake_question_read_reply (reply, &state, &output, &details);
  take_reply (task, state, output, details);
}

static void
answered (GTask *task, const HandoffAnswer *answer)
{
  Steps *steps = g_task_get_task_data (task);

  if (answer->failure != NULL)
    fail (task, g_error_copy (answer->failure));
  else
    handoff_handshake_question_answer_async (steps->session, steps->question, answer,
                                             steps->interactive, g_task_get_cancellable (task),
                                             answer_taken_cb, g_object_ref (task));
}

/* What the state asks for, now that the output was sent. */
static void
go_on (GTask *task)
{
  Steps *steps = g_task_get_task_data (task);

  if (g_str_equal (steps->state, HANDOFF_STATE_CONTINUE))
    {
      if (steps->received->len > 0)
        step (task);
      else
        receive (task);
    }
  else if (steps->ask != NULL &&
           handoff_handshake_question_from_state (steps->state, &steps->question))
    {
      steps->ask (steps->question, steps->details, task, answered, steps->ask_data);
    }
  else if (g_str_equal (steps->state, HANDOFF_STATE_COMPLETE))
    {
      /* No handshake is complete before the peer's bytes have come. */
      if (steps->peer.reading)
        fail (task, g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                                         _ ("The TLS Handoff service completed a handshake out of "
                                            "nothing; its version does not fit the library's")));
      else
        export_keys (task);
    }
  else if (g_str_equal (steps->state, HANDOFF_STATE_FAILED))
    {
      /* The session is transient: the failure closed it. */
      g_clear_pointer (&steps->session, handoff_service_session_unref);
      fail (task, handoff_service_call_error_from_details (steps->details));
    }
  else
    {
      fail (task,
            g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                         _ ("The TLS Handoff service replied with the unknown state “%s”; its "
                            "version does not fit the library's"),
                         steps->state));
    }
}

static void
sent (GTask *task, GError *error)
{
  Steps *steps = g_task_get_task_data (task);

  /* If the alert does not reach the peer, the error to report is still the reason for the alert. */
  if (error != NULL && g_str_equal (steps->state, HANDOFF_STATE_FAILED))
    g_clear_error (&error);
  if (error != NULL)
    fail (task, error);
  else
    go_on (task);
}

static guint
get_send_timeout (Steps *steps)
{
  if (g_str_equal (steps->state, HANDOFF_STATE_FAILED))
    return MAX_SILENCE;

  return steps->timeout != 0 ? steps->timeout : DEFAULT_SEND_TIMEOUT;
}

static void
send_output (GTask *task)
{
  Steps *steps = g_task_get_task_data (task);

  if (g_bytes_get_size (steps->output) > 0)
    handoff_peer_stream_send (&steps->peer, steps->output, get_send_timeout (steps));
  else
    go_on (task);
}

static void
stepped_cb (HandoffReply *step_reply, GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (HandoffReply) reply = step_reply;
  g_autoptr (GVariant) output = NULL;
  g_autoptr (GVariant) details = NULL;
  Steps *steps = g_task_get_task_data (task);
  const char *state;
  guint64 consumed;

  steps->stepping = FALSE;
  if (steps->done || steps->failure != NULL)
    {
      g_clear_error (&error);
      return;
    }
  if (reply == NULL)
    {
      fail (task, error);
      return;
    }

  g_variant_get (reply->body, "(&s@ayt@a{sv})", &state, &output, &consumed, &details);
  /* If it used less, we would step for ever. */
  if (consumed > steps->offered ||
      (consumed < steps->offered && g_str_equal (state, HANDOFF_STATE_CONTINUE)))
    {
      fail (task, g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                               _ ("The TLS Handoff service says that it used %" PRIu64
                                  " of %zu bytes; its version does not fit the library's"),
                               consumed, steps->offered));
      return;
    }

  g_byte_array_remove_range (steps->received, 0, (guint) consumed);
  take_reply (task, state, output, details);
}

static void
step (GTask *task)
{
  Steps *steps = g_task_get_task_data (task);

  steps->stepping = TRUE;
  steps->offered = steps->received->len;
  handoff_service_session_call_async (
      steps->session, "Step",
      g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, steps->received->data,
                                                         steps->received->len, 1)),
      NULL, FALSE, STEP_REPLY_TYPE, g_task_get_cancellable (task), stepped_cb, g_object_ref (task));
}

static void
received (GTask *task, const guint8 *data, gsize size, GError *error)
{
  Steps *steps = g_task_get_task_data (task);

  if (steps->failure != NULL)
    {
      g_clear_error (&error);
      steps->done = TRUE;
      g_task_return_error (task, g_steal_pointer (&steps->failure));
      return;
    }
  if (error != NULL)
    {
      fail (task, error);
      return;
    }
  if (size == 0)
    {
      fail (task, g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED,
                                       _ ("The peer closed the connection during the handshake")));
      return;
    }

  g_byte_array_append (steps->received, data, (guint) size);
  if (!steps->stepping)
    step (task);
}

/* The service has the time limit of the handshake, and reports its end when a step asks. */
static void
silent (GTask *task)
{
  Steps *steps = g_task_get_task_data (task);

  if (!steps->stepping && steps->failure == NULL)
    step (task);
}

static const HandoffPeerStreamFuncs peer_funcs = {
  .sent = sent,
  .received = received,
  .silent = silent,
};

static void
receive (GTask *task)
{
  Steps *steps = g_task_get_task_data (task);

  handoff_peer_stream_receive (
      &steps->peer, steps->timeout == 0 ? MAX_SILENCE : MIN (steps->timeout, MAX_SILENCE));
}

static void
created_cb (HandoffReply *created_reply, GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (HandoffReply) reply = created_reply;
  Steps *steps = g_task_get_task_data (task);
  const char *path;

  if (reply == NULL)
    {
      handoff_service_error_mark_unreachable (&error);
      fail (task, error);
      return;
    }

  g_variant_get (reply->body, "(&o)", &path);
  steps->session = handoff_service_session_new (reply, path);
  step (task);
}

/* A HandoffManagerCall's. */
static GVariant *
make_arguments (gboolean on_channel, gpointer user_data, GError **error)
{
  return user_data;
}

/* The call of CreateSession(). Its user_data are its arguments. */
static gboolean
prepare (HandoffServiceBus *bus,
         const HandoffHandshakeRequest *request,
         Steps *steps,
         GError **error)
{
  const gboolean is_server = request->role == HANDOFF_ROLE_SERVER;
  GVariant *options;

  if (!handoff_service_bus_check_process (bus, error) ||
      (!is_server && !handoff_service_call_check_identity (request->server_identity, error)))
    return FALSE;
  steps->fds = g_unix_fd_list_new ();
  options = handoff_handshake_options_to_variant (request, steps->fds, error);
  if (options == NULL)
    return FALSE;

  steps->creation = g_variant_ref_sink (
      g_variant_new ("(ss@a{sv})", is_server ? HANDOFF_ROLE_NAME_SERVER : HANDOFF_ROLE_NAME_CLIENT,
                     is_server ? "" : request->server_identity, options));
  return TRUE;
}

void
handoff_stepwise_handshake_async (gpointer source,
                                  HandoffServiceBus *bus,
                                  GIOStream *base_io_stream,
                                  const HandoffHandshakeRequest *request,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  HandoffManagerCall call = { "CreateSession", make_arguments };
  Steps *steps = g_new0 (Steps, 1);
  GError *error = NULL;

  task = g_task_new (source, cancellable, callback, user_data);
  g_task_set_source_tag (task, handoff_stepwise_handshake_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, steps, (GDestroyNotify) steps_free);
  handoff_peer_stream_init (&steps->peer, base_io_stream, task, &peer_funcs);
  steps->ask = request->ask;
  steps->ask_data = request->ask_data;
  steps->interactive = request->interactive;
  steps->resumption = request->role == HANDOFF_ROLE_CLIENT &&
                      handoff_handshake_options_get_resumption (request->options);
  steps->timeout = handoff_handshake_options_get_timeout (request->options);
  steps->received = g_byte_array_new ();

  if (g_task_return_error_if_cancelled (task))
    return;
  if (!prepare (bus, request, steps, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  call.user_data = steps->creation;
  call.fds = steps->fds;
  call.interactive = steps->interactive;
  handoff_manager_call_async (bus, &call, CREATE_REPLY_TYPE, cancellable, created_cb,
                              g_steal_pointer (&task));
}

TlsHandoffHandshakeResult *
handoff_stepwise_handshake_finish (GAsyncResult *async_result, GBytes **received, GError **error)
{
  Steps *steps = g_task_get_task_data (G_TASK (async_result));
  TlsHandoffHandshakeResult *result;

  result = g_task_propagate_pointer (G_TASK (async_result), error);
  if (result != NULL)
    *received = g_byte_array_free_to_bytes (g_steal_pointer (&steps->received));
  return result;
}
