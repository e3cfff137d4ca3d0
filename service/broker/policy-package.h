/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* What handshakers are told of the policy: the text of the configuration file and the certificates
 * to trust, each in a sealed memory file that all of them share. The broker reads both files and
 * makes sense of the first alone; a handshaker says whether they are right. Immutable,
 * reference-counted; any thread. */
typedef struct _HandoffPolicyPackage HandoffPolicyPackage;

/* Reads the files: may block. configuration: its text, or "" if the file is missing.
 * trust_file: a PEM bundle, or "" for the system's. TLS_HANDOFF_ERROR_INVALID_ARGUMENT names the
 * file that cannot be read, or is larger than a handshaker takes. */
HandoffPolicyPackage *handoff_policy_package_new (const char *configuration_file,
                                                  GBytes *configuration,
                                                  const char *trust_file,
                                                  GError **error);
HandoffPolicyPackage *handoff_policy_package_ref (HandoffPolicyPackage *self);
void handoff_policy_package_unref (HandoffPolicyPackage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPolicyPackage, handoff_policy_package_unref)

/* The body of HANDOFF_HANDSHAKER_POLICY. (transfer floating) */
GVariant *handoff_policy_package_get_body (const HandoffPolicyPackage *self);
/* The descriptors beside it, duplicated: (out) (transfer full). */
gboolean
handoff_policy_package_dup_fds (const HandoffPolicyPackage *self, int fds[2], GError **error);
