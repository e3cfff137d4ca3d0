/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* When options need not be parsed again. */

#include "config.h"

#include "policy/known-options.h"
#include "keyblob/tls-handoff-error.h"
#include "support/policy-fixture.h"

/* (transfer full) */
static HandoffHandshakeOptions *
parse (HandoffKnownOptions *known, const char *text, HandoffRole role, HandoffTlsPolicy *policy)
{
  g_autoptr (GVariant) options = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;
  HandoffHandshakeOptions *parsed =
      handoff_known_options_parse (known, options, role, policy, &error);

  g_assert_no_error (error);
  return parsed;
}

#define WAITS "{'wait': <true>}"

/* Breaks if options are taken for others, of another role, or of another configuration. */
static void
test_known (void)
{
  g_autoptr (HandoffKnownOptions) known = handoff_known_options_new ();
  g_autoptr (HandoffTlsPolicy) policy = test_policy_new ("");
  g_autoptr (HandoffTlsPolicy) other_policy = test_policy_new ("");
  g_autoptr (HandoffHandshakeOptions) first = parse (known, WAITS, HANDOFF_ROLE_CLIENT, policy);
  g_autoptr (HandoffHandshakeOptions) same = parse (known, WAITS, HANDOFF_ROLE_CLIENT, policy);
  g_autoptr (HandoffHandshakeOptions) others =
      parse (known, "{'wait': <false>}", HANDOFF_ROLE_CLIENT, policy);
  g_autoptr (HandoffHandshakeOptions) none =
      parse (known, "@a{sv} {}", HANDOFF_ROLE_CLIENT, policy);
  g_autoptr (HandoffHandshakeOptions) again = parse (known, WAITS, HANDOFF_ROLE_CLIENT, policy);
  g_autoptr (HandoffHandshakeOptions) server = parse (known, WAITS, HANDOFF_ROLE_SERVER, policy);
  g_autoptr (HandoffHandshakeOptions) reloaded =
      parse (known, WAITS, HANDOFF_ROLE_SERVER, other_policy);

  g_assert_true (first->wait);
  g_assert_true (same == first);
  g_assert_false (others->wait);
  g_assert_false (none->wait);
  g_assert_true (again->wait);
  g_assert_false (again == first);
  g_assert_false (server == again);
  g_assert_false (reloaded == server);
}

/* Breaks if wrong options are accepted since they came before. */
static void
test_wrong (void)
{
  g_autoptr (HandoffKnownOptions) known = handoff_known_options_new ();
  g_autoptr (HandoffTlsPolicy) policy = test_policy_new ("");
  g_autoptr (GVariant) options =
      g_variant_ref_sink (g_variant_new_parsed ("{'timeout': <uint32 0>}"));
  guint i;

  for (i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (
          handoff_known_options_parse (known, options, HANDOFF_ROLE_CLIENT, policy, &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
    }
}

/* Breaks if large options are kept. */
static void
test_large (void)
{
  g_autoptr (HandoffKnownOptions) known = handoff_known_options_new ();
  g_autoptr (HandoffTlsPolicy) policy = test_policy_new ("");
  g_autofree char *anchor = g_strnfill (4096, 'a');
  g_autofree char *text = g_strdup_printf ("{'trust-anchors': <[b'%s']>}", anchor);
  g_autoptr (HandoffHandshakeOptions) first = parse (known, text, HANDOFF_ROLE_CLIENT, policy);
  g_autoptr (HandoffHandshakeOptions) second = parse (known, text, HANDOFF_ROLE_CLIENT, policy);

  g_assert_false (first == second);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/known-options/known", test_known);
  g_test_add_func ("/service/known-options/wrong", test_wrong);
  g_test_add_func ("/service/known-options/large", test_large);
  return g_test_run ();
}
