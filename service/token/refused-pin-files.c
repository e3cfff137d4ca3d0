/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token/refused-pin-files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define KEY "PinFile"

struct _HandoffRefusedPinFiles
{
  char *path; /* (owned) */

  GMutex write_mutex; /* for writers, one at a time; taken before mutex; readers do not take it */
  GMutex mutex;       /* of the table */
  GKeyFile *table;    /* (owned): a group for each token */
};

HandoffRefusedPinFiles *
handoff_refused_pin_files_new (const char *path)
{
  HandoffRefusedPinFiles *self = g_new0 (HandoffRefusedPinFiles, 1);
  g_autoptr (GError) error = NULL;

  self->path = g_strdup (path);
  g_mutex_init (&self->write_mutex);
  g_mutex_init (&self->mutex);
  self->table = g_key_file_new ();
  if (!g_key_file_load_from_file (self->table, path, G_KEY_FILE_NONE, &error) &&
      !g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    g_warning ("Cannot read which PINs were refused: %s: %s", path, error->message);
  return self;
}

void
handoff_refused_pin_files_free (HandoffRefusedPinFiles *self)
{
  g_mutex_clear (&self->write_mutex);
  g_mutex_clear (&self->mutex);
  g_key_file_unref (self->table);
  g_free (self->path);
  g_free (self);
}

gboolean
handoff_refused_pin_files_contains (HandoffRefusedPinFiles *self,
                                    const char *token,
                                    const char *identity)
{
  g_autofree char *refused = NULL;

  g_mutex_lock (&self->mutex);
  refused = g_key_file_get_string (self->table, token, KEY, NULL);
  g_mutex_unlock (&self->mutex);
  return g_strcmp0 (refused, identity) == 0;
}

/* A rename is on the disk when the folder is. */
static void
sync_folder (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    return;
  fsync (fd);
  close (fd);
}

void
handoff_refused_pin_files_add (HandoffRefusedPinFiles *self,
                               const char *token,
                               const char *identity)
{
  g_autofree char *data = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  g_mutex_lock (&self->write_mutex);
  g_mutex_lock (&self->mutex);
  g_key_file_set_string (self->table, token, KEY, identity);
  data = g_key_file_to_data (self->table, &size, NULL);
  g_mutex_unlock (&self->mutex);

  if (g_file_set_contents_full (self->path, data, (gssize) size,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                &error))
    sync_folder (self->path);
  else
    g_warning ("Cannot write down that the token “%s” refused its PIN: %s", token, error->message);
  g_mutex_unlock (&self->write_mutex);
}
