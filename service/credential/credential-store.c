/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "credential/credential-store.h"

#include "credential/credential-loading.h"
#include "keyblob/tls-handoff-error.h"
#include "link/keeper-messages.h"

/* Files and keys belong to the keeper, which does one change after the other; the tables follow its
 * answers, which come in the same order. So a change comes before or after a complete re-read, for
 * files and tables alike. */
struct _HandoffCredentialStore
{
  GObject parent;

  HandoffKeeper *keeper;             /* (owned) */
  HandoffCredentialLoading *loading; /* (owned) */

  GHashTable *credentials; /* (owned) (element-type utf8 HandoffCredential): by id */
  GPtrArray *being_added;  /* (owned) (element-type HandoffCredential) */
  guint n_damaged;
  guint n_changes; /* under way */
  /* (owned) (element-type GTask): the keeper died with them: what has become of them shows when the
   * next one has told what there is. */
  GPtrArray *unsettled;
};

static void credentials_init (HandoffCredentialsInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HandoffCredentialStore,
                               handoff_credential_store,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (HANDOFF_TYPE_CREDENTIALS, credentials_init))

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* A change: the keeper's part, then that of the tables. */
typedef struct
{
  HandoffCredential *credential; /* (owned) (nullable): what is written */
  char *id;                      /* (owned) (nullable): what is removed */
  gboolean is_new;               /* credential was not there before */
  pid_t keeper;                  /* which was asked; 0: none could be started */
  /* The keeper has done it: takes it over, tells of the change, and ends the task. */
  void (*apply) (HandoffCredentialStore *self, GTask *task, GVariant *reply);
} Change;

static void
change_free (Change *self)
{
  g_clear_pointer (&self->credential, handoff_credential_unref);
  g_free (self->id);
  g_free (self);
}

static void
end_change (HandoffCredentialStore *self, const Change *change)
{
  self->n_changes--;
  if (change->credential != NULL)
    g_ptr_array_remove (self->being_added, change->credential);
}

static gboolean
died_with (HandoffCredentialStore *self, const Change *change)
{
  HandoffLink *link = handoff_keeper_get_link (self->keeper);

  return change->keeper != 0 && (link == NULL || handoff_link_has_ended (link) ||
                                 handoff_keeper_get_pid (self->keeper) != change->keeper);
}

/* Whether the tables show that the change was made. */
static gboolean
was_made (HandoffCredentialStore *self, const Change *change)
{
  const HandoffCredential *found = g_hash_table_lookup (
      self->credentials, change->credential != NULL ? change->credential->id : change->id);

  if (change->credential == NULL)
    return found == NULL;
  return found != NULL &&
         (change->is_new ||
          g_variant_equal (found->description->variant, change->credential->description->variant));
}

static void
settle_one (HandoffCredentialStore *self, GTask *task)
{
  const Change *change = g_task_get_task_data (task);
  GError *error = g_object_steal_data (G_OBJECT (task), "error");

  end_change (self, change);
  if (!was_made (self, change))
    {
      g_task_return_error (task, error);
      return;
    }
  g_error_free (error);
  if (change->credential != NULL)
    g_task_return_pointer (
        task,
        handoff_credential_ref (g_hash_table_lookup (self->credentials, change->credential->id)),
        (GDestroyNotify) handoff_credential_unref);
  else
    g_task_return_boolean (task, TRUE);
}

/* There are tables that are newer than what these keepers were asked for. keeper: the one that was
 * asked for the tables; 0: none can be */
static void
settle (HandoffCredentialStore *self, pid_t keeper)
{
  guint i = 0;

  while (i < self->unsettled->len)
    {
      const Change *change = g_task_get_task_data (self->unsettled->pdata[i]);

      if (change->keeper == keeper)
        {
          i++;
          continue;
        }
      {
        g_autoptr (GTask) task = g_ptr_array_steal_index (self->unsettled, i);

        settle_one (self, task);
      }
    }
}

static gboolean
want_keeper (gpointer user_data)
{
  HandoffCredentialStore *self = user_data;

  handoff_keeper_start (self->keeper);
  if (handoff_keeper_get_link (self->keeper) == NULL)
    settle (self, 0);
  return G_SOURCE_REMOVE;
}

/* A keeper that died may have made the change before: the caller hears what is true, not what is
 * likely. task: (transfer full). error: (transfer full) */
static void
leave_unsettled (HandoffCredentialStore *self, GTask *task, GError *error)
{
  g_object_set_data_full (G_OBJECT (task), "error", error, (GDestroyNotify) g_error_free);
  g_ptr_array_add (self->unsettled, task);
  /* When the end of this one is over. */
  g_idle_add_full (G_PRIORITY_DEFAULT, want_keeper, g_object_ref (self), g_object_unref);
}

static void
done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  HandoffCredentialStore *self = g_task_get_source_object (task);
  const Change *change = g_task_get_task_data (task);
  const gboolean is_reading = change->credential == NULL && change->id == NULL;
  const pid_t keeper = change->keeper;
  GError *error = NULL;
  g_autoptr (GVariant) reply = handoff_keeper_ask_finish (HANDOFF_KEEPER (source), result, &error);

  if (reply == NULL && !is_reading && died_with (self, change))
    {
      leave_unsettled (self, task, error);
      return;
    }
  end_change (self, change);
  if (reply == NULL)
    g_task_return_error (task, error);
  else
    change->apply (self, task, reply);
  if (is_reading)
    settle (self, keeper);
  g_object_unref (task);
}

/* Asks the keeper for a change. body: consumed if floating. change: (transfer full) */
static void
start (HandoffCredentialStore *self,
       guint number,
       GVariant *body,
       Change *change,
       gpointer source_tag,
       GAsyncReadyCallback callback,
       gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  g_task_set_task_data (task, change, (GDestroyNotify) change_free);
  self->n_changes++;
  handoff_keeper_ask_async (self->keeper, number, body, -1, done, task);
  change->keeper = handoff_keeper_get_pid (self->keeper);
}

static void
tell (HandoffCredentialStore *self, guint owner)
{
  g_signal_emit (self, signals[CHANGED], 0, owner);
}

/* What was written is in force. */
static void
apply_credential (HandoffCredentialStore *self, GTask *task, GVariant *reply)
{
  const Change *change = g_task_get_task_data (task);
  HandoffCredential *credential = change->credential;

  /* Not g_hash_table_insert(): that would keep the key of the old value. */
  g_hash_table_replace (self->credentials, credential->id, handoff_credential_ref (credential));
  tell (self, credential->owner);
  g_task_return_pointer (task, handoff_credential_ref (credential),
                         (GDestroyNotify) handoff_credential_unref);
}

/* Two credentials of one owner must not have the same label: nobody could name one of them. */
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
  return handoff_credentials_find (HANDOFF_CREDENTIALS (self), credential->owner,
                                   credential->label) != NULL;
}

void
handoff_credential_store_add_async (HandoffCredentialStore *self,
                                    HandoffCredential *credential,
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
  change = g_new0 (Change, 1);
  change->credential = handoff_credential_ref (credential);
  change->is_new = TRUE;
  change->apply = apply_credential;
  g_ptr_array_add (self->being_added, credential);
  start (self, HANDOFF_KEEPER_ADD,
         g_variant_new ("(ssuus@" HANDOFF_DESCRIPTION_TYPE ")", credential->id, credential->label,
                        credential->owner, credential->roles,
                        credential->token_uri != NULL ? credential->token_uri : "",
                        credential->description->variant),
         change, handoff_credential_store_add_async, callback, user_data);
}

static GError *
new_removed_error (void)
{
  return g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                              "The credential was removed meanwhile");
}

/* number: of the keeper's row */
static void
replace (HandoffCredentialStore *self,
         guint number,
         HandoffCredential *credential,
         void (*apply) (HandoffCredentialStore *self, GTask *task, GVariant *reply),
         gpointer source_tag,
         GAsyncReadyCallback callback,
         gpointer user_data)
{
  Change *change;

  if (g_hash_table_lookup (self->credentials, credential->id) == NULL)
    {
      g_task_report_error (self, callback, user_data, source_tag, new_removed_error ());
      return;
    }
  change = g_new0 (Change, 1);
  change->credential = handoff_credential_ref (credential);
  change->apply = apply;
  start (self, number,
         g_variant_new ("(s@" HANDOFF_DESCRIPTION_TYPE ")", credential->id,
                        credential->description->variant),
         change, source_tag, callback, user_data);
}

void
handoff_credential_store_set_certificates_async (HandoffCredentialStore *self,
                                                 HandoffCredential *credential,
                                                 GAsyncReadyCallback callback,
                                                 gpointer user_data)
{
  replace (self, HANDOFF_KEEPER_SET_CERTIFICATES, credential, apply_credential,
           handoff_credential_store_set_certificates_async, callback, user_data);
}

static gboolean
has_same_certificates (const HandoffCredential *one, const HandoffCredential *other)
{
  GPtrArray *first = one->description->certificates;
  GPtrArray *second = other->description->certificates;
  guint i;

  for (i = 0; first->len == second->len && i < first->len; i++)
    {
      if (!g_bytes_equal (first->pdata[i], second->pdata[i]))
        return FALSE;
    }
  return first->len == second->len;
}

/* The keeper has compared the certificates with those in the folder; but if somebody changed files
 * by hand, they may have been read again since the response was checked. */
static void
apply_ocsp_response (HandoffCredentialStore *self, GTask *task, GVariant *reply)
{
  const Change *change = g_task_get_task_data (task);
  const HandoffCredential *present =
      g_hash_table_lookup (self->credentials, change->credential->id);

  if (present == NULL)
    g_task_return_error (task, new_removed_error ());
  else if (!has_same_certificates (present, change->credential))
    g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                             "The credential's certificates were changed meanwhile: call again");
  else
    apply_credential (self, task, reply);
}

void
handoff_credential_store_set_ocsp_response_async (HandoffCredentialStore *self,
                                                  HandoffCredential *credential,
                                                  GAsyncReadyCallback callback,
                                                  gpointer user_data)
{
  replace (self, HANDOFF_KEEPER_SET_OCSP_RESPONSE, credential, apply_ocsp_response,
           handoff_credential_store_set_ocsp_response_async, callback, user_data);
}

HandoffCredential *
handoff_credential_store_change_finish (HandoffCredentialStore *self,
                                        GAsyncResult *result,
                                        GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Of two removals at once, the first one counts. */
static void
apply_removal (HandoffCredentialStore *self, GTask *task, GVariant *reply)
{
  const Change *change = g_task_get_task_data (task);
  const HandoffCredential *credential = g_hash_table_lookup (self->credentials, change->id);
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
  Change *change = g_new0 (Change, 1);

  change->id = g_strdup (id);
  change->apply = apply_removal;
  start (self, HANDOFF_KEEPER_REMOVE, g_variant_new ("(s)", id), change,
         handoff_credential_store_remove_async, callback, user_data);
}

gboolean
handoff_credential_store_remove_finish (HandoffCredentialStore *self,
                                        GAsyncResult *result,
                                        GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
apply_reading (HandoffCredentialStore *self, GTask *task, GVariant *reply)
{
  guint32 n_damaged;
  guint n_undescribed;

  g_hash_table_unref (self->credentials);
  self->credentials = handoff_credential_loading_take (self->loading, &n_undescribed);
  g_variant_get (reply, "(u)", &n_damaged);
  self->n_damaged = n_damaged + n_undescribed;
  tell (self, HANDOFF_CREDENTIAL_OWNER_MACHINE);
  g_task_return_boolean (task, TRUE);
}

void
handoff_credential_store_reload_async (HandoffCredentialStore *self,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  Change *change = g_new0 (Change, 1);

  change->apply = apply_reading;
  start (self, HANDOFF_KEEPER_LOAD, g_variant_new ("()"), change,
         handoff_credential_store_reload_async, callback, user_data);
}

gboolean
handoff_credential_store_reload_finish (HandoffCredentialStore *self,
                                        GAsyncResult *result,
                                        GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HandoffCredentialStore *self = HANDOFF_CREDENTIAL_STORE (source);
  g_autoptr (GError) error = NULL;

  if (!handoff_credential_store_reload_finish (self, result, &error))
    g_warning ("There are no credentials: %s", error->message);
}

/* What an earlier keeper told, and did not tell to the end, counts for nothing. */
static void
keeper_started (HandoffKeeper *keeper, gpointer user_data)
{
  HandoffCredentialStore *self = user_data;
  guint n_damaged;

  g_hash_table_unref (handoff_credential_loading_take (self->loading, &n_damaged));
  handoff_credential_store_reload_async (self, loaded, NULL);
}

static GHashTable *
get_table (HandoffCredentials *credentials)
{
  return HANDOFF_CREDENTIAL_STORE (credentials)->credentials;
}

static void
credentials_init (HandoffCredentialsInterface *iface)
{
  iface->get_table = get_table;
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
  g_signal_handlers_disconnect_by_data (self->keeper, self);
  handoff_credential_loading_free (self->loading);
  g_object_unref (self->keeper);
  g_hash_table_unref (self->credentials);
  g_ptr_array_unref (self->being_added);
  g_ptr_array_unref (self->unsettled);
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
  /* The key is a part of the value. */
  self->credentials = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                             (GDestroyNotify) handoff_credential_unref);
  self->being_added = g_ptr_array_new ();
  self->unsettled = g_ptr_array_new_with_free_func (g_object_unref);
}

HandoffCredentialStore *
handoff_credential_store_new (HandoffKeeper *keeper, HandoffImporters *importers)
{
  HandoffCredentialStore *self = g_object_new (HANDOFF_TYPE_CREDENTIAL_STORE, NULL);

  self->keeper = g_object_ref (keeper);
  self->loading = handoff_credential_loading_new (keeper, importers);
  g_signal_connect (keeper, "started", G_CALLBACK (keeper_started), self);
  if (handoff_keeper_get_link (keeper) != NULL)
    keeper_started (keeper, self);
  else
    handoff_keeper_start (keeper);
  return self;
}
