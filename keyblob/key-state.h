/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#include "cipher-suite.h"
#include "secret-memory.h"

typedef enum
{
  HANDOFF_ROLE_CLIENT,
  HANDOFF_ROLE_SERVER,
} HandoffRole;

#define HANDOFF_MAX_KEY_SIZE 32
#define HANDOFF_MAX_IV_SIZE 16
#define HANDOFF_MAX_TRAFFIC_SECRET_SIZE 48
#define HANDOFF_MAX_MAC_KEY_SIZE 48
#define HANDOFF_TLS_EXPORTER_SIZE 32 /* RFC 9266 2 */
#define HANDOFF_TLS_UNIQUE_SIZE 12   /* RFC 5246 7.4.9, for all of our suites */
#define HANDOFF_MIN_SERVER_END_POINT_SIZE 20
#define HANDOFF_MAX_SERVER_END_POINT_SIZE 64
#define HANDOFF_MIN_MAX_PLAINTEXT_SIZE 63u    /* RFC 8449 4: 64 with TLS 1.3's content type */
#define HANDOFF_MAX_MAX_PLAINTEXT_SIZE 16384u /* RFC 8446 5.1 */

/* One direction's state. */
typedef struct
{
  guint8 key[HANDOFF_MAX_KEY_SIZE];
  guint8 iv[HANDOFF_MAX_IV_SIZE];
  /* TLS 1.3: [sender]_application_traffic_secret_N (RFC 8446 7.2), for KeyUpdate. TLS 1.2: empty.
   */
  guint8 traffic_secret[HANDOFF_MAX_TRAFFIC_SECRET_SIZE];
  guint8 mac_key[HANDOFF_MAX_MAC_KEY_SIZE]; /* AES-CBC's HMAC; else empty */
  guint8 key_size;
  guint8 iv_size;
  guint8 traffic_secret_size;
  guint8 mac_key_size;
  guint64 sequence_number; /* of the next record */
  /* The largest plaintext of one record, bytes, content type and padding not counted. */
  guint16 max_plaintext_size;
} HandoffDirectionState;

/* All that a record layer needs to go on as if it had done the handshake itself.
 * Lives in secret memory only. */
typedef struct
{
  HandoffRole role;
  guint16 protocol; /* 0x0303, 0x0304 */
  guint16 cipher_suite;
  HandoffDirectionState read;
  HandoffDirectionState write;
  /* Records of an AES-CBC suite are encrypted first, then authenticated (RFC 7366). */
  gboolean encrypt_then_mac;

  /* Only a connection that was in use and is handed on has the following; after a handshake it is
   * all empty. */
  HandoffSecretBytes unread_data;      /* received data that the application has not taken */
  HandoffSecretBytes unread_records;   /* received bytes that are still protected */
  HandoffSecretBytes handshake_prefix; /* of a handshake message that is not yet complete */
  gboolean key_update_owed;            /* TLS 1.3: a KeyUpdate goes out before the next data */
  gboolean key_update_requested;       /* TLS 1.3: one that asks for the peer's (after the other) */
  gboolean no_renegotiation_owed;      /* TLS 1.2: so does a no_renegotiation warning */

  /* Channel bindings (RFC 5929, RFC 9266), with which an application proves that its peer is at the
   * other end of this very connection. Format 2 has them; each may be empty. */
  guint8 tls_exporter[HANDOFF_TLS_EXPORTER_SIZE]; /* TLS 1.3, or 1.2 with RFC 7627 */
  guint8 tls_unique[HANDOFF_TLS_UNIQUE_SIZE];     /* TLS 1.2 */
  guint8 tls_server_end_point[HANDOFF_MAX_SERVER_END_POINT_SIZE];
  guint8 tls_exporter_size;
  guint8 tls_unique_size;
  guint8 tls_server_end_point_size;
} HandoffKeyState;

HandoffKeyState *handoff_key_state_new (void);
void handoff_key_state_free (HandoffKeyState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffKeyState, handoff_key_state_free)

/* The oldest format of the key blob that has all of it. */
guint handoff_key_state_get_format (const HandoffKeyState *state);
/* Replaces the channel bindings of state with those of source. */
void handoff_key_state_copy_bindings (HandoffKeyState *state, const HandoffKeyState *source);
/* Forgets them. */
void handoff_key_state_clear_bindings (HandoffKeyState *state);
/* Whether everything fits the cipher suite and the protocol, and the suite the protocol. */
gboolean handoff_key_state_validate (const HandoffKeyState *state, GError **error);
/* Field by field, in constant time where it is secret. */
gboolean handoff_key_state_equal (const HandoffKeyState *a, const HandoffKeyState *b);

/* The plaintext of a key blob of the state's format: one GVariant a{sv}, little-endian, in normal
 * form, in secret memory (handoff_secret_free()). */
guint8 *handoff_key_state_serialize (const HandoffKeyState *state, gsize *size);
/* data must be what handoff_secret_new() returned (it is copied from there into the state only).
 * format: of the blob: what a newer one has is unknown. Refuses: not normal, unknown or missing
 * keys, wrong types or sizes. */
HandoffKeyState *
handoff_key_state_parse (const guint8 *data, gsize size, guint format, GError **error);
