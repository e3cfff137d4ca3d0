/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* GTlsInteraction: how the application is asked for a certificate. */

#include "cases.h"
#include "link.h"

/* Answers as the case says. */
typedef struct
{
  GTlsInteraction parent_instance;

  GTlsInteractionResult answer;
  const char *certificate; /* (nullable): that it sets */
  GError *error;           /* (owned) (nullable): if it fails */
  GThread *thread;         /* that made it */
  gboolean async;          /* called by asynchronous I/O */
  Link *link;
} TestInteraction;

typedef GTlsInteractionClass TestInteractionClass;

static GType sync_interaction_get_type (void);
G_DEFINE_TYPE (TestInteraction, sync_interaction, G_TYPE_TLS_INTERACTION)

static void
observe_question (TestInteraction *self, GTlsConnection *connection)
{
  observe ("asked for a certificate");
  /* While a blocking call waits, any thread may own the main context. */
  if (self->async)
    observe ("  in %s thread", self->thread == g_thread_self () ? "the same" : "another");
  observe ("  the connection: %d", connection == self->link->connection);
  observe_property (connection, "accepted-cas");
  observe_property (connection, "certificate");
  observe_property (connection, "peer-certificate");
}

static GTlsInteractionResult
answer (TestInteraction *self, GTlsConnection *connection, GError **error)
{
  if (self->certificate != NULL)
    {
      g_autoptr (GTlsCertificate) certificate = link_certificate (self->certificate);

      g_tls_connection_set_certificate (connection, certificate);
    }
  if (self->error != NULL)
    g_propagate_error (error, g_error_copy (self->error));
  return self->answer;
}

static GTlsInteractionResult
request_certificate (GTlsInteraction *interaction,
                     GTlsConnection *connection,
                     GTlsCertificateRequestFlags flags,
                     GCancellable *cancellable,
                     GError **error)
{
  TestInteraction *self = (TestInteraction *) interaction;

  observe_question (self, connection);
  return answer (self, connection, error);
}

static GTlsInteractionResult
ask_password (GTlsInteraction *interaction,
              GTlsPassword *password,
              GCancellable *cancellable,
              GError **error)
{
  observe ("asked for a password");
  return G_TLS_INTERACTION_UNHANDLED;
}

static void
finalize (GObject *object)
{
  TestInteraction *self = (TestInteraction *) object;

  g_clear_error (&self->error);
  G_OBJECT_CLASS (sync_interaction_parent_class)->finalize (object);
}

static void
sync_interaction_class_init (TestInteractionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = finalize;
  klass->request_certificate = request_certificate;
  klass->ask_password = ask_password;
}

static void
sync_interaction_init (TestInteraction *self)
{
  self->thread = g_thread_self ();
}

typedef TestInteraction AsyncInteraction;
typedef GTlsInteractionClass AsyncInteractionClass;
static GType async_interaction_get_type (void);
G_DEFINE_TYPE (AsyncInteraction, async_interaction, sync_interaction_get_type ())

static gboolean
answer_cb (gpointer data)
{
  g_autoptr (GTask) task = data;
  TestInteraction *self = g_task_get_source_object (task);
  GError *error = NULL;
  GTlsInteractionResult result = answer (self, g_task_get_task_data (task), &error);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, result);
  return G_SOURCE_REMOVE;
}

static void
request_certificate_async (GTlsInteraction *interaction,
                           GTlsConnection *connection,
                           GTlsCertificateRequestFlags flags,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  TestInteraction *self = (TestInteraction *) interaction;
  GTask *task = g_task_new (interaction, cancellable, callback, user_data);

  observe_question (self, connection);
  g_task_set_task_data (task, g_object_ref (connection), g_object_unref);
  g_idle_add (answer_cb, task);
}

static GTlsInteractionResult
request_certificate_finish (GTlsInteraction *interaction, GAsyncResult *result, GError **error)
{
  GTlsInteractionResult answered = g_task_propagate_int (G_TASK (result), error);

  return (int) answered == -1 ? G_TLS_INTERACTION_FAILED : answered;
}

static void
async_interaction_class_init (AsyncInteractionClass *klass)
{
  klass->request_certificate = NULL;
  klass->request_certificate_async = request_certificate_async;
  klass->request_certificate_finish = request_certificate_finish;
}

static void
async_interaction_init (AsyncInteraction *self)
{
}

typedef struct
{
  GTlsInteractionResult answer;
  const char *certificate;
  GQuark (*domain) (void); /* NULL: no error */
  int code;
  const char *set_before; /* certificate that is set before */
} Answer;

static const PeerSettings wish = { .request = GNUTLS_CERT_REQUEST, .authority = "client-ca.pem" };
static const PeerSettings demand = { .request = GNUTLS_CERT_REQUIRE, .authority = "client-ca.pem" };
static const PeerSettings demand12 = { .request = GNUTLS_CERT_REQUIRE,
                                       .authority = "client-ca.pem",
                                       .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2" };

static void
run (const PeerSettings *settings, const Answer *wanted, GType type, gboolean async)
{
  TestInteraction *interaction = g_object_new (type, NULL);
  Link *link = link_new_client (settings);

  interaction->link = link;
  interaction->async = async;
  interaction->answer = wanted->answer;
  interaction->certificate = wanted->certificate;
  if (wanted->domain != NULL)
    interaction->error = g_error_new_literal (wanted->domain (), wanted->code, "No certificate");
  if (wanted->set_before != NULL)
    {
      g_autoptr (GTlsCertificate) certificate = link_certificate (wanted->set_before);

      g_tls_connection_set_certificate (link->connection, certificate);
    }
  observe_call (interaction, "the interaction");
  g_tls_connection_set_interaction (link->connection, G_TLS_INTERACTION (interaction));
  if (async)
    link_handshake_async (link, NULL);
  else
    link_handshake (link);
  link_exchange (link, "hello");
  observe_property (link->connection, "certificate");
  observe_property (link->connection, "accepted-cas");
  link_end (link);
  g_object_unref (interaction);
}

static const Answer handled = { G_TLS_INTERACTION_HANDLED, "client", NULL, 0, NULL };
static const Answer handled_with_nothing = { G_TLS_INTERACTION_HANDLED, NULL, NULL, 0, NULL };
static const Answer unhandled = { G_TLS_INTERACTION_UNHANDLED, NULL, NULL, 0, NULL };
static const Answer failed = { G_TLS_INTERACTION_FAILED, NULL, g_tls_error_quark, G_TLS_ERROR_MISC,
                               NULL };
static const Answer cancelled = { G_TLS_INTERACTION_FAILED, NULL, g_io_error_quark,
                                  G_IO_ERROR_CANCELLED, NULL };
static const Answer set_before = { G_TLS_INTERACTION_HANDLED, NULL, NULL, 0, "client" };

#define CASE(name, settings, answer)                                                               \
  static void name (void) { run (&settings, &answer, sync_interaction_get_type (), FALSE); }       \
  static void name##_modeless (void)                                                               \
  {                                                                                                \
    run (&settings, &answer, async_interaction_get_type (), TRUE);                                 \
  }
CASE (wished_handled, wish, handled)
CASE (demanded_handled, demand, handled)
CASE (demanded_handled12, demand12, handled)
CASE (wished_with_nothing, wish, handled_with_nothing)
CASE (wished_unhandled, wish, unhandled)
CASE (demanded_unhandled, demand, unhandled)
CASE (demanded_unhandled12, demand12, unhandled)
CASE (wished_failed, wish, failed)
CASE (demanded_failed, demand, failed)
CASE (demanded_failed12, demand12, failed)
CASE (wished_cancelled, wish, cancelled)
CASE (demanded_cancelled, demand, cancelled)
CASE (wished_set_before, wish, set_before)
#undef CASE

static void
sync_call_modeless (void)
{
  run (&wish, &handled, async_interaction_get_type (), FALSE);
}

static void
async_call_modal (void)
{
  run (&wish, &handled, sync_interaction_get_type (), TRUE);
}

/* One that overrides nothing. */
static void
empty (void)
{
  g_autoptr (GTlsInteraction) interaction = g_object_new (G_TYPE_TLS_INTERACTION, NULL);
  Link *link = link_new_client (&wish);

  g_tls_connection_set_interaction (link->connection, interaction);
  link_handshake (link);
  link_exchange (link, "hello");
  observe_property (link->connection, "accepted-cas");
  link_end (link);
}

static void
not_asked (void)
{
  static const PeerSettings plain = { 0 };

  run (&plain, &handled, sync_interaction_get_type (), FALSE);
}

const ConformanceCase interaction_cases[] = {
#define BOTH(text, name)                                                                           \
  { text, name }, { text "-modeless", name##_modeless }
  BOTH ("wished-handled", wished_handled),
  BOTH ("demanded-handled", demanded_handled),
  BOTH ("demanded-handled-1.2", demanded_handled12),
  BOTH ("wished-with-nothing", wished_with_nothing),
  BOTH ("wished-unhandled", wished_unhandled),
  BOTH ("demanded-unhandled", demanded_unhandled),
  BOTH ("demanded-unhandled-1.2", demanded_unhandled12),
  BOTH ("wished-failed", wished_failed),
  BOTH ("demanded-failed", demanded_failed),
  BOTH ("demanded-failed-1.2", demanded_failed12),
  BOTH ("wished-cancelled", wished_cancelled),
  BOTH ("demanded-cancelled", demanded_cancelled),
  BOTH ("wished-set-before", wished_set_before),
#undef BOTH
  { "sync-call-modeless", sync_call_modeless },
  { "async-call-modal", async_call_modal },
  { "empty", empty },
  { "not-asked", not_asked },
  { NULL, NULL },
};
