/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "authority/polkit-check.h"

#include "keyblob/bus-failure.h"
#include "keyblob/tls-handoff-error.h"

#define BUS_NAME "org.freedesktop.PolicyKit1"
#define OBJECT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define INTERFACE "org.freedesktop.PolicyKit1.Authority"

#define FLAG_ALLOW_USER_INTERACTION 1u

void
handoff_polkit_check_async (GDBusConnection *connection,
                            const char *bus_name,
                            const char *action,
                            GVariant *details,
                            gboolean interactive,
                            const char *cancellation_id,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  GVariantBuilder subject;

  g_variant_builder_init (&subject, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&subject, "{sv}", "name", g_variant_new_string (bus_name));
  /* Without a time limit: GDBus would drop the reply when it comes, but the bus would go on waiting
   * for it. */
  g_dbus_connection_call (
      connection, BUS_NAME, OBJECT_PATH, INTERFACE, "CheckAuthorization",
      g_variant_new ("((sa{sv})s@a{ss}us)", "system-bus-name", &subject, action, details,
                     interactive ? FLAG_ALLOW_USER_INTERACTION : 0, cancellation_id),
      G_VARIANT_TYPE ("((bba{ss}))"), G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, callback, user_data);
}

/* Why polkitd did not answer. */
static const char *
describe (const GError *error)
{
  if (!g_dbus_error_is_remote_error (error))
    return "there is no answer of polkit's that makes sense";
  switch (handoff_bus_failure_from_error (error))
    {
    case HANDOFF_BUS_FAILURE_WENT_AWAY:
      return "polkit went away before it answered";
    case HANDOFF_BUS_FAILURE_CROWDED:
      return "the bus lets the service ask nothing more now";
    case HANDOFF_BUS_FAILURE_DENIED:
      return "the bus does not let the service ask polkit";
    case HANDOFF_BUS_FAILURE_NOBODY:
      return "polkit is not installed, or does not run";
    case HANDOFF_BUS_FAILURE_NOT_STARTED:
      return "polkit did not start";
    case HANDOFF_BUS_FAILURE_OTHER:
    default:
      return "polkit answered with an error";
    }
}

/* details: of a yes: those of the question, and what polkit has to say. polkit 122 says more about
 * a yes only if there is an authentication behind it: "polkit.temporary_authorization_id",
 * "polkit.retains_authorization_after_challenge". What another version may say is taken for that,
 * too. */
static gboolean
is_plain (GVariant *details)
{
  GVariantIter iter;
  const char *key;

  g_variant_iter_init (&iter, details);
  while (g_variant_iter_next (&iter, "{&s&s}", &key, NULL))
    {
      if (g_str_has_prefix (key, "polkit."))
        return FALSE;
    }
  return TRUE;
}

HandoffPolkitAnswer
handoff_polkit_check_finish (GAsyncResult *result, GError **error)
{
  g_autoptr (GDBusConnection) connection =
      G_DBUS_CONNECTION (g_async_result_get_source_object (result));
  g_autoptr (GError) failure = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (connection, result, &failure);
  g_autoptr (GVariant) details = NULL;
  gboolean is_authorized, is_challenge;

  if (reply == NULL)
    {
      const char *what = describe (failure);

      g_dbus_error_strip_remote_error (failure);
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE,
                   "Whether this is allowed could not be found out: %s (%s)", what,
                   failure->message);
      return HANDOFF_POLKIT_FAILED;
    }
  g_variant_get (reply, "((bb@a{ss}))", &is_authorized, &is_challenge, &details);
  if (is_authorized)
    return is_plain (details) ? HANDOFF_POLKIT_PLAIN_YES : HANDOFF_POLKIT_YES;
  return is_challenge ? HANDOFF_POLKIT_CHALLENGE : HANDOFF_POLKIT_NO;
}

void
handoff_polkit_check_cancel (GDBusConnection *connection, const char *cancellation_id)
{
  /* Without a callback GDBus asks for no reply, so that the bus need not wait for one. */
  g_dbus_connection_call (connection, BUS_NAME, OBJECT_PATH, INTERFACE, "CancelCheckAuthorization",
                          g_variant_new ("(s)", cancellation_id), NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL, NULL);
}

void
handoff_polkit_subscribe (GDBusConnection *connection,
                          GDBusSignalCallback changed,
                          gpointer user_data,
                          guint ids[HANDOFF_POLKIT_SUBSCRIPTIONS])
{
  ids[0] =
      g_dbus_connection_signal_subscribe (connection, BUS_NAME, INTERFACE, "Changed", OBJECT_PATH,
                                          NULL, G_DBUS_SIGNAL_FLAGS_NONE, changed, user_data, NULL);
  /* Another polkitd has read the rules anew, and says nothing of what is different. */
  ids[1] = g_dbus_connection_signal_subscribe (
      connection, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
      "/org/freedesktop/DBus", BUS_NAME, G_DBUS_SIGNAL_FLAGS_NONE, changed, user_data, NULL);
}

void
handoff_polkit_unsubscribe (GDBusConnection *connection,
                            const guint ids[HANDOFF_POLKIT_SUBSCRIPTIONS])
{
  for (guint i = 0; i < HANDOFF_POLKIT_SUBSCRIPTIONS; i++)
    g_dbus_connection_signal_unsubscribe (connection, ids[i]);
}
