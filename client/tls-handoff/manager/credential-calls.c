/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a credential's object can do. */

#include "config.h"

#include "manager/credential.h"

#include "call/certificates-variant.h"
#include "keyblob/handoff-names.h"
#include "call/secret-file.h"
#include "call/service-request.h"

/* parameters: consumed if floating. fds: (nullable) */
static GDBusMessage *
new_call (TlsHandoffCredential *self,
          const char *method,
          GVariant *parameters,
          GUnixFDList *fds,
          TlsHandoffHandshakeFlags flags)
{
  GDBusMessage *call =
      g_dbus_message_new_method_call (handoff_service_bus_get_destination (self->bus),
                                      self->object_path, HANDOFF_CREDENTIAL_INTERFACE, method);

  if (flags & TLS_HANDOFF_HANDSHAKE_INTERACTIVE)
    g_dbus_message_set_flags (call, G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION);
  if (parameters != NULL)
    g_dbus_message_set_body (call, parameters);
  if (fds != NULL)
    g_dbus_message_set_unix_fd_list (call, fds);
  return call;
}

static gpointer
take_nothing (HandoffServiceBus *bus, GDBusMessage *call, GDBusMessage *reply, GError **error)
{
  return GINT_TO_POINTER (TRUE);
}

static const HandoffServiceRequest done_request = { "()", take_nothing, NULL, NULL };

static gpointer
take_request (HandoffServiceBus *bus, GDBusMessage *call, GDBusMessage *reply, GError **error)
{
  g_autoptr (GVariant) der = g_variant_get_child_value (g_dbus_message_get_body (reply), 0);

  return g_variant_get_data_as_bytes (der);
}

static const HandoffServiceRequest request_request = { "(ay)", take_request,
                                                       (GDestroyNotify) g_bytes_unref, NULL };

static void
insert_names (GVariantDict *options, const char *option, const char *const *names)
{
  if (names != NULL && names[0] != NULL)
    g_variant_dict_insert (options, option, "^as", names);
}

static GDBusMessage *
new_create_certificate_request_call (TlsHandoffCredential *self,
                                     const char *subject,
                                     const char *const *dns_names,
                                     const char *const *ip_addresses,
                                     const char *const *email_addresses,
                                     TlsHandoffHandshakeFlags flags,
                                     GError **error)
{
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);

  if (subject != NULL)
    g_variant_dict_insert (&options, HANDOFF_OPTION_SUBJECT, "s", subject);
  insert_names (&options, HANDOFF_OPTION_DNS_NAMES, dns_names);
  insert_names (&options, HANDOFF_OPTION_IP_ADDRESSES, ip_addresses);
  insert_names (&options, HANDOFF_OPTION_EMAIL_ADDRESSES, email_addresses);
  return new_call (self, "CreateCertificateRequest",
                   g_variant_new ("(@a{sv})", g_variant_dict_end (&options)), NULL, flags);
}

static GDBusMessage *
new_set_certificates_call (TlsHandoffCredential *self,
                           GPtrArray *certificates,
                           TlsHandoffHandshakeFlags flags,
                           GError **error)
{
  GVariant *value = handoff_certificates_to_variant (certificates, "certificates", error);

  return value != NULL
             ? new_call (self, "SetCertificates", g_variant_new ("(@aay)", value), NULL, flags)
             : NULL;
}

static GDBusMessage *
new_unlock_call (TlsHandoffCredential *self,
                 const char *pin,
                 TlsHandoffHandshakeFlags flags,
                 GError **error)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  int handle = handoff_secret_file_append_string (fds, pin, error);

  return handle >= 0 ? new_call (self, "Unlock", g_variant_new ("(h)", handle), fds, flags) : NULL;
}

static GDBusMessage *
new_remove_call (TlsHandoffCredential *self, TlsHandoffHandshakeFlags flags, GError **error)
{
  return new_call (self, "Remove", NULL, NULL, flags);
}

/**
 * tls_handoff_credential_create_certificate_request_sync:
 * @self: the credential
 * @subject: (nullable): the distinguished name (RFC 4514), such as `CN=www.example.org`
 * @dns_names: (nullable) (array zero-terminated=1): subject alternative names; so are the next two
 * @ip_addresses: (nullable) (array zero-terminated=1): IPv4 or IPv6 addresses
 * @email_addresses: (nullable) (array zero-terminated=1): in ASCII
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Has the service sign a request for a certificate (PKCS #10, RFC 2986) with the credential's key.
 *
 * Returns: (transfer full): the request, DER; or %NULL
 *
 * Since: 0.1
 */
GBytes *
tls_handoff_credential_create_certificate_request_sync (TlsHandoffCredential *self,
                                                        const char *subject,
                                                        const char *const *dns_names,
                                                        const char *const *ip_addresses,
                                                        const char *const *email_addresses,
                                                        TlsHandoffHandshakeFlags flags,
                                                        GCancellable *cancellable,
                                                        GError **error)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return handoff_service_request_sync (
      &request_request, self->bus,
      new_create_certificate_request_call (self, subject, dns_names, ip_addresses, email_addresses,
                                           flags, error),
      cancellable, error);
}

/**
 * tls_handoff_credential_create_certificate_request_async:
 * @self: the credential
 * @subject: (nullable): as for tls_handoff_credential_create_certificate_request_sync()
 * @dns_names: (nullable) (array zero-terminated=1): as for
 *   tls_handoff_credential_create_certificate_request_sync()
 * @ip_addresses: (nullable) (array zero-terminated=1): as for
 *   tls_handoff_credential_create_certificate_request_sync()
 * @email_addresses: (nullable) (array zero-terminated=1): as for
 *   tls_handoff_credential_create_certificate_request_sync()
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Like tls_handoff_credential_create_certificate_request_sync(), without blocking.
 *
 * Since: 0.1
 */
void
tls_handoff_credential_create_certificate_request_async (TlsHandoffCredential *self,
                                                         const char *subject,
                                                         const char *const *dns_names,
                                                         const char *const *ip_addresses,
                                                         const char *const *email_addresses,
                                                         TlsHandoffHandshakeFlags flags,
                                                         GCancellable *cancellable,
                                                         GAsyncReadyCallback callback,
                                                         gpointer user_data)
{
  GError *error = NULL;
  GDBusMessage *call;

  g_return_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  call = new_create_certificate_request_call (self, subject, dns_names, ip_addresses,
                                              email_addresses, flags, &error);
  handoff_service_request_async (&request_request, self, self->bus, call, error, cancellable,
                                 callback, user_data);
}

/**
 * tls_handoff_credential_create_certificate_request_finish:
 * @self: the credential
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: (transfer full): the request, DER; or %NULL
 *
 * Since: 0.1
 */
GBytes *
tls_handoff_credential_create_certificate_request_finish (TlsHandoffCredential *self,
                                                          GAsyncResult *result,
                                                          GError **error)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), NULL);

  return handoff_service_request_finish (self, result, error);
}

/**
 * tls_handoff_credential_set_certificates_sync:
 * @self: the credential
 * @certificates: (element-type GBytes): the chain (DER), at most 16, the first of which belongs to
 *   the key
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Replaces the credential's certificates. @self stays what it was: list the credentials anew.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
tls_handoff_credential_set_certificates_sync (TlsHandoffCredential *self,
                                              GPtrArray *certificates,
                                              TlsHandoffHandshakeFlags flags,
                                              GCancellable *cancellable,
                                              GError **error)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), FALSE);
  g_return_val_if_fail (certificates != NULL, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return handoff_service_request_sync (&done_request, self->bus,
                                       new_set_certificates_call (self, certificates, flags, error),
                                       cancellable, error) != NULL;
}

/**
 * tls_handoff_credential_set_certificates_async:
 * @self: the credential
 * @certificates: (element-type GBytes): as for tls_handoff_credential_set_certificates_sync()
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Like tls_handoff_credential_set_certificates_sync(), without blocking.
 *
 * Since: 0.1
 */
void
tls_handoff_credential_set_certificates_async (TlsHandoffCredential *self,
                                               GPtrArray *certificates,
                                               TlsHandoffHandshakeFlags flags,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data)
{
  GError *error = NULL;
  GDBusMessage *call;

  g_return_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self));
  g_return_if_fail (certificates != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  call = new_set_certificates_call (self, certificates, flags, &error);
  handoff_service_request_async (&done_request, self, self->bus, call, error, cancellable, callback,
                                 user_data);
}

/**
 * tls_handoff_credential_set_certificates_array_sync: (rename-to tls_handoff_credential_set_certificates_sync)
 * @self: the credential
 * @certificates: (array length=n_certificates): the chain (DER), at most 16, the first of which
 *   belongs to the key
 * @n_certificates: how many
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Like tls_handoff_credential_set_certificates_sync(), in a form that language bindings can call.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.2
 */
gboolean
tls_handoff_credential_set_certificates_array_sync (TlsHandoffCredential *self,
                                                    GBytes *const *certificates,
                                                    gsize n_certificates,
                                                    TlsHandoffHandshakeFlags flags,
                                                    GCancellable *cancellable,
                                                    GError **error)
{
  g_autoptr (GPtrArray) copy = NULL;

  g_return_val_if_fail (certificates != NULL || n_certificates == 0, FALSE);

  copy = handoff_certificates_copy (certificates, n_certificates);
  return tls_handoff_credential_set_certificates_sync (self, copy, flags, cancellable, error);
}

/**
 * tls_handoff_credential_set_certificates_array_async: (rename-to tls_handoff_credential_set_certificates_async)
 * @self: the credential
 * @certificates: (array length=n_certificates): as for
 *   tls_handoff_credential_set_certificates_array_sync()
 * @n_certificates: how many
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Like tls_handoff_credential_set_certificates_async(), in a form that language bindings can call;
 * tls_handoff_credential_set_certificates_finish() has its result.
 *
 * Since: 0.2
 */
void
tls_handoff_credential_set_certificates_array_async (TlsHandoffCredential *self,
                                                     GBytes *const *certificates,
                                                     gsize n_certificates,
                                                     TlsHandoffHandshakeFlags flags,
                                                     GCancellable *cancellable,
                                                     GAsyncReadyCallback callback,
                                                     gpointer user_data)
{
  g_autoptr (GPtrArray) copy = NULL;

  g_return_if_fail (certificates != NULL || n_certificates == 0);

  copy = handoff_certificates_copy (certificates, n_certificates);
  tls_handoff_credential_set_certificates_async (self, copy, flags, cancellable, callback,
                                                 user_data);
}

/**
 * tls_handoff_credential_set_certificates_finish:
 * @self: the credential
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
tls_handoff_credential_set_certificates_finish (TlsHandoffCredential *self,
                                                GAsyncResult *result,
                                                GError **error)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), FALSE);

  return handoff_service_request_finish (self, result, error) != NULL;
}

/**
 * tls_handoff_credential_unlock_sync:
 * @self: the credential
 * @pin: the PIN of the token that has the key
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Tells the service the PIN, until the service ends. %TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED if the
 * token refuses it, or refused it before: then it is not tried again.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
tls_handoff_credential_unlock_sync (TlsHandoffCredential *self,
                                    const char *pin,
                                    TlsHandoffHandshakeFlags flags,
                                    GCancellable *cancellable,
                                    GError **error)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), FALSE);
  g_return_val_if_fail (pin != NULL, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return handoff_service_request_sync (&done_request, self->bus,
                                       new_unlock_call (self, pin, flags, error), cancellable,
                                       error) != NULL;
}

/**
 * tls_handoff_credential_unlock_async:
 * @self: the credential
 * @pin: as for tls_handoff_credential_unlock_sync()
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Like tls_handoff_credential_unlock_sync(), without blocking.
 *
 * Since: 0.1
 */
void
tls_handoff_credential_unlock_async (TlsHandoffCredential *self,
                                     const char *pin,
                                     TlsHandoffHandshakeFlags flags,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  GError *error = NULL;
  GDBusMessage *call;

  g_return_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self));
  g_return_if_fail (pin != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  call = new_unlock_call (self, pin, flags, &error);
  handoff_service_request_async (&done_request, self, self->bus, call, error, cancellable, callback,
                                 user_data);
}

/**
 * tls_handoff_credential_unlock_finish:
 * @self: the credential
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
tls_handoff_credential_unlock_finish (TlsHandoffCredential *self,
                                      GAsyncResult *result,
                                      GError **error)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), FALSE);

  return handoff_service_request_finish (self, result, error) != NULL;
}

/**
 * tls_handoff_credential_remove_sync:
 * @self: the credential
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Removes the credential. A key in a file is gone then; one in a token stays there.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
tls_handoff_credential_remove_sync (TlsHandoffCredential *self,
                                    TlsHandoffHandshakeFlags flags,
                                    GCancellable *cancellable,
                                    GError **error)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return handoff_service_request_sync (&done_request, self->bus,
                                       new_remove_call (self, flags, error), cancellable,
                                       error) != NULL;
}

/**
 * tls_handoff_credential_remove_async:
 * @self: the credential
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Like tls_handoff_credential_remove_sync(), without blocking.
 *
 * Since: 0.1
 */
void
tls_handoff_credential_remove_async (TlsHandoffCredential *self,
                                     TlsHandoffHandshakeFlags flags,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  GError *error = NULL;
  GDBusMessage *call;

  g_return_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  call = new_remove_call (self, flags, &error);
  handoff_service_request_async (&done_request, self, self->bus, call, error, cancellable, callback,
                                 user_data);
}

/**
 * tls_handoff_credential_remove_finish:
 * @self: the credential
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
tls_handoff_credential_remove_finish (TlsHandoffCredential *self,
                                      GAsyncResult *result,
                                      GError **error)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), FALSE);

  return handoff_service_request_finish (self, result, error) != NULL;
}
