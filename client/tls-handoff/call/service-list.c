/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/service-list.h"

#include "keyblob/handoff-names.h"

/* The call for the page after place. call: the one for the page before. The call for the first page
 * has no options of version 0.2: a service of version 0.1 gives the whole list. (transfer full) */
static GDBusMessage *
new_call_after (GDBusMessage *call, GVariant *place)
{
  g_autoptr (GVariant) before = g_variant_get_child_value (g_dbus_message_get_body (call), 0);
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (before);
  GDBusMessage *next = g_dbus_message_new_method_call (
      g_dbus_message_get_destination (call), g_dbus_message_get_path (call),
      g_dbus_message_get_interface (call), g_dbus_message_get_member (call));

  g_variant_dict_insert_value (&options, HANDOFF_OPTION_AFTER, place);
  g_dbus_message_set_flags (next, g_dbus_message_get_flags (call));
  g_dbus_message_set_body (next, g_variant_new ("(@a{sv})", g_variant_dict_end (&options)));
  return next;
}

/* Whether another page follows. An entry that is not complete begins the next page, unless it is
 * the first of this one. */
static gboolean
add_page (const HandoffServiceList *self, GPtrArray *entries, GVariant *page)
{
  const gsize n_entries = g_variant_n_children (page);
  gsize i;

  for (i = 0; i < n_entries; i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (page, i);

      if (i > 0 && self->is_complete != NULL && !self->is_complete (entry))
        return TRUE;
      g_ptr_array_add (entries, g_steal_pointer (&entry));
    }
  return n_entries == HANDOFF_LIST_PAGE;
}

GPtrArray *
handoff_service_list_take_page (const HandoffServiceList *self,
                                HandoffServiceRequest *request,
                                GDBusMessage *reply)
{
  g_autoptr (GVariant) page = g_variant_get_child_value (g_dbus_message_get_body (reply), 0);
  g_autoptr (GVariant) place = NULL;
  GPtrArray *entries;

  if (request->so_far == NULL)
    {
      request->so_far = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
      request->free_so_far = (GDestroyNotify) g_ptr_array_unref;
    }
  entries = request->so_far;
  if (add_page (self, entries, page))
    place = self->dup_place (g_ptr_array_index (entries, entries->len - 1));
  if (place == NULL)
    return entries;

  handoff_service_request_go_on (request, new_call_after (request->call, place),
                                 request->reply.type, request->reply.take);
  return NULL;
}
