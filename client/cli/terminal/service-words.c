/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/service-words.h"

#include <string.h>

/* The service's errors name arguments and options as its D-Bus interface calls them. */
static const struct
{
  const char *theirs;
  const char *argument; /* (nullable): the command's word for an argument of that name */
  const char *option;   /* (nullable): the command's word for an option of that name */
} words[] = {
  { "application-protocols", NULL, "--alpn" },
  { "certificates", "FILE", "--certificates" },
  { "cipher-suites", NULL, "--cipher-suite" },
  { "client-certificate", NULL, "--require-client-certificate" },
  { "credential", NULL, "--credential" },
  { "credential-pem", NULL, "--cert" },
  { "data", "FILE", NULL },
  { "days", NULL, "--days" },
  { "dns-names", NULL, "--dns" },
  { "email-addresses", NULL, "--email" },
  { "ip-addresses", NULL, "--ip" },
  { "key_type", "--type", NULL },
  { "label", "--label", NULL },
  { "maximum-protocol", NULL, "--maximum" },
  { "minimum-protocol", NULL, "--minimum" },
  { "owner", NULL, "--owner" },
  { "passphrase", NULL, "--passphrase-file" },
  { "pin", "--pin-file", "--pin-file" },
  { "resumption", NULL, "--no-resumption" },
  { "roles", NULL, "--role" },
  { "server-name", NULL, "--sni" },
  { "server_identity", "--server-name", NULL },
  { "subject", NULL, "--subject" },
  { "timeout", NULL, "--timeout" },
  { "trust-anchors", NULL, "--trust" },
  { "uri", "URI", NULL },
};

/* (nullable) */
static const char *
find (const char *theirs, gboolean is_option)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (words); i++)
    {
      if (g_str_equal (words[i].theirs, theirs))
        return is_option ? words[i].option : words[i].argument;
    }
  return NULL;
}

/* Where a word is the name of an argument or option, and not plain English. */
enum
{
  PREFIXED_OPTION = 1, /* "Option subject: …" */
  PREFIXED_ARGUMENT,   /* "label: …" */
  MENTIONED_OPTION,    /* "… give the option “pin” …" */
  COMPOUND,            /* "… or dns-names …" */
};
#define PATTERN                                                                                    \
  "^Option ([a-z-]+)(?=: )|^([a-z_]+)(?=: )|(?:\\bthe )?\\boption “?([a-z-]+)”?|"              \
  "(?<![\\w.-])([a-z]+(?:[-_][a-z]+)+)(?![\\w.-]\\w)"

static gboolean
replace (const GMatchInfo *match, GString *result, gpointer data)
{
  g_autofree char *whole = g_match_info_fetch (match, 0);
  const char *ours = NULL;
  int group;

  for (group = PREFIXED_OPTION; group <= COMPOUND; group++)
    {
      g_autofree char *word = g_match_info_fetch (match, group);

      if (word == NULL || *word == '\0')
        continue;
      ours = find (word, group != PREFIXED_ARGUMENT);
      if (ours == NULL && group == COMPOUND)
        ours = find (word, FALSE);
    }
  g_string_append (result, ours != NULL ? ours : whole);
  return FALSE;
}

/**
 * cli_service_words_translate:
 * @message: of an error of the service's
 *
 * Returns: (transfer full): @message, with the command's words for options and arguments
 */
char *
cli_service_words_translate (const char *message)
{
  g_autoptr (GRegex) regex = g_regex_new (PATTERN, 0, 0, NULL);
  char *translated = g_regex_replace_eval (regex, message, -1, 0, 0, replace, NULL, NULL);

  return translated != NULL ? translated : g_strdup (message);
}
