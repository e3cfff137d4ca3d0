/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/authority.h"

/* polkit, on the system bus, shared out among the users: see polkit-authority.c. */
#define HANDOFF_TYPE_POLKIT_AUTHORITY (handoff_polkit_authority_get_type ())
G_DECLARE_FINAL_TYPE (
    HandoffPolkitAuthority, handoff_polkit_authority, HANDOFF, POLKIT_AUTHORITY, GObject)

/* Questions that polkitd has at once, of a user and of all; a bus lets us wait for 128 replies.
 * polkitd answers one after the other, so that few of each are enough. */
#define HANDOFF_POLKIT_QUESTIONS_PER_USER 8
#define HANDOFF_POLKIT_QUESTIONS 56
/* Of those that a person is asked: each may take minutes. */
#define HANDOFF_POLKIT_PROMPTS_PER_USER 4
#define HANDOFF_POLKIT_PROMPTS 32
/* Of those that are asked again, and when they are. */
#define HANDOFF_POLKIT_REPEATS 8
#define HANDOFF_POLKIT_REPEAT_SECONDS 2
/* Different questions that wait until polkitd may be asked. */
#define HANDOFF_POLKIT_WAITING_PER_USER 1024
#define HANDOFF_POLKIT_WAITING 16384
/* How long an answer is waited for: longer than the 15 seconds that polkit gives its rules. */
#define HANDOFF_POLKIT_SECONDS 20
#define HANDOFF_POLKIT_PROMPT_SECONDS 600

/* connection: to the bus with polkit */
HandoffAuthority *handoff_polkit_authority_new (GDBusConnection *connection);
