/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/abstract.h>

#include "key/private-key.h"

typedef enum
{
  HANDOFF_CREDENTIAL_ROLE_CLIENT = 1 << 0,
  HANDOFF_CREDENTIAL_ROLE_SERVER = 1 << 1,
  HANDOFF_CREDENTIAL_ROLE_BOTH = HANDOFF_CREDENTIAL_ROLE_CLIENT | HANDOFF_CREDENTIAL_ROLE_SERVER,
} HandoffCredentialRoles;

/* The uid that owns the machine's credentials. */
#define HANDOFF_CREDENTIAL_OWNER_MACHINE 0

/* A private key with its certificates, and whose it is. Immutable: a change makes a new one with
 * the same id. Reference-counted; any thread. */
typedef struct
{
  gatomicrefcount ref_count;
  char *id;    /* (owned): last element of the object path, name of the folder; unguessable */
  char *label; /* (owned) */
  guint owner; /* uid */
  HandoffCredentialRoles roles;
  HandoffPrivateKey *key;  /* (owned) */
  char *token_uri;         /* (owned) (nullable): of a key in a token */
  GPtrArray *certificates; /* (owned) (element-type GBytes): DER, its own first; may be empty */
  gnutls_pcert_st *pcerts; /* (owned): the same, parsed */
  guint n_pcerts;
  gint64 not_after;         /* seconds since 1970, of the first certificate; 0 without */
  GBytes *ocsp_response;    /* (owned) (nullable): DER, for the first certificate */
  gint64 ocsp_not_after;    /* seconds since 1970: when it is out of date; 0: it is not stapled */
  const char *ocsp_problem; /* (nullable): why not, for people */
  guint64 serial; /* a new number for each change of any credential; 0 for a one-call credential */
  GBytes *pem_digest; /* (owned) (nullable): SHA-256 of a one-call credential: identifies it, in
                         place of the serial, when it is given again; NULL: nothing does */
} HandoffCredential;

/* Makes id and serial. key: (transfer none). certificates: (nullable): (transfer none).
 * ocsp_response: (nullable). TLS_HANDOFF_ERROR_INVALID_ARGUMENT if a certificate cannot be read, or
 * the first one is not the key's. id: (nullable): NULL for a new one. */
HandoffCredential *handoff_credential_new (const char *id,
                                           const char *label,
                                           guint owner,
                                           HandoffCredentialRoles roles,
                                           HandoffPrivateKey *key,
                                           const char *token_uri,
                                           GPtrArray *certificates,
                                           GBytes *ocsp_response,
                                           GError **error);
/* Whether number and size of the certificates (element-type GBytes) are small enough for a chain.
 * Check this before any work with them. */
gboolean handoff_credential_check_chain (GPtrArray *certificates, GError **error);
HandoffCredential *handoff_credential_ref (HandoffCredential *self);
void handoff_credential_unref (HandoffCredential *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffCredential, handoff_credential_unref)

/* The polkit action that uid needs to use the credential. */
const char *handoff_credential_get_action (const HandoffCredential *self, guint uid);
/* Whether the credential has a certificate that is valid now: then a handshake may try it. */
gboolean handoff_credential_is_usable (const HandoffCredential *self);
/* HANDOFF_PROBLEM_…, or "": warning: how many seconds before its end a certificate is reported.
 * locked: whether the credential's token is. (transfer none) */
const char *
handoff_credential_get_problem (const HandoffCredential *self, gint64 warning, gboolean locked);

/* Whether its first certificate is for that DNS name (A-labels) (RFC 6125). */
gboolean handoff_credential_is_for_name (const HandoffCredential *self, const char *host_name);
/* Whether a certificate of its chain was issued by one of these authorities: distinguished names,
 * DER. */
gboolean handoff_credential_is_issued_by (const HandoffCredential *self,
                                          const gnutls_datum_t *authorities,
                                          guint n_authorities);
