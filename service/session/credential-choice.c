/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "session/credential-choice.h"

#include "authority/audit.h"
#include "authority/authorization.h"
#include "handshake/presented-chain.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "work/home.h"

/* Serials only grow: if number and newest serial are the same, all credentials are the same. */
static void
get_owners_state (HandoffCredentials *credentials, guint owner, guint64 state[2])
{
  g_autoptr (GPtrArray) list = handoff_credentials_list (credentials, &owner);
  guint i;

  state[0] = list->len;
  state[1] = 0;
  for (i = 0; i < list->len; i++)
    state[1] = MAX (state[1], ((HandoffCredential *) list->pdata[i])->serial);
}

void
handoff_credential_choice_get_state (HandoffCredentials *credentials, guint uid, guint64 state[4])
{
  get_owners_state (credentials, uid, state);
  get_owners_state (credentials, HANDOFF_CREDENTIAL_OWNER_MACHINE, state + 2);
}

static gboolean
has_role (const HandoffCredential *credential, HandoffRole role)
{
  return credential->roles & (role == HANDOFF_ROLE_SERVER ? HANDOFF_CREDENTIAL_ROLE_SERVER
                                                          : HANDOFF_CREDENTIAL_ROLE_CLIENT);
}

gboolean
handoff_credential_choice_check (HandoffCredential *credential, HandoffRole role, GError **error)
{
  const char *what = NULL;

  if (!has_role (credential, role))
    what = role == HANDOFF_ROLE_SERVER ? "is not for servers" : "is not for clients";
  else if (!handoff_credential_has_certificate (credential))
    what = "has no certificate yet: request one, and set it";
  else if (!handoff_credential_is_usable (credential))
    what =
        g_str_equal (handoff_credential_get_problem (credential, 0, FALSE), HANDOFF_PROBLEM_EXPIRED)
            ? "has a certificate that has expired: renew it"
            : "has a certificate that is not valid now";
  if (what == NULL)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
               "The credential “%s” %s", credential->label, what);
  return FALSE;
}

HandoffCredential *
handoff_credential_choice_check_again (HandoffCredentials *credentials,
                                       HandoffCredential *credential,
                                       GError **error)
{
  HandoffCredential *now = handoff_credentials_lookup (credentials, credential->id);

  /* Polkit's rules saw owner and label. */
  if (now != NULL && now->owner == credential->owner && g_str_equal (now->label, credential->label))
    return now;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
               "The credential “%s” was removed meanwhile", credential->label);
  return NULL;
}

/* What polkit's rules see of a session, and the choice with them. */
typedef struct
{
  HandoffRole role;
  char *server_identity; /* (owned): "" for a server whose name is unknown */
  gboolean review_certificate;
  HandoffCredentialChoiceMode credential_choice;
} Facts;

static void
add_detail (GHashTable *details, const char *key, const char *value)
{
  g_hash_table_insert (details, g_strdup (key), g_strdup (value));
}

/* label: (nullable) */
static GHashTable *
new_details (const Facts *facts, const char *label, gboolean is_named)
{
  GHashTable *details = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  add_detail (details, HANDOFF_AUTHORITY_DETAIL_ROLE, handoff_session_role_get_name (facts->role));
  if (facts->role == HANDOFF_ROLE_CLIENT || *facts->server_identity != '\0')
    add_detail (details, HANDOFF_AUTHORITY_DETAIL_SERVER_IDENTITY, facts->server_identity);
  if (facts->review_certificate)
    add_detail (details, HANDOFF_AUTHORITY_DETAIL_REVIEW_CERTIFICATE, "true");
  if (label != NULL)
    add_detail (details, HANDOFF_AUTHORITY_DETAIL_CREDENTIAL, label);
  if (!is_named && facts->role == HANDOFF_ROLE_CLIENT)
    add_detail (details, HANDOFF_AUTHORITY_DETAIL_CREDENTIAL_CHOICE,
                handoff_credential_choice_mode_get_name (facts->credential_choice));
  return details;
}

/* Nothing is copied. */
static Facts
get_facts (const HandoffSession *session)
{
  return (Facts){ session->role, session->server_identity, session->review_certificate,
                  session->credential_choice };
}

GHashTable *
handoff_credential_choice_new_details (const HandoffSession *session,
                                       const char *label,
                                       gboolean is_named)
{
  const Facts facts = get_facts (session);

  return new_details (&facts, label, is_named);
}

/* A handshake's question, until it is answered. The main thread's, but for its making. */
typedef struct
{
  HandoffAuthority *authority;     /* (unowned) */
  HandoffCredentials *credentials; /* (unowned) */
  HandoffIdleTimer *idle_timer;    /* (unowned): held: it keeps the others */
  Facts facts;
  HandoffCaller *caller;               /* (owned) */
  HandoffCredentialQuestion *question; /* (owned) (nullable): NULL once it is answered */
  GPtrArray *candidates;               /* (owned) (element-type HandoffCredential) */
  guint next;                          /* the one to ask polkit about */
  HandoffGrants *grants;               /* (owned) (nullable): NULL on the bus */
  HandoffGrantMoment moment;           /* before polkit was asked about that one */
  GError *denied; /* (owned) (nullable): polkit's first denial of a credential of the user's own */
} Choice;

static void
choice_free (Choice *self)
{
  g_assert (self->question == NULL);
  g_ptr_array_unref (self->candidates);
  g_clear_error (&self->denied);
  g_clear_pointer (&self->grants, handoff_grants_unref);
  g_object_unref (self->caller);
  g_free (self->facts.server_identity);
  handoff_idle_timer_release (self->idle_timer);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Choice, choice_free)

/* choice: (transfer full). credential, grant: (nullable) */
static void
answer (Choice *choice,
        HandoffCredential *credential,
        HandoffSigningGrant *grant,
        const GError *error)
{
  g_autoptr (Choice) self = choice;

  handoff_credential_question_answer (g_steal_pointer (&self->question), credential, grant, error);
}

static void
answer_with_none (Choice *self)
{
  const char *name = handoff_credential_question_get_server_name (self->question);
  g_autoptr (GError) error = NULL;

  if (handoff_credential_question_get_role (self->question) == HANDOFF_ROLE_CLIENT)
    answer (self, NULL, NULL, NULL);
  else if (self->denied != NULL)
    answer (self, NULL, NULL, self->denied);
  else
    {
      g_set_error (
          &error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
          "None of the credentials that this user may use fits a client that asks for %s%s%s; "
          "name one with the option " HANDOFF_OPTION_CREDENTIAL
          ", get one whose certificate has that name, or have a polkit rule that allows one of the "
          "machine's",
          name != NULL ? "“" : "no name", name != NULL ? name : "", name != NULL ? "”" : "");
      answer (self, NULL, NULL, error);
    }
}

static const char *
get_action (const Choice *self, HandoffCredential *credential)
{
  return handoff_credential_get_action (credential, handoff_caller_get_uid (self->caller));
}

/* What is remembered is about this one of the credentials that have its label. */
static HandoffGrantQuestion
get_question (const Choice *self, HandoffCredential *credential, GHashTable *details)
{
  return (HandoffGrantQuestion){ get_action (self, credential), details, credential->id };
}

/* Polkit says yes: answers with that credential, unless it changed meanwhile. grant: (nullable): to
 * use it. self: (transfer full) if this returns TRUE */
static gboolean
use (Choice *self, HandoffCredential *asked, HandoffSigningGrant *grant)
{
  HandoffCredential *credential =
      handoff_credential_choice_check_again (self->credentials, asked, NULL);

  /* The credential may have other certificates now. */
  if (credential == NULL || !handoff_credential_is_usable (credential) ||
      !handoff_credential_question_accepts (self->question, credential))
    return FALSE;
  answer (self, credential, grant, NULL);
  return TRUE;
}

/* Whether the broker had no credential to give with its yes, since that one was removed or changed
 * while polkit was asked: the news of that came before. */
static gboolean
was_removed (Choice *self, HandoffCredential *asked, const GError *error)
{
  return g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND) &&
         handoff_credential_choice_check_again (self->credentials, asked, NULL) == NULL;
}

static void ask_about_next (Choice *self);

static void
remember (Choice *self, HandoffCredential *credential, HandoffSigningGrant *grant)
{
  g_autoptr (GHashTable) details = new_details (&self->facts, credential->label, FALSE);
  const HandoffGrantQuestion question = get_question (self, credential, details);

  handoff_grants_add (self->grants, &question, &self->moment, credential->owner,
                      grant != NULL ? handoff_signing_grant_ref (grant) : NULL,
                      grant != NULL ? (GDestroyNotify) handoff_signing_grant_unref : NULL);
}

static void
authorized (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Choice) self = user_data;
  HandoffCredential *asked = g_ptr_array_index (self->candidates, self->next);
  gboolean is_plain = FALSE;
  g_autoptr (HandoffSigningGrant) grant = NULL;
  g_autoptr (GError) error = NULL;

  if (handoff_authorization_ask_finish (result, &is_plain, &error))
    {
      grant = handoff_authorization_take_grant (result);
      if (is_plain && self->grants != NULL)
        remember (self, asked, grant);
      if (use (self, asked, grant))
        {
          g_steal_pointer (&self);
          return;
        }
    }
  else if (was_removed (self, asked, error))
    {
      g_clear_error (&error);
    }
  /* Polkit gave no answer. To go on without this credential could show the peer somebody else than
   * the user. */
  if (error != NULL &&
      !g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED))
    {
      /* Elsewhere LIMIT_REACHED means that nothing was sent to the peer. */
      if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED))
        error->code = TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE;
      answer (g_steal_pointer (&self), NULL, NULL, error);
      return;
    }
  /* Do not tell the user of credentials that are not his own. */
  if (self->denied == NULL && asked->owner == handoff_caller_get_uid (self->caller))
    self->denied = g_steal_pointer (&error);
  self->next++;
  ask_about_next (g_steal_pointer (&self));
}

/* A yes that is remembered: polkit need not be asked. Otherwise notes when it is asked. (transfer
 * full) (nullable) */
static HandoffGrant *
find_remembered (Choice *self, HandoffCredential *credential, GHashTable *details)
{
  const HandoffGrantQuestion question = get_question (self, credential, details);
  HandoffGrant *grant;

  if (self->grants == NULL)
    return NULL;
  self->moment = handoff_grants_get_moment (self->grants);
  grant = handoff_grants_lookup (self->grants, &question);
  if (grant != NULL)
    handoff_audit_remembered (self->caller, question.action, details);
  return grant;
}

static void
ask_about (Choice *self, HandoffCredential *credential, GHashTable *details)
{
  const HandoffAuthorityCredential wanted = { credential->id, self->facts.role,
                                              self->grants != NULL };

  handoff_authorization_ask_for_credential_async (self->authority, self->caller,
                                                  get_action (self, credential), details, FALSE,
                                                  &wanted, authorized, self);
}

/* self: (transfer full) */
static void
ask_about_next (Choice *self)
{
  for (; self->next < self->candidates->len; self->next++)
    {
      HandoffCredential *credential = g_ptr_array_index (self->candidates, self->next);
      g_autoptr (GHashTable) details = new_details (&self->facts, credential->label, FALSE);

      g_autoptr (HandoffGrant) remembered = find_remembered (self, credential, details);

      if (remembered == NULL)
        {
          ask_about (self, credential, details);
          return;
        }
      if (use (self, credential, handoff_grant_get_data (remembered)))
        return;
    }
  answer_with_none (self);
}

/* The user's credentials that the handshake could use, by label. (transfer full) */
static GPtrArray *
list_usable (Choice *self, guint owner)
{
  HandoffRole role = handoff_credential_question_get_role (self->question);
  GPtrArray *credentials = handoff_credentials_list (self->credentials, &owner);
  guint i = 0;

  while (i < credentials->len)
    {
      HandoffCredential *credential = g_ptr_array_index (credentials, i);

      if (has_role (credential, role) && handoff_credential_is_usable (credential) &&
          handoff_credential_question_accepts (self->question, credential))
        i++;
      else
        g_ptr_array_remove_index (credentials, i);
    }
  return credentials;
}

static void
add_fitting (Choice *self, GPtrArray *credentials, const char *name)
{
  guint i;

  for (i = 0; i < credentials->len; i++)
    {
      HandoffCredential *credential = g_ptr_array_index (credentials, i);

      if (name == NULL || handoff_presented_chain_is_for_name (credential, name))
        g_ptr_array_add (self->candidates, handoff_credential_ref (credential));
    }
}

/* In the order in which the service asks polkit: the caller's own first, then the machine's. As a
 * server: the credentials for the client's name; if there are none, the caller's own one, if he has
 * exactly one. */
static void
find_candidates (Choice *self)
{
  const guint uid = handoff_caller_get_uid (self->caller);
  const gboolean is_server =
      handoff_credential_question_get_role (self->question) == HANDOFF_ROLE_SERVER;
  const char *name = handoff_credential_question_get_server_name (self->question);
  g_autoptr (GPtrArray) own = list_usable (self, uid);

  if (!is_server || name != NULL)
    {
      const char *fitting = is_server ? name : NULL;

      add_fitting (self, own, fitting);
      if (uid != HANDOFF_CREDENTIAL_OWNER_MACHINE)
        {
          g_autoptr (GPtrArray) machines = list_usable (self, HANDOFF_CREDENTIAL_OWNER_MACHINE);

          add_fitting (self, machines, fitting);
        }
    }
  if (is_server && self->candidates->len == 0 && own->len == 1)
    add_fitting (self, own, NULL);
}

static gboolean
choose (gpointer data)
{
  Choice *self = data;

  find_candidates (self);
  ask_about_next (self);
  return G_SOURCE_REMOVE;
}

void
handoff_credential_choice_answer (const HandoffSessionContext *context,
                                  HandoffSession *session,
                                  HandoffCaller *caller,
                                  HandoffCredentialQuestion *question)
{
  Choice *self = g_new0 (Choice, 1);
  const char *name = handoff_credential_question_get_server_name (question);

  if (session->role == HANDOFF_ROLE_SERVER && name != NULL)
    {
      g_free (session->server_identity);
      session->server_identity = g_strdup (name);
    }
  self->authority = context->authority;
  self->credentials = context->credentials;
  self->idle_timer = context->idle_timer;
  self->grants = context->grants != NULL ? handoff_grants_ref (context->grants) : NULL;
  handoff_idle_timer_hold (self->idle_timer);
  self->facts = get_facts (session);
  self->facts.server_identity = g_strdup (session->server_identity);
  self->caller = g_object_ref (caller);
  self->question = question;
  self->candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) handoff_credential_unref);
  if (context->home == NULL)
    choose (self);
  else
    handoff_home_invoke (NULL, choose, self, NULL);
}
