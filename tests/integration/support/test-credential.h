/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "test-way.h"

/* Credentials in plain D-Bus, without the client library. Options are GVariant text of an a{sv};
 * NULL: none. */

/* A memfd with these bytes: the caller's to close. size: -1: of a string */
int test_memfd_new (gconstpointer data, gssize size);
/* NAME.pem and NAME.key in one text. */
GBytes *test_cert_with_key (const char *name);
/* A memfd with it. */
int test_memfd_new_for_certificate (const char *name);

/* A method call that passes descriptors (which stay the caller's): arguments refer to them by
 * index. (transfer full) */
GVariant *test_call_with_fds (GDBusConnection *connection, const TestCall *call, GError **error);

/* The path of the new object. (transfer full) */
char *test_credential_import (GDBusConnection *connection,
                              const char *label,
                              const char *certificate,
                              const char *options,
                              GError **error);
char *test_credential_generate (GDBusConnection *connection,
                                const char *label,
                                const char *key_type,
                                const char *options,
                                GError **error);
/* ImportCredential, without waiting. fd stays the caller's. */
void test_credential_start_import (GDBusConnection *connection,
                                   const char *label,
                                   int fd,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
/* pin: (nullable) */
char *test_credential_link (GDBusConnection *connection,
                            const char *label,
                            const char *uri,
                            const char *pin,
                            const char *options,
                            GError **error);
gboolean test_credential_unlock (GDBusConnection *connection,
                                 const char *path,
                                 const char *pin,
                                 GError **error);
gboolean test_credential_remove (GDBusConnection *connection, const char *path, GError **error);
/* What SetCertificates takes. names: of files, "ecdsa.pem". (transfer floating) */
GVariant *test_credential_chain (const char *const *names, guint n);
/* certificate: NAME, of NAME.pem */
gboolean test_credential_set_certificate (GDBusConnection *connection,
                                          const char *path,
                                          const char *certificate,
                                          GError **error);
/* The request, DER. */
GBytes *test_credential_request (GDBusConnection *connection,
                                 const char *path,
                                 const char *options,
                                 GError **error);
/* The value of a property. (transfer full) */
GVariant *test_credential_get (GDBusConnection *connection,
                               const char *path,
                               const char *property,
                               GError **error);
/* The labels, separated by spaces, in the order of the list. (transfer full) */
char *test_credential_list (GDBusConnection *connection, gboolean all, GError **error);
/* Removes all that there are, as root. */
void test_credential_remove_all (void);
