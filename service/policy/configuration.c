/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "policy/configuration.h"

#include <string.h>

#include "keyblob/cipher-suite.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

#define MAX_MESSAGE_SIZE 1024 /* bytes */

typedef enum
{
  KEY_NUMBER,
  KEY_PROTOCOL,
  KEY_PRIORITY,
  KEY_PATH,
  KEY_BOOLEAN,
  KEY_SCOPE,
  KEY_MODULES,
} KeyKind;

typedef struct
{
  const char *group;
  const char *name;
  KeyKind kind;
  gsize offset; /* in HandoffConfiguration */
  const char *default_text;
  guint minimum; /* of a number */
  guint maximum;
} Key;

#define FIELD(name) G_STRUCT_OFFSET (HandoffConfiguration, name)

static const Key keys[] = {
  { "TLS", "MinimumProtocol", KEY_PROTOCOL, FIELD (minimum_protocol), HANDOFF_PROTOCOL_TLS1_2 },
  { "TLS", "MaximumProtocol", KEY_PROTOCOL, FIELD (maximum_protocol), HANDOFF_PROTOCOL_TLS1_3 },
  /* GnuTLS's own, without RSA key exchange, with AES-CBC after all AEAD ciphers, and with X25519
   * before the other groups: nearly all have it, and most clients send its key share alone. */
  { "TLS", "Priority", KEY_PRIORITY, FIELD (priority),
    "NORMAL:-RSA:-AES-256-CBC:-AES-128-CBC:+AES-256-CBC:+AES-128-CBC:-SHA1:+SHA384:+SHA256:+SHA1"
    ":-GROUP-ALL:+GROUP-X25519:+GROUP-ALL" },
  { "TLS", "TrustFile", KEY_PATH, FIELD (trust_file), "" },
  { "TLS", "AllowMacThenEncrypt", KEY_BOOLEAN, FIELD (allow_mac_then_encrypt), "false" },
  { "Resumption", "Scope", KEY_SCOPE, FIELD (resumption_scope), "user" },
  { "Resumption", "MinimumProtocol", KEY_PROTOCOL, FIELD (resumption_minimum_protocol),
    HANDOFF_PROTOCOL_TLS1_3 },
  { "Resumption", "MaximumAge", KEY_NUMBER, FIELD (resumption_maximum_age), "7200", 1, 21600 },
  { "Resumption", "TicketWindow", KEY_NUMBER, FIELD (ticket_window), "10", 1, 60 },
  { "Timeouts", "Handshake", KEY_NUMBER, FIELD (handshake_timeout), "30", 1, 86400 },
  { "Timeouts", "MaximumTimeout", KEY_NUMBER, FIELD (maximum_timeout), "300", 1, 86400 },
  { "Timeouts", "DecisionTimeout", KEY_NUMBER, FIELD (decision_timeout), "300", 1, 86400 },
  { "Timeouts", "IdleExit", KEY_NUMBER, FIELD (idle_exit), "60", 0, 86400 },
  { "Timeouts", "AuthorizationMemory", KEY_NUMBER, FIELD (authorization_memory), "60", 0, 3600 },
  { "Limits", "UsersTotal", KEY_NUMBER, FIELD (users_total), "256", 1, 1000 },
  { "Limits", "HandshakesPerUser", KEY_NUMBER, FIELD (handshakes_per_user), "64", 1, 1000000 },
  { "Limits", "HandshakesTotal", KEY_NUMBER, FIELD (handshakes_total), "16384", 1, 1000000 },
  { "Limits", "SessionsPerUser", KEY_NUMBER, FIELD (sessions_per_user), "1024", 1, 1000000 },
  { "Limits", "SessionsTotal", KEY_NUMBER, FIELD (sessions_total), "16384", 1, 1000000 },
  { "Limits", "OutlivingSessionsPerUser", KEY_NUMBER, FIELD (outliving_sessions_per_user), "4", 0,
    1000 },
  { "Limits", "ChannelsPerUser", KEY_NUMBER, FIELD (channels_per_user), "256", 0, 100000 },
  { "Limits", "CredentialsPerUser", KEY_NUMBER, FIELD (credentials_per_user), "64", 0, 10000 },
  { "Limits", "CredentialsTotal", KEY_NUMBER, FIELD (credentials_total), "4096", 0, 100000 },
  { "Limits", "Workers", KEY_NUMBER, FIELD (workers), "0", 0, 1024 },
  { "Credentials", "AutomaticCredential", KEY_BOOLEAN, FIELD (automatic_credential), "false" },
  { "Credentials", "ExpiryWarning", KEY_NUMBER, FIELD (expiry_warning), "14", 0, 3650 },
  { "Tokens", "Modules", KEY_MODULES, FIELD (token_modules), "" },
  { "Tokens", "PinFile", KEY_PATH, FIELD (pin_file), "" },
};

static const Key *
find_key (const char *group, const char *name)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      if (g_str_equal (keys[i].group, group) && g_str_equal (keys[i].name, name))
        return &keys[i];
    }
  return NULL;
}

static gboolean
is_group (const char *group)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      if (g_str_equal (keys[i].group, group))
        return TRUE;
    }
  return FALSE;
}

static gboolean
parse_scope (const char *text, HandoffResumptionScope *scope)
{
  static const char *const names[] = {
    [HANDOFF_RESUMPTION_NONE] = "none",
    [HANDOFF_RESUMPTION_CALLER] = "caller",
    [HANDOFF_RESUMPTION_USER] = "user",
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (g_str_equal (names[i], text))
        {
          *scope = (HandoffResumptionScope) i;
          return TRUE;
        }
    }
  return FALSE;
}

/* Absolute paths, separated by semicolons; or "system". (transfer full) (nullable) */
static char **
parse_modules (const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, ";", -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  gsize i;

  if (g_str_equal (text, HANDOFF_TOKEN_MODULES_SYSTEM))
    return g_steal_pointer (&words);
  for (i = 0; words[i] != NULL; i++)
    {
      if (*g_strstrip (words[i]) == '\0')
        continue;
      if (!g_path_is_absolute (words[i]))
        return NULL;
      g_strv_builder_add (builder, words[i]);
    }
  return g_strv_builder_end (builder);
}

/* Digits alone. Not by g_ascii_string_to_unsigned(): where two threads use that for the first time,
 * one of them may find an errno that is left from waiting for the other, and refuse a number. */
static gboolean
parse_number (const char *text, guint minimum, guint maximum, guint *number)
{
  guint64 value = 0;
  const char *c;

  for (c = text; g_ascii_isdigit (*c) && value <= maximum; c++)
    value = value * 10 + (guint64) g_ascii_digit_value (*c);
  if (c == text || *c != '\0' || value < minimum || value > maximum)
    return FALSE;
  *number = (guint) value;
  return TRUE;
}

static gboolean
set_key (
    HandoffConfiguration *self, const char *path, const Key *key, const char *text, GError **error)
{
  gpointer field = G_STRUCT_MEMBER_P (self, key->offset);
  g_autofree char *allowed = NULL;

  switch (key->kind)
    {
    case KEY_NUMBER:
      if (parse_number (text, key->minimum, key->maximum, field))
        return TRUE;
      allowed = g_strdup_printf ("a number from %u to %u", key->minimum, key->maximum);
      break;
    case KEY_PROTOCOL:
      *(guint *) field = handoff_protocol_by_name (text);
      if (*(guint *) field != 0)
        return TRUE;
      allowed = g_strdup (HANDOFF_PROTOCOL_TLS1_2 " or " HANDOFF_PROTOCOL_TLS1_3);
      break;
    case KEY_PRIORITY:
      g_free (*(char **) field);
      *(char **) field = g_strdup (text);
      return TRUE;
    case KEY_PATH:
      if (*text == '\0' || g_path_is_absolute (text))
        {
          g_free (*(char **) field);
          *(char **) field = g_strdup (text);
          return TRUE;
        }
      allowed = g_strdup ("an absolute path, or nothing");
      break;
    case KEY_BOOLEAN:
      if (g_str_equal (text, "true") || g_str_equal (text, "false"))
        {
          *(gboolean *) field = g_str_equal (text, "true");
          return TRUE;
        }
      allowed = g_strdup ("true or false");
      break;
    case KEY_SCOPE:
      if (parse_scope (text, field))
        return TRUE;
      allowed = g_strdup ("user, caller or none");
      break;
    case KEY_MODULES:
      {
        char **modules = parse_modules (text);

        if (modules != NULL)
          {
            g_strfreev (*(char ***) field);
            *(char ***) field = modules;
            return TRUE;
          }
        allowed = g_strdup ("absolute paths of PKCS#11 modules, separated by semicolons, "
                            "or " HANDOFF_TOKEN_MODULES_SYSTEM);
        break;
      }
    default:
      g_assert_not_reached ();
    }

  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "%s: [%s] %s=%s: the value must be %s", path, key->group, key->name, text, allowed);
  return FALSE;
}

/* A key that we do not know is an error: a misspelt limit must not be a silent default. */
static gboolean
refuse_unknown_keys (GKeyFile *file, const char *path, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  gsize i, j;

  for (i = 0; groups[i] != NULL; i++)
    {
      g_auto (GStrv) names = g_key_file_get_keys (file, groups[i], NULL, NULL);

      if (handoff_token_module_find_path (groups[i]) != NULL)
        continue; /* load_modules() reads it */
      if (!is_group (groups[i]) && (names == NULL || names[0] == NULL))
        {
          g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                       "%s: [%s]: there is no such group; see tls-handoffd.conf(5)", path,
                       groups[i]);
          return FALSE;
        }
      for (j = 0; names != NULL && names[j] != NULL; j++)
        {
          if (find_key (groups[i], names[j]) == NULL)
            {
              g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                           "%s: [%s] %s: there is no such key; see tls-handoffd.conf(5)", path,
                           groups[i], names[j]);
              return FALSE;
            }
        }
    }
  return TRUE;
}

/* What the modules need: the groups "[Module PATH]". */
static gboolean
load_modules (HandoffConfiguration *self, GKeyFile *file, const char *path, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  gsize i, j;

  for (i = 0; groups[i] != NULL; i++)
    {
      const char *module_path = handoff_token_module_find_path (groups[i]);
      g_auto (GStrv) names = g_key_file_get_keys (file, groups[i], NULL, NULL);
      g_autoptr (HandoffTokenModule) module = NULL;

      if (module_path == NULL)
        continue;
      module = handoff_token_module_new (module_path);
      for (j = 0; names != NULL && names[j] != NULL; j++)
        {
          g_autoptr (GError) key_error = NULL;
          g_autofree char *text = g_key_file_get_string (file, groups[i], names[j], &key_error);

          if (text == NULL ||
              !handoff_token_module_set (module, names[j], g_strstrip (text), &key_error))
            {
              g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                           "%s: [%s] %s", path, groups[i], key_error->message);
              return FALSE;
            }
        }
      g_ptr_array_add (self->token_module_settings, g_steal_pointer (&module));
    }
  return TRUE;
}

HandoffTokenModule *
handoff_configuration_dup_token_module (const HandoffConfiguration *self, const char *path)
{
  guint i;

  for (i = 0; i < self->token_module_settings->len; i++)
    {
      const HandoffTokenModule *module = g_ptr_array_index (self->token_module_settings, i);

      if (g_str_equal (module->path, path))
        return handoff_token_module_copy (module);
    }
  return handoff_token_module_new (path);
}

/* file: what is in it */
static HandoffConfiguration *
configuration_new (GKeyFile *file, const char *path, GError **error)
{
  g_autoptr (HandoffConfiguration) self = g_new0 (HandoffConfiguration, 1);
  gsize i;

  g_atomic_ref_count_init (&self->ref_count);
  self->token_module_settings =
      g_ptr_array_new_with_free_func ((GDestroyNotify) handoff_token_module_free);

  if (!refuse_unknown_keys (file, path, error))
    return NULL;

  for (i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autoptr (GError) value_error = NULL;
      g_autofree char *text =
          g_key_file_get_string (file, keys[i].group, keys[i].name, &value_error);

      /* The value is not UTF-8, or has an unknown escape: that is an error, not a reason to take
       * the default. */
      if (value_error != NULL && g_key_file_has_key (file, keys[i].group, keys[i].name, NULL))
        {
          g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                       "%s: [%s] %s: %s", path, keys[i].group, keys[i].name, value_error->message);
          return NULL;
        }
      if (text != NULL)
        g_strstrip (text);
      if (!set_key (self, path, &keys[i], text != NULL ? text : keys[i].default_text, error))
        return NULL;
    }

  if (!load_modules (self, file, path, error))
    return NULL;

  if (self->minimum_protocol > self->maximum_protocol)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "%s: [TLS] MinimumProtocol must not be newer than MaximumProtocol", path);
      return NULL;
    }
  if (self->handshake_timeout > self->maximum_timeout)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "%s: [Timeouts] Handshake must not be longer than MaximumTimeout", path);
      return NULL;
    }

  return g_steal_pointer (&self);
}

static HandoffConfiguration *
parse (const char *text, gsize size, const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) local_error = NULL;

  /* GLib would take them for the end. As a crash may leave a file, that would put the defaults in
   * force. */
  if (size > 0 && memchr (text, 0, size) != NULL)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "%s: it has bytes of value 0, so it is no text", path);
      return NULL;
    }
  /* An empty file has no length that GLib would take. */
  if (size == 0 || g_key_file_load_from_data (file, text, size, G_KEY_FILE_NONE, &local_error))
    return configuration_new (file, path, error);
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "%s: %s", path,
               local_error->message);
  return NULL;
}

/* Every caller is told of it. What was quoted out of the file is shortened: what is said of it
 * stands before and behind it. */
static void
shorten (GError *error)
{
  const gsize size = strlen (error->message);
  g_autofree char *beginning = NULL;
  g_autofree char *end = NULL;

  if (size <= MAX_MESSAGE_SIZE)
    return;
  beginning = g_utf8_make_valid (error->message, MAX_MESSAGE_SIZE / 2);
  end = g_utf8_make_valid (error->message + size - MAX_MESSAGE_SIZE / 2, -1);
  g_free (error->message);
  error->message = g_strconcat (beginning, "…", end, NULL);
}

HandoffConfiguration *
handoff_configuration_new_from_data (const char *text, gsize size, const char *path, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  HandoffConfiguration *self = parse (text, size, path, &local_error);

  if (self != NULL)
    return self;
  shorten (local_error);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

HandoffConfiguration *
handoff_configuration_ref (HandoffConfiguration *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_configuration_unref (HandoffConfiguration *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->priority);
  g_free (self->trust_file);
  g_strfreev (self->token_modules);
  g_free (self->pin_file);
  g_clear_pointer (&self->token_module_settings, g_ptr_array_unref);
  g_free (self);
}
