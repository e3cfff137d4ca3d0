/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/authority.h"

#define POLKIT "org.freedesktop.PolicyKit1"

/* A polkitd on a bus of the test, which answers when, and as, the test wants. */
typedef struct
{
  GTestDBus *bus;
  GDBusConnection *service;
  GDBusConnection *polkit; /* (nullable): NULL while there is none */
  GDBusNodeInfo *node;
  HandoffAuthority *authority;
  /* (element-type GDBusMethodInvocation): all its questions: (owned) until the question is
   * answered, then NULL */
  GPtrArray *asked;
  GPtrArray *cancelled; /* (element-type utf8): cancellation ids */
} PolkitFixture;

void polkit_set_up (PolkitFixture *f, gconstpointer data);
void polkit_tear_down (PolkitFixture *f, gconstpointer data);
void polkit_start (PolkitFixture *f);
/* Another program on the bus. (transfer full) */
GDBusConnection *polkit_connect (PolkitFixture *f);
/* Runs the main loop until everything that was sent to polkit has arrived there, and its answers
 * here. */
void polkit_settle_down (PolkitFixture *f);

/* sender: polkit, or who pretends to be it. destination: (nullable): NULL: to all */
void polkit_emit_changed (GDBusConnection *sender, const char *destination);

/* yes and challenge: as polkit's reply has them */
void polkit_answer (PolkitFixture *f, guint index, gboolean yes, gboolean challenge);
gboolean polkit_is_answered (PolkitFixture *f, guint index);
guint polkit_count_open (PolkitFixture *f);
/* The unanswered question about the action, without or with interaction; G_MAXUINT if there is
 * none. */
guint polkit_find (PolkitFixture *f, const char *action, guint flags);
