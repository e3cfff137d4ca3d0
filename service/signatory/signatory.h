/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "grant/signature-form.h"
#include "grant/signature-scheme.h"
#include "link/link.h"

/* How a program that has private keys signs for others: what the broker tells it of handshakers and
 * their grants, the sockets on which handshakers ask, and whether what they ask for is theirs, and
 * is TLS. What no honest handshaker asks for is refused, and the broker is told. Main thread. */
typedef struct _HandoffSignatory HandoffSignatory;
/* Something that is to be signed, until it is answered. */
typedef struct _HandoffSignatoryRequest HandoffSignatoryRequest;

/* The numbers of the rows of grant-messages.h in the table of the broker's link. */
typedef struct
{
  guint holder;
  guint holder_socket;
  guint holder_gone;
  guint grant;
  guint grant_over;
  guint violation;
} HandoffSignatoryRows;

/* Signs data, all of which is to be signed, and answers by handoff_signatory_answer(), now or
 * later. request: (transfer full). uid: of the holder's user. key: the id of a credential. data:
 * (transfer none). held: (transfer none) (nullable): what was held for the grant */
typedef void (*HandoffSignatorySign) (HandoffSignatoryRequest *request,
                                      guint uid,
                                      const char *key,
                                      gpointer held,
                                      const HandoffSignatureScheme *scheme,
                                      HandoffSignatureForm form,
                                      GBytes *data,
                                      gpointer user_data);

/* What a grant holds from when it is given until it is over: a key that goes meanwhile still signs
 * for it. */
typedef struct
{
  /* (transfer full) (nullable): NULL: there is no such key, now */
  gpointer (*find) (const char *key, gpointer user_data);
  gpointer (*copy) (gpointer held);
  GDestroyNotify destroy;
} HandoffSignatoryHold;

/* hold: (nullable): NULL: grants hold nothing. broker: (unowned): the link, which outlives it, as
 * rows do. */
HandoffSignatory *handoff_signatory_new (HandoffLink *broker,
                                         const HandoffSignatoryRows *rows,
                                         HandoffSignatorySign sign,
                                         const HandoffSignatoryHold *hold,
                                         gpointer user_data);
/* With the sockets of all holders. */
void handoff_signatory_free (HandoffSignatory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffSignatory, handoff_signatory_free)

/* A message of the broker's. FALSE: it is none of the rows. */
gboolean handoff_signatory_receive (HandoffSignatory *self, HandoffLinkMessage *message);

/* Of a request for a certificate, which is the broker's. call: (transfer full). (transfer full) */
HandoffSignatoryRequest *handoff_signatory_request_new (HandoffLinkCall *call);
/* request: (transfer full). result: the signature, or the certificate request. result, error: one
 * of them, the other is NULL */
void
handoff_signatory_answer (HandoffSignatoryRequest *request, GBytes *result, const GError *error);
