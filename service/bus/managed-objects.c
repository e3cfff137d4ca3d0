/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/managed-objects.h"

#include "bus/credential-properties.h"
#include "keyblob/handoff-names.h"

/* Bytes of credentials in one list. Above that, certificates are left out, as in
 * ListCredentials(). */
#define MAX_CERTIFICATES_SIZE (256 * 1024)

struct _HandoffManagedObjects
{
  GHashTable *credentials; /* (owned) (element-type utf8 GVariant): properties by path */
  GHashTable *sessions;    /* (owned): likewise */
};

static GHashTable *
new_table (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_variant_unref);
}

static GVariant *
without_certificates (GVariant *properties)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (properties);

  g_variant_dict_remove (&dict, "Certificates");
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
add_credentials (HandoffManagedObjects *self, const HandoffCallContext *context, guint uid)
{
  g_autoptr (GPtrArray) list =
      handoff_credentials_list (HANDOFF_CREDENTIALS (context->credential_store), &uid);
  gsize size = 0;
  guint i;

  for (i = 0; i < list->len && i < HANDOFF_LIST_PAGE; i++)
    {
      const HandoffCredential *credential = g_ptr_array_index (list, i);
      g_autoptr (GVariant) properties = handoff_credential_dup_properties (context, credential);

      size += g_variant_get_size (properties);
      g_hash_table_insert (self->credentials,
                           g_strconcat (HANDOFF_CREDENTIALS_PATH "/", credential->id, NULL),
                           size <= MAX_CERTIFICATES_SIZE ? g_variant_ref (properties)
                                                         : without_certificates (properties));
    }
}

/* The properties of org.tlshandoff.Handoff1.Session, by their names in a list. */
static const struct
{
  const char *name;
  const char *key;
} session_properties[] = {
  { "Role", "role" },
  { "State", "state" },
  { "ServerIdentity", "server-identity" },
  { "Protocol", "protocol" },
  { "CipherSuite", "cipher-suite" },
};

static void
add_session (HandoffManagedObjects *self, GVariant *session)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  const char *path, *text;
  gsize i;

  if (!g_variant_lookup (session, "object", "&o", &path))
    return;
  for (i = 0; i < G_N_ELEMENTS (session_properties); i++)
    {
      if (g_variant_lookup (session, session_properties[i].key, "&s", &text))
        g_variant_dict_insert (&dict, session_properties[i].name, "s", text);
    }
  g_hash_table_insert (self->sessions, g_strdup (path),
                       g_variant_ref_sink (g_variant_dict_end (&dict)));
}

HandoffManagedObjects *
handoff_managed_objects_new (const HandoffCallContext *context,
                             HandoffCaller *caller,
                             GVariant *sessions)
{
  HandoffManagedObjects *self = g_new0 (HandoffManagedObjects, 1);
  gsize i;

  self->credentials = new_table ();
  self->sessions = new_table ();
  add_credentials (self, context, handoff_caller_get_uid (caller));
  for (i = 0; i < g_variant_n_children (sessions); i++)
    {
      g_autoptr (GVariant) session = g_variant_get_child_value (sessions, i);

      add_session (self, session);
    }
  return self;
}

void
handoff_managed_objects_free (HandoffManagedObjects *self)
{
  g_hash_table_unref (self->credentials);
  g_hash_table_unref (self->sessions);
  g_free (self);
}

guint
handoff_managed_objects_get_size (HandoffManagedObjects *self)
{
  return g_hash_table_size (self->credentials) + g_hash_table_size (self->sessions);
}

static void
build (GVariantBuilder *builder, GHashTable *objects, const char *interface)
{
  GHashTableIter iter;
  gpointer path, properties;

  g_hash_table_iter_init (&iter, objects);
  while (g_hash_table_iter_next (&iter, &path, &properties))
    {
      GVariantBuilder interfaces;

      g_variant_builder_init (&interfaces, G_VARIANT_TYPE ("a{sa{sv}}"));
      g_variant_builder_add (&interfaces, "{s@a{sv}}", interface, properties);
      g_variant_builder_add (builder, "{oa{sa{sv}}}", path, &interfaces);
    }
}

GVariant *
handoff_managed_objects_to_variant (HandoffManagedObjects *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{oa{sa{sv}}}"));
  build (&builder, self->credentials, HANDOFF_CREDENTIAL_INTERFACE);
  build (&builder, self->sessions, HANDOFF_SESSION_INTERFACE);
  return g_variant_builder_end (&builder);
}

/* (transfer full): the properties that are other than they were */
static GVariant *
find_changed (GVariant *before, GVariant *now)
{
  g_auto (GVariantDict) changed = G_VARIANT_DICT_INIT (NULL);
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, now);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      G_GNUC_UNUSED g_autoptr (GVariant) owned_value = value;
      g_autoptr (GVariant) old = g_variant_lookup_value (before, name, NULL);

      if (old == NULL || !g_variant_equal (old, value))
        g_variant_dict_insert_value (&changed, name, value);
    }
  return g_variant_ref_sink (g_variant_dict_end (&changed));
}

static void
compare (GHashTable *before,
         GHashTable *now,
         const char *interface,
         const HandoffManagedObjectsFuncs *funcs,
         gpointer user_data)
{
  GHashTableIter iter;
  gpointer path, properties;

  g_hash_table_iter_init (&iter, before);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    {
      if (!g_hash_table_contains (now, path))
        funcs->removed (path, interface, NULL, user_data);
    }
  g_hash_table_iter_init (&iter, now);
  while (g_hash_table_iter_next (&iter, &path, &properties))
    {
      GVariant *old = g_hash_table_lookup (before, path);
      g_autoptr (GVariant) changed = old != NULL ? find_changed (old, properties) : NULL;

      if (old == NULL)
        funcs->added (path, interface, properties, user_data);
      else if (g_variant_n_children (changed) > 0)
        funcs->changed (path, interface, changed, user_data);
    }
}

void
handoff_managed_objects_compare (HandoffManagedObjects *before,
                                 HandoffManagedObjects *now,
                                 const HandoffManagedObjectsFuncs *funcs,
                                 gpointer user_data)
{
  compare (before->credentials, now->credentials, HANDOFF_CREDENTIAL_INTERFACE, funcs, user_data);
  compare (before->sessions, now->sessions, HANDOFF_SESSION_INTERFACE, funcs, user_data);
}
