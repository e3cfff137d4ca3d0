/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/service-method.h"

#include "call/certificates-variant.h"
#include "call/secret-file.h"
#include "call/service-call.h"

/* handle: negative with an error. (transfer floating) (nullable) */
static GVariant *
new_handle (int handle)
{
  return handle >= 0 ? g_variant_new_handle (handle) : NULL;
}

/* Takes the next of arguments. (transfer floating) (nullable): NULL if there is none, or with an
 * error */
static GVariant *
read_argument (const HandoffArgument *argument,
               va_list *arguments,
               GUnixFDList *fds,
               GError **error)
{
  gint64 uid;
  guint number;
  gpointer value;

  if (argument->type == HANDOFF_ARGUMENT_UID)
    {
      uid = va_arg (*arguments, gint64);
      return uid >= 0 ? g_variant_new_uint32 ((guint32) uid) : NULL;
    }
  if (argument->type == HANDOFF_ARGUMENT_UINT)
    {
      number = va_arg (*arguments, guint);
      return number > 0 ? g_variant_new_uint32 (number) : NULL;
    }
  if (argument->type == HANDOFF_ARGUMENT_BOOLEAN)
    return va_arg (*arguments, gboolean) ? g_variant_new_boolean (TRUE) : NULL;

  value = va_arg (*arguments, gpointer);
  if (value == NULL)
    return NULL;
  switch (argument->type)
    {
    case HANDOFF_ARGUMENT_STRING:
      return g_variant_new_string (value);
    case HANDOFF_ARGUMENT_STRINGS:
      return *(char **) value != NULL ? g_variant_new_strv (value, -1) : NULL;
    case HANDOFF_ARGUMENT_CERTIFICATES:
      return handoff_certificates_to_variant (value, argument->name, error);
    case HANDOFF_ARGUMENT_BYTES:
      return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, value, TRUE);
    case HANDOFF_ARGUMENT_SECRET:
      return new_handle (handoff_secret_file_append_string (fds, value, error));
    case HANDOFF_ARGUMENT_SECRET_BYTES:
      return new_handle (handoff_secret_file_append (fds, value, error));
    case HANDOFF_ARGUMENT_BOOLEAN:
    case HANDOFF_ARGUMENT_UINT:
    case HANDOFF_ARGUMENT_UID:
    default:
      g_return_val_if_reached (NULL);
    }
}

/* As g_return_if_fail() would, in the name of the public function. */
static void
warn_of_null (const HandoffServiceMethod *method, const HandoffArgument *parameter)
{
  g_autofree char *assertion = g_strdup_printf ("%s != NULL", parameter->name);

  g_return_if_fail_warning (G_LOG_DOMAIN, method->function, assertion);
}

GDBusMessage *
handoff_service_method_new_call (const HandoffServiceMethod *method,
                                 HandoffServiceBus *bus,
                                 const char *path,
                                 gboolean interactive,
                                 va_list *arguments,
                                 GError **error)
{
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GPtrArray) parameters = NULL;
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GError) cause = NULL;
  const HandoffArgument *argument;
  GVariant *value, *body = NULL;
  GDBusMessage *call;

  if (!handoff_service_bus_check_process (bus, error))
    return NULL;

  fds = g_unix_fd_list_new ();
  parameters = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  for (argument = method->parameters; argument->name != NULL && cause == NULL; argument++)
    {
      value = read_argument (argument, arguments, fds, &cause);
      if (value != NULL)
        g_ptr_array_add (parameters, g_variant_ref_sink (value));
      else if (cause == NULL)
        {
          warn_of_null (method, argument);
          return NULL;
        }
    }
  for (argument = method->options; argument->name != NULL && cause == NULL; argument++)
    {
      value = read_argument (argument, arguments, fds, &cause);
      if (value != NULL)
        g_variant_dict_insert_value (&options, argument->name, value);
    }
  if (cause != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return NULL;
    }

  if (method->options[0].name != NULL)
    g_ptr_array_add (parameters, g_variant_ref_sink (g_variant_dict_end (&options)));
  if (parameters->len > 0)
    body = g_variant_new_tuple ((GVariant *const *) parameters->pdata, parameters->len);
  call = handoff_service_call_new (bus, path, method->interface, method->method, body, interactive);
  if (g_unix_fd_list_get_length (fds) > 0)
    g_dbus_message_set_unix_fd_list (call, fds);
  return call;
}
