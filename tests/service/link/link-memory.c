/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A key that goes over a link, there and back, is left nowhere in this process's memory. */

#include "config.h"

#include "link/link.h"

#include <string.h>

#include "keyblob/secret-memory.h"
#include "memory-search.h"

#define KEY_SIZE 4096

enum
{
  IMPORT,
};

static const HandoffLinkRow rows[] = {
  [IMPORT] = { "import", HANDOFF_LINK_DOWN, "(ay)", "(ay)", .max_waiting = 1 },
};
static const HandoffLinkTable table = { "test", rows, G_N_ELEMENTS (rows), .has_secrets = TRUE };

typedef struct
{
  guint8 masked[KEY_SIZE]; /* the key, as memory_mask() hides it */
  HandoffLinkCall *call;
  gboolean is_back;
} Fixture;

/* A tuple with the key in secret memory: such a value has no bytes but the key's. (transfer
 * floating) */
static GVariant *
make_body (const guint8 *masked)
{
  guint8 *key = handoff_secret_new (KEY_SIZE, HANDOFF_SECRET_DEFAULT);

  memcpy (key, masked, KEY_SIZE);
  memory_mask (key, KEY_SIZE);
  return g_variant_new_from_data (G_VARIANT_TYPE ("(ay)"), key, KEY_SIZE, TRUE, handoff_secret_free,
                                  key);
}

static void
assert_is_key (Fixture *f, GVariant *body)
{
  g_autoptr (GVariant) bytes = g_variant_get_child_value (body, 0);
  gsize size;
  const guint8 *key = g_variant_get_fixed_array (bytes, &size, 1);
  guint8 masked[KEY_SIZE];
  gsize i;

  g_assert_cmpuint (size, ==, KEY_SIZE);
  /* A byte at a time: memcpy() may leave some in registers. */
  for (i = 0; i < size; i++)
    {
      masked[i] = key[i];
      memory_mask (&masked[i], 1);
    }
  g_assert_cmpmem (masked, size, f->masked, KEY_SIZE);
}

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  Fixture *f = user_data;

  assert_is_key (f, message->body);
  f->call = g_steal_pointer (&message->call);
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  g_assert_not_reached ();
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_no_error (error);
  assert_is_key (f, reply->body);
  f->is_back = TRUE;
}

static void
assert_nowhere (Fixture *f)
{
  handoff_wipe_stack ();
  g_assert_cmpuint (memory_search (f->masked, sizeof f->masked), ==, 0);
}

static void
test_there_and_back (void)
{
  static const HandoffLinkFunctions functions = { received, ended };
  g_autofree Fixture *f = g_new0 (Fixture, 1);
  g_autoptr (HandoffLink) upper = NULL;
  g_autoptr (HandoffLink) lower = NULL;
  int sockets[2];
  gsize i;

  for (i = 0; i < KEY_SIZE; i++)
    f->masked[i] = (guint8) g_random_int ();
  g_assert_true (handoff_link_make_sockets (sockets, NULL));
  upper = handoff_link_new (sockets[0], &table, HANDOFF_LINK_UPPER, NULL, "lower", &functions, f);
  lower = handoff_link_new (sockets[1], &table, HANDOFF_LINK_LOWER, NULL, "upper", &functions, f);
  handoff_link_request (upper, IMPORT, make_body (f->masked), NULL, 0, answered, f);
  assert_nowhere (f);
  while (f->call == NULL)
    g_main_context_iteration (NULL, TRUE);
  assert_nowhere (f);
  handoff_link_call_return (g_steal_pointer (&f->call), make_body (f->masked), NULL, 0);
  while (!f->is_back)
    g_main_context_iteration (NULL, TRUE);
  assert_nowhere (f);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/link-memory/there-and-back", test_there_and_back);
  return g_test_run ();
}
