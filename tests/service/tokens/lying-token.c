/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What the test of modules' processes starts instead of tls-handoff-token. It loads no module.
 * Asked whether it has a token, it takes the label, whatever that is, for that of a token of its
 * own: it wants the PIN from the PIN file, says that it tries it, that it was right, and that
 * somebody had given it. Then it says, as the label of a token that is gone, what it was told. */

#include "config.h"

#include <gio/gio.h>
#include <unistd.h>

#include "link/link.h"
#include "link/token-messages.h"
#include "process/child.h"
#include "token-text/pin-fate.h"

static HandoffLink *broker;
static HandoffLinkCall *call; /* what was asked */
static char *label;
static char *pin;

static void
tried (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  g_autofree char *told = NULL;
  gboolean may;

  g_assert_no_error (error);
  g_variant_get (reply->body, "(b)", &may);
  told = g_strdup_printf ("%s: %s, %s", label, pin, may ? "yes" : "no");
  handoff_link_send (broker, HANDOFF_TOKEN_SETTLE_PIN,
                     g_variant_new ("(subb)", label, HANDOFF_PIN_TAKEN, TRUE, TRUE), NULL, 0, NULL);
  handoff_link_send (broker, HANDOFF_TOKEN_LOST, g_variant_new ("(s)", told), NULL, 0, NULL);
  handoff_link_call_return (call, g_variant_new ("(b)", TRUE), NULL, 0);
  g_free (label);
  g_free (pin);
}

static void
found (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  static const guint8 digest[HANDOFF_PIN_DIGEST_SIZE] = { 1 };
  g_autoptr (GVariant) value = NULL;

  g_assert_no_error (error);
  g_variant_get (reply->body, "(m@ays)", &value, NULL);
  pin = value != NULL ? g_strndup (g_variant_get_data (value), g_variant_get_size (value))
                      : g_strdup ("nothing");
  handoff_link_request (
      broker, HANDOFF_TOKEN_TRY_PIN,
      g_variant_new ("(s@ays)", label,
                     g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, digest, sizeof digest, 1), ""),
      NULL, 0, tried, NULL);
}

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  if (message->number != HANDOFF_TOKEN_HAS)
    return;
  call = g_steal_pointer (&message->call);
  g_variant_get (message->body, "(s)", &label);
  handoff_link_request (broker, HANDOFF_TOKEN_FIND_PIN, g_variant_new ("(s)", label), NULL, 0,
                        found, NULL);
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  _exit (EXIT_SUCCESS);
}

int
main (void)
{
  static const HandoffLinkFunctions functions = { received, ended };
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  broker = handoff_link_new (HANDOFF_CHILD_FD, &handoff_token_messages, HANDOFF_LINK_LOWER, NULL,
                             "tls-handoffd", &functions, NULL);
  g_main_loop_run (loop);
  return EXIT_FAILURE;
}
