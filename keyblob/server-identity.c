/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "keyblob/server-identity.h"

#include <gnutls/gnutls.h>
#include <string.h>

#include "keyblob/tls-handoff-error.h"

/* RFC 1035 2.3.4 as text without the final dot; U-labels may be longer than the A-labels they stand
 * for. */
#define MAX_HOST_NAME_LENGTH 253
#define MAX_TEXT_LENGTH 1024

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error (
      error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
      "server_identity: %s; it must be a DNS name, or an IPv4 or IPv6 address without brackets",
      what);
  return FALSE;
}

static gboolean
parse_address (HandoffServerIdentity *self, const char *text)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (text);

  if (address == NULL)
    return FALSE;
  self->address_size = g_inet_address_get_native_size (address);
  memcpy (self->address, g_inet_address_to_bytes (address), self->address_size);
  self->text = g_inet_address_to_string (address);
  return TRUE;
}

/* A last label of digits is a mistyped address: there is no such top-level domain (RFC 3696 2). */
static gboolean
is_host_name (const char *name)
{
  const char *label = name;
  const char *p;

  if (*name == '\0' || strlen (name) > MAX_HOST_NAME_LENGTH)
    return FALSE;
  for (p = name;; p++)
    {
      if (*p == '.' || *p == '\0')
        {
          if (p == label || p - label > 63)
            return FALSE;
          if (*p == '\0')
            return strspn (label, "0123456789") < (gsize) (p - label);
          label = p + 1;
        }
      else if (!g_ascii_isalnum (*p) && *p != '-' && *p != '_')
        return FALSE;
    }
}

/* The mapping of internationalized names drops ASCII characters that no name may have, and
 * characters that stand for them (U+FF0F for a slash). The rest would be another server's name. */
static gboolean
is_mappable (const char *text)
{
  g_autofree char *normalized = g_utf8_normalize (text, -1, G_NORMALIZE_ALL_COMPOSE);
  const char *p;

  for (p = normalized; p != NULL && *p != '\0'; p++)
    {
      if (g_ascii_isprint (*p) && !g_ascii_isalnum (*p) && *p != '-' && *p != '.')
        return FALSE;
    }
  return normalized != NULL;
}

static gboolean
parse_host_name (HandoffServerIdentity *self, const char *text, GError **error)
{
  gnutls_datum_t mapped = { NULL, 0 };
  gsize length;

  if (!g_str_is_ascii (text) && !is_mappable (text))
    return refuse (error, "an internationalized name has letters, digits, hyphens and dots only");
  if (gnutls_idna_map (text, strlen (text), &mapped, 0) < 0)
    return refuse (error, "not a valid internationalized name (RFC 5891)");

  self->host_name = g_ascii_strdown ((const char *) mapped.data, mapped.size);
  gnutls_free (mapped.data);

  /* RFC 6066 3: the name is sent without a trailing dot. */
  length = strlen (self->host_name);
  if (length > 1 && self->host_name[length - 1] == '.')
    self->host_name[length - 1] = '\0';

  if (!is_host_name (self->host_name))
    return refuse (error, "not a valid name");
  self->text = g_strdup (self->host_name);
  return TRUE;
}

HandoffServerIdentity *
handoff_server_identity_parse (const char *text, GError **error)
{
  g_autoptr (HandoffServerIdentity) self = g_new0 (HandoffServerIdentity, 1);
  const char *p;

  if (*text == '\0')
    {
      refuse (error, "empty");
      return NULL;
    }
  if (strlen (text) > MAX_TEXT_LENGTH)
    {
      refuse (error, "too long");
      return NULL;
    }
  /* The mapping of internationalized names drops some control characters. */
  for (p = text; *p != '\0'; p++)
    {
      if (g_ascii_iscntrl (*p))
        {
          refuse (error, "has a control character");
          return NULL;
        }
      /* GLib would accept only the zones of the service's own interfaces, and drop them. */
      if (*p == '%')
        {
          refuse (error, "has a zone, which no certificate has");
          return NULL;
        }
    }
  if (!parse_address (self, text) && !parse_host_name (self, text, error))
    return NULL;
  return g_steal_pointer (&self);
}

HandoffServerIdentity *
handoff_server_identity_new_for_nobody (void)
{
  HandoffServerIdentity *self = g_new0 (HandoffServerIdentity, 1);

  self->text = g_strdup ("");
  return self;
}

gboolean
handoff_server_identity_is_nobody (const HandoffServerIdentity *self)
{
  return *self->text == '\0';
}

const char *
handoff_server_identity_describe (const HandoffServerIdentity *self)
{
  return handoff_server_identity_is_nobody (self) ? "the server" : self->text;
}

void
handoff_server_identity_free (HandoffServerIdentity *self)
{
  g_free (self->text);
  g_free (self->host_name);
  g_free (self);
}
