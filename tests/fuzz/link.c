/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a program of the service that was taken over says on its link: packets, one after the other,
 * on a real link that has requests of its own under way. See link-tables.h. */

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "keyblob/packet.h"
#include "link-tables.h"
#include "link/link-message.h"
#include "link/link.h"
#include "work/descriptor-reaper.h"

typedef struct
{
  const HandoffLinkTable *table;
  HandoffLinkEnd end;
  HandoffLink *link;
  guint n_waiting; /* requests of our own */
  guint n_ended;
} Fuzz;

static int null_fd;

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_silence ();
  null_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  return 0;
}

/* A value of that type, the simplest. (transfer floating) */
static GVariant *
make_value (const char *type)
{
  return g_variant_new_from_data (G_VARIANT_TYPE (type), NULL, 0, FALSE, NULL, NULL);
}

static void
look (const HandoffLinkMessage *message)
{
  g_autofree char *text = g_variant_print (message->body, TRUE);

  g_assert_true (g_variant_is_normal_form (message->body));
  g_assert_cmpuint (message->n_fds, <=, HANDOFF_PACKET_MAX_DESCRIPTORS);
}

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  Fuzz *fuzz = user_data;
  const HandoffLinkRow *row = handoff_link_table_find (fuzz->table, message->number);
  const int fd = handoff_link_message_steal_fd (message, 0);
  HandoffLinkCall *call = g_steal_pointer (&message->call);

  look (message);
  if (fd >= 0)
    close (fd);
  g_assert_true ((call != NULL) == (row->reply_type != NULL));
  /* Some are answered, some are left to the link. */
  if (call != NULL && row->reply_min_fds == 0 && message->number % 2 == 0)
    handoff_link_call_return (call, make_value (row->reply_type), NULL, 0);
  else
    message->call = call;
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  Fuzz *fuzz = user_data;

  fuzz->n_ended++;
  g_assert_cmpuint (fuzz->n_ended, ==, 1);
  g_assert_cmpuint (fuzz->n_waiting, ==, 0);
}

static const HandoffLinkFunctions functions = { received, ended };

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  Fuzz *fuzz = user_data;

  g_assert_true ((reply != NULL) != (error != NULL));
  if (reply != NULL)
    look (reply);
  fuzz->n_waiting--;
}

/* All that may be asked in the beginning. */
static void
ask (Fuzz *fuzz)
{
  const HandoffLinkDirection direction =
      fuzz->end == HANDOFF_LINK_UPPER ? HANDOFF_LINK_DOWN : HANDOFF_LINK_UP;
  guint i;

  for (i = 0; i < fuzz->table->n_rows; i++)
    {
      const HandoffLinkRow *row = handoff_link_table_find (fuzz->table, i);

      if (row == NULL || row->reply_type == NULL || row->direction != direction ||
          row->min_fds > 0 ||
          (row->states != 0 && (row->states & handoff_link_get_state (fuzz->link)) == 0))
        continue;
      fuzz->n_waiting++;
      handoff_link_request (fuzz->link, i, make_value (row->type), NULL, 0, answered, fuzz);
    }
}

/* What was understood is what was meant: packed again, it is the same packet. */
static void
check_same (const Fuzz *fuzz, const uint8_t *data, size_t size, guint n_fds)
{
  g_autoptr (GVariant) body = NULL;
  HandoffLinkHead head;
  HandoffLinkBytes bytes;

  if (!handoff_link_message_parse (fuzz->table, fuzz->end, data, size, n_fds, &head, &body, NULL) ||
      !handoff_link_message_pack (fuzz->table, &head, body, &bytes, NULL))
    return;
  g_assert_cmpmem (bytes.data, bytes.size, data, size);
  handoff_link_bytes_clear (&bytes);
}

/* Returns how much of the input that was. */
static size_t
say (const Fuzz *fuzz, int peer, const uint8_t *data, size_t size)
{
  int fds[HANDOFF_PACKET_MAX_DESCRIPTORS];
  const guint n_fds = data[0] % (HANDOFF_PACKET_MAX_DESCRIPTORS + 1);
  const size_t rest = size - LINK_PACKET_HEAD;
  const size_t length = MIN ((size_t) data[1] << 8 | data[2], rest);
  guint i;

  for (i = 0; i < n_fds; i++)
    fds[i] = null_fd;
  check_same (fuzz, data + LINK_PACKET_HEAD, length, n_fds);
  handoff_packet_send (peer, data + LINK_PACKET_HEAD, length, fds, n_fds, NULL);
  return LINK_PACKET_HEAD + length;
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Fuzz fuzz = { NULL };
  int sockets[2];

  if (size < 1 || !handoff_link_make_sockets (sockets, NULL))
    return 0;
  fuzz.table = link_tables[(data[0] & ~LINK_END_BIT) % G_N_ELEMENTS (link_tables)];
  fuzz.end = (data[0] & LINK_END_BIT) != 0 ? HANDOFF_LINK_LOWER : HANDOFF_LINK_UPPER;
  fuzz.link = handoff_link_new (sockets[0], fuzz.table, fuzz.end, NULL, "peer", &functions, &fuzz);
  ask (&fuzz);
  data++;
  size--;
  while (size > LINK_PACKET_HEAD && fuzz.n_ended == 0)
    {
      const size_t used = say (&fuzz, sockets[1], data, size);

      data += used;
      size -= used;
      settle ();
    }
  close (sockets[1]);
  settle ();
  g_assert_cmpuint (fuzz.n_ended, ==, 1);
  handoff_link_free (fuzz.link);
  while (handoff_descriptor_reaper_is_busy ())
    g_thread_yield ();
  return 0;
}
