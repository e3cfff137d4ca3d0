/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Alert descriptions (RFC 8446 6), as far as the record layer sends or tells them apart. */
typedef enum
{
  TLS_ALERT_CLOSE_NOTIFY = 0,
  TLS_ALERT_UNEXPECTED_MESSAGE = 10,
  TLS_ALERT_BAD_RECORD_MAC = 20,
  TLS_ALERT_RECORD_OVERFLOW = 22,
  TLS_ALERT_ILLEGAL_PARAMETER = 47,
  TLS_ALERT_DECODE_ERROR = 50,
  TLS_ALERT_PROTOCOL_VERSION = 70,
  TLS_ALERT_INTERNAL_ERROR = 80,
  TLS_ALERT_USER_CANCELED = 90,
  TLS_ALERT_NO_RENEGOTIATION = 100,     /* TLS 1.2 only (RFC 5246 7.2.2) */
  TLS_ALERT_CERTIFICATE_REQUIRED = 116, /* TLS 1.3 only (RFC 8446 6.2) */
} TlsAlert;

#define TLS_ALERT_LEVEL_WARNING 1
#define TLS_ALERT_LEVEL_FATAL 2
#define TLS_ALERT_SIZE 2 /* bytes: level, description */

/* The name that the RFCs give it; "unknown" for a number without one. */
const char *tls_alert_name (guint8 description);
