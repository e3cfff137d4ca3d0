/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "record/post-handshake.h"

#include "keyblob/secret-memory.h"
#include "phrasebook/library-text.h"

#define MESSAGE_HEADER_SIZE 4 /* type, 24-bit length: RFC 8446 4 */

/* Most tickets fit. */
#define SMALL_MESSAGE_SIZE 512

/* Handshake types (RFC 8446 B.3; HelloRequest: RFC 5246 7.4.1.1). */
enum
{
  HELLO_REQUEST = 0,
  CLIENT_HELLO = 1,
  NEW_SESSION_TICKET = 4,
  KEY_UPDATE = 24,
};

/* Extension types (RFC 8446 4.2). */
#define EARLY_DATA 42

/* lifetime, age_add, nonce<0..255>, ticket<1..2^16-1>, extensions<0..2^16-2> */
#define NEW_SESSION_TICKET_MAX_SIZE (4 + 4 + 1 + 255 + 2 + 65535 + 2 + 65534)
/* Of tickets that are kept: servers send one to four, of some hundred bytes. */
#define MAX_TICKETS_SIZE (64 * 1024)
/* version, random, session id, and three vectors: far more than any client sends */
#define CLIENT_HELLO_MAX_SIZE (2 + 32 + 1 + 32 + 64 * 1024)

void
handoff_post_handshake_clear (HandoffPostHandshake *self)
{
  if (self->partial == NULL)
    return;
  /* Tickets are worth something to others. */
  handoff_wipe (self->partial->data, self->partial->len);
  g_clear_pointer (&self->partial, g_byte_array_unref);
}

GBytes *
handoff_post_handshake_take_tickets (HandoffPostHandshake *self)
{
  return handoff_secret_bytes_take (&self->tickets);
}

void
handoff_post_handshake_get_state (const HandoffPostHandshake *self, HandoffKeyState *state)
{
  if (self->partial != NULL)
    handoff_secret_bytes_set (&state->handshake_prefix, self->partial->data, self->partial->len);
}

void
handoff_post_handshake_set_state (HandoffPostHandshake *self, const HandoffKeyState *state)
{
  if (state->handshake_prefix.size == 0)
    return;
  self->partial = g_byte_array_sized_new (state->handshake_prefix.size);
  g_byte_array_append (self->partial, state->handshake_prefix.data, state->handshake_prefix.size);
}

gboolean
handoff_post_handshake_is_partial (const HandoffPostHandshake *self)
{
  return self->partial != NULL;
}

static gboolean
refuse (TlsAlert fitting_alert, const char *why, TlsAlert *alert, const char **reason)
{
  *alert = fitting_alert;
  *reason = why;
  return FALSE;
}

/* Before a message is complete: refuses a message that can never be valid, instead of waiting for
 * the rest of it. */
static gboolean
check_header (
    const HandoffPostHandshake *self, guint8 type, gsize size, TlsAlert *alert, const char **reason)
{
  gboolean known;
  gboolean size_ok;

  switch (type)
    {
    case HELLO_REQUEST:
      known = !self->tls13 && self->peer_is_server;
      size_ok = size == 0;
      break;
    case CLIENT_HELLO:
      known = !self->tls13 && !self->peer_is_server;
      size_ok = size <= CLIENT_HELLO_MAX_SIZE;
      break;
    case NEW_SESSION_TICKET:
      known = self->tls13 && self->peer_is_server;
      size_ok = size <= NEW_SESSION_TICKET_MAX_SIZE;
      break;
    case KEY_UPDATE:
      known = self->tls13;
      size_ok = size == 1;
      break;
    default:
      known = FALSE;
      size_ok = FALSE;
    }
  if (!known)
    return refuse (TLS_ALERT_UNEXPECTED_MESSAGE,
                   N_ ("a handshake message that must not come after the handshake"), alert,
                   reason);
  if (!size_ok)
    return refuse (TLS_ALERT_DECODE_ERROR, N_ ("a handshake message of a wrong length"), alert,
                   reason);
  return TRUE;
}

/* Skips a vector with a length of length_size bytes, at least min_size bytes long. */
static gboolean
skip_vector (const guint8 **data, gsize *size, gsize length_size, gsize min_size)
{
  gsize length = 0;

  if (*size < length_size)
    return FALSE;
  for (gsize i = 0; i < length_size; i++)
    length = length << 8 | (*data)[i];
  if (length < min_size || *size - length_size < length)
    return FALSE;
  *data += length_size + length;
  *size -= length_size + length;
  return TRUE;
}

/* RFC 8446 4.2: each type at most once. Only one is defined for tickets, early_data, with a number
 * of four bytes (4.6.1); others are ignored. */
static gboolean
check_extensions (const guint8 *extensions, gsize size, TlsAlert *alert, const char **reason)
{
  guint8 seen[65536 / 8] = { 0 };

  while (size > 0)
    {
      const guint8 *start = extensions + 2;
      guint16 type;

      if (size < 2)
        return refuse (TLS_ALERT_DECODE_ERROR, N_ ("a malformed NewSessionTicket"), alert, reason);
      type = extensions[0] << 8 | extensions[1];
      extensions += 2;
      size -= 2;
      if (!skip_vector (&extensions, &size, 2, 0) ||
          (type == EARLY_DATA && extensions - start != 2 + 4))
        return refuse (TLS_ALERT_DECODE_ERROR, N_ ("a malformed NewSessionTicket"), alert, reason);
      if (seen[type / 8] & 1 << type % 8)
        return refuse (TLS_ALERT_ILLEGAL_PARAMETER,
                       N_ ("a NewSessionTicket with an extension twice"), alert, reason);
      seen[type / 8] |= 1 << type % 8;
    }
  return TRUE;
}

/* RFC 8446 4.6.1 */
static gboolean
check_ticket (const guint8 *body, gsize size, TlsAlert *alert, const char **reason)
{
  const gsize fixed_size = 4 + 4;
  const guint8 *extensions;
  gboolean ok = size >= fixed_size;

  if (ok)
    {
      body += fixed_size;
      size -= fixed_size;
      ok = skip_vector (&body, &size, 1, 0) && skip_vector (&body, &size, 2, 1);
    }
  extensions = body + 2;
  if (!ok || !skip_vector (&body, &size, 2, 0) || size != 0)
    return refuse (TLS_ALERT_DECODE_ERROR, N_ ("a malformed NewSessionTicket"), alert, reason);
  return check_extensions (extensions, body - extensions, alert, reason);
}

/* A ticket that does not fit any more is no loss: there are others. */
static void
keep_ticket (HandoffPostHandshake *self, const guint8 *body, gsize body_size)
{
  gsize size = MESSAGE_HEADER_SIZE + body_size;

  if (self->tickets.size + size <= MAX_TICKETS_SIZE)
    handoff_secret_bytes_append (&self->tickets, body - MESSAGE_HEADER_SIZE, size);
}

static gboolean
take_message (HandoffPostHandshake *self,
              guint8 type,
              const guint8 *body,
              gsize size,
              gboolean last,
              HandoffPostHandshakeEvents *events,
              TlsAlert *alert,
              const char **reason)
{
  switch (type)
    {
    case KEY_UPDATE:
      if (!last)
        return refuse (TLS_ALERT_UNEXPECTED_MESSAGE,
                       N_ ("a handshake message that spans a change of keys"), /* RFC 8446 5.1 */
                       alert, reason);
      if (body[0] > 1)
        return refuse (TLS_ALERT_ILLEGAL_PARAMETER, N_ ("a KeyUpdate with an unknown request"),
                       alert, reason);
      events->key_update = TRUE;
      events->update_requested = body[0] == 1;
      return TRUE;
    case NEW_SESSION_TICKET:
      if (!check_ticket (body, size, alert, reason))
        return FALSE;
      events->ticket = TRUE;
      keep_ticket (self, body, size);
      return TRUE;
    default:
      events->renegotiation = TRUE;
      return TRUE;
    }
}

gboolean
handoff_post_handshake_take (HandoffPostHandshake *self,
                             const guint8 *content,
                             gsize size,
                             HandoffPostHandshakeEvents *events,
                             TlsAlert *alert,
                             const char **reason)
{
  g_autoptr (GByteArray) joined = g_steal_pointer (&self->partial);
  gboolean ok = TRUE;

  if (joined != NULL)
    {
      g_byte_array_append (joined, content, size);
      content = joined->data;
      size = joined->len;
    }
  while (ok && size >= MESSAGE_HEADER_SIZE)
    {
      gsize body_size = content[1] << 16 | content[2] << 8 | content[3];
      gsize message_size = MESSAGE_HEADER_SIZE + body_size;

      ok = check_header (self, content[0], body_size, alert, reason);
      if (!ok || size < message_size)
        break;
      ok = take_message (self, content[0], content + MESSAGE_HEADER_SIZE, body_size,
                         size == message_size, events, alert, reason);
      content += message_size;
      size -= message_size;
    }
  if (ok && joined != NULL && size == joined->len)
    {
      /* Kept, not copied: a message may come in very many pieces. */
      self->partial = g_steal_pointer (&joined);
    }
  else if (ok && size > 0)
    {
      /* Room for all of it, as far as that is known: growing would leave copies behind. */
      self->partial = g_byte_array_sized_new (
          size < MESSAGE_HEADER_SIZE
              ? SMALL_MESSAGE_SIZE
              : MESSAGE_HEADER_SIZE + (content[1] << 16 | content[2] << 8 | content[3]));
      g_byte_array_append (self->partial, content, size);
    }
  if (joined != NULL)
    handoff_wipe (joined->data, joined->len);
  return ok;
}
