/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "caller/caller.h"

/* An entry of the audit log, in the journal. Fields: MESSAGE_ID, HANDOFF_UID, HANDOFF_PID,
 * HANDOFF_ACTION, HANDOFF_AUTHORIZATION, HANDOFF_SERVER_IDENTITY, HANDOFF_ROLE, HANDOFF_CREDENTIAL,
 * HANDOFF_CREDENTIAL_CHOICE, HANDOFF_PROTOCOL, HANDOFF_CIPHER_SUITE, HANDOFF_RESUMED,
 * HANDOFF_ACCEPTED_FAULTS, HANDOFF_OUTCOME, HANDOFF_DURATION_USEC, HANDOFF_PEER_ADDRESS,
 * HANDOFF_ALERT, HANDOFF_VERIFICATION_ERRORS. Never a secret. */
typedef struct _HandoffAuditEntry HandoffAuditEntry;

/* What an entry tells of. */
typedef enum
{
  HANDOFF_AUDIT_AUTHORIZATION, /* polkit's answer: audit.h */
  HANDOFF_AUDIT_REMEMBERED,    /* an earlier one that was remembered: audit.h */
  HANDOFF_AUDIT_HANDSHAKE,     /* what came of a handshake: session-audit.h */
} HandoffAuditKind;

#define HANDOFF_AUDIT_AUTHORIZATION_ID "0d4d9b9f6a3b4c5c9d0e6c1f5f3c2a71"
#define HANDOFF_AUDIT_HANDSHAKE_ID "5b1f6e0c7d1d4c0f8a0b6b7d8d4c9e52"

/* is_error: whether it tells of something that did not succeed. */
HandoffAuditEntry *
handoff_audit_entry_new (HandoffAuditKind kind, HandoffCaller *caller, gboolean is_error);
/* field: a constant. text: (transfer full) */
void handoff_audit_entry_add (HandoffAuditEntry *self, const char *field, char *text);
/* The error by its name in the D-Bus API. */
void
handoff_audit_entry_add_error (HandoffAuditEntry *self, const char *field, const GError *error);
/* Writes the entry and frees it. text: (transfer full): for people; what follows the caller. */
void handoff_audit_entry_write (HandoffAuditEntry *self, char *text);

/* An entry as it was made, without what says who the caller is. Nothing in it is copied. */
typedef struct
{
  HandoffAuditKind kind;
  HandoffCaller *caller;
  gboolean is_error;
  const GLogField *fields; /* texts, each with its zero */
  gsize n_fields;
  const char *text;
} HandoffAuditRecord;

/* Takes entries in place of the journal: for a process whose entries another one writes. Any
 * thread. */
typedef void (*HandoffAuditWriter) (const HandoffAuditRecord *record, gpointer user_data);
/* Before there are other threads, or after. writer: (nullable): NULL for the journal. user_data:
 * (unowned) */
void handoff_audit_set_writer (HandoffAuditWriter writer, gpointer user_data);
/* Hears of the entries that go to the journal. As above. */
void handoff_audit_set_listener (HandoffAuditWriter listener, gpointer user_data);
