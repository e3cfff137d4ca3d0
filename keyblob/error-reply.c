/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "error-reply.h"

#include <string.h>

#include "error-details.h"
#include "handoff-names.h"
#include "tls-handoff-error.h"

/* The code that name stands for, or -1. A name of ours that this version does not know, from a
 * newer service, is a failure like others. */
static int
code_of_name (const char *name)
{
  g_autoptr (GError) known = NULL;

  if (name == NULL || !g_str_has_prefix (name, HANDOFF_ERROR_PREFIX))
    return -1;
  /* GIO knows the names when the domain is registered. */
  g_assert (TLS_HANDOFF_ERROR != 0);
  known = g_dbus_error_new_for_dbus_error (name, "");
  return known->domain == TLS_HANDOFF_ERROR ? known->code : TLS_HANDOFF_ERROR_FAILED;
}

/* (transfer full) (nullable): the argument at index, if it is there and of that type */
static GVariant *
get_argument (GVariant *body, gsize index, const GVariantType *type)
{
  g_autoptr (GVariant) child = NULL;

  if (body == NULL || g_variant_n_children (body) <= index)
    return NULL;

  child = g_variant_get_child_value (body, index);
  return g_variant_is_of_type (child, type) ? g_steal_pointer (&child) : NULL;
}

GError *
handoff_error_from_name (const char *name, const char *message, GVariant *details)
{
  const int code = code_of_name (name);
  GError *error;

  if (code < 0)
    return g_dbus_error_new_for_dbus_error (name, message != NULL ? message : "");

  error = g_error_new_literal (TLS_HANDOFF_ERROR, code,
                               message != NULL ? message : "The service gave no reason");
  if (details != NULL)
    handoff_error_set_details (error, details);
  return error;
}

GError *
handoff_error_from_reply (GDBusMessage *reply)
{
  GVariant *body = g_dbus_message_get_body (reply);
  g_autoptr (GVariant) message = get_argument (body, 0, G_VARIANT_TYPE_STRING);
  g_autoptr (GVariant) details = get_argument (body, 1, G_VARIANT_TYPE_VARDICT);
  const char *name = g_dbus_message_get_error_name (reply);
  GError *error = NULL;

  g_return_val_if_fail (g_dbus_message_get_message_type (reply) == G_DBUS_MESSAGE_TYPE_ERROR, NULL);

  if (code_of_name (name) >= 0)
    return handoff_error_from_name (
        name, message != NULL ? g_variant_get_string (message, NULL) : NULL, details);

  g_dbus_message_to_gerror (reply, &error);
  return error;
}

char *
handoff_error_dup_name (const GError *error)
{
  return error->domain == TLS_HANDOFF_ERROR || error->domain == G_DBUS_ERROR
             ? g_dbus_error_encode_gerror (error)
             : g_strdup (HANDOFF_ERROR_PREFIX "Failed");
}

GDBusMessage *
handoff_error_to_reply (const GError *error, GDBusMessage *call)
{
  g_autofree char *message = g_utf8_make_valid (error->message, -1);
  GVariant *details = tls_handoff_error_get_details (error);
  g_autofree char *name = handoff_error_dup_name (error);
  GDBusMessage *reply;

  g_return_val_if_fail (
      error->domain != TLS_HANDOFF_ERROR || (guint) error->code < TLS_HANDOFF_N_ERRORS, NULL);
  reply = g_dbus_message_new_method_error_literal (call, name, message);
  if (details != NULL)
    g_dbus_message_set_body (reply, g_variant_new ("(s@a{sv})", message, details));

  return reply;
}

GVariant *
handoff_error_to_variant (const GError *error, gboolean with_details)
{
  g_autofree char *name = handoff_error_dup_name (error);
  g_autofree char *message = g_utf8_make_valid (error->message, -1);
  GVariant *details = with_details ? tls_handoff_error_get_details (error) : NULL;

  /* Before the character that does not fit any more. */
  if (strlen (message) > HANDOFF_ERROR_VARIANT_MAX_TEXT)
    *g_utf8_find_prev_char (message, message + HANDOFF_ERROR_VARIANT_MAX_TEXT + 1) = '\0';
  return g_variant_new ("(ss@a{sv})", name, message,
                        details != NULL ? details : g_variant_new ("a{sv}", NULL));
}

GError *
handoff_error_from_variant (GVariant *variant)
{
  g_autoptr (GVariant) details = NULL;
  const char *name, *message;

  g_variant_get (variant, "(&s&s@a{sv})", &name, &message, &details);
  return handoff_error_from_name (name, message,
                                  g_variant_n_children (details) > 0 ? details : NULL);
}
