/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link.h"
#include "token-text/token-module.h"
#include "tokens/pin-book.h"

/* A PKCS#11 module that the configuration names, and its process, tls-handoff-token: started when
 * the module is needed, and started again at the next use if it has ended. What it asks about PINs
 * is answered here. Main thread. */
typedef struct _HandoffModuleProcess HandoffModuleProcess;

/* number: of the process: counts up, never used again. All but lost: may be called within
 * handoff_module_process_start(). */
typedef struct
{
  void (*started) (guint64 number, HandoffLink *link, gpointer user_data);
  void (*ended) (guint64 number, gpointer user_data);
  /* A holder asked the process for what it may not have: see HANDOFF_VIOLATION_TYPE. */
  void (*violated) (guint64 number, guint64 holder, const char *why, gpointer user_data);
  /* Which PINs are known may have changed. */
  void (*pins_changed) (gpointer user_data);
  /* A token is not there any more. */
  void (*lost) (HandoffModuleProcess *module, const char *label, gpointer user_data);
} HandoffModuleFunctions;

/* module: (transfer full). book, functions, user_data: (unowned). last_number: (unowned): of the
 * last process of any module */
HandoffModuleProcess *handoff_module_process_new (HandoffTokenModule *module,
                                                  HandoffPinBook *book,
                                                  guint64 *last_number,
                                                  const HandoffModuleFunctions *functions,
                                                  gpointer user_data);
/* Ends the process at once. */
void handoff_module_process_free (HandoffModuleProcess *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffModuleProcess, handoff_module_process_free)

/* (transfer none) */
const HandoffTokenModule *handoff_module_process_get_module (HandoffModuleProcess *self);
/* Of a process that runs: starts one if none does, or it has just ended. number: (out) (optional):
 * the process's. TLS_HANDOFF_ERROR_FAILED. (transfer none): until it has ended */
HandoffLink *
handoff_module_process_start (HandoffModuleProcess *self, guint64 *number, GError **error);
/* (transfer none) (nullable): NULL: none runs */
HandoffLink *handoff_module_process_get_link (HandoffModuleProcess *self);
/* 0: none runs */
guint64 handoff_module_process_get_number (HandoffModuleProcess *self);
/* As handoff_process_describe(), with "module" (s): its path, and "tokens" (u): how many are used.
 * FALSE if none runs. */
gboolean handoff_module_process_describe (HandoffModuleProcess *self, GVariantDict *dict);

/* The process may say something about the PINs of that token from now on; as often as this is
 * called, so often must handoff_module_process_leave_token() be. What one module says about the
 * tokens of another is not believed. */
void handoff_module_process_enter_token (HandoffModuleProcess *self, const char *label);
void handoff_module_process_leave_token (HandoffModuleProcess *self, const char *label);
