/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "token-text/token-module.h"

/* The program tls-handoff-token: one PKCS#11 module, its tokens, their PINs, and who may sign with
 * keys in them. The broker starts one for each module, at its first use, and says what is to be
 * done (link/token-messages.h). Main thread. */

/* Maps the code of the module and of what it will load: before the process locks itself up, after
 * which there is no new code. Nothing of it is called but what says which functions it has.
 * module: (unowned): stays. TLS_HANDOFF_ERROR_FAILED if it cannot be loaded. */
gboolean handoff_token_helper_load (const HandoffTokenModule *module, GError **error);
/* Serves the broker on socket, (transfer full), until that closes it. Does not return: what modules
 * do at the end of a process is not waited for. */
void handoff_token_helper_run (int socket) G_GNUC_NORETURN;
