/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "support/modules-fixture.h"

/* A signature of a handshaker that has a grant for one. */
typedef struct
{
  ModulesTest *f;
  const char *key;
  /* The credential is removed before the grant is given, or between that and the request. */
  gboolean removed_before_grant;
  gboolean removed_after_grant;
  HandoffLink *link;
  GBytes *signature;
  GError *error;
  gboolean done;
} ModulesTestSigning;

void modules_test_begin_signing (ModulesTest *f, const char *key, ModulesTestSigning *signing);
/* The same of one that is filled in. */
void modules_test_start_signing (ModulesTestSigning *signing);
/* Waits for it. */
void modules_test_end_signing (ModulesTestSigning *signing);
void modules_test_assert_signs (ModulesTest *f, const char *key);
void modules_test_assert_cannot_sign (ModulesTest *f, const char *key, int code, const char *what);
