/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key-file/pem-file.h"

#include <gnutls/gnutls.h>
#include <string.h>

#include "key/key-limits.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"
#define MAX_LABEL_SIZE 64

/* The text that is left to read. */
typedef struct
{
  const char *data; /* (unowned) */
  gsize size;
} Text;

static void
pem_block_free (gpointer data)
{
  HandoffPemBlock *self = data;

  g_free (self->label);
  g_free (self->dek_info);
  g_clear_pointer (&self->der, g_bytes_unref);
  g_free (self);
}

gboolean
handoff_pem_is_pem (const guint8 *data, gsize size)
{
  /* A SEQUENCE of more than 127 bytes. */
  const gboolean is_der = size > 1 && data[0] == 0x30 && data[1] >= 0x80 && data[1] <= 0x84;

  return size > 0 && !is_der && memmem (data, size, BEGIN, strlen (BEGIN)) != NULL;
}

/* Takes text up to and with the next mark. before: (out): the text before the mark */
static gboolean
take_until (Text *text, const char *mark, Text *before)
{
  const char *found = text->size > 0 ? memmem (text->data, text->size, mark, strlen (mark)) : NULL;
  gsize taken;

  if (found == NULL)
    return FALSE;
  before->data = text->data;
  before->size = (gsize) (found - text->data);
  taken = before->size + strlen (mark);
  text->data += taken;
  text->size -= taken;
  return TRUE;
}

/* Takes a line, with any kind of line end, and leaves out the space around it. */
static gboolean
take_line (Text *text, Text *line)
{
  gsize i = 0;

  if (text->size == 0)
    return FALSE;
  while (i < text->size && text->data[i] != '\n' && text->data[i] != '\r')
    i++;
  line->data = text->data;
  line->size = i;
  while (line->size > 0 && g_ascii_isspace (line->data[0]))
    {
      line->data++;
      line->size--;
    }
  while (line->size > 0 && g_ascii_isspace (line->data[line->size - 1]))
    line->size--;
  if (i + 1 < text->size && text->data[i] == '\r' && text->data[i + 1] == '\n')
    i++;
  i = MIN (i + 1, text->size);
  text->data += i;
  text->size -= i;
  return TRUE;
}

/* Whether the words can be part of an error message. */
static gboolean
is_printable (const char *text, gsize size)
{
  gsize i = 0;

  while (i < size && g_ascii_isprint (text[i]))
    i++;
  return i == size;
}

/* The headers before the base64, up to an empty line. (transfer full) (nullable) */
static char *
take_dek_info (Text *body)
{
  static const char name[] = "DEK-Info:";
  Text rest = *body, line;
  char *dek_info = NULL;

  /* The line end behind the dashes. */
  take_line (&rest, &line);
  if (rest.size == 0 || !take_line (&rest, &line) || memchr (line.data, ':', line.size) == NULL)
    return NULL;
  do
    {
      if (dek_info == NULL && line.size > strlen (name) &&
          g_ascii_strncasecmp (line.data, name, strlen (name)) == 0)
        dek_info =
            is_printable (line.data, line.size)
                ? g_strstrip (g_strndup (line.data + strlen (name), line.size - strlen (name)))
                : g_strdup ("?");
    }
  while (take_line (&rest, &line) && line.size > 0);
  *body = rest;
  return dek_info;
}

static GBytes *
decode (const Text *base64, gboolean is_secret)
{
  const gnutls_datum_t datum = { (guint8 *) base64->data, (guint) base64->size };
  gnutls_datum_t der = { NULL, 0 };
  GBytes *bytes;

  if (gnutls_base64_decode2 (&datum, &der) < 0)
    return NULL;
  if (is_secret)
    {
      guint8 *secret = handoff_secret_new (MAX (der.size, 1), HANDOFF_SECRET_DEFAULT);

      if (der.size > 0)
        memcpy (secret, der.data, der.size);
      bytes = g_bytes_new_with_free_func (secret, der.size, handoff_secret_free, secret);
      handoff_wipe (der.data, der.size);
    }
  else
    bytes = g_bytes_new (der.data, der.size);
  gnutls_free (der.data);
  return bytes;
}

/* text: behind the dashes of a BEGIN line. */
static HandoffPemBlock *
take_block (Text *text, const char *label, GError **error)
{
  g_autofree char *mark = g_strconcat (END, label, DASHES, NULL);
  HandoffPemBlock *self;
  Text body;

  if (!take_until (text, mark, &body))
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "is cut off: there is no “%s”", mark);
      return NULL;
    }
  self = g_new0 (HandoffPemBlock, 1);
  self->label = g_strdup (label);
  self->dek_info = take_dek_info (&body);
  self->der = decode (&body, strstr (label, "CERTIFICATE") == NULL);
  /* A block that is neither a key nor a certificate may have another form. */
  if (self->der != NULL ||
      (strstr (label, "PRIVATE KEY") == NULL && strstr (label, "CERTIFICATE") == NULL))
    return self;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "is damaged: what stands between “" BEGIN "%s" DASHES "” and its end is no base64",
               label);
  pem_block_free (self);
  return NULL;
}

/* (transfer full) (nullable): NULL for text that only looks like the beginning of a block */
static char *
take_label (Text *text)
{
  Text line = { text->data, MIN (text->size, MAX_LABEL_SIZE + strlen (DASHES)) };
  Text label;

  if (!take_until (&line, DASHES, &label) || !is_printable (label.data, label.size))
    return NULL;
  text->size -= (gsize) (line.data - text->data);
  text->data = line.data;
  return g_strndup (label.data, label.size);
}

GPtrArray *
handoff_pem_parse (const guint8 *data, gsize size, GError **error)
{
  g_autoptr (GPtrArray) blocks = g_ptr_array_new_with_free_func (pem_block_free);
  Text text = { (const char *) data, size };
  Text before;

  while (take_until (&text, BEGIN, &before))
    {
      g_autofree char *label = take_label (&text);
      HandoffPemBlock *block;

      if (label == NULL)
        continue;
      if (blocks->len == HANDOFF_MAX_FILE_PARTS)
        {
          g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                       "has more than the %u parts that are possible", HANDOFF_MAX_FILE_PARTS);
          return NULL;
        }
      block = take_block (&text, label, error);
      if (block == NULL)
        return NULL;
      g_ptr_array_add (blocks, block);
    }
  return g_steal_pointer (&blocks);
}
