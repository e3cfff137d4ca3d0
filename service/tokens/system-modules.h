/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* The modules that p11-kit is configured for (pkcs11.conf(5)), as the service may use them: the
 * machine's, without those of users, without those that are switched off for a program of this name
 * ("tls-handoffd"), or only there for trust, or in another process. p11-kit itself tells them only
 * after it has loaded all of them into the process that asks.
 *
 * folders: of the files NAME.module; one of the same name in an earlier folder counts. Returns:
 * (transfer full): absolute paths, those of the highest priority first. Reads a few small files of
 * the administrator's. */
char **handoff_system_modules_find (const char *const *folders);
/* Those of this machine. (transfer none) */
const char *const *handoff_system_modules_get_folders (void);
