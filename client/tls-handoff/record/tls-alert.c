/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "record/tls-alert.h"

/* RFC 8446 6.2 and B.2, RFC 7301 3.2; those that only TLS 1.2 has: RFC 5246 7.2. */
static const struct
{
  guint8 description;
  const char *name;
} alerts[] = {
  { 0, "close_notify" },
  { 10, "unexpected_message" },
  { 20, "bad_record_mac" },
  { 21, "decryption_failed" },
  { 22, "record_overflow" },
  { 30, "decompression_failure" },
  { 40, "handshake_failure" },
  { 41, "no_certificate" },
  { 42, "bad_certificate" },
  { 43, "unsupported_certificate" },
  { 44, "certificate_revoked" },
  { 45, "certificate_expired" },
  { 46, "certificate_unknown" },
  { 47, "illegal_parameter" },
  { 48, "unknown_ca" },
  { 49, "access_denied" },
  { 50, "decode_error" },
  { 51, "decrypt_error" },
  { 60, "export_restriction" },
  { 70, "protocol_version" },
  { 71, "insufficient_security" },
  { 80, "internal_error" },
  { 86, "inappropriate_fallback" },
  { 90, "user_canceled" },
  { 100, "no_renegotiation" },
  { 109, "missing_extension" },
  { 110, "unsupported_extension" },
  { 111, "certificate_unobtainable" },
  { 112, "unrecognized_name" },
  { 113, "bad_certificate_status_response" },
  { 114, "bad_certificate_hash_value" },
  { 115, "unknown_psk_identity" },
  { 116, "certificate_required" },
  { 120, "no_application_protocol" },
};

const char *
tls_alert_name (guint8 description)
{
  for (gsize i = 0; i < G_N_ELEMENTS (alerts); i++)
    if (alerts[i].description == description)
      return alerts[i].name;
  return "unknown";
}
