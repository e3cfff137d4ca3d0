/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus-name.h"

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"

struct _HandoffBusName
{
  GDBusConnection *connection; /* (owned) */
  const HandoffBusNameFuncs *funcs;
  GObject *owner;         /* (unowned) */
  GCancellable *patience; /* (owned): cancelled when the bus is not waited for any more */
  guint patience_id;      /* 0 unless it is in a hurry */
};

HandoffBusName *
handoff_bus_name_new (GDBusConnection *connection, const HandoffBusNameFuncs *funcs, gpointer owner)
{
  HandoffBusName *self = g_new0 (HandoffBusName, 1);

  self->connection = g_object_ref (connection);
  self->funcs = funcs;
  self->owner = owner;
  self->patience = g_cancellable_new ();
  return self;
}

void
handoff_bus_name_free (HandoffBusName *self)
{
  handoff_bus_name_calm_down (self);
  g_object_unref (self->patience);
  g_object_unref (self->connection);
  g_free (self);
}

static void
requested (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HandoffBusName *self = user_data;
  g_autoptr (GObject) owner = self->owner;
  GError *error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  guint answer = 0;

  if (reply != NULL)
    g_variant_get (reply, "(u)", &answer);
  if (reply == NULL)
    g_prefix_error (&error, "Cannot own the name %s: ", HANDOFF_BUS_NAME);
  else if (answer != 1 && answer != 4) /* PRIMARY_OWNER, ALREADY_OWNER */
    error = g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                         "Another process owns the name %s: tls-handoffd is running already",
                         HANDOFF_BUS_NAME);
  self->funcs->requested (owner, error);
}

static void
released (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HandoffBusName *self = user_data;
  g_autoptr (GObject) owner = self->owner;
  G_GNUC_UNUSED g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);

  self->funcs->released (owner);
}

/* The owner is held until finished() is through. */
static void
ask_bus (HandoffBusName *self,
         const char *method,
         GVariant *parameters,
         GAsyncReadyCallback finished)
{
  g_object_ref (self->owner);
  g_dbus_connection_call (self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", method, parameters, G_VARIANT_TYPE ("(u)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, self->patience, finished, self);
}

void
handoff_bus_name_request (HandoffBusName *self)
{
  const guint32 do_not_queue = 4;

  ask_bus (self, "RequestName", g_variant_new ("(su)", HANDOFF_BUS_NAME, do_not_queue), requested);
}

void
handoff_bus_name_release (HandoffBusName *self)
{
  ask_bus (self, "ReleaseName", g_variant_new ("(s)", HANDOFF_BUS_NAME), released);
}

static gboolean
lose_patience (gpointer user_data)
{
  HandoffBusName *self = user_data;

  self->patience_id = 0;
  g_warning ("The bus does not answer: leaving without a farewell");
  g_cancellable_cancel (self->patience);
  return G_SOURCE_REMOVE;
}

void
handoff_bus_name_hurry (HandoffBusName *self, guint seconds)
{
  if (self->patience_id == 0)
    self->patience_id =
        handoff_clock_add_timeout (seconds * G_TIME_SPAN_SECOND, lose_patience, self);
}

void
handoff_bus_name_calm_down (HandoffBusName *self)
{
  g_clear_handle_id (&self->patience_id, g_source_remove);
}
