/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The manager's calls that make credentials. */

#include "config.h"

#include "manager/credential.h"

#include "call/certificates-variant.h"
#include "keyblob/handoff-names.h"
#include "call/secret-file.h"
#include "call/service-call.h"
#include "call/service-request.h"
#include "manager/manager.h"

static gpointer
take_created (HandoffServiceBus *bus, GDBusMessage *call, GDBusMessage *reply, GError **error)
{
  g_autoptr (GVariant) properties = g_variant_get_child_value (g_dbus_message_get_body (reply), 0);

  return handoff_credential_object_new (bus, g_dbus_message_get_path (call), properties);
}

static const HandoffServiceRequest created_request = { "(o)", take_created, g_object_unref,
                                                       HANDOFF_CREDENTIAL_INTERFACE };

/* fds: (nullable) */
static GDBusMessage *
new_call (TlsHandoffManager *self,
          const char *method,
          GVariant *parameters,
          GUnixFDList *fds,
          TlsHandoffHandshakeFlags flags)
{
  GDBusMessage *call =
      handoff_service_call_new (handoff_manager_get_bus (self), HANDOFF_MANAGER_INTERFACE, method,
                                parameters, flags & TLS_HANDOFF_HANDSHAKE_INTERACTIVE);

  if (fds != NULL)
    g_dbus_message_set_unix_fd_list (call, fds);
  return call;
}

static void
insert_common (GVariantDict *options, TlsHandoffCredentialRoles roles, gint64 owner)
{
  const char *names[3] = { NULL, NULL, NULL };
  gsize n = 0;

  if (roles & TLS_HANDOFF_CREDENTIAL_ROLE_CLIENT)
    names[n++] = HANDOFF_ROLE_NAME_CLIENT;
  if (roles & TLS_HANDOFF_CREDENTIAL_ROLE_SERVER)
    names[n++] = HANDOFF_ROLE_NAME_SERVER;
  if (n > 0)
    g_variant_dict_insert (options, HANDOFF_OPTION_ROLES, "^as", names);
  if (owner >= 0)
    g_variant_dict_insert (options, HANDOFF_OPTION_OWNER, "u", (guint32) owner);
}

/* secret: (nullable) */
static gboolean
insert_secret (
    GVariantDict *options, const char *option, const char *secret, GUnixFDList *fds, GError **error)
{
  int handle;

  if (secret == NULL)
    return TRUE;
  handle = handoff_secret_file_append_string (fds, secret, error);
  if (handle < 0)
    return FALSE;
  g_variant_dict_insert (options, option, "h", handle);
  return TRUE;
}

/* certificates: (nullable) */
static gboolean
insert_certificates (GVariantDict *options, GPtrArray *certificates, GError **error)
{
  GVariant *value;

  if (certificates == NULL)
    return TRUE;
  value = handoff_certificates_to_variant (certificates, HANDOFF_OPTION_CERTIFICATES, error);
  if (value == NULL)
    return FALSE;
  g_variant_dict_insert_value (options, HANDOFF_OPTION_CERTIFICATES, value);
  return TRUE;
}

static GDBusMessage *
new_import_credential_call (TlsHandoffManager *self,
                            const char *label,
                            GBytes *data,
                            const char *passphrase,
                            TlsHandoffCredentialRoles roles,
                            gint64 owner,
                            TlsHandoffHandshakeFlags flags,
                            GError **error)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);
  int handle = handoff_secret_file_append (fds, data, error);

  if (handle < 0 || !insert_secret (&options, HANDOFF_OPTION_PASSPHRASE, passphrase, fds, error))
    return NULL;
  insert_common (&options, roles, owner);
  return new_call (self, "ImportCredential",
                   g_variant_new ("(sh@a{sv})", label, handle, g_variant_dict_end (&options)), fds,
                   flags);
}

static GDBusMessage *
new_generate_credential_call (TlsHandoffManager *self,
                              const char *label,
                              const char *key_type,
                              TlsHandoffCredentialRoles roles,
                              gint64 owner,
                              TlsHandoffHandshakeFlags flags,
                              GError **error)
{
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);

  insert_common (&options, roles, owner);
  return new_call (self, "GenerateCredential",
                   g_variant_new ("(ss@a{sv})", label, key_type, g_variant_dict_end (&options)),
                   NULL, flags);
}

static GDBusMessage *
new_link_credential_call (TlsHandoffManager *self,
                          const char *label,
                          const char *uri,
                          const char *pin,
                          GPtrArray *certificates,
                          TlsHandoffCredentialRoles roles,
                          gint64 owner,
                          TlsHandoffHandshakeFlags flags,
                          GError **error)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);

  if (!insert_secret (&options, HANDOFF_OPTION_PIN, pin, fds, error))
    return NULL;
  if (!insert_certificates (&options, certificates, error))
    return NULL;
  insert_common (&options, roles, owner);
  return new_call (self, "LinkCredential",
                   g_variant_new ("(ss@a{sv})", label, uri, g_variant_dict_end (&options)), fds,
                   flags);
}

/**
 * tls_handoff_manager_import_credential_sync:
 * @self: the manager
 * @label: the credential's name, unique among its owner's: 1 to 64 characters
 * @data: private key and certificate chain, in PEM or as PKCS#12 (DER), at most 256 KiB
 * @passphrase: (nullable): of @data, if it is encrypted
 * @roles: what the credential is for; 0 for both
 * @owner: the user (uid) that it shall belong to; -1 for the caller's own, 0 for the machine
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Has the service keep a key that exists already. From then on nobody gets it back.
 *
 * %TLS_HANDOFF_ERROR_INVALID_ARGUMENT says what is wrong with @data, its passphrase included, or
 * that there is a credential of that label already.
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
  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);
  g_return_val_if_fail (label != NULL, NULL);
  g_return_val_if_fail (data != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return handoff_service_request_sync (
      &created_request, handoff_manager_get_bus (self),
      new_import_credential_call (self, label, data, passphrase, roles, owner, flags, error),
      cancellable, error);
}

/**
 * tls_handoff_manager_import_credential_async:
 * @self: the manager
 * @label: as for tls_handoff_manager_import_credential_sync()
 * @data: as for tls_handoff_manager_import_credential_sync()
 * @passphrase: (nullable): as for tls_handoff_manager_import_credential_sync()
 * @roles: as for tls_handoff_manager_import_credential_sync()
 * @owner: as for tls_handoff_manager_import_credential_sync()
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
  GError *error = NULL;
  GDBusMessage *call;

  g_return_if_fail (TLS_HANDOFF_IS_MANAGER (self));
  g_return_if_fail (label != NULL);
  g_return_if_fail (data != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  call = new_import_credential_call (self, label, data, passphrase, roles, owner, flags, &error);
  handoff_service_request_async (&created_request, self, handoff_manager_get_bus (self), call,
                                 error, cancellable, callback, user_data);
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
  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);

  return handoff_service_request_finish (self, result, error);
}

/**
 * tls_handoff_manager_generate_credential_sync:
 * @self: the manager
 * @label: as for tls_handoff_manager_import_credential_sync()
 * @key_type: `ecdsa-p256`, `ecdsa-p384`, `ed25519`, `rsa-2048`, `rsa-3072` or `rsa-4096`
 * @roles: what the credential is for; 0 for both
 * @owner: the user (uid) that it shall belong to; -1 for the caller's own, 0 for the machine
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Has the service make a key, which nobody else ever has. It can be used when an authority has
 * certified it: see tls_handoff_credential_create_certificate_request_sync().
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
  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);
  g_return_val_if_fail (label != NULL, NULL);
  g_return_val_if_fail (key_type != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return handoff_service_request_sync (
      &created_request, handoff_manager_get_bus (self),
      new_generate_credential_call (self, label, key_type, roles, owner, flags, error), cancellable,
      error);
}

/**
 * tls_handoff_manager_generate_credential_async:
 * @self: the manager
 * @label: as for tls_handoff_manager_generate_credential_sync()
 * @key_type: as for tls_handoff_manager_generate_credential_sync()
 * @roles: as for tls_handoff_manager_generate_credential_sync()
 * @owner: as for tls_handoff_manager_generate_credential_sync()
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
  GError *error = NULL;
  GDBusMessage *call;

  g_return_if_fail (TLS_HANDOFF_IS_MANAGER (self));
  g_return_if_fail (label != NULL);
  g_return_if_fail (key_type != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  call = new_generate_credential_call (self, label, key_type, roles, owner, flags, &error);
  handoff_service_request_async (&created_request, self, handoff_manager_get_bus (self), call,
                                 error, cancellable, callback, user_data);
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
  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);

  return handoff_service_request_finish (self, result, error);
}

/**
 * tls_handoff_manager_link_credential_sync:
 * @self: the manager
 * @label: as for tls_handoff_manager_import_credential_sync()
 * @uri: the PKCS#11 URI (RFC 7512) of a private key, which names token and object, and no PIN
 * @pin: (nullable): the token's PIN; without, it comes from the PIN file of the service's
 *   configuration, for who may manage the credentials of others
 * @certificates: (nullable) (element-type GBytes): the certificate chain (DER), its own first;
 *   without, the certificate that the token has
 * @roles: what the credential is for; 0 for both
 * @owner: the user (uid) that it shall belong to; -1 for the caller's own, 0 for the machine
 * @flags: flags
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for a #GError
 *
 * Makes a key in a PKCS#11 token (smart card, TPM, HSM) a credential. It is used where it is, and
 * stays there when the credential is removed.
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
  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);
  g_return_val_if_fail (label != NULL, NULL);
  g_return_val_if_fail (uri != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return handoff_service_request_sync (
      &created_request, handoff_manager_get_bus (self),
      new_link_credential_call (self, label, uri, pin, certificates, roles, owner, flags, error),
      cancellable, error);
}

/**
 * tls_handoff_manager_link_credential_async:
 * @self: the manager
 * @label: as for tls_handoff_manager_link_credential_sync()
 * @uri: as for tls_handoff_manager_link_credential_sync()
 * @pin: (nullable): as for tls_handoff_manager_link_credential_sync()
 * @certificates: (nullable) (element-type GBytes): as for
 *   tls_handoff_manager_link_credential_sync()
 * @roles: as for tls_handoff_manager_link_credential_sync()
 * @owner: as for tls_handoff_manager_link_credential_sync()
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
  GError *error = NULL;
  GDBusMessage *call;

  g_return_if_fail (TLS_HANDOFF_IS_MANAGER (self));
  g_return_if_fail (label != NULL);
  g_return_if_fail (uri != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  call =
      new_link_credential_call (self, label, uri, pin, certificates, roles, owner, flags, &error);
  handoff_service_request_async (&created_request, self, handoff_manager_get_bus (self), call,
                                 error, cancellable, callback, user_data);
}

/* No certificates, and an empty list of them, are one to language bindings. */
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
 * @certificates: (nullable) (array length=n_certificates): the certificate chain (DER), its own
 *   first; without, the certificate that the token has
 * @n_certificates: how many
 * @roles: what the credential is for; 0 for both
 * @owner: the user (uid) that it shall belong to; -1 for the caller's own, 0 for the machine
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
 * @label: as for tls_handoff_manager_link_credential_sync()
 * @uri: as for tls_handoff_manager_link_credential_sync()
 * @pin: (nullable): as for tls_handoff_manager_link_credential_sync()
 * @certificates: (nullable) (array length=n_certificates): as for
 *   tls_handoff_manager_link_credential_array_sync()
 * @n_certificates: how many
 * @roles: as for tls_handoff_manager_link_credential_sync()
 * @owner: as for tls_handoff_manager_link_credential_sync()
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
  g_return_val_if_fail (TLS_HANDOFF_IS_MANAGER (self), NULL);

  return handoff_service_request_finish (self, result, error);
}
