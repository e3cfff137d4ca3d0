/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* GnuTLS takes a ticket only from its transport, into a session that has all its keys. So it is
 * given a ticket of our own while it still has them, and asked for the session data with that
 * ticket. For TLS 1.3 their last part is (all numbers are big-endian):
 *
 *   4  size of what follows
 *   4  lifetime
 *   4  age_add
 *   1  size of the nonce, nonce
 *   4  size of the ticket, ticket
 *   1  size of the secret, resumption master secret
 *  12  when the ticket came: seconds (8), nanoseconds (4) of the real time
 *   4  max_early_data_size
 *
 * That is GnuTLS's private format. The data are accepted only if this part is, byte for byte, what
 * we would have written. Then the parts before it fit the real tickets as well. */

#include "config.h"

#include "resumption/ticket-window.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"

#define MAX_SECRET_SIZE 48 /* SHA-384 */
#define NEW_SESSION_TICKET 4
#define EARLY_DATA_EXTENSION 42
#define HEADER_SIZE 4 /* of a handshake message */

/* The size of the part above. */
#define SIZE_SIZE 4
#define ARRIVAL_SIZE 12
#define EARLY_DATA_SIZE 4
#define FIXED_SIZE (SIZE_SIZE + 4 + 4 + 1 + 4 + 1 + ARRIVAL_SIZE + EARLY_DATA_SIZE)

/* Large enough not to be confused with anything else in the data, the peer's certificates included.
 */
#define PLACEHOLDER_NONCE_SIZE 16
#define PLACEHOLDER_TICKET_SIZE 32
#define PLACEHOLDER_MESSAGE_SIZE                                                                   \
  (HEADER_SIZE + 4 + 4 + 1 + PLACEHOLDER_NONCE_SIZE + 2 + PLACEHOLDER_TICKET_SIZE + 2)

/* All of it in secret memory. */
struct _HandoffTicketWindow
{
  guint n_tickets;
  guint8 secret[MAX_SECRET_SIZE];
  gsize secret_size;
  gsize prefix_size;
  guint8 prefix[]; /* session data up to the part above */
};

/* What is left to be read. */
typedef struct
{
  const guint8 *data;
  gsize size;
} Reader;

static void
write_number (guint8 **position, guint64 number, gsize size)
{
  gsize i;

  for (i = 0; i < size; i++)
    (*position)[i] = (guint8) (number >> 8 * (size - 1 - i));
  *position += size;
}

static void
write_bytes (guint8 **position, const guint8 *bytes, gsize size)
{
  if (size > 0)
    memcpy (*position, bytes, size);
  *position += size;
}

static gboolean
read_bytes (Reader *reader, gsize size, Reader *bytes)
{
  if (size > reader->size)
    return FALSE;
  bytes->data = reader->data;
  bytes->size = size;
  reader->data += size;
  reader->size -= size;
  return TRUE;
}

static gboolean
read_number (Reader *reader, gsize size, guint32 *number)
{
  Reader bytes;
  gsize i;

  if (!read_bytes (reader, size, &bytes))
    return FALSE;
  *number = 0;
  for (i = 0; i < size; i++)
    *number = *number << 8 | bytes.data[i];
  return TRUE;
}

/* A vector with a length of that many bytes before it (RFC 8446 3.4). */
static gboolean
read_vector (Reader *reader, gsize length_size, Reader *vector)
{
  guint32 length;

  return read_number (reader, length_size, &length) && read_bytes (reader, length, vector);
}

static gsize
get_part_size (const HandoffTicket *ticket, gsize secret_size)
{
  return FIXED_SIZE + ticket->nonce_size + ticket->ticket_size + secret_size;
}

/* The part for one ticket: get_part_size() bytes. */
static void
write_part (guint8 *position,
            const HandoffTicket *ticket,
            const guint8 *secret,
            gsize secret_size,
            const guint8 *arrival)
{
  write_number (&position, get_part_size (ticket, secret_size) - SIZE_SIZE, SIZE_SIZE);
  write_number (&position, ticket->lifetime, 4);
  write_number (&position, ticket->age_add, 4);
  write_number (&position, ticket->nonce_size, 1);
  write_bytes (&position, ticket->nonce, ticket->nonce_size);
  write_number (&position, ticket->ticket_size, 4);
  write_bytes (&position, ticket->ticket, ticket->ticket_size);
  write_number (&position, secret_size, 1);
  write_bytes (&position, secret, secret_size);
  write_bytes (&position, arrival, ARRIVAL_SIZE);
  /* No early data: we never send any. */
  write_number (&position, 0, EARLY_DATA_SIZE);
}

static void
write_arrival (guint8 *arrival)
{
  gint64 now = handoff_clock_get_wall_time ();

  write_number (&arrival, (guint64) (now / G_TIME_SPAN_SECOND), 8);
  write_number (&arrival, (guint64) (now % G_TIME_SPAN_SECOND * 1000), 4);
}

/* Seconds within an hour of now, in case the clock is set meanwhile, and nanoseconds. */
static gboolean
is_arrival (const guint8 *bytes)
{
  Reader reader = { bytes, ARRIVAL_SIZE };
  guint64 now = (guint64) handoff_clock_get_wall_seconds ();
  guint64 seconds;
  guint32 high, low, nanoseconds;

  if (!read_number (&reader, 4, &high) || !read_number (&reader, 4, &low) ||
      !read_number (&reader, 4, &nanoseconds))
    return FALSE;
  seconds = (guint64) high << 32 | low;
  return seconds + 3600 > now && seconds < now + 3600 && nanoseconds < 1000000000;
}

HandoffTicketWindow *
handoff_ticket_window_new_from_data (const guint8 *data,
                                     gsize size,
                                     const HandoffTicket *ticket,
                                     gsize secret_size)
{
  const gsize part_size = get_part_size (ticket, secret_size);
  const guint8 *part, *arrival, *secret;
  HandoffTicketWindow *self;
  guint8 *expected;
  gboolean is_as_expected;

  if (secret_size == 0 || secret_size > MAX_SECRET_SIZE || size <= part_size)
    return NULL;

  part = data + size - part_size;
  arrival = data + size - EARLY_DATA_SIZE - ARRIVAL_SIZE;
  secret = arrival - secret_size;

  expected = handoff_secret_new (part_size, HANDOFF_SECRET_DEFAULT);
  write_part (expected, ticket, secret, secret_size, arrival);
  /* Its last field, about early data, is a default, and not the placeholder's. */
  is_as_expected =
      memcmp (expected, part, part_size - EARLY_DATA_SIZE) == 0 && is_arrival (arrival);
  handoff_secret_free (expected);
  if (!is_as_expected)
    return NULL;

  self = handoff_secret_new (sizeof *self + size - part_size, HANDOFF_SECRET_DEFAULT);
  memcpy (self->secret, secret, secret_size);
  self->secret_size = secret_size;
  memcpy (self->prefix, data, size - part_size);
  self->prefix_size = size - part_size;
  return self;
}

static ssize_t
refuse_to_send (gnutls_transport_ptr_t transport, const void *bytes, size_t size)
{
  errno = EPIPE;
  return -1;
}

static ssize_t
refuse_to_receive (gnutls_transport_ptr_t transport, void *bytes, size_t size)
{
  errno = ECONNRESET;
  return -1;
}

static int
drop_message (gnutls_session_t session,
              gnutls_record_encryption_level_t level,
              gnutls_handshake_description_t type,
              const void *bytes,
              size_t size)
{
  return GNUTLS_E_SUCCESS;
}

/* A record that GnuTLS sent now would have a sequence number that the exported keys use again.
 * gnutls_handshake_write() wants handshake messages to go elsewhere before it takes any. */
static void
cut_off (gnutls_session_t session)
{
  gnutls_handshake_set_read_function (session, drop_message);
  gnutls_transport_set_push_function (session, refuse_to_send);
  gnutls_transport_set_pull_function (session, refuse_to_receive);
}

static void
write_message (guint8 *message, const HandoffTicket *ticket)
{
  write_number (&message, NEW_SESSION_TICKET, 1);
  write_number (&message, PLACEHOLDER_MESSAGE_SIZE - HEADER_SIZE, 3);
  write_number (&message, ticket->lifetime, 4);
  write_number (&message, ticket->age_add, 4);
  write_number (&message, ticket->nonce_size, 1);
  write_bytes (&message, ticket->nonce, ticket->nonce_size);
  write_number (&message, ticket->ticket_size, 2);
  write_bytes (&message, ticket->ticket, ticket->ticket_size);
  write_number (&message, 0, 2);
}

/* Gives the session a ticket, and asks for the session data with that ticket. */
static HandoffTicketWindow *
open_with_ticket (gnutls_session_t session, const HandoffTicket *ticket)
{
  guint8 message[PLACEHOLDER_MESSAGE_SIZE];
  gnutls_datum_t data = { NULL, 0 };
  HandoffTicketWindow *self = NULL;
  gsize secret_size = gnutls_hash_get_len (gnutls_prf_hash_get (session));

  write_message (message, ticket);
  /* Without a ticket, gnutls_session_get_data2() would wait for one from the network. */
  if (gnutls_handshake_write (session, GNUTLS_ENCRYPTION_LEVEL_APPLICATION, message,
                              sizeof message) < 0 ||
      (gnutls_session_get_flags (session) & GNUTLS_SFLAGS_SESSION_TICKET) == 0 ||
      gnutls_session_get_data2 (session, &data) < 0)
    return NULL;

  self = handoff_ticket_window_new_from_data (data.data, data.size, ticket, secret_size);
  handoff_wipe (data.data, data.size);
  gnutls_free (data.data);
  return self;
}

HandoffTicketWindow *
handoff_ticket_window_open (gnutls_session_t session)
{
  guint8 nonce[PLACEHOLDER_NONCE_SIZE];
  guint8 ticket[PLACEHOLDER_TICKET_SIZE];
  HandoffTicket placeholder = {
    .lifetime = HANDOFF_TICKET_MAX_LIFETIME,
    .nonce = nonce,
    .nonce_size = sizeof nonce,
    .ticket = ticket,
    .ticket_size = sizeof ticket,
  };
  HandoffTicketWindow *self = NULL;
  static gint warned;

  if (gnutls_protocol_get_version (session) != GNUTLS_TLS1_3)
    return NULL;

  cut_off (session);
  /* GLib's random numbers begin with a file, which a locked-up process cannot open. */
  if (gnutls_rnd (GNUTLS_RND_NONCE, &placeholder.age_add, sizeof placeholder.age_add) >= 0 &&
      gnutls_rnd (GNUTLS_RND_NONCE, nonce, sizeof nonce) >= 0 &&
      gnutls_rnd (GNUTLS_RND_NONCE, ticket, sizeof ticket) >= 0)
    self = open_with_ticket (session, &placeholder);
  handoff_wipe_stack ();

  if (self == NULL && g_atomic_int_compare_and_exchange (&warned, 0, 1))
    g_warning ("This GnuTLS version's session data are not understood; TLS 1.3 sessions are not "
               "resumed");
  return self;
}

void
handoff_ticket_window_free (HandoffTicketWindow *self)
{
  handoff_secret_free (self);
}

/* RFC 8446 4.2 and 4.6.1. No extension means anything to us: we send no early data. */
static gboolean
check_extensions (Reader *extensions)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  Reader content;
  guint32 type;

  while (extensions->size > 0)
    {
      if (!read_number (extensions, 2, &type) || !read_vector (extensions, 2, &content) ||
          !g_hash_table_add (seen, GUINT_TO_POINTER (type)) ||
          (type == EARLY_DATA_EXTENSION && content.size != 4))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_ticket (Reader *messages, HandoffTicket *ticket)
{
  Reader message, nonce, value, extensions;
  guint32 type;

  if (!read_number (messages, 1, &type) || type != NEW_SESSION_TICKET ||
      !read_vector (messages, 3, &message))
    return FALSE;

  if (!read_number (&message, 4, &ticket->lifetime) ||
      !read_number (&message, 4, &ticket->age_add) || !read_vector (&message, 1, &nonce) ||
      !read_vector (&message, 2, &value) || value.size == 0 ||
      !read_vector (&message, 2, &extensions) || message.size > 0 ||
      !check_extensions (&extensions))
    return FALSE;

  ticket->lifetime = MIN (ticket->lifetime, HANDOFF_TICKET_MAX_LIFETIME);
  ticket->nonce = nonce.data;
  ticket->nonce_size = nonce.size;
  ticket->ticket = value.data;
  ticket->ticket_size = value.size;
  return TRUE;
}

static gpointer
make_session_data (HandoffTicketWindow *self, const HandoffTicket *ticket)
{
  guint8 *data = handoff_secret_new (self->prefix_size + get_part_size (ticket, self->secret_size),
                                     HANDOFF_SECRET_DEFAULT);
  guint8 arrival[ARRIVAL_SIZE];

  write_arrival (arrival);
  memcpy (data, self->prefix, self->prefix_size);
  write_part (data + self->prefix_size, ticket, self->secret, self->secret_size, arrival);
  return data;
}

gboolean
handoff_ticket_window_take_message (HandoffTicketWindow *self,
                                    const guint8 *messages,
                                    gsize size,
                                    HandoffTicketFunc func,
                                    gpointer user_data,
                                    GError **error)
{
  HandoffTicket tickets[HANDOFF_TICKET_WINDOW_MAX_TICKETS];
  HandoffTicket ticket;
  Reader reader = { messages, size };
  guint i, n_tickets = 0;

  do
    {
      if (!read_ticket (&reader, &ticket))
        {
          g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                               "These are not complete and well-formed NewSessionTicket messages");
          return FALSE;
        }
      /* A lifetime of 0 is the server's wish that the ticket is not used at all. */
      if (ticket.lifetime > 0 && self->n_tickets + n_tickets < HANDOFF_TICKET_WINDOW_MAX_TICKETS)
        tickets[n_tickets++] = ticket;
    }
  while (reader.size > 0);

  self->n_tickets += n_tickets;
  for (i = 0; i < n_tickets; i++)
    func (make_session_data (self, &tickets[i]), tickets[i].lifetime, user_data);
  return TRUE;
}
