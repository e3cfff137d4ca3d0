/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "handshake/handshake-question.h"

/* What an application says to a peer's certificate that did not verify: a function of its own. It
 * never changes, and may be used by several handshakes at once. */

typedef struct _HandoffCertificateReview HandoffCertificateReview;

/* A TlsHandoffReviewFunc, which is made public with the options. */
typedef gboolean (*HandoffReviewFunc) (GPtrArray *certificates,
                                       const char *const *errors,
                                       gpointer user_data);

/* destroy: (nullable) */
HandoffCertificateReview *
handoff_certificate_review_new (HandoffReviewFunc func, gpointer user_data, GDestroyNotify destroy);
HandoffCertificateReview *handoff_certificate_review_ref (HandoffCertificateReview *self);
void handoff_certificate_review_unref (HandoffCertificateReview *self);

/* A HandoffAskFunc, for HANDOFF_HANDSHAKE_QUESTION_REVIEW alone. user_data: the review */
void handoff_certificate_review_ask (HandoffHandshakeQuestion question,
                                     GVariant *details,
                                     GTask *handshake,
                                     HandoffAnswerFunc answer_func,
                                     gpointer user_data);
