/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "resumption/server-tickets.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "keyblob/secret-memory.h"
#include "work/clock.h"

#define MASTER_KEY_SIZE 32

struct _HandoffServerTickets
{
  guint lifetime;     /* seconds */
  guint8 *master_key; /* (owned) (nullable): secret memory; made when it is needed */
  gint64 made_at;     /* boot time */
};

HandoffServerTickets *
handoff_server_tickets_new (void)
{
  return g_new0 (HandoffServerTickets, 1);
}

void
handoff_server_tickets_free (HandoffServerTickets *self)
{
  handoff_server_tickets_forget (self);
  g_free (self);
}

void
handoff_server_tickets_set_lifetime (HandoffServerTickets *self, guint lifetime)
{
  self->lifetime = lifetime;
}

void
handoff_server_tickets_forget (HandoffServerTickets *self)
{
  g_clear_pointer (&self->master_key, handoff_secret_free);
}

static gboolean
ensure_master_key (HandoffServerTickets *self)
{
  gint64 now = handoff_clock_get_boot_time ();

  if (self->master_key != NULL && now - self->made_at >= self->lifetime * G_TIME_SPAN_SECOND)
    handoff_server_tickets_forget (self);
  if (self->master_key != NULL)
    return TRUE;

  self->master_key = handoff_secret_new (MASTER_KEY_SIZE, HANDOFF_SECRET_DEFAULT);
  self->made_at = now;
  if (gnutls_rnd (GNUTLS_RND_KEY, self->master_key, MASTER_KEY_SIZE) >= 0)
    return TRUE;
  handoff_server_tickets_forget (self);
  return FALSE;
}

/* HKDF-Expand (RFC 5869 2.3): the keys are uniformly random already. */
static gboolean
expand (const guint8 *key, gsize key_size, GVariant *info, guint8 *output, gsize size)
{
  const gnutls_datum_t key_datum = { (unsigned char *) key, (unsigned int) key_size };
  g_autoptr (GVariant) owned_info = g_variant_ref_sink (info);
  /* With its type, which says where one part ends and the next begins. */
  g_autoptr (GVariant) typed =
      g_variant_ref_sink (g_variant_new ("(sv)", g_variant_get_type_string (info), owned_info));
  g_autoptr (GVariant) normal = g_variant_get_normal_form (typed);
  const gnutls_datum_t info_datum = { (unsigned char *) g_variant_get_data (normal),
                                      (unsigned int) g_variant_get_size (normal) };

  return gnutls_hkdf_expand (GNUTLS_MAC_SHA256, &key_datum, &info_datum, output, size) >= 0;
}

guint8 *
handoff_server_tickets_derive_secret (HandoffServerTickets *self, GVariant *conditions)
{
  guint8 *secret = handoff_secret_new (HANDOFF_TICKET_SECRET_SIZE, HANDOFF_SECRET_DEFAULT);
  g_autoptr (GVariant) owned_conditions = g_variant_ref_sink (conditions);

  if (ensure_master_key (self) && expand (self->master_key, MASTER_KEY_SIZE, owned_conditions,
                                          secret, HANDOFF_TICKET_SECRET_SIZE))
    return secret;
  handoff_secret_free (secret);
  return NULL;
}

gboolean
handoff_ticket_key_derive (const guint8 secret[HANDOFF_TICKET_SECRET_SIZE],
                           guint64 credential_serial,
                           const char *server_name,
                           guint8 key[HANDOFF_TICKET_KEY_SIZE])
{
  return expand (secret, HANDOFF_TICKET_SECRET_SIZE,
                 g_variant_new ("(tms)", credential_serial, server_name), key,
                 HANDOFF_TICKET_KEY_SIZE);
}
