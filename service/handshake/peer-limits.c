/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/peer-limits.h"

#include "key/der.h"
#include "keyblob/tls-handoff-error.h"

#define STATUS_REQUEST_EXTENSION 5 /* RFC 6066 8, RFC 8446 4.4.2.1 */
#define OCSP_STATUS_TYPE 1
#define COMPRESSED_CERTIFICATE 25 /* RFC 8879 4; older GnuTLS has no name for it */

/* Takes a vector with a length of length_size bytes (RFC 8446 3.4) off rest. */
static gboolean
take_vector (HandoffDer *rest, gsize length_size, HandoffDer *content)
{
  gsize i, length = 0;

  if (rest->size < length_size)
    return FALSE;
  for (i = 0; i < length_size; i++)
    length = length << 8 | rest->data[i];
  if (length > rest->size - length_size)
    return FALSE;
  content->data = rest->data + length_size;
  content->size = length;
  rest->data = content->data + length;
  rest->size -= length_size + length;
  return TRUE;
}

/* Takes size bytes, a number. FALSE if there are fewer. */
static gboolean
take_number (HandoffDer *rest, gsize size, gsize *number)
{
  gsize i;

  if (rest->size < size)
    return FALSE;
  for (*number = 0, i = 0; i < size; i++)
    *number = *number << 8 | rest->data[i];
  rest->data += size;
  rest->size -= size;
  return TRUE;
}

static int
refuse (GError **error, int code, const char *what, guint64 number, guint64 maximum)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
               "The peer sent %s (%" G_GUINT64_FORMAT "): at most %" G_GUINT64_FORMAT
               " are possible",
               what, number, maximum);
  return code;
}

static int
add_certificate (
    HandoffPeerLimits *self, HandoffDer certificate, const char *what, guint number, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (handoff_certificate_sum_add (&self->certificates, certificate.data, certificate.size,
                                   &local_error))
    return GNUTLS_E_SUCCESS;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED, "%s: %s %u %s",
               self->certificates.is_unreadable
                   ? "What the peer sent cannot be read"
                   : "The peer's certificate needs more work than one handshake may take",
               what, number, local_error->message);
  return self->certificates.is_unreadable ? GNUTLS_E_ASN1_DER_ERROR
                                          : GNUTLS_E_UNSUPPORTED_CERTIFICATE_TYPE;
}

/* The certificates in BasicOCSPResponse ::= SEQUENCE { tbs, algorithm, signature, [0] certificates
 * } in OCSPResponse ::= SEQUENCE { ENUMERATED, [0] SEQUENCE { type, OCTET STRING } } (RFC
 * 6960 4.2.1).
 */
static gboolean
find_responders (HandoffDer response, HandoffDer *certificates)
{
  const guint8 enumerated = 0x0a;
  HandoffDer bytes, basic;

  return handoff_der_take (&response, HANDOFF_DER_SEQUENCE, &response) &&
         handoff_der_take (&response, enumerated, NULL) &&
         handoff_der_take (&response, HANDOFF_DER_CONTEXT (0), &bytes) &&
         handoff_der_take (&bytes, HANDOFF_DER_SEQUENCE, &bytes) &&
         handoff_der_take (&bytes, HANDOFF_DER_OBJECT_IDENTIFIER, NULL) &&
         handoff_der_take (&bytes, HANDOFF_DER_OCTET_STRING, &basic) &&
         handoff_der_take (&basic, HANDOFF_DER_SEQUENCE, &basic) &&
         handoff_der_take (&basic, HANDOFF_DER_SEQUENCE, NULL) &&
         handoff_der_take (&basic, HANDOFF_DER_SEQUENCE, NULL) &&
         handoff_der_take (&basic, HANDOFF_DER_BIT_STRING, NULL) &&
         handoff_der_take (&basic, HANDOFF_DER_CONTEXT (0), certificates) &&
         handoff_der_take (certificates, HANDOFF_DER_SEQUENCE, certificates);
}

static int
add_response (HandoffPeerLimits *self, HandoffDer response, GError **error)
{
  const int bad_response = GNUTLS_E_OCSP_RESPONSE_ERROR;
  HandoffDer certificates;
  int code = GNUTLS_E_SUCCESS;

  if (response.size > HANDOFF_MAX_OCSP_RESPONSE_SIZE)
    return refuse (error, bad_response, "an OCSP response of too many bytes", response.size,
                   HANDOFF_MAX_OCSP_RESPONSE_SIZE);
  if (++self->n_responses > HANDOFF_MAX_OCSP_RESPONSES)
    return refuse (error, bad_response, "too many OCSP responses", self->n_responses,
                   HANDOFF_MAX_OCSP_RESPONSES);
  if (!find_responders (response, &certificates))
    return GNUTLS_E_SUCCESS;

  while (code == GNUTLS_E_SUCCESS && certificates.size > 0)
    {
      HandoffDer certificate = { certificates.data, 0 };
      HandoffDer content;
      guint8 tag;

      if (++self->n_responders > HANDOFF_MAX_RESPONDER_CERTIFICATES)
        return refuse (error, bad_response, "OCSP responses with too many certificates",
                       self->n_responders, HANDOFF_MAX_RESPONDER_CERTIFICATES);
      if (!handoff_der_next (&certificates, &tag, &content))
        return GNUTLS_E_SUCCESS;
      certificate.size = (gsize) (certificates.data - certificate.data);
      code = add_certificate (self, certificate, "the OCSP responder's certificate",
                              self->n_responders, error);
    }
  return code;
}

/* CertificateStatus (RFC 6066 8): a type, a vector. */
static int
add_status (HandoffPeerLimits *self, HandoffDer status, GError **error)
{
  HandoffDer response;
  gsize type;

  if (!take_number (&status, 1, &type) || type != OCSP_STATUS_TYPE ||
      !take_vector (&status, 3, &response))
    return GNUTLS_E_SUCCESS;
  return add_response (self, response, error);
}

/* Of a CertificateEntry (RFC 8446 4.4.2). */
static int
add_extensions (HandoffPeerLimits *self, HandoffDer extensions, GError **error)
{
  HandoffDer content;
  gsize type;
  int code = GNUTLS_E_SUCCESS;

  while (code == GNUTLS_E_SUCCESS && take_number (&extensions, 2, &type) &&
         take_vector (&extensions, 2, &content))
    {
      if (type == STATUS_REQUEST_EXTENSION)
        code = add_status (self, content, error);
    }
  return code;
}

/* Certificate: RFC 5246 7.4.2, RFC 8446 4.4.2. */
static int
add_chain (HandoffPeerLimits *self, HandoffDer message, gboolean is_tls1_3, GError **error)
{
  HandoffDer list, certificate, extensions;
  int code = GNUTLS_E_SUCCESS;

  /* certificate_request_context */
  if (is_tls1_3 && !take_vector (&message, 1, &list))
    return GNUTLS_E_SUCCESS;
  if (!take_vector (&message, 3, &list))
    return GNUTLS_E_SUCCESS;
  while (code == GNUTLS_E_SUCCESS && take_vector (&list, 3, &certificate))
    {
      /* What some implementations send in place of an empty list. */
      if (certificate.size == 0)
        continue;
      if (++self->n_certificates > HANDOFF_MAX_PEER_CERTIFICATES)
        return refuse (error, GNUTLS_E_UNSUPPORTED_CERTIFICATE_TYPE, "too many certificates",
                       self->n_certificates, HANDOFF_MAX_PEER_CERTIFICATES);
      code = add_certificate (self, certificate, "certificate", self->n_certificates, error);
      if (code == GNUTLS_E_SUCCESS && is_tls1_3)
        {
          if (!take_vector (&list, 2, &extensions))
            return GNUTLS_E_SUCCESS;
          code = add_extensions (self, extensions, error);
        }
    }
  return code;
}

/* ServerDHParams (RFC 5246 7.4.3): the prime is first. */
static int
check_prime (HandoffDer message, GError **error)
{
  HandoffDer prime;
  guint bits;

  if (!take_vector (&message, 2, &prime))
    return GNUTLS_E_SUCCESS;
  bits = handoff_der_count_bits (prime);
  if (bits <= HANDOFF_MAX_DH_PRIME_BITS)
    return GNUTLS_E_SUCCESS;
  return refuse (error, GNUTLS_E_UNWANTED_ALGORITHM, "a prime of too many bits for DHE", bits,
                 HANDOFF_MAX_DH_PRIME_BITS);
}

int
handoff_peer_limits_check (HandoffPeerLimits *self,
                           gnutls_protocol_t protocol,
                           gnutls_kx_algorithm_t kx,
                           guint type,
                           const gnutls_datum_t *message,
                           GError **error)
{
  const HandoffDer bytes = { message->data, message->size };

  switch (type)
    {
    case GNUTLS_HANDSHAKE_CERTIFICATE_PKT:
      return add_chain (self, bytes, protocol == GNUTLS_TLS1_3, error);
    case GNUTLS_HANDSHAKE_CERTIFICATE_STATUS:
      return add_status (self, bytes, error);
    case GNUTLS_HANDSHAKE_SERVER_KEY_EXCHANGE:
      return kx == GNUTLS_KX_DHE_RSA ? check_prime (bytes, error) : GNUTLS_E_SUCCESS;
    case COMPRESSED_CERTIFICATE:
      /* Nobody offered to decompress one, but GnuTLS would try. */
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
                           "The peer sent a compressed certificate, which nobody asked for");
      return GNUTLS_E_UNEXPECTED_HANDSHAKE_PACKET;
    default:
      return GNUTLS_E_SUCCESS;
    }
}
