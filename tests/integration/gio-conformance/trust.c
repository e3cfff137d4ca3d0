/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Certificates of servers that something is wrong with, and who decides. */

#include "cases.h"
#include "link.h"

static void
reject (const char *certificate, const char *staple)
{
  const PeerSettings settings = { .certificate = certificate, .staple = staple };
  Link *link = link_new_client (&settings);

  observe ("%s", certificate);
  link_handshake (link);
  observe_property (link->connection, "peer-certificate");
  observe_property (link->connection, "peer-certificate-errors");
  link_end (link);
}

static void
accept (const char *certificate, const char *staple)
{
  const PeerSettings settings = { .certificate = certificate, .staple = staple };
  Link *link = link_new_client (&settings);

  observe ("%s", certificate);
  link_accept_certificates (link, TRUE);
  link_handshake (link);
  observe_property (link->connection, "peer-certificate");
  observe_property (link->connection, "peer-certificate-errors");
  link_end (link);
}

static void
self_signed (void)
{
  reject ("self-signed", NULL);
  accept ("self-signed", NULL);
}

static void
expired (void)
{
  reject ("expired", NULL);
  accept ("expired", NULL);
}

static void
not_activated (void)
{
  reject ("not-activated", NULL);
  accept ("not-activated", NULL);
}

static void
wrong_name (void)
{
  reject ("wrong-name", NULL);
  accept ("wrong-name", NULL);
}

static void
wrong_purpose (void)
{
  reject ("wrong-purpose", NULL);
  accept ("wrong-purpose", NULL);
}

static void
other_authority (void)
{
  reject ("client", NULL);
  accept ("client", NULL);
}

static void
revoked (void)
{
  reject ("revoked", "revoked.ocsp");
}

static void
must_staple (void)
{
  reject ("must-staple", NULL);
}

static void
must_staple_kept (void)
{
  reject ("must-staple", "must-staple.ocsp");
}

/* Which flags make an error fatal is the application's decision. */
static void
validation_flags (void)
{
  static const struct
  {
    const char *certificate;
    GTlsCertificateFlags flags;
  } cases[] = {
    { "self-signed", G_TLS_CERTIFICATE_NO_FLAGS },
    { "self-signed", G_TLS_CERTIFICATE_EXPIRED },
    { "self-signed", G_TLS_CERTIFICATE_UNKNOWN_CA },
    { "expired", G_TLS_CERTIFICATE_VALIDATE_ALL & ~G_TLS_CERTIFICATE_EXPIRED },
    { "expired", G_TLS_CERTIFICATE_EXPIRED },
    { "wrong-name", G_TLS_CERTIFICATE_VALIDATE_ALL & ~G_TLS_CERTIFICATE_BAD_IDENTITY },
    { "wrong-name", G_TLS_CERTIFICATE_BAD_IDENTITY },
    { "rsa", G_TLS_CERTIFICATE_NO_FLAGS },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const PeerSettings settings = { .certificate = cases[i].certificate };
      Link *link = link_new_client (&settings);

      observe ("%s", cases[i].certificate);
      link_accept_certificates (link, FALSE);
      g_object_set (link->connection, "validation-flags", cases[i].flags, NULL);
      link_handshake (link);
      observe_property (link->connection, "peer-certificate-errors");
      link_end (link);
    }
}

static void
handler_rejects (void)
{
  const PeerSettings settings = { .certificate = "expired" };
  Link *link = link_new_client (&settings);

  link_accept_certificates (link, FALSE);
  observe_notifications (link->connection);
  link_handshake (link);
  link_end (link);
}

/* The first that accepts ends the emission; a later one is not asked. */
static void
two_handlers (void)
{
  const PeerSettings settings = { .certificate = "expired" };
  Link *link = link_new_client (&settings);

  link_accept_certificates (link, FALSE);
  link_accept_certificates (link, TRUE);
  link_accept_certificates (link, FALSE);
  link_handshake (link);
  link_end (link);
}

static void
good_asks_nobody (void)
{
  const PeerSettings settings = { .certificate = "rsa" };
  Link *link = link_new_client (&settings);

  link_accept_certificates (link, FALSE);
  link_handshake (link);
  link_end (link);
}

static void
async_rejected (void)
{
  const PeerSettings settings = { .certificate = "wrong-name" };
  Link *link = link_new_client (&settings);

  link_accept_certificates (link, FALSE);
  link_handshake_async (link, NULL);
  link_end (link);
}

static void
implicit_rejected (void)
{
  const PeerSettings settings = { .certificate = "wrong-name" };
  Link *link = link_new_client (&settings);

  link_accept_certificates (link, FALSE);
  link_write (link, "hello");
  link_read (link, 1);
  link_end (link);
}

static gboolean
handshake_inside_cb (GTlsConnection *connection,
                     GTlsCertificate *certificate,
                     GTlsCertificateFlags errors,
                     gpointer data)
{
  Link *link = data;

  observe ("in the handler");
  link_handshake (link);
  return TRUE;
}

static gboolean
transfer_inside_cb (GTlsConnection *connection,
                    GTlsCertificate *certificate,
                    GTlsCertificateFlags errors,
                    gpointer data)
{
  Link *link = data;
  GError *error = NULL;
  gssize n;

  observe ("in the handler");
  n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (link->in), &(char){ 0 }, 1,
                                                NULL, &error);
  observe_size ("read_nonblocking", n, &error);
  link_read (link, 1);
  link_write (link, "x");
  return TRUE;
}

/* Blocking calls in a handler fail, and the handshake goes on. */
static void
call_in_handler (GCallback handler, gboolean async)
{
  const PeerSettings settings = { .certificate = "self-signed" };
  Link *link = link_new_client (&settings);

  g_signal_connect (link->connection, "accept-certificate", handler, link);
  if (async)
    link_handshake_async (link, NULL);
  else
    link_handshake (link);
  link_exchange (link, "hello");
  link_end (link);
}

static void
handshake_in_handler (void)
{
  call_in_handler (G_CALLBACK (handshake_inside_cb), FALSE);
}

static void
handshake_in_handler_async (void)
{
  call_in_handler (G_CALLBACK (handshake_inside_cb), TRUE);
}

static void
transfer_in_handler (void)
{
  call_in_handler (G_CALLBACK (transfer_inside_cb), FALSE);
}

static void
transfer_in_handler_async (void)
{
  call_in_handler (G_CALLBACK (transfer_inside_cb), TRUE);
}

static gboolean
close_inside_cb (GTlsConnection *connection,
                 GTlsCertificate *certificate,
                 GTlsCertificateFlags errors,
                 gpointer data)
{
  Link *link = data;

  link_close (link);
  return TRUE;
}

static void
close_in_handler (void)
{
  const PeerSettings settings = { .certificate = "self-signed" };
  Link *link = link_new_client (&settings);

  g_signal_connect (link->connection, "accept-certificate", G_CALLBACK (close_inside_cb), link);
  link_handshake (link);
  link_let_go (link);
  link_free (link);
}

static void
close_in_handler_async (void)
{
  const PeerSettings settings = { .certificate = "self-signed" };
  Link *link = link_new_client (&settings);

  g_signal_connect (link->connection, "accept-certificate", G_CALLBACK (close_inside_cb), link);
  link_handshake_async (link, NULL);
  link_let_go (link);
  link_free (link);
}

static gboolean
iterate_inside_cb (GTlsConnection *connection,
                   GTlsCertificate *certificate,
                   GTlsCertificateFlags errors,
                   gpointer data)
{
  /* As a dialog does. */
  link_settle ();
  observe ("in the handler");
  return TRUE;
}

static void
main_loop_in_handler (void)
{
  const PeerSettings settings = { .certificate = "self-signed" };
  Link *link = link_new_client (&settings);

  g_signal_connect (link->connection, "accept-certificate", G_CALLBACK (iterate_inside_cb), NULL);
  link_handshake_async (link, NULL);
  link_exchange (link, "hello");
  link_end (link);
}

static gboolean
disconnect_cb (GTlsConnection *connection,
               GTlsCertificate *certificate,
               GTlsCertificateFlags errors,
               gpointer data)
{
  observe ("in the handler");
  g_signal_handlers_disconnect_by_data (connection, data);
  return TRUE;
}

static void
handler_disconnects_itself (void)
{
  const PeerSettings settings = { .certificate = "self-signed" };
  Link *link = link_new_client (&settings);

  g_signal_connect (link->connection, "accept-certificate", G_CALLBACK (disconnect_cb), link);
  link_handshake (link);
  link_end (link);
}

/* Whom nobody trusts is known before; what the handler said stays. */
static void
errors_of_several (void)
{
  const PeerSettings settings = { .certificate = "wrong-name" };
  g_autoptr (GTlsDatabase) database = link_database ("other-ca.pem");
  Link *link = link_new_client (&settings);

  g_tls_connection_set_database (link->connection, database);
  link_accept_certificates (link, TRUE);
  link_handshake (link);
  observe_property (link->connection, "peer-certificate-errors");
  link_end (link);
}

const ConformanceCase trust_cases[] = {
  { "self-signed", self_signed },
  { "expired", expired },
  { "not-activated", not_activated },
  { "wrong-name", wrong_name },
  { "wrong-purpose", wrong_purpose },
  { "other-authority", other_authority },
  { "revoked", revoked },
  { "must-staple", must_staple },
  { "must-staple-kept", must_staple_kept },
  { "validation-flags", validation_flags },
  { "handler-rejects", handler_rejects },
  { "two-handlers", two_handlers },
  { "good-asks-nobody", good_asks_nobody },
  { "async-rejected", async_rejected },
  { "implicit-rejected", implicit_rejected },
  { "handshake-in-handler", handshake_in_handler },
  { "handshake-in-handler-async", handshake_in_handler_async },
  { "transfer-in-handler", transfer_in_handler },
  { "transfer-in-handler-async", transfer_in_handler_async },
  { "close-in-handler", close_in_handler },
  { "close-in-handler-async", close_in_handler_async },
  { "main-loop-in-handler", main_loop_in_handler },
  { "handler-disconnects-itself", handler_disconnects_itself },
  { "errors-of-several", errors_of_several },
  { NULL, NULL },
};
