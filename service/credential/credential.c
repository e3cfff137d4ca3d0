/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "credential/credential.h"

#include <gnutls/crypto.h>

#include "keyblob/handoff-names.h"
#include "work/clock.h"

char *
handoff_credential_dup_new_id (void)
{
  guint64 random[2];

  if (gnutls_rnd (GNUTLS_RND_NONCE, random, sizeof random) < 0)
    g_error ("No random numbers");
  return g_strdup_printf ("%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x", random[0],
                          random[1]);
}

/* Credentials are made on several threads. */
static guint64
next_serial (void)
{
  static gsize last_serial;

  return (guint64) g_atomic_pointer_add (&last_serial, 1) + 1;
}

HandoffCredential *
handoff_credential_new (const char *id,
                        const char *label,
                        guint owner,
                        HandoffCredentialRoles roles,
                        HandoffPrivateKey *key,
                        const char *token_uri,
                        HandoffDescription *description)
{
  HandoffCredential *self = g_new0 (HandoffCredential, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->id = id != NULL ? g_strdup (id) : handoff_credential_dup_new_id ();
  self->label = g_strdup (label);
  self->owner = owner;
  self->roles = roles;
  self->key = handoff_private_key_ref (key);
  self->token_uri = g_strdup (token_uri);
  self->description = handoff_description_ref (description);
  self->serial = next_serial ();
  return self;
}

HandoffCredential *
handoff_credential_ref (HandoffCredential *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_credential_unref (HandoffCredential *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->presented != NULL)
    self->presented->free (self->presented);
  handoff_description_unref (self->description);
  g_clear_pointer (&self->pem_digest, g_bytes_unref);
  handoff_private_key_unref (self->key);
  g_free (self->id);
  g_free (self->label);
  g_free (self->token_uri);
  g_free (self);
}

const char *
handoff_credential_get_action (const HandoffCredential *self, guint uid)
{
  return self->owner == uid ? HANDOFF_ACTION_USE_OWN_CREDENTIAL : HANDOFF_ACTION_USE_ANY_CREDENTIAL;
}

gboolean
handoff_credential_has_certificate (const HandoffCredential *self)
{
  return self->description->certificates->len > 0;
}

gboolean
handoff_credential_is_usable (const HandoffCredential *self)
{
  const gint64 now = handoff_clock_get_wall_seconds ();

  return handoff_credential_has_certificate (self) && self->description->not_before <= now &&
         now <= self->description->not_after;
}

const char *
handoff_credential_get_problem (const HandoffCredential *self, gint64 warning, gboolean locked)
{
  const gint64 now = handoff_clock_get_wall_seconds ();

  if (!handoff_credential_has_certificate (self))
    return HANDOFF_PROBLEM_NO_CERTIFICATE;
  if (self->description->not_after < now)
    return HANDOFF_PROBLEM_EXPIRED;
  if (locked)
    return HANDOFF_PROBLEM_LOCKED;
  return self->description->not_after - warning < now ? HANDOFF_PROBLEM_EXPIRING : "";
}
