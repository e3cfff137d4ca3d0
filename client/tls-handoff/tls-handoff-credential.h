/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "tls-handoff-manager.h"

G_BEGIN_DECLS

/**
 * TlsHandoffCredentialRoles:
 * @TLS_HANDOFF_CREDENTIAL_ROLE_CLIENT: to prove to servers who the user is
 * @TLS_HANDOFF_CREDENTIAL_ROLE_SERVER: to prove to clients who the server is
 *
 * What a credential is for.
 *
 * Since: 0.1
 */
typedef enum /*< flags >*/
{
  TLS_HANDOFF_CREDENTIAL_ROLE_CLIENT = 1 << 0,
  TLS_HANDOFF_CREDENTIAL_ROLE_SERVER = 1 << 1,
} TlsHandoffCredentialRoles;

/**
 * TlsHandoffCredential:
 *
 * A private key with its certificates that the service keeps, as it was when it was asked for. The
 * key never leaves the service, or the token that it is in.
 *
 * Since: 0.1
 */
#define TLS_HANDOFF_TYPE_CREDENTIAL (tls_handoff_credential_get_type ())
TLS_HANDOFF_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (
    TlsHandoffCredential, tls_handoff_credential, TLS_HANDOFF, CREDENTIAL, GObject)

TLS_HANDOFF_AVAILABLE_IN_0_1
const char *tls_handoff_credential_get_object_path (TlsHandoffCredential *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
const char *tls_handoff_credential_get_label (TlsHandoffCredential *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
guint tls_handoff_credential_get_owner (TlsHandoffCredential *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffCredentialRoles tls_handoff_credential_get_roles (TlsHandoffCredential *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
const char *tls_handoff_credential_get_storage (TlsHandoffCredential *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
const char *tls_handoff_credential_get_token (TlsHandoffCredential *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
const char *tls_handoff_credential_get_key_algorithm (TlsHandoffCredential *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
GPtrArray *tls_handoff_credential_get_certificates (TlsHandoffCredential *self);
TLS_HANDOFF_AVAILABLE_IN_0_2
GTlsCertificate *tls_handoff_credential_get_certificate (TlsHandoffCredential *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
gint64 tls_handoff_credential_get_not_after (TlsHandoffCredential *self);
TLS_HANDOFF_AVAILABLE_IN_0_2
gint64 tls_handoff_credential_get_ocsp_not_after (TlsHandoffCredential *self);
TLS_HANDOFF_AVAILABLE_IN_0_1
const char *tls_handoff_credential_get_problem (TlsHandoffCredential *self);

TLS_HANDOFF_AVAILABLE_IN_0_1
GBytes *tls_handoff_credential_create_certificate_request_sync (TlsHandoffCredential *self,
                                                                const char *subject,
                                                                const char *const *dns_names,
                                                                const char *const *ip_addresses,
                                                                const char *const *email_addresses,
                                                                TlsHandoffHandshakeFlags flags,
                                                                GCancellable *cancellable,
                                                                GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_credential_create_certificate_request_async (TlsHandoffCredential *self,
                                                              const char *subject,
                                                              const char *const *dns_names,
                                                              const char *const *ip_addresses,
                                                              const char *const *email_addresses,
                                                              TlsHandoffHandshakeFlags flags,
                                                              GCancellable *cancellable,
                                                              GAsyncReadyCallback callback,
                                                              gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_1
GBytes *tls_handoff_credential_create_certificate_request_finish (TlsHandoffCredential *self,
                                                                  GAsyncResult *result,
                                                                  GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_2
gboolean tls_handoff_credential_self_sign_sync (TlsHandoffCredential *self,
                                                const char *subject,
                                                const char *const *dns_names,
                                                const char *const *ip_addresses,
                                                const char *const *email_addresses,
                                                guint days,
                                                TlsHandoffHandshakeFlags flags,
                                                GCancellable *cancellable,
                                                GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_2
void tls_handoff_credential_self_sign_async (TlsHandoffCredential *self,
                                             const char *subject,
                                             const char *const *dns_names,
                                             const char *const *ip_addresses,
                                             const char *const *email_addresses,
                                             guint days,
                                             TlsHandoffHandshakeFlags flags,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_2
gboolean tls_handoff_credential_self_sign_finish (TlsHandoffCredential *self,
                                                  GAsyncResult *result,
                                                  GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_1
gboolean tls_handoff_credential_set_certificates_sync (TlsHandoffCredential *self,
                                                       GPtrArray *certificates,
                                                       TlsHandoffHandshakeFlags flags,
                                                       GCancellable *cancellable,
                                                       GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_2
gboolean tls_handoff_credential_set_certificates_array_sync (TlsHandoffCredential *self,
                                                             GBytes *const *certificates,
                                                             gsize n_certificates,
                                                             TlsHandoffHandshakeFlags flags,
                                                             GCancellable *cancellable,
                                                             GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_credential_set_certificates_async (TlsHandoffCredential *self,
                                                    GPtrArray *certificates,
                                                    TlsHandoffHandshakeFlags flags,
                                                    GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_2
void tls_handoff_credential_set_certificates_array_async (TlsHandoffCredential *self,
                                                          GBytes *const *certificates,
                                                          gsize n_certificates,
                                                          TlsHandoffHandshakeFlags flags,
                                                          GCancellable *cancellable,
                                                          GAsyncReadyCallback callback,
                                                          gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_1
gboolean tls_handoff_credential_set_certificates_finish (TlsHandoffCredential *self,
                                                         GAsyncResult *result,
                                                         GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_2
gboolean tls_handoff_credential_set_ocsp_response_sync (TlsHandoffCredential *self,
                                                        GBytes *response,
                                                        TlsHandoffHandshakeFlags flags,
                                                        GCancellable *cancellable,
                                                        GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_2
void tls_handoff_credential_set_ocsp_response_async (TlsHandoffCredential *self,
                                                     GBytes *response,
                                                     TlsHandoffHandshakeFlags flags,
                                                     GCancellable *cancellable,
                                                     GAsyncReadyCallback callback,
                                                     gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_2
gboolean tls_handoff_credential_set_ocsp_response_finish (TlsHandoffCredential *self,
                                                          GAsyncResult *result,
                                                          GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_1
gboolean tls_handoff_credential_unlock_sync (TlsHandoffCredential *self,
                                             const char *pin,
                                             TlsHandoffHandshakeFlags flags,
                                             GCancellable *cancellable,
                                             GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_credential_unlock_async (TlsHandoffCredential *self,
                                          const char *pin,
                                          TlsHandoffHandshakeFlags flags,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_1
gboolean tls_handoff_credential_unlock_finish (TlsHandoffCredential *self,
                                               GAsyncResult *result,
                                               GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_1
gboolean tls_handoff_credential_remove_sync (TlsHandoffCredential *self,
                                             TlsHandoffHandshakeFlags flags,
                                             GCancellable *cancellable,
                                             GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_credential_remove_async (TlsHandoffCredential *self,
                                          TlsHandoffHandshakeFlags flags,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_1
gboolean tls_handoff_credential_remove_finish (TlsHandoffCredential *self,
                                               GAsyncResult *result,
                                               GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffCredential *tls_handoff_manager_import_credential_sync (TlsHandoffManager *self,
                                                                  const char *label,
                                                                  GBytes *data,
                                                                  const char *passphrase,
                                                                  TlsHandoffCredentialRoles roles,
                                                                  gint64 owner,
                                                                  TlsHandoffHandshakeFlags flags,
                                                                  GCancellable *cancellable,
                                                                  GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_manager_import_credential_async (TlsHandoffManager *self,
                                                  const char *label,
                                                  GBytes *data,
                                                  const char *passphrase,
                                                  TlsHandoffCredentialRoles roles,
                                                  gint64 owner,
                                                  TlsHandoffHandshakeFlags flags,
                                                  GCancellable *cancellable,
                                                  GAsyncReadyCallback callback,
                                                  gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffCredential *tls_handoff_manager_import_credential_finish (TlsHandoffManager *self,
                                                                    GAsyncResult *result,
                                                                    GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffCredential *tls_handoff_manager_generate_credential_sync (TlsHandoffManager *self,
                                                                    const char *label,
                                                                    const char *key_type,
                                                                    TlsHandoffCredentialRoles roles,
                                                                    gint64 owner,
                                                                    TlsHandoffHandshakeFlags flags,
                                                                    GCancellable *cancellable,
                                                                    GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_manager_generate_credential_async (TlsHandoffManager *self,
                                                    const char *label,
                                                    const char *key_type,
                                                    TlsHandoffCredentialRoles roles,
                                                    gint64 owner,
                                                    TlsHandoffHandshakeFlags flags,
                                                    GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffCredential *tls_handoff_manager_generate_credential_finish (TlsHandoffManager *self,
                                                                      GAsyncResult *result,
                                                                      GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffCredential *tls_handoff_manager_link_credential_sync (TlsHandoffManager *self,
                                                                const char *label,
                                                                const char *uri,
                                                                const char *pin,
                                                                GPtrArray *certificates,
                                                                TlsHandoffCredentialRoles roles,
                                                                gint64 owner,
                                                                TlsHandoffHandshakeFlags flags,
                                                                GCancellable *cancellable,
                                                                GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_2
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
                                                GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_manager_link_credential_async (TlsHandoffManager *self,
                                                const char *label,
                                                const char *uri,
                                                const char *pin,
                                                GPtrArray *certificates,
                                                TlsHandoffCredentialRoles roles,
                                                gint64 owner,
                                                TlsHandoffHandshakeFlags flags,
                                                GCancellable *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_2
void tls_handoff_manager_link_credential_array_async (TlsHandoffManager *self,
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
                                                      gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_1
TlsHandoffCredential *tls_handoff_manager_link_credential_finish (TlsHandoffManager *self,
                                                                  GAsyncResult *result,
                                                                  GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_1
GPtrArray *tls_handoff_manager_list_credentials_sync (TlsHandoffManager *self,
                                                      gboolean all,
                                                      TlsHandoffHandshakeFlags flags,
                                                      GCancellable *cancellable,
                                                      GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_manager_list_credentials_async (TlsHandoffManager *self,
                                                 gboolean all,
                                                 TlsHandoffHandshakeFlags flags,
                                                 GCancellable *cancellable,
                                                 GAsyncReadyCallback callback,
                                                 gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_1
GPtrArray *tls_handoff_manager_list_credentials_finish (TlsHandoffManager *self,
                                                        GAsyncResult *result,
                                                        GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_1
GVariant *tls_handoff_manager_list_sessions_sync (TlsHandoffManager *self,
                                                  gboolean all,
                                                  TlsHandoffHandshakeFlags flags,
                                                  GCancellable *cancellable,
                                                  GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_1
void tls_handoff_manager_list_sessions_async (TlsHandoffManager *self,
                                              gboolean all,
                                              TlsHandoffHandshakeFlags flags,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback,
                                              gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_1
GVariant *tls_handoff_manager_list_sessions_finish (TlsHandoffManager *self,
                                                    GAsyncResult *result,
                                                    GError **error);

TLS_HANDOFF_AVAILABLE_IN_0_2
GVariant *tls_handoff_manager_get_log_sync (TlsHandoffManager *self,
                                            gboolean all,
                                            TlsHandoffHandshakeFlags flags,
                                            GCancellable *cancellable,
                                            GError **error);
TLS_HANDOFF_AVAILABLE_IN_0_2
void tls_handoff_manager_get_log_async (TlsHandoffManager *self,
                                        gboolean all,
                                        TlsHandoffHandshakeFlags flags,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
TLS_HANDOFF_AVAILABLE_IN_0_2
GVariant *
tls_handoff_manager_get_log_finish (TlsHandoffManager *self, GAsyncResult *result, GError **error);

G_END_DECLS
