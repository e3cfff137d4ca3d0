/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/bus-context.h"
#include "gate/pending-call.h"
#include "credential/certificate-request.h"
#include "credential/credential-work.h"
#include "importers/held-import.h"
#include "keeping/keeper.h"

/* A credential that a call makes or changes: what the arguments say, and the results of the steps
 * so far. */
typedef struct
{
  guint uid;           /* the caller's */
  HandoffPlace *place; /* (owned) (nullable): NULL before prepare() */

  HandoffCredentialName name;         /* its label: (owned) (nullable): of a new credential */
  char *key_type;                     /* (owned) (nullable): to generate */
  char *uri;                          /* (owned) (nullable): to link: canonical */
  HandoffCertificateRequest *request; /* (owned) (nullable): to sign */
  GPtrArray *certificates;            /* (owned) (element-type GBytes) (nullable): to set */
  GBytes *response;                   /* (owned) (nullable): to staple; empty: none any more */

  int data_fd;    /* (owned): to import; -1 without, and once it is read */
  int secret_fd;  /* (owned): a passphrase or PIN; likewise */
  GBytes *secret; /* (owned) (nullable): a PIN, read, until it is used */

  /* (owned) (nullable): the new credential; or the one that is changed, as long as the steps need
   * it */
  HandoffCredential *credential;
  HandoffHeldImport *held; /* (owned) (nullable): the new one's key: the keeper holds it */
} HandoffCredentialChange;

HandoffCredentialChange *handoff_credential_change_new (HandoffCall *call);
void handoff_credential_change_free (HandoffCredentialChange *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffCredentialChange, handoff_credential_change_free)

/* The last check before the service asks polkit: may the user have one more call of this kind? If
 * so, the call owns the change. self: (transfer full) */
gboolean handoff_credential_change_prepare (HandoffCredentialChange *self,
                                            HandoffCall *call,
                                            const HandoffCallContext *context,
                                            GError **error);
/* Whether there is room for a new credential, and its label is free. Checked before the work, and
 * again after it. */
gboolean handoff_credential_change_check_room (const HandoffCredentialChange *self,
                                               const HandoffCallContext *context,
                                               GError **error);
/* self, call: (transfer full) */
void handoff_credential_change_start (HandoffCredentialChange *self,
                                      HandoffCall *call,
                                      const HandoffCallContext *context,
                                      const HandoffPlan *plan);

/* What the methods do. */
extern const HandoffPlan handoff_credential_import;
extern const HandoffPlan handoff_credential_generation;
extern const HandoffPlan handoff_credential_link;
extern const HandoffPlan handoff_credential_signing;
extern const HandoffPlan handoff_credential_self_signing;
extern const HandoffPlan handoff_credential_setting;
extern const HandoffPlan handoff_credential_stapling;
extern const HandoffPlan handoff_credential_unlocking;
extern const HandoffPlan handoff_credential_removal;
