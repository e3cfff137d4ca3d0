/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The answers to a handshake's questions, as they go over the bus. */

#include "handshake/handshake-question.h"

#include <gio/gunixfdlist.h>

#include "support/fake-service.h"

/* What the service got. */
static GDBusMessage *seen;

static GDBusMessage *
take_answer (GDBusMessage *call)
{
  g_set_object (&seen, call);
  return fake_service_reply_with (call, "('continue', @ay [], @a{sv} {})");
}

typedef struct
{
  GMainLoop *loop;
  gboolean done;
} Wait;

static void
answered_cb (HandoffReply *answer_reply, GError *error, gpointer user_data)
{
  Wait *wait = user_data;
  g_autoptr (HandoffReply) reply = answer_reply;
  g_autoptr (GVariant) output = NULL;
  g_autoptr (GVariant) details = NULL;
  const char *state = NULL;

  g_assert_no_error (error);
  handoff_handshake_question_read_reply (reply, &state, &output, &details);
  g_assert_cmpstr (state, ==, "continue");
  wait->done = TRUE;
  g_main_loop_quit (wait->loop);
}

static void
assert_answer (FakeService *service,
               HandoffHandshakeQuestion question,
               HandoffAnswer answer,
               gboolean interactive,
               const char *method,
               const char *body)
{
  g_autoptr (GDBusMessage) made = g_dbus_message_new ();
  g_autoptr (HandoffReply) origin = handoff_reply_new_from_bus (service->client, made);
  g_autoptr (HandoffServiceSession) session = handoff_service_session_new (origin, "/session");
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autofree char *text = NULL;
  Wait wait = { loop, FALSE };

  handoff_handshake_question_answer_async (session, question, &answer, interactive, NULL,
                                           answered_cb, &wait);
  g_main_loop_run (loop);
  g_assert_true (wait.done);

  g_assert_cmpstr (g_dbus_message_get_member (seen), ==, method);
  text = g_variant_print (g_dbus_message_get_body (seen), FALSE);
  g_assert_cmpstr (text, ==, body);
  g_assert_cmpint (
      (g_dbus_message_get_flags (seen) & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION) != 0,
      ==, interactive);
  g_assert_cmpuint (g_dbus_message_get_num_unix_fds (seen), ==,
                    answer.credential_pem != NULL ? 1 : 0);
  g_clear_object (&seen);
}

/* Breaks if an answer is another one for the service, if a key goes over the bus in the clear, or
 * if the user is not asked although the application can wait for that. */
static void
test_answers (FakeService *service, gconstpointer data)
{
  g_autoptr (GBytes) pem = g_bytes_new_static ("SECRET", 6);

  assert_answer (service, HANDOFF_HANDSHAKE_QUESTION_REVIEW, (HandoffAnswer){ .accept = TRUE },
                 FALSE, "ReviewCertificate", "(true,)");
  assert_answer (service, HANDOFF_HANDSHAKE_QUESTION_REVIEW, (HandoffAnswer){ .accept = FALSE },
                 TRUE, "ReviewCertificate", "(false,)");
  assert_answer (service, HANDOFF_HANDSHAKE_QUESTION_CREDENTIAL, (HandoffAnswer){ .accept = TRUE },
                 FALSE, "ProvideCredential", "({},)");
  assert_answer (service, HANDOFF_HANDSHAKE_QUESTION_CREDENTIAL,
                 (HandoffAnswer){ .automatic = TRUE }, FALSE, "ProvideCredential",
                 "({'automatic': <true>},)");
  assert_answer (service, HANDOFF_HANDSHAKE_QUESTION_CREDENTIAL,
                 (HandoffAnswer){ .credential = (char *) "/mine" }, TRUE, "ProvideCredential",
                 "({'credential': <'/mine'>},)");
  assert_answer (service, HANDOFF_HANDSHAKE_QUESTION_CREDENTIAL,
                 (HandoffAnswer){ .credential_pem = pem }, FALSE, "ProvideCredential",
                 "({'credential-pem': <handle 0>},)");
}

/* Breaks if a state that is no question is taken for one. */
static void
test_states (void)
{
  HandoffHandshakeQuestion question;

  g_assert_true (handoff_handshake_question_from_state ("certificate-review", &question));
  g_assert_cmpint (question, ==, HANDOFF_HANDSHAKE_QUESTION_REVIEW);
  g_assert_true (handoff_handshake_question_from_state ("certificate-request", &question));
  g_assert_cmpint (question, ==, HANDOFF_HANDSHAKE_QUESTION_CREDENTIAL);
  g_assert_false (handoff_handshake_question_from_state ("complete", &question));
  g_assert_false (handoff_handshake_question_from_state ("failed", &question));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/handshake-question/answers", FakeService, take_answer, fake_service_set_up,
              test_answers, fake_service_tear_down);
  g_test_add_func ("/handshake-question/states", test_states);

  return g_test_run ();
}
