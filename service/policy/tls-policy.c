/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "policy/tls-policy.h"

#include "key/gnutls-support.h"
#include "keyblob/cipher-suite.h"
#include "keyblob/tls-handoff-error.h"

/* Callers that differ in their options share few combinations; parsing a priority string takes
 * longer than an X25519 key exchange, so the parsed ones are kept. */
#define MAX_CACHED_PRIORITIES 64

struct _HandoffTlsPolicy
{
  gatomicrefcount ref_count;
  HandoffConfiguration *configuration; /* (owned) */
  HandoffTrustStore *trust_store;      /* (owned) */
  guint64 serial;
  GArray *suite_ids; /* (owned) (element-type guint16): what the priority string selects */

  GMutex mutex;
  GHashTable *priorities; /* (owned) (element-type utf8 gnutls_priority_t), under mutex */
};

/* The threads that read a configuration may be several. */
static guint64
next_serial (void)
{
  static guint last_serial;

  return (guint64) g_atomic_int_add (&last_serial, 1);
}

/* (transfer full): the numbers of the suites that a priority string selects, ours or not */
static GArray *
list_suites (const char *priority_string)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (guint16));
  gnutls_priority_t priority;
  unsigned int i, index;
  int code;

  if (gnutls_priority_init (&priority, priority_string, NULL) < 0)
    return ids;
  for (i = 0; (code = gnutls_priority_get_cipher_suite_index (priority, i, &index)) !=
              GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
       i++)
    {
      guint8 bytes[2];
      guint16 id;

      /* There are holes, for suites that this GnuTLS does not have. */
      if (code < 0 || gnutls_cipher_suite_info (index, bytes, NULL, NULL, NULL, NULL) == NULL)
        continue;
      id = (guint16) (bytes[0] << 8 | bytes[1]);
      g_array_append_val (ids, id);
    }
  gnutls_priority_deinit (priority);
  return ids;
}

HandoffTlsPolicy *
handoff_tls_policy_new (HandoffConfiguration *configuration, GError **error)
{
  g_autoptr (HandoffTrustStore) trust_store =
      handoff_trust_store_load (configuration->trust_file, error);
  HandoffTlsPolicy *self;

  if (trust_store == NULL)
    return NULL;

  self = g_new0 (HandoffTlsPolicy, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->configuration = handoff_configuration_ref (configuration);
  self->trust_store = g_steal_pointer (&trust_store);
  self->serial = next_serial ();
  self->suite_ids = list_suites (configuration->priority);
  g_mutex_init (&self->mutex);
  self->priorities = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                            (GDestroyNotify) gnutls_priority_deinit);
  return self;
}

HandoffTlsPolicy *
handoff_tls_policy_ref (HandoffTlsPolicy *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_tls_policy_unref (HandoffTlsPolicy *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_array_unref (self->suite_ids);
  g_hash_table_unref (self->priorities);
  g_mutex_clear (&self->mutex);
  handoff_trust_store_unref (self->trust_store);
  handoff_configuration_unref (self->configuration);
  g_free (self);
}

HandoffConfiguration *
handoff_tls_policy_get_configuration (HandoffTlsPolicy *self)
{
  return self->configuration;
}

guint64
handoff_tls_policy_get_serial (HandoffTlsPolicy *self)
{
  return self->serial;
}

HandoffTrustStore *
handoff_tls_policy_get_trust_store (HandoffTlsPolicy *self)
{
  return self->trust_store;
}

gboolean
handoff_tls_policy_has_suite (HandoffTlsPolicy *self, const HandoffCipherSuite *suite)
{
  guint i;

  if (suite->protocol < self->configuration->minimum_protocol ||
      suite->protocol > self->configuration->maximum_protocol)
    return FALSE;
  for (i = 0; i < self->suite_ids->len; i++)
    {
      if (g_array_index (self->suite_ids, guint16, i) == suite->id)
        return TRUE;
    }
  return FALSE;
}

/* Whether some suite that options allow has the given cipher, or key exchange. */
static gboolean
is_cipher_allowed (const HandoffHandshakeOptions *options, gnutls_cipher_algorithm_t cipher)
{
  gsize i, n_suites;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n_suites);

  for (i = 0; i < n_suites; i++)
    {
      if (suites[i].cipher == cipher && handoff_handshake_options_allow_suite (options, &suites[i]))
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_kx_allowed (const HandoffHandshakeOptions *options, gnutls_kx_algorithm_t kx)
{
  gsize i, n_suites;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n_suites);

  for (i = 0; i < n_suites; i++)
    {
      if (suites[i].kx == kx && handoff_handshake_options_allow_suite (options, &suites[i]))
        return TRUE;
    }
  return FALSE;
}

/* The hash of an AES-CBC suite's MAC. */
static gboolean
is_mac_allowed (const HandoffHandshakeOptions *options, gnutls_mac_algorithm_t mac)
{
  gsize i, n_suites;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n_suites);

  for (i = 0; i < n_suites; i++)
    {
      if (suites[i].mac == mac && handoff_handshake_options_allow_suite (options, &suites[i]))
        return TRUE;
    }
  return FALSE;
}

/* A protocol without a suite that the caller takes must not be offered: the ciphers of TLS 1.2 have
 * the same names in TLS 1.3. */
static gboolean
is_protocol_allowed (const HandoffHandshakeOptions *options, guint16 protocol)
{
  gsize i, n_suites;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n_suites);

  for (i = 0; i < n_suites; i++)
    {
      if (suites[i].protocol == protocol &&
          handoff_handshake_options_allow_suite (options, &suites[i]))
        return TRUE;
    }
  return FALSE;
}

/* The configuration's priority string, from which only ever something is removed: what the
 * administrator took out stays out, and the order stays the administrator's. */
static char *
make_priority_string (const HandoffTlsPolicy *self,
                      HandoffRole role,
                      const HandoffHandshakeOptions *options)
{
  const gnutls_kx_algorithm_t kxs[] = { GNUTLS_KX_ECDHE_ECDSA, GNUTLS_KX_ECDHE_RSA,
                                        GNUTLS_KX_DHE_RSA };
  const gnutls_mac_algorithm_t macs[] = { GNUTLS_MAC_SHA1, GNUTLS_MAC_SHA256, GNUTLS_MAC_SHA384 };
  const gnutls_cipher_algorithm_t *ciphers = gnutls_cipher_list ();
  GString *string = g_string_new (self->configuration->priority);
  gsize i;

  g_string_append (string, ":-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1:-VERS-DTLS-ALL");
  if (!is_protocol_allowed (options, 0x0303))
    g_string_append (string, ":-VERS-TLS1.2");
  if (!is_protocol_allowed (options, 0x0304))
    g_string_append (string, ":-VERS-TLS1.3");

  for (i = 0; ciphers[i] != 0; i++)
    {
      if (!is_cipher_allowed (options, ciphers[i]))
        g_string_append_printf (string, ":-%s", gnutls_cipher_get_name (ciphers[i]));
    }
  for (i = 0; i < G_N_ELEMENTS (kxs); i++)
    {
      if (!is_kx_allowed (options, kxs[i]))
        g_string_append_printf (string, ":-%s", gnutls_kx_get_name (kxs[i]));
    }
  for (i = 0; i < G_N_ELEMENTS (macs); i++)
    {
      if (!is_mac_allowed (options, macs[i]))
        g_string_append_printf (string, ":-%s", gnutls_mac_get_name (macs[i]));
    }

  /* Checking a peer's value in a group of 8192 bits takes 70 ms of a worker that is shared. */
  g_string_append (string, ":-GROUP-FFDHE6144:-GROUP-FFDHE8192");
  /* The order of the priority string is that of the service, not that of whatever client. */
  if (role == HANDOFF_ROLE_SERVER)
    g_string_append (string, ":%SERVER_PRECEDENCE");
  if (!self->configuration->allow_mac_then_encrypt)
    g_string_append (string, ":%FORCE_ETM");
  /* RFC 8449 4 lets peers ask for records of 64 bytes; otherwise GnuTLS refuses less than 512. */
  g_string_append (string, ":%ALLOW_SMALL_RECORDS");
  /* Without a key exchange of this kind in its list, GnuTLS offers to resume with the earlier
   * secret alone (psk_ke, RFC 8446 4.2.9). Its TLS 1.2 suites are not offered: nobody sets a PSK.
   */
  g_string_append (string, ":+ECDHE-PSK");
  return g_string_free (string, FALSE);
}

gboolean
handoff_tls_policy_apply (HandoffTlsPolicy *self,
                          gnutls_session_t session,
                          HandoffRole role,
                          const HandoffHandshakeOptions *options,
                          GError **error)
{
  g_autofree char *string = make_priority_string (self, role, options);
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  gnutls_priority_t priority = g_hash_table_lookup (self->priorities, string);
  int code;

  if (priority == NULL)
    {
      code = gnutls_priority_init (&priority, string, NULL);
      if (code < 0)
        {
          g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED,
                       "The service's configuration leaves no cipher suite for these options: %s",
                       gnutls_strerror (code));
          return FALSE;
        }
      /* Sessions hold their own reference to what they use. */
      if (g_hash_table_size (self->priorities) >= MAX_CACHED_PRIORITIES)
        g_hash_table_remove_all (self->priorities);
      g_hash_table_insert (self->priorities, g_steal_pointer (&string), priority);
    }

  code = gnutls_priority_set (session, priority);
  if (code < 0)
    return handoff_gnutls_set_error (error, code, "Cannot set the priorities");
  return TRUE;
}
