/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshakers.h"
#include "policy/configuration.h"

/* The configuration in force, and the place from which the next one is read. The broker makes sense
 * of the configuration file; whether the policy that follows from it and the trust store are right,
 * a handshaker says (HandoffHandshakers). Main thread.
 *
 * Signal "changed": another configuration is in force. */
#define HANDOFF_TYPE_POLICY_SOURCE (handoff_policy_source_get_type ())
G_DECLARE_FINAL_TYPE (HandoffPolicySource, handoff_policy_source, HANDOFF, POLICY_SOURCE, GObject)

/* Reads the configuration file and the trust store for the first time; as to handshakers nothing is
 * in force before the first policy was judged. What is wrong with the files, the error says. */
HandoffPolicySource *handoff_policy_source_new (const char *configuration_file);
/* Why nothing is in force yet, until a reload finds both files right;
 * TLS_HANDOFF_ERROR_INVALID_ARGUMENT if the files are to blame. (transfer none) (nullable) */
const GError *handoff_policy_source_get_error (HandoffPolicySource *self);
/* Every key at its default as long as there is that error. (transfer none) */
HandoffConfiguration *handoff_policy_source_get_configuration (HandoffPolicySource *self);
/* The names of the cipher suites that may be negotiated. (transfer none) (nullable): until the next
 * change; NULL as long as nothing is in force */
const char *const *handoff_policy_source_get_suites (HandoffPolicySource *self);

/* Has handshakers judge what was read when self was made: the first policy. It has to come before
 * any reload, and once. */
void handoff_policy_source_begin_async (HandoffPolicySource *self,
                                        HandoffHandshakers *handshakers,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
/* Reads both files again. If one has an error, what was in force stays so. One reload is under way
 * at a time: those that come meanwhile share the next one, so what was read last is in force. */
void handoff_policy_source_reload_async (HandoffPolicySource *self,
                                         HandoffHandshakers *handshakers,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
/* Of both. */
gboolean handoff_policy_source_reload_finish (HandoffPolicySource *self,
                                              GAsyncResult *result,
                                              GError **error);
