/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

/* What the process of a module tells of PINs. */

#define HANDOFF_PIN_SALT_SIZE 32
#define HANDOFF_PIN_DIGEST_SIZE 32           /* HMAC-SHA256 of token and PIN */
#define HANDOFF_PIN_FILE_IDENTITY_LENGTH 128 /* at most, of the PIN file's identity */

/* What became of a try. */
typedef enum
{
  HANDOFF_PIN_UNUSED, /* the token was not told the PIN, or did not say anything about it */
  HANDOFF_PIN_TAKEN,
  HANDOFF_PIN_REFUSED,
  HANDOFF_PIN_N_FATES,
} HandoffPinFate;
