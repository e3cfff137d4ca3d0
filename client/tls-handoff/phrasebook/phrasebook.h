/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What the service says to people, and what it and the library have in common (keyblob/), in the
 * language of this process. The service does not know that
 * language, and says everything in English. Its messages are recognized by their words, so neither
 * a service nor a library needs to know how old the other is: what is not recognized, or has no
 * translation, stays as it came. */

/* error: (nullable): of the service. If it is one of the domain TLS_HANDOFF_ERROR, the message as
 * it came is kept, see tls_handoff_error_get_original_message(). */
void handoff_phrasebook_translate_error (GError *error);
/* For a function that hands an error of keyblob/ on to its caller. (inout) (nullable) */
void handoff_phrasebook_translate_returned (GError **error);

/* (transfer full): text, translated as far as it is recognized */
char *handoff_phrasebook_translate (const char *text);
