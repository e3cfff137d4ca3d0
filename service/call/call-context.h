/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/pem-reader.h"
#include "caller/quota.h"
#include "gate/call.h"
#include "gate/gate-context.h"
#include "policy/known-options.h"
#include "policy/tls-policy-source.h"
#include "session/session-home.h"

typedef struct _HandoffHandshakeLine HandoffHandshakeLine;
typedef struct _HandoffChannels HandoffChannels;

/* What calls need of the rest of the handshaker. All (unowned): it owns them, and they outlive all
 * calls. */
struct _HandoffCallContext
{
  HandoffGateContext gate;
  HandoffSessionContext *shared; /* with the sessions, which have their home where the call runs */
  HandoffSessionHomes *homes;    /* of sessions that are not at home on the main thread */
  HandoffKnownOptions *known_options; /* (nullable): of a channel's last handshake here */
  HandoffChannels *channels;
  const HandoffPemReaderFuncs *pem_reader;
  gpointer pem_reader_data; /* for it */
  HandoffTlsPolicySource *policy_source;
  HandoffGrantBook *grants; /* what channels remember of polkit's answers */
  HandoffQuota *handshake_quota;
  HandoffHandshakeLine *handshake_line; /* to it */
  HandoffQuota *session_quota;
  HandoffQuota *outliving_quota; /* of sessions that outlive their callers */
};
