/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/service-words.h"

#include <glib/gi18n.h>
#include <string.h>
#include <tls-handoff/tls-handoff.h>

/* The service's errors name arguments and options as its D-Bus interface calls them. */
static const struct
{
  const char *theirs;
  const char *argument; /* (nullable): the command's word for an argument of that name */
  const char *option;   /* (nullable): the command's word for an option of that name */
} words[] = {
  { "application-protocols", NULL, "--alpn" },
  { "certificates", N_ ("FILE"), "--certificates" },
  { "cipher-suites", NULL, "--cipher-suite" },
  { "client-certificate", NULL, "--require-client-certificate" },
  { "credential", NULL, "--credential" },
  { "credential-pem", NULL, "--cert" },
  { "data", N_ ("FILE"), NULL },
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
  { "response", N_ ("FILE"), NULL },
  { "resumption", NULL, "--no-resumption" },
  { "roles", NULL, "--role" },
  { "server-name", NULL, "--sni" },
  { "server_identity", "--server-name", NULL },
  { "subject", NULL, "--subject" },
  { "timeout", NULL, "--timeout" },
  { "trust-anchors", NULL, "--trust" },
  { "uri", N_ ("URI"), NULL },
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

/* Where a word is the name of an argument or option, and not plain language. */
enum
{
  PREFIXED_OPTION = 1, /* "Option subject: …" */
  PREFIXED_ARGUMENT,   /* "label: …" */
  MENTIONED_OPTION,    /* "… give the option “pin” …" */
  COMPOUND,            /* "… or dns-names …" */
};
/* The library has translated the message. */
#define PATTERN                                                                                    \
  "^%s ([a-z-]+)(?=: )|^([a-z_]+)(?=: )|(?:%s) [“„«]?([a-z-]+)[”“»]?|"                   \
  "(?<![\\w.-])([a-z]+(?:[-_][a-z]+)+)(?![\\w.-]\\w)"

/* (transfer full) */
static char *
get_pattern (void)
{
  return g_strdup_printf (
      PATTERN,
      /* Translators: as “Option %s: %s” begins */
      _ ("Option"),
      /* Translators: how messages mention an option in the middle of a sentence, as a regular
       * expression. What it finds is replaced with the option itself. */
      _ ("(?:\\bthe )?\\boption"));
}

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
  if (ours != NULL && *ours != '-')
    ours = _ (ours);
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
  g_autofree char *pattern = get_pattern ();
  g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, NULL);
  char *translated = NULL;

  if (regex != NULL)
    translated = g_regex_replace_eval (regex, message, -1, 0, 0, replace, NULL, NULL);
  return translated != NULL ? translated : g_strdup (message);
}

/**
 * cli_service_words_get_original:
 * @error: of the service's
 *
 * Returns: its message as the service wrote it: some errors differ by that alone
 */
const char *
cli_service_words_get_original (const GError *error)
{
  const char *original = tls_handoff_error_get_original_message (error);

  return original != NULL ? original : error->message;
}
