/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/dispatcher.h"

#include "authority/authorization.h"
#include "work/descriptor-reaper.h"
#include "keyblob/tls-handoff-error.h"
#include "caller/quota.h"

struct _HandoffDispatcher
{
  HandoffCallerRegistry *registry; /* (owned) */
  HandoffAuthority *authority;     /* (owned) */
  HandoffIdleTimer *idle_timer;    /* (unowned) */
  gboolean closed;
  HandoffQuota *quota; /* (owned): of calls under way */
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

static void
passage_end (Passage *self)
{
  handoff_idle_timer_release (self->dispatcher->idle_timer);
  g_clear_pointer (&self->call, handoff_call_free);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Passage, passage_end)

HandoffDispatcher *
handoff_dispatcher_new (HandoffCallerRegistry *registry,
                        HandoffAuthority *authority,
                        HandoffIdleTimer *idle_timer)
{
  HandoffDispatcher *self = g_new0 (HandoffDispatcher, 1);

  self->registry = g_object_ref (registry);
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
  g_object_unref (self->registry);
  g_object_unref (self->authority);
  handoff_quota_free (self->quota);
  g_free (self);
}

void
handoff_dispatcher_set_limits (HandoffDispatcher *self, guint per_user, guint total)
{
  self->calls_per_user = per_user;
  self->calls_total = total;
}

void
handoff_dispatcher_close (HandoffDispatcher *self)
{
  self->closed = TRUE;
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
  gboolean allowed = handoff_authorization_ask_finish (result, NULL, &error);

  if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED))
    return; /* nobody is left to hear it */
  if (allowed)
    passage->method->run (g_steal_pointer (&passage->call), passage->context);
  else
    deny (passage->method, g_steal_pointer (&passage->call), error);
}

/* passage: (transfer full) */
static void
ask (Passage *passage)
{
  HandoffCall *call = passage->call;

  handoff_authorization_ask_async (passage->dispatcher->authority, handoff_call_get_caller (call),
                                   handoff_call_get_action (call), handoff_call_get_details (call),
                                   handoff_call_is_interactive (call), authorized, passage);
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
  HandoffPlace *place =
      handoff_quota_take (self->quota, handoff_caller_get_uid (handoff_call_get_caller (call)),
                          self->calls_per_user, self->calls_total, error);

  if (place == NULL)
    return FALSE;
  handoff_call_set_place (call, place);
  return TRUE;
}

static void
caller_identified (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Passage) passage = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffCaller) caller =
      handoff_caller_registry_identify_finish (HANDOFF_CALLER_REGISTRY (source), result, &error);

  if (caller == NULL)
    {
      handoff_call_fail (g_steal_pointer (&passage->call), error);
      return;
    }
  handoff_call_set_caller (passage->call, caller);
  if (!check_descriptors (passage->call, caller, &error))
    {
      handoff_call_fail (g_steal_pointer (&passage->call), error);
      return;
    }

  if (!take_place (passage->dispatcher, passage->call, &error) ||
      (passage->method->prepare != NULL &&
       !passage->method->prepare (passage->call, passage->context, &error)))
    {
      handoff_call_fail (g_steal_pointer (&passage->call), error);
      return;
    }
  handoff_call_reap_fds (passage->call);

  /* This call may wait for long: let the next one in. */
  handoff_call_settle (passage->call);
  if (handoff_call_get_action (passage->call) == NULL)
    passage->method->run (g_steal_pointer (&passage->call), passage->context);
  else
    ask (g_steal_pointer (&passage));
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

  if (self->closed)
    g_set_error_literal (&error, G_DBUS_ERROR, G_DBUS_ERROR_FAILED, HANDOFF_DISPATCHER_ENDING);
  else if (row == NULL || method == NULL)
    g_set_error (&error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED, "Nobody may call %s.%s",
                 interface_name, method_name);
  if (error != NULL)
    {
      refuse (message, error);
      return;
    }

  passage = g_new0 (Passage, 1);
  passage->dispatcher = self;
  passage->call = handoff_call_new (message, row);
  passage->method = method;
  passage->context = context;
  handoff_idle_timer_hold (self->idle_timer);
  handoff_caller_registry_identify_async (self->registry, handoff_call_get_sender (passage->call),
                                          caller_identified, passage);
}
