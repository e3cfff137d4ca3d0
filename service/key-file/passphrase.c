/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key-file/passphrase.h"

#include <string.h>

#include "key/key-limits.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"

struct HandoffPassphrase
{
  gboolean is_given;
  HandoffSecretBytes bytes;
  char *texts[2]; /* (owned) (nullable): in secret memory */
  guint n_texts;
  guint64 iterations; /* of all derivations until now */
};

static char *
dup_text (const guint8 *bytes, gsize size)
{
  char *text = handoff_secret_new (size + 1, HANDOFF_SECRET_DEFAULT);

  if (size > 0)
    memcpy (text, bytes, size);
  return text;
}

/* Latin-1 to UTF-8. */
static char *
dup_latin1 (const guint8 *bytes, gsize size)
{
  char *text = handoff_secret_new (2 * size + 1, HANDOFF_SECRET_DEFAULT);
  char *end = text;
  gsize i;

  for (i = 0; i < size; i++)
    end += g_unichar_to_utf8 (bytes[i], end);
  return text;
}

static gboolean
is_ascii (const guint8 *bytes, gsize size)
{
  gsize i = 0;

  while (i < size && bytes[i] < 0x80)
    i++;
  return i == size;
}

HandoffPassphrase *
handoff_passphrase_new (GBytes *passphrase, GError **error)
{
  g_autoptr (HandoffPassphrase) self = g_new0 (HandoffPassphrase, 1);
  gsize size = 0;
  const guint8 *bytes = passphrase != NULL ? g_bytes_get_data (passphrase, &size) : NULL;

  if (size > 0 && memchr (bytes, 0, size) != NULL)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                           "the passphrase has a NUL byte in it");
      return NULL;
    }
  self->is_given = passphrase != NULL;
  handoff_secret_bytes_set (&self->bytes, bytes, size);
  if (size == 0 || g_utf8_validate ((const char *) bytes, (gssize) size, NULL))
    self->texts[self->n_texts++] = dup_text (bytes, size);
  if (size == 0)
    self->texts[self->n_texts++] = NULL;
  else if (!is_ascii (bytes, size))
    self->texts[self->n_texts++] = dup_latin1 (bytes, size);
  return g_steal_pointer (&self);
}

void
handoff_passphrase_free (HandoffPassphrase *self)
{
  guint i;

  handoff_secret_bytes_clear (&self->bytes);
  for (i = 0; i < G_N_ELEMENTS (self->texts); i++)
    handoff_secret_free (self->texts[i]);
  g_free (self);
}

gconstpointer
handoff_passphrase_get_bytes (HandoffPassphrase *self, gsize *size)
{
  *size = self->bytes.size;
  return self->bytes.data != NULL ? (gconstpointer) self->bytes.data : "";
}

gboolean
handoff_passphrase_get_text (HandoffPassphrase *self, guint index, const char **text)
{
  if (index >= self->n_texts)
    return FALSE;
  *text = self->texts[index];
  return TRUE;
}

void
handoff_passphrase_choose (HandoffPassphrase *self, guint index)
{
  char *chosen;

  g_return_if_fail (index < self->n_texts);
  chosen = g_steal_pointer (&self->texts[index]);
  handoff_secret_free (self->texts[1 - index]);
  self->texts[1] = NULL;
  self->texts[0] = chosen;
  self->n_texts = 1;
}

gboolean
handoff_passphrase_refuse_iterations (guint64 iterations, GError **error)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "asks for %" G_GUINT64_FORMAT " or more iterations of its key derivation; at most "
               "%u in all are possible",
               iterations, HANDOFF_MAX_KDF_ITERATIONS);
  return FALSE;
}

gboolean
handoff_passphrase_spend (HandoffPassphrase *self, guint64 iterations, GError **error)
{
  self->iterations += iterations;
  return self->iterations <= HANDOFF_MAX_KDF_ITERATIONS ||
         handoff_passphrase_refuse_iterations (self->iterations, error);
}

gboolean
handoff_passphrase_refuse (HandoffPassphrase *self, const char *what, GError **error)
{
  gsize size;
  gconstpointer bytes = handoff_passphrase_get_bytes (self, &size);

  if (!self->is_given)
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                 "%s, and needs its passphrase", what);
  else
    g_set_error (
        error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "the passphrase is wrong%s",
        is_ascii (bytes, size) ? ""
                               : ", or the file was written with it in another character encoding");
  return FALSE;
}
