/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

/* What the service says, as phrases (phrasebook/phrase.h): whole messages, and parts of them that
 * it puts into others. check-phrases.py compares them with the service's sources. Those of older
 * services stay. Each table ends with NULL. */

extern const char *const handoff_phrases_blob[];       /* key blobs, of keyblob/ */
extern const char *const handoff_phrases_call[];       /* calls: rights, limits, arguments */
extern const char *const handoff_phrases_handshake[];  /* peers, and what they send */
extern const char *const handoff_phrases_trust[];      /* why a certificate is not trusted */
extern const char *const handoff_phrases_credential[]; /* credentials, their files and tokens */
