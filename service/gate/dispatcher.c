/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "gate/dispatcher.h"

#include "authority/authorization.h"
#include "work/descriptor-reaper.h"
#include "work/home.h"
#include "keyblob/tls-handoff-error.h"
#include "caller/quota.h"

/* Threads: the main thread sets what is below the line, and any thread reads it. The rest does not
 * change, or has locks of its own. */
struct _HandoffDispatcher
{
  const HandoffCallerFinder *finder; /* (nullable) */
  GObject *finder_object;            /* (owned) (nullable) */
  HandoffAuthority *authority;       /* (owned) */
  HandoffIdleTimer *idle_timer;      /* (unowned) */
  HandoffQuota *quota;               /* (owned): of calls under way */

  /* ---- (atomic) */
  gint closed;
  guint calls_per_user;
  guint calls_total;
};

/* A call on its way through the gate; the idle timer is held meanwhile. */
typedef struct
{
  HandoffDispatcher *dispatcher; /* (unowned) */
  HandoffCall *call;             /* (owned) */
  const HandoffMethod *method;
  const HandoffCallContext *context; /* (unowned) */
} Passage;

/* call: (transfer full) */
static Passage *
passage_new (HandoffDispatcher *dispatcher,
             HandoffCall *call,
             const HandoffMethod *method,
             const HandoffCallContext *context)
{
  Passage *self = g_new0 (Passage, 1);

  self->dispatcher = dispatcher;
  self->call = call;
  self->method = method;
  self->context = context;
  handoff_idle_timer_hold (dispatcher->idle_timer);
  return self;
}

static void
passage_end (Passage *self)
{
  handoff_idle_timer_release (self->dispatcher->idle_timer);
  g_clear_pointer (&self->call, handoff_call_free);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Passage, passage_end)

HandoffDispatcher *
handoff_dispatcher_new (const HandoffCallerFinder *finder,
                        GObject *finder_object,
                        HandoffAuthority *authority,
                        HandoffIdleTimer *idle_timer)
{
  HandoffDispatcher *self = g_new0 (HandoffDispatcher, 1);

  self->finder = finder;
  g_set_object (&self->finder_object, finder_object);
  self->authority = g_object_ref (authority);
  self->idle_timer = idle_timer;
  self->quota = handoff_quota_new ("calls at once");
  self->calls_per_user = G_MAXUINT;
  self->calls_total = G_MAXUINT;
  return self;
}

void
handoff_dispatcher_free (HandoffDispatcher *self)
{
  g_clear_object (&self->finder_object);
  g_object_unref (self->authority);
  handoff_quota_free (self->quota);
  g_free (self);
}

void
handoff_dispatcher_set_limits (HandoffDispatcher *self, guint per_user, guint total)
{
  g_atomic_int_set (&self->calls_per_user, per_user);
  g_atomic_int_set (&self->calls_total, total);
}

void
handoff_dispatcher_close (HandoffDispatcher *self)
{
  g_atomic_int_set (&self->closed, TRUE);
}

/* A denial must not tell the caller of an object that he may not know of. If nobody could be asked,
 * that is no denial, and tells nothing. */
static void
deny (const HandoffMethod *method, HandoffCall *call, const GError *error)
{
  if (method->denied != NULL)
    method->denied (call, error);
  if (handoff_call_get_row (call)->access == HANDOFF_ACCESS_OWNED_OBJECT &&
      handoff_call_uses_other_action (call) &&
      g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED))
    handoff_call_fail_unknown_object (call);
  else
    handoff_call_fail (call, error);
}

static void
authorized (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Passage) passage = user_data;
  g_autoptr (GError) error = NULL;
  gboolean is_plain = FALSE;
  gboolean allowed = handoff_authorization_ask_finish (result, &is_plain, &error);

  if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED))
    return; /* nobody is left to hear it */
  if (allowed)
    {
      handoff_call_note_yes (passage->call, is_plain);
      passage->method->run (g_steal_pointer (&passage->call), passage->context);
    }
  else
    deny (passage->method, g_steal_pointer (&passage->call), error);
}

/* On the main thread. passage: (transfer full) */
static void
ask (Passage *passage)
{
  HandoffCall *call = passage->call;

  handoff_authorization_ask_async (passage->dispatcher->authority, handoff_call_get_caller (call),
                                   handoff_call_get_action (call), handoff_call_get_details (call),
                                   handoff_call_is_interactive (call), authorized, passage);
}

/* Whether polkit need not be asked. */
static gboolean
is_allowed (HandoffCall *call)
{
  HandoffCallMemory *memory = handoff_call_get_memory (call);

  return memory != NULL && handoff_call_memory_get (memory) != NULL;
}

/* On the main thread. passage: (transfer full) */
static void
consult (Passage *self)
{
  g_autoptr (Passage) passage = self;
  const HandoffMethod *method = passage->method;
  g_autoptr (GError) error = NULL;

  if (handoff_call_is_cancelled (passage->call))
    return;
  if (method->consult != NULL && !method->consult (passage->call, passage->context, &error))
    handoff_call_fail (g_steal_pointer (&passage->call), error);
  else if (is_allowed (passage->call))
    method->run (g_steal_pointer (&passage->call), passage->context);
  else
    ask (g_steal_pointer (&passage));
}

static gboolean
arrived (gpointer data)
{
  consult (data);
  return G_SOURCE_REMOVE;
}

/* The call is prepared, and needs an action. passage: (transfer full) */
static void
authorize (Passage *self)
{
  g_autoptr (Passage) passage = self;
  const HandoffCallContext *context = passage->context;
  const HandoffGateContext *gate = handoff_call_context_get_gate (context);

  if (gate->memory != NULL)
    handoff_call_remember (passage->call, gate->memory);
  if (gate->home == NULL)
    consult (g_steal_pointer (&passage));
  else if (is_allowed (passage->call) && !handoff_call_needs_main_thread (passage->call))
    passage->method->run (g_steal_pointer (&passage->call), context);
  else
    handoff_home_invoke (NULL, arrived, g_steal_pointer (&passage), NULL);
}

/* A user whose descriptors cannot be closed may send no more of them. */
static gboolean
check_descriptors (HandoffCall *call, HandoffCaller *caller, GError **error)
{
  return handoff_call_count_fds (call) == 0 ||
         handoff_descriptor_reaper_accepts (handoff_caller_get_uid (caller), error);
}

/* The call counts for its user until it has its reply. */
static gboolean
take_place (HandoffDispatcher *self, HandoffCall *call, GError **error)
{
  HandoffPlace *place = handoff_quota_take (
      self->quota, handoff_caller_get_uid (handoff_call_get_caller (call)),
      g_atomic_int_get (&self->calls_per_user), g_atomic_int_get (&self->calls_total), error);

  if (place == NULL)
    return FALSE;
  handoff_call_set_place (call, place);
  return TRUE;
}

/* It is known who calls. passage: (transfer full) */
static void
enter (Passage *self)
{
  g_autoptr (Passage) passage = self;
  HandoffCall *call = passage->call;
  g_autoptr (GError) error = NULL;

  if (!check_descriptors (call, handoff_call_get_caller (call), &error) ||
      !take_place (passage->dispatcher, call, &error) ||
      (passage->method->prepare != NULL &&
       !passage->method->prepare (call, passage->context, &error)))
    {
      handoff_call_fail (g_steal_pointer (&passage->call), error);
      return;
    }
  if (!passage->method->is_done_elsewhere)
    handoff_call_reap_fds (call);
  /* This call may wait for long: let the next one in. */
  handoff_call_settle (call);

  if (handoff_call_get_action (call) == NULL || passage->method->is_done_elsewhere)
    passage->method->run (g_steal_pointer (&passage->call), passage->context);
  else
    authorize (g_steal_pointer (&passage));
}

static void
caller_identified (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Passage) passage = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffCaller) caller =
      passage->dispatcher->finder->identify_finish (source, result, &error);

  if (caller == NULL)
    {
      handoff_call_fail (g_steal_pointer (&passage->call), error);
      return;
    }
  handoff_call_set_caller (passage->call, caller);
  enter (g_steal_pointer (&passage));
}

static const HandoffMethod *
find_method (const HandoffMethod *const *tables,
             const char *interface_name,
             const char *method_name)
{
  const HandoffMethod *method;

  for (; *tables != NULL; tables++)
    {
      for (method = *tables; method->method_name != NULL; method++)
        {
          if (g_str_equal (method->interface_name, interface_name) &&
              g_str_equal (method->method_name, method_name))
            return method;
        }
    }
  return NULL;
}

/* message: (transfer full) */
static void
refuse (HandoffCallMessage *message, const GError *error)
{
  message->funcs->reply_error (message, error);
  message->funcs->free (message);
}

void
handoff_dispatcher_ask_again (HandoffDispatcher *self,
                              HandoffCall *call,
                              const HandoffMethod *methods,
                              const HandoffCallContext *context)
{
  const HandoffMethod *const tables[] = { methods, NULL };
  const HandoffAccessRow *row = handoff_call_get_row (call);

  consult (passage_new (self, call, find_method (tables, row->interface_name, row->method_name),
                        context));
}

void
handoff_dispatcher_dispatch (HandoffDispatcher *self,
                             HandoffCallMessage *message,
                             const char *object,
                             const char *interface_name,
                             const char *method_name,
                             const HandoffMethod *const *methods,
                             const HandoffCallContext *context)
{
  const HandoffAccessRow *row = handoff_access_table_lookup (object, interface_name, method_name);
  const HandoffMethod *method = find_method (methods, interface_name, method_name);
  g_autoptr (GError) error = NULL;
  Passage *passage;

  if (g_atomic_int_get (&self->closed))
    /* Who called on a channel makes another one; on the bus there is the name. */
    g_set_error_literal (&error, G_DBUS_ERROR,
                         message->seals_keys ? G_DBUS_ERROR_DISCONNECTED
                                             : G_DBUS_ERROR_NAME_HAS_NO_OWNER,
                         HANDOFF_DISPATCHER_ENDING);
  else if (row == NULL || method == NULL)
    g_set_error (&error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED, "Nobody may call %s.%s",
                 interface_name, method_name);
  if (error != NULL)
    {
      refuse (message, error);
      return;
    }

  passage = passage_new (self, handoff_call_new (message, row), method, context);
  if (handoff_call_get_caller (passage->call) != NULL)
    enter (passage);
  else
    self->finder->identify_async (self->finder_object, handoff_call_get_sender (passage->call),
                                  caller_identified, passage);
}
