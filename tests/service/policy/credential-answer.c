/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <string.h>

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "policy/credential-answer.h"

static HandoffCredentialAnswer *
parse (const char *text, GError **error)
{
  g_autoptr (GError) parse_error = NULL;
  g_autoptr (GVariant) answer =
      g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &parse_error);

  g_assert_no_error (parse_error);
  return handoff_credential_answer_parse (answer, error);
}

static void
expect (const char *text, const char *credential, gint32 pem, gboolean automatic)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffCredentialAnswer) answer = parse (text, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (answer->credential, ==, credential);
  g_assert_cmpint (answer->credential_pem, ==, pem);
  g_assert_cmpint (answer->automatic, ==, automatic);
}

/* Breaks if one answer is taken for another, above all for one that authenticates. */
static void
test_good (void)
{
  expect ("{}", NULL, -1, FALSE);
  expect ("{'credential': <'vpn'>}", "vpn", -1, FALSE);
  expect ("{'credential': <'" HANDOFF_CREDENTIALS_PATH "/x1'>}", HANDOFF_CREDENTIALS_PATH "/x1", -1,
          FALSE);
  expect ("{'credential-pem': <handle 3>}", NULL, 3, FALSE);
  expect ("{'automatic': <true>}", NULL, -1, TRUE);
  expect ("{'automatic': <false>}", NULL, -1, FALSE);
}

static void
refuse (const char *text, const char *word1, const char *word2)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffCredentialAnswer) answer = parse (text, &error);

  g_test_message ("%.200s: %s", text, error != NULL ? error->message : "accepted");
  g_assert_null (answer);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, word1));
  g_assert_nonnull (strstr (error->message, word2));
}

/* Breaks if something that is not understood means "none": the caller would be somebody else than
 * it thinks. */
static void
test_bad (void)
{
  refuse ("{'credentials': <'vpn'>}", "credentials", "no key");
  refuse ("{'credential': <@ay [1]>}", "credential", "type s");
  refuse ("{'credential-pem': <uint32 0>}", "credential-pem", "type h");
  refuse ("{'credential-pem': <handle -1>}", "credential-pem", "descriptor");
  refuse ("{'automatic': <'yes'>}", "automatic", "type b");
  refuse ("{'credential': <''>}", "credential", "empty");
  refuse ("{'credential': <'a\\tb'>}", "credential", "control character");
  refuse ("{'credential': <'/etc/passwd'>}", "credential", "path");
  refuse ("{'credential': <'" HANDOFF_CREDENTIALS_PATH "/a-b'>}", "credential", "path");
  refuse ("{'credential': <'vpn'>, 'credential-pem': <handle 0>}", "at most one", "automatic");
  refuse ("{'credential': <'vpn'>, 'credential': <'other'>}", "at most one", "credential");
  refuse ("{'automatic': <false>, 'credential': <'other'>}", "at most one", "credential");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/credential-answer/good", test_good);
  g_test_add_func ("/service/credential-answer/bad", test_bad);
  return g_test_run ();
}
