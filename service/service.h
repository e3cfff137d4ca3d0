/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "authority/authority.h"
#include "guard/bus-guard.h"

/* The service's life: from the configuration to the name on the bus, to the end. */
#define HANDOFF_TYPE_SERVICE (handoff_service_get_type ())
G_DECLARE_FINAL_TYPE (HandoffService, handoff_service, HANDOFF, SERVICE, GObject)

/* Reads the configuration (an error in it is told to those who call), and starts what takes time
 * until it is ready: the first handshaker and the keeper. Nothing is heard of them before
 * handoff_service_connect(). state_directory: where the credentials are kept. */
HandoffService *handoff_service_new (const char *configuration_file, const char *state_directory);

/* Once, before handoff_service_run(). guard: (nullable): through which connection leads; it must
 * outlive the service. When this returns, a handshaker has judged the policy, the keeper has told
 * what there is, and everything on connection is exported, but the name is not owned yet. */
gboolean handoff_service_connect (HandoffService *self,
                                  GDBusConnection *connection,
                                  HandoffBusGuard *guard,
                                  HandoffAuthority *authority,
                                  GError **error);

/* Owns the name and serves until it has been idle for long enough, until handoff_service_quit(), or
 * until the bus goes. FALSE if it had to end: the name is taken, or the bus went. */
gboolean handoff_service_run (HandoffService *self, GError **error);
/* Calls that are on their way end by cancellation, so that no reply, session or thread is left
 * behind; changes of credentials come to their end. Before self is freed, unless it never served;
 * handoff_service_run() does it. */
void handoff_service_drain (HandoffService *self);
/* Whether it ended without handshakes that a stranger keeps from ending: nothing that they use may
 * be freed. */
gboolean handoff_service_is_stuck (HandoffService *self);
void handoff_service_quit (HandoffService *self);
/* Like the method Reload; errors go to the log. */
void handoff_service_reload (HandoffService *self);
