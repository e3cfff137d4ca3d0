/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "export/channel-bindings.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "key/der-values.h"
#include "key/gnutls-support.h"
#include "keyblob/secret-memory.h"

#define OID_RSASSA_PSS "1.2.840.113549.1.1.10"

/* GnuTLS knows for which sessions a binding is defined: tls-unique for TLS 1.2 only, tls-exporter
 * for TLS 1.3, and for TLS 1.2 with an extended master secret (RFC 9266 4). */
static gboolean
take_from_session (gnutls_session_t session,
                   gnutls_channel_binding_t type,
                   guint8 *binding,
                   gsize max_size,
                   guint8 *size,
                   GError **error)
{
  gnutls_datum_t data = { NULL, 0 };
  int code = gnutls_session_channel_binding (session, type, &data);
  gboolean fits;

  if (code == GNUTLS_E_CHANNEL_BINDING_NOT_AVAILABLE)
    return TRUE;
  if (code < 0)
    return handoff_gnutls_set_error (error, code, "Cannot export a channel binding");

  fits = data.size <= max_size;
  if (fits)
    {
      memcpy (binding, data.data, data.size);
      *size = (guint8) data.size;
    }
  handoff_wipe (data.data, data.size);
  gnutls_free (data.data);
  return fits || handoff_gnutls_set_error (error, GNUTLS_E_SHORT_MEMORY_BUFFER,
                                           "Cannot export a channel binding");
}

/* RSASSA-PSS-params ::= SEQUENCE { [0] AlgorithmIdentifier DEFAULT sha1, … } (RFC 4055 3.1) */
static gnutls_digest_algorithm_t
get_pss_hash (HandoffDer algorithm)
{
  char oid[HANDOFF_OID_SIZE];
  HandoffDer parameters, hash, ignored;

  if (!handoff_der_take (&algorithm, HANDOFF_DER_SEQUENCE, &parameters))
    return GNUTLS_DIG_UNKNOWN;
  if (!handoff_der_take (&parameters, HANDOFF_DER_CONTEXT (0), &hash))
    return GNUTLS_DIG_SHA1;
  return handoff_der_take_algorithm (&hash, oid, &ignored) ? gnutls_oid_to_digest (oid)
                                                           : GNUTLS_DIG_UNKNOWN;
}

/* Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, … } (RFC 5280 4.1). Of all of it,
 * only that is read: an import by GnuTLS can cost milliseconds, with a certificate of a stranger's.
 */
static gnutls_digest_algorithm_t
get_signature_hash (const gnutls_datum_t *certificate)
{
  HandoffDer der = { certificate->data, certificate->size };
  HandoffDer fields, parameters;
  char oid[HANDOFF_OID_SIZE];

  if (!handoff_der_take (&der, HANDOFF_DER_SEQUENCE, &fields) ||
      !handoff_der_take (&fields, HANDOFF_DER_SEQUENCE, NULL) ||
      !handoff_der_take_algorithm (&fields, oid, &parameters))
    return GNUTLS_DIG_UNKNOWN;
  return g_str_equal (oid, OID_RSASSA_PSS)
             ? get_pss_hash (parameters)
             : gnutls_sign_get_hash_algorithm (gnutls_oid_to_sign (oid));
}

/* RFC 5929 4.1: the hash of the certificate's signature, but SHA-256 for MD5 and SHA-1. */
static gnutls_digest_algorithm_t
get_end_point_hash (const gnutls_datum_t *certificate)
{
  gnutls_digest_algorithm_t hash = get_signature_hash (certificate);

  return hash == GNUTLS_DIG_MD5 || hash == GNUTLS_DIG_SHA1 ? GNUTLS_DIG_SHA256 : hash;
}

/* The binding is not defined for a signature without a hash, or with one that nobody knows: then
 * there is none, and the connection is as good as any. */
static void
take_end_point (const gnutls_datum_t *certificate, HandoffKeyState *state)
{
  gnutls_digest_algorithm_t hash = get_end_point_hash (certificate);
  guint size = hash != GNUTLS_DIG_UNKNOWN ? gnutls_hash_get_len (hash) : 0;

  if (size >= HANDOFF_MIN_SERVER_END_POINT_SIZE && size <= HANDOFF_MAX_SERVER_END_POINT_SIZE &&
      gnutls_hash_fast (hash, certificate->data, certificate->size, state->tls_server_end_point) >=
          0)
    state->tls_server_end_point_size = (guint8) size;
}

/* RFC 7627 5.4: of a resumed session without the extended master secret, tls-unique must not be
 * used: who is between two connections can make it the same on both. */
static gboolean
is_unique (gnutls_session_t session)
{
  return gnutls_session_is_resumed (session) == 0 ||
         gnutls_session_ext_master_secret_status (session) != 0;
}

gboolean
handoff_channel_bindings_take (gnutls_session_t session,
                               const gnutls_datum_t *server_certificate,
                               HandoffKeyState *state,
                               GError **error)
{
  if (server_certificate != NULL)
    take_end_point (server_certificate, state);
  return take_from_session (session, GNUTLS_CB_TLS_EXPORTER, state->tls_exporter,
                            sizeof state->tls_exporter, &state->tls_exporter_size, error) &&
         (!is_unique (session) ||
          take_from_session (session, GNUTLS_CB_TLS_UNIQUE, state->tls_unique,
                             sizeof state->tls_unique, &state->tls_unique_size, error));
}
