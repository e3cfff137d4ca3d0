/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* PKCS#11 URIs (RFC 7512) of private keys. Each has one spelling, so that URIs can be compared. */
typedef struct _HandoffTokenUri HandoffTokenUri;

/* It must name a token and, in it, a key by its label or its id. Attributes that carry a PIN, or
 * tell where one is, are refused: a URI is no secret. Attributes that name a module are refused
 * too: modules are the configuration's business. TLS_HANDOFF_ERROR_INVALID_ARGUMENT */
HandoffTokenUri *handoff_token_uri_parse (const char *uri, GError **error);
void handoff_token_uri_free (HandoffTokenUri *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTokenUri, handoff_token_uri_free)

/* The token's label. (transfer none) */
const char *handoff_token_uri_get_token (const HandoffTokenUri *self);
/* The attributes in a fixed order. Only what must be escaped is. (transfer full) */
char *handoff_token_uri_to_string (const HandoffTokenUri *self);
/* Of the certificates that the same token has under this id. (transfer full) */
char *
handoff_token_uri_to_certificates (const HandoffTokenUri *self, const guint8 *id, gsize id_size);

/* Checks a PKCS#11 URI of a private key, as handoff_token_uri_parse() does. Returns its canonical
 * spelling, (transfer full), or NULL with TLS_HANDOFF_ERROR_INVALID_ARGUMENT. */
char *handoff_token_uri_canonicalize (const char *uri, GError **error);
