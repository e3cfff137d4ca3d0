/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/certificate-review.h"

#include "call/certificates-variant.h"
#include "keyblob/handoff-names.h"

struct _HandoffCertificateReview
{
  HandoffReviewFunc func;
  gpointer user_data;
  GDestroyNotify destroy; /* (nullable) */
};

static void
review_clear (HandoffCertificateReview *self)
{
  if (self->destroy != NULL)
    self->destroy (self->user_data);
}

HandoffCertificateReview *
handoff_certificate_review_new (HandoffReviewFunc func, gpointer user_data, GDestroyNotify destroy)
{
  HandoffCertificateReview *self = g_atomic_rc_box_new0 (HandoffCertificateReview);

  self->func = func;
  self->user_data = user_data;
  self->destroy = destroy;
  return self;
}

HandoffCertificateReview *
handoff_certificate_review_ref (HandoffCertificateReview *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
handoff_certificate_review_unref (HandoffCertificateReview *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) review_clear);
}

void
handoff_certificate_review_ask (HandoffHandshakeQuestion question,
                                GVariant *details,
                                GTask *handshake,
                                HandoffAnswerFunc answer_func,
                                gpointer user_data)
{
  HandoffCertificateReview *self = user_data;
  g_auto (HandoffAnswer) answer = { 0 };
  g_autoptr (GVariant) sent = NULL;
  g_autoptr (GPtrArray) certificates = NULL;
  g_auto (GStrv) errors = NULL;

  g_assert (question == HANDOFF_HANDSHAKE_QUESTION_REVIEW);

  sent = g_variant_lookup_value (details, HANDOFF_DETAIL_PEER_CERTIFICATES, G_VARIANT_TYPE ("aay"));
  g_variant_lookup (details, HANDOFF_DETAIL_VERIFICATION_ERRORS, "^as", &errors);
  /* What cannot be shown is not accepted. */
  if (sent != NULL && errors != NULL)
    {
      certificates = handoff_certificates_from_variant (sent);
      answer.accept = !!self->func (certificates, (const char *const *) errors, self->user_data);
    }
  answer_func (handshake, &answer);
}
