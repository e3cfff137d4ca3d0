/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What callers give as session tickets (PostHandshake), and what the service makes of it. */

#include "config.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "fuzz.h"
#include "keyblob/secret-memory.h"
#include "resumption/ticket-window.h"

#define SECRET_SIZE 32

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_silence ();
  return 0;
}

static void
append_number (GByteArray *array, guint64 number, guint size)
{
  while (size-- > 0)
    {
      guint8 byte = (guint8) (number >> (8 * size));

      g_byte_array_append (array, &byte, 1);
    }
}

/* Session data as GnuTLS packs them for a ticket, with nothing before the part that counts. */
static HandoffTicketWindow *
new_window (void)
{
  static const guint8 nonce[8] = { 1 }, ticket[16] = { 2 }, secret[SECRET_SIZE] = { 3 };
  const HandoffTicket placeholder = {
    .lifetime = 100, .nonce = nonce, .nonce_size = 8, .ticket = ticket, .ticket_size = 16
  };
  g_autoptr (GByteArray) data = g_byte_array_new ();

  append_number (data, 0xfae1c1e600000000u, 8);
  append_number (data, 4 + 4 + 1 + 8 + 4 + 16 + 1 + SECRET_SIZE + 12 + 4, 4);
  append_number (data, 100, 4);
  append_number (data, 0, 4);
  append_number (data, 8, 1);
  g_byte_array_append (data, nonce, sizeof nonce);
  append_number (data, 16, 4);
  g_byte_array_append (data, ticket, sizeof ticket);
  append_number (data, SECRET_SIZE, 1);
  g_byte_array_append (data, secret, sizeof secret);
  append_number (data, (guint64) g_get_real_time () / 1000000, 8);
  append_number (data, 0, 8);
  return handoff_ticket_window_new_from_data (data->data, data->len, &placeholder, SECRET_SIZE);
}

static void
take_ticket (gpointer data, guint lifetime, gpointer user_data)
{
  g_assert_cmpuint (lifetime, >, 0);
  g_assert_cmpuint (lifetime, <=, HANDOFF_TICKET_MAX_LIFETIME);
  g_assert_cmpuint (handoff_secret_get_size (data), <, 200 * 1024);
  handoff_secret_free (data);
  (*(guint *) user_data)++;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (HandoffTicketWindow) window = new_window ();
  g_autoptr (GError) error = NULL;
  guint n_tickets = 0;

  g_assert_nonnull (window);
  if (!handoff_ticket_window_take_message (window, data, size, take_ticket, &n_tickets, &error))
    g_assert_cmpuint (n_tickets, ==, 0);
  g_assert_cmpuint (n_tickets, <=, HANDOFF_TICKET_WINDOW_MAX_TICKETS);
  return 0;
}
