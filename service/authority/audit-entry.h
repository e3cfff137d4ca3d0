/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "caller/caller.h"

/* An entry of the audit log, in the journal. Fields: MESSAGE_ID, HANDOFF_UID, HANDOFF_PID,
 * HANDOFF_ACTION, HANDOFF_AUTHORIZATION, HANDOFF_SERVER_IDENTITY, HANDOFF_ROLE, HANDOFF_CREDENTIAL,
 * HANDOFF_CREDENTIAL_CHOICE, HANDOFF_PROTOCOL, HANDOFF_CIPHER_SUITE, HANDOFF_RESUMED,
 * HANDOFF_ACCEPTED_FAULTS, HANDOFF_OUTCOME, HANDOFF_DURATION_USEC. Never a secret. */
typedef struct _HandoffAuditEntry HandoffAuditEntry;

/* message_id: a constant. error: (nullable): what went wrong; NULL: the entry tells of a success */
HandoffAuditEntry *
handoff_audit_entry_new (const char *message_id, HandoffCaller *caller, const GError *error);
/* field: a constant. text: (transfer full) */
void handoff_audit_entry_add (HandoffAuditEntry *self, const char *field, char *text);
/* The error by its name in the D-Bus API. */
void
handoff_audit_entry_add_error (HandoffAuditEntry *self, const char *field, const GError *error);
/* Writes the entry and frees it. message: (transfer full): for people */
void handoff_audit_entry_write (HandoffAuditEntry *self, char *message);
