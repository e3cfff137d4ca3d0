/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "signing/granting-authority.h"

struct _HandoffGrantingAuthority
{
  GObject parent;

  HandoffAuthority *authority;     /* (owned) */
  HandoffCredentials *credentials; /* (unowned) */
  HandoffGrantGiver *giver;        /* (unowned) */
  HandoffHolder *holder;           /* (unowned) */
  HandoffSigningGrants *grants;    /* (unowned) */
};

/* A check on its way. */
typedef struct
{
  char *credential; /* (owned) (nullable): its id */
  HandoffRole role;
  gboolean is_remembered;
  gboolean is_plain;          /* of a yes */
  HandoffSigningGrant *grant; /* (owned) (nullable) */
} Check;

static void
check_free (gpointer data)
{
  Check *check = data;

  g_free (check->credential);
  g_clear_pointer (&check->grant, handoff_signing_grant_unref);
  g_free (check);
}

static void
given (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HandoffGrantingAuthority *self = g_task_get_source_object (task);
  Check *check = g_task_get_task_data (task);
  HandoffGrantGiven given;
  g_autoptr (GError) error = NULL;

  if (!handoff_grant_giver_give_finish (self->giver, result, &given, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  check->grant = handoff_signing_grants_add (
      self->grants,
      &(HandoffSigningTerms){ given.number, given.program, given.role, given.uses, given.until });
  g_task_return_boolean (task, TRUE);
}

/* Whoever asked finds out himself that it was removed meanwhile. */
static HandoffCredential *
find_elsewhere (HandoffGrantingAuthority *self, const char *id)
{
  HandoffCredential *credential =
      id != NULL ? handoff_credentials_lookup (self->credentials, id) : NULL;

  return credential != NULL && handoff_private_key_is_elsewhere (credential->key) ? credential
                                                                                  : NULL;
}

static void
checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HandoffGrantingAuthority *self = g_task_get_source_object (task);
  Check *check = g_task_get_task_data (task);
  HandoffCredential *credential;
  g_autoptr (GError) error = NULL;

  if (!handoff_authority_check_finish (HANDOFF_AUTHORITY (source), result, &check->is_plain,
                                       &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  credential = find_elsewhere (self, check->credential);
  if (credential == NULL)
    g_task_return_boolean (task, TRUE);
  else
    handoff_grant_giver_give_async (self->giver, self->holder, credential, check->role,
                                    check->is_plain && check->is_remembered, given,
                                    g_steal_pointer (&task));
}

static void
check_async (HandoffAuthority *authority,
             const HandoffAuthorityCheck *check,
             GCancellable *cancellable,
             GAsyncReadyCallback callback,
             gpointer user_data)
{
  HandoffGrantingAuthority *self = HANDOFF_GRANTING_AUTHORITY (authority);
  GTask *task = g_task_new (self, NULL, callback, user_data);
  Check *own = g_new0 (Check, 1);

  g_task_set_source_tag (task, check_async);
  g_task_set_task_data (task, own, check_free);
  if (check->credential != NULL)
    {
      own->credential = g_strdup (check->credential->id);
      own->role = check->credential->role;
      own->is_remembered = check->credential->is_remembered;
    }
  handoff_authority_check_async (self->authority, check, cancellable, checked, task);
}

static gboolean
check_finish (HandoffAuthority *authority, GAsyncResult *result, gboolean *is_plain, GError **error)
{
  const Check *check = g_task_get_task_data (G_TASK (result));

  *is_plain = check->is_plain;
  return g_task_propagate_boolean (G_TASK (result), error);
}

static HandoffSigningGrant *
take_grant (HandoffAuthority *authority, GAsyncResult *result)
{
  Check *check = g_task_get_task_data (G_TASK (result));

  return g_steal_pointer (&check->grant);
}

static void
init_interface (HandoffAuthorityInterface *interface)
{
  interface->check_async = check_async;
  interface->check_finish = check_finish;
  interface->take_grant = take_grant;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (HandoffGrantingAuthority,
                               handoff_granting_authority,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (HANDOFF_TYPE_AUTHORITY, init_interface))

static void
dispose (GObject *object)
{
  g_clear_object (&HANDOFF_GRANTING_AUTHORITY (object)->authority);
  G_OBJECT_CLASS (handoff_granting_authority_parent_class)->dispose (object);
}

static void
handoff_granting_authority_class_init (HandoffGrantingAuthorityClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dispose;
}

static void
handoff_granting_authority_init (HandoffGrantingAuthority *self)
{
}

HandoffAuthority *
handoff_granting_authority_new (HandoffAuthority *authority,
                                HandoffCredentials *credentials,
                                HandoffGrantGiver *giver,
                                HandoffHolder *holder,
                                HandoffSigningGrants *grants)
{
  HandoffGrantingAuthority *self = g_object_new (HANDOFF_TYPE_GRANTING_AUTHORITY, NULL);

  self->authority = g_object_ref (authority);
  self->credentials = credentials;
  self->giver = giver;
  self->holder = holder;
  self->grants = grants;
  g_signal_connect_object (authority, "changed", G_CALLBACK (handoff_authority_emit_changed), self,
                           G_CONNECT_SWAPPED);
  return HANDOFF_AUTHORITY (self);
}
