/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token-text/token-uri.h"

#include <string.h>

#include "keyblob/tls-handoff-error.h"

#define SCHEME "pkcs11:"
#define MAXIMUM_SIZE 1024 /* bytes of a whole URI */

/* In the order of the canonical spelling. */
typedef enum
{
  ATTRIBUTE_LIBRARY_MANUFACTURER,
  ATTRIBUTE_LIBRARY_DESCRIPTION,
  ATTRIBUTE_LIBRARY_VERSION,
  ATTRIBUTE_MODEL,
  ATTRIBUTE_MANUFACTURER,
  ATTRIBUTE_SERIAL,
  ATTRIBUTE_TOKEN,
  ATTRIBUTE_ID,
  ATTRIBUTE_OBJECT,
  ATTRIBUTE_TYPE,
  N_ATTRIBUTES,
} Attribute;

static const char *const names[N_ATTRIBUTES] = {
  [ATTRIBUTE_LIBRARY_MANUFACTURER] = "library-manufacturer",
  [ATTRIBUTE_LIBRARY_DESCRIPTION] = "library-description",
  [ATTRIBUTE_LIBRARY_VERSION] = "library-version",
  [ATTRIBUTE_MODEL] = "model",
  [ATTRIBUTE_MANUFACTURER] = "manufacturer",
  [ATTRIBUTE_SERIAL] = "serial",
  [ATTRIBUTE_TOKEN] = "token",
  [ATTRIBUTE_ID] = "id",
  [ATTRIBUTE_OBJECT] = "object",
  [ATTRIBUTE_TYPE] = "type",
};

struct _HandoffTokenUri
{
  GBytes *values[N_ATTRIBUTES]; /* (owned) (nullable): unescaped; all but "id" are text */
};

void
handoff_token_uri_free (HandoffTokenUri *self)
{
  gsize i;

  for (i = 0; i < N_ATTRIBUTES; i++)
    g_clear_pointer (&self->values[i], g_bytes_unref);
  g_free (self);
}

/* The bytes that text stands for, with a zero behind them that does not count; NULL if two
 * hexadecimal digits do not follow a "%". */
static GBytes *
unescape (const char *text)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 *data;
  guint8 byte;
  gsize size;

  while (*text != '\0')
    {
      byte = (guint8) *text++;
      if (byte == '%')
        {
          if (!g_ascii_isxdigit (text[0]) || !g_ascii_isxdigit (text[1]))
            return NULL;
          byte = (guint8) (g_ascii_xdigit_value (text[0]) * 16 + g_ascii_xdigit_value (text[1]));
          text += 2;
        }
      g_byte_array_append (bytes, &byte, 1);
    }
  byte = 0;
  g_byte_array_append (bytes, &byte, 1);
  data = g_byte_array_steal (bytes, &size);
  return g_bytes_new_take (data, size - 1);
}

static const char *
get_text (const HandoffTokenUri *self, Attribute attribute)
{
  /* unescape() has put a zero there. */
  return g_bytes_get_data (self->values[attribute], NULL);
}

static gboolean
find_attribute (const char *name, Attribute *attribute)
{
  gsize i;

  for (i = 0; i < N_ATTRIBUTES; i++)
    {
      if (g_str_equal (names[i], name))
        {
          *attribute = (Attribute) i;
          return TRUE;
        }
    }
  return FALSE;
}

static gboolean G_GNUC_PRINTF (2, 3) refuse (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "uri: %s", message);
  return FALSE;
}

/* The message does not have the value: that may be a PIN. */
static gboolean
refuse_attribute (const char *name, GError **error)
{
  if (g_str_equal (name, "pin-value") || g_str_equal (name, "pin-source"))
    return refuse (error,
                   "it must not have the attribute %s: a PIN is given by the option “pin”, or it "
                   "is in the PIN file of the configuration",
                   name);
  if (g_str_has_prefix (name, "module-"))
    return refuse (
        error, "it must not have the attribute %s: the configuration says which modules there are",
        name);
  if (!g_utf8_validate (name, -1, NULL))
    return refuse (error, "it must be UTF-8");
  return refuse (error, "the attribute “%s” is not supported", name);
}

/* part: "name=value" */
static gboolean
parse_attribute (HandoffTokenUri *self, char *part, GError **error)
{
  char *value = strchr (part, '=');
  g_autoptr (GBytes) bytes = NULL;
  Attribute attribute;
  gsize size;

  if (value == NULL)
    return refuse (error, "each attribute must have a “=”");
  *value++ = '\0';
  if (!find_attribute (part, &attribute))
    return refuse_attribute (part, error);
  if (self->values[attribute] != NULL)
    return refuse (error, "it has the attribute %s twice", part);

  bytes = unescape (value);
  if (bytes == NULL)
    return refuse (error, "a “%%” in its attribute %s must have two hexadecimal digits after it",
                   part);
  size = g_bytes_get_size (bytes);
  if (size == 0)
    return refuse (error, "its attribute %s must not be empty", part);
  if (attribute != ATTRIBUTE_ID && !g_utf8_validate (g_bytes_get_data (bytes, NULL), size, NULL))
    return refuse (error, "its attribute %s must be UTF-8", part);
  self->values[attribute] = g_steal_pointer (&bytes);
  return TRUE;
}

static gboolean
parse_attributes (HandoffTokenUri *self, const char *text, const char *separator, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, separator, -1);
  gsize i;

  for (i = 0; parts[i] != NULL; i++)
    {
      if (*parts[i] != '\0' && !parse_attribute (self, parts[i], error))
        return FALSE;
    }
  return TRUE;
}

HandoffTokenUri *
handoff_token_uri_parse (const char *uri, GError **error)
{
  g_autoptr (HandoffTokenUri) self = g_new0 (HandoffTokenUri, 1);
  const char *query = strchr (uri, '?');
  g_autofree char *path = query != NULL ? g_strndup (uri, query - uri) : g_strdup (uri);

  if (strlen (uri) > MAXIMUM_SIZE)
    refuse (error, "it must not be longer than 1024 bytes");
  else if (g_ascii_strncasecmp (uri, SCHEME, strlen (SCHEME)) != 0)
    refuse (error, "it must begin with “" SCHEME "”");
  else if (!parse_attributes (self, path + strlen (SCHEME), ";", error) ||
           (query != NULL && !parse_attributes (self, query + 1, "&", error)))
    return NULL;
  else if (self->values[ATTRIBUTE_TOKEN] == NULL)
    refuse (error, "it must name the token, by its label: “token=…”");
  else if (self->values[ATTRIBUTE_OBJECT] == NULL && self->values[ATTRIBUTE_ID] == NULL)
    refuse (error, "it must name the key, by its label or its id: “object=…” or “id=…”");
  else if (self->values[ATTRIBUTE_TYPE] != NULL &&
           !g_str_equal (get_text (self, ATTRIBUTE_TYPE), "private"))
    refuse (error, "it must be that of a private key: “type=private”, or no type");
  else
    return g_steal_pointer (&self);
  return NULL;
}

const char *
handoff_token_uri_get_token (const HandoffTokenUri *self)
{
  return get_text (self, ATTRIBUTE_TOKEN);
}

/* An id is not text: every byte of it is escaped. */
static void
append_attribute (GString *uri, Attribute attribute, const guint8 *data, gsize size)
{
  gsize i;

  g_string_append_printf (uri, "%s%s=", uri->len > strlen (SCHEME) ? ";" : "", names[attribute]);
  for (i = 0; i < size; i++)
    {
      if (attribute != ATTRIBUTE_ID &&
          (g_ascii_isalnum (data[i]) || (data[i] != '\0' && strchr ("-._~", data[i]) != NULL)))
        g_string_append_c (uri, (char) data[i]);
      else
        g_string_append_printf (uri, "%%%02X", data[i]);
    }
}

static void
append_attributes (const HandoffTokenUri *self, GString *uri, Attribute end)
{
  gsize i, size;

  for (i = 0; i < end; i++)
    {
      const guint8 *data = NULL;

      if (self->values[i] == NULL)
        continue;
      data = g_bytes_get_data (self->values[i], &size);
      append_attribute (uri, (Attribute) i, data, size);
    }
}

char *
handoff_token_uri_to_string (const HandoffTokenUri *self)
{
  GString *uri = g_string_new (SCHEME);

  append_attributes (self, uri, ATTRIBUTE_TYPE);
  append_attribute (uri, ATTRIBUTE_TYPE, (const guint8 *) "private", strlen ("private"));
  return g_string_free (uri, FALSE);
}

char *
handoff_token_uri_to_certificates (const HandoffTokenUri *self, const guint8 *id, gsize id_size)
{
  GString *uri = g_string_new (SCHEME);

  append_attributes (self, uri, ATTRIBUTE_ID);
  append_attribute (uri, ATTRIBUTE_ID, id, id_size);
  append_attribute (uri, ATTRIBUTE_TYPE, (const guint8 *) "cert", strlen ("cert"));
  return g_string_free (uri, FALSE);
}

char *
handoff_token_uri_canonicalize (const char *uri, GError **error)
{
  g_autoptr (HandoffTokenUri) parsed = handoff_token_uri_parse (uri, error);

  return parsed != NULL ? handoff_token_uri_to_string (parsed) : NULL;
}
