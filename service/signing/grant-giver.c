/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "signing/grant-giver.h"

#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"

struct _HandoffGrantGiver
{
  HandoffSigning *signing;          /* (unowned) */
  const HandoffTokenFinder *finder; /* (unowned) (nullable) */
  gpointer finder_self;             /* (unowned) */
  guint handshake_seconds;
  guint memory_seconds;
};

typedef struct
{
  HandoffGrantGiver *giver; /* (unowned) */
  guint64 holder;
  HandoffCredential *credential; /* (owned) */
  HandoffSignatureRole role;
  gboolean is_standing;
  HandoffGrantGiven given;
} Giving;

static void
giving_free (gpointer data)
{
  Giving *giving = data;

  handoff_credential_unref (giving->credential);
  g_free (giving);
}

HandoffGrantGiver *
handoff_grant_giver_new (HandoffSigning *signing,
                         const HandoffTokenFinder *finder,
                         gpointer finder_self)
{
  HandoffGrantGiver *self = g_new0 (HandoffGrantGiver, 1);

  self->signing = signing;
  self->finder = finder;
  self->finder_self = finder_self;
  return self;
}

void
handoff_grant_giver_free (HandoffGrantGiver *self)
{
  g_free (self);
}

void
handoff_grant_giver_set_times (HandoffGrantGiver *self, guint handshake, guint memory)
{
  self->handshake_seconds = handshake;
  self->memory_seconds = memory;
}

/* A handshake may begin at the last moment of what is remembered. */
static gint64
get_until (const Giving *giving)
{
  const HandoffGrantGiver *giver = giving->giver;
  const guint seconds =
      giver->handshake_seconds + (giving->is_standing ? giver->memory_seconds : 0);

  return handoff_clock_get_boot_time () + seconds * G_TIME_SPAN_SECOND;
}

/* task: (transfer full) */
static void
give (GTask *owned_task, guint64 program)
{
  g_autoptr (GTask) task = owned_task;
  Giving *giving = g_task_get_task_data (task);
  HandoffSigning *signing = giving->giver->signing;
  HandoffHolder *holder = handoff_signing_find_holder (signing, giving->holder);
  g_autoptr (GError) error = NULL;

  if (holder == NULL)
    g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                             "The process that does the handshake is gone");
  else if (handoff_signing_give (signing, holder, program, giving->credential->id, giving->role,
                                 giving->is_standing ? 0 : 1, get_until (giving), &giving->given,
                                 &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  const Giving *giving = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  guint64 program;

  if (giving->giver->finder->find_finish (giving->giver->finder_self, result, &program, &error))
    give (g_steal_pointer (&task), program);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

void
handoff_grant_giver_give_async (HandoffGrantGiver *self,
                                HandoffHolder *holder,
                                HandoffCredential *credential,
                                HandoffRole role,
                                gboolean is_standing,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Giving *giving = g_new0 (Giving, 1);

  g_task_set_source_tag (task, handoff_grant_giver_give_async);
  g_task_set_task_data (task, giving, giving_free);
  giving->giver = self;
  giving->holder = handoff_holder_get_number (holder);
  giving->credential = handoff_credential_ref (credential);
  giving->role = role == HANDOFF_ROLE_SERVER ? HANDOFF_SIGNATURE_SERVER : HANDOFF_SIGNATURE_CLIENT;
  giving->is_standing = is_standing && self->memory_seconds > 0;
  if (credential->token_uri == NULL || self->finder == NULL)
    give (task, HANDOFF_SIGNING_KEEPER);
  else
    self->finder->find_async (self->finder_self, credential, found, task);
}

gboolean
handoff_grant_giver_give_finish (HandoffGrantGiver *self,
                                 GAsyncResult *result,
                                 HandoffGrantGiven *given,
                                 GError **error)
{
  const Giving *giving = g_task_get_task_data (G_TASK (result));

  *given = giving->given;
  return g_task_propagate_boolean (G_TASK (result), error);
}
