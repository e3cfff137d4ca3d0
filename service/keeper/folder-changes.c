/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "keeper/folder-changes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/folder-reading.h"
#include "keeper/user-turns.h"
#include "keyblob/sealed-memfd.h"
#include "keyblob/tls-handoff-error.h"
#include "link/keeper-messages.h"

#define ID_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_"

typedef struct _Kind Kind;

typedef struct
{
  HandoffFolderChanges *changes; /* (unowned) */
  const Kind *kind;
  HandoffLinkCall *call;         /* (owned) */
  GVariant *body;                /* (owned): of the request */
  HandoffKeptKey *key;           /* (owned) (nullable): of a new credential in a file */
  HandoffFolderReading *reading; /* (owned) (nullable) */
  guint n_told;                  /* of what was read */
  GError *error;                 /* (owned) (nullable) */
} Change;

struct _Kind
{
  guint number; /* of the row */
  /* (nullable): before it begins: FALSE with the error if it cannot. */
  gboolean (*prepare) (Change *change, GError **error);
  /* On the thread. */
  gboolean (*write) (Change *change, int directory, GError **error);
  /* Then, if that succeeded: ends the change, now or later. */
  void (*finish) (Change *change);
};

struct _HandoffFolderChanges
{
  HandoffLink *link;        /* (unowned) */
  HandoffKeyRing *ring;     /* (unowned) */
  int parent;               /* (owned): the folder that the directory is in; -1: there is none */
  int directory;            /* (owned): -1: it cannot be used; the writer's while it writes */
  char *path;               /* (owned): its */
  GError *directory_error;  /* (owned) (nullable) */
  HandoffUserTurns *writer; /* (owned) */
  GQueue waiting;           /* (element-type Change) */
  Change *current;          /* (owned) (nullable) */
  guint n_loads;            /* of the changes that wait, or are under way */
  void (*loaded) (gpointer user_data);
  gpointer loaded_data; /* (unowned) */
};

static void
change_free (Change *change)
{
  g_variant_unref (change->body);
  g_clear_pointer (&change->key, handoff_kept_key_unref);
  g_clear_pointer (&change->reading, handoff_folder_reading_free);
  g_clear_error (&change->error);
  g_free (change);
}

static void begin_next (HandoffFolderChanges *self);

/* Answers: by error if there is one. reply: floating */
static void
end (Change *change, GVariant *reply)
{
  HandoffFolderChanges *self = change->changes;

  if (change->error != NULL)
    handoff_link_call_fail (change->call, change->error);
  else
    handoff_link_call_return (change->call, reply, NULL, 0);
  self->current = NULL;
  change_free (change);
  begin_next (self);
}

static void
fail (Change *change, GError *error)
{
  g_clear_error (&change->error);
  change->error = error;
  end (change, NULL);
}

static void
write_change (gpointer data)
{
  Change *change = data;

  change->kind->write (change, change->changes->directory, &change->error);
}

static void
change_written (gpointer data)
{
  Change *change = data;

  HandoffFolderChanges *self = change->changes;
  const gboolean is_load = change->kind->number == HANDOFF_KEEPER_LOAD;

  if (change->error != NULL)
    end (change, NULL);
  else
    change->kind->finish (change);
  if (is_load && --self->n_loads == 0 && self->loaded != NULL)
    self->loaded (self->loaded_data);
}

gboolean
handoff_folder_changes_are_loading (HandoffFolderChanges *self)
{
  return self->n_loads > 0;
}

void
handoff_folder_changes_set_loaded (HandoffFolderChanges *self,
                                   void (*loaded) (gpointer user_data),
                                   gpointer user_data)
{
  self->loaded = loaded;
  self->loaded_data = user_data;
}

static void
begin_next (HandoffFolderChanges *self)
{
  GError *error = NULL;

  if (self->current != NULL || g_queue_is_empty (&self->waiting))
    return;
  self->current = g_queue_pop_head (&self->waiting);
  if (self->directory < 0 && self->current->kind->number != HANDOFF_KEEPER_LOAD)
    fail (self->current, g_error_copy (self->directory_error));
  else if (self->current->kind->prepare != NULL &&
           !self->current->kind->prepare (self->current, &error))
    fail (self->current, error);
  else
    handoff_user_turns_add (self->writer, 0, write_change, change_written, self->current);
}

/* ids are names of folders, and elements of object paths. */
static const char *
get_id (const Change *change)
{
  const char *id;

  g_variant_get_child (change->body, 0, "&s", &id);
  return id;
}

static gboolean
check_id (Change *change, GError **error)
{
  const char *id = get_id (change);

  if (*id != '\0' && strspn (id, ID_CHARACTERS) == strlen (id))
    return TRUE;
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                       "There is no such credential");
  return FALSE;
}

/* The description, which is the body's last member. (transfer full) */
static GVariant *
get_description (const Change *change)
{
  return g_variant_get_child_value (change->body, g_variant_n_children (change->body) - 1);
}

static void
finish_empty (Change *change)
{
  end (change, g_variant_new ("()"));
}

/* Load */

/* The directory as it is now: somebody may have put another in its place, out of a backup. Without
 * one, no change is possible until the next time. */
static gboolean
open_directory (HandoffFolderChanges *self, GError **error)
{
  g_autofree char *name = g_path_get_basename (self->path);
  int code = ENOENT;

  if (self->directory >= 0)
    close (self->directory);
  self->directory = -1;
  g_clear_error (&self->directory_error);
  if (self->parent >= 0 && (mkdirat (self->parent, name, 0700) == 0 || errno == EEXIST))
    self->directory = openat (self->parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (self->parent >= 0)
    code = errno;
  if (self->directory >= 0)
    return TRUE;
  g_set_error (&self->directory_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
               "The credentials' directory %s cannot be made: %s", self->path, g_strerror (code));
  g_propagate_error (error, g_error_copy (self->directory_error));
  return FALSE;
}

static gboolean
write_load (Change *change, int unused, GError **error)
{
  HandoffFolderChanges *self = change->changes;

  if (!open_directory (self, error))
    return FALSE;
  change->reading = handoff_folder_reading_new (self->directory, self->path, error);
  return change->reading != NULL;
}

/* Somebody wrote more into the files of that one than can be told. The others do not wait for it.
 */
static void
leave_aside (Change *change, const GError *error)
{
  HandoffFolderReading *reading = change->reading;
  const HandoffKeptFolder *folder = g_ptr_array_index (reading->folders, change->n_told - 1);

  reading->n_damaged++;
  g_warning ("The credential in %s/%s is left aside: %s", change->changes->path, folder->id,
             error->message);
}

static void tell_next (Change *change);

static void
told (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  Change *change = user_data;

  /* If the broker is gone, nobody is to be told, and the link's end ends everything. */
  if (error != NULL && !g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED))
    return;
  if (error != NULL)
    leave_aside (change, error);
  tell_next (change);
}

/* FALSE with the error if the file cannot be made. file: (nullable): none */
static gboolean
add_file (GBytes *file, int *fds, guint *n_fds, GError **error)
{
  if (file == NULL)
    return TRUE;
  fds[*n_fds] = handoff_sealed_memfd_new (file, error);
  if (fds[*n_fds] < 0)
    return FALSE;
  (*n_fds)++;
  return TRUE;
}

static GVariant *
new_bytes (gconstpointer data, gsize size)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, size, 1);
}

static gboolean
tell_undescribed (Change *change, const HandoffKeptFolder *folder, GError **error)
{
  const HandoffFolderMetadata *metadata = folder->metadata;
  gsize size;
  gconstpointer key = g_bytes_get_data (folder->public_key, &size);
  int fds[2];
  guint n_fds = 0;

  if (!add_file (folder->certificates, fds, &n_fds, error) ||
      !add_file (folder->ocsp_response, fds, &n_fds, error))
    {
      while (n_fds > 0)
        close (fds[--n_fds]);
      return FALSE;
    }
  handoff_link_request (
      change->changes->link, HANDOFF_KEEPER_UNDESCRIBED,
      g_variant_new ("(ssuus@ay@aybb)", folder->id, metadata->label, metadata->owner,
                     metadata->roles, metadata->token_uri != NULL ? metadata->token_uri : "",
                     new_bytes (key, size), new_bytes (folder->digest, sizeof folder->digest),
                     folder->certificates != NULL, folder->ocsp_response != NULL),
      fds, n_fds, told, change);
  return TRUE;
}

static void
tell_described (Change *change, const HandoffKeptFolder *folder)
{
  const HandoffFolderMetadata *metadata = folder->metadata;

  handoff_link_request (change->changes->link, HANDOFF_KEEPER_LOADED,
                        g_variant_new ("(ssuus@" HANDOFF_DESCRIPTION_TYPE ")", folder->id,
                                       metadata->label, metadata->owner, metadata->roles,
                                       metadata->token_uri != NULL ? metadata->token_uri : "",
                                       folder->description),
                        NULL, 0, told, change);
}

static void
tell_next (Change *change)
{
  HandoffFolderReading *reading = change->reading;
  const HandoffKeptFolder *folder;
  GError *error = NULL;

  if (change->n_told == reading->folders->len)
    {
      end (change, g_variant_new ("(u)", reading->n_damaged));
      return;
    }
  folder = g_ptr_array_index (reading->folders, change->n_told++);
  if (folder->description != NULL)
    tell_described (change, folder);
  else if (!tell_undescribed (change, folder, &error))
    fail (change, error);
}

static void
finish_load (Change *change)
{
  HandoffKeyRing *ring = change->changes->ring;
  guint i;

  handoff_key_ring_remove_stored (ring);
  for (i = 0; i < change->reading->folders->len; i++)
    {
      const HandoffKeptFolder *folder = g_ptr_array_index (change->reading->folders, i);

      if (folder->key != NULL)
        handoff_key_ring_store (ring, folder->id, folder->key);
    }
  tell_next (change);
}

/* Describe */

static gboolean
write_describe (Change *change, int directory, GError **error)
{
  g_autoptr (GVariant) digest = g_variant_get_child_value (change->body, 1);
  g_autoptr (GVariant) description = get_description (change);
  gsize size;
  const guint8 *data = g_variant_get_fixed_array (digest, &size, 1);

  if (size == HANDOFF_DESCRIPTION_DIGEST_SIZE)
    return handoff_kept_folder_describe (directory, get_id (change), data, description, error);
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                       "There are no files with such a digest");
  return FALSE;
}

/* Add */

static gboolean
prepare_add (Change *change, GError **error)
{
  g_autoptr (GVariant) description = get_description (change);
  const char *token_uri;

  if (!check_id (change, error))
    return FALSE;
  g_variant_get_child (change->body, 4, "&s", &token_uri);
  if (*token_uri != '\0')
    return TRUE;
  if (change->key != NULL)
    return handoff_description_is_of_key (description,
                                          handoff_kept_key_get_public_key (change->key), error);
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                       "The credential's key is not there any more");
  return FALSE;
}

/* When the request comes: the key may be released before it is this change's turn. */
static void
take_key (Change *change)
{
  HandoffKeptKey *key = handoff_key_ring_lookup (change->changes->ring, get_id (change));
  const char *token_uri;

  g_variant_get_child (change->body, 4, "&s", &token_uri);
  if (key != NULL && *token_uri == '\0')
    change->key = handoff_kept_key_ref (key);
}

static gboolean
write_add (Change *change, int directory, GError **error)
{
  g_autoptr (HandoffFolderMetadata) metadata = NULL;
  g_autoptr (GVariant) description = NULL;
  const char *id, *label, *token_uri;
  guint32 owner, roles;

  g_variant_get (change->body, "(&s&suu&s@" HANDOFF_DESCRIPTION_TYPE ")", &id, &label, &owner,
                 &roles, &token_uri, &description);
  metadata =
      handoff_folder_metadata_new (label, owner, roles, *token_uri != '\0' ? token_uri : NULL);
  return handoff_kept_folder_write (directory, id, metadata, change->key, description, error);
}

static void
finish_add (Change *change)
{
  if (change->key != NULL)
    handoff_key_ring_store (change->changes->ring, get_id (change), change->key);
  finish_empty (change);
}

/* Other certificates */

static gboolean
prepare_certificates (Change *change, GError **error)
{
  g_autoptr (GVariant) description = get_description (change);
  HandoffKeptKey *key = handoff_key_ring_lookup (change->changes->ring, get_id (change));

  return check_id (change, error) &&
         (key == NULL || handoff_description_is_of_key (
                             description, handoff_kept_key_get_public_key (key), error));
}

static gboolean
write_certificates (Change *change, int directory, GError **error)
{
  g_autoptr (GVariant) description = get_description (change);

  return handoff_kept_folder_certify (directory, get_id (change), description, error);
}

/* Another OCSP response */

static gboolean
write_response (Change *change, int directory, GError **error)
{
  g_autoptr (GVariant) description = get_description (change);

  return handoff_kept_folder_staple (directory, get_id (change), description, error);
}

/* Removal */

static gboolean
write_removal (Change *change, int directory, GError **error)
{
  return handoff_kept_folder_remove (directory, get_id (change), error);
}

static void
finish_removal (Change *change)
{
  handoff_key_ring_remove (change->changes->ring, get_id (change));
  finish_empty (change);
}

static const Kind kinds[] = {
  { HANDOFF_KEEPER_LOAD, NULL, write_load, finish_load },
  { HANDOFF_KEEPER_DESCRIBE, check_id, write_describe, finish_empty },
  { HANDOFF_KEEPER_ADD, prepare_add, write_add, finish_add },
  { HANDOFF_KEEPER_SET_CERTIFICATES, prepare_certificates, write_certificates, finish_empty },
  { HANDOFF_KEEPER_SET_OCSP_RESPONSE, prepare_certificates, write_response, finish_empty },
  { HANDOFF_KEEPER_REMOVE, check_id, write_removal, finish_removal },
};

gboolean
handoff_folder_changes_receive (HandoffFolderChanges *self, HandoffLinkMessage *message)
{
  const Kind *kind = NULL;
  Change *change;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (kinds) && kind == NULL; i++)
    {
      if (kinds[i].number == message->number)
        kind = &kinds[i];
    }
  if (kind == NULL)
    return FALSE;
  change = g_new0 (Change, 1);
  change->changes = self;
  change->kind = kind;
  change->call = g_steal_pointer (&message->call);
  change->body = g_variant_ref (message->body);
  if (kind->number == HANDOFF_KEEPER_ADD)
    take_key (change);
  if (kind->number == HANDOFF_KEEPER_LOAD)
    self->n_loads++;
  g_queue_push_tail (&self->waiting, change);
  begin_next (self);
  return TRUE;
}

HandoffFolderChanges *
handoff_folder_changes_new (HandoffLink *link, HandoffKeyRing *ring, int parent, const char *path)
{
  HandoffFolderChanges *self = g_new0 (HandoffFolderChanges, 1);

  self->link = link;
  self->ring = ring;
  self->parent = parent;
  self->directory = -1;
  self->path = g_strdup (path);
  self->directory_error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                                               "The credentials were not read yet");
  self->writer = handoff_user_turns_new ("folders", 1, 1);
  g_queue_init (&self->waiting);
  return self;
}

void
handoff_folder_changes_free (HandoffFolderChanges *self)
{
  /* Who asked is gone: nobody is answered. */
  handoff_user_turns_free (self->writer);
  g_clear_pointer (&self->current, change_free);
  g_queue_clear_full (&self->waiting, (GDestroyNotify) change_free);
  if (self->directory >= 0)
    close (self->directory);
  if (self->parent >= 0)
    close (self->parent);
  g_clear_error (&self->directory_error);
  g_free (self->path);
  g_free (self);
}
