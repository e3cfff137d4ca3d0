/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

/* A case uses a backend through GIO's public interface alone, and observes. It holds no
 * expectation: that is what the stock backend does. */
typedef struct
{
  const char *name;
  void (*run) (void);
} ConformanceCase;

/* By topic; the last one has no name. */
extern const ConformanceCase alpn_cases[];
extern const ConformanceCase backend_cases[];
extern const ConformanceCase base_stream_cases[];
extern const ConformanceCase binding_cases[];
extern const ConformanceCase cancellation_cases[];
extern const ConformanceCase certificate_cases[];
extern const ConformanceCase closing_cases[];
extern const ConformanceCase database_cases[];
extern const ConformanceCase error_cases[];
extern const ConformanceCase handshake_cases[];
extern const ConformanceCase identity_cases[];
extern const ConformanceCase interaction_cases[];
extern const ConformanceCase property_cases[];
extern const ConformanceCase server_cases[];
extern const ConformanceCase session_cases[];
extern const ConformanceCase socket_client_cases[];
extern const ConformanceCase stream_cases[];
extern const ConformanceCase thread_cases[];
extern const ConformanceCase timeout_cases[];
extern const ConformanceCase trust_cases[];
