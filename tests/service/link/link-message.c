/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The form of messages on links, and of tables. */

#include "config.h"

#include "link/link-message.h"

#include <string.h>

#include "keyblob/error-details.h"
#include "keyblob/error-reply.h"
#include "keyblob/packet.h"
#include "keyblob/tls-handoff-error.h"

enum
{
  TELL,
  GAP, /* no row */
  ASK,
  ANNOUNCE, /* up */
};

static const HandoffLinkRow rows[] = {
  [TELL] = { "tell", HANDOFF_LINK_DOWN, "(su)", .min_fds = 1, .max_fds = 2 },
  [ASK] = { "ask", HANDOFF_LINK_DOWN, "(ay)", "(s)", .reply_max_fds = 1, .max_waiting = 2 },
  [ANNOUNCE] = { "announce", HANDOFF_LINK_UP, "()" },
};
static const HandoffLinkTable table = { "test", rows, G_N_ELEMENTS (rows) };
static const HandoffLinkTable secret_table = { "test", rows, G_N_ELEMENTS (rows),
                                               .has_secrets = TRUE };

typedef struct
{
  const char *path;
  HandoffLinkEnd end;
  HandoffLinkHead head;
  const char *body; /* in GVariant's text format */
  guint n_fds;
  const char *fault; /* (nullable): NULL: it is fine */
} Case;

static const Case cases[] = {
  { "notice", HANDOFF_LINK_LOWER, { HANDOFF_LINK_NOTICE, TELL, 0 }, "('x', uint32 7)", 1, NULL },
  { "notice-two", HANDOFF_LINK_LOWER, { HANDOFF_LINK_NOTICE, TELL, 0 }, "('', uint32 7)", 2, NULL },
  { "empty", HANDOFF_LINK_UPPER, { HANDOFF_LINK_NOTICE, ANNOUNCE, 0 }, "()", 0, NULL },
  { "request", HANDOFF_LINK_LOWER, { HANDOFF_LINK_REQUEST, ASK, 9 }, "(@ay [],)", 0, NULL },
  { "reply", HANDOFF_LINK_UPPER, { HANDOFF_LINK_REPLY, ASK, 9 }, "('x',)", 1, NULL },
  { "error",
    HANDOFF_LINK_UPPER,
    { HANDOFF_LINK_ERROR, ASK, 9 },
    "('a.b', 'c', @a{sv} {})",
    0,
    NULL },
  { "no-such-row",
    HANDOFF_LINK_LOWER,
    { HANDOFF_LINK_NOTICE, GAP, 0 },
    "()",
    0,
    "a message of an unknown number" },
  { "behind-all-rows",
    HANDOFF_LINK_LOWER,
    { HANDOFF_LINK_NOTICE, ANNOUNCE + 1, 0 },
    "()",
    0,
    "a message of an unknown number" },
  { "no-such-kind",
    HANDOFF_LINK_LOWER,
    { 5, ASK, 9 },
    "(@ay [],)",
    0,
    "a message of an unknown kind" },
  { "kind-0", HANDOFF_LINK_LOWER, { 0, ASK, 9 }, "(@ay [],)", 0, "a message of an unknown kind" },
  { "direction",
    HANDOFF_LINK_UPPER,
    { HANDOFF_LINK_NOTICE, TELL, 0 },
    "('x', uint32 7)",
    1,
    "a message in the wrong direction (tell)" },
  { "direction-up",
    HANDOFF_LINK_LOWER,
    { HANDOFF_LINK_NOTICE, ANNOUNCE, 0 },
    "()",
    0,
    "a message in the wrong direction (announce)" },
  { "direction-of-reply",
    HANDOFF_LINK_LOWER,
    { HANDOFF_LINK_REPLY, ASK, 9 },
    "('x',)",
    0,
    "a message in the wrong direction (ask)" },
  { "request-for-notice",
    HANDOFF_LINK_LOWER,
    { HANDOFF_LINK_REQUEST, TELL, 9 },
    "('x', uint32 7)",
    1,
    "a message of another kind than its row (tell)" },
  { "notice-for-request",
    HANDOFF_LINK_LOWER,
    { HANDOFF_LINK_NOTICE, ASK, 0 },
    "(@ay [],)",
    0,
    "a message of another kind than its row (ask)" },
  { "reply-to-notice",
    HANDOFF_LINK_UPPER,
    { HANDOFF_LINK_REPLY, TELL, 9 },
    "('x', uint32 7)",
    1,
    "a message of another kind than its row (tell)" },
  { "serial",
    HANDOFF_LINK_LOWER,
    { HANDOFF_LINK_NOTICE, TELL, 9 },
    "('x', uint32 7)",
    1,
    "a serial number that the kind of message does not have (tell)" },
  { "no-serial",
    HANDOFF_LINK_LOWER,
    { HANDOFF_LINK_REQUEST, ASK, 0 },
    "(@ay [],)",
    0,
    "a serial number that the kind of message does not have (ask)" },
  { "too-few-fds",
    HANDOFF_LINK_LOWER,
    { HANDOFF_LINK_NOTICE, TELL, 0 },
    "('x', uint32 7)",
    0,
    "a message with a wrong number of descriptors (tell)" },
  { "too-many-fds",
    HANDOFF_LINK_LOWER,
    { HANDOFF_LINK_NOTICE, TELL, 0 },
    "('x', uint32 7)",
    3,
    "a message with a wrong number of descriptors (tell)" },
  { "fds-of-reply",
    HANDOFF_LINK_UPPER,
    { HANDOFF_LINK_REPLY, ASK, 9 },
    "('x',)",
    2,
    "a message with a wrong number of descriptors (ask)" },
  { "fds-of-error",
    HANDOFF_LINK_UPPER,
    { HANDOFF_LINK_ERROR, ASK, 9 },
    "('a.b', 'c', @a{sv} {})",
    1,
    "a message with a wrong number of descriptors (ask)" },
  /* Their bytes are not of the type in normal form. */
  { "type",
    HANDOFF_LINK_UPPER,
    { HANDOFF_LINK_REPLY, ASK, 9 },
    "(uint32 7,)",
    0,
    "a message that is not of its type in normal form (ask)" },
  { "type-empty",
    HANDOFF_LINK_UPPER,
    { HANDOFF_LINK_NOTICE, ANNOUNCE, 0 },
    "(uint32 7,)",
    0,
    "a message that is not of its type in normal form (announce)" },
};

/* What has been refused is allowed, or the other way round. */
static void
test_case (gconstpointer data)
{
  const HandoffLinkTable *tables[] = { &table, &secret_table };
  const Case *test = data;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (tables); i++)
    {
      g_autoptr (GVariant) body = g_variant_parse (NULL, test->body, NULL, NULL, NULL);
      g_autoptr (GVariant) parsed = NULL;
      g_autoptr (GError) error = NULL;
      HandoffLinkHead head = { 0 };
      HandoffLinkBytes bytes;

      g_assert_nonnull (body);
      g_assert_true (handoff_link_message_pack (tables[i], &test->head, body, &bytes, &error));
      g_assert_no_error (error);
      if (handoff_link_message_parse (tables[i], test->end, bytes.data, bytes.size, test->n_fds,
                                      &head, &parsed, &error))
        {
          g_assert_null (test->fault);
          /* What came is the link's to use again. */
          memset (bytes.data, 0xff, bytes.size);
          g_assert_true (g_variant_equal (parsed, body));
          g_assert_cmpint (head.kind, ==, test->head.kind);
          g_assert_cmpuint (head.number, ==, test->head.number);
          g_assert_cmpuint (head.serial, ==, test->head.serial);
        }
      else
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
          g_assert_cmpstr (error->message, ==, test->fault);
          g_assert_null (parsed);
        }
      handoff_link_bytes_clear (&bytes);
    }
}

/* Whatever is cut off at any byte, or changed in the eight first bytes, is taken for the message.
 */
static void
test_bytes (void)
{
  const HandoffLinkHead whole = { HANDOFF_LINK_REPLY, ASK, 0x01020304 };
  g_autoptr (GVariant) body = g_variant_ref_sink (g_variant_new ("(s)", "text"));
  HandoffLinkBytes bytes;
  gsize i;

  g_assert_true (handoff_link_message_pack (&table, &whole, body, &bytes, NULL));
  g_assert_cmpuint (bytes.size, ==, 8 + strlen ("text") + 1);
  for (i = 0; i < bytes.size; i++)
    {
      g_autofree guint8 *part = g_memdup2 (bytes.data, i);
      g_autoptr (GVariant) parsed = NULL;
      HandoffLinkHead head;

      /* Nothing is read behind the end: valgrind and sanitizers would see it. */
      g_assert_false (handoff_link_message_parse (&table, HANDOFF_LINK_UPPER, part, i, 0, &head,
                                                  &parsed, NULL));
      g_assert_null (parsed);
    }
  for (i = 0; i < 4; i++)
    {
      g_autoptr (GVariant) parsed = NULL;
      HandoffLinkHead head;

      bytes.data[i] ^= 0x40;
      g_assert_false (handoff_link_message_parse (&table, HANDOFF_LINK_UPPER, bytes.data,
                                                  bytes.size, 0, &head, &parsed, NULL));
      bytes.data[i] ^= 0x40;
    }
  handoff_link_bytes_clear (&bytes);
}

/* The largest message is refused, or one above it goes out. */
static void
test_size (void)
{
  const HandoffLinkHead head = { HANDOFF_LINK_REQUEST, ASK, 1 };
  const gsize room = HANDOFF_PACKET_MAX_SIZE - 8;
  g_autofree guint8 *data = g_malloc0 (room + 1);
  gsize more;

  for (more = 0; more < 2; more++)
    {
      g_autoptr (GVariant) body = g_variant_ref_sink (g_variant_new (
          "(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, room + more, 1)));
      g_autoptr (GError) error = NULL;
      HandoffLinkBytes bytes;

      if (handoff_link_message_pack (&table, &head, body, &bytes, &error))
        {
          g_assert_cmpuint (more, ==, 0);
          g_assert_cmpuint (bytes.size, ==, HANDOFF_PACKET_MAX_SIZE);
          handoff_link_bytes_clear (&bytes);
        }
      else
        {
          g_assert_cmpuint (more, ==, 1);
          g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
        }
    }
}

/* What somebody else made, in another form, is passed on as it is: the other end would end the link
 * for it. */
static void
test_other_form (void)
{
  static const guint8 unterminated[] = { 'x' };
  const HandoffLinkHead head = { HANDOFF_LINK_REPLY, ASK, 1 };
  g_autoptr (GVariant) body = g_variant_ref_sink (g_variant_new_from_data (
      G_VARIANT_TYPE ("(s)"), unterminated, sizeof unterminated, FALSE, NULL, NULL));
  g_autoptr (GVariant) parsed = NULL;
  HandoffLinkHead parsed_head;
  HandoffLinkBytes bytes;
  const char *text;

  g_assert_true (handoff_link_message_pack (&table, &head, body, &bytes, NULL));
  g_assert_true (handoff_link_message_parse (&table, HANDOFF_LINK_UPPER, bytes.data, bytes.size, 0,
                                             &parsed_head, &parsed, NULL));
  g_variant_get (parsed, "(&s)", &text);
  g_assert_cmpstr (text, ==, "");
  handoff_link_bytes_clear (&bytes);
}

/* An error loses its code, its words or its details on the way, or comes with a code that there is
 * not. */
static void
test_errors (void)
{
  g_autoptr (GError) rich =
      g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED, "Ouch");
  g_autoptr (GError) foreign = g_error_new (G_IO_ERROR, G_IO_ERROR_BUSY, "Not \xff text");
  g_autoptr (GError) bus = g_error_new (G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT, "None");
  static const char *const unknown[] = {
    "org.example.Error",
    "org.freedesktop.DBus.Error.Strange",
    /* What GLib makes of a code that has no name. */
    "org.gtk.GDBus.UnmappedGError.Quark._tls_2dhandoff_2derror.Code99",
    "org.gtk.GDBus.UnmappedGError.Quark._never_2dheard_2dof.Code1",
    "",
  };
  g_autoptr (GVariant) details = NULL;
  GVariant *bodies[4];
  GError *errors[4];
  gsize i;

  handoff_error_set_details (rich, g_variant_new_parsed ("{'alert': <'x'>}"));
  bodies[0] = g_variant_ref_sink (handoff_error_to_variant (rich, TRUE));
  bodies[1] = g_variant_ref_sink (handoff_error_to_variant (rich, FALSE));
  bodies[2] = g_variant_ref_sink (handoff_error_to_variant (foreign, TRUE));
  bodies[3] = g_variant_ref_sink (handoff_error_to_variant (bus, TRUE));
  for (i = 0; i < G_N_ELEMENTS (bodies); i++)
    errors[i] = handoff_link_error_from_body (bodies[i]);

  g_assert_error (errors[0], TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED);
  g_assert_cmpstr (errors[0]->message, ==, "Ouch");
  details = g_variant_ref_sink (g_variant_new_parsed ("{'alert': <'x'>}"));
  g_assert_true (g_variant_equal (tls_handoff_error_get_details (errors[0]), details));
  g_assert_error (errors[1], TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED);
  g_assert_null (tls_handoff_error_get_details (errors[1]));
  g_assert_error (errors[2], TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_cmpstr (errors[2]->message, ==, "Not \357\277\275 text");
  g_assert_error (errors[3], G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT);
  g_assert_cmpstr (errors[3]->message, ==, "None");
  for (i = 0; i < G_N_ELEMENTS (unknown); i++)
    {
      g_autoptr (GVariant) body =
          g_variant_ref_sink (g_variant_new ("(ssa{sv})", unknown[i], "x", NULL));

      g_assert_null (handoff_link_error_from_body (body));
    }
  g_assert_cmpuint (g_quark_try_string ("never-heard-of"), ==, 0);
  for (i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_clear_pointer (&bodies[i], g_variant_unref);
      g_clear_error (&errors[i]);
    }
}

/* A row that makes no sense is not found. */
static void
test_tables (void)
{
  static const struct
  {
    HandoffLinkRow row;
    const char *fault;
  } faulty[] = {
    { { "a", HANDOFF_LINK_UP, "s" }, "its body is no tuple" },
    { { "a", HANDOFF_LINK_UP, "((s)" }, "its body is no tuple" },
    { { "a", HANDOFF_LINK_UP, "r" }, "its body is no tuple" },
    { { "a", HANDOFF_LINK_UP, "(*)" }, "its body is no tuple" },
    { { "a", HANDOFF_LINK_UP, "()", .max_fds = 9 }, "no such number of descriptors is possible" },
    { { "a", HANDOFF_LINK_UP, "()", .min_fds = 1 }, "no such number of descriptors is possible" },
    { { "a", HANDOFF_LINK_UP, "()", .max_waiting = 1 }, "it has no answer" },
    { { "a", HANDOFF_LINK_UP, "()", "()" }, "none may wait for its answer" },
    { { "a", HANDOFF_LINK_UP, "()", "v", .max_waiting = 1 }, "its answer is no tuple" },
    { { "a", HANDOFF_LINK_UP, "()", "()", .reply_min_fds = 1, .max_waiting = 1 },
      "no such number of descriptors is possible with the answer" },
  };
  g_autoptr (GError) error = NULL;
  gsize i;

  g_assert_true (handoff_link_table_check (&table, &error));
  g_assert_no_error (error);
  for (i = 0; i < G_N_ELEMENTS (faulty); i++)
    {
      const HandoffLinkTable one = { "test", &faulty[i].row, 1 };
      g_autofree char *text = g_strdup_printf ("test, row 0, a: %s", faulty[i].fault);

      g_assert_false (handoff_link_table_check (&one, &error));
      g_assert_cmpstr (error->message, ==, text);
      g_clear_error (&error);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/service/link-message/", cases[i].path, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/service/link-message/bytes", test_bytes);
  g_test_add_func ("/service/link-message/size", test_size);
  g_test_add_func ("/service/link-message/other-form", test_other_form);
  g_test_add_func ("/service/link-message/errors", test_errors);
  g_test_add_func ("/service/link-message/tables", test_tables);
  return g_test_run ();
}
