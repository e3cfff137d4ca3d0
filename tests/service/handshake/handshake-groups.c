/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Of which key exchange group there is a key share, in which order the groups are offered, and how
 * often the wrong one costs a round trip. */

#include "config.h"

#include <string.h>

#include "support/client-handshake-fixture.h"
#include "support/server-handshake-fixture.h"
#include "support/test-clock.h"

#define TLS1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define ONLY_SECP384R1 TLS1_3 ":-GROUP-ALL:+GROUP-SECP384R1"
#define SUPPORTED_GROUPS 10
#define KEY_SHARE 51
#define MAX_GROUPS 16

/* What a ClientHello offers. */
typedef struct
{
  guint16 groups[MAX_GROUPS];
  guint n_groups;
  guint16 shares[MAX_GROUPS];
  guint n_shares;
} Offer;

/* What the server saw. */
typedef struct
{
  Offer offers[2];
  guint n_hellos; /* two: there was a HelloRetryRequest */
} Seen;

static int
take_extension (void *data, unsigned int extension, const unsigned char *content, unsigned int size)
{
  Offer *offer = data;
  guint i;

  if (extension == SUPPORTED_GROUPS)
    for (i = 2; i < size; i += 2)
      offer->groups[offer->n_groups++] = (guint16) (content[i] << 8 | content[i + 1]);
  if (extension == KEY_SHARE)
    for (i = 2; i < size; i += 4 + (guint) (content[i + 2] << 8 | content[i + 3]))
      offer->shares[offer->n_shares++] = (guint16) (content[i] << 8 | content[i + 1]);
  return 0;
}

static int
see_hello (gnutls_session_t session,
           unsigned int type,
           unsigned int when,
           unsigned int incoming,
           const gnutls_datum_t *message)
{
  Seen *seen = gnutls_session_get_ptr (session);

  g_assert_cmpuint (seen->n_hellos, <, G_N_ELEMENTS (seen->offers));
  gnutls_ext_raw_parse (&seen->offers[seen->n_hellos++], take_extension, message,
                        GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO);
  return 0;
}

/* A connection to a server with these priorities, which is told in *seen. */
static HandoffHandshakeState
connect_to (ClientTest *f, const char *priority, const char *identity, Seen *seen)
{
  HandoffHandshakeState state;

  memset (seen, 0, sizeof *seen);
  if (f->server != NULL)
    gnutls_deinit (f->server);
  g_clear_pointer (&f->credentials, gnutls_certificate_free_credentials);
  client_test_set_up_server (f, "wrong-name", priority);
  gnutls_session_set_ptr (f->server, seen);
  gnutls_handshake_set_hook_function (f->server, GNUTLS_HANDSHAKE_CLIENT_HELLO, GNUTLS_HOOK_PRE,
                                      see_hello);
  client_test_begin (f, identity, NULL);
  while ((state = client_test_step (f)) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  client_test_end_connection (f);
  return state;
}

/* Connects; the handshake is complete. Returns: how often it began. */
static guint
count_hellos (ClientTest *f, const char *priority, const char *identity)
{
  Seen seen;

  g_assert_cmpint (connect_to (f, priority, identity, &seen), ==, HANDOFF_HANDSHAKE_COMPLETE);
  g_assert_cmpuint (seen.offers[0].n_shares, ==, 1);
  return seen.n_hellos;
}

/* Breaks if a client makes key pairs for several groups, or offers another first than the policy
 * has. */
static void
test_one_share (ClientTest *f, gconstpointer data)
{
  static const guint16 order[] = {
    0x001d, 0x0017, 0x0018, 0x0019, 0x001e, 0x0100, 0x0101, 0x0102,
  };
  Seen seen;

  g_assert_cmpint (connect_to (f, TLS1_3, "other.handoff.test", &seen), ==,
                   HANDOFF_HANDSHAKE_COMPLETE);
  g_assert_cmpuint (seen.n_hellos, ==, 1);
  g_assert_cmpuint (seen.offers[0].n_shares, ==, 1);
  g_assert_cmpuint (seen.offers[0].shares[0], ==, 0x001d);
  g_assert_cmpmem (seen.offers[0].groups, seen.offers[0].n_groups * sizeof (guint16), order,
                   sizeof order);
}

/* Breaks if each handshake with a server that lacks our first group costs a round trip more, or if
 * the others are not offered any more, or in another order. */
static void
test_remembered (ClientTest *f, gconstpointer data)
{
  static const guint16 order[] = {
    0x0018, 0x001d, 0x0017, 0x0019, 0x001e, 0x0100, 0x0101, 0x0102,
  };
  Seen seen;

  g_assert_cmpuint (count_hellos (f, ONLY_SECP384R1, "other.handoff.test"), ==, 2);
  g_assert_cmpint (connect_to (f, ONLY_SECP384R1, "other.handoff.test", &seen), ==,
                   HANDOFF_HANDSHAKE_COMPLETE);
  g_assert_cmpuint (seen.n_hellos, ==, 1);
  g_assert_cmpuint (seen.offers[0].n_shares, ==, 1);
  g_assert_cmpuint (seen.offers[0].shares[0], ==, 0x0018);
  g_assert_cmpmem (seen.offers[0].groups, seen.offers[0].n_groups * sizeof (guint16), order,
                   sizeof order);
}

/* Breaks if what one user's handshake found out shows in another's, or for another server. */
static void
test_whose (ClientTest *f, gconstpointer data)
{
  f->uid = 1000;
  g_assert_cmpuint (count_hellos (f, ONLY_SECP384R1, "other.handoff.test"), ==, 2);
  g_assert_cmpuint (count_hellos (f, ONLY_SECP384R1, "192.0.2.1"), ==, 2);
  f->uid = 1001;
  g_assert_cmpuint (count_hellos (f, ONLY_SECP384R1, "other.handoff.test"), ==, 2);
  f->uid = 1000;
  g_assert_cmpuint (count_hellos (f, ONLY_SECP384R1, "other.handoff.test"), ==, 1);
  g_assert_cmpuint (count_hellos (f, ONLY_SECP384R1, "192.0.2.1"), ==, 1);
}

/* Breaks if a server that takes our first group after all is offered the other one for ever. */
static void
test_forgotten (ClientTest *f, gconstpointer data)
{
  test_clock_install ();
  g_assert_cmpuint (count_hellos (f, ONLY_SECP384R1, "other.handoff.test"), ==, 2);
  /* It does not take the one that is remembered any more. */
  g_assert_cmpuint (count_hellos (f, TLS1_3 ":-GROUP-ALL:+GROUP-X25519", "other.handoff.test"), ==,
                    2);
  g_assert_cmpuint (count_hellos (f, TLS1_3, "other.handoff.test"), ==, 1);
  g_assert_cmpuint (count_hellos (f, ONLY_SECP384R1, "other.handoff.test"), ==, 2);
  /* A day has passed since that was found out, however often it was of use since. */
  test_clock_suspend (HANDOFF_SERVER_GROUPS_MAX_AGE * TEST_SECOND - 1);
  g_assert_cmpuint (count_hellos (f, ONLY_SECP384R1, "other.handoff.test"), ==, 1);
  test_clock_suspend (1);
  g_assert_cmpuint (count_hellos (f, ONLY_SECP384R1, "other.handoff.test"), ==, 2);
  test_clock_uninstall ();
}

/* Breaks if a server that proved nothing decides what is offered first to the right one. */
static void
test_untrusted (ClientTest *f, gconstpointer data)
{
  Seen seen;

  g_assert_cmpint (connect_to (f, ONLY_SECP384R1, "www.handoff.test", &seen), ==,
                   HANDOFF_HANDSHAKE_FAILED);
  g_assert_cmpuint (seen.n_hellos, ==, 2);
  g_assert_cmpint (connect_to (f, ONLY_SECP384R1, "www.handoff.test", &seen), ==,
                   HANDOFF_HANDSHAKE_FAILED);
  g_assert_cmpuint (seen.n_hellos, ==, 2);
}

/* A client whose groups are those of the priority string, and which sends the share of the first.
 */
static void
set_up_client (ServerTest *f, const char *priority)
{
  g_clear_pointer (&f->client, gnutls_deinit);
  g_assert_cmpint (gnutls_init (&f->client, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_KEY_SHARE_TOP),
                   ==, 0);
  g_assert_cmpint (gnutls_priority_set_direct (f->client, priority, NULL), ==, 0);
  gnutls_credentials_set (f->client, GNUTLS_CRD_CERTIFICATE, f->credentials);
  memory_transport_attach (&f->transport, f->client, f->to_client, f->to_server);
}

static int
count_retry (gnutls_session_t session,
             unsigned int type,
             unsigned int when,
             unsigned int incoming,
             const gnutls_datum_t *message)
{
  ++*(guint *) gnutls_session_get_ptr (session);
  return 0;
}

/* Breaks if a server makes a client begin anew that has sent the share of a group that will do, or
 * takes one that it does not have. */
static void
test_server (ServerTest *f, gconstpointer data)
{
  static const struct
  {
    const char *priority;
    gnutls_group_t group;
    guint n_retries;
  } cases[] = {
    { TLS1_3 ":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1", GNUTLS_GROUP_X25519, 0 },
    { TLS1_3 ":-GROUP-ALL:+GROUP-SECP256R1:+GROUP-X25519", GNUTLS_GROUP_SECP256R1, 0 },
    { TLS1_3 ":-GROUP-ALL:+GROUP-X448:+GROUP-X25519:+GROUP-SECP256R1", GNUTLS_GROUP_X448, 0 },
    { TLS1_3 ":-GROUP-ALL:+GROUP-FFDHE8192:+GROUP-SECP384R1:+GROUP-X25519", GNUTLS_GROUP_X25519,
      1 },
  };
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("ecdsa", NULL);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint n_retries = 0;

      g_test_message ("%s", cases[i].priority);
      set_up_client (f, cases[i].priority);
      gnutls_session_set_ptr (f->client, &n_retries);
      gnutls_handshake_set_hook_function (f->client, GNUTLS_HANDSHAKE_HELLO_RETRY_REQUEST,
                                          GNUTLS_HOOK_POST, count_retry);
      server_test_begin (f, credential, NULL, NULL);
      g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
      g_assert_cmpint (gnutls_group_get (f->client), ==, cases[i].group);
      g_assert_cmpuint (n_retries, ==, cases[i].n_retries);
      server_test_end_connection (f);
      server_test_set_up_client (f, data, NULL);
    }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    void (*function) (ClientTest *f, gconstpointer data);
  } cases[] = {
    { "one-share", test_one_share }, { "remembered", test_remembered }, { "whose", test_whose },
    { "forgotten", test_forgotten }, { "untrusted", test_untrusted },
  };
  gsize i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/service/handshake-groups/", cases[i].name, NULL);

      g_test_add (path, ClientTest, TLS1_3, client_test_set_up, cases[i].function,
                  client_test_tear_down);
    }
  g_test_add ("/service/handshake-groups/server", ServerTest, TLS1_3, server_test_set_up,
              test_server, server_test_tear_down);
  return g_test_run ();
}
