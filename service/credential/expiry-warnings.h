/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "credential/credential-store.h"

/* Warns in the journal of certificates that have ended or end soon: when the service starts, when
 * credentials or the configuration change, and once a day. Each certificate gets one warning. Main
 * thread. */
typedef struct _HandoffExpiryWarnings HandoffExpiryWarnings;

/* credentials: must outlive it. It warns of what has ended. */
HandoffExpiryWarnings *handoff_expiry_warnings_new (HandoffCredentialStore *credentials);
/* It warns so many days before the end, from now on. */
void handoff_expiry_warnings_configure (HandoffExpiryWarnings *self, guint days);
void handoff_expiry_warnings_free (HandoffExpiryWarnings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffExpiryWarnings, handoff_expiry_warnings_free)

/* How many credentials have a certificate that has ended or ends soon. */
guint handoff_expiry_warnings_get_n_expiring (HandoffExpiryWarnings *self);
