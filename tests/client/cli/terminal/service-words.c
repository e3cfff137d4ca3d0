/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The service's errors in the command's words. */

#include "terminal/service-words.h"

/* Breaks if people are told of options that the command does not have, or if words that are none
 * are taken for some. */
static void
test_translate (void)
{
  static const char *const cases[][2] = {
    { "key_type: must be one of a", "--type: must be one of a" },
    { "server_identity: is empty", "--server-name: is empty" },
    { "label: has a slash", "--label: has a slash" },
    { "uri: is none", "URI: is none" },
    { "data: is no key", "FILE: is no key" },
    { "certificates: the first one", "FILE: the first one" },
    { "Option certificates: is empty", "--certificates: is empty" },
    { "Option credential-pem: there is no key", "--cert: there is no key" },
    { "Option subject: is no name", "--subject: is no name" },
    { "The token “a” wants its PIN: the option “pin” has to give it",
      "The token “a” wants its PIN: --pin-file has to give it" },
    { "insists on a certificate; the option credential names one",
      "insists on a certificate; --credential names one" },
    { "give the option subject, dns-names, ip-addresses or email-addresses",
      "give --subject, --dns, --ip or --email" },
    { "The certificate of www.dns-names.example is not trusted: its label: “data”",
      "The certificate of www.dns-names.example is not trusted: its label: “data”" },
    { "There is no option “new-one” in this version",
      "There is no option “new-one” in this version" },
    { "The subject of data, and its owner", "The subject of data, and its owner" },
    { "", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *translated = cli_service_words_translate (cases[i][0]);

      g_assert_cmpstr (translated, ==, cases[i][1]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/service-words/translate", test_translate);
  return g_test_run ();
}
