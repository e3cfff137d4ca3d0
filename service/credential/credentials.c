/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "credential/credentials.h"

#include <string.h>

#include "keyblob/handoff-names.h"

G_DEFINE_INTERFACE (HandoffCredentials, handoff_credentials, G_TYPE_OBJECT)

static void
handoff_credentials_default_init (HandoffCredentialsInterface *iface)
{
}

static GHashTable *
get_table (HandoffCredentials *self)
{
  return HANDOFF_CREDENTIALS_GET_IFACE (self)->get_table (self);
}

HandoffCredential *
handoff_credentials_lookup (HandoffCredentials *self, const char *id)
{
  return g_hash_table_lookup (get_table (self), id);
}

HandoffCredential *
handoff_credentials_find (HandoffCredentials *self, guint owner, const char *label)
{
  GHashTableIter iter;
  HandoffCredential *credential;

  g_hash_table_iter_init (&iter, get_table (self));
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &credential))
    {
      if (credential->owner == owner && g_str_equal (credential->label, label))
        return credential;
    }
  return NULL;
}

HandoffCredential *
handoff_credentials_find_by_name (HandoffCredentials *self, guint uid, const char *name)
{
  HandoffCredential *credential;

  if (g_str_has_prefix (name, HANDOFF_CREDENTIALS_PATH "/"))
    return handoff_credentials_lookup (self, name + strlen (HANDOFF_CREDENTIALS_PATH "/"));
  credential = handoff_credentials_find (self, uid, name);
  if (credential == NULL)
    credential = handoff_credentials_find (self, HANDOFF_CREDENTIAL_OWNER_MACHINE, name);
  return credential;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const HandoffCredential *one = *(const HandoffCredential *const *) a;
  const HandoffCredential *other = *(const HandoffCredential *const *) b;
  const int order = strcmp (one->label, other->label);

  return order != 0 ? order : strcmp (one->id, other->id);
}

GPtrArray *
handoff_credentials_list (HandoffCredentials *self, const guint *owner)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) handoff_credential_unref);
  GHashTableIter iter;
  HandoffCredential *credential;

  g_hash_table_iter_init (&iter, get_table (self));
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &credential))
    {
      if (owner == NULL || credential->owner == *owner)
        g_ptr_array_add (list, handoff_credential_ref (credential));
    }
  g_ptr_array_sort (list, compare);
  return list;
}
