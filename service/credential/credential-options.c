/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "credential/credential-options.h"

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

typedef gboolean (*OptionFunc) (HandoffCredentialOptions *self, GVariant *value, GError **error);

typedef struct
{
  const char *name;
  const char *type;
  guint methods; /* HandoffCredentialMethod */
  OptionFunc parse;
} Option;

static gboolean
refuse (GError **error, const char *option, const char *what)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "Option %s: %s",
               option, what);
  return FALSE;
}

static gboolean
parse_all (HandoffCredentialOptions *self, GVariant *value, GError **error)
{
  self->all = g_variant_get_boolean (value);
  return TRUE;
}

static gboolean
parse_maximum (HandoffCredentialOptions *self, GVariant *value, GError **error)
{
  self->maximum = g_variant_get_uint32 (value);
  return (self->maximum >= 1 && self->maximum <= HANDOFF_LIST_PAGE) ||
         refuse (
             error, HANDOFF_OPTION_MAXIMUM,
             "must be 1 to " G_STRINGIFY (HANDOFF_LIST_PAGE) "; the option “" HANDOFF_OPTION_AFTER
                                                             "” gets those that follow");
}

static gboolean
parse_after_session (HandoffCredentialOptions *self, GVariant *value, GError **error)
{
  self->after = g_variant_get_uint64 (value);
  return TRUE;
}

static gboolean
parse_after_credential (HandoffCredentialOptions *self, GVariant *value, GError **error)
{
  g_variant_get (value, "(so)", &self->after_label, &self->after_path);
  return TRUE;
}

GPtrArray *
handoff_certificates_parse (GVariant *certificates, const char *what, GError **error)
{
  g_autoptr (GPtrArray) array = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  gsize i, n_certificates = g_variant_n_children (certificates);

  if (n_certificates < 1 || n_certificates > HANDOFF_MAX_CERTIFICATES)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "%s: must be 1 to %u certificates", what, HANDOFF_MAX_CERTIFICATES);
      return NULL;
    }
  if (g_variant_get_size (certificates) > HANDOFF_CREDENTIAL_MAX_SIZE)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "%s: must be at most %u bytes in all", what, HANDOFF_CREDENTIAL_MAX_SIZE);
      return NULL;
    }
  for (i = 0; i < n_certificates; i++)
    {
      g_autoptr (GVariant) certificate = g_variant_get_child_value (certificates, i);

      g_ptr_array_add (array, g_variant_get_data_as_bytes (certificate));
    }
  return g_steal_pointer (&array);
}

static gboolean
parse_certificates (HandoffCredentialOptions *self, GVariant *value, GError **error)
{
  self->certificates =
      handoff_certificates_parse (value, "Option " HANDOFF_OPTION_CERTIFICATES, error);
  return self->certificates != NULL;
}

static gboolean
parse_owner (HandoffCredentialOptions *self, GVariant *value, GError **error)
{
  self->owner = g_variant_get_uint32 (value);
  /* (uid_t) -1 is no user. */
  return self->owner != G_MAXUINT32 ||
         refuse (error, HANDOFF_OPTION_OWNER, "must be the uid of a user");
}

static gboolean
parse_handle (gint32 *index, const char *option, GVariant *value, GError **error)
{
  *index = g_variant_get_handle (value);
  return *index >= 0 || refuse (error, option, "is no index of a descriptor");
}

static gboolean
parse_passphrase (HandoffCredentialOptions *self, GVariant *value, GError **error)
{
  return parse_handle (&self->passphrase, HANDOFF_OPTION_PASSPHRASE, value, error);
}

static gboolean
parse_pin (HandoffCredentialOptions *self, GVariant *value, GError **error)
{
  return parse_handle (&self->pin, HANDOFF_OPTION_PIN, value, error);
}

static gboolean
parse_roles (HandoffCredentialOptions *self, GVariant *value, GError **error)
{
  guint roles = 0;
  GVariantIter iter;
  const char *role;

  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "&s", &role))
    {
      if (g_str_equal (role, HANDOFF_ROLE_NAME_CLIENT))
        roles |= HANDOFF_CREDENTIAL_ROLE_CLIENT;
      else if (g_str_equal (role, HANDOFF_ROLE_NAME_SERVER))
        roles |= HANDOFF_CREDENTIAL_ROLE_SERVER;
      else
        return refuse (error, HANDOFF_OPTION_ROLES,
                       "must be " HANDOFF_ROLE_NAME_CLIENT ", " HANDOFF_ROLE_NAME_SERVER
                       ", or both");
    }
  if (roles == 0)
    return refuse (error, HANDOFF_OPTION_ROLES,
                   "must be at least one of " HANDOFF_ROLE_NAME_CLIENT
                   " and " HANDOFF_ROLE_NAME_SERVER);
  self->roles = roles;
  return TRUE;
}

#define NEW                                                                                        \
  (HANDOFF_CREDENTIAL_METHOD_IMPORT | HANDOFF_CREDENTIAL_METHOD_GENERATE |                         \
   HANDOFF_CREDENTIAL_METHOD_LINK)

#define LIST (HANDOFF_CREDENTIAL_METHOD_LIST_CREDENTIALS | HANDOFF_CREDENTIAL_METHOD_LIST_SESSIONS)

static const Option known_options[] = {
  { HANDOFF_OPTION_AFTER, "(so)", HANDOFF_CREDENTIAL_METHOD_LIST_CREDENTIALS,
    parse_after_credential },
  { HANDOFF_OPTION_AFTER, "t", HANDOFF_CREDENTIAL_METHOD_LIST_SESSIONS, parse_after_session },
  { HANDOFF_OPTION_ALL, "b", LIST, parse_all },
  { HANDOFF_OPTION_CERTIFICATES, "aay", HANDOFF_CREDENTIAL_METHOD_LINK, parse_certificates },
  { HANDOFF_OPTION_MAXIMUM, "u", LIST, parse_maximum },
  { HANDOFF_OPTION_OWNER, "u", NEW, parse_owner },
  { HANDOFF_OPTION_PASSPHRASE, "h", HANDOFF_CREDENTIAL_METHOD_IMPORT, parse_passphrase },
  { HANDOFF_OPTION_PIN, "h", HANDOFF_CREDENTIAL_METHOD_LINK, parse_pin },
  { HANDOFF_OPTION_ROLES, "as", NEW, parse_roles },
};

static gboolean
parse_option (HandoffCredentialOptions *self,
              HandoffCredentialMethod method,
              const char *name,
              GVariant *value,
              GError **error)
{
  const Option *option = NULL;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (known_options); i++)
    {
      if (g_str_equal (known_options[i].name, name) && known_options[i].methods & method)
        option = &known_options[i];
    }
  if (option == NULL)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "This method has no option “%.64s” in this version of the service", name);
      return FALSE;
    }
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE (option->type)))
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "Option %s: must be of type %s, is of type %.64s", name, option->type,
                   g_variant_get_type_string (value));
      return FALSE;
    }
  return option->parse (self, value, error);
}

HandoffCredentialOptions *
handoff_credential_options_parse (GVariant *options,
                                  HandoffCredentialMethod method,
                                  guint caller,
                                  GError **error)
{
  g_autoptr (HandoffCredentialOptions) self = g_new0 (HandoffCredentialOptions, 1);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GVariantIter iter;
  const char *name;
  GVariant *value;

  self->owner = caller;
  self->roles = HANDOFF_CREDENTIAL_ROLE_BOTH;
  self->maximum = HANDOFF_LIST_PAGE;
  self->passphrase = -1;
  self->pin = -1;

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr (GVariant) owned_value = value;

      if (!g_hash_table_add (seen, (gpointer) name))
        {
          refuse (error, name, "is given twice");
          return NULL;
        }
      if (!parse_option (self, method, name, owned_value, error))
        return NULL;
    }
  return g_steal_pointer (&self);
}

void
handoff_credential_options_free (HandoffCredentialOptions *self)
{
  g_clear_pointer (&self->certificates, g_ptr_array_unref);
  g_free (self->after_label);
  g_free (self->after_path);
  g_free (self);
}
