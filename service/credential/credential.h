/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "description/description.h"
#include "key/private-key.h"

typedef enum
{
  HANDOFF_CREDENTIAL_ROLE_CLIENT = 1 << 0,
  HANDOFF_CREDENTIAL_ROLE_SERVER = 1 << 1,
  HANDOFF_CREDENTIAL_ROLE_BOTH = HANDOFF_CREDENTIAL_ROLE_CLIENT | HANDOFF_CREDENTIAL_ROLE_SERVER,
} HandoffCredentialRoles;

/* The uid that owns the machine's credentials. */
#define HANDOFF_CREDENTIAL_OWNER_MACHINE 0

/* What is kept with a credential begins with this. */
typedef struct _HandoffPresented HandoffPresented;
struct _HandoffPresented
{
  void (*free) (HandoffPresented *self);
};

/* A private key with its certificates, and whose it is. Immutable: a change makes a new one with
 * the same id. Reference-counted; any thread. */
typedef struct
{
  gatomicrefcount ref_count;
  char *id;    /* (owned): last element of the object path, name of the folder; unguessable */
  char *label; /* (owned) */
  guint owner; /* uid */
  HandoffCredentialRoles roles;
  HandoffPrivateKey *key;          /* (owned) */
  char *token_uri;                 /* (owned) (nullable): of a key in a token */
  HandoffDescription *description; /* (owned): its certificates, and what they say */
  guint64 serial; /* a new number for each change of any credential; 0 for a one-call credential */
  GBytes *pem_digest; /* (owned) (nullable): SHA-256 of a one-call credential: identifies it, in
                         place of the serial, when it is given again; NULL: nothing does */

  /* (owned) (atomic) (nullable): what the handshake makes of the certificates, once: any thread may
   * be the one (handshake/presented-chain.h) */
  HandoffPresented *presented;
} HandoffCredential;

/* An id for a new credential, which nobody can guess. (transfer full) */
char *handoff_credential_dup_new_id (void);

/* Makes id and serial. key, description: (transfer none): description: of that key. id: (nullable):
 * NULL for a new one. token_uri: (nullable) */
HandoffCredential *handoff_credential_new (const char *id,
                                           const char *label,
                                           guint owner,
                                           HandoffCredentialRoles roles,
                                           HandoffPrivateKey *key,
                                           const char *token_uri,
                                           HandoffDescription *description);
HandoffCredential *handoff_credential_ref (HandoffCredential *self);
void handoff_credential_unref (HandoffCredential *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffCredential, handoff_credential_unref)

/* The polkit action that uid needs to use the credential. */
const char *handoff_credential_get_action (const HandoffCredential *self, guint uid);
/* Whether there is a certificate at all. */
gboolean handoff_credential_has_certificate (const HandoffCredential *self);
/* Whether the credential has a certificate that is valid now: then a handshake may try it. */
gboolean handoff_credential_is_usable (const HandoffCredential *self);
/* HANDOFF_PROBLEM_…, or "": warning: how many seconds before its end a certificate is reported.
 * locked: whether the credential's token is. (transfer none) */
const char *
handoff_credential_get_problem (const HandoffCredential *self, gint64 warning, gboolean locked);
