/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/questions.h"

#include <string.h>

#include "authority/authorization.h"
#include "broker/credential-feed.h"
#include "broker/question-table.h"
#include "keyblob/handoff-names.h"
#include "keyblob/key-state.h"
#include "keyblob/tls-handoff-error.h"

/* Of a detail that rules see: a server's name has 253 bytes at the most. */
#define MAX_DETAIL_SIZE 1024
/* Of a credential's name, as the caller gave it. */
#define MAX_NAME_SIZE 4096

typedef struct
{
  HandoffQuestion *base;         /* (owned) */
  HandoffHandshaker *handshaker; /* (unowned): base has it */
  HandoffLinkCall *call;         /* (owned) */
  HandoffCredential *credential; /* (owned) (nullable): that it is about */
  gboolean is_about_credential;
  gboolean is_own;
  gboolean is_plain; /* of a yes */
  HandoffRole role;
  gboolean is_to_be_remembered;
} Question;

static void
question_free (Question *self)
{
  g_clear_pointer (&self->credential, handoff_credential_unref);
  handoff_question_free (self->base);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Question, question_free)

/* given: (nullable) */
static void
answer_with (Question *self,
             HandoffHandshakerAnswer code,
             const char *why,
             const HandoffGrantGiven *given)
{
  static const HandoffGrantGiven nothing = { 0 };
  const char *id =
      code != HANDOFF_HANDSHAKER_ANSWER_NO && self->credential != NULL ? self->credential->id : "";

  if (given == NULL)
    given = &nothing;
  handoff_link_call_return (
      g_steal_pointer (&self->call),
      g_variant_new ("(usbs@" HANDOFF_GIVEN_GRANT_TYPE ")", code, why, self->is_own, id,
                     g_variant_new (HANDOFF_GIVEN_GRANT_TYPE, given->number, given->uses,
                                    given->until, given->program)),
      NULL, 0);
}

static void
answer (Question *self, HandoffHandshakerAnswer code, const char *why)
{
  answer_with (self, code, why, NULL);
}

static HandoffHandshakerAnswer
get_code (const GError *error)
{
  switch (error->code)
    {
    case TLS_HANDOFF_ERROR_NOT_AUTHORIZED:
      return HANDOFF_HANDSHAKER_ANSWER_NO;
    case TLS_HANDOFF_ERROR_LIMIT_REACHED:
      return HANDOFF_HANDSHAKER_ANSWER_LIMIT;
    case TLS_HANDOFF_ERROR_CANCELLED:
      return HANDOFF_HANDSHAKER_ANSWER_CANCELLED;
    default:
      return HANDOFF_HANDSHAKER_ANSWER_UNAVAILABLE;
    }
}

/* The credential as it is now, if polkit's rules saw what it is now. (transfer none) (nullable) */
static HandoffCredential *
look_again (const Question *self)
{
  HandoffCredential *asked = self->credential;
  HandoffCredential *now =
      asked != NULL ? handoff_credentials_lookup (self->handshaker->support->credentials, asked->id)
                    : NULL;

  return now != NULL && now->owner == asked->owner && g_str_equal (now->label, asked->label) ? now
                                                                                             : NULL;
}

static HandoffHandshakerAnswer
get_yes (const Question *self)
{
  return self->is_plain ? HANDOFF_HANDSHAKER_ANSWER_PLAIN_YES : HANDOFF_HANDSHAKER_ANSWER_YES;
}

/* The grant with the yes. */
static void
given (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Question) self = user_data;
  HandoffGrantGiver *giver = self->handshaker->support->giver;
  HandoffGrantGiven grant;
  g_autoptr (GError) error = NULL;

  if (handoff_grant_giver_give_finish (giver, result, &grant, &error))
    answer_with (self, get_yes (self), "", &grant);
  else
    handoff_link_call_fail (g_steal_pointer (&self->call), error);
}

/* If its process has ended meanwhile, nobody hears the answer. (transfer none) (nullable) */
static HandoffCredential *
find_usable (const Question *self)
{
  return self->handshaker->holder != NULL && self->handshaker->state != HANDOFF_HANDSHAKER_ENDED
             ? look_again (self)
             : NULL;
}

/* self: (transfer full) */
static void
answer_removed (Question *self)
{
  /* Polkit allowed to know that it was there. */
  g_autofree char *why =
      self->credential != NULL
          ? g_strdup_printf ("The credential “%s” was removed meanwhile", self->credential->label)
          : g_strdup ("");

  answer (self, HANDOFF_HANDSHAKER_ANSWER_NOT_FOUND, why);
  question_free (self);
}

/* The handshaker knows of the credential. */
static void
lent (gpointer user_data)
{
  Question *self = user_data;
  HandoffCredential *credential = find_usable (self);

  if (credential != NULL)
    handoff_grant_giver_give_async (self->handshaker->support->giver, self->handshaker->holder,
                                    credential, self->role,
                                    self->is_plain && self->is_to_be_remembered, given, self);
  else
    answer_removed (self);
}

/* self: (transfer full) */
static void
answer_with_credential (Question *self)
{
  HandoffCredential *credential = find_usable (self);
  HandoffBarrier *barrier;

  if (credential == NULL)
    {
      answer_removed (self);
      return;
    }
  barrier = handoff_barrier_new (lent, self);
  handoff_credential_feed_lend (self->handshaker, credential, barrier);
  handoff_barrier_release (barrier);
}

static void
answer_no (Question *self, const GError *error)
{
  g_autoptr (GError) failed = NULL;

  if (error->domain == TLS_HANDOFF_ERROR)
    {
      answer (self, get_code (error), error->message);
      return;
    }
  failed = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, error->message);
  handoff_link_call_fail (g_steal_pointer (&self->call), failed);
}

static void
authorized (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Question) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!handoff_authorization_ask_finish (result, &self->is_plain, &error))
    answer_no (self, error);
  else if (self->is_about_credential)
    answer_with_credential (g_steal_pointer (&self));
  else
    answer (self, get_yes (self), "");
}

static gboolean
is_known_detail (const char *key)
{
  const char *const keys[] = {
    HANDOFF_AUTHORITY_DETAIL_CREDENTIAL,
    HANDOFF_AUTHORITY_DETAIL_CREDENTIAL_CHOICE,
    HANDOFF_AUTHORITY_DETAIL_ROLE,
    HANDOFF_AUTHORITY_DETAIL_SERVER_IDENTITY,
    HANDOFF_AUTHORITY_DETAIL_REVIEW_CERTIFICATE,
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      if (g_str_equal (keys[i], key))
        return TRUE;
    }
  return FALSE;
}

/* (transfer full) (nullable): NULL if no handshake has such details */
static GHashTable *
read_details (GVariant *variant)
{
  g_autoptr (GHashTable) details = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GVariantIter iter;
  const char *key, *value;

  g_variant_iter_init (&iter, variant);
  while (g_variant_iter_next (&iter, "{&s&s}", &key, &value))
    {
      if (!is_known_detail (key) || strlen (value) > MAX_DETAIL_SIZE)
        return NULL;
      g_hash_table_insert (details, g_strdup (key), g_strdup (value));
    }
  return g_steal_pointer (&details);
}

/* Whether it is one of those that the handshaker was told of. */
static gboolean
is_lent (Question *self, HandoffCredential *credential)
{
  return handoff_credential_feed_has (self->handshaker, credential->id);
}

/* Which credential it is about, whose that is, and so what polkit is asked. For one that is not the
 * user's own, the same whether it exists or not: neither the answer nor its time tells which.
 * (transfer none): the action */
static const char *
find_credential (Question *self, const char *credential, gboolean is_name, GHashTable *details)
{
  HandoffCredentials *credentials = self->handshaker->support->credentials;
  const guint uid = self->handshaker->uid;
  HandoffCredential *found = is_name
                                 ? handoff_credentials_find_by_name (credentials, uid, credential)
                                 : handoff_credentials_lookup (credentials, credential);

  /* By its id it knows those alone. It may be one that was removed, just now. */
  if (found != NULL && !is_name && !is_lent (self, found))
    found = NULL;
  self->is_about_credential = TRUE;
  self->is_own = found != NULL && found->owner == uid;
  if (found != NULL)
    {
      self->credential = handoff_credential_ref (found);
      g_hash_table_insert (details, g_strdup (HANDOFF_AUTHORITY_DETAIL_CREDENTIAL),
                           g_strdup (found->label));
    }
  return self->is_own ? HANDOFF_ACTION_USE_OWN_CREDENTIAL : HANDOFF_ACTION_USE_ANY_CREDENTIAL;
}

/* Rules and the log see the label of the credential that a handshake is to have, even if its caller
 * gave a path. */
static void
name_by_label (HandoffHandshaker *self, GHashTable *details)
{
  const char *name = g_hash_table_lookup (details, HANDOFF_AUTHORITY_DETAIL_CREDENTIAL);
  const HandoffCredential *credential =
      name != NULL ? handoff_credentials_find_by_name (self->support->credentials, self->uid, name)
                   : NULL;

  if (credential != NULL)
    g_hash_table_insert (details, g_strdup (HANDOFF_AUTHORITY_DETAIL_CREDENTIAL),
                         g_strdup (credential->label));
}

static const char *
get_handshake_action (const char *action)
{
  if (g_str_equal (action, HANDOFF_ACTION_HANDSHAKE_AS_CLIENT))
    return HANDOFF_ACTION_HANDSHAKE_AS_CLIENT;
  if (g_str_equal (action, HANDOFF_ACTION_HANDSHAKE_AS_SERVER))
    return HANDOFF_ACTION_HANDSHAKE_AS_SERVER;
  return NULL;
}

/* base: (transfer full) */
static Question *
question_new (HandoffQuestion *base, HandoffLinkMessage *message, guint role)
{
  Question *self = g_new0 (Question, 1);

  self->base = base;
  self->handshaker = base->handshaker;
  self->call = g_steal_pointer (&message->call);
  self->role = role == HANDOFF_ROLE_SERVER ? HANDOFF_ROLE_SERVER : HANDOFF_ROLE_CLIENT;
  return self;
}

static void
ask (Question *self, const char *action, GHashTable *details, gboolean interactive)
{
  handoff_authorization_ask_async (self->handshaker->support->authority, self->base->caller, action,
                                   details, interactive, authorized, self);
}

void
handoff_handshaker_take_ask (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  guint64 number, caller_number;
  const char *action, *credential;
  gboolean is_name, interactive, is_to_be_remembered;
  guint role;
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GHashTable) details = NULL;
  HandoffQuestion *base;
  Question *question;

  g_variant_get (message->body, "(tt&s&sb@a{ss}bub)", &number, &caller_number, &action, &credential,
                 &is_name, &variant, &interactive, &role, &is_to_be_remembered);
  action = get_handshake_action (action);
  details = read_details (variant);
  if (details == NULL || (*credential == '\0' && action == NULL) ||
      strlen (credential) > MAX_NAME_SIZE)
    {
      handoff_handshaker_breach (self, "a question that no handshake has");
      return;
    }
  base = handoff_question_new (self, message, number, caller_number);
  if (base == NULL)
    return;
  if (*credential == '\0')
    name_by_label (self, details);
  question = question_new (base, message, role);
  question->is_to_be_remembered = is_to_be_remembered;
  if (*credential != '\0')
    action = find_credential (question, credential, is_name, details);
  ask (question, action, details, interactive);
}
