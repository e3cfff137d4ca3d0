/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/authority.h"

/* polkit, on the system bus, shared out among the users: see polkit-authority.c. */
#define HANDOFF_TYPE_POLKIT_AUTHORITY (handoff_polkit_authority_get_type ())
G_DECLARE_FINAL_TYPE (
    HandoffPolkitAuthority, handoff_polkit_authority, HANDOFF, POLKIT_AUTHORITY, GObject)

/* How many questions polkitd has at once, of a user and of all users; the bus lets the service wait
 * for 128 replies. polkitd answers one question after the other, so a few of each user are enough.
 */
#define HANDOFF_POLKIT_QUESTIONS_PER_USER 8
#define HANDOFF_POLKIT_QUESTIONS 56
/* How many of them may be prompts, which a person has to answer: each may take minutes. */
#define HANDOFF_POLKIT_PROMPTS_PER_USER 4
#define HANDOFF_POLKIT_PROMPTS 32
/* How many of them are asked again at once, and after how long. */
#define HANDOFF_POLKIT_REPEATS 8
#define HANDOFF_POLKIT_REPEAT_SECONDS 2
/* How many different questions wait until polkitd may be asked. */
#define HANDOFF_POLKIT_WAITING_PER_USER 1024
#define HANDOFF_POLKIT_WAITING 16384
/* How long the service waits for an answer: longer than the 15 seconds that polkit gives its rules.
 */
#define HANDOFF_POLKIT_SECONDS 20
#define HANDOFF_POLKIT_PROMPT_SECONDS 600

/* connection: to the bus with polkit */
HandoffAuthority *handoff_polkit_authority_new (GDBusConnection *connection);
