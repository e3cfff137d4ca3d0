/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* The library's messages for people, in the language of the process. Translations are looked up in
 * the catalogue of the package, whatever the program itself calls its own. */

/* (nullable): what is NULL stays it */
const char *handoff_library_text (const char *text) G_GNUC_FORMAT (1);

#define _(text) handoff_library_text (text)
/* For a table: what reads it calls handoff_library_text(). */
#define N_(text) (text)
