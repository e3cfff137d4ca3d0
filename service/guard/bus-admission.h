/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "guard/bus-stream.h"

/* While many descriptors wait to be closed: whose are still received. One that was received has to
 * be closed, whoever it is of, and whether he is still there or not. */
typedef struct _HandoffBusAdmission HandoffBusAdmission;

/* So many may be here of which it is not known whose they are: the bus will tell, or their senders
 * have left. */
#define HANDOFF_BUS_UNKNOWN_FDS 1024

HandoffBusAdmission *handoff_bus_admission_new (void);
void handoff_bus_admission_free (HandoffBusAdmission *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusAdmission, handoff_bus_admission_free)

/* The bus was asked past what waits. uid: HANDOFF_UID_UNKNOWN if nobody has that connection. */
void handoff_bus_admission_learn (HandoffBusAdmission *self, const char *name, guint uid);
/* HANDOFF_UID_UNKNOWN, unless that was learned last. */
guint handoff_bus_admission_get_uid (HandoffBusAdmission *self, const char *name);

/* message: a header. uid: of its sender, or HANDOFF_UID_UNKNOWN. n_unknown_fds: that are here, and
 * are not the reaper's. HANDOFF_BUS_RIGHTS_WAIT: it must first be learned who that is. */
HandoffBusRights handoff_bus_admission_judge (HandoffBusAdmission *self,
                                              const HandoffBusMessage *message,
                                              guint uid,
                                              guint n_unknown_fds);
