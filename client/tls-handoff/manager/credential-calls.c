/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a credential's object can do. */

#include "config.h"

#include "tls-handoff-credential.h"

#include "call/certificates-variant.h"
#include "manager/method-call.h"

/**
 * tls_handoff_credential_create_certificate_request_sync:
 * @self: the credential
 * @subject: (nullable): the distinguished name (RFC 4514), such as `CN=www.example.org`
 * @dns_names: (nullable) (array zero-terminated=1): DNS names, as subject alternative names
 * @ip_addresses: (nullable) (array zero-terminated=1): IPv4 or IPv6 addresses, likewise
 * @email_addresses: (nullable) (array zero-terminated=1): e-mail addresses in ASCII, likewise
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
  return handoff_method_call_sync (HANDOFF_METHOD_CREATE_CERTIFICATE_REQUEST, self, flags,
                                   cancellable, error, subject, dns_names, ip_addresses,
                                   email_addresses);
}

/**
 * tls_handoff_credential_create_certificate_request_async:
 * @self: the credential
 * @subject: (nullable): as for the blocking form
 * @dns_names: (nullable) (array zero-terminated=1): as for the blocking form
 * @ip_addresses: (nullable) (array zero-terminated=1): as for the blocking form
 * @email_addresses: (nullable) (array zero-terminated=1): as for the blocking form
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
  handoff_method_call_async (HANDOFF_METHOD_CREATE_CERTIFICATE_REQUEST, self, flags, cancellable,
                             callback, user_data, subject, dns_names, ip_addresses,
                             email_addresses);
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
  return handoff_method_call_finish (HANDOFF_METHOD_CREATE_CERTIFICATE_REQUEST, self, result,
                                     error);
}

/**
 * tls_handoff_credential_self_sign_sync:
 * @self: the credential
 * @subject: (nullable): the distinguished name (RFC 4514), such as `CN=www.example.org`; %NULL: the
 *   first DNS name, as the common name
 * @dns_names: (nullable) (array zero-terminated=1): DNS names, as subject alternative names
 * @ip_addresses: (nullable) (array zero-terminated=1): IPv4 or IPv6 addresses, likewise
 * @email_addresses: (nullable) (array zero-terminated=1): e-mail addresses in ASCII, likewise
 * @days: for how long the certificate is valid, at most 3650; 0: a year
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Has the credential's key sign a certificate for itself, which replaces the credential's
 * certificates. It is for the credential's roles. Who connects has to be told to trust it. @self
 * does not change: list the credentials again.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.2
 */
gboolean
tls_handoff_credential_self_sign_sync (TlsHandoffCredential *self,
                                       const char *subject,
                                       const char *const *dns_names,
                                       const char *const *ip_addresses,
                                       const char *const *email_addresses,
                                       guint days,
                                       TlsHandoffHandshakeFlags flags,
                                       GCancellable *cancellable,
                                       GError **error)
{
  return handoff_method_call_sync (HANDOFF_METHOD_SELF_SIGN, self, flags, cancellable, error,
                                   subject, dns_names, ip_addresses, email_addresses, days) != NULL;
}

/**
 * tls_handoff_credential_self_sign_async:
 * @self: the credential
 * @subject: (nullable): as for the blocking form
 * @dns_names: (nullable) (array zero-terminated=1): as for the blocking form
 * @ip_addresses: (nullable) (array zero-terminated=1): as for the blocking form
 * @email_addresses: (nullable) (array zero-terminated=1): as for the blocking form
 * @days: as for the blocking form
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Like tls_handoff_credential_self_sign_sync(), without blocking.
 *
 * Since: 0.2
 */
void
tls_handoff_credential_self_sign_async (TlsHandoffCredential *self,
                                        const char *subject,
                                        const char *const *dns_names,
                                        const char *const *ip_addresses,
                                        const char *const *email_addresses,
                                        guint days,
                                        TlsHandoffHandshakeFlags flags,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  handoff_method_call_async (HANDOFF_METHOD_SELF_SIGN, self, flags, cancellable, callback,
                             user_data, subject, dns_names, ip_addresses, email_addresses, days);
}

/**
 * tls_handoff_credential_self_sign_finish:
 * @self: the credential
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: %TRUE on success
 *
 * Since: 0.2
 */
gboolean
tls_handoff_credential_self_sign_finish (TlsHandoffCredential *self,
                                         GAsyncResult *result,
                                         GError **error)
{
  return handoff_method_call_finish (HANDOFF_METHOD_SELF_SIGN, self, result, error) != NULL;
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
 * Replaces the credential's certificates. @self does not change: list the credentials again.
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
  return handoff_method_call_sync (HANDOFF_METHOD_SET_CERTIFICATES, self, flags, cancellable, error,
                                   certificates) != NULL;
}

/**
 * tls_handoff_credential_set_certificates_async:
 * @self: the credential
 * @certificates: (element-type GBytes): as for the blocking form
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
  handoff_method_call_async (HANDOFF_METHOD_SET_CERTIFICATES, self, flags, cancellable, callback,
                             user_data, certificates);
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
 * @certificates: (array length=n_certificates): as for the blocking form
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
  return handoff_method_call_finish (HANDOFF_METHOD_SET_CERTIFICATES, self, result, error) != NULL;
}

/**
 * tls_handoff_credential_set_ocsp_response_sync:
 * @self: the credential
 * @response: (nullable): an OCSP response (RFC 6960), DER, at most 16 KiB; %NULL: none any more
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Gives the service what to staple to the credential's certificate, in place of what it had:
 * servers send it to clients that ask for it, as long as it is up to date. It has to say that the
 * first certificate is good; otherwise %TLS_HANDOFF_ERROR_INVALID_ARGUMENT says what is wrong.
 * Nobody fetches the next one: see tls_handoff_credential_get_ocsp_not_after(). Other certificates
 * remove it.
 * @self does not change: list the credentials again.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.2
 */
gboolean
tls_handoff_credential_set_ocsp_response_sync (TlsHandoffCredential *self,
                                               GBytes *response,
                                               TlsHandoffHandshakeFlags flags,
                                               GCancellable *cancellable,
                                               GError **error)
{
  g_autoptr (GBytes) bytes = response != NULL ? g_bytes_ref (response) : g_bytes_new (NULL, 0);

  return handoff_method_call_sync (HANDOFF_METHOD_SET_OCSP_RESPONSE, self, flags, cancellable,
                                   error, bytes) != NULL;
}

/**
 * tls_handoff_credential_set_ocsp_response_async:
 * @self: the credential
 * @response: (nullable): as for the blocking form
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Like tls_handoff_credential_set_ocsp_response_sync(), without blocking.
 *
 * Since: 0.2
 */
void
tls_handoff_credential_set_ocsp_response_async (TlsHandoffCredential *self,
                                                GBytes *response,
                                                TlsHandoffHandshakeFlags flags,
                                                GCancellable *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer user_data)
{
  g_autoptr (GBytes) bytes = response != NULL ? g_bytes_ref (response) : g_bytes_new (NULL, 0);

  handoff_method_call_async (HANDOFF_METHOD_SET_OCSP_RESPONSE, self, flags, cancellable, callback,
                             user_data, bytes);
}

/**
 * tls_handoff_credential_set_ocsp_response_finish:
 * @self: the credential
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: %TRUE on success
 *
 * Since: 0.2
 */
gboolean
tls_handoff_credential_set_ocsp_response_finish (TlsHandoffCredential *self,
                                                 GAsyncResult *result,
                                                 GError **error)
{
  return handoff_method_call_finish (HANDOFF_METHOD_SET_OCSP_RESPONSE, self, result, error) != NULL;
}

/**
 * tls_handoff_credential_unlock_sync:
 * @self: the credential
 * @pin: the PIN of the token that has the key
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Tells the service the PIN, which the service keeps until it ends.
 * %TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED if the token refuses the PIN, or refused the same PIN
 * before: then the service does not try it again.
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
  return handoff_method_call_sync (HANDOFF_METHOD_UNLOCK, self, flags, cancellable, error, pin) !=
         NULL;
}

/**
 * tls_handoff_credential_unlock_async:
 * @self: the credential
 * @pin: as for the blocking form
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
  handoff_method_call_async (HANDOFF_METHOD_UNLOCK, self, flags, cancellable, callback, user_data,
                             pin);
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
  return handoff_method_call_finish (HANDOFF_METHOD_UNLOCK, self, result, error) != NULL;
}

/**
 * tls_handoff_credential_remove_sync:
 * @self: the credential
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Removes the credential. A key in a file is deleted. A key in a token stays in the token.
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
  return handoff_method_call_sync (HANDOFF_METHOD_REMOVE, self, flags, cancellable, error) != NULL;
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
  handoff_method_call_async (HANDOFF_METHOD_REMOVE, self, flags, cancellable, callback, user_data);
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
  return handoff_method_call_finish (HANDOFF_METHOD_REMOVE, self, result, error) != NULL;
}
