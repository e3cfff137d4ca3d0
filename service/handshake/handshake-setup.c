/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-setup.h"

#include <string.h>

#include "key/gnutls-support.h"
#include "keyblob/secret-memory.h"
#include "resumption/server-tickets.h"

static gboolean
set_application_protocols (gnutls_session_t session,
                           HandoffRole role,
                           const HandoffHandshakeOptions *options,
                           GError **error)
{
  GPtrArray *names = options->application_protocols;
  unsigned int flags = 0;
  g_autofree gnutls_datum_t *protocols = g_new0 (gnutls_datum_t, names->len);
  guint i;
  int code;

  if (names->len == 0)
    return TRUE;
  for (i = 0; i < names->len; i++)
    {
      protocols[i].data = g_ptr_array_index (names, i);
      protocols[i].size = (unsigned int) strlen (g_ptr_array_index (names, i));
    }
  if (role == HANDOFF_ROLE_SERVER)
    flags |= GNUTLS_ALPN_SERVER_PRECEDENCE;
  if (role == HANDOFF_ROLE_SERVER && !options->application_protocol_optional)
    flags |= GNUTLS_ALPN_MANDATORY;
  code = gnutls_alpn_set_protocols (session, protocols, names->len, flags);
  return code >= 0 ||
         handoff_gnutls_set_error (error, code, "Cannot offer the application protocols");
}

static HandoffTrustStore *
get_trust_store (HandoffHandshakeRequest *request, GError **error)
{
  const HandoffHandshakeOptions *options = request->options;

  if (options->trust_anchors != NULL)
    return handoff_anchor_stores_get (handoff_tls_policy_get_anchor_stores (request->policy),
                                      request->uid, options->trust_anchors,
                                      options->trust_anchors_digest, error);
  return handoff_trust_store_ref (handoff_tls_policy_get_trust_store (request->policy));
}

static gboolean
set_trust (gnutls_session_t session, HandoffTrustStore *trust_store, GError **error)
{
  int code = gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE,
                                     handoff_trust_store_get_credentials (trust_store));

  return code >= 0 || handoff_gnutls_set_error (error, code, "Cannot set the trust store");
}

static gboolean
set_server_name (gnutls_session_t session, const HandoffHandshakeRequest *request, GError **error)
{
  const char *name = handoff_handshake_request_get_server_name (request);
  int code;

  /* RFC 6066 3: literal addresses are not sent. */
  if (name == NULL)
    return TRUE;
  code = gnutls_server_name_set (session, GNUTLS_NAME_DNS, name, strlen (name));
  return code >= 0 || handoff_gnutls_set_error (error, code, "Cannot send the server name");
}

static void
set_client_certificate (gnutls_session_t session, const HandoffHandshakeOptions *options)
{
  static const gnutls_certificate_request_t requests[] = {
    [HANDOFF_CLIENT_CERTIFICATE_MODE_NONE] = GNUTLS_CERT_IGNORE,
    [HANDOFF_CLIENT_CERTIFICATE_MODE_REQUEST] = GNUTLS_CERT_REQUEST,
    [HANDOFF_CLIENT_CERTIFICATE_MODE_REQUIRE] = GNUTLS_CERT_REQUIRE,
  };

  gnutls_certificate_server_set_request (session, requests[options->client_certificate]);
}

static void
set_session_to_resume (gnutls_session_t session, HandoffHandshakeRequest *request)
{
  int code;

  if (request->session_data == NULL)
    return;
  code = gnutls_session_set_data (session, request->session_data, request->session_data_size);
  /* A full handshake will do. */
  if (code < 0)
    g_info ("A session cannot be resumed: %s", gnutls_strerror (code));
  g_clear_pointer (&request->session_data, handoff_secret_free);
}

static unsigned int
get_flags (const HandoffHandshakeRequest *request)
{
  unsigned int flags =
      GNUTLS_NONBLOCK |
      (request->role == HANDOFF_ROLE_SERVER ? GNUTLS_SERVER : GNUTLS_CLIENT | GNUTLS_KEY_SHARE_TOP);

  if (!request->keeps_sessions)
    flags |= GNUTLS_NO_TICKETS;
  else if (request->keeps_sessions_of_min > 0x0303)
    flags |= GNUTLS_NO_TICKETS_TLS12;
  return flags;
}

/* The group of whose key share a client has the most hope. */
static gnutls_group_t
get_first_group (const HandoffHandshakeRequest *request)
{
  return request->identity != NULL
             ? handoff_server_groups_get (handoff_tls_policy_get_server_groups (request->policy),
                                          request->uid, request->identity)
             : GNUTLS_GROUP_INVALID;
}

gboolean
handoff_handshake_setup_group (gnutls_session_t session,
                               const HandoffHandshakeRequest *request,
                               const HandoffClientHello *client_hello)
{
  const gnutls_group_t group =
      handoff_tls_policy_find_group (request->policy, client_hello->shares, client_hello->n_shares);

  return group == GNUTLS_GROUP_INVALID ||
         group == handoff_tls_policy_get_first_group (request->policy) ||
         handoff_tls_policy_apply (request->policy, session, request->role, request->options, group,
                                   NULL);
}

void
handoff_handshake_setup_remember_group (gnutls_session_t session,
                                        const HandoffHandshakeRequest *request)
{
  gnutls_group_t taken = gnutls_group_get (session);

  /* TLS 1.2 has no key shares in its first flight. */
  if (request->identity == NULL || gnutls_protocol_get_version (session) != GNUTLS_TLS1_3)
    return;
  if (taken == handoff_tls_policy_get_first_group (request->policy))
    taken = GNUTLS_GROUP_INVALID;
  handoff_server_groups_set (handoff_tls_policy_get_server_groups (request->policy), request->uid,
                             request->identity, taken);
}

gboolean
handoff_handshake_setup_tickets (gnutls_session_t session,
                                 const HandoffHandshakeRequest *request,
                                 guint64 credential_serial,
                                 const char *server_name)
{
  guint8 key[HANDOFF_TICKET_KEY_SIZE];
  const gnutls_datum_t datum = { key, sizeof key };
  gboolean success;

  if (request->ticket_secret == NULL)
    return TRUE;
  gnutls_db_set_cache_expiration (session, (int) request->ticket_lifetime);
  success =
      handoff_ticket_key_derive (request->ticket_secret, credential_serial, server_name, key) &&
      gnutls_session_ticket_enable_server (session, &datum) >= 0;
  handoff_wipe (key, sizeof key);
  return success;
}

gnutls_session_t
handoff_handshake_setup (HandoffHandshakeRequest *request,
                         HandoffTrustStore **trust_store,
                         GError **error)
{
  g_autoptr (HandoffGnutlsSession) session = NULL;
  g_autoptr (HandoffTrustStore) store = get_trust_store (request, error);
  int code;

  if (store == NULL)
    return NULL;
  code = gnutls_init (&session, get_flags (request));
  if (code < 0)
    {
      handoff_gnutls_set_error (error, code, "Cannot begin a handshake");
      return NULL;
    }
  if (!handoff_tls_policy_apply (request->policy, session, request->role, request->options,
                                 get_first_group (request), error) ||
      !set_trust (session, store, error) || !set_server_name (session, request, error) ||
      !set_application_protocols (session, request->role, request->options, error))
    return NULL;
  if (request->role == HANDOFF_ROLE_SERVER)
    set_client_certificate (session, request->options);

  set_session_to_resume (session, request);
  *trust_store = g_steal_pointer (&store);
  return g_steal_pointer (&session);
}
