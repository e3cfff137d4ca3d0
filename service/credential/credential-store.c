/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "credential/credential-store.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "credential/credential-folder.h"
#include "keyblob/tls-handoff-error.h"

/* Threads: files belong to the writer's thread, which does one thing after the other; tables belong
 * to the main thread, which applies a change when it is on disk. A change comes before or after a
 * complete re-read, for files and tables in the same order. There are no locks. */
struct _HandoffCredentialStore
{
  GObject parent;

  char *directory;       /* (owned) */
  HandoffTokens *tokens; /* (unowned) */
  GThreadPool *writer;   /* (owned): of one thread */

  GHashTable *credentials; /* (owned) (element-type utf8 HandoffCredential): by id */
  GPtrArray *being_added;  /* (owned) (element-type HandoffCredential) */
  guint n_damaged;
  guint n_changes; /* under way */
};

G_DEFINE_FINAL_TYPE_WITH_CODE (HandoffCredentialStore,
                               handoff_credential_store,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (HANDOFF_TYPE_CREDENTIALS,
                                                      handoff_credential_store_be_credentials))

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* What the writer reads. */
typedef struct
{
  GHashTable *credentials; /* (owned) (element-type utf8 HandoffCredential) */
  guint n_damaged;
} Contents;

static GHashTable *
new_table (void)
{
  /* The key is a part of the value. */
  return g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                (GDestroyNotify) handoff_credential_unref);
}

static void
contents_free (Contents *self)
{
  g_clear_pointer (&self->credentials, g_hash_table_unref);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Contents, contents_free)

/* Two credentials of one owner must not have the same label: nobody could name one of them. */
static gboolean
has_label (GHashTable *credentials, guint owner, const char *label)
{
  GHashTableIter iter;
  const HandoffCredential *credential;

  g_hash_table_iter_init (&iter, credentials);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &credential))
    {
      if (credential->owner == owner && g_str_equal (credential->label, label))
        return TRUE;
    }
  return FALSE;
}

static void
report_damage (Contents *self, const char *directory, const char *name, const char *reason)
{
  self->n_damaged++;
  g_warning ("The credential in %s/%s is damaged, and left aside: %s", directory, name, reason);
}

static void
read_folder (Contents *self, const char *directory, const char *name, HandoffTokens *tokens)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffCredential) credential =
      handoff_credential_folder_read (directory, name, tokens, &error);

  if (credential == NULL)
    report_damage (self, directory, name, error->message);
  else if (has_label (self->credentials, credential->owner, credential->label))
    report_damage (self, directory, name, "another one has the same label");
  else
    g_hash_table_insert (self->credentials, credential->id, handoff_credential_ref (credential));
}

/* NULL if the directory cannot be read. */
static Contents *
read_directory (const char *directory, HandoffTokens *tokens, GError **error)
{
  g_autoptr (Contents) self = NULL;
  g_autoptr (GDir) dir = NULL;
  const char *name;

  if (mkdir (directory, 0700) != 0 && errno != EEXIST)
    {
      int code = errno;

      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "The credentials' directory %s cannot be made: %s", directory,
                   g_strerror (code));
      return NULL;
    }
  dir = g_dir_open (directory, 0, error);
  if (dir == NULL)
    return NULL;

  self = g_new0 (Contents, 1);
  self->credentials = new_table ();
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      if (*name == '.')
        handoff_credential_folder_clean (directory, name);
      else
        read_folder (self, directory, name, tokens);
    }
  return g_steal_pointer (&self);
}

/* A change: first the writer's part, then the main thread's. */
typedef struct
{
  HandoffCredentialStore *store; /* (owned) */
  HandoffCredential *credential; /* (owned) (nullable): what is written */
  GBytes *key_pem;               /* (owned) (nullable) */
  char *id;                      /* (owned) (nullable): what is changed or removed */
  /* On the writer's thread: writes the change. */
  gpointer (*write) (HandoffCredentialStore *store, GTask *task, GError **error);
  /* On the main thread: takes over the result of write(), tells of the change, and ends the task.
   */
  void (*apply) (HandoffCredentialStore *store, GTask *task, gpointer result);
} Change;

static void
change_free (Change *self)
{
  g_object_unref (self->store);
  g_clear_pointer (&self->credential, handoff_credential_unref);
  g_clear_pointer (&self->key_pem, g_bytes_unref);
  g_free (self->id);
  g_free (self);
}

/* What the writer hands to the main thread. */
typedef struct
{
  GTask *task;     /* (owned) */
  gpointer result; /* of write(); NULL with error */
  GError *error;   /* (owned) (nullable) */
} Written;

static gboolean
apply (gpointer data)
{
  g_autofree Written *written = data;
  g_autoptr (GTask) task = written->task;
  Change *change = g_task_get_task_data (task);

  change->store->n_changes--;
  if (change->credential != NULL)
    g_ptr_array_remove (change->store->being_added, change->credential);
  if (written->error != NULL)
    {
      g_task_return_error (task, written->error);
      return G_SOURCE_REMOVE;
    }
  change->apply (change->store, task, written->result);
  return G_SOURCE_REMOVE;
}

static void
write_in_thread (gpointer data, gpointer user_data)
{
  Written *written = g_new0 (Written, 1);
  Change *change = g_task_get_task_data (data);
  g_autoptr (GSource) source = g_idle_source_new ();

  written->task = data;
  written->result = change->write (change->store, data, &written->error);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, apply, written, NULL);
  g_source_attach (source, g_task_get_context (data));
}

static Change *
change_new (HandoffCredentialStore *self)
{
  Change *change = g_new0 (Change, 1);

  change->store = g_object_ref (self);
  return change;
}

/* change: (transfer full) */
static void
start (Change *change, gpointer source_tag, GAsyncReadyCallback callback, gpointer user_data)
{
  HandoffCredentialStore *self = change->store;
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  g_task_set_task_data (task, change, (GDestroyNotify) change_free);
  self->n_changes++;
  g_thread_pool_push (self->writer, task, NULL);
}

static void
tell (HandoffCredentialStore *self, guint owner)
{
  g_signal_emit (self, signals[CHANGED], 0, owner);
}

static void
return_credential (GTask *task, HandoffCredential *credential)
{
  g_task_return_pointer (task, handoff_credential_ref (credential),
                         (GDestroyNotify) handoff_credential_unref);
}

/* credential: (transfer full) */
static void
insert (HandoffCredentialStore *self, HandoffCredential *credential)
{
  /* Not g_hash_table_insert(): that would keep the key of the old value. */
  g_hash_table_replace (self->credentials, credential->id, credential);
}

static gpointer
write_new (HandoffCredentialStore *self, GTask *task, GError **error)
{
  Change *change = g_task_get_task_data (task);

  return handoff_credential_folder_write (self->directory, change->credential, change->key_pem,
                                          error)
             ? change
             : NULL;
}

static void
apply_new (HandoffCredentialStore *self, GTask *task, gpointer result)
{
  Change *change = g_task_get_task_data (task);

  insert (self, handoff_credential_ref (change->credential));
  tell (self, change->credential->owner);
  return_credential (task, change->credential);
}

static gboolean
is_label_taken (HandoffCredentialStore *self, const HandoffCredential *credential)
{
  guint i;

  for (i = 0; i < self->being_added->len; i++)
    {
      const HandoffCredential *other = g_ptr_array_index (self->being_added, i);

      if (other->owner == credential->owner && g_str_equal (other->label, credential->label))
        return TRUE;
    }
  return has_label (self->credentials, credential->owner, credential->label);
}

void
handoff_credential_store_add_async (HandoffCredentialStore *self,
                                    HandoffCredential *credential,
                                    GBytes *key_pem,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  Change *change;

  if (is_label_taken (self, credential))
    {
      g_task_report_new_error (self, callback, user_data, handoff_credential_store_add_async,
                               TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                               "label: there is a credential “%s” already; remove it, or take "
                               "another label",
                               credential->label);
      return;
    }
  change = change_new (self);
  change->credential = handoff_credential_ref (credential);
  if (key_pem != NULL)
    change->key_pem = g_bytes_ref (key_pem);
  change->write = write_new;
  change->apply = apply_new;
  g_ptr_array_add (self->being_added, credential);
  start (change, handoff_credential_store_add_async, callback, user_data);
}

static GError *
new_removed_error (void)
{
  return g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                              "The credential was removed meanwhile");
}

/* While the writer has other changes to write, the table is older than the disk: so the writer
 * reads what it changes. */
static gpointer
write_certificates (HandoffCredentialStore *self, GTask *task, GError **error)
{
  Change *change = g_task_get_task_data (task);
  g_autofree char *folder = g_build_filename (self->directory, change->id, NULL);
  g_autoptr (HandoffCredential) credential = NULL;

  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    {
      g_propagate_error (error, new_removed_error ());
      return NULL;
    }
  if (!handoff_credential_folder_replace_certificates (self->directory, change->credential, error))
    return NULL;
  credential = handoff_credential_folder_read (self->directory, change->id, self->tokens, error);
  return g_steal_pointer (&credential);
}

static void
apply_certificates (HandoffCredentialStore *self, GTask *task, gpointer result)
{
  HandoffCredential *credential = result;

  insert (self, handoff_credential_ref (credential));
  tell (self, credential->owner);
  return_credential (task, credential);
  handoff_credential_unref (credential);
}

void
handoff_credential_store_set_certificates_async (HandoffCredentialStore *self,
                                                 HandoffCredential *credential,
                                                 GAsyncReadyCallback callback,
                                                 gpointer user_data)
{
  Change *change;

  if (handoff_credential_store_lookup (self, credential->id) == NULL)
    {
      g_task_report_error (self, callback, user_data,
                           handoff_credential_store_set_certificates_async, new_removed_error ());
      return;
    }
  change = change_new (self);
  change->id = g_strdup (credential->id);
  change->credential = handoff_credential_ref (credential);
  change->write = write_certificates;
  change->apply = apply_certificates;
  start (change, handoff_credential_store_set_certificates_async, callback, user_data);
}

HandoffCredential *
handoff_credential_store_change_finish (HandoffCredentialStore *self,
                                        GAsyncResult *result,
                                        GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gpointer
write_removal (HandoffCredentialStore *self, GTask *task, GError **error)
{
  Change *change = g_task_get_task_data (task);

  return handoff_credential_folder_remove (self->directory, change->id, error) ? change : NULL;
}

/* Of two removals at once, the first one counts. */
static void
apply_removal (HandoffCredentialStore *self, GTask *task, gpointer result)
{
  Change *change = g_task_get_task_data (task);
  const HandoffCredential *credential = handoff_credential_store_lookup (self, change->id);
  guint owner;

  if (credential == NULL)
    {
      g_task_return_error (task, new_removed_error ());
      return;
    }
  owner = credential->owner;
  g_hash_table_remove (self->credentials, change->id);
  tell (self, owner);
  g_task_return_boolean (task, TRUE);
}

void
handoff_credential_store_remove_async (HandoffCredentialStore *self,
                                       const char *id,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  Change *change = change_new (self);

  change->id = g_strdup (id);
  change->write = write_removal;
  change->apply = apply_removal;
  start (change, handoff_credential_store_remove_async, callback, user_data);
}

gboolean
handoff_credential_store_remove_finish (HandoffCredentialStore *self,
                                        GAsyncResult *result,
                                        GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gpointer
read_again (HandoffCredentialStore *self, GTask *task, GError **error)
{
  return read_directory (self->directory, self->tokens, error);
}

/* contents: (transfer full) */
static void
take_contents (HandoffCredentialStore *self, Contents *contents)
{
  g_hash_table_unref (self->credentials);
  self->credentials = g_steal_pointer (&contents->credentials);
  self->n_damaged = contents->n_damaged;
  contents_free (contents);
}

static void
apply_reading (HandoffCredentialStore *self, GTask *task, gpointer result)
{
  take_contents (self, result);
  tell (self, HANDOFF_CREDENTIAL_OWNER_MACHINE);
  g_task_return_boolean (task, TRUE);
}

void
handoff_credential_store_reload_async (HandoffCredentialStore *self,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  Change *change = change_new (self);

  change->write = read_again;
  change->apply = apply_reading;
  start (change, handoff_credential_store_reload_async, callback, user_data);
}

gboolean
handoff_credential_store_reload_finish (HandoffCredentialStore *self,
                                        GAsyncResult *result,
                                        GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

HandoffCredential *
handoff_credential_store_lookup (HandoffCredentialStore *self, const char *id)
{
  return g_hash_table_lookup (self->credentials, id);
}

HandoffCredential *
handoff_credential_store_find (HandoffCredentialStore *self, guint owner, const char *label)
{
  GHashTableIter iter;
  HandoffCredential *credential;

  g_hash_table_iter_init (&iter, self->credentials);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &credential))
    {
      if (credential->owner == owner && g_str_equal (credential->label, label))
        return credential;
    }
  return NULL;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const HandoffCredential *first = *(HandoffCredential *const *) a;
  const HandoffCredential *second = *(HandoffCredential *const *) b;
  int order = strcmp (first->label, second->label);

  return order != 0 ? order : strcmp (first->id, second->id);
}

GPtrArray *
handoff_credential_store_list (HandoffCredentialStore *self, const guint *owner)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) handoff_credential_unref);
  GHashTableIter iter;
  HandoffCredential *credential;

  g_hash_table_iter_init (&iter, self->credentials);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &credential))
    {
      if (owner == NULL || credential->owner == *owner)
        g_ptr_array_add (list, handoff_credential_ref (credential));
    }
  g_ptr_array_sort (list, compare);
  return list;
}

guint
handoff_credential_store_get_size (HandoffCredentialStore *self)
{
  return g_hash_table_size (self->credentials) + self->being_added->len;
}

guint
handoff_credential_store_count (HandoffCredentialStore *self, guint owner)
{
  GHashTableIter iter;
  const HandoffCredential *credential;
  guint i, n = 0;

  g_hash_table_iter_init (&iter, self->credentials);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &credential))
    n += credential->owner == owner;
  for (i = 0; i < self->being_added->len; i++)
    n += ((HandoffCredential *) g_ptr_array_index (self->being_added, i))->owner == owner;
  return n;
}

guint
handoff_credential_store_get_n_damaged (HandoffCredentialStore *self)
{
  return self->n_damaged;
}

gboolean
handoff_credential_store_is_busy (HandoffCredentialStore *self)
{
  return self->n_changes > 0;
}

static void
handoff_credential_store_finalize (GObject *object)
{
  HandoffCredentialStore *self = HANDOFF_CREDENTIAL_STORE (object);

  /* Changes have references to the store: there are none now. */
  g_thread_pool_free (self->writer, FALSE, TRUE);
  g_hash_table_unref (self->credentials);
  g_ptr_array_unref (self->being_added);
  g_free (self->directory);
  G_OBJECT_CLASS (handoff_credential_store_parent_class)->finalize (object);
}

static void
handoff_credential_store_class_init (HandoffCredentialStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = handoff_credential_store_finalize;

  signals[CHANGED] = g_signal_new ("changed", HANDOFF_TYPE_CREDENTIAL_STORE, G_SIGNAL_RUN_LAST, 0,
                                   NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
handoff_credential_store_init (HandoffCredentialStore *self)
{
  self->writer = g_thread_pool_new (write_in_thread, NULL, 1, FALSE, NULL);
  self->credentials = new_table ();
  self->being_added = g_ptr_array_new ();
}

HandoffCredentialStore *
handoff_credential_store_new (const char *directory, HandoffTokens *tokens)
{
  HandoffCredentialStore *self = g_object_new (HANDOFF_TYPE_CREDENTIAL_STORE, NULL);
  g_autoptr (GError) error = NULL;
  Contents *contents;

  self->directory = g_strdup (directory);
  self->tokens = tokens;
  contents = read_directory (directory, tokens, &error);
  if (contents != NULL)
    take_contents (self, contents);
  else
    g_warning ("There are no credentials: %s", error->message);
  return self;
}
