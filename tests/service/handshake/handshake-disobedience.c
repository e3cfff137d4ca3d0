/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Peers that break the rules. Their messages are written by hand. */

#include "config.h"

#include "key/gnutls-support.h"
#include "keyblob/tls-handoff-error.h"
#include "support/client-handshake-fixture.h"
#include "support/server-handshake-fixture.h"
#include "support/tls-pair.h"

/* A ClientHello in the form of SSL 2.0 (RFC 5246 E.2) that offers TLS 1.2. Breaks if it is
 * accepted, without a server name, or if the error does not say the reason. */
static void
test_sslv2_hello (ServerTest *f, gconstpointer data)
{
  static const guint8 hello[] = {
    0x80, 9 + 6 + 16, 1,    3, 3,          /* length, client_hello, version */
    0,    6,          0,    0, 0,    16,   /* lengths */
    0,    0xc0,       0x2f, 0, 0xc0, 0x30, /* suites */
    1,    2,          3,    4, 5,    6,    7, 8, 9, 10, 11, 12, 13, 14, 15, 16, /* challenge */
  };
  static const guint8 alert[] = { 2, 70 }; /* fatal, protocol_version */
  g_autoptr (HandoffCredential) credential = server_test_credential_new ("rsa", NULL);

  server_test_begin (f, credential, NULL, NULL);
  g_byte_array_append (f->to_server, hello, sizeof hello);
  server_test_start_step (f);
  g_assert_cmpint (server_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_test_message ("%s", f->progress->error->message);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED);
  g_assert_nonnull (strstr (f->progress->error->message, "SSL 2.0"));
  g_assert_cmpuint (f->to_client->len, ==, 7);
  g_assert_cmpmem (f->to_client->data + 5, 2, alert, 2);
}

/* What a ClientHello offers, as far as the policy is about it. */
typedef struct
{
  GArray *suites;   /* (owned) (element-type guint16) */
  GArray *groups;   /* (owned) (element-type guint16) */
  GArray *versions; /* (owned) (element-type guint16) */
  guint8 psk_modes[4];
  gsize n_psk_modes;
  gboolean encrypt_then_mac;
  gboolean has_more; /* what must be offered to nobody */
} Offer;

static void
offer_clear (Offer *offer)
{
  g_array_unref (offer->suites);
  g_array_unref (offer->groups);
  g_array_unref (offer->versions);
}

static GArray *
read_numbers (const guint8 *bytes, gsize size)
{
  GArray *numbers = g_array_new (FALSE, FALSE, sizeof (guint16));

  for (gsize i = 0; i + 1 < size; i += 2)
    {
      guint16 number = (guint16) (bytes[i] << 8 | bytes[i + 1]);

      g_array_append_val (numbers, number);
    }
  return numbers;
}

static int
take_extension (void *data, unsigned int id, const unsigned char *content, unsigned int size)
{
  Offer *offer = data;

  switch (id)
    {
    case 10: /* supported_groups */
      g_clear_pointer (&offer->groups, g_array_unref);
      offer->groups = read_numbers (content + 2, size - 2);
      break;
    case 22: /* encrypt_then_mac */
      offer->encrypt_then_mac = TRUE;
      break;
    case 43: /* supported_versions */
      g_clear_pointer (&offer->versions, g_array_unref);
      offer->versions = read_numbers (content + 1, size - 1);
      break;
    case 45: /* psk_key_exchange_modes */
      offer->n_psk_modes = content[0];
      g_assert_cmpuint (content[0], <=, sizeof offer->psk_modes);
      memcpy (offer->psk_modes, content + 1, content[0]);
      break;
    case 27: /* compress_certificate */
    case 42: /* early_data */
    case 49: /* post_handshake_auth */
      offer->has_more = TRUE;
      break;
    default:
      break;
    }
  return 0;
}

/* Begins a handshake, and reads what it sent. */
static void
get_offer (ClientTest *f, const char *options, Offer *offer)
{
  const guint8 *suites;
  gnutls_datum_t message;

  client_test_begin (f, "other.handoff.test", options);
  client_test_step (f);
  message.data = f->to_server->data + 5 + 4;
  message.size = (unsigned int) (message.data[-2] << 8 | message.data[-1]);
  g_assert_cmpuint (f->to_server->len, >=, 5 + 4 + message.size);
  suites = message.data + 2 + 32 + 1 + message.data[2 + 32];
  memset (offer, 0, sizeof *offer);
  offer->suites = read_numbers (suites + 2, (gsize) (suites[0] << 8 | suites[1]));
  offer->groups = g_array_new (FALSE, FALSE, sizeof (guint16));
  offer->versions = g_array_new (FALSE, FALSE, sizeof (guint16));
  g_assert_cmpint (
      gnutls_ext_raw_parse (offer, take_extension, &message, GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO),
      >=, 0);
}

static void
end_offer (ClientTest *f, Offer *offer, gconstpointer data)
{
  offer_clear (offer);
  client_test_end_connection (f);
  client_test_set_up_server (f, "wrong-name", data);
}

static gboolean
has_number (const GArray *numbers, guint16 number)
{
  for (guint i = 0; i < numbers->len; i++)
    if (g_array_index (numbers, guint16, i) == number)
      return TRUE;
  return FALSE;
}

/* The first line of defence. Breaks if the ClientHello offers a suite, protocol, group or way to
 * resume that the service does not want, or does not offer one that the caller wants. */
static void
test_offer (ClientTest *f, gconstpointer data)
{
  gsize n_suites;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n_suites);
  const guint16 signaling_suite = 0x00ff; /* RFC 5746 3.3 */
  Offer offer;

  /* There is no server: its answer does not matter. */
  g_clear_pointer (&f->server, gnutls_deinit);
  for (gsize i = 0; i < n_suites; i++)
    {
      g_autofree char *options = g_strdup_printf ("{'cipher-suites': <[uint16 %u]>}", suites[i].id);

      if (!handoff_tls_policy_has_suite (f->policy, &suites[i]))
        continue;
      get_offer (f, options, &offer);
      for (guint j = 0; j < offer.suites->len; j++)
        {
          guint16 suite = g_array_index (offer.suites, guint16, j);

          g_assert_true (suite == suites[i].id || suite == signaling_suite);
        }
      g_assert_true (has_number (offer.suites, suites[i].id));
      g_assert_true (has_number (offer.versions, suites[i].protocol) ||
                     (suites[i].protocol == 0x0303 && offer.versions->len == 0));
      g_assert_cmpuint (offer.versions->len, <=, 1);
      if (handoff_cipher_suite_is_cbc (&suites[i]))
        g_assert_true (offer.encrypt_then_mac);
      end_offer (f, &offer, data);
      g_clear_pointer (&f->server, gnutls_deinit);
    }

  get_offer (f, NULL, &offer);
  for (guint j = 0; j < offer.suites->len; j++)
    {
      guint16 suite = g_array_index (offer.suites, guint16, j);

      g_assert_true (suite == signaling_suite || handoff_cipher_suite_by_id (suite) != NULL);
    }
  g_assert_cmpuint (offer.versions->len, ==, 2);
  g_assert_true (has_number (offer.versions, 0x0303) && has_number (offer.versions, 0x0304));
  /* psk_dhe_ke alone */
  g_assert_cmpmem (offer.psk_modes, offer.n_psk_modes, "\1", 1);
  g_assert_true (has_number (offer.groups, 29));      /* x25519 */
  g_assert_false (has_number (offer.groups, 0x0103)); /* ffdhe6144 */
  g_assert_false (has_number (offer.groups, 0x0104)); /* ffdhe8192 */
  g_assert_false (offer.has_more);
  offer_clear (&offer);
}

/* A suite that the caller did not list. GnuTLS has to offer it, as the caller lists others with its
 * cipher and with its key exchange. Breaks if it is accepted. */
static void
test_unlisted_suite (ClientTest *f, gconstpointer data)
{
  /* TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 */
  client_test_begin (f, "other.handoff.test", "{'cipher-suites': <[uint16 0xc02b, 0xc030]>}");
  while (client_test_step (f) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  g_assert_cmpint (f->progress->state, ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED);
  g_assert_nonnull (strstr (f->progress->error->message, "record layer does not take"));
}

/* A server that has AES-CBC only with the MAC inside. Breaks if the handshake goes on after the
 * server's hello: the client may answer with an alert, and nothing else. */
static void
test_mac_then_encrypt (ClientTest *f, gconstpointer data)
{
  client_test_begin (f, "other.handoff.test", NULL);
  g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
  client_test_step (f);
  g_assert_cmpint (f->progress->state, ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED);
  g_assert_cmpuint (g_bytes_get_size (f->progress->output), ==, 7);
}

/* One byte of a ServerHello: its place after the session id, or after the message's header. */
typedef struct
{
  const char *what;
  gboolean behind_session_id;
  gsize place;
  guint8 was;
  guint8 becomes;
} Change;

static void
select_unoffered (ClientTest *f, const Change *change)
{
  guint8 *hello = f->to_client->data + 5 + 4;
  guint8 *byte =
      hello + (change->behind_session_id ? 2 + 32 + 1 + hello[2 + 32] : 0) + change->place;

  g_assert_cmpuint (f->to_client->data[0], ==, 22);
  g_assert_cmpuint (f->to_client->data[5], ==, 2);
  g_test_message ("%s", change->what);
  if (change->was != 0)
    g_assert_cmphex (*byte, ==, change->was);
  *byte = change->becomes;
}

/* A server that chooses what was not offered. Breaks if the handshake goes on. data: the server's
 * priority string, with one suite */
static void
test_unoffered (ClientTest *f, gconstpointer data)
{
  const Change tls1_3[] = {
    { "an older version in the hello", FALSE, 1, 0x03, 0x02 },
    { "TLS_RSA_WITH_AES_128_CBC_SHA", TRUE, 0, 0x13, 0x00 },
    { "a suite of TLS 1.3 that the caller did not list", TRUE, 1, 0x01, 0x04 },
    { "a compression", TRUE, 2, 0, 1 },
  };
  const Change tls1_2[] = {
    { "TLS 1.1", FALSE, 1, 0x03, 0x02 },
    { "TLS 1.0", FALSE, 1, 0x03, 0x01 },
    { "a version to come", FALSE, 1, 0x03, 0x05 },
    { "TLS_RSA_WITH_AES_128_CBC_SHA", TRUE, 0, 0xc0, 0x00 },
    { "AES-256", TRUE, 1, 0x2b, 0x2c },
    { "a compression", TRUE, 2, 0, 1 },
  };
  const gboolean is_tls1_3 = g_str_equal (data, SHA256_SUITE);
  const Change *changes = is_tls1_3 ? tls1_3 : tls1_2;
  const gsize n = is_tls1_3 ? G_N_ELEMENTS (tls1_3) : G_N_ELEMENTS (tls1_2);

  for (gsize i = 0; i < n; i++)
    {
      client_test_begin (f, "other.handoff.test", "{'cipher-suites': <[uint16 0x1301, 0xc02b]>}");
      g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
      select_unoffered (f, &changes[i]);
      g_byte_array_set_size (f->to_server, 0);
      client_test_step (f);
      g_assert_cmpint (f->progress->state, ==, HANDOFF_HANDSHAKE_FAILED);
      g_test_message ("%s", f->progress->error->message);
      g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED);
      g_assert_nonnull (strstr (f->progress->error->message, "Alert sent: "));
      client_test_end_connection (f);
      client_test_set_up_server (f, "wrong-name", data);
    }
}

int
main (int argc, char **argv)
{
  handoff_gnutls_wipe_freed_memory ();
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/service/handshake-disobedience/sslv2-hello", ServerTest, "NORMAL",
              server_test_set_up, test_sslv2_hello, server_test_tear_down);
  g_test_add ("/service/handshake-disobedience/offer", ClientTest, "NORMAL", client_test_set_up,
              test_offer, client_test_tear_down);
  g_test_add ("/service/handshake-disobedience/unlisted-suite", ClientTest,
              TLS1_2_SUITE ":-AES-128-GCM:+AES-256-GCM", client_test_set_up, test_unlisted_suite,
              client_test_tear_down);
  g_test_add (
      "/service/handshake-disobedience/mac-then-encrypt", ClientTest,
      "NONE:+VERS-TLS1.2:+AES-256-CBC:+SHA384:+ECDHE-ECDSA:+SIGN-ALL:+GROUP-ALL:+CTYPE-ALL:%NO_ETM",
      client_test_set_up, test_mac_then_encrypt, client_test_tear_down);
  g_test_add ("/service/handshake-disobedience/unoffered/tls1.3", ClientTest, SHA256_SUITE,
              client_test_set_up, test_unoffered, client_test_tear_down);
  g_test_add ("/service/handshake-disobedience/unoffered/tls1.2", ClientTest, TLS1_2_SUITE,
              client_test_set_up, test_unoffered, client_test_tear_down);
  return g_test_run ();
}
