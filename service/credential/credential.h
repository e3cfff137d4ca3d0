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

/* The owner of the machine's credentials. */
#define HANDOFF_CREDENTIAL_OWNER_MACHINE 0

/* A private key with its certificates, and whose it is. Immutable: a change makes another one with
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
  guint64 serial;     /* another number for each change, of any credential; 0 of a one-call one */
  GBytes *pem_digest; /* (owned) (nullable): of a one-call credential, SHA-256: what stands for it
                       * in place of the serial, when it is given again; NULL: nothing does */
} HandoffCredential;

/* All but the id and serial, which it makes; key: (transfer none). certificates: (nullable):
 * (transfer none). ocsp_response: (nullable). TLS_HANDOFF_ERROR_INVALID_ARGUMENT if a certificate
 * cannot be read, or the first is not the key's. id: (nullable): NULL for a new one. */
HandoffCredential *handoff_credential_new (const char *id,
                                           const char *label,
                                           guint owner,
                                           HandoffCredentialRoles roles,
                                           HandoffPrivateKey *key,
                                           const char *token_uri,
                                           GPtrArray *certificates,
                                           GBytes *ocsp_response,
                                           GError **error);
/* Whether there are not more certificates (element-type GBytes), nor larger ones, than a chain may
 * have: for the check before any work with them. */
gboolean handoff_credential_check_chain (GPtrArray *certificates, GError **error);
HandoffCredential *handoff_credential_ref (HandoffCredential *self);
void handoff_credential_unref (HandoffCredential *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffCredential, handoff_credential_unref)

/* Whether it has a certificate that is valid now, so that a handshake may try it. */
gboolean handoff_credential_is_usable (const HandoffCredential *self);
/* HANDOFF_PROBLEM_…, or "": for warning, seconds before its end that count as soon. locked: whether
 * its token is. (transfer none) */
const char *
handoff_credential_get_problem (const HandoffCredential *self, gint64 warning, gboolean locked);

/* Whether its first certificate is for that DNS name (A-labels) (RFC 6125). */
gboolean handoff_credential_is_for_name (const HandoffCredential *self, const char *host_name);
/* Whether a certificate of its chain was issued by one of these authorities: distinguished names,
 * DER. */
gboolean handoff_credential_is_issued_by (const HandoffCredential *self,
                                          const gnutls_datum_t *authorities,
                                          guint n_authorities);
