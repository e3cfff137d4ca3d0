/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>

/* Auto-cleanup for GnuTLS's handles, and the one place that turns its codes into errors. */

typedef struct gnutls_session_int HandoffGnutlsSession;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffGnutlsSession, gnutls_deinit)

typedef struct gnutls_certificate_credentials_st HandoffGnutlsCredentials;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffGnutlsCredentials, gnutls_certificate_free_credentials)

/* "what: GnuTLS's words for code", as TLS_HANDOFF_ERROR_FAILED. Always returns FALSE. */
gboolean handoff_gnutls_set_error (GError **error, int code, const char *what);

/* An identifier of the public key. (nullable): NULL for a kind that has none in GnuTLS */
GBytes *handoff_gnutls_dup_key_id (gnutls_pubkey_t key);
/* FALSE also for keys without an identifier. */
gboolean handoff_gnutls_is_same_public_key (gnutls_pubkey_t a, gnutls_pubkey_t b);

/* Makes GnuTLS wipe everything that it frees: gnutls_deinit() alone leaves the TLS 1.2 master
 * secret and other parts of the key schedule in freed memory. For programs without the wiping
 * allocator (wiping-allocator.h): those with a sanitizer, and unit tests. Call it once, before the
 * first use of GnuTLS. */
void handoff_gnutls_wipe_freed_memory (void);
