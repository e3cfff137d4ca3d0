/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "keeper/folder-metadata.h"

#include "description/credential-label.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

#define GROUP "Credential"
#define NAME "metadata"

static const struct
{
  const char *name;
  guint role;
} roles_of_names[] = { { HANDOFF_ROLE_NAME_CLIENT, 1 }, { HANDOFF_ROLE_NAME_SERVER, 2 } };

HandoffFolderMetadata *
handoff_folder_metadata_new (const char *label, guint owner, guint roles, const char *token_uri)
{
  HandoffFolderMetadata *self = g_new0 (HandoffFolderMetadata, 1);

  self->label = g_strdup (label);
  self->owner = owner;
  self->roles = roles;
  self->token_uri = g_strdup (token_uri);
  return self;
}

void
handoff_folder_metadata_free (HandoffFolderMetadata *self)
{
  g_free (self->label);
  g_free (self->token_uri);
  g_free (self);
}

GBytes *
handoff_folder_metadata_write (const HandoffFolderMetadata *self)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  const char *roles[G_N_ELEMENTS (roles_of_names)];
  gsize i, n_roles = 0, size;
  char *text;

  for (i = 0; i < G_N_ELEMENTS (roles_of_names); i++)
    {
      if (self->roles & roles_of_names[i].role)
        roles[n_roles++] = roles_of_names[i].name;
    }
  g_key_file_set_string (file, GROUP, "Label", self->label);
  g_key_file_set_uint64 (file, GROUP, "Owner", self->owner);
  g_key_file_set_string_list (file, GROUP, "Roles", roles, n_roles);
  if (self->token_uri != NULL)
    g_key_file_set_string (file, GROUP, "Token", self->token_uri);
  text = g_key_file_to_data (file, &size, NULL);
  return g_bytes_new_take (text, size);
}

static gboolean
damaged (GError **error, const char *what)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, NAME ": %s", what);
  return FALSE;
}

static gboolean
read_role (HandoffFolderMetadata *self, const char *name, GError **error)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (roles_of_names); i++)
    {
      if (g_str_equal (name, roles_of_names[i].name))
        {
          self->roles |= roles_of_names[i].role;
          return TRUE;
        }
    }
  return damaged (error, "has an unknown role");
}

static gboolean
read_roles (HandoffFolderMetadata *self, GKeyFile *file, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_string_list (file, GROUP, "Roles", NULL, NULL);
  gsize i;

  for (i = 0; names != NULL && names[i] != NULL; i++)
    {
      if (!read_role (self, names[i], error))
        return FALSE;
    }
  return self->roles != 0 || damaged (error, "has no roles");
}

static gboolean
read_file (HandoffFolderMetadata *self, GKeyFile *file, GError **error)
{
  g_autoptr (GError) number_error = NULL;
  guint64 owner;

  self->label = g_key_file_get_string (file, GROUP, "Label", NULL);
  if (self->label == NULL)
    return damaged (error, "has no label");
  if (!handoff_credential_label_check (self->label, error))
    {
      g_prefix_error (error, NAME ": ");
      return FALSE;
    }
  owner = g_key_file_get_uint64 (file, GROUP, "Owner", &number_error);
  if (number_error != NULL || owner >= G_MAXUINT32)
    return damaged (error, "has no owner");
  self->owner = (guint) owner;
  self->token_uri = g_key_file_get_string (file, GROUP, "Token", NULL);
  return read_roles (self, file, error);
}

HandoffFolderMetadata *
handoff_folder_metadata_read (GBytes *content, GError **error)
{
  g_autoptr (HandoffFolderMetadata) self = g_new0 (HandoffFolderMetadata, 1);
  g_autoptr (GKeyFile) file = g_key_file_new ();

  if (!g_key_file_load_from_bytes (file, content, G_KEY_FILE_NONE, error))
    {
      g_prefix_error (error, NAME ": ");
      return NULL;
    }
  return read_file (self, file, error) ? g_steal_pointer (&self) : NULL;
}
