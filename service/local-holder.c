/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "local-holder.h"

#include "link/keeper-messages.h"
#include "signature/signing-grant.h"
#include "signing/granting-authority.h"
#include "token-credentials.h"

struct _HandoffLocalHolder
{
  guint n_references;           /* the service's, and of grants on their way back */
  HandoffSigning *signing;      /* (owned) */
  HandoffGrantGiver *giver;     /* (owned) (nullable): NULL until the tokens are set */
  HandoffHolder *holder;        /* (owned) (nullable): NULL when no handshake is left */
  HandoffSigningGrants *grants; /* (owned) */
  HandoffKeeper *keeper;        /* (owned) (nullable) */
};

/* A grant on its way back. */
typedef struct
{
  HandoffLocalHolder *self; /* (owned): a reference */
  guint64 number;
} Return;

static void
open_socket (guint64 number, HandoffSignerOpened opened, gpointer opened_data, gpointer user_data)
{
  HandoffLocalHolder *self = user_data;
  g_autoptr (GError) error = NULL;
  const int socket = handoff_signing_open_socket (self->signing, self->holder, number, &error);

  opened (socket, error, opened_data);
}

static void
is_over (guint64 number, gpointer user_data)
{
  HandoffLocalHolder *self = user_data;

  handoff_signing_over (self->signing, self->holder, number);
}

static const HandoffSigningGrantsFunctions grants_functions = { open_socket, is_over };

static void
local_holder_unref (HandoffLocalHolder *self)
{
  if (--self->n_references == 0)
    g_free (self);
}

static void
returned (gpointer data)
{
  g_autofree Return *back = data;

  if (back->self->holder != NULL)
    is_over (back->number, back->self);
  local_holder_unref (back->self);
}

static void
take_back (HandoffHolder *holder, guint64 grant, gpointer user_data)
{
  HandoffLocalHolder *self = user_data;
  Return *back = g_new (Return, 1);

  self->n_references++;
  *back = (Return){ self, grant };
  handoff_signing_grants_take_back (self->grants, grant, returned, back);
}

/* There is no process to end but this one. */
static void
broke_rules (HandoffHolder *holder, const char *why, gpointer user_data)
{
  g_critical ("A handshake asked for a signature that it may not have: %s", why);
}

static const HandoffHolderFunctions holder_functions = { take_back, broke_rules };

HandoffLocalHolder *
handoff_local_holder_new (void)
{
  HandoffLocalHolder *self = g_new0 (HandoffLocalHolder, 1);

  self->n_references = 1;
  self->signing = handoff_signing_new ();
  self->holder = handoff_signing_add_holder (self->signing, 0, &holder_functions, self);
  self->grants = handoff_signing_grants_new (&grants_functions, self);
  return self;
}

void
handoff_local_holder_set_tokens (HandoffLocalHolder *self, HandoffTokens *tokens)
{
  self->giver = handoff_grant_giver_new (self->signing, &handoff_token_credentials_finder, tokens);
}

void
handoff_local_holder_free (HandoffLocalHolder *self)
{
  handoff_signing_grants_free (self->grants);
  handoff_signing_remove_holder (self->signing, g_steal_pointer (&self->holder));
  g_clear_pointer (&self->giver, handoff_grant_giver_free);
  handoff_signing_free (self->signing);
  local_holder_unref (self);
}

static void
keeper_started (HandoffKeeper *keeper, gpointer user_data)
{
  static const HandoffSigningRows rows = { HANDOFF_KEEPER_HOLDER, HANDOFF_KEEPER_HOLDER_GONE,
                                           HANDOFF_KEEPER_GRANT, HANDOFF_KEEPER_GRANT_OVER };
  HandoffLocalHolder *self = user_data;

  handoff_signing_add_program (self->signing, HANDOFF_SIGNING_KEEPER,
                               handoff_keeper_get_link (keeper), &rows);
}

static void
keeper_ended (HandoffKeeper *keeper, gpointer user_data)
{
  HandoffLocalHolder *self = user_data;

  handoff_signing_remove_program (self->signing, HANDOFF_SIGNING_KEEPER, FALSE);
}

static void
keeper_refused (
    HandoffKeeper *keeper, guint64 holder, guint64 grant, const char *why, gpointer user_data)
{
  HandoffLocalHolder *self = user_data;

  handoff_signing_violated (self->signing, holder, why);
}

void
handoff_local_holder_set_keeper (HandoffLocalHolder *self, HandoffKeeper *keeper)
{
  if (self->keeper != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->keeper, self);
      if (handoff_keeper_get_link (self->keeper) != NULL)
        keeper_ended (self->keeper, self);
      g_clear_object (&self->keeper);
    }
  if (keeper == NULL)
    return;
  self->keeper = g_object_ref (keeper);
  g_signal_connect (keeper, "started", G_CALLBACK (keeper_started), self);
  g_signal_connect (keeper, "ended", G_CALLBACK (keeper_ended), self);
  g_signal_connect (keeper, "violation", G_CALLBACK (keeper_refused), self);
}

HandoffSigning *
handoff_local_holder_get_signing (HandoffLocalHolder *self)
{
  return self->signing;
}

void
handoff_local_holder_configure (HandoffLocalHolder *self, const HandoffConfiguration *configuration)
{
  /* In REVIEW and in REQUEST its caller decides. */
  handoff_grant_giver_set_times (
      self->giver, configuration->maximum_timeout + 2 * configuration->decision_timeout,
      configuration->authorization_memory);
}

HandoffAuthority *
handoff_local_holder_make_authority (HandoffLocalHolder *self,
                                     HandoffAuthority *authority,
                                     HandoffCredentials *credentials)
{
  return handoff_granting_authority_new (authority, credentials, self->giver, self->holder,
                                         self->grants);
}

void
handoff_local_holder_give_async (HandoffLocalHolder *self,
                                 HandoffCredential *credential,
                                 HandoffRole role,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  handoff_grant_giver_give_async (self->giver, self->holder, credential, role, FALSE, callback,
                                  user_data);
}

HandoffSigningGrant *
handoff_local_holder_give_finish (HandoffLocalHolder *self,
                                  GAsyncResult *result,
                                  GDestroyNotify ended,
                                  gpointer data,
                                  GError **error)
{
  HandoffGrantGiven given;

  if (!handoff_grant_giver_give_finish (self->giver, result, &given, error))
    {
      ended (data);
      return NULL;
    }
  handoff_signing_bind (self->signing, self->holder, given.number, ended, data);
  return handoff_signing_grants_add (
      self->grants,
      &(HandoffSigningTerms){ given.number, given.program, given.role, given.uses, given.until });
}

void
handoff_local_holder_take_back (HandoffLocalHolder *self)
{
  handoff_signing_take_back (self->signing, NULL, NULL);
}
