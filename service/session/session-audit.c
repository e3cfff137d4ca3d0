/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "session/session-audit.h"

#include "authority/audit-entry.h"
#include "keyblob/error-details.h"
#include "keyblob/handoff-names.h"
#include "work/clock.h"

/* What came of a handshake that is complete. (transfer full) */
static char *
add_outcome (HandoffAuditEntry *entry, const HandoffHandshakeOutcome *outcome)
{
  /* The caller accepted a certificate in spite of its faults: that is worth a note. */
  g_autofree char *faults =
      outcome->verification_errors != NULL ? g_strjoinv (" ", outcome->verification_errors) : NULL;

  handoff_audit_entry_add (entry, "HANDOFF_OUTCOME", g_strdup (HANDOFF_STATE_COMPLETE));
  handoff_audit_entry_add (entry, "HANDOFF_PROTOCOL", g_strdup (outcome->protocol));
  handoff_audit_entry_add (entry, "HANDOFF_CIPHER_SUITE", g_strdup (outcome->cipher_suite));
  handoff_audit_entry_add (entry, "HANDOFF_RESUMED", g_strdup (outcome->resumed ? "1" : "0"));
  if (faults != NULL)
    handoff_audit_entry_add (entry, "HANDOFF_ACCEPTED_FAULTS", g_strdup (faults));
  return g_strdup_printf ("complete, %s, %s%s%s%s", outcome->protocol, outcome->cipher_suite,
                          outcome->resumed ? ", resumed" : "",
                          faults != NULL ? ", certificate accepted by the caller: " : "",
                          faults != NULL ? faults : "");
}

/* What came of one that failed. (transfer full) */
static char *
add_failure (HandoffAuditEntry *entry, const GError *error)
{
  GVariant *details = handoff_error_details_get (error);
  g_autofree const char **faults = NULL;
  const char *alert;

  handoff_audit_entry_add_error (entry, "HANDOFF_OUTCOME", error);
  if (details != NULL && g_variant_lookup (details, HANDOFF_DETAIL_ALERT, "&s", &alert))
    handoff_audit_entry_add (entry, "HANDOFF_ALERT", g_strdup (alert));
  if (details != NULL &&
      g_variant_lookup (details, HANDOFF_DETAIL_VERIFICATION_ERRORS, "^a&s", &faults))
    handoff_audit_entry_add (entry, "HANDOFF_VERIFICATION_ERRORS",
                             g_strjoinv (" ", (char **) faults));
  return g_strdup (error->message);
}

void
handoff_session_audit (const HandoffSession *session, const GError *error)
{
  const gint64 end =
      session->end_time != 0 ? session->end_time : handoff_clock_get_monotonic_time ();
  const gint64 duration = end - session->start_time;
  const char *label = session->credential_label;
  /* Of a handshake that never began, nobody has looked. */
  g_autofree char *peer =
      session->handshake != NULL ? handoff_handshake_dup_peer_address (session->handshake) : NULL;
  g_autofree char *result = NULL;
  HandoffAuditEntry *entry =
      handoff_audit_entry_new (HANDOFF_AUDIT_HANDSHAKE, session->caller, error != NULL);

  handoff_audit_entry_add (entry, "HANDOFF_ROLE",
                           g_strdup (handoff_session_get_role_name (session)));
  handoff_audit_entry_add (entry, "HANDOFF_SERVER_IDENTITY", g_strdup (session->server_identity));
  if (label != NULL)
    handoff_audit_entry_add (entry, "HANDOFF_CREDENTIAL", g_strdup (label));
  handoff_audit_entry_add (entry, "HANDOFF_DURATION_USEC",
                           g_strdup_printf ("%" G_GINT64_FORMAT, duration));
  if (peer != NULL)
    handoff_audit_entry_add (entry, "HANDOFF_PEER_ADDRESS", g_strdup (peer));
  result = error == NULL ? add_outcome (entry, session->outcome) : add_failure (entry, error);

  handoff_audit_entry_write (
      entry,
      g_strdup_printf ("role=%s server-identity=%s%s%s%s%s: %s (%" G_GINT64_FORMAT " us)",
                       handoff_session_get_role_name (session), session->server_identity,
                       label != NULL ? " credential=" : "", label != NULL ? label : "",
                       peer != NULL ? " peer=" : "", peer != NULL ? peer : "", result, duration));
}
