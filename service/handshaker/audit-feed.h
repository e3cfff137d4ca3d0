/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "caller/statistics.h"
#include "link/link.h"

/* The audit log's entries of this process on their way to the broker, who writes them. They are
 * sent together, a few milliseconds after the first of them, or when somebody wants them sent: so a
 * handshake costs neither process a turn of its main loop. */
typedef struct _HandoffAuditFeed HandoffAuditFeed;

/* Takes all entries of the process from now on. link: (unowned). statistics: (unowned): their
 * totals go with the entries. Main thread. */
HandoffAuditFeed *handoff_audit_feed_new (HandoffLink *link, HandoffStatistics *statistics);
/* Before there are other threads, or after. What has not been sent is lost. */
void handoff_audit_feed_free (HandoffAuditFeed *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffAuditFeed, handoff_audit_feed_free)

/* Sends what there is. Main thread. */
void handoff_audit_feed_flush (HandoffAuditFeed *self);
