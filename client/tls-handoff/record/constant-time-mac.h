/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

/* The check of a decrypted record that was authenticated first and then encrypted (RFC 5246
 * 6.2.3.2): content | MAC | padding | padding length.
 *
 * The place where the content ends is secret until the MAC has been found right: an attacker who
 * can tell good padding from bad, or long padding from short, by the time that the check takes, can
 * decrypt by trial ("Lucky Thirteen"). So for a given size of the record, the check runs the same
 * instructions on the same addresses, whatever the record contains. */

typedef union
{
  struct sha1_ctx sha1;
  struct sha256_ctx sha256;
  struct sha512_ctx sha512; /* SHA-384 */
} HandoffHashContext;

/* HMAC (RFC 2104) with a key, as secret as the key. */
typedef struct
{
  gnutls_mac_algorithm_t mac;
  HandoffHashContext inner; /* after the block of key XOR ipad */
  HandoffHashContext outer; /* after the block of key XOR opad */
} HandoffConstantTimeMac;

/* mac: GNUTLS_MAC_SHA1, _SHA256 or _SHA384. The caller wipes self. */
void handoff_constant_time_mac_init (HandoffConstantTimeMac *self,
                                     gnutls_mac_algorithm_t mac,
                                     const guint8 *key,
                                     gsize key_size);

/* pseudo_header: sequence number, type, version and two bytes for the length of the content, which
 * are not read. text_size: larger than the MAC, at most 2^17. Returns all ones and the size of the
 * content if padding and MAC are right; else 0 and a size that means nothing. */
guint32 handoff_constant_time_mac_check (const HandoffConstantTimeMac *self,
                                         const guint8 pseudo_header[13],
                                         const guint8 *text,
                                         gsize text_size,
                                         guint32 *content_size);
