/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-result.h"

#include <sys/stat.h>

#include "keyblob/handoff-names.h"
#include "keyblob/sealed-memfd.h"
#include "keyblob/tls-handoff-error.h"
#include "record/record-layer.h"
#include "phrasebook/library-text.h"

struct _TlsHandoffHandshakeResult
{
  GObject parent_instance;

  TlsHandoffRecordLayer *record_layer; /* (owned) */
  HandoffHandshakeDetails details;     /* key_blob is closed */
  gsize key_blob_size;                 /* bytes */
  char *key_blob_seals;                /* (owned) */
  HandoffServiceSession *session;      /* (owned) (nullable): where tickets go */
  int tickets_forwarded;               /* a boolean; atomic */
};

G_DEFINE_FINAL_TYPE (TlsHandoffHandshakeResult, tls_handoff_handshake_result, G_TYPE_OBJECT)

typedef enum
{
  PROP_RECORD_LAYER = 1,
  PROP_PROTOCOL_VERSION,
  PROP_CIPHERSUITE_NAME,
  PROP_APPLICATION_PROTOCOL,
  PROP_SERVER_NAME,
  PROP_CREDENTIAL,
  PROP_OCSP_STATUS,
  PROP_RESUMED,
  PROP_PEER_CERTIFICATES,
} TlsHandoffHandshakeResultProperty;

static GParamSpec *properties[PROP_PEER_CERTIFICATES + 1];

static void
tls_handoff_handshake_result_get_property (GObject *object,
                                           guint property_id,
                                           GValue *value,
                                           GParamSpec *pspec)
{
  TlsHandoffHandshakeResult *self = TLS_HANDOFF_HANDSHAKE_RESULT (object);

  switch ((TlsHandoffHandshakeResultProperty) property_id)
    {
    case PROP_RECORD_LAYER:
      g_value_set_object (value, self->record_layer);
      break;
    case PROP_PROTOCOL_VERSION:
      g_value_set_enum (value, tls_handoff_handshake_result_get_protocol_version (self));
      break;
    case PROP_CIPHERSUITE_NAME:
      g_value_set_string (value, tls_handoff_handshake_result_get_ciphersuite_name (self));
      break;
    case PROP_APPLICATION_PROTOCOL:
      g_value_set_string (value, self->details.application_protocol);
      break;
    case PROP_SERVER_NAME:
      g_value_set_string (value, self->details.server_name);
      break;
    case PROP_CREDENTIAL:
      g_value_set_string (value, self->details.credential);
      break;
    case PROP_OCSP_STATUS:
      g_value_set_string (value, self->details.ocsp_status);
      break;
    case PROP_RESUMED:
      g_value_set_boolean (value, self->details.resumed);
      break;
    case PROP_PEER_CERTIFICATES:
      g_value_set_boxed (value, self->details.peer_certificates);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

/* The service waits some seconds for tickets, and sessions are limited: an application that opens
 * many short connections would run into the limit. */
static void
close_session (TlsHandoffHandshakeResult *self)
{
  if (self->session != NULL && !g_atomic_int_get (&self->tickets_forwarded) &&
      tls_handoff_record_layer_get_protocol_version (self->record_layer) ==
          G_TLS_PROTOCOL_VERSION_TLS_1_3)
    handoff_service_session_tell (self->session, "Close", NULL);
  g_clear_pointer (&self->session, handoff_service_session_unref);
}

static void
tls_handoff_handshake_result_dispose (GObject *object)
{
  TlsHandoffHandshakeResult *self = TLS_HANDOFF_HANDSHAKE_RESULT (object);

  close_session (self);
  g_clear_object (&self->record_layer);

  G_OBJECT_CLASS (tls_handoff_handshake_result_parent_class)->dispose (object);
}

static void
tls_handoff_handshake_result_finalize (GObject *object)
{
  TlsHandoffHandshakeResult *self = TLS_HANDOFF_HANDSHAKE_RESULT (object);

  handoff_handshake_details_clear (&self->details);
  g_free (self->key_blob_seals);

  G_OBJECT_CLASS (tls_handoff_handshake_result_parent_class)->finalize (object);
}

static void
tls_handoff_handshake_result_class_init (TlsHandoffHandshakeResultClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = tls_handoff_handshake_result_get_property;
  object_class->dispose = tls_handoff_handshake_result_dispose;
  object_class->finalize = tls_handoff_handshake_result_finalize;

  /**
   * TlsHandoffHandshakeResult:record-layer:
   *
   * With what the connection goes on.
   *
   * Since: 0.1
   */
  properties[PROP_RECORD_LAYER] =
      g_param_spec_object ("record-layer", NULL, NULL, TLS_HANDOFF_TYPE_RECORD_LAYER, flags);
  /**
   * TlsHandoffHandshakeResult:protocol-version:
   *
   * The negotiated protocol.
   *
   * Since: 0.1
   */
  properties[PROP_PROTOCOL_VERSION] =
      g_param_spec_enum ("protocol-version", NULL, NULL, G_TYPE_TLS_PROTOCOL_VERSION,
                         G_TLS_PROTOCOL_VERSION_UNKNOWN, flags);
  /**
   * TlsHandoffHandshakeResult:ciphersuite-name:
   *
   * The negotiated cipher suite's IANA name.
   *
   * Since: 0.1
   */
  properties[PROP_CIPHERSUITE_NAME] =
      g_param_spec_string ("ciphersuite-name", NULL, NULL, NULL, flags);
  /**
   * TlsHandoffHandshakeResult:application-protocol:
   *
   * The ALPN protocol that the server chose, or %NULL.
   *
   * Since: 0.1
   */
  properties[PROP_APPLICATION_PROTOCOL] =
      g_param_spec_string ("application-protocol", NULL, NULL, NULL, flags);
  /**
   * TlsHandoffHandshakeResult:server-name:
   *
   * The server name that was sent, or, as a server, received; or %NULL.
   *
   * Since: 0.1
   */
  properties[PROP_SERVER_NAME] = g_param_spec_string ("server-name", NULL, NULL, NULL, flags);
  /**
   * TlsHandoffHandshakeResult:credential:
   *
   * See tls_handoff_handshake_result_get_credential().
   *
   * Since: 0.1
   */
  properties[PROP_CREDENTIAL] = g_param_spec_string ("credential", NULL, NULL, NULL, flags);
  /**
   * TlsHandoffHandshakeResult:ocsp-status:
   *
   * See tls_handoff_handshake_result_get_ocsp_status().
   *
   * Since: 0.1
   */
  properties[PROP_OCSP_STATUS] = g_param_spec_string ("ocsp-status", NULL, NULL, NULL, flags);
  /**
   * TlsHandoffHandshakeResult:resumed:
   *
   * Whether an earlier session was resumed.
   *
   * Since: 0.1
   */
  properties[PROP_RESUMED] = g_param_spec_boolean ("resumed", NULL, NULL, FALSE, flags);
  /**
   * TlsHandoffHandshakeResult:peer-certificates: (type GPtrArray(GBytes))
   *
   * The peer's certificate chain, DER, its own first.
   *
   * Since: 0.1
   */
  properties[PROP_PEER_CERTIFICATES] =
      g_param_spec_boxed ("peer-certificates", NULL, NULL, G_TYPE_PTR_ARRAY, flags);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
tls_handoff_handshake_result_init (TlsHandoffHandshakeResult *self)
{
}

/* A service whose details do not fit its keys is broken: no connection is better than a wrong claim
 * about its strength. */
static gboolean
check_negotiated (TlsHandoffHandshakeResult *self, GError **error)
{
  const HandoffHandshakeDetails *details = &self->details;
  const char *protocol, *cipher_suite;

  protocol = tls_handoff_record_layer_get_protocol_version (self->record_layer) ==
                     G_TLS_PROTOCOL_VERSION_TLS_1_3
                 ? HANDOFF_PROTOCOL_TLS1_3
                 : HANDOFF_PROTOCOL_TLS1_2;
  cipher_suite = tls_handoff_record_layer_get_ciphersuite_name (self->record_layer);
  if (g_str_equal (details->protocol, protocol) &&
      g_strcmp0 (details->cipher_suite, cipher_suite) == 0)
    return TRUE;

  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
               _ ("The TLS Handoff service says that it negotiated %s with %s, but its key blob "
                  "is for %s with %s"),
               details->protocol, details->cipher_suite, protocol, cipher_suite);
  return FALSE;
}

/* All but the keys. (transfer full) */
static TlsHandoffHandshakeResult *
read_details (GVariant *details, GUnixFDList *fds, GError **error)
{
  g_autoptr (TlsHandoffHandshakeResult) self = NULL;
  struct stat status;
  int key_blob;

  g_return_val_if_fail (g_variant_is_of_type (details, G_VARIANT_TYPE_VARDICT), NULL);

  self = g_object_new (TLS_HANDOFF_TYPE_HANDSHAKE_RESULT, NULL);
  if (!handoff_handshake_details_read (&self->details, details, fds, error))
    return NULL;

  key_blob = self->details.key_blob;
  self->key_blob_size = fstat (key_blob, &status) == 0 ? (gsize) status.st_size : 0;
  self->key_blob_seals = handoff_sealed_memfd_describe_seals (key_blob);
  return g_steal_pointer (&self);
}

TlsHandoffHandshakeResult *
handoff_handshake_result_new (GVariant *details,
                              GUnixFDList *fds,
                              TlsHandoffImportKey *import_key,
                              GError **error)
{
  g_autoptr (TlsHandoffHandshakeResult) self = read_details (details, fds, error);

  if (self == NULL)
    return NULL;
  self->record_layer =
      tls_handoff_record_layer_new_from_key_blob (import_key, self->details.key_blob, error);
  if (self->record_layer == NULL || !check_negotiated (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

TlsHandoffHandshakeResult *
handoff_handshake_result_new_from_state (GVariant *details,
                                         GUnixFDList *fds,
                                         HandoffKeyState *state,
                                         GError **error)
{
  g_autoptr (TlsHandoffRecordLayer) record_layer =
      handoff_record_layer_new_from_state (state, error);
  g_autoptr (TlsHandoffHandshakeResult) self = NULL;

  if (record_layer == NULL)
    return NULL;
  self = read_details (details, fds, error);
  if (self == NULL)
    return NULL;
  self->record_layer = g_steal_pointer (&record_layer);
  return check_negotiated (self, error) ? g_steal_pointer (&self) : NULL;
}

TlsHandoffHandshakeResult *
handoff_handshake_result_new_from_reply (HandoffReply *reply,
                                         GVariant *details,
                                         TlsHandoffImportKey *import_key,
                                         GError **error)
{
  /* Only a reply that has a descriptor has a state. Without one, the details are missing it. */
  if (reply->state != NULL)
    return handoff_handshake_result_new_from_state (details, reply->fds,
                                                    g_steal_pointer (&reply->state), error);
  return handoff_handshake_result_new (details, reply->fds, import_key, error);
}

void
handoff_handshake_result_set_session (TlsHandoffHandshakeResult *self,
                                      HandoffServiceSession *session)
{
  self->session = handoff_service_session_ref (session);
}

const HandoffHandshakeDetails *
handoff_handshake_result_get_details (TlsHandoffHandshakeResult *self)
{
  return &self->details;
}

/**
 * tls_handoff_handshake_result_get_record_layer:
 * @self: the result
 *
 * Returns: (transfer none): the record layer of the connection; there is one only, as two would
 *   reuse nonces
 *
 * Since: 0.1
 */
TlsHandoffRecordLayer *
tls_handoff_handshake_result_get_record_layer (TlsHandoffHandshakeResult *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_RESULT (self), NULL);

  return self->record_layer;
}

/**
 * tls_handoff_handshake_result_get_protocol_version:
 * @self: the result
 *
 * Returns: %G_TLS_PROTOCOL_VERSION_TLS_1_2 or %G_TLS_PROTOCOL_VERSION_TLS_1_3
 *
 * Since: 0.1
 */
GTlsProtocolVersion
tls_handoff_handshake_result_get_protocol_version (TlsHandoffHandshakeResult *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_RESULT (self), G_TLS_PROTOCOL_VERSION_UNKNOWN);

  return tls_handoff_record_layer_get_protocol_version (self->record_layer);
}

/**
 * tls_handoff_handshake_result_get_ciphersuite_name:
 * @self: the result
 *
 * Returns: (transfer none): the cipher suite's IANA name, such as `TLS_AES_256_GCM_SHA384`
 *
 * Since: 0.1
 */
const char *
tls_handoff_handshake_result_get_ciphersuite_name (TlsHandoffHandshakeResult *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_RESULT (self), NULL);

  return tls_handoff_record_layer_get_ciphersuite_name (self->record_layer);
}

/**
 * tls_handoff_handshake_result_get_application_protocol:
 * @self: the result
 *
 * Returns: (transfer none) (nullable): the ALPN protocol that the server chose (RFC 7301), or %NULL
 *   if it chose none
 *
 * Since: 0.1
 */
const char *
tls_handoff_handshake_result_get_application_protocol (TlsHandoffHandshakeResult *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_RESULT (self), NULL);

  return self->details.application_protocol;
}

/**
 * tls_handoff_handshake_result_get_credential:
 * @self: the result
 *
 * Returns: (nullable): the label of the credential that this side authenticated with, if it was one
 *   that the service keeps
 *
 * Since: 0.1
 */
const char *
tls_handoff_handshake_result_get_credential (TlsHandoffHandshakeResult *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_RESULT (self), NULL);

  return self->details.credential;
}

/**
 * tls_handoff_handshake_result_get_server_name:
 * @self: the result
 *
 * Returns: (transfer none) (nullable): the server name that was sent (RFC 6066 section 3; A-labels
 *   for internationalized names), or %NULL if none was, as for IP addresses
 *
 * Since: 0.1
 */
const char *
tls_handoff_handshake_result_get_server_name (TlsHandoffHandshakeResult *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_RESULT (self), NULL);

  return self->details.server_name;
}

/**
 * tls_handoff_handshake_result_get_ocsp_status:
 * @self: the result
 *
 * Only `good` is positive knowledge: a response that could be read, has a status of this very
 * certificate, is signed by somebody who may sign it, and is within its time.
 *
 * Returns: (transfer none): what the server stapled (RFC 6066 section 8): `none`, `good`,
 *   `revoked`, `unknown` or `invalid`
 *
 * Since: 0.1
 */
const char *
tls_handoff_handshake_result_get_ocsp_status (TlsHandoffHandshakeResult *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_RESULT (self), NULL);

  return self->details.ocsp_status;
}

/**
 * tls_handoff_handshake_result_get_ocsp_problem:
 * @self: the result
 *
 * Returns: (transfer none) (nullable): if the OCSP status is `invalid`: why, as the detail
 *   `ocsp-problem` of the D-Bus interface has it (`try-later`, `outdated`, …); services before 0.2
 *   do not tell
 *
 * Since: 0.2
 */
const char *
tls_handoff_handshake_result_get_ocsp_problem (TlsHandoffHandshakeResult *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_RESULT (self), NULL);

  return self->details.ocsp_problem;
}

/**
 * tls_handoff_handshake_result_get_resumed:
 * @self: the result
 *
 * Returns: whether an earlier session was resumed
 *
 * Since: 0.1
 */
gboolean
tls_handoff_handshake_result_get_resumed (TlsHandoffHandshakeResult *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_RESULT (self), FALSE);

  return self->details.resumed;
}

/**
 * tls_handoff_handshake_result_get_key_blob_size:
 * @self: the result
 *
 * For diagnostics.
 *
 * Returns: the size of the key blob as it arrived, bytes
 *
 * Since: 0.1
 */
gsize
tls_handoff_handshake_result_get_key_blob_size (TlsHandoffHandshakeResult *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_RESULT (self), 0);

  return self->key_blob_size;
}

/**
 * tls_handoff_handshake_result_get_key_blob_seals:
 * @self: the result
 *
 * For diagnostics.
 *
 * Returns: (transfer none): the seals of the descriptor in which the key blob arrived, as text:
 *   `seal shrink grow write`
 *
 * Since: 0.1
 */
const char *
tls_handoff_handshake_result_get_key_blob_seals (TlsHandoffHandshakeResult *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_RESULT (self), NULL);

  return self->key_blob_seals;
}

/**
 * tls_handoff_handshake_result_forward_session_tickets:
 * @self: the result
 *
 * Gives the service the session tickets (RFC 8446 4.6.1) that the record layer has found up to now,
 * so that later connections of this user to this server resume. To be called by whoever uses the
 * record layer directly, after [method@RecordLayer.unprotect]; the first tickets are enough, and
 * there is nothing to do for TLS 1.2. It waits for nothing, and does nothing if there are no
 * tickets or resumption is off. A [class@ClientConnection] does this by itself.
 *
 * A process that is about to end may lose what GDBus did not send yet:
 * g_dbus_connection_flush_sync() of the manager's connection sends it.
 *
 * Since: 0.1
 */
void
tls_handoff_handshake_result_forward_session_tickets (TlsHandoffHandshakeResult *self)
{
  g_autoptr (GBytes) tickets = NULL;

  g_return_if_fail (TLS_HANDOFF_IS_HANDSHAKE_RESULT (self));

  tickets = tls_handoff_record_layer_take_session_tickets (self->record_layer);
  if (tickets == NULL || self->session == NULL ||
      !handoff_service_session_is_usable (self->session) ||
      !g_atomic_int_compare_and_exchange (&self->tickets_forwarded, FALSE, TRUE))
    return;

  handoff_service_session_tell (
      self->session, "PostHandshake",
      g_variant_new ("(@ay)", g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, tickets, TRUE)));
}
