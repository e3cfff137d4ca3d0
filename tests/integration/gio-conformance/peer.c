/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "peer.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "observe.h"
#include "test-system.h"

struct _Peer
{
  int fd;
  const PeerSettings *settings;
  PeerScript script;
  gnutls_session_t session; /* NULL: no TLS */
  gboolean is_server;
  GThread *thread;
  GPtrArray *notes;
  GMutex lock;
  GCond cond;
  gboolean signalled;
};

void
peer_note (Peer *peer, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_ptr_array_add (peer->notes, g_strdup_vprintf (format, arguments));
  va_end (arguments);
}

gnutls_session_t
peer_get_session (Peer *peer)
{
  return peer->session;
}

int
peer_get_fd (Peer *peer)
{
  return peer->fd;
}

/* How a connection ends without close_notify depends on what was still on its way. */
static void
note_failure (Peer *peer, const char *what, int code)
{
  if (code == GNUTLS_E_FATAL_ALERT_RECEIVED || code == GNUTLS_E_WARNING_ALERT_RECEIVED)
    peer_note (peer, "%s: alert %d", what, gnutls_alert_get (peer->session));
  else if (code == GNUTLS_E_PREMATURE_TERMINATION || code == GNUTLS_E_PULL_ERROR ||
           code == GNUTLS_E_PUSH_ERROR)
    peer_note (peer, "%s: cut off", what);
  else
    peer_note (peer, "%s: %s", what, gnutls_strerror_name (code));
}

static gssize
receive (Peer *peer, void *buffer, gsize size)
{
  gssize n;

  if (peer->session == NULL)
    {
      n = recv (peer->fd, buffer, size, 0);
      return n < 0 ? GNUTLS_E_PULL_ERROR : n;
    }
  do
    n = gnutls_record_recv (peer->session, buffer, size);
  while (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED);
  return n;
}

static gboolean
send_all (Peer *peer, const void *data, gsize size)
{
  const char *bytes = data;

  while (size > 0)
    {
      gssize n = peer->session == NULL ? send (peer->fd, bytes, size, MSG_NOSIGNAL)
                                       : gnutls_record_send (peer->session, bytes, size);

      if (peer->session != NULL && (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED))
        continue;
      if (n <= 0)
        return FALSE;
      bytes += n;
      size -= n;
    }
  return TRUE;
}

void
peer_say (Peer *peer, const char *text)
{
  if (!send_all (peer, text, strlen (text)))
    peer_note (peer, "could not say “%s”", text);
}

void
peer_hear (Peer *peer, gsize size)
{
  g_autofree char *buffer = g_malloc0 (size + 1);
  gsize got = 0;
  gssize n = 1;

  while (got < size && (n = receive (peer, buffer + got, size - got)) > 0)
    got += n;
  if (got > 0 && got < 100)
    peer_note (peer, "heard “%s”", buffer);
  else if (got > 0)
    peer_note (peer, "heard %" G_GSIZE_FORMAT " bytes", got);
  if (got < size && n == 0)
    peer_note (peer, peer->session != NULL ? "end: close_notify" : "end: closed");
  else if (got < size)
    note_failure (peer, "end", n);
}

void
peer_hear_end (Peer *peer)
{
  peer_hear (peer, 1 << 24);
}

void
peer_bye (Peer *peer)
{
  gnutls_bye (peer->session, GNUTLS_SHUT_WR);
}

void
peer_await_signal (Peer *peer)
{
  g_mutex_lock (&peer->lock);
  while (!peer->signalled)
    g_cond_wait (&peer->cond, &peer->lock);
  peer->signalled = FALSE;
  g_mutex_unlock (&peer->lock);
}

void
peer_signal (Peer *peer)
{
  g_mutex_lock (&peer->lock);
  peer->signalled = TRUE;
  g_cond_signal (&peer->cond);
  g_mutex_unlock (&peer->lock);
}

void
peer_echo (Peer *peer)
{
  char buffer[16384];
  gssize n;

  while ((n = receive (peer, buffer, sizeof buffer)) > 0)
    {
      if (!send_all (peer, buffer, n))
        return;
    }
  if (n == 0)
    peer_note (peer, "end: close_notify");
  else
    note_failure (peer, "end", n);
  if (n == 0)
    peer_bye (peer);
}

void
peer_listen (Peer *peer)
{
  peer_hear_end (peer);
  peer_bye (peer);
}

static void
note_handshake (Peer *peer)
{
  char name[256];
  size_t size = sizeof name;
  unsigned type, n_certificates = 0;
  gnutls_datum_t protocol;

  peer_note (peer, "handshake: done, %s",
             gnutls_protocol_get_name (gnutls_protocol_get_version (peer->session)));
  if (peer->is_server && gnutls_server_name_get (peer->session, name, &size, &type, 0) == 0)
    peer_note (peer, "server name: %s", name);
  if (gnutls_alpn_get_selected_protocol (peer->session, &protocol) == 0)
    peer_note (peer, "protocol: %.*s", (int) protocol.size, protocol.data);
  if (peer->is_server && peer->settings->request != GNUTLS_CERT_IGNORE)
    {
      const gnutls_datum_t *der = gnutls_certificate_get_peers (peer->session, &n_certificates);
      gnutls_x509_crt_t certificate;

      if (n_certificates == 0)
        {
          peer_note (peer, "client's certificate: none");
          return;
        }
      gnutls_x509_crt_init (&certificate);
      size = sizeof name;
      if (gnutls_x509_crt_import (certificate, der, GNUTLS_X509_FMT_DER) == 0 &&
          gnutls_x509_crt_get_dn (certificate, name, &size) == 0)
        peer_note (peer, "client's certificate: %s, of %u", name, n_certificates);
      gnutls_x509_crt_deinit (certificate);
    }
}

/* GnuTLS's own function for files refuses one that says "revoked". */
static int
staple (gnutls_session_t session, void *settings, gnutls_datum_t *response)
{
  g_autofree char *path = test_cert_path (((const PeerSettings *) settings)->staple);

  return gnutls_load_file (path, response);
}

static void
set_credentials (Peer *peer, gnutls_certificate_credentials_t credentials)
{
  const PeerSettings *settings = peer->settings;
  const char *name = settings->certificate;

  if (name == NULL && peer->is_server)
    name = "ecdsa";
  if (name != NULL)
    {
      g_autofree char *pem_name = g_strconcat (name, ".pem", NULL);
      g_autofree char *key_name = g_strconcat (name, ".key", NULL);
      g_autofree char *pem = test_cert_path (pem_name);
      g_autofree char *key = test_cert_path (key_name);

      g_assert_cmpint (
          gnutls_certificate_set_x509_key_file (credentials, pem, key, GNUTLS_X509_FMT_PEM), >=, 0);
    }
  if (settings->authority != NULL)
    {
      g_autofree char *path = test_cert_path (settings->authority);

      g_assert_cmpint (
          gnutls_certificate_set_x509_trust_file (credentials, path, GNUTLS_X509_FMT_PEM), ==, 1);
    }
  if (settings->staple != NULL)
    gnutls_certificate_set_ocsp_status_request_function (credentials, staple, (void *) settings);
  g_assert_cmpint (gnutls_credentials_set (peer->session, GNUTLS_CRD_CERTIFICATE, credentials), ==,
                   0);
}

static void
set_up_session (Peer *peer)
{
  const PeerSettings *settings = peer->settings;
  gnutls_datum_t protocols[8];
  guint i;

  gnutls_init (&peer->session, (peer->is_server ? GNUTLS_SERVER : GNUTLS_CLIENT) |
                                   GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS);
  if (settings->priority != NULL)
    g_assert_cmpint (gnutls_priority_set_direct (peer->session, settings->priority, NULL), ==, 0);
  else
    gnutls_set_default_priority (peer->session);
  for (i = 0; settings->protocols != NULL && settings->protocols[i] != NULL; i++)
    protocols[i] =
        (gnutls_datum_t){ (guchar *) settings->protocols[i], strlen (settings->protocols[i]) };
  if (i > 0)
    gnutls_alpn_set_protocols (peer->session, protocols, i, 0);
  if (peer->is_server)
    gnutls_certificate_server_set_request (peer->session, settings->request);
  if (settings->server_name != NULL)
    gnutls_server_name_set (peer->session, GNUTLS_NAME_DNS, settings->server_name,
                            strlen (settings->server_name));
  gnutls_transport_set_int (peer->session, peer->fd);
}

static gpointer
serve (gpointer data)
{
  Peer *peer = data;
  gnutls_certificate_credentials_t credentials;
  int ret;

  gnutls_certificate_allocate_credentials (&credentials);
  set_up_session (peer);
  set_credentials (peer, credentials);
  do
    ret = gnutls_handshake (peer->session);
  while (ret == GNUTLS_E_AGAIN || ret == GNUTLS_E_INTERRUPTED);
  if (ret == 0)
    {
      note_handshake (peer);
      peer->script (peer);
    }
  else
    {
      note_failure (peer, "handshake", ret);
      /* Our side hears why. */
      gnutls_alert_send_appropriate (peer->session, ret);
      shutdown (peer->fd, SHUT_WR);
      while (recv (peer->fd, &(char[1024]){ 0 }, 1024, 0) > 0)
        continue;
    }
  gnutls_deinit (peer->session);
  gnutls_certificate_free_credentials (credentials);
  close (peer->fd);
  return NULL;
}

static gpointer
serve_raw (gpointer data)
{
  Peer *peer = data;

  peer->script (peer);
  close (peer->fd);
  return NULL;
}

static Peer *
peer_new (int fd, const PeerSettings *settings, PeerScript script)
{
  Peer *peer = g_new0 (Peer, 1);

  peer->fd = fd;
  peer->settings = settings;
  peer->script = script != NULL ? script : peer_echo;
  peer->notes = g_ptr_array_new_with_free_func (g_free);
  g_mutex_init (&peer->lock);
  g_cond_init (&peer->cond);
  return peer;
}

Peer *
peer_new_server (int fd, const PeerSettings *settings)
{
  Peer *peer = peer_new (fd, settings, settings->script);

  peer->is_server = TRUE;
  peer->thread = g_thread_new ("peer", serve, peer);
  return peer;
}

Peer *
peer_new_client (int fd, const PeerSettings *settings)
{
  Peer *peer = peer_new (fd, settings, settings->script);

  peer->thread = g_thread_new ("peer", serve, peer);
  return peer;
}

Peer *
peer_new_raw (int fd, PeerScript script)
{
  Peer *peer = peer_new (fd, NULL, script);

  peer->thread = g_thread_new ("peer", serve_raw, peer);
  return peer;
}

void
peer_end (Peer *peer)
{
  guint i;

  g_thread_join (g_steal_pointer (&peer->thread));
  for (i = 0; i < peer->notes->len; i++)
    observe ("  peer: %s", (char *) peer->notes->pdata[i]);
  peer_forget (peer);
}

void
peer_forget (Peer *peer)
{
  if (peer->thread != NULL)
    g_thread_join (peer->thread);
  g_ptr_array_unref (peer->notes);
  g_mutex_clear (&peer->lock);
  g_cond_clear (&peer->cond);
  g_free (peer);
}
