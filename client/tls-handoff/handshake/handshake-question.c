/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-question.h"

#include <gio/gunixfdlist.h>

#include "call/secret-file.h"
#include "keyblob/handoff-names.h"

#define REPLY_TYPE "(saya{sv})"

void
handoff_answer_clear (HandoffAnswer *self)
{
  g_clear_error (&self->failure);
  g_clear_pointer (&self->credential, g_free);
  g_clear_pointer (&self->credential_pem, g_bytes_unref);
}

/* (transfer floating) */
static GVariant *
new_review (const HandoffAnswer *answer, GUnixFDList *fds, GError **error)
{
  return g_variant_new ("(b)", answer->accept);
}

static GVariant *
new_credential (const HandoffAnswer *answer, GUnixFDList *fds, GError **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  if (answer->credential_pem != NULL)
    {
      int handle = handoff_secret_file_append (fds, answer->credential_pem, error);

      if (handle < 0)
        return NULL;
      g_variant_dict_insert (&dict, HANDOFF_OPTION_CREDENTIAL_PEM, "h", handle);
    }
  else if (answer->credential != NULL)
    g_variant_dict_insert (&dict, HANDOFF_OPTION_CREDENTIAL, "s", answer->credential);
  else if (answer->automatic)
    g_variant_dict_insert (&dict, HANDOFF_ANSWER_AUTOMATIC, "b", TRUE);

  return g_variant_new ("(@a{sv})", g_variant_dict_end (&dict));
}

static const struct
{
  HandoffHandshakeQuestion question;
  const char *state;
  const char *method;
  GVariant *(*new_body) (const HandoffAnswer *answer, GUnixFDList *fds, GError **error);
} questions[] = {
  { HANDOFF_HANDSHAKE_QUESTION_REVIEW, HANDOFF_STATE_CERTIFICATE_REVIEW, "ReviewCertificate",
    new_review },
  { HANDOFF_HANDSHAKE_QUESTION_CREDENTIAL, HANDOFF_STATE_CERTIFICATE_REQUEST, "ProvideCredential",
    new_credential },
};

gboolean
handoff_handshake_question_from_state (const char *state, HandoffHandshakeQuestion *question)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (questions); i++)
    {
      if (g_str_equal (state, questions[i].state))
        {
          *question = questions[i].question;
          return TRUE;
        }
    }
  return FALSE;
}

void
handoff_handshake_question_answer_async (HandoffServiceSession *session,
                                         HandoffHandshakeQuestion question,
                                         const HandoffAnswer *answer,
                                         gboolean interactive,
                                         GCancellable *cancellable,
                                         HandoffReplyFunc func,
                                         gpointer user_data)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  GError *error = NULL;
  GVariant *body;

  g_assert (questions[question].question == question);

  body = questions[question].new_body (answer, fds, &error);
  if (body == NULL)
    func (NULL, error, user_data);
  else
    handoff_service_session_call_async (session, questions[question].method, body, fds, interactive,
                                        REPLY_TYPE, cancellable, func, user_data);
}

void
handoff_handshake_question_read_reply (HandoffReply *reply,
                                       const char **state,
                                       GVariant **output,
                                       GVariant **details)
{
  g_variant_get (reply->body, "(&s@ay@a{sv})", state, output, details);
}
