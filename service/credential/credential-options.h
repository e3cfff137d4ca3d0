/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "credential/credential.h"

/* The methods that take the options below. Each takes some of them. */
typedef enum
{
  HANDOFF_CREDENTIAL_METHOD_IMPORT = 1 << 0,
  HANDOFF_CREDENTIAL_METHOD_GENERATE = 1 << 1,
  HANDOFF_CREDENTIAL_METHOD_LINK = 1 << 2,
  HANDOFF_CREDENTIAL_METHOD_LIST_CREDENTIALS = 1 << 3,
  HANDOFF_CREDENTIAL_METHOD_LIST_SESSIONS = 1 << 4,
} HandoffCredentialMethod;

/* The options of one call: the a{sv} of the D-Bus API, checked. */
typedef struct
{
  guint owner; /* uid */
  HandoffCredentialRoles roles;
  gint32 passphrase; /* indices of descriptors; -1 if there is none */
  gint32 pin;
  GPtrArray *certificates; /* (owned) (element-type GBytes) (nullable): DER */
  gboolean all;            /* list all, not only the caller's own */
  guint maximum;           /* of a list */
  guint64 after;           /* the number of a session; 0 for all */
  char *after_label; /* (owned) (nullable): the label and the path of a credential; NULL for all */
  char *after_path;  /* (owned) (nullable): likewise */
} HandoffCredentialOptions;

/* options: an a{sv}. caller: its uid, the default for the owner. TLS_HANDOFF_ERROR_
 * INVALID_ARGUMENT names the option and says what it must be. */
HandoffCredentialOptions *handoff_credential_options_parse (GVariant *options,
                                                            HandoffCredentialMethod method,
                                                            guint caller,
                                                            GError **error);
void handoff_credential_options_free (HandoffCredentialOptions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffCredentialOptions, handoff_credential_options_free)

/* Checks number and size of a chain, an aay, but does not parse the certificates. what: for
 * messages. (transfer full) (element-type GBytes) (nullable) */
GPtrArray *handoff_certificates_parse (GVariant *certificates, const char *what, GError **error);
