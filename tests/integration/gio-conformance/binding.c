/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Channel bindings: whether they are had, and are the peer's. */

#include <string.h>

#include "cases.h"
#include "link.h"

static const char *const names[] = { "tls-unique", "tls-server-end-point", "tls-exporter" };
static const GTlsChannelBindingType types[] = { G_TLS_CHANNEL_BINDING_TLS_UNIQUE,
                                                G_TLS_CHANNEL_BINDING_TLS_SERVER_END_POINT,
                                                G_TLS_CHANNEL_BINDING_TLS_EXPORTER };
static const gnutls_channel_binding_t gnutls_types[] = { GNUTLS_CB_TLS_UNIQUE,
                                                         GNUTLS_CB_TLS_SERVER_END_POINT,
                                                         GNUTLS_CB_TLS_EXPORTER };

static GByteArray *of_peer[G_N_ELEMENTS (types)];

/* Keeps the peer's, then echoes. */
static void
keep_bindings (Peer *peer)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (types); i++)
    {
      gnutls_datum_t binding;

      of_peer[i] = g_byte_array_new ();
      if (gnutls_session_channel_binding (peer_get_session (peer), gnutls_types[i], &binding) != 0)
        continue;
      g_byte_array_append (of_peer[i], binding.data, binding.size);
      gnutls_free (binding.data);
    }
  peer_echo (peer);
}

static void
show_bindings (Link *link)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr (GByteArray) data = g_byte_array_new ();
      GError *error = NULL;
      gboolean ok;

      ok = g_tls_connection_get_channel_binding_data (link->connection, types[i], NULL, &error);
      observe ("%s", names[i]);
      observe_result ("  is known", ok, &error);
      ok = g_tls_connection_get_channel_binding_data (link->connection, types[i], data, &error);
      observe_result ("  is had", ok, &error);
      observe ("  %u bytes", data->len);
      if (ok && of_peer[i] != NULL && of_peer[i]->len > 0)
        observe ("  the peer's: %d", data->len == of_peer[i]->len &&
                                         memcmp (data->data, of_peer[i]->data, data->len) == 0);
    }
}

static void
run (Link *link)
{
  show_bindings (link);
  link_handshake (link);
  /* The peer has its own then. */
  link_exchange (link, "hello");
  observe ("after the handshake");
  show_bindings (link);
  link_close (link);
  observe ("closed");
  show_bindings (link);
  link_free (link);
}

static void
client13 (void)
{
  static const PeerSettings settings = { .script = keep_bindings };

  run (link_new_client (&settings));
}

static void
client12 (void)
{
  static const PeerSettings settings = { .script = keep_bindings,
                                         .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2" };

  run (link_new_client (&settings));
}

static void
server13 (void)
{
  static const PeerSettings settings = { .script = keep_bindings };

  run (link_new_server ("rsa", &settings));
}

static void
server12 (void)
{
  static const PeerSettings settings = { .script = keep_bindings,
                                         .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2" };

  run (link_new_server ("ecdsa", &settings));
}

static void
ed25519 (void)
{
  static const PeerSettings settings = { .script = keep_bindings, .certificate = "ed25519" };

  run (link_new_client (&settings));
}

static void
after_failure (void)
{
  static const PeerSettings settings = { .certificate = "self-signed" };
  Link *link = link_new_client (&settings);

  link_handshake (link);
  show_bindings (link);
  link_end (link);
}

static void
unknown_type (void)
{
  static const PeerSettings settings = { 0 };
  Link *link = link_new_client (&settings);
  g_autoptr (GByteArray) data = g_byte_array_new ();
  GError *error = NULL;
  gboolean ok;

  link_handshake (link);
  ok = g_tls_connection_get_channel_binding_data (link->connection, (GTlsChannelBindingType) 77,
                                                  data, &error);
  observe_result ("unknown", ok, &error);
  ok = g_tls_connection_get_channel_binding_data (link->connection, (GTlsChannelBindingType) 77,
                                                  NULL, &error);
  observe_result ("unknown, without data", ok, &error);
  link_end (link);
}

/* The array is resized, whatever was in it. */
static void
array_in_use (void)
{
  static const PeerSettings settings = { 0 };
  Link *link = link_new_client (&settings);
  g_autoptr (GByteArray) data = g_byte_array_new ();
  GError *error = NULL;
  gboolean ok;

  g_byte_array_append (data,
                       (const guint8 *) "something that was there before, and longer than all", 52);
  link_handshake (link);
  ok = g_tls_connection_get_channel_binding_data (
      link->connection, G_TLS_CHANNEL_BINDING_TLS_SERVER_END_POINT, data, &error);
  observe_result ("end point", ok, &error);
  observe ("%u bytes", data->len);
  link_end (link);
}

const ConformanceCase binding_cases[] = {
  { "client-1.3", client13 },
  { "client-1.2", client12 },
  { "server-1.3", server13 },
  { "server-1.2", server12 },
  { "ed25519", ed25519 },
  { "after-failure", after_failure },
  { "unknown-type", unknown_type },
  { "array-in-use", array_in_use },
  { NULL, NULL },
};
