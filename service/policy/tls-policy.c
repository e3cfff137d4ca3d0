/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "policy/tls-policy.h"

#include "key/gnutls-support.h"
#include "keyblob/cipher-suite.h"
#include "keyblob/tls-handoff-error.h"

/* How many parsed priority strings are kept. To make and parse one takes longer than an X25519 key
 * exchange, and callers use few combinations of options. */
#define MAX_CACHED_PRIORITIES 64

/* Checking a peer's value in a group of 8192 bits takes 70 ms, on a worker that others need too. */
#define WITHOUT_SLOW_GROUPS ":-GROUP-FFDHE6144:-GROUP-FFDHE8192"

struct _HandoffTlsPolicy
{
  gatomicrefcount ref_count;
  HandoffConfiguration *configuration; /* (owned) */
  HandoffTrustStore *trust_store;      /* (owned) */
  HandoffAnchorStores *anchor_stores;  /* (owned) */
  HandoffVerifiedChains *chains;       /* (owned) */
  HandoffServerGroups *server_groups;  /* (owned) */
  guint64 serial;
  /* (owned): what the priority string selects, in its order */
  GArray *suite_ids; /* (element-type guint16) */
  GArray *groups;    /* (element-type gnutls_group_t) */

  GMutex mutex;
  GHashTable *priorities; /* (owned) (element-type GBytes gnutls_priority_t), under mutex */
};

/* Several threads may read a configuration at once. */
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

      /* GnuTLS's table has holes, for suites that this version lacks. */
      if (code < 0 || gnutls_cipher_suite_info (index, bytes, NULL, NULL, NULL, NULL) == NULL)
        continue;
      id = (guint16) (bytes[0] << 8 | bytes[1]);
      g_array_append_val (ids, id);
    }
  gnutls_priority_deinit (priority);
  return ids;
}

/* (transfer full): the key exchange groups that a priority string selects */
static GArray *
list_groups (const char *configured)
{
  g_autofree char *string = g_strconcat (configured, WITHOUT_SLOW_GROUPS, NULL);
  GArray *groups = g_array_new (FALSE, FALSE, sizeof (gnutls_group_t));
  gnutls_priority_t priority;
  const unsigned int *list = NULL;
  int i, n;

  if (gnutls_priority_init (&priority, string, NULL) < 0)
    return groups;
  n = gnutls_priority_group_list (priority, &list);
  for (i = 0; i < n; i++)
    {
      const gnutls_group_t group = (gnutls_group_t) list[i];

      g_array_append_val (groups, group);
    }
  gnutls_priority_deinit (priority);
  return groups;
}

HandoffTlsPolicy *
handoff_tls_policy_new (HandoffConfiguration *configuration, HandoffTrustStore *trust_store)
{
  HandoffTlsPolicy *self = g_new0 (HandoffTlsPolicy, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->configuration = handoff_configuration_ref (configuration);
  self->trust_store = handoff_trust_store_ref (trust_store);
  self->anchor_stores = handoff_anchor_stores_new ();
  self->chains = handoff_verified_chains_new ();
  self->serial = next_serial ();
  self->suite_ids = list_suites (configuration->priority);
  self->groups = list_groups (configuration->priority);
  self->server_groups = handoff_server_groups_new ();
  g_mutex_init (&self->mutex);
  self->priorities =
      g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref,
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
  g_array_unref (self->groups);
  handoff_server_groups_free (self->server_groups);
  g_hash_table_unref (self->priorities);
  g_mutex_clear (&self->mutex);
  handoff_verified_chains_free (self->chains);
  handoff_anchor_stores_free (self->anchor_stores);
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

HandoffAnchorStores *
handoff_tls_policy_get_anchor_stores (HandoffTlsPolicy *self)
{
  return self->anchor_stores;
}

HandoffVerifiedChains *
handoff_tls_policy_get_verified_chains (HandoffTlsPolicy *self)
{
  return self->chains;
}

HandoffServerGroups *
handoff_tls_policy_get_server_groups (HandoffTlsPolicy *self)
{
  return self->server_groups;
}

gnutls_group_t
handoff_tls_policy_get_first_group (HandoffTlsPolicy *self)
{
  return self->groups->len > 0 ? g_array_index (self->groups, gnutls_group_t, 0)
                               : GNUTLS_GROUP_INVALID;
}

/* RFC 8446 4.2.7. GnuTLS does not tell them. 0: we have no such group. */
static guint16
get_number (gnutls_group_t group)
{
  static const struct
  {
    gnutls_group_t group;
    guint16 number;
  } numbers[] = {
    { GNUTLS_GROUP_SECP256R1, 0x0017 }, { GNUTLS_GROUP_SECP384R1, 0x0018 },
    { GNUTLS_GROUP_SECP521R1, 0x0019 }, { GNUTLS_GROUP_X25519, 0x001d },
    { GNUTLS_GROUP_X448, 0x001e },      { GNUTLS_GROUP_FFDHE2048, 0x0100 },
    { GNUTLS_GROUP_FFDHE3072, 0x0101 }, { GNUTLS_GROUP_FFDHE4096, 0x0102 },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      if (numbers[i].group == group)
        return numbers[i].number;
    }
  return 0;
}

gnutls_group_t
handoff_tls_policy_find_group (HandoffTlsPolicy *self, const guint16 *numbers, gsize n_numbers)
{
  guint i;
  gsize j;

  for (i = 0; i < self->groups->len; i++)
    {
      const gnutls_group_t group = g_array_index (self->groups, gnutls_group_t, i);
      const guint16 number = get_number (group);

      for (j = 0; number != 0 && j < n_numbers; j++)
        {
          if (numbers[j] == number)
            return group;
        }
    }
  return GNUTLS_GROUP_INVALID;
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

static int
get_protocol (const HandoffCipherSuite *suite)
{
  return suite->protocol;
}

static int
get_cipher (const HandoffCipherSuite *suite)
{
  return (int) suite->cipher;
}

static int
get_kx (const HandoffCipherSuite *suite)
{
  return (int) suite->kx;
}

static int
get_mac (const HandoffCipherSuite *suite)
{
  return (int) suite->mac;
}

/* What suites are made of, with the name in a priority string; ciphers are not here, since GnuTLS
 * has a list of them. A protocol needs a row: the ciphers of TLS 1.2 have the same names in TLS
 * 1.3, so a protocol without a suite that the caller takes must not be offered. MACs are those of
 * AES-CBC suites. */
static const struct
{
  int (*get) (const HandoffCipherSuite *suite);
  int value;
  const char *name;
} parts[] = {
  { get_protocol, 0x0303, "VERS-TLS1.2" },          { get_protocol, 0x0304, "VERS-TLS1.3" },
  { get_kx, GNUTLS_KX_ECDHE_ECDSA, "ECDHE-ECDSA" }, { get_kx, GNUTLS_KX_ECDHE_RSA, "ECDHE-RSA" },
  { get_kx, GNUTLS_KX_DHE_RSA, "DHE-RSA" },         { get_mac, GNUTLS_MAC_SHA1, "SHA1" },
  { get_mac, GNUTLS_MAC_SHA256, "SHA256" },         { get_mac, GNUTLS_MAC_SHA384, "SHA384" },
};

/* Removes a part from the priority string unless some suite that options allow has it. */
static void
remove_part (GString *string,
             const HandoffHandshakeOptions *options,
             int (*get) (const HandoffCipherSuite *suite),
             int value,
             const char *name)
{
  gsize i, n_suites;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n_suites);

  for (i = 0; i < n_suites; i++)
    {
      if (get (&suites[i]) == value && handoff_handshake_options_allow_suite (options, &suites[i]))
        return;
    }
  g_string_append_printf (string, ":-%s", name);
}

/* Puts a group before the others: none is added, and none removed. */
static void
append_groups (const HandoffTlsPolicy *self, GString *string, gnutls_group_t first)
{
  guint i, position;

  for (position = 0; position < self->groups->len; position++)
    {
      if (g_array_index (self->groups, gnutls_group_t, position) == first)
        break;
    }
  if (position == 0 || position == self->groups->len)
    return;
  g_string_append_printf (string, ":-GROUP-ALL:+GROUP-%s", gnutls_group_get_name (first));
  for (i = 0; i < self->groups->len; i++)
    {
      if (i != position)
        g_string_append_printf (
            string, ":+GROUP-%s",
            gnutls_group_get_name (g_array_index (self->groups, gnutls_group_t, i)));
    }
}

/* The configuration's priority string without what the caller does not want. Suites are only
 * removed: what the administrator took out stays out, and the order stays the administrator's. */
static char *
make_priority_string (const HandoffTlsPolicy *self,
                      HandoffRole role,
                      const HandoffHandshakeOptions *options,
                      gnutls_group_t first)
{
  const gnutls_cipher_algorithm_t *ciphers = gnutls_cipher_list ();
  GString *string = g_string_new (self->configuration->priority);
  gsize i;

  g_string_append (string, ":-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1:-VERS-DTLS-ALL");
  for (i = 0; i < G_N_ELEMENTS (parts); i++)
    remove_part (string, options, parts[i].get, parts[i].value, parts[i].name);
  for (i = 0; ciphers[i] != 0; i++)
    remove_part (string, options, get_cipher, (int) ciphers[i],
                 gnutls_cipher_get_name (ciphers[i]));

  g_string_append (string, WITHOUT_SLOW_GROUPS);
  append_groups (self, string, first);
  /* The order of the priority string counts, not the client's. */
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

/* All that make_priority_string() looks at. (transfer full) */
static GBytes *
make_key (HandoffRole role, const HandoffHandshakeOptions *options, gnutls_group_t first)
{
  const GArray *suites = options->cipher_suites;
  const guint32 head[] = {
    (guint32) role, options->minimum_protocol, options->maximum_protocol, (guint32) first,
    suites != NULL,
  };
  GByteArray *key = g_byte_array_sized_new (sizeof head + 128);

  g_byte_array_append (key, (const guint8 *) head, sizeof head);
  if (suites != NULL)
    g_byte_array_append (key, (const guint8 *) suites->data,
                         suites->len * (guint) sizeof (guint16));
  return g_byte_array_free_to_bytes (key);
}

/* (nullable) (transfer full) */
static gnutls_priority_t
make_priority (const HandoffTlsPolicy *self,
               HandoffRole role,
               const HandoffHandshakeOptions *options,
               gnutls_group_t first,
               GError **error)
{
  g_autofree char *string = make_priority_string (self, role, options, first);
  gnutls_priority_t priority;
  int code = gnutls_priority_init (&priority, string, NULL);

  if (code >= 0)
    return priority;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED,
               "The service's configuration leaves no cipher suite for these options: %s",
               gnutls_strerror (code));
  return NULL;
}

/* FALSE: these priorities are not kept. code: (out): of GnuTLS. */
static gboolean
set_kept (HandoffTlsPolicy *self, gnutls_session_t session, GBytes *key, int *code)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  gnutls_priority_t priority = g_hash_table_lookup (self->priorities, key);

  if (priority == NULL)
    return FALSE;
  *code = gnutls_priority_set (session, priority);
  return TRUE;
}

/* priority: (transfer full). Sessions have their own references to the priorities that they use. */
static void
keep (HandoffTlsPolicy *self, GBytes *key, gnutls_priority_t priority)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  if (g_hash_table_size (self->priorities) >= MAX_CACHED_PRIORITIES)
    g_hash_table_remove_all (self->priorities);
  g_hash_table_replace (self->priorities, g_bytes_ref (key), priority);
}

gboolean
handoff_tls_policy_apply (HandoffTlsPolicy *self,
                          gnutls_session_t session,
                          HandoffRole role,
                          const HandoffHandshakeOptions *options,
                          gnutls_group_t first,
                          GError **error)
{
  g_autoptr (GBytes) key = make_key (role, options, first);
  gnutls_priority_t priority;
  int code;

  if (!set_kept (self, session, key, &code))
    {
      /* Takes its time: others, whose priorities are there, do not wait for it. */
      priority = make_priority (self, role, options, first, error);
      if (priority == NULL)
        return FALSE;
      code = gnutls_priority_set (session, priority);
      keep (self, key, priority);
    }
  if (code < 0)
    return handoff_gnutls_set_error (error, code, "Cannot set the priorities");
  return TRUE;
}
