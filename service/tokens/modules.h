/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link.h"
#include "policy/configuration.h"
#include "tokens/key-search.h"
#include "tokens/module-keys.h"

/* The PKCS#11 modules that the configuration names, each in a process of its own, and the tokens in
 * them. A process is started when its module is needed first, and again if it has ended: what a
 * module does to its process costs that module's tokens, and nobody else. Nothing here waits for a
 * token.
 *
 * The service never tries a PIN again that a token refused. If that PIN is from the PIN file, later
 * processes do not try it either, until the file changes. A PIN is never taken from a URI. Main
 * thread. */
typedef struct _HandoffModules HandoffModules;

/* Processes, as those see them that give grants: each is a program that signs. number: never used
 * again, and not 0. Never called within the functions below but the last one of each. */
typedef struct
{
  void (*started) (guint64 number, HandoffLink *link, gpointer user_data);
  void (*ended) (guint64 number, gpointer user_data);
  /* A holder of grants asked the process for what it may not have. */
  void (*violated) (guint64 number, guint64 holder, const char *why, gpointer user_data);
  /* What is_locked and holds_pins say may have changed. */
  void (*pins_changed) (gpointer user_data);
} HandoffModulesFunctions;

/* state_directory: where refused PIN files are remembered ("refused-pins"). functions: static.
 * user_data: (unowned) */
HandoffModules *handoff_modules_new (const char *state_directory,
                                     const HandoffModulesFunctions *functions,
                                     gpointer user_data);
/* Ends the processes; requests under way end with an error. */
void handoff_modules_free (HandoffModules *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffModules, handoff_modules_free)
/* [Tokens] Modules and PinFile, [Module …]. The process of a module that is not named any more, or
 * may do something else now, is ended. */
void handoff_modules_configure (HandoffModules *self, const HandoffConfiguration *configuration);

/* For handoff_key_search_async(). (transfer none) */
HandoffTokenPlaces *handoff_modules_get_places (HandoffModules *self);
/* (transfer none) */
HandoffModuleKeys *handoff_modules_get_keys (HandoffModules *self);

/* Whether no PIN is known for the token of that URI. Does not ask the token. */
gboolean handoff_modules_is_locked (HandoffModules *self, const char *uri);
/* Adds what there is to say of each process, as handoff_module_process_describe(), with
 * "credentials" (u): those whose keys it signs with. programs: an aa{sv} */
void handoff_modules_describe (HandoffModules *self, GVariantBuilder *programs);
/* Whether a PIN is remembered that a later process would not know: then the service must not leave
 * when it is idle. */
gboolean handoff_modules_holds_pins (HandoffModules *self);
