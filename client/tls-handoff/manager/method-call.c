/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "manager/method-call.h"

#include "keyblob/handoff-names.h"
#include "manager/credential.h"
#include "manager/manager.h"

/* (nullable): what g_return_if_fail() would find wrong */
static const char *
find_mistake (HandoffMethod method, gpointer self, GCancellable *cancellable, GError **error)
{
  if (method >= HANDOFF_METHOD_CREATE_CERTIFICATE_REQUEST &&
      !handoff_credential_is_of_service (self))
    return "handoff_credential_is_of_service (self)";
  if (method < HANDOFF_METHOD_CREATE_CERTIFICATE_REQUEST && !TLS_HANDOFF_IS_MANAGER (self))
    return "TLS_HANDOFF_IS_MANAGER (self)";
  if (cancellable != NULL && !G_IS_CANCELLABLE (cancellable))
    return "cancellable == NULL || G_IS_CANCELLABLE (cancellable)";
  if (error != NULL && *error != NULL)
    return "error == NULL || *error == NULL";
  return NULL;
}

static HandoffServiceBus *
get_bus (gpointer self)
{
  return TLS_HANDOFF_IS_CREDENTIAL (self) ? TLS_HANDOFF_CREDENTIAL (self)->bus
                                          : handoff_manager_get_bus (self);
}

/* (transfer full) (nullable): NULL with an error, or without one after a programmer's mistake */
static GDBusMessage *
new_call (HandoffMethod method,
          gpointer self,
          TlsHandoffHandshakeFlags flags,
          GCancellable *cancellable,
          va_list *arguments,
          GError **error)
{
  const HandoffServiceMethod *row = &handoff_methods[method];
  const char *mistake = find_mistake (method, self, cancellable, error);

  if (mistake != NULL)
    {
      g_return_if_fail_warning (G_LOG_DOMAIN, row->function, mistake);
      return NULL;
    }
  return handoff_service_method_new_call (
      row, get_bus (self),
      TLS_HANDOFF_IS_CREDENTIAL (self) ? TLS_HANDOFF_CREDENTIAL (self)->object_path
                                       : HANDOFF_ROOT_PATH,
      (flags & TLS_HANDOFF_HANDSHAKE_INTERACTIVE) != 0, arguments, error);
}

gpointer
handoff_method_call_sync (HandoffMethod method,
                          gpointer self,
                          TlsHandoffHandshakeFlags flags,
                          GCancellable *cancellable,
                          GError **error,
                          ...)
{
  GDBusMessage *call;
  va_list arguments;

  va_start (arguments, error);
  call = new_call (method, self, flags, cancellable, &arguments, error);
  va_end (arguments);
  if (call == NULL)
    return NULL;
  return handoff_service_request_sync (&handoff_methods[method].reply, get_bus (self), call,
                                       cancellable, error);
}

void
handoff_method_call_async (HandoffMethod method,
                           gpointer self,
                           TlsHandoffHandshakeFlags flags,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data,
                           ...)
{
  const HandoffServiceMethod *row = &handoff_methods[method];
  GDBusMessage *call;
  GError *error = NULL;
  va_list arguments;

  va_start (arguments, user_data);
  call = new_call (method, self, flags, cancellable, &arguments, &error);
  va_end (arguments);
  if (call != NULL || error != NULL)
    handoff_service_request_async (&row->reply, row->function, self, get_bus (self), call, error,
                                   cancellable, callback, user_data);
}

gpointer
handoff_method_call_finish (HandoffMethod method,
                            gpointer self,
                            GAsyncResult *result,
                            GError **error)
{
  const HandoffServiceMethod *row = &handoff_methods[method];

  /* What another method's call returned is of another type. */
  if (!handoff_service_request_is_of (&row->reply, self, result))
    {
      g_return_if_fail_warning (G_LOG_DOMAIN, row->function, "result is what its callback got");
      return NULL;
    }
  return handoff_service_request_finish (result, error);
}
