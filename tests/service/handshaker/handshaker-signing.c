/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Handshakes with credentials whose keys are elsewhere: what the handshaker says to the broker and
 * to the keeper. */

#include "config.h"

#include <gnutls/abstract.h>
#include <string.h>
#include <unistd.h>

#include "grant/signature-form.h"
#include "grant/signature-scheme.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "link/signing-messages.h"
#include "support/credential-fixture.h"
#include "support/handshaker-fixture.h"
#include "work/clock.h"

#define ID "0123456789abcdef0123456789abcdef"
#define GRANT 51

typedef struct
{
  HandoffLink *signing;          /* (owned) (nullable): the keeper's end */
  HandoffCredential *credential; /* (owned): with its key */
  guint n_signed;
} Keeper;

/* ---- The keeper. ---- */

static void
signed_at_once (GBytes *signature, const GError *error, gpointer user_data)
{
  GVariant **result = user_data;

  g_assert_no_error (error);
  *result =
      g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, signature, TRUE));
}

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  Keeper *keeper = user_data;
  g_autoptr (GBytes) data = NULL;
  g_autoptr (GVariant) signature = NULL;
  g_autoptr (GError) error = NULL;
  guint64 grant;
  guint role, scheme;

  data = handoff_signing_message_read (message->body, -1, 65536, &grant, &role, &scheme, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (grant, ==, GRANT);
  g_assert_cmpuint (role, ==, HANDOFF_SIGNATURE_SERVER);
  handoff_private_key_sign (keeper->credential->key,
                            handoff_signature_scheme_find (scheme)->algorithm, data, signed_at_once,
                            &signature);
  keeper->n_signed++;
  handoff_link_call_return (g_steal_pointer (&message->call), g_variant_new ("(@ay)", signature),
                            NULL, 0);
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
}

static const HandoffLinkFunctions functions = { received, ended };

/* ---- The broker. ---- */

static GVariant *
new_grant (void)
{
  return g_variant_new (HANDOFF_GIVEN_GRANT_TYPE, (guint64) GRANT, 1,
                        handoff_clock_get_boot_time () + 60 * G_TIME_SPAN_SECOND, (guint64) 0);
}

static void
open_signing (Keeper *keeper, HandoffLinkMessage *message)
{
  g_autoptr (GError) error = NULL;
  int sockets[2];

  g_assert_null (keeper->signing);
  handoff_link_make_sockets (sockets, &error);
  g_assert_no_error (error);
  keeper->signing = handoff_link_new (sockets[1], &handoff_signing_table, HANDOFF_LINK_LOWER, NULL,
                                      "tls-handoff-handshaker", &functions, keeper);
  handoff_link_call_return (g_steal_pointer (&message->call), g_variant_new ("()"), &sockets[0], 1);
}

static gboolean
take (HandshakerTest *f, HandoffLinkMessage *message)
{
  Keeper *keeper = f->data;
  const char *credential;
  guint8 digest[32] = { 7 };
  char pem[8];
  int fd;

  switch (message->number)
    {
    case HANDOFF_HANDSHAKER_ASK:
      g_variant_get_child (message->body, 3, "&s", &credential);
      if (*credential == '\0')
        return FALSE;
      handoff_link_call_return (g_steal_pointer (&message->call),
                                g_variant_new ("(usbs@" HANDOFF_GIVEN_GRANT_TYPE ")",
                                               HANDOFF_HANDSHAKER_ANSWER_PLAIN_YES, "", TRUE, ID,
                                               new_grant ()),
                                NULL, 0);
      return TRUE;
    case HANDOFF_HANDSHAKER_READ_PEM:
      fd = handoff_link_message_steal_fd (message, 0);
      g_assert_cmpint (read (fd, pem, sizeof pem), ==, 3);
      close (fd);
      handoff_link_call_return (
          g_steal_pointer (&message->call),
          g_variant_new ("(s@ay@" HANDOFF_DESCRIPTION_TYPE "@" HANDOFF_GIVEN_GRANT_TYPE ")", ID,
                         g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, digest, sizeof digest, 1),
                         keeper->credential->description->variant, new_grant ()),
          NULL, 0);
      return TRUE;
    case HANDOFF_HANDSHAKER_OPEN_SIGNING:
      open_signing (keeper, message);
      return TRUE;
    default:
      return FALSE;
    }
}

static void
set_up (HandshakerTest *f, gconstpointer is_program)
{
  Keeper *keeper = g_new0 (Keeper, 1);

  keeper->credential = test_credential_new (ID, "web", TEST_UID, "ecdsa");
  handshaker_test_set_up (f, is_program);
  f->take = take;
  f->data = keeper;
  handshaker_test_give_user (f, "");
}

static void
tear_down (HandshakerTest *f, gconstpointer is_program)
{
  Keeper *keeper = f->data;

  handshaker_test_tear_down (f, is_program);
  g_clear_pointer (&keeper->signing, handoff_link_free);
  handoff_credential_unref (keeper->credential);
  g_free (keeper);
}

static void
put_credential (HandshakerTest *f)
{
  const Keeper *keeper = f->data;
  g_auto (HandshakerReply) reply = { 0 };

  handshaker_test_request (f, HANDOFF_HANDSHAKER_CREDENTIAL,
                           g_variant_new ("(ssuut@" HANDOFF_DESCRIPTION_TYPE ")", ID, "web",
                                          TEST_UID, HANDOFF_CREDENTIAL_ROLE_BOTH, (guint64) 3,
                                          keeper->credential->description->variant),
                           &reply);
  g_assert_no_error (reply.error);
}

/* options: (transfer floating). fds: the socket, and whatever the options name. */
static void
serve (HandshakerTest *f, GVariant *options, int pem, HandshakerReply *reply)
{
  GThread *client;
  int fds[2] = { -1, pem };

  client = handshaker_test_connect (&fds[0]);
  handshaker_test_begin (
      f, HANDOFF_HANDSHAKER_CALL,
      g_variant_new (
          "(ttssssvbuu)", (guint64) 100, (guint64) TEST_CALLER, HANDOFF_ROOT_PATH,
          HANDOFF_MANAGER_INTERFACE, HANDOFF_MANAGER_INTERFACE, "HandshakeAsServer",
          g_variant_new ("(h@ay@a{sv})", 0,
                         g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE,
                                                    "0123456789abcdef0123456789abcdef", 32, 1),
                         options),
          FALSE, 1, 0),
      fds, pem >= 0 ? 2 : 1, reply);
  handshaker_test_wait_for (&reply->is_done);
  if (reply->error == NULL)
    g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (client)), ==, 0);
  else
    g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (client)), <, 0);
}

/* Breaks if a credential that the broker tells of cannot be used, if a signature is asked for
 * without the grant that came with polkit's yes, or if the broker does not hear that the grant is
 * over. */
static void
test_named (HandshakerTest *f, gconstpointer unused)
{
  const Keeper *keeper = f->data;
  g_auto (HandshakerReply) reply = { 0 };

  put_credential (f);
  serve (f, g_variant_new_parsed ("{'credential': <'web'>}"), -1, &reply);
  g_assert_no_error (reply.error);
  g_assert_cmpuint (keeper->n_signed, ==, 1);
  handshaker_test_wait_for_event (f, "grant-over(51,)");
  g_assert_nonnull (strstr (f->events->str, "'web', true, "));
}

/* Breaks if a credential that is gone can be used. */
static void
test_gone (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) reply = { 0 };
  g_auto (HandshakerReply) gone = { 0 };

  put_credential (f);
  handshaker_test_request (f, HANDOFF_HANDSHAKER_CREDENTIAL_GONE, g_variant_new ("(s)", ID), &gone);
  g_assert_no_error (gone.error);
  serve (f, g_variant_new_parsed ("{'credential': <'web'>}"), -1, &reply);
  g_assert_error (reply.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
}

/* Breaks if a channel remembers what polkit said, when there are other credentials than there were
 * then. */
static void
test_changed (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) gone = { 0 };
  const int channel = handshaker_test_open_channel (f, 13);

  handshaker_test_do_handshake (f, channel, 1);
  handshaker_test_do_handshake (f, channel, 2);
  g_assert_cmpuint (handshaker_test_count_events (f, "ask("), ==, 1);
  put_credential (f);
  handshaker_test_do_handshake (f, channel, 3);
  g_assert_cmpuint (handshaker_test_count_events (f, "ask("), ==, 2);
  handshaker_test_request (f, HANDOFF_HANDSHAKER_CREDENTIAL_GONE, g_variant_new ("(s)", ID), &gone);
  g_assert_no_error (gone.error);
  handshaker_test_do_handshake (f, channel, 4);
  g_assert_cmpuint (handshaker_test_count_events (f, "ask("), ==, 3);
  close (channel);
  handshaker_test_wait_for_event (f, "channel-over(13,)");
}

/* Breaks if PEM is read here. */
static void
test_pem (HandshakerTest *f, gconstpointer unused)
{
  const Keeper *keeper = f->data;
  g_auto (HandshakerReply) reply = { 0 };
  int fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);
  g_assert_cmpint (write (fds[1], "PEM", 3), ==, 3);
  close (fds[1]);
  serve (f, g_variant_new_parsed ("{'credential-pem': <handle 1>}"), fds[0], &reply);
  g_assert_no_error (reply.error);
  g_assert_cmpuint (keeper->n_signed, ==, 1);
  handshaker_test_wait_for_event (f, "grant-over(51,)");
}

/* Breaks if the broker waits for a grant that is over already. */
static void
test_take_back (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) reply = { 0 };

  handshaker_test_request (f, HANDOFF_HANDSHAKER_TAKE_BACK, g_variant_new ("(t)", (guint64) 9),
                           &reply);
  g_assert_no_error (reply.error);
}

#define ADD(name, test)                                                                            \
  g_test_add ("/handshaker-signing/" name, HandshakerTest, NULL, set_up, test, tear_down);         \
  g_test_add ("/handshaker-signing/program/" name, HandshakerTest, "program", set_up, test,        \
              tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  handoff_process_set_folder (SERVICE_PROGRAMS);
  ADD ("named", test_named);
  ADD ("gone", test_gone);
  ADD ("changed", test_changed);
  ADD ("pem", test_pem);
  ADD ("take-back", test_take_back);
  return g_test_run ();
}
