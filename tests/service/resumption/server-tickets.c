/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The keys of servers' session tickets: which are the same, and which must differ. */

#include "config.h"

#include "resumption/server-tickets.h"

#include <string.h>

#include "keyblob/secret-memory.h"
#include "support/test-clock.h"

typedef struct
{
  guint8 bytes[HANDOFF_TICKET_KEY_SIZE];
} Key;

static Key
derive (HandoffServerTickets *tickets, const char *conditions, guint64 serial, const char *name)
{
  guint8 *secret =
      handoff_server_tickets_derive_secret (tickets, g_variant_new_parsed (conditions));
  Key key;

  g_assert_nonnull (secret);
  g_assert_true (handoff_ticket_key_derive (secret, serial, name, key.bytes));
  handoff_secret_free (secret);
  return key;
}

static gboolean
are_equal (Key a, Key b)
{
  return memcmp (a.bytes, b.bytes, sizeof a.bytes) == 0;
}

/* Breaks if a ticket can be used where anything differs from where it was given (another user's
 * server, another credential, another name), or cannot be used where all is the same. */
static void
test_conditions (void)
{
  g_autoptr (HandoffServerTickets) tickets = handoff_server_tickets_new ();
  Key key;

  handoff_server_tickets_set_lifetime (tickets, 100);
  key = derive (tickets, "(uint32 1000, 'a')", 1, "www.example.com");
  g_assert_true (are_equal (key, derive (tickets, "(uint32 1000, 'a')", 1, "www.example.com")));
  g_assert_false (are_equal (key, derive (tickets, "(uint32 1001, 'a')", 1, "www.example.com")));
  g_assert_false (are_equal (key, derive (tickets, "(1000, 'a')", 1, "www.example.com")));
  g_assert_false (are_equal (key, derive (tickets, "(uint32 1000, 'b')", 1, "www.example.com")));
  g_assert_false (are_equal (key, derive (tickets, "(uint32 1000, 'a')", 2, "www.example.com")));
  g_assert_false (are_equal (key, derive (tickets, "(uint32 1000, 'a')", 1, "www.example.org")));
  g_assert_false (are_equal (key, derive (tickets, "(uint32 1000, 'a')", 1, "")));
  g_assert_false (are_equal (key, derive (tickets, "(uint32 1000, 'a')", 1, NULL)));
}

/* Breaks if the key never changes, or changes with every handshake, or stays after it had to be
 * forgotten. */
static void
test_rotation (void)
{
  g_autoptr (HandoffServerTickets) tickets = handoff_server_tickets_new ();
  Key key;

  handoff_server_tickets_set_lifetime (tickets, 100);
  key = derive (tickets, "'a'", 1, NULL);
  test_clock_pass (100 * TEST_SECOND - 1);
  g_assert_true (are_equal (key, derive (tickets, "'a'", 1, NULL)));
  test_clock_pass (1);
  g_assert_false (are_equal (key, derive (tickets, "'a'", 1, NULL)));

  /* Whoever sets the wall clock back does not make the key live longer, or shorter. */
  key = derive (tickets, "'a'", 1, NULL);
  test_clock_set_wall (-TEST_YEAR);
  g_assert_true (are_equal (key, derive (tickets, "'a'", 1, NULL)));
  test_clock_set_wall (2 * TEST_YEAR);
  g_assert_true (are_equal (key, derive (tickets, "'a'", 1, NULL)));

  /* The key ages also during a night's suspend. */
  test_clock_suspend (100 * TEST_SECOND);
  g_assert_false (are_equal (key, derive (tickets, "'a'", 1, NULL)));

  key = derive (tickets, "'a'", 1, NULL);
  handoff_server_tickets_forget (tickets);
  g_assert_false (are_equal (key, derive (tickets, "'a'", 1, NULL)));
}

/* Breaks if two services have the same keys, or a service that was started again. */
static void
test_random (void)
{
  g_autoptr (HandoffServerTickets) a = handoff_server_tickets_new ();
  g_autoptr (HandoffServerTickets) b = handoff_server_tickets_new ();

  handoff_server_tickets_set_lifetime (a, 100);
  handoff_server_tickets_set_lifetime (b, 100);
  g_assert_false (are_equal (derive (a, "'a'", 1, NULL), derive (b, "'a'", 1, NULL)));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_clock_install ();
  g_test_add_func ("/service/server-tickets/conditions", test_conditions);
  g_test_add_func ("/service/server-tickets/rotation", test_rotation);
  g_test_add_func ("/service/server-tickets/random", test_random);
  return g_test_run ();
}
