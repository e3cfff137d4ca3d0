/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "credential/credential-loading.h"

#include "credential/credential.h"
#include "key/public-key.h"
#include "link/keeper-messages.h"

struct _HandoffCredentialLoading
{
  HandoffKeeper *keeper;       /* (unowned) */
  HandoffImporters *importers; /* (unowned) */
  GHashTable *credentials;     /* (owned) (element-type utf8 HandoffCredential) */
  guint n_damaged;
  GHashTable *under_way; /* (owned) (element-type Describing): a set, (unowned) */
};

/* A credential that is described. */
typedef struct
{
  HandoffCredentialLoading *loading; /* (unowned) (nullable): NULL when that is freed */
  HandoffLinkCall *call;             /* (owned): the keeper goes on when it is answered */
  GVariant *body;                    /* (owned): as the keeper told */
} Describing;

static GHashTable *
new_table (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                (GDestroyNotify) handoff_credential_unref);
}

static void
report_damage (HandoffCredentialLoading *self, const char *id, const char *reason)
{
  self->n_damaged++;
  g_warning ("The credential in %s/%s is damaged, and left aside: %s",
             handoff_keeper_get_directory (self->keeper), id, reason);
}

/* (transfer full) (nullable) */
static HandoffPrivateKey *
make_key (HandoffDescription *description, GError **error)
{
  gnutls_pubkey_t public_key = handoff_public_key_import (description->public_key, error);

  return public_key != NULL ? handoff_private_key_new_elsewhere (public_key) : NULL;
}

/* body: begins as both rows do. description: (nullable): NULL: error says why */
static void
add (HandoffCredentialLoading *self,
     GVariant *body,
     HandoffDescription *description,
     const GError *reason)
{
  g_autoptr (HandoffPrivateKey) key = NULL;
  g_autoptr (GError) error = NULL;
  HandoffCredential *credential;
  const char *id, *label, *token_uri;
  guint32 owner, roles;

  g_variant_get_child (body, 0, "&s", &id);
  g_variant_get_child (body, 1, "&s", &label);
  g_variant_get_child (body, 2, "u", &owner);
  g_variant_get_child (body, 3, "u", &roles);
  g_variant_get_child (body, 4, "&s", &token_uri);
  if (description != NULL)
    key = make_key (description, &error);
  if (key == NULL)
    {
      report_damage (self, id, error != NULL ? error->message : reason->message);
      return;
    }
  if (description->ocsp_problem != NULL)
    g_warning ("%s/%s/ocsp.der is not stapled: %s", handoff_keeper_get_directory (self->keeper), id,
               description->ocsp_problem);
  credential = handoff_credential_new (id, label, owner, (HandoffCredentialRoles) roles, key,
                                       *token_uri != '\0' ? token_uri : NULL, description);
  g_hash_table_replace (self->credentials, credential->id, credential);
}

static void
take_loaded (HandoffCredentialLoading *self, HandoffLinkMessage *message)
{
  g_autoptr (GVariant) variant = g_variant_get_child_value (message->body, 5);
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffDescription) description = handoff_description_read (variant, &error);

  add (self, message->body, description, error);
  handoff_link_call_return (g_steal_pointer (&message->call), g_variant_new ("()"), NULL, 0);
}

static void
describing_free (Describing *self)
{
  g_variant_unref (self->body);
  g_free (self);
}

/* The next time it is described already. If that fails, it is described again. */
static void
keep_description (HandoffCredentialLoading *self, GVariant *body, HandoffDescription *description)
{
  g_autoptr (GVariant) digest = g_variant_get_child_value (body, 6);
  const char *id;

  g_variant_get_child (body, 0, "&s", &id);
  handoff_keeper_ask_async (
      self->keeper, HANDOFF_KEEPER_DESCRIBE,
      g_variant_new ("(s@ay@" HANDOFF_DESCRIPTION_TYPE ")", id, digest, description->variant), -1,
      NULL, NULL);
}

static void
described (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Describing *self = user_data;
  HandoffCredentialLoading *loading = self->loading;
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffDescription) description = handoff_importers_finish (result, NULL, &error);

  if (loading != NULL)
    {
      g_hash_table_remove (loading->under_way, self);
      add (loading, self->body, description, error);
      /* With time, there may be no problem any more. */
      if (description != NULL && description->ocsp_problem == NULL)
        keep_description (loading, self->body, description);
    }
  handoff_link_call_return (self->call, g_variant_new ("()"), NULL, 0);
  describing_free (self);
}

static void
describe (HandoffCredentialLoading *self, HandoffLinkMessage *message)
{
  Describing *describing = g_new0 (Describing, 1);
  g_autoptr (GVariant) child = g_variant_get_child_value (message->body, 5);
  g_autoptr (GBytes) public_key = g_variant_get_data_as_bytes (child);
  gboolean has_certificates, has_response;
  guint32 owner;

  g_variant_get_child (message->body, 2, "u", &owner);
  g_variant_get_child (message->body, 7, "b", &has_certificates);
  g_variant_get_child (message->body, 8, "b", &has_response);
  describing->loading = self;
  describing->call = g_steal_pointer (&message->call);
  describing->body = g_variant_ref (message->body);
  g_hash_table_add (self->under_way, describing);
  handoff_importers_describe_async (
      self->importers, owner, public_key,
      has_certificates ? handoff_link_message_steal_fd (message, 0) : -1,
      has_response ? handoff_link_message_steal_fd (message, has_certificates ? 1 : 0) : -1, NULL,
      described, describing);
}

static void
told (HandoffLinkMessage *message, gpointer user_data)
{
  HandoffCredentialLoading *self = user_data;

  if (message->number == HANDOFF_KEEPER_LOADED)
    take_loaded (self, message);
  else if (message->number == HANDOFF_KEEPER_UNDESCRIBED)
    describe (self, message);
}

HandoffCredentialLoading *
handoff_credential_loading_new (HandoffKeeper *keeper, HandoffImporters *importers)
{
  HandoffCredentialLoading *self = g_new0 (HandoffCredentialLoading, 1);

  self->keeper = keeper;
  self->importers = importers;
  self->credentials = new_table ();
  self->under_way = g_hash_table_new (NULL, NULL);
  handoff_keeper_set_told (keeper, told, self);
  return self;
}

void
handoff_credential_loading_free (HandoffCredentialLoading *self)
{
  GHashTableIter iter;
  Describing *describing;

  handoff_keeper_set_told (self->keeper, NULL, NULL);
  g_hash_table_iter_init (&iter, self->under_way);
  while (g_hash_table_iter_next (&iter, (gpointer *) &describing, NULL))
    describing->loading = NULL;
  g_hash_table_unref (self->under_way);
  g_hash_table_unref (self->credentials);
  g_free (self);
}

GHashTable *
handoff_credential_loading_take (HandoffCredentialLoading *self, guint *n_damaged)
{
  GHashTable *credentials = g_steal_pointer (&self->credentials);
  GHashTableIter iter;
  Describing *describing;

  /* What an earlier keeper told, which is gone, and is still being described. */
  g_hash_table_iter_init (&iter, self->under_way);
  while (g_hash_table_iter_next (&iter, (gpointer *) &describing, NULL))
    describing->loading = NULL;
  g_hash_table_remove_all (self->under_way);
  self->credentials = new_table ();
  *n_damaged = self->n_damaged;
  self->n_damaged = 0;
  return credentials;
}
