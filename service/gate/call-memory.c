/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "gate/call-memory.h"

#include <string.h>

#include "authority/audit.h"
#include "authority/authority.h"

struct _HandoffCallMemory
{
  HandoffGrants *grants;     /* (unowned) */
  char *action;              /* (owned) */
  GHashTable *details;       /* (owned) (nullable) */
  char *credential_name;     /* (owned) (nullable) */
  HandoffGrant *grant;       /* (owned) (nullable) */
  HandoffGrantMoment moment; /* without grant: before anything was asked, or looked up */
  gboolean is_plain;         /* every answer so far was */
};

static HandoffGrantQuestion
get_question (const HandoffCallMemory *self)
{
  return (HandoffGrantQuestion){ self->action, self->details, self->credential_name };
}

HandoffCallMemory *
handoff_call_memory_new (HandoffGrants *grants,
                         const char *action,
                         GHashTable *details,
                         const char *credential_name)
{
  HandoffCallMemory *self = g_new0 (HandoffCallMemory, 1);
  HandoffGrantQuestion question;

  self->grants = grants;
  self->action = g_strdup (action);
  self->details = details != NULL ? g_hash_table_ref (details) : NULL;
  self->credential_name = g_strdup (credential_name);
  self->is_plain = TRUE;
  question = get_question (self);
  self->moment = handoff_grants_get_moment (grants);
  self->grant = handoff_grants_lookup (grants, &question);
  return self;
}

void
handoff_call_memory_free (HandoffCallMemory *self)
{
  g_free (self->action);
  g_clear_pointer (&self->details, g_hash_table_unref);
  g_free (self->credential_name);
  g_clear_pointer (&self->grant, handoff_grant_unref);
  g_free (self);
}

const HandoffRemembered *
handoff_call_memory_get (const HandoffCallMemory *self)
{
  return self->grant != NULL ? handoff_grant_get_data (self->grant) : NULL;
}

gboolean
handoff_call_memory_look_again (HandoffCallMemory *self)
{
  const HandoffGrantQuestion question = get_question (self);
  g_autoptr (HandoffGrant) now = NULL;

  if (self->grant == NULL)
    return TRUE;
  self->moment = handoff_grants_get_moment (self->grants);
  now = handoff_grants_lookup (self->grants, &question);
  if (now == self->grant)
    return TRUE;
  /* Another yes to the same question may be one to the use of another credential of that name. */
  g_clear_pointer (&self->grant, handoff_grant_unref);
  return FALSE;
}

void
handoff_call_memory_note_yes (HandoffCallMemory *self, gboolean is_plain)
{
  self->is_plain &= is_plain;
}

static void
remembered_free (gpointer data)
{
  HandoffRemembered *remembered = data;

  g_clear_pointer (&remembered->credential, handoff_credential_unref);
  g_clear_pointer (&remembered->grant, handoff_signing_grant_unref);
  g_free (remembered);
}

gboolean
handoff_call_memory_may_keep (const HandoffCallMemory *self)
{
  return self->grant == NULL && self->is_plain;
}

void
handoff_call_memory_keep (HandoffCallMemory *self,
                          HandoffCredential *credential,
                          HandoffSigningGrant *grant,
                          const guint64 choice[4])
{
  const HandoffGrantQuestion question = get_question (self);
  HandoffRemembered *remembered;

  if (!handoff_call_memory_may_keep (self))
    return;
  remembered = g_new0 (HandoffRemembered, 1);
  if (credential != NULL)
    remembered->credential = handoff_credential_ref (credential);
  if (grant != NULL)
    remembered->grant = handoff_signing_grant_ref (grant);
  memcpy (remembered->choice, choice, sizeof remembered->choice);
  handoff_grants_add (self->grants, &question, &self->moment,
                      credential != NULL ? credential->owner : HANDOFF_GRANT_NO_OWNER, remembered,
                      remembered_free);
}

void
handoff_call_memory_audit (HandoffCallMemory *self, HandoffCaller *caller, const char *label)
{
  const HandoffRemembered *remembered = handoff_call_memory_get (self);

  /* Nobody else has this table. */
  if (label != NULL && self->details != NULL)
    g_hash_table_insert (self->details, g_strdup (HANDOFF_AUTHORITY_DETAIL_CREDENTIAL),
                         g_strdup (label));
  handoff_audit_remembered (caller, self->action, self->details);
  if (remembered->credential != NULL)
    handoff_audit_remembered (
        caller,
        handoff_credential_get_action (remembered->credential, handoff_caller_get_uid (caller)),
        self->details);
}
