/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "guard/bus-stream.h"

/* Decides whose descriptors are still received while many wait to be closed. A received descriptor
 * has to be closed, whoever its sender is, and also when the sender has left. */
typedef struct _HandoffBusAdmission HandoffBusAdmission;

/* At most this many descriptors of unknown senders may be here. Either the bus will name the
 * sender, or the sender has left. */
#define HANDOFF_BUS_UNKNOWN_FDS 1024

HandoffBusAdmission *handoff_bus_admission_new (void);
void handoff_bus_admission_free (HandoffBusAdmission *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusAdmission, handoff_bus_admission_free)

/* The bus has answered the inquiry about a connection. uid: HANDOFF_UID_UNKNOWN if nobody has that
 * connection. */
void handoff_bus_admission_learn (HandoffBusAdmission *self, const char *name, guint uid);
/* The uid of the connection that was asked for last; HANDOFF_UID_UNKNOWN for any other. */
guint handoff_bus_admission_get_uid (HandoffBusAdmission *self, const char *name);

/* message: a header. uid: of its sender, or HANDOFF_UID_UNKNOWN. n_unknown_fds: descriptors of
 * unknown senders that are here and not with the reaper. HANDOFF_BUS_RIGHTS_WAIT: the bus must
 * first name the sender. */
HandoffBusRights handoff_bus_admission_judge (HandoffBusAdmission *self,
                                              const HandoffBusMessage *message,
                                              guint uid,
                                              guint n_unknown_fds);
