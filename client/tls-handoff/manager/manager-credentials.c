/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The manager's calls that make credentials. */

#include "config.h"

#include "tls-handoff-credential.h"

#include "call/certificates-variant.h"
#include "keyblob/handoff-names.h"
#include "manager/method-call.h"

/* (transfer none): empty for both */
static const char *const *
role_names (TlsHandoffCredentialRoles roles)
{
  static const char *const names[][3] = {
    [TLS_HANDOFF_CREDENTIAL_ROLE_CLIENT] = { HANDOFF_ROLE_NAME_CLIENT },
    [TLS_HANDOFF_CREDENTIAL_ROLE_SERVER] = { HANDOFF_ROLE_NAME_SERVER },
    [TLS_HANDOFF_CREDENTIAL_ROLE_CLIENT |
        TLS_HANDOFF_CREDENTIAL_ROLE_SERVER] = { HANDOFF_ROLE_NAME_CLIENT,
                                                HANDOFF_ROLE_NAME_SERVER },
  };

  return names[roles & (TLS_HANDOFF_CREDENTIAL_ROLE_CLIENT | TLS_HANDOFF_CREDENTIAL_ROLE_SERVER)];
}

/**
 * tls_handoff_manager_import_credential_sync:
 * @self: the manager
 * @label: the credential's name, unique among its owner's: 1 to 64 characters
 * @data: private key and certificate chain, in PEM or as PKCS#12 (DER), at most 256 KiB
 * @passphrase: (nullable): the passphrase of @data, if @data is encrypted
 * @roles: what the credential is for; 0 for both
 * @owner: the user (uid) who shall own the credential; -1: the caller; 0: the machine
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Gives a private key that exists already to the service. Nobody can get the key back.
 *
 * %TLS_HANDOFF_ERROR_INVALID_ARGUMENT says what is wrong with @data or @passphrase, or that a
 * credential with this label exists already.
 *
 * Returns: (transfer full): the new credential, or %NULL
 *
 * Since: 0.1
 */
TlsHandoffCredential *
tls_handoff_manager_import_credential_sync (TlsHandoffManager *self,
                                            const char *label,
                                            GBytes *data,
                                            const char *passphrase,
                                            TlsHandoffCredentialRoles roles,
                                            gint64 owner,
                                            TlsHandoffHandshakeFlags flags,
                                            GCancellable *cancellable,
                                            GError **error)
{
  return handoff_method_call_sync (HANDOFF_METHOD_IMPORT_CREDENTIAL, self, flags, cancellable,
                                   error, label, data, passphrase, role_names (roles), owner);
}

/**
 * tls_handoff_manager_import_credential_async:
 * @self: the manager
 * @label: as for the blocking form
 * @data: as for the blocking form
 * @passphrase: (nullable): as for the blocking form
 * @roles: as for the blocking form
 * @owner: as for the blocking form
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Like tls_handoff_manager_import_credential_sync(), without blocking.
 *
 * Since: 0.1
 */
void
tls_handoff_manager_import_credential_async (TlsHandoffManager *self,
                                             const char *label,
                                             GBytes *data,
                                             const char *passphrase,
                                             TlsHandoffCredentialRoles roles,
                                             gint64 owner,
                                             TlsHandoffHandshakeFlags flags,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data)
{
  handoff_method_call_async (HANDOFF_METHOD_IMPORT_CREDENTIAL, self, flags, cancellable, callback,
                             user_data, label, data, passphrase, role_names (roles), owner);
}

/**
 * tls_handoff_manager_import_credential_finish:
 * @self: the manager
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: (transfer full): the new credential, or %NULL
 *
 * Since: 0.1
 */
TlsHandoffCredential *
tls_handoff_manager_import_credential_finish (TlsHandoffManager *self,
                                              GAsyncResult *result,
                                              GError **error)
{
  return handoff_method_call_finish (HANDOFF_METHOD_IMPORT_CREDENTIAL, self, result, error);
}

/**
 * tls_handoff_manager_generate_credential_sync:
 * @self: the manager
 * @label: as for tls_handoff_manager_import_credential_sync()
 * @key_type: `ecdsa-p256`, `ecdsa-p384`, `ed25519`, `rsa-2048`, `rsa-3072` or `rsa-4096`
 * @roles: what the credential is for; 0 for both
 * @owner: the user (uid) who shall own the credential; -1: the caller; 0: the machine
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Lets the service make a private key, which never leaves the service. The credential can be used
 * when an authority has certified the key: see
 * tls_handoff_credential_create_certificate_request_sync().
 *
 * Returns: (transfer full): the new credential, or %NULL
 *
 * Since: 0.1
 */
TlsHandoffCredential *
tls_handoff_manager_generate_credential_sync (TlsHandoffManager *self,
                                              const char *label,
                                              const char *key_type,
                                              TlsHandoffCredentialRoles roles,
                                              gint64 owner,
                                              TlsHandoffHandshakeFlags flags,
                                              GCancellable *cancellable,
                                              GError **error)
{
  return handoff_method_call_sync (HANDOFF_METHOD_GENERATE_CREDENTIAL, self, flags, cancellable,
                                   error, label, key_type, role_names (roles), owner);
}

/**
 * tls_handoff_manager_generate_credential_async:
 * @self: the manager
 * @label: as for the blocking form
 * @key_type: as for the blocking form
 * @roles: as for the blocking form
 * @owner: as for the blocking form
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Like tls_handoff_manager_generate_credential_sync(), without blocking.
 *
 * Since: 0.1
 */
void
tls_handoff_manager_generate_credential_async (TlsHandoffManager *self,
                                               const char *label,
                                               const char *key_type,
                                               TlsHandoffCredentialRoles roles,
                                               gint64 owner,
                                               TlsHandoffHandshakeFlags flags,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data)
{
  handoff_method_call_async (HANDOFF_METHOD_GENERATE_CREDENTIAL, self, flags, cancellable, callback,
                             user_data, label, key_type, role_names (roles), owner);
}

/**
 * tls_handoff_manager_generate_credential_finish:
 * @self: the manager
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: (transfer full): the new credential, or %NULL
 *
 * Since: 0.1
 */
TlsHandoffCredential *
tls_handoff_manager_generate_credential_finish (TlsHandoffManager *self,
                                                GAsyncResult *result,
                                                GError **error)
{
  return handoff_method_call_finish (HANDOFF_METHOD_GENERATE_CREDENTIAL, self, result, error);
}

/**
 * tls_handoff_manager_link_credential_sync:
 * @self: the manager
 * @label: as for tls_handoff_manager_import_credential_sync()
 * @uri: the PKCS#11 URI (RFC 7512) of a private key, which names token and object, and no PIN
 * @pin: (nullable): the token's PIN. %NULL: the service takes the PIN from the PIN file that its
 *   configuration names, if the caller may manage the credentials of other users
 * @certificates: (nullable) (element-type GBytes): the certificate chain (DER), the key's own
 *   certificate first. %NULL: the certificate in the token
 * @roles: what the credential is for; 0 for both
 * @owner: the user (uid) who shall own the credential; -1: the caller; 0: the machine
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Makes a credential of a private key in a PKCS#11 token (smart card, TPM, HSM). The key stays in
 * the token, even when the credential is removed.
 *
 * %TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND if there is no such token or key,
 * %TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED if the PIN is missing or wrong.
 *
 * Returns: (transfer full): the new credential, or %NULL
 *
 * Since: 0.1
 */
TlsHandoffCredential *
tls_handoff_manager_link_credential_sync (TlsHandoffManager *self,
                                          const char *label,
                                          const char *uri,
                                          const char *pin,
                                          GPtrArray *certificates,
                                          TlsHandoffCredentialRoles roles,
                                          gint64 owner,
                                          TlsHandoffHandshakeFlags flags,
                                          GCancellable *cancellable,
                                          GError **error)
{
  return handoff_method_call_sync (HANDOFF_METHOD_LINK_CREDENTIAL, self, flags, cancellable, error,
                                   label, uri, pin, certificates, role_names (roles), owner);
}

/**
 * tls_handoff_manager_link_credential_async:
 * @self: the manager
 * @label: as for the blocking form
 * @uri: as for the blocking form
 * @pin: (nullable): as for the blocking form
 * @certificates: (nullable) (element-type GBytes): as for the blocking form
 * @roles: as for the blocking form
 * @owner: as for the blocking form
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Like tls_handoff_manager_link_credential_sync(), without blocking.
 *
 * Since: 0.1
 */
void
tls_handoff_manager_link_credential_async (TlsHandoffManager *self,
                                           const char *label,
                                           const char *uri,
                                           const char *pin,
                                           GPtrArray *certificates,
                                           TlsHandoffCredentialRoles roles,
                                           gint64 owner,
                                           TlsHandoffHandshakeFlags flags,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data)
{
  handoff_method_call_async (HANDOFF_METHOD_LINK_CREDENTIAL, self, flags, cancellable, callback,
                             user_data, label, uri, pin, certificates, role_names (roles), owner);
}

/* Language bindings pass an empty list where there are no certificates. */
static GPtrArray *
copy_certificates (GBytes *const *certificates, gsize n_certificates)
{
  return n_certificates > 0 ? handoff_certificates_copy (certificates, n_certificates) : NULL;
}

/**
 * tls_handoff_manager_link_credential_array_sync: (rename-to tls_handoff_manager_link_credential_sync)
 * @self: the manager
 * @label: as for tls_handoff_manager_link_credential_sync()
 * @uri: as for tls_handoff_manager_link_credential_sync()
 * @pin: (nullable): as for tls_handoff_manager_link_credential_sync()
 * @certificates: (nullable) (array length=n_certificates): the certificate chain (DER), the
 *   key's own certificate first. None: the certificate in the token
 * @n_certificates: how many
 * @roles: what the credential is for; 0 for both
 * @owner: the user (uid) who shall own the credential; -1: the caller; 0: the machine
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Like tls_handoff_manager_link_credential_sync(), in a form that language bindings can call.
 *
 * Returns: (transfer full): the new credential, or %NULL
 *
 * Since: 0.2
 */
TlsHandoffCredential *
tls_handoff_manager_link_credential_array_sync (TlsHandoffManager *self,
                                                const char *label,
                                                const char *uri,
                                                const char *pin,
                                                GBytes *const *certificates,
                                                gsize n_certificates,
                                                TlsHandoffCredentialRoles roles,
                                                gint64 owner,
                                                TlsHandoffHandshakeFlags flags,
                                                GCancellable *cancellable,
                                                GError **error)
{
  g_autoptr (GPtrArray) copy = NULL;

  g_return_val_if_fail (certificates != NULL || n_certificates == 0, NULL);

  copy = copy_certificates (certificates, n_certificates);
  return tls_handoff_manager_link_credential_sync (self, label, uri, pin, copy, roles, owner, flags,
                                                   cancellable, error);
}

/**
 * tls_handoff_manager_link_credential_array_async: (rename-to tls_handoff_manager_link_credential_async)
 * @self: the manager
 * @label: as for the blocking form
 * @uri: as for the blocking form
 * @pin: (nullable): as for the blocking form
 * @certificates: (nullable) (array length=n_certificates): as for the blocking form
 * @n_certificates: how many
 * @roles: as for the blocking form
 * @owner: as for the blocking form
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Like tls_handoff_manager_link_credential_async(), in a form that language bindings can call;
 * tls_handoff_manager_link_credential_finish() has its result.
 *
 * Since: 0.2
 */
void
tls_handoff_manager_link_credential_array_async (TlsHandoffManager *self,
                                                 const char *label,
                                                 const char *uri,
                                                 const char *pin,
                                                 GBytes *const *certificates,
                                                 gsize n_certificates,
                                                 TlsHandoffCredentialRoles roles,
                                                 gint64 owner,
                                                 TlsHandoffHandshakeFlags flags,
                                                 GCancellable *cancellable,
                                                 GAsyncReadyCallback callback,
                                                 gpointer user_data)
{
  g_autoptr (GPtrArray) copy = NULL;

  g_return_if_fail (certificates != NULL || n_certificates == 0);

  copy = copy_certificates (certificates, n_certificates);
  tls_handoff_manager_link_credential_async (self, label, uri, pin, copy, roles, owner, flags,
                                             cancellable, callback, user_data);
}

/**
 * tls_handoff_manager_link_credential_finish:
 * @self: the manager
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: (transfer full): the new credential, or %NULL
 *
 * Since: 0.1
 */
TlsHandoffCredential *
tls_handoff_manager_link_credential_finish (TlsHandoffManager *self,
                                            GAsyncResult *result,
                                            GError **error)
{
  return handoff_method_call_finish (HANDOFF_METHOD_LINK_CREDENTIAL, self, result, error);
}
