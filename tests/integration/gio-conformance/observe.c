/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "observe.h"

#include <stdio.h>
#include <string.h>

static GMutex lock;

void
observe (const char *format, ...)
{
  g_autofree char *line = NULL;
  va_list arguments;

  va_start (arguments, format);
  line = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_mutex_lock (&lock);
  /* At once: a case that hangs shows how far it came. */
  printf ("%s\n", line);
  fflush (stdout);
  g_mutex_unlock (&lock);
}

/* (transfer full) */
static char *
describe_error (const GError *error)
{
  GType type = error->domain == G_TLS_ERROR                   ? G_TYPE_TLS_ERROR
               : error->domain == G_IO_ERROR                  ? G_TYPE_IO_ERROR_ENUM
               : error->domain == G_TLS_CHANNEL_BINDING_ERROR ? G_TYPE_TLS_CHANNEL_BINDING_ERROR
               : error->domain == G_RESOLVER_ERROR            ? G_TYPE_RESOLVER_ERROR
                                                              : G_TYPE_INVALID;
  g_autoptr (GEnumClass) class = NULL;
  const GEnumValue *value;

  if (type == G_TYPE_INVALID)
    return g_strdup_printf ("%s %d", g_quark_to_string (error->domain), error->code);
  class = g_type_class_ref (type);
  value = g_enum_get_value (class, error->code);
  return g_strdup_printf ("%s %s", g_type_name (type),
                          value != NULL ? value->value_nick : "of an unknown code");
}

void
observe_result (const char *what, gboolean ok, GError **error)
{
  g_autofree char *described = NULL;

  if (*error != NULL)
    described = describe_error (*error);
  observe ("%s: %s%s%s", what, ok ? "TRUE" : "FALSE", described != NULL ? ", " : "",
           described != NULL ? described : "");
  g_clear_error (error);
}

void
observe_size (const char *what, gssize size, GError **error)
{
  g_autofree char *described = NULL;

  if (*error != NULL)
    described = describe_error (*error);
  observe ("%s: %" G_GSSIZE_FORMAT "%s%s", what, size, described != NULL ? ", " : "",
           described != NULL ? described : "");
  g_clear_error (error);
}

/* (transfer full) */
static char *
describe_flags (GType type, guint flags)
{
  g_autoptr (GFlagsClass) class = g_type_class_ref (type);
  g_autoptr (GString) text = g_string_new (NULL);
  guint i;

  for (i = 0; i < class->n_values; i++)
    {
      const GFlagsValue *value = &class->values[i];

      /* One bit: not the name of all together. */
      if (value->value != 0 && (value->value & (value->value - 1)) == 0 &&
          (flags & value->value) != 0)
        g_string_append_printf (text, "%s%s", text->len > 0 ? "|" : "", value->value_nick);
    }
  return g_strdup (text->len > 0 ? text->str : "none");
}

void
observe_flags (const char *what, GTlsCertificateFlags flags)
{
  g_autofree char *described = describe_flags (G_TYPE_TLS_CERTIFICATE_FLAGS, flags);

  observe ("%s: %s", what, described);
}

/* (transfer full) */
static char *
describe_certificate (GTlsCertificate *certificate)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (; certificate != NULL; certificate = g_tls_certificate_get_issuer (certificate))
    {
      g_autofree char *subject = g_tls_certificate_get_subject_name (certificate);

      g_string_append_printf (text, "%s%s", text->len > 0 ? " < " : "", subject);
    }
  return g_strdup (text->len > 0 ? text->str : "NULL");
}

void
observe_certificate (const char *what, GTlsCertificate *certificate)
{
  g_autofree char *described = describe_certificate (certificate);

  observe ("%s: %s", what, described);
}

#define NAME_KEY "conformance-name"

void
observe_call (gpointer object, const char *name)
{
  g_object_set_data_full (object, NAME_KEY, g_strdup (name), g_free);
}

char *
observe_name (gpointer object)
{
  const char *name;

  if (object == NULL)
    return g_strdup ("NULL");
  name = g_object_get_data (object, NAME_KEY);
  if (name != NULL)
    return g_strdup (name);
  if (G_IS_TLS_CERTIFICATE (object))
    return describe_certificate (object);
  return g_strdup ("an object");
}

/* (transfer full) */
static char *
describe_value (const GValue *value)
{
  if (G_VALUE_HOLDS_OBJECT (value) || g_type_is_a (G_VALUE_TYPE (value), G_TYPE_INTERFACE))
    return observe_name (g_value_get_object (value));
  if (G_VALUE_HOLDS_FLAGS (value))
    return describe_flags (G_VALUE_TYPE (value), g_value_get_flags (value));
  if (G_VALUE_HOLDS_ENUM (value))
    {
      g_autoptr (GEnumClass) class = g_type_class_ref (G_VALUE_TYPE (value));
      const GEnumValue *named = g_enum_get_value (class, g_value_get_enum (value));

      return g_strdup (named != NULL ? named->value_nick : "unknown");
    }
  if (G_VALUE_HOLDS (value, G_TYPE_STRV))
    {
      char **strings = g_value_get_boxed (value);
      g_autofree char *joined = strings != NULL ? g_strjoinv (",", strings) : NULL;

      return joined != NULL ? g_strdup_printf ("[%s]", joined) : g_strdup ("NULL");
    }
  if (G_VALUE_HOLDS_POINTER (value))
    return g_strdup_printf ("%u elements", g_list_length (g_value_get_pointer (value)));
  if (G_VALUE_HOLDS_STRING (value))
    return g_strdup (g_value_get_string (value) != NULL ? g_value_get_string (value) : "NULL");
  if (G_VALUE_HOLDS_BOOLEAN (value))
    return g_strdup (g_value_get_boolean (value) ? "TRUE" : "FALSE");
  return g_strdup_value_contents (value);
}

/* (transfer full) */
static char *
describe_property (gpointer object, const char *property)
{
  GValue value = G_VALUE_INIT;
  g_autofree char *described = NULL;

  g_object_get_property (object, property, &value);
  described = describe_value (&value);
  /* The list and what is in it are the receiver's. */
  if (g_str_equal (property, "accepted-cas"))
    g_list_free_full (g_value_get_pointer (&value), (GDestroyNotify) g_byte_array_unref);
  g_value_unset (&value);
  /* Which one is a matter of the backend's policy. */
  if (g_str_equal (property, "ciphersuite-name") && !g_str_equal (described, "NULL"))
    return g_strdup (g_str_has_prefix (described, "TLS_") ? "TLS_…" : "of another form");
  return g_steal_pointer (&described);
}

void
observe_property (gpointer object, const char *property)
{
  g_autofree char *described = describe_property (object, property);

  observe ("%s: %s", property, described);
}

void
observe_properties (GTlsConnection *connection)
{
  static const char *const common[] = {
    "base-io-stream",
    "require-close-notify",
    "rehandshake-mode",
    "use-system-certdb",
    "database",
    "interaction",
    "certificate",
    "peer-certificate",
    "peer-certificate-errors",
    "negotiated-protocol",
    "protocol-version",
    "ciphersuite-name",
    "advertised-protocols",
  };
  static const char *const client[] = { "validation-flags", "server-identity", "use-ssl3",
                                        "accepted-cas" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (common); i++)
    observe_property (connection, common[i]);
  if (!G_IS_TLS_CLIENT_CONNECTION (connection))
    observe_property (connection, "authentication-mode");
  else
    for (i = 0; i < G_N_ELEMENTS (client); i++)
      observe_property (connection, client[i]);
}

static void
notify_cb (GObject *object, GParamSpec *pspec, gpointer thread)
{
  g_autofree char *described = describe_property (object, pspec->name);

  observe ("notify %s: %s%s", pspec->name, described,
           thread == g_thread_self () ? "" : ", in another thread");
}

void
observe_notifications (gpointer object)
{
  g_signal_connect (object, "notify", G_CALLBACK (notify_cb), g_thread_self ());
}
