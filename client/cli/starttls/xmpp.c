/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "starttls/xmpp.h"

#include <string.h>

#define NAMESPACE "urn:ietf:params:xml:ns:xmpp-tls"
/* The stream is an element, which stays open; what is said in it are its children. */
#define STANZA_DEPTH 2

typedef enum
{
  WAIT_FOR_FEATURES,
  FEATURES_CAME,
  PROCEED,
  REFUSED,
  FOREIGN,
} State;

typedef struct
{
  State state;
  guint depth;
  gboolean offers_tls;
  char *reason; /* (owned) (nullable): what the server calls its refusal */
} Stream;

/* Prefixes differ from server to server. */
static const char *
get_local_name (const char *name)
{
  const char *colon = strchr (name, ':');

  return colon != NULL ? colon + 1 : name;
}

static void
start_element (G_GNUC_UNUSED GMarkupParseContext *context,
               const char *element,
               G_GNUC_UNUSED const char **names,
               G_GNUC_UNUSED const char **values,
               gpointer user_data,
               G_GNUC_UNUSED GError **error)
{
  Stream *self = user_data;
  const char *name = get_local_name (element);

  self->depth++;
  if (self->depth == 1 && !g_str_equal (name, "stream"))
    self->state = FOREIGN;
  else if (self->depth == STANZA_DEPTH + 1 && g_str_equal (name, "starttls"))
    self->offers_tls = TRUE;
  else if (self->depth == STANZA_DEPTH + 1 && self->reason == NULL)
    self->reason = g_strdup (name);
}

/* What a stanza means is known at its end: TLS may begin right behind it. */
static void
end_element (G_GNUC_UNUSED GMarkupParseContext *context,
             const char *element,
             gpointer user_data,
             G_GNUC_UNUSED GError **error)
{
  Stream *self = user_data;
  const char *name = get_local_name (element);

  self->depth--;
  if (self->depth == 0 && self->state != FOREIGN)
    self->state = REFUSED; /* the end of the stream */
  if (self->depth != STANZA_DEPTH - 1)
    return;
  if (g_str_equal (name, "features") && self->state == WAIT_FOR_FEATURES)
    self->state = FEATURES_CAME;
  else if (g_str_equal (name, "proceed") && self->state == FEATURES_CAME)
    self->state = PROCEED;
  else if (g_str_equal (name, "failure") || g_str_equal (name, "error"))
    self->state = REFUSED;
  else
    self->state = FOREIGN;
}

/* Byte by byte, until the state changes. */
static gboolean
read_stanza (CliWire *wire, GMarkupParseContext *parser, Stream *stream, GError **error)
{
  const State before = stream->state;
  g_autoptr (GString) text = g_string_new (NULL);

  g_clear_pointer (&stream->reason, g_free);
  while (stream->state == before)
    {
      char byte;

      if (!cli_wire_read (wire, &byte, 1, error))
        return FALSE;
      g_string_append_c (text, byte);
      if (!g_markup_parse_context_parse (parser, &byte, 1, NULL))
        stream->state = FOREIGN;
    }
  if (stream->state == REFUSED)
    cli_wire_set_refused (wire, stream->reason != NULL ? stream->reason : text->str, error);
  else if (stream->state == FOREIGN)
    cli_wire_set_foreign_bytes (wire, (const guint8 *) text->str, text->len, error);
  else
    return TRUE;
  return FALSE;
}

static gboolean
write_text (CliWire *wire, const char *text, GError **error)
{
  return cli_wire_write (wire, text, strlen (text), error);
}

/**
 * cli_starttls_xmpp:
 *
 * RFC 6120 5.4. The server is told the domain, since one may serve several.
 */
gboolean
cli_starttls_xmpp (CliWire *wire, GError **error)
{
  const GMarkupParser functions = { .start_element = start_element, .end_element = end_element };
  Stream stream = { 0 };
  g_autoptr (GMarkupParseContext) parser =
      g_markup_parse_context_new (&functions, G_MARKUP_DEFAULT_FLAGS, &stream, NULL);
  g_autofree char *header = g_markup_printf_escaped (
      "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
      "xmlns:stream='http://etherx.jabber.org/streams' to='%s' version='1.0'>",
      wire->domain);
  gboolean ok;

  ok = write_text (wire, header, error) && read_stanza (wire, parser, &stream, error);
  if (ok && !stream.offers_tls)
    {
      cli_wire_set_not_offered (wire, error);
      ok = FALSE;
    }
  ok = ok && write_text (wire, "<starttls xmlns='" NAMESPACE "'/>", error) &&
       read_stanza (wire, parser, &stream, error);
  g_free (stream.reason);
  return ok;
}
