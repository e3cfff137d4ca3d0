/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Peers that speak no TLS, none that we have in common, or not to the end. */

#include <string.h>
#include <sys/socket.h>

#include "cases.h"
#include "link.h"

static void
drain (Peer *peer)
{
  while (recv (peer_get_fd (peer), &(char[1024]){ 0 }, 1024, 0) > 0)
    continue;
}

/* Hears the hello first: so that nothing unread resets the connection. */
static void
hear_hello (Peer *peer)
{
  recv (peer_get_fd (peer), &(char[4096]){ 0 }, 4096, 0);
}

static void
speak_http (Peer *peer)
{
  hear_hello (peer);
  peer_say (peer, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  shutdown (peer_get_fd (peer), SHUT_WR);
  drain (peer);
}

static void
speak_smtp (Peer *peer)
{
  peer_say (peer, "220 mail.handoff.test ESMTP\r\n");
  drain (peer);
}

static void
speak_garbage (Peer *peer)
{
  hear_hello (peer);
  peer_say (peer, "\377\377\377\377\377\377\377\377\377\377");
  drain (peer);
}

static void
hang_up (Peer *peer)
{
  hear_hello (peer);
}

static void
hang_up_at_once (Peer *peer)
{
  shutdown (peer_get_fd (peer), SHUT_WR);
  drain (peer);
}

static void
reset (Peer *peer)
{
  const struct linger linger = { 1, 0 };

  hear_hello (peer);
  setsockopt (peer_get_fd (peer), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static void
send_raw (Peer *peer, const char *bytes, gsize size)
{
  hear_hello (peer);
  send (peer_get_fd (peer), bytes, size, MSG_NOSIGNAL);
  shutdown (peer_get_fd (peer), SHUT_WR);
  drain (peer);
}

#define RAW(name, bytes)                                                                           \
  static void name (Peer *peer) { send_raw (peer, (bytes), sizeof (bytes) - 1); }
RAW (alert_handshake_failure, "\x15\x03\x03\x00\x02\x02\x28")
RAW (alert_inappropriate_fallback, "\x15\x03\x03\x00\x02\x02\x56")
RAW (alert_unrecognized_name, "\x15\x03\x03\x00\x02\x02\x70")
RAW (alert_internal_error, "\x15\x03\x03\x00\x02\x02\x50")
RAW (alert_close_notify, "\x15\x03\x03\x00\x02\x01\x00")
RAW (half_a_record, "\x16\x03\x03\x00\x40\x02\x00\x00")
RAW (bad_server_hello, "\x16\x03\x03\x00\x04\x02\x00\x00\x00")
#undef RAW

static void
against (PeerScript script)
{
  Link *link = link_new_client_raw (script);

  observe_notifications (link->connection);
  link_handshake (link);
  observe_property (link->connection, "peer-certificate");
  link_free (link);

  link = link_new_client_raw (script);
  link_handshake_async (link, NULL);
  link_free (link);

  link = link_new_client_raw (script);
  link_read (link, 1);
  link_write (link, "x");
  link_free (link);
}

#define CASE(name)                                                                                 \
  static void against_##name (void) { against (name); }
CASE (speak_http)
CASE (speak_smtp)
CASE (speak_garbage)
CASE (hang_up)
CASE (hang_up_at_once)
CASE (reset)
CASE (alert_handshake_failure)
CASE (alert_inappropriate_fallback)
CASE (alert_unrecognized_name)
CASE (alert_internal_error)
CASE (alert_close_notify)
CASE (half_a_record)
CASE (bad_server_hello)
#undef CASE

static void
no_common (const char *priority)
{
  const PeerSettings settings = { .priority = priority };
  Link *link = link_new_client (&settings);

  link_handshake (link);
  observe_property (link->connection, "peer-certificate");
  observe_property (link->connection, "protocol-version");
  link_end (link);
}

static void
only_old_protocol (void)
{
  no_common ("NORMAL:-VERS-ALL:+VERS-TLS1.0:%DISABLE_TLS13_COMPAT_MODE");
}

static void
no_common_suite (void)
{
  no_common ("NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+PSK");
}

/* After the handshake. */
static void
cut_off (Peer *peer)
{
  peer_say (peer, "hello");
}

static void
run_cut_off (gboolean require_close_notify)
{
  const PeerSettings settings = { .script = cut_off };
  Link *link = link_new_client (&settings);

  g_tls_connection_set_require_close_notify (link->connection, require_close_notify);
  link_handshake (link);
  link_read (link, 5);
  link_read (link, 5);
  link_read (link, 5);
  link_end (link);
}

static void
cut_off_required (void)
{
  run_cut_off (TRUE);
}

static void
cut_off_not_required (void)
{
  run_cut_off (FALSE);
}

static void
send_fatal_alert (Peer *peer)
{
  gnutls_alert_send (peer_get_session (peer), GNUTLS_AL_FATAL, GNUTLS_A_INTERNAL_ERROR);
  shutdown (peer_get_fd (peer), SHUT_WR);
  drain (peer);
}

static void
fatal_alert_later (void)
{
  const PeerSettings settings = { .script = send_fatal_alert };
  Link *link = link_new_client (&settings);

  link_handshake (link);
  link_read (link, 5);
  link_read (link, 5);
  link_write (link, "x");
  link_end (link);
}

static void
send_access_denied (Peer *peer)
{
  gnutls_alert_send (peer_get_session (peer), GNUTLS_AL_FATAL, GNUTLS_A_ACCESS_DENIED);
  shutdown (peer_get_fd (peer), SHUT_WR);
  drain (peer);
}

static void
access_denied_later (void)
{
  const PeerSettings settings = { .script = send_access_denied };
  Link *link = link_new_client (&settings);

  link_handshake (link);
  link_read (link, 5);
  link_end (link);
}

static void
send_plain_text (Peer *peer)
{
  send (peer_get_fd (peer), "plain text, not a record", 24, MSG_NOSIGNAL);
  shutdown (peer_get_fd (peer), SHUT_WR);
  drain (peer);
}

static void
plain_text_later (void)
{
  const PeerSettings settings = { .script = send_plain_text };
  Link *link = link_new_client (&settings);

  link_handshake (link);
  link_read (link, 5);
  link_read (link, 5);
  link_write (link, "x");
  link_end (link);
}

static void
send_forged_record (Peer *peer)
{
  send (peer_get_fd (peer),
        "\x17\x03\x03\x00\x14"
        "forged and not sealed",
        25, MSG_NOSIGNAL);
  shutdown (peer_get_fd (peer), SHUT_WR);
  drain (peer);
}

static void
forged_record_later (void)
{
  const PeerSettings settings = { .script = send_forged_record };
  Link *link = link_new_client (&settings);

  link_handshake (link);
  link_read (link, 5);
  link_read (link, 5);
  link_write (link, "x");
  link_end (link);
}

static void
reset_later (Peer *peer)
{
  const struct linger linger = { 1, 0 };

  setsockopt (peer_get_fd (peer), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static void
reset_after_handshake (void)
{
  const PeerSettings settings = { .script = reset_later };
  Link *link = link_new_client (&settings);

  link_handshake (link);
  link_read (link, 5);
  link_end (link);
}

/* In TLS 1.2, a warning is no end. */
static void
warn_then_speak (Peer *peer)
{
  gnutls_alert_send (peer_get_session (peer), GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
  peer_say (peer, "hello");
  peer_hear_end (peer);
}

static void
warning_alert_later12 (void)
{
  static const PeerSettings settings = { .script = warn_then_speak,
                                         .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2" };
  Link *link = link_new_client (&settings);

  link_handshake (link);
  link_read (link, 5);
  link_write (link, "HELLO");
  link_end (link);
}

/* TLS 1.2's server asks for another handshake, and goes on if it gets none. */
static void
ask_again (Peer *peer)
{
  gnutls_rehandshake (peer_get_session (peer));
  peer_say (peer, "hello");
  peer_hear (peer, 5);
  /* Not closed yet: whether what is written then fails at once would be chance. */
  shutdown (peer_get_fd (peer), SHUT_WR);
  drain (peer);
}

static void
peer_asks_again12 (void)
{
  static const PeerSettings settings = { .script = ask_again,
                                         .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2" };
  Link *link = link_new_client (&settings);

  link_handshake (link);
  link_read (link, 5);
  link_write (link, "HELLO");
  /* Whether the stock one can be closed is chance. */
  link_let_go (link);
  link_free (link);
}

const ConformanceCase error_cases[] = {
  { "http", against_speak_http },
  { "smtp", against_speak_smtp },
  { "garbage", against_speak_garbage },
  { "hang-up", against_hang_up },
  { "hang-up-at-once", against_hang_up_at_once },
  { "reset", against_reset },
  { "alert-handshake-failure", against_alert_handshake_failure },
  { "alert-inappropriate-fallback", against_alert_inappropriate_fallback },
  { "alert-unrecognized-name", against_alert_unrecognized_name },
  { "alert-internal-error", against_alert_internal_error },
  { "alert-close-notify", against_alert_close_notify },
  { "half-a-record", against_half_a_record },
  { "bad-server-hello", against_bad_server_hello },
  { "only-old-protocol", only_old_protocol },
  { "no-common-suite", no_common_suite },
  { "cut-off-required", cut_off_required },
  { "cut-off-not-required", cut_off_not_required },
  { "fatal-alert-later", fatal_alert_later },
  { "access-denied-later", access_denied_later },
  { "plain-text-later", plain_text_later },
  { "forged-record-later", forged_record_later },
  { "reset-after-handshake", reset_after_handshake },
  { "warning-alert-later-1.2", warning_alert_later12 },
  { "peer-asks-again-1.2", peer_asks_again12 },
  { NULL, NULL },
};
