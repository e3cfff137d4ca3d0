/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/handshaker-fixture.h"

#include <gio/gunixfdlist.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keyblob/channel-message.h"
#include "keyblob/handoff-names.h"
#include "keyblob/packet.h"
#include "keyblob/sealed-memfd.h"
#include "link/link-message.h"
#include "support/certificate-maker.h"

#define RECIPIENT "0123456789abcdef0123456789abcdef"

void
handshaker_reply_clear (HandshakerReply *reply)
{
  g_clear_pointer (&reply->body, g_variant_unref);
  g_clear_error (&reply->error);
  if (reply->fd > 0)
    close (reply->fd);
  memset (reply, 0, sizeof *reply);
}

/* ---- The broker. ---- */

static void
answer_question (HandshakerTest *f, HandoffLinkMessage *message)
{
  if (f->keeps_questions)
    {
      g_assert_null (f->question);
      f->question = g_steal_pointer (&message->call);
      return;
    }
  handoff_link_call_return (g_steal_pointer (&message->call),
                            g_variant_new ("(usbs(tuxt))", f->answer, "the rule says so", FALSE, "",
                                           (guint64) 0, 0, (gint64) 0, (guint64) 0),
                            NULL, 0);
}

static void
take_audit (HandshakerTest *f, GVariant *body)
{
  g_autoptr (GVariantIter) entries = NULL;
  guint64 caller;
  guint kind;
  gboolean is_error;
  const char *fields, *text;
  char **lines;
  guint i;

  g_variant_get (body, "((tttt)a(tubss))", &f->counts[0], &f->counts[1], &f->counts[2],
                 &f->counts[3], &entries);
  while (g_variant_iter_loop (entries, "(tub&s&s)", &caller, &kind, &is_error, &fields, &text))
    {
      g_string_append_printf (f->audit, "%" G_GUINT64_FORMAT " %u %s", caller, kind,
                              is_error ? "error" : "success");
      lines = g_strsplit (fields, "\n", -1);
      for (i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
        {
          if (!g_str_has_prefix (lines[i], "HANDOFF_DURATION_USEC="))
            g_string_append_printf (f->audit, " %s", lines[i]);
        }
      g_strfreev (lines);
      g_string_append_c (f->audit, '\n');
    }
}

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  HandshakerTest *f = user_data;
  const HandoffLinkRow *row = handoff_link_table_find (&handoff_handshaker_table, message->number);
  g_autofree char *text = NULL;

  if (message->number == HANDOFF_HANDSHAKER_AUDIT)
    take_audit (f, message->body);
  else
    text = g_variant_print (message->body, FALSE);
  g_string_append_printf (f->events, "%s%s\n", row->name, text != NULL ? text : "");
  if (f->take != NULL && f->take (f, message))
    return;
  if (message->number == HANDOFF_HANDSHAKER_ASK)
    answer_question (f, message);
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  HandshakerTest *f = user_data;

  f->end = g_error_copy (error);
}

static const HandoffLinkFunctions functions = { received, ended };

/* ---- Places, on a thread: the handshaker waits for them on the main thread. ---- */

static void
lend (HandshakerTest *f, const HandoffLinkHead *request, guint which, guint n)
{
  const HandoffLinkHead head = { HANDOFF_LINK_REPLY, HANDOFF_PLACES_TAKE, request->serial };
  const guint given = MIN (n, (guint) g_atomic_int_get (&f->n_free[which]));
  g_autoptr (GVariant) body = g_variant_ref_sink (g_variant_new ("(u)", given));
  HandoffLinkBytes bytes;

  g_atomic_int_add (&f->n_free[which], -(gint) given);
  g_atomic_int_inc (&f->n_asked);
  g_assert_true (handoff_link_message_pack (&handoff_places_table, &head, body, &bytes, NULL));
  g_assert_cmpint (handoff_packet_send (f->places[1], bytes.data, bytes.size, NULL, 0, NULL), ==,
                   HANDOFF_PACKET_DONE);
  handoff_link_bytes_clear (&bytes);
}

static gpointer
serve_places (gpointer data)
{
  HandshakerTest *f = data;
  g_autofree guint8 *buffer = g_malloc (HANDOFF_PACKET_MAX_SIZE);

  for (;;)
    {
      struct pollfd pollfd = { f->places[1], POLLIN, 0 };
      HandoffPacketRights rights = { 0 };
      HandoffPacketStatus status;
      g_autoptr (GVariant) body = NULL;
      HandoffLinkHead head;
      guint which, n;
      gsize size;

      poll (&pollfd, 1, -1);
      status = handoff_packet_receive (f->places[1], buffer, &size, &rights, NULL);
      if (status == HANDOFF_PACKET_WOULD_BLOCK)
        continue;
      if (status != HANDOFF_PACKET_DONE)
        return NULL;
      g_assert_true (handoff_link_message_parse (&handoff_places_table, HANDOFF_LINK_UPPER, buffer,
                                                 size, 0, &head, &body, NULL));
      g_variant_get (body, "(uu)", &which, &n);
      if (head.number == HANDOFF_PLACES_TAKE)
        lend (f, &head, which, n);
      else
        g_atomic_int_add (&f->n_free[which], (gint) n);
    }
}

/* ---- ---- */

static void
make_certificates (HandshakerTest *f)
{
  const TestCertificateSpec authority = { .is_authority = TRUE };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) leaf = test_certificate_make (TEST_IDENTITY, root, NULL);

  f->trust_pem = test_certificate_to_pem (root);
  f->chain_pem = test_certificate_to_pem (leaf);
  f->key_pem = test_certificate_key_to_pem (leaf);
}

static void
start_program (HandshakerTest *f)
{
  const HandoffProgram program = { .name = "tls-handoff-handshaker" };
  g_autoptr (GError) error = NULL;

  f->process = handoff_process_start (&program, &handoff_handshaker_table, &functions, f, &error);
  g_assert_no_error (error);
  f->link = handoff_process_get_link (f->process);
}

static void
start_here (HandshakerTest *f)
{
  g_autoptr (GError) error = NULL;
  int sockets[2];

  handoff_link_make_sockets (sockets, &error);
  g_assert_no_error (error);
  f->link = handoff_link_new (sockets[0], &handoff_handshaker_table, HANDOFF_LINK_UPPER, NULL,
                              "tls-handoff-handshaker", &functions, f);
  f->handshaker = handoff_handshaker_new (sockets[1]);
}

void
handshaker_test_set_up (HandshakerTest *f, gconstpointer is_program)
{
  g_autoptr (GError) error = NULL;
  guint i;

  make_certificates (f);
  f->events = g_string_new (NULL);
  f->audit = g_string_new (NULL);
  f->answer = HANDOFF_HANDSHAKER_ANSWER_PLAIN_YES;
  for (i = 0; i < HANDOFF_N_PLACES; i++)
    f->n_free[i] = 1000;
  handoff_link_make_sockets (f->places, &error);
  g_assert_no_error (error);
  if (is_program != NULL)
    start_program (f);
  else
    start_here (f);
}

void
handshaker_test_tear_down (HandshakerTest *f, gconstpointer is_program)
{
  if (f->question != NULL)
    {
      g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "no answer");

      handoff_link_call_fail (g_steal_pointer (&f->question), error);
    }
  if (f->handshaker != NULL || f->process != NULL)
    {
      if (!handoff_link_has_ended (f->link))
        handshaker_test_send (f, HANDOFF_HANDSHAKER_DRAIN, g_variant_new ("()"));
      g_assert_cmpint (handshaker_test_run (f), !=, HANDOFF_HANDSHAKER_END_STUCK);
    }
  if (is_program == NULL)
    handoff_link_free (f->link);
  if (f->places[0] >= 0)
    close (f->places[0]);
  g_clear_pointer (&f->lender, g_thread_join);
  close (f->places[1]);
  g_clear_error (&f->end);
  g_string_free (f->events, TRUE);
  g_string_free (f->audit, TRUE);
  g_free (f->trust_pem);
  g_free (f->chain_pem);
  g_free (f->key_pem);
}

void
handshaker_test_wait_for (const gboolean *condition)
{
  while (!*condition)
    g_main_context_iteration (NULL, TRUE);
}

void
handshaker_test_wait_for_event (HandshakerTest *f, const char *event)
{
  while (strstr (f->events->str, event) == NULL)
    g_main_context_iteration (NULL, TRUE);
}

guint
handshaker_test_count_events (HandshakerTest *f, const char *event)
{
  g_auto (GStrv) lines = g_strsplit (f->events->str, "\n", -1);
  guint i, n = 0;

  for (i = 0; lines[i] != NULL; i++)
    n += g_str_has_prefix (lines[i], event) ? 1 : 0;
  return n;
}

static void
replied (HandoffLinkMessage *message, const GError *error, gpointer user_data)
{
  HandshakerReply *reply = user_data;

  reply->is_done = TRUE;
  if (error != NULL)
    reply->error = g_error_copy (error);
  else
    {
      reply->body = g_variant_ref (message->body);
      if (message->n_fds > 0)
        reply->fd = handoff_link_message_steal_fd (message, 0);
    }
}

void
handshaker_test_begin (HandshakerTest *f,
                       guint row,
                       GVariant *body,
                       const int *fds,
                       guint n_fds,
                       HandshakerReply *reply)
{
  memset (reply, 0, sizeof *reply);
  reply->fd = -1;
  handoff_link_request (f->link, row, body, fds, n_fds, replied, reply);
}

void
handshaker_test_request (HandshakerTest *f, guint row, GVariant *body, HandshakerReply *reply)
{
  handshaker_test_begin (f, row, body, NULL, 0, reply);
  handshaker_test_wait_for (&reply->is_done);
}

void
handshaker_test_send (HandshakerTest *f, guint row, GVariant *body)
{
  g_autoptr (GError) error = NULL;

  handoff_link_send (f->link, row, body, NULL, 0, &error);
  g_assert_no_error (error);
}

static int
new_file (const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));
  g_autoptr (GError) error = NULL;
  const int fd = handoff_sealed_memfd_new (bytes, &error);

  g_assert_no_error (error);
  return fd;
}

void
handshaker_test_begin_policy (HandshakerTest *f,
                              const char *configuration,
                              const char *trust,
                              HandshakerReply *reply)
{
  const int fds[] = { new_file (configuration), new_file (trust != NULL ? trust : "") };

  handshaker_test_begin (f, HANDOFF_HANDSHAKER_POLICY,
                         g_variant_new ("(ss)", "/etc/test.conf", "/etc/test.pem"), fds, 2, reply);
}

void
handshaker_test_send_policy (HandshakerTest *f,
                             const char *configuration,
                             const char *trust,
                             HandshakerReply *reply)
{
  handshaker_test_begin_policy (f, configuration, trust, reply);
  handshaker_test_wait_for (&reply->is_done);
}

void
handshaker_test_give_user (HandshakerTest *f, const char *configuration)
{
  g_auto (HandshakerReply) reply = { 0 };
  g_autoptr (GError) error = NULL;

  handshaker_test_send_policy (f, configuration, f->trust_pem, &reply);
  g_assert_no_error (reply.error);
  handoff_link_send (f->link, HANDOFF_HANDSHAKER_USER,
                     g_variant_new ("(uut)", TEST_UID, TEST_SLOT, (guint64) 9), &f->places[0], 1,
                     &error);
  g_assert_no_error (error);
  f->places[0] = -1;
  f->lender = g_thread_new ("places", serve_places, f);
  handshaker_test_send (f, HANDOFF_HANDSHAKER_CALLER,
                        g_variant_new ("(tsu)", (guint64) TEST_CALLER, ":1.7", 4711));
}

void
handshaker_test_call (HandshakerTest *f,
                      const char *path,
                      const char *interface_name,
                      const char *method,
                      GVariant *arguments,
                      int fd,
                      HandshakerReply *reply)
{
  static guint64 last_number;
  const gboolean is_session = g_str_has_prefix (path, HANDOFF_SESSIONS_PATH "/");

  handshaker_test_begin (
      f, HANDOFF_HANDSHAKER_CALL,
      g_variant_new ("(ttssssvbuu)", ++last_number, (guint64) TEST_CALLER, path,
                     is_session ? HANDOFF_SESSION_INTERFACE : HANDOFF_MANAGER_INTERFACE,
                     interface_name, method, arguments, FALSE, 1, 0),
      &fd, fd >= 0 ? 1 : 0, reply);
}

void
handshaker_test_begin_handshake (
    HandshakerTest *f, const char *identity, const char *options, int fd, HandshakerReply *reply)
{
  handshaker_test_call (
      f, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "HandshakeAsClient",
      g_variant_new ("(hs@ay@a{sv})", 0, identity,
                     g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, RECIPIENT, 32, 1),
                     g_variant_new_parsed (options)),
      fd, reply);
}

HandoffHandshakerEnd
handshaker_test_run (HandshakerTest *f)
{
  HandoffHandshakerEnd end = HANDOFF_HANDSHAKER_END_LOST;

  if (f->process != NULL)
    {
      while (f->end == NULL)
        g_main_context_iteration (NULL, TRUE);
      if (strstr (f->events->str, "drained()\n") != NULL)
        end = HANDOFF_HANDSHAKER_END_DONE;
      g_clear_pointer (&f->process, handoff_process_free);
      return end;
    }
  end = handoff_handshaker_run (f->handshaker);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_pointer (&f->handshaker, handoff_handshaker_free);
  return end;
}

/* ---- Channels. ---- */

int
handshaker_test_open_channel (HandshakerTest *f, guint64 number)
{
  g_auto (HandshakerReply) reply = { 0 };
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==,
                   0);
  handshaker_test_begin (
      f, HANDOFF_HANDSHAKER_OPEN_CHANNEL,
      g_variant_new ("(tt@ay)", number, (guint64) TEST_CALLER,
                     g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, RECIPIENT, 32, 1)),
      &fds[0], 1, &reply);
  handshaker_test_wait_for (&reply.is_done);
  g_assert_no_error (reply.error);
  return fds[1];
}

void
handshaker_test_send_handshake (int channel, guint32 serial, int fd)
{
  g_autoptr (GVariant) packed = handoff_channel_message_pack (
      HANDOFF_CHANNEL_CALL, serial,
      handoff_channel_call_body (
          0, HANDOFF_ROOT_PATH, "HandshakeAsClient",
          g_variant_new ("(hs@ay@a{sv})", 0, TEST_IDENTITY,
                         g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, RECIPIENT, 0, 1),
                         g_variant_new_parsed ("@a{sv} {}"))));

  g_assert_cmpint (handoff_channel_message_send (channel, packed, &fd, 1, NULL), ==,
                   HANDOFF_PACKET_DONE);
  close (fd);
}

guint
handshaker_test_receive (HandshakerTest *f, int channel, GVariant **body)
{
  g_autofree guint8 *buffer = g_malloc (HANDOFF_CHANNEL_MAX_MESSAGE_SIZE);
  HandoffChannelMessage message = { 0 };
  HandoffChannelKind kind;

  while (handoff_channel_message_receive (channel, HANDOFF_CHANNEL_APPLICATION, buffer, &message,
                                          NULL) == HANDOFF_PACKET_WOULD_BLOCK)
    {
      struct pollfd pollfd = { channel, POLLIN, 0 };

      /* The handshaker's main thread may be this one. */
      if (!g_main_context_iteration (NULL, FALSE))
        poll (&pollfd, 1, 1);
    }
  kind = message.kind;
  if (body != NULL)
    *body = message.body != NULL ? g_variant_ref (message.body) : NULL;
  handoff_channel_message_clear (&message);
  return kind;
}

/* ---- A peer. ---- */

typedef struct
{
  int fd;
  guint flags; /* of gnutls_init() */
  gnutls_certificate_credentials_t credentials;
} Peer;

static gpointer
be_peer (gpointer data)
{
  Peer *peer = data;
  gnutls_session_t session;
  guint8 buffer[256];
  int code;

  g_assert_cmpint (gnutls_init (&session, peer->flags), ==, 0);
  g_assert_cmpint (gnutls_set_default_priority (session), ==, 0);
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, peer->credentials);
  gnutls_transport_set_int (session, peer->fd);
  do
    code = gnutls_handshake (session);
  while (code < 0 && !gnutls_error_is_fatal (code));
  /* A server may have more to write, and to read what was sent last. */
  while (peer->flags == GNUTLS_CLIENT && read (peer->fd, buffer, sizeof buffer) > 0)
    ;
  gnutls_deinit (session);
  gnutls_certificate_free_credentials (peer->credentials);
  close (peer->fd);
  g_free (peer);
  return GINT_TO_POINTER (code);
}

/* peer: (transfer full) */
static GThread *
start_peer (Peer *peer, int *socket)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  peer->fd = fds[0];
  *socket = fds[1];
  return g_thread_new ("peer", be_peer, peer);
}

GThread *
handshaker_test_connect (int *socket)
{
  Peer *peer = g_new0 (Peer, 1);

  peer->flags = GNUTLS_CLIENT;
  g_assert_cmpint (gnutls_certificate_allocate_credentials (&peer->credentials), ==, 0);
  return start_peer (peer, socket);
}

GThread *
handshaker_test_serve (HandshakerTest *f, int *socket)
{
  Peer *peer = g_new0 (Peer, 1);
  const gnutls_datum_t chain = { (guint8 *) f->chain_pem, (guint) strlen (f->chain_pem) };
  const gnutls_datum_t key = { (guint8 *) f->key_pem, (guint) strlen (f->key_pem) };

  peer->flags = GNUTLS_SERVER;
  g_assert_cmpint (gnutls_certificate_allocate_credentials (&peer->credentials), ==, 0);
  g_assert_cmpint (
      gnutls_certificate_set_x509_key_mem (peer->credentials, &chain, &key, GNUTLS_X509_FMT_PEM),
      ==, 0);
  return start_peer (peer, socket);
}

void
handshaker_test_do_handshake (HandshakerTest *f, int channel, guint32 serial)
{
  GThread *server;
  int fd;

  server = handshaker_test_serve (f, &fd);
  handshaker_test_send_handshake (channel, serial, fd);
  g_assert_cmpuint (handshaker_test_receive (f, channel, NULL), ==, HANDOFF_CHANNEL_REPLY);
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (server)), ==, 0);
}
