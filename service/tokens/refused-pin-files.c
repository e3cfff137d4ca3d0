/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tokens/refused-pin-files.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define KEY "PinFile"

struct _HandoffRefusedPinFiles
{
  char *path;          /* (owned) */
  GKeyFile *table;     /* (owned): a group for each token */
  GThreadPool *writer; /* (owned): one thread */

  GMutex mutex; /* of next */
  char *next;   /* (owned) (nullable): what the file shall have; NULL: has, or gets now */
};

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

static void
write_file (gpointer data, gpointer user_data)
{
  HandoffRefusedPinFiles *self = data;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_mutex_lock (&self->mutex);
  text = g_steal_pointer (&self->next);
  g_mutex_unlock (&self->mutex);
  if (g_file_set_contents_full (self->path, text, -1,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                &error))
    sync_folder (self->path);
  else
    g_warning ("Cannot write down that a token refused its PIN: %s", error->message);
}

HandoffRefusedPinFiles *
handoff_refused_pin_files_new (const char *path)
{
  HandoffRefusedPinFiles *self = g_new0 (HandoffRefusedPinFiles, 1);
  g_autoptr (GError) error = NULL;

  self->path = g_strdup (path);
  self->writer = g_thread_pool_new (write_file, NULL, 1, FALSE, NULL);
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
  g_thread_pool_free (self->writer, FALSE, TRUE);
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
  g_autofree char *refused = g_key_file_get_string (self->table, token, KEY, NULL);

  return g_strcmp0 (refused, identity) == 0;
}

void
handoff_refused_pin_files_add (HandoffRefusedPinFiles *self,
                               const char *token,
                               const char *identity)
{
  gboolean is_waiting;

  g_key_file_set_string (self->table, token, KEY, identity);
  /* A module may tell of refusals faster than a disk takes them: only the last text waits. */
  g_mutex_lock (&self->mutex);
  is_waiting = self->next != NULL;
  g_free (self->next);
  self->next = g_key_file_to_data (self->table, NULL, NULL);
  g_mutex_unlock (&self->mutex);
  if (!is_waiting)
    g_thread_pool_push (self->writer, self, NULL);
}
