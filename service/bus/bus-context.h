/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/audit-log.h"
#include "broker/broker-context.h"
#include "broker/policy-source.h"
#include "caller/caller-registry.h"
#include "caller/quota.h"
#include "credential/credential-store.h"
#include "credential/expiry-warnings.h"
#include "gate/call.h"
#include "importers/importers.h"
#include "keeping/keeper.h"
#include "tokens/pin-hold.h"
#include "tokens/tokens.h"

/* What calls need of the rest of the broker. All (unowned): the service owns them, and they outlive
 * all calls. */
struct _HandoffCallContext
{
  HandoffBrokerContext broker; /* the first */
  HandoffCallerRegistry *callers;
  HandoffPolicySource *policy_source;
  HandoffStatistics *statistics;
  HandoffQuota *channel_quota;
  guint channels_total;           /* how many there may be of all users */
  HandoffQuota *management_quota; /* of calls that make or change credentials */
  HandoffKeeper *keeper;
  HandoffImporters *importers;
  HandoffCredentialStore *credential_store;
  HandoffTokens *tokens;
  HandoffExpiryWarnings *expiry_warnings;
  HandoffPinHold *pin_hold;
  HandoffAuditLog *audit_log;
  struct _HandoffObjectWatch *object_watch;
  gint64 start_time; /* of the service: monotonic, microseconds */
};
