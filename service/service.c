/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "service.h"

#include "broker/news.h"
#include "broker/places.h"
#include "bus/facade.h"
#include "bus/object-watch.h"
#include "caller/caller-registry.h"
#include "bus-name.h"
#include "gate/dispatcher.h"
#include "work/descriptor-reaper.h"
#include "keyblob/tls-handoff-error.h"
#include "guard/message-descriptors.h"
#include "bus/reload.h"
#include "service-configuration.h"
#include "service-credentials.h"
#include "systemd-notices.h"
#include "handshaker-program.h"
#include "work/clock.h"

/* Threads that read descriptors, parse and make keys for one user at the same time. */
#define THREADS_PER_USER 2

/* What is still under way then, when the service ends, hangs in a stranger's socket. */
#define DRAIN_SECONDS 8
/* For a bus that does not answer, or does not read, when the service is to end. */
#define PATIENCE_SECONDS 2

/* Modes: STARTING until the name is ours; SERVING; LEAVING while the bus takes the name back, after
 * which whatever was addressed to us has arrived; then DONE, or SERVING again if somebody came in
 * the last moment. */
typedef enum
{
  MODE_STARTING,
  MODE_SERVING,
  MODE_LEAVING,
  MODE_DONE,
} Mode;

static const HandoffFacadeKind *const facade_kinds[] = {
  &handoff_manager_facade,
  &handoff_session_facade,
  &handoff_credential_facade,
  &handoff_object_manager_facade,
};

struct _HandoffService
{
  GObject parent;

  GMainLoop *loop; /* (owned) */
  Mode mode;
  GError *error; /* (owned) (nullable): why it ended */
  gboolean quitting;
  gboolean flushed;
  gboolean stuck;
  gboolean is_judging;   /* a handshaker, the first policy */
  GAsyncResult *verdict; /* (owned) (nullable): what it said */
  guint watchdog_id;

  HandoffCallContext context;
  HandoffBrokerSupport support; /* of the handshakers */
  HandoffTokenEvents token_events;
  HandoffIdleTimer *idle_timer;                        /* (owned) */
  gboolean is_asking;                                  /* whether the handshakers can go */
  GDBusConnection *connection;                         /* (owned) */
  HandoffBusName *name;                                /* (owned) */
  HandoffBusGuard *guard;                              /* (unowned) (nullable) */
  guint descriptor_filter;                             /* its, as long as that is there */
  HandoffFacade *facades[G_N_ELEMENTS (facade_kinds)]; /* (owned) */
};

G_DEFINE_FINAL_TYPE (HandoffService, handoff_service, G_TYPE_OBJECT)

static void
end (HandoffService *self, GError *error)
{
  self->mode = MODE_DONE;
  /* Now, when whoever calls the name anew gets another service. */
  if (self->guard != NULL)
    handoff_bus_guard_stop (self->guard, HANDOFF_DISPATCHER_ENDING);
  if (self->error == NULL)
    self->error = error;
  else
    g_clear_error (&error);
  g_main_loop_quit (self->loop);
}

static void
name_requested (gpointer owner, GError *error)
{
  HandoffService *self = owner;

  if (error != NULL && self->quitting)
    {
      g_clear_error (&error);
      end (self, NULL);
      return;
    }
  if (error != NULL)
    {
      end (self, error);
      return;
    }
  if (self->mode == MODE_STARTING)
    {
      handoff_systemd_notify_ready ();
      g_message ("tls-handoffd %s is ready", PACKAGE_VERSION);
    }
  self->mode = MODE_SERVING;
  if (self->quitting)
    handoff_service_quit (self);
}

static gboolean
is_needed (HandoffService *self)
{
  return handoff_idle_timer_is_held (self->idle_timer) ||
         handoff_handshakers_are_there (self->context.broker.handshakers) ||
         (self->guard != NULL && handoff_bus_guard_has_calls (self->guard));
}

static void
name_released (gpointer owner)
{
  HandoffService *self = owner;

  /* A call that was sent to the name before it was released is with the guard, or on its way from
   * there, or has been dispatched, and holds the timer. */
  if (!self->quitting && is_needed (self))
    handoff_bus_name_request (self->name);
  else
    end (self, NULL);
}

static const HandoffBusNameFuncs name_funcs = { name_requested, name_released };

static void
leave (HandoffService *self)
{
  self->mode = MODE_LEAVING;
  handoff_bus_name_release (self->name);
}

/* The handshakers have said whether they can go. */
static void
all_left (gboolean have_all_left, gpointer user_data)
{
  g_autoptr (HandoffService) self = user_data;

  self->is_asking = FALSE;
  if (self->mode != MODE_SERVING)
    return;
  if (have_all_left && !handoff_idle_timer_is_held (self->idle_timer))
    {
      g_message ("Nobody has needed the service for a while: leaving");
      leave (self);
    }
  else
    handoff_idle_timer_restart (self->idle_timer);
}

static gboolean
idle (gpointer user_data)
{
  HandoffService *self = user_data;

  /* What the kernel cannot close keeps the process from ending: it could not be started again, for
   * anybody. */
  if (handoff_descriptor_reaper_is_busy ())
    {
      handoff_idle_timer_restart (self->idle_timer);
      return G_SOURCE_REMOVE;
    }
  if (self->mode == MODE_SERVING && !self->is_asking)
    {
      self->is_asking = TRUE;
      handoff_handshakers_ask_to_leave (self->context.broker.handshakers, all_left,
                                        g_object_ref (self));
    }
  return G_SOURCE_REMOVE;
}

static void
connection_closed (GDBusConnection *connection,
                   gboolean remote_peer_vanished,
                   GError *error,
                   gpointer user_data)
{
  end (user_data, g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "The bus has gone%s%s",
                               error != NULL ? ": " : "", error != NULL ? error->message : ""));
}

static void
caller_vanished (HandoffCallerRegistry *registry, HandoffCaller *caller, gpointer user_data)
{
  HandoffService *self = user_data;

  handoff_object_watch_forget (self->context.object_watch, caller);
  handoff_news_caller_left (self->context.broker.handshakers, caller);
}

static void
note_read (const char *bus_name, guint32 serial, gpointer user_data)
{
  HandoffService *self = user_data;

  if (self->guard != NULL)
    handoff_bus_guard_note_read (self->guard, bus_name, serial);
}

static void
policy_changed (HandoffPolicySource *source, gpointer user_data)
{
  HandoffService *self = user_data;

  handoff_service_configure (&self->context, &self->support, self->idle_timer);
  handoff_systemd_report_configuration (NULL);
  handoff_object_watch_note_all (self->context.object_watch);
}

static void
authority_changed (HandoffAuthority *authority, gpointer user_data)
{
  HandoffService *self = user_data;

  handoff_signing_take_back (self->support.signing);
  handoff_news_forget_answers (self->context.broker.handshakers);
}

static void
credentials_changed (HandoffCredentialStore *store, guint owner, gpointer user_data)
{
  HandoffService *self = user_data;

  handoff_token_credentials_update (self->context.tokens, self->support.credentials);
  handoff_news_credentials_changed (self->context.broker.handshakers, owner);
  if (owner == HANDOFF_CREDENTIAL_OWNER_MACHINE)
    handoff_object_watch_note_all (self->context.object_watch);
  else
    handoff_object_watch_note (self->context.object_watch, owner);
}

static void
sessions_changed (guint uid, gpointer user_data)
{
  HandoffService *self = user_data;

  handoff_object_watch_note (self->context.object_watch, uid);
}

static void
policy_judged (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HandoffService *self = user_data;

  self->is_judging = FALSE;
  self->verdict = g_object_ref (result);
}

static void
wait_for_verdict (HandoffService *self)
{
  while (self->is_judging)
    g_main_context_iteration (NULL, TRUE);
}

/* Nobody is served before a handshaker is ready, which has found the policy right, and before the
 * keeper has told what there is. Of a policy that is not right, callers are told (bus/mending.h).
 */
static gboolean
wait_for_programs (HandoffService *self, GError **error)
{
  HandoffCallContext *context = &self->context;
  g_autoptr (GError) wrong = NULL;

  wait_for_verdict (self);
  if (!handoff_policy_source_reload_finish (context->policy_source, self->verdict, &wrong))
    {
      if (!g_error_matches (wrong, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT))
        {
          g_propagate_error (error, g_steal_pointer (&wrong));
          return FALSE;
        }
      handoff_systemd_report_configuration (wrong);
    }
  while (handoff_credential_store_is_busy (context->credential_store))
    g_main_context_iteration (NULL, TRUE);
  handoff_token_credentials_update (context->tokens, self->support.credentials);
  return TRUE;
}

static void
start_log (HandoffService *self, const char *state_directory)
{
  g_autofree char *path = g_build_filename (state_directory, "log", NULL);

  self->context.audit_log = handoff_audit_log_new (path);
  handoff_audit_log_listen (self->context.audit_log);
}

HandoffService *
handoff_service_new (const char *configuration_file, const char *state_directory)
{
  g_autoptr (HandoffService) self = g_object_new (HANDOFF_TYPE_SERVICE, NULL);
  HandoffCallContext *context = &self->context;
  HandoffBrokerSupport *support = &self->support;

  context->policy_source = handoff_policy_source_new (configuration_file);
  /* First of all: it takes longest. */
  support->program = &handoff_handshaker_program;
  context->broker.handshakers = handoff_handshakers_new (support);
  self->is_judging = TRUE;
  handoff_policy_source_begin_async (context->policy_source, context->broker.handshakers,
                                     policy_judged, self);

  handoff_service_start_credentials (context, support, &self->token_events, self->idle_timer,
                                     state_directory);
  start_log (self, state_directory);
  support->statistics = context->statistics;
  support->idle_timer = self->idle_timer;
  support->channels = context->channel_quota;
  support->places = handoff_places_book_new ();
  support->note_read = note_read;
  support->note_read_data = self;
  support->sessions_changed = sessions_changed;
  support->sessions_changed_data = self;
  return g_steal_pointer (&self);
}

gboolean
handoff_service_connect (HandoffService *self,
                         GDBusConnection *connection,
                         HandoffBusGuard *guard,
                         HandoffAuthority *authority,
                         GError **error)
{
  HandoffCallContext *context = &self->context;
  guint i;

  self->connection = g_object_ref (connection);
  self->name = handoff_bus_name_new (connection, &name_funcs, self);
  self->guard = guard;
  /* First of all: somebody may know our unique name already. */
  if (guard != NULL)
    handoff_bus_guard_attach (guard, connection);
  context->callers = handoff_caller_registry_new (connection);
  context->object_watch = handoff_object_watch_new (connection, context);
  self->descriptor_filter = handoff_message_descriptors_add_filter (connection);
  self->support.authority = g_object_ref (authority);
  context->broker.gate.dispatcher = handoff_dispatcher_new (
      &handoff_caller_registry_finder, G_OBJECT (context->callers), authority, self->idle_timer);

  g_signal_connect (context->policy_source, "changed", G_CALLBACK (policy_changed), self);
  policy_changed (context->policy_source, self);
  g_signal_connect (context->credential_store, "changed", G_CALLBACK (credentials_changed), self);
  g_signal_connect (authority, "changed", G_CALLBACK (authority_changed), self);
  if (!wait_for_programs (self, error))
    return FALSE;
  for (i = 0; i < G_N_ELEMENTS (facade_kinds); i++)
    {
      self->facades[i] = handoff_facade_new (facade_kinds[i], connection, guard, context, error);
      if (self->facades[i] == NULL)
        return FALSE;
    }

  if (guard != NULL)
    handoff_bus_guard_start (guard);
  g_signal_connect (connection, "closed", G_CALLBACK (connection_closed), self);
  g_signal_connect (context->callers, "caller-vanished", G_CALLBACK (caller_vanished), self);
  return TRUE;
}

static gboolean
be_stuck (gpointer user_data)
{
  HandoffService *self = user_data;

  self->stuck = TRUE;
  return G_SOURCE_REMOVE;
}

void
handoff_service_drain (HandoffService *self)
{
  HandoffHandshakers *handshakers = self->context.broker.handshakers;
  guint guard_id;

  handoff_idle_timer_set_seconds (self->idle_timer, 0);
  handoff_pin_hold_end (self->context.pin_hold);
  handoff_dispatcher_close (self->context.broker.gate.dispatcher);
  handoff_handshakers_drain (handshakers);
  guard_id = handoff_clock_add_timeout (DRAIN_SECONDS * G_TIME_SPAN_SECOND, be_stuck, self);
  while (!self->stuck && handoff_handshakers_are_there (handshakers))
    g_main_context_iteration (NULL, TRUE);
  g_object_run_dispose (G_OBJECT (self->context.callers));
  while ((!self->stuck && handoff_idle_timer_is_held (self->idle_timer)) ||
         handoff_credential_store_is_busy (self->context.credential_store))
    g_main_context_iteration (NULL, TRUE);
  if (!self->stuck)
    g_source_remove (guard_id);
}

static void
flushed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HandoffService) self = user_data;

  g_dbus_connection_flush_finish (G_DBUS_CONNECTION (source), result, NULL);
  self->flushed = TRUE;
}

/* What has been sent goes to the guard. If that cannot get rid of it, nobody waits. */
static void
flush (HandoffService *self)
{
  const gboolean was_stuck = self->stuck;
  const guint id =
      handoff_clock_add_timeout (PATIENCE_SECONDS * G_TIME_SPAN_SECOND, be_stuck, self);

  self->stuck = FALSE;
  g_dbus_connection_flush (self->connection, NULL, flushed, g_object_ref (self));
  while (!self->flushed && !self->stuck)
    g_main_context_iteration (NULL, TRUE);
  if (!self->stuck)
    g_source_remove (id);
  self->stuck |= was_stuck;
}

gboolean
handoff_service_run (HandoffService *self, GError **error)
{
  self->watchdog_id = handoff_systemd_feed_watchdog ();
  handoff_bus_name_request (self->name);
  g_main_loop_run (self->loop);

  handoff_systemd_notify_stopping ();
  g_clear_handle_id (&self->watchdog_id, g_source_remove);
  handoff_service_drain (self);
  handoff_bus_name_calm_down (self->name);
  flush (self);
  handoff_audit_log_save (self->context.audit_log);

  if (self->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->error));
      return FALSE;
    }
  return TRUE;
}

gboolean
handoff_service_is_stuck (HandoffService *self)
{
  return self->stuck;
}

void
handoff_service_quit (HandoffService *self)
{
  if (!self->quitting)
    handoff_bus_name_hurry (self->name, PATIENCE_SECONDS);
  self->quitting = TRUE;
  if (self->guard != NULL)
    handoff_bus_guard_hold (self->guard);
  if (self->mode == MODE_SERVING)
    leave (self);
}

static void
reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  G_GNUC_UNUSED g_autoptr (HandoffService) self = user_data;
  g_autoptr (GError) error = NULL;

  if (handoff_reload_finish (result, &error))
    g_message ("The configuration and the credentials were read again");
  else
    g_message ("What could not be read stays as it was: %s", error->message);
}

void
handoff_service_reload (HandoffService *self)
{
  handoff_reload_async (&self->context, reloaded, g_object_ref (self));
}

static void
handoff_service_dispose (GObject *object)
{
  HandoffService *self = HANDOFF_SERVICE (object);
  HandoffCallContext *context = &self->context;
  guint i;

  if (self->connection != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->connection, self);
      g_dbus_connection_remove_filter (self->connection, self->descriptor_filter);
    }
  for (i = 0; i < G_N_ELEMENTS (facade_kinds); i++)
    g_clear_pointer (&self->facades[i], handoff_facade_free);
  if (context->policy_source != NULL)
    g_signal_handlers_disconnect_by_data (context->policy_source, self);
  if (context->credential_store != NULL)
    g_signal_handlers_disconnect_by_data (context->credential_store, self);
  if (self->support.authority != NULL)
    g_signal_handlers_disconnect_by_data (self->support.authority, self);
  g_clear_pointer (&context->object_watch, handoff_object_watch_free);
  self->token_events.handshakers = NULL;
  g_clear_pointer (&context->broker.handshakers, handoff_handshakers_free);
  wait_for_verdict (self);
  g_clear_object (&self->verdict);
  g_clear_pointer (&context->broker.gate.dispatcher, handoff_dispatcher_free);
  g_clear_object (&context->callers);
  g_clear_pointer (&self->support.places, handoff_places_book_free);
  g_clear_object (&self->support.authority);
  handoff_service_end_credentials (context, &self->support, &self->token_events);
  g_clear_object (&context->policy_source);
  g_clear_pointer (&self->name, handoff_bus_name_free);
  g_clear_object (&self->connection);
  G_OBJECT_CLASS (handoff_service_parent_class)->dispose (object);
}

static void
handoff_service_finalize (GObject *object)
{
  HandoffService *self = HANDOFF_SERVICE (object);

  handoff_quota_free (self->context.channel_quota);
  handoff_quota_free (self->context.management_quota);
  handoff_turnstile_unref (self->context.broker.gate.turnstile);
  handoff_statistics_free (self->context.statistics);
  g_clear_pointer (&self->context.audit_log, handoff_audit_log_free);
  handoff_idle_timer_free (self->idle_timer);
  g_main_loop_unref (self->loop);
  g_clear_error (&self->error);
  G_OBJECT_CLASS (handoff_service_parent_class)->finalize (object);
}

static void
handoff_service_class_init (HandoffServiceClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = handoff_service_dispose;
  G_OBJECT_CLASS (klass)->finalize = handoff_service_finalize;
}

static void
handoff_service_init (HandoffService *self)
{
  self->loop = g_main_loop_new (NULL, FALSE);
  self->idle_timer = handoff_idle_timer_new (idle, self);
  self->context.broker.gate.idle_timer = self->idle_timer;
  self->context.broker.gate.turnstile = handoff_turnstile_new (THREADS_PER_USER, G_MAXUINT);
  self->context.statistics = handoff_statistics_new ();
  self->context.start_time = handoff_clock_get_monotonic_time ();
  self->context.channel_quota = handoff_quota_new ("channels");
  self->context.channels_total = handoff_service_get_channels_total ();
  self->context.management_quota = handoff_quota_new ("changes of credentials at once");
}
