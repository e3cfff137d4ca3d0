/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/pem-desk.h"

#include "broker/question-table.h"
#include "credential/credential-work.h"
#include "importers/held-import.h"
#include "keyblob/key-state.h"
#include "keyblob/tls-handoff-error.h"

/* What is under way. */
typedef struct
{
  HandoffQuestion *question;     /* (owned) */
  HandoffHandshaker *handshaker; /* (unowned): the question has it */
  HandoffLinkCall *call;         /* (owned) */
  HandoffRole role;
  HandoffHeldImport *held;       /* (owned) (nullable): until the grant has it */
  HandoffCredential *credential; /* (owned) (nullable) */
  GBytes *digest;                /* (owned) (nullable): of what was read */
} Reading;

static void
reading_free (Reading *self)
{
  g_clear_pointer (&self->held, handoff_held_import_free);
  g_clear_pointer (&self->credential, handoff_credential_unref);
  g_clear_pointer (&self->digest, g_bytes_unref);
  handoff_question_free (self->question);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reading, reading_free)

static void
fail (Reading *self, const GError *error)
{
  handoff_link_call_fail (g_steal_pointer (&self->call), error);
}

static void
let_key_go (gpointer held)
{
  handoff_held_import_free (held);
}

/* (transfer floating) */
static GVariant *
new_answer (const Reading *self, const HandoffGrantGiven *given)
{
  return g_variant_new ("(s@ay@" HANDOFF_DESCRIPTION_TYPE "@" HANDOFF_GIVEN_GRANT_TYPE ")",
                        self->credential->id,
                        g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, self->digest, TRUE),
                        self->credential->description->variant,
                        g_variant_new (HANDOFF_GIVEN_GRANT_TYPE, given->number, given->uses,
                                       given->until, given->program));
}

static void
given (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Reading) self = user_data;
  const HandoffBrokerSupport *support = self->handshaker->support;
  HandoffGrantGiven grant;
  g_autoptr (GError) error = NULL;

  /* With its holder the grant is gone. */
  if (handoff_grant_giver_give_finish (support->giver, result, &grant, &error) &&
      self->handshaker->holder == NULL)
    g_set_error_literal (&error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                         "The handshake has ended");
  if (error != NULL)
    {
      fail (self, error);
      return;
    }
  handoff_signing_bind (support->signing, self->handshaker->holder, grant.number, let_key_go,
                        g_steal_pointer (&self->held));
  handoff_link_call_return (g_steal_pointer (&self->call), new_answer (self, &grant), NULL, 0);
}

static void
was_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Reading) self = user_data;
  const HandoffCredentialName name = { (char *) "", self->handshaker->uid,
                                       HANDOFF_CREDENTIAL_ROLE_BOTH };
  g_autoptr (GError) error = NULL;
  Reading *reading;

  self->held = handoff_held_import_finish (result, &error);
  if (self->held != NULL)
    self->credential = handoff_credential_new_held (self->held, &name, &error);
  /* If its process has ended meanwhile, nobody hears the answer. */
  if (self->credential != NULL && self->handshaker->holder == NULL)
    g_set_error_literal (&error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                         "The handshake has ended");
  if (error != NULL)
    {
      fail (self, error);
      return;
    }
  self->digest = g_steal_pointer (&self->held->digest);
  reading = g_steal_pointer (&self);
  handoff_grant_giver_give_async (reading->handshaker->support->giver, reading->handshaker->holder,
                                  reading->credential, reading->role, FALSE, given, reading);
}

void
handoff_handshaker_take_read_pem (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  g_autofree char *id = handoff_credential_dup_new_id ();
  guint64 number, caller_number;
  HandoffQuestion *question;
  Reading *reading;
  guint role;

  g_variant_get (message->body, "(ttu)", &number, &caller_number, &role);
  question = handoff_question_new (self, message, number, caller_number);
  if (question == NULL)
    return;
  reading = g_new0 (Reading, 1);
  reading->question = question;
  reading->handshaker = self;
  reading->call = g_steal_pointer (&message->call);
  reading->role = role == HANDOFF_ROLE_SERVER ? HANDOFF_ROLE_SERVER : HANDOFF_ROLE_CLIENT;
  handoff_held_import_read_pem_async (self->support->importers, self->support->keeper, id,
                                      self->uid, handoff_link_message_steal_fd (message, 0),
                                      handoff_caller_get_cancellable (question->caller), was_read,
                                      reading);
}
