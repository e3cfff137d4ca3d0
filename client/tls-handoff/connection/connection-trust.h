/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "connection/connection-object.h"

/* The property database: GIO's default one, unless another or none was set. (transfer full)
 * (nullable) */
GTlsDatabase *handoff_connection_dup_database (HandoffConnection *self);
/* database: (nullable): NULL trusts nobody */
void handoff_connection_set_database (HandoffConnection *self, GTlsDatabase *database);
/* The deprecated property use-system-certdb: whether the database is the default one. To set it
 * goes back to the default one (TRUE), or to none in its place (FALSE). */
gboolean handoff_connection_get_use_system_certdb (HandoffConnection *self);
void handoff_connection_set_use_system_certdb (HandoffConnection *self, gboolean use);
/* For the handshake: what the service is to trust, and who judges if that is not the service.
 * trust_anchors: (out) (transfer full) (nullable): NULL for what the options say, empty for nobody
 */
gboolean handoff_connection_resolve_trust (HandoffConnection *self,
                                           GPtrArray **trust_anchors,
                                           GError **error);
