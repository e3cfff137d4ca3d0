/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshakers.h"

/* What GetStatistics() tells of handshakers and their users. */

/* Asks all for their numbers; told: when they have answered, or after two seconds. */
void handoff_programs_ask (HandoffHandshakers *handshakers,
                           void (*told) (gpointer user_data),
                           gpointer user_data);
/* Adds the numbers to what GetStatistics() returns: those of handshakes, of users, of sessions, of
 * workers. */
void handoff_programs_add_numbers (HandoffHandshakers *handshakers,
                                   HandoffStatistics *statistics,
                                   GVariantDict *dict);
/* Adds an a{sv} for each handshaker, as the key "programs" has them, to an aa{sv}. */
void handoff_programs_add (HandoffHandshakers *handshakers, GVariantBuilder *builder);
