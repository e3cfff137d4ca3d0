/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What handshakers ask of a program that has keys, while its keys are slow. */

#include "config.h"

#include "signatory/signatory.h"

#include "grant/signature-form.h"
#include "keyblob/tls-handoff-error.h"
#include "link/grant-messages.h"
#include "link/keeper-messages.h"
#include "link/signing-messages.h"
#include "support/signed-data.h"
#include "work/clock.h"

/* rsa_pkcs1_sha256 */
#define SCHEME 0x0401
/* Of a holder: see signatory.c. */
#define MOST_BYTES (64 * 1024 * 1024)

static const HandoffSignatoryRows rows = {
  .holder = HANDOFF_KEEPER_HOLDER,
  .holder_socket = HANDOFF_KEEPER_HOLDER_SOCKET,
  .holder_gone = HANDOFF_KEEPER_HOLDER_GONE,
  .grant = HANDOFF_KEEPER_GRANT,
  .grant_over = HANDOFF_KEEPER_GRANT_OVER,
  .violation = HANDOFF_KEEPER_VIOLATION,
};

typedef struct
{
  HandoffLink *broker; /* the broker's end */
  HandoffLink *link;   /* the other */
  HandoffSignatory *signatory;
  GQueue kept; /* (element-type HandoffSignatoryRequest): that the key has not signed yet */
  GBytes *data;
  guint n_asked;
  guint n_answered;
  GError *error; /* (nullable): of the last answer */
} SignatoryTest;

/* The broker hears of nothing here, and tells of holders and grants. */
static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  SignatoryTest *f = user_data;

  g_assert_true (link == f->link);
  g_assert_true (handoff_signatory_receive (f->signatory, message));
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  g_assert_not_reached ();
}

static const HandoffLinkFunctions functions = { received, ended };

static void
sign (HandoffSignatoryRequest *request,
      guint uid,
      const char *key,
      gpointer held,
      const HandoffSignatureScheme *scheme,
      HandoffSignatureForm form,
      GBytes *data,
      gpointer user_data)
{
  SignatoryTest *f = user_data;

  g_assert_true (g_bytes_equal (data, f->data));
  g_queue_push_tail (&f->kept, request);
}

static void
set_up (SignatoryTest *f, gconstpointer unused)
{
  int sockets[2];

  g_assert_true (handoff_link_make_sockets (sockets, NULL));
  f->broker = handoff_link_new (sockets[0], &handoff_keeper_messages, HANDOFF_LINK_UPPER, NULL,
                                "tls-handoff-keeper", &functions, f);
  f->link = handoff_link_new (sockets[1], &handoff_keeper_messages, HANDOFF_LINK_LOWER, NULL,
                              "tls-handoffd", &functions, f);
  f->signatory = handoff_signatory_new (f->link, &rows, sign, NULL, f);
  f->data = g_byte_array_free_to_bytes (test_signed_new_dh (60000, 60000, 60000));
}

static void
answer_first (SignatoryTest *f)
{
  g_autoptr (GBytes) signature = g_bytes_new ("signature", 9);

  handoff_signatory_answer (g_queue_pop_head (&f->kept), signature, NULL);
}

static void
tear_down (SignatoryTest *f, gconstpointer unused)
{
  while (!g_queue_is_empty (&f->kept))
    answer_first (f);
  handoff_signatory_free (f->signatory);
  handoff_link_free (f->broker);
  handoff_link_free (f->link);
  g_bytes_unref (f->data);
  g_clear_error (&f->error);
}

static void
ignore (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
}

/* With a standing grant of that number. (transfer full): its end of a socket */
static HandoffLink *
add_holder (SignatoryTest *f, guint64 number)
{
  int sockets[2];

  g_assert_true (handoff_link_make_sockets (sockets, NULL));
  handoff_link_send (f->broker, HANDOFF_KEEPER_HOLDER, g_variant_new ("(tu)", number, 1000u), NULL,
                     0, NULL);
  handoff_link_request (f->broker, HANDOFF_KEEPER_HOLDER_SOCKET, g_variant_new ("(t)", number),
                        &sockets[1], 1, ignore, NULL);
  handoff_link_send (f->broker, HANDOFF_KEEPER_GRANT,
                     g_variant_new (HANDOFF_GRANT_TYPE, number, number, "key",
                                    (guint32) HANDOFF_SIGNATURE_SERVER, 0u,
                                    handoff_clock_get_boot_time () + G_TIME_SPAN_HOUR),
                     NULL, 0, NULL);
  return handoff_link_new (sockets[0], &handoff_signing_table, HANDOFF_LINK_UPPER, NULL,
                           "tls-handoff-keeper", &functions, f);
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  SignatoryTest *f = user_data;

  f->n_answered++;
  g_clear_error (&f->error);
  if (error != NULL)
    f->error = g_error_copy (error);
}

/* Until it is kept or answered. */
static void
ask (SignatoryTest *f, HandoffLink *socket, guint64 grant)
{
  int fd;
  GVariant *body =
      handoff_signing_message_new (grant, HANDOFF_SIGNATURE_SERVER, SCHEME, f->data, &fd, NULL);

  handoff_link_request (socket, HANDOFF_SIGNING_SIGN, body, &fd, 1, answered, f);
  f->n_asked++;
  while (g_queue_get_length (&f->kept) + f->n_answered < f->n_asked)
    g_main_context_iteration (NULL, TRUE);
}

/* Breaks if a handshaker that was taken over can fill the memory of the program that has the keys,
 * or if another one pays for it, or if there is no room when something was answered. */
static void
test_memory (SignatoryTest *f, gconstpointer unused)
{
  g_autoptr (HandoffLink) socket = add_holder (f, 1);
  g_autoptr (HandoffLink) other = add_holder (f, 2);
  guint n_kept;

  while (f->n_answered == 0)
    ask (f, socket, 1);
  g_assert_error (f->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
  n_kept = g_queue_get_length (&f->kept);
  g_assert_cmpuint (n_kept * g_bytes_get_size (f->data), <=, MOST_BYTES);
  g_assert_cmpuint (n_kept * g_bytes_get_size (f->data), >=, MOST_BYTES / 2);

  ask (f, other, 2);
  g_assert_cmpuint (f->n_answered, ==, 1);
  answer_first (f);
  while (f->n_answered < 2)
    g_main_context_iteration (NULL, TRUE);
  g_assert_no_error (f->error);
  ask (f, socket, 1);
  g_assert_cmpuint (f->n_answered, ==, 2);
  g_assert_cmpuint (g_queue_get_length (&f->kept), ==, n_kept + 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/service/signatory/memory", SignatoryTest, NULL, set_up, test_memory, tear_down);
  return g_test_run ();
}
