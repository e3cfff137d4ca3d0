/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/audit-entry.h"

/* The newest entries of the audit log, for the users whom they are about, who may not read the
 * journal: Manager.GetLog(). So many of each user, of the users with the newest ones, are kept in
 * memory, and from one run of the service to the next in a file. The journal has all. Main thread.
 */
typedef struct _HandoffAuditLog HandoffAuditLog;

#define HANDOFF_AUDIT_LOG_PER_USER 100
#define HANDOFF_AUDIT_LOG_SIZE_PER_USER (128 * 1024) /* bytes */
#define HANDOFF_AUDIT_LOG_USERS 64

/* path: (nullable): of the file, which need not exist; NULL for none. One that cannot be read is
 * left aside. */
HandoffAuditLog *handoff_audit_log_new (const char *path);
void handoff_audit_log_free (HandoffAuditLog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffAuditLog, handoff_audit_log_free)

/* From now on, what goes to the journal comes here, too, until it is freed: for one log. */
void handoff_audit_log_listen (HandoffAuditLog *self);
/* Copies it. */
void handoff_audit_log_add (HandoffAuditLog *self, const HandoffAuditRecord *record);
/* uid: (nullable): whose; NULL: of all. after: a number; 0 for all. maximum: how many at the most,
 * the oldest first. (transfer floating): aa{sv} */
GVariant *
handoff_audit_log_list (HandoffAuditLog *self, const guint *uid, guint64 after, guint maximum);
/* Writes the file, if there is anything new, and waits for the disk: when nobody is served any
 * more. What another log has written there since it was read is kept. */
void handoff_audit_log_save (HandoffAuditLog *self);
