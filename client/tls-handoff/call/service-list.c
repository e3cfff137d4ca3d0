/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/service-list.h"

#include "keyblob/handoff-names.h"
#include "call/service-call.h"
#include "call/service-request.h"

/* A list as far as it is there. */
typedef struct
{
  HandoffServiceListKind kind;
  HandoffServiceBus *bus; /* (owned) */
  gboolean all;
  gboolean interactive;
  GPtrArray *entries; /* (owned) (element-type GVariant) */
} List;

static gpointer
take_page (HandoffServiceBus *bus, GDBusMessage *call, GDBusMessage *reply, GError **error)
{
  return g_variant_get_child_value (g_dbus_message_get_body (reply), 0);
}

static const HandoffServiceRequest requests[] = {
  [HANDOFF_SERVICE_LIST_CREDENTIALS] = { "(a(oa{sv}))", take_page, (GDestroyNotify) g_variant_unref,
                                         NULL },
  [HANDOFF_SERVICE_LIST_SESSIONS] = { "(aa{sv})", take_page, (GDestroyNotify) g_variant_unref,
                                      NULL },
};

static List *
list_new (HandoffServiceListKind kind, HandoffServiceBus *bus, gboolean all, gboolean interactive)
{
  List *self = g_new0 (List, 1);

  self->kind = kind;
  self->bus = handoff_service_bus_ref (bus);
  self->all = all;
  self->interactive = interactive;
  self->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  return self;
}

static void
list_free (List *self)
{
  handoff_service_bus_unref (self->bus);
  g_ptr_array_unref (self->entries);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (List, list_free)

/* entry: (oa{sv}). Label and path are the place in the list. (transfer floating) */
static GVariant *
new_credential_place (GVariant *entry)
{
  g_autoptr (GVariant) properties = NULL;
  const char *path;
  const char *label = "";

  g_variant_get (entry, "(&o@a{sv})", &path, &properties);
  g_variant_lookup (properties, "Label", "&s", &label);
  return g_variant_new ("(so)", label, path);
}

/* The first page has no options of version 0.2: a service of 0.1 gives all at once. */
static GDBusMessage *
new_call (List *self)
{
  const gboolean sessions = self->kind == HANDOFF_SERVICE_LIST_SESSIONS;
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);

  if (self->all)
    g_variant_dict_insert (&options, HANDOFF_OPTION_ALL, "b", TRUE);
  if (self->entries->len > 0)
    {
      GVariant *last = g_ptr_array_index (self->entries, self->entries->len - 1);

      g_variant_dict_insert_value (&options, HANDOFF_OPTION_AFTER,
                                   sessions ? g_variant_lookup_value (last, "number", NULL)
                                            : new_credential_place (last));
    }
  return handoff_service_call_new (
      self->bus, HANDOFF_MANAGER_INTERFACE, sessions ? "ListSessions" : "ListCredentials",
      g_variant_new ("(@a{sv})", g_variant_dict_end (&options)), self->interactive);
}

/* Of a credential without certificates the list says so; without a word of them, they did not fit.
 */
static gboolean
is_whole (List *self, GVariant *entry)
{
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GVariant) certificates = NULL;

  if (self->kind == HANDOFF_SERVICE_LIST_SESSIONS)
    return TRUE;
  properties = g_variant_get_child_value (entry, 1);
  certificates = g_variant_lookup_value (properties, "Certificates", NULL);
  return certificates != NULL;
}

/* page: (transfer full). Whether more follows. An entry that is not whole begins the next page,
 * unless it is the first of this one. */
static gboolean
add_page (List *self, GVariant *page)
{
  G_GNUC_UNUSED g_autoptr (GVariant) owned_page = page;
  const gsize n_entries = g_variant_n_children (page);
  g_autoptr (GVariant) number = NULL;
  gsize i;

  for (i = 0; i < n_entries; i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (page, i);

      if (i > 0 && !is_whole (self, entry))
        return TRUE;
      g_ptr_array_add (self->entries, g_steal_pointer (&entry));
    }
  if (n_entries != HANDOFF_LIST_PAGE)
    return FALSE;
  if (self->kind == HANDOFF_SERVICE_LIST_CREDENTIALS)
    return TRUE;
  number = g_variant_lookup_value (g_ptr_array_index (self->entries, self->entries->len - 1),
                                   "number", G_VARIANT_TYPE_UINT64);
  return number != NULL;
}

GPtrArray *
handoff_service_list_sync (HandoffServiceListKind kind,
                           HandoffServiceBus *bus,
                           gboolean all,
                           gboolean interactive,
                           GCancellable *cancellable,
                           GError **error)
{
  g_autoptr (List) self = list_new (kind, bus, all, interactive);
  GVariant *page;

  do
    {
      page =
          handoff_service_request_sync (&requests[kind], bus, new_call (self), cancellable, error);
      if (page == NULL)
        return NULL;
    }
  while (add_page (self, page));
  return g_ptr_array_ref (self->entries);
}

static void ask_for_page (GTask *task);

static void
got_page (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  List *self = g_task_get_task_data (task);
  GError *error = NULL;
  GVariant *page = handoff_service_request_finish (g_task_get_source_object (task), result, &error);

  if (page == NULL)
    g_task_return_error (task, error);
  else if (add_page (self, page))
    ask_for_page (g_steal_pointer (&task));
  else
    g_task_return_pointer (task, g_ptr_array_ref (self->entries),
                           (GDestroyNotify) g_ptr_array_unref);
}

/* task: (transfer full) */
static void
ask_for_page (GTask *task)
{
  List *self = g_task_get_task_data (task);

  handoff_service_request_async (&requests[self->kind], g_task_get_source_object (task), self->bus,
                                 new_call (self), NULL, g_task_get_cancellable (task), got_page,
                                 task);
}

void
handoff_service_list_async (HandoffServiceListKind kind,
                            gpointer source,
                            HandoffServiceBus *bus,
                            gboolean all,
                            gboolean interactive,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  GTask *task = g_task_new (source, cancellable, callback, user_data);

  g_task_set_source_tag (task, handoff_service_list_async);
  g_task_set_task_data (task, list_new (kind, bus, all, interactive), (GDestroyNotify) list_free);
  ask_for_page (task);
}

GPtrArray *
handoff_service_list_finish (gpointer source, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, source), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
