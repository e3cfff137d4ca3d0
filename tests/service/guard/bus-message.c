/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The guard reads the headers of strangers' messages before GDBus sees the messages. */

#include "config.h"

#include "guard/bus-message.h"

#include <string.h>

static GDBusMessage *
new_call (GDBusMessageByteOrder order)
{
  GDBusMessage *message =
      g_dbus_message_new_method_call ("org.handoff.Test", "/a/path", "org.handoff.Interface", "Do");

  g_dbus_message_set_byte_order (message, order);
  g_dbus_message_set_sender (message, ":1.17");
  g_dbus_message_set_serial (message, 0x01020304);
  g_dbus_message_set_body (message, g_variant_new ("(su)", "text", 7));
  return message;
}

/* In both byte orders, every field comes out as GDBus wrote it. A field that is overlooked, or a
 * wrong alignment, would show. */
static void
test_header (gconstpointer data)
{
  const GDBusMessageByteOrder order = GPOINTER_TO_INT (data);
  g_autoptr (GDBusMessage) call = new_call (order);
  gsize size, header_size, full_size;
  guint8 *blob = g_dbus_message_to_blob (call, &size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
  g_autoptr (HandoffBusMessage) message = NULL;

  g_assert_true (handoff_bus_message_read_prefix (blob, &header_size, &full_size));
  g_assert_cmpuint (full_size, ==, size);
  g_assert_cmpuint (header_size % 8, ==, 0);
  message = handoff_bus_message_new (blob, size, full_size, NULL, 0);
  g_assert_nonnull (message);
  g_assert_cmpint (message->type, ==, G_DBUS_MESSAGE_TYPE_METHOD_CALL);
  g_assert_cmpuint (message->serial, ==, 0x01020304);
  g_assert_cmpuint (message->reply_serial, ==, 0);
  g_assert_cmpstr (message->member, ==, "Do");
  g_assert_cmpstr (message->sender, ==, ":1.17");
  g_assert_cmpstr (message->destination, ==, "org.handoff.Test");
  g_assert_false (handoff_bus_message_is_of_the_bus (message));
}

static void
test_reply (void)
{
  g_autoptr (GDBusMessage) call = new_call (G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN);
  g_autoptr (GDBusMessage) reply = g_dbus_message_new_method_reply (call);
  g_autoptr (HandoffBusMessage) message = NULL;
  g_autoptr (GDBusMessage) again = NULL;

  message = handoff_bus_message_new_from_gdbus (reply, 99);
  g_assert_cmpuint (message->reply_serial, ==, 0x01020304);
  g_assert_cmpuint (message->serial, ==, 99);
  g_assert_cmpstr (message->destination, ==, ":1.17");
  again = handoff_bus_message_to_gdbus (message);
  g_assert_cmpuint (g_dbus_message_get_reply_serial (again), ==, 0x01020304);
}

/* Whichever byte is wrong, and wherever the fields end: no byte beyond the end is read (valgrind
 * and the address sanitizer watch), and no invalid header is accepted. */
static void
test_damaged (void)
{
  g_autoptr (GDBusMessage) call = new_call (G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN);
  gsize size, header_size, full_size, i;
  g_autofree guint8 *blob =
      g_dbus_message_to_blob (call, &size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);

  g_assert_true (handoff_bus_message_read_prefix (blob, &header_size, &full_size));
  for (i = 0; i < header_size * 256; i++)
    {
      guint8 *copy = g_memdup2 (blob, header_size);
      gsize damaged_header_size;
      HandoffBusMessage *message = NULL;

      copy[i / 256] = i % 256;
      if (handoff_bus_message_read_prefix (copy, &damaged_header_size, &full_size) &&
          damaged_header_size <= header_size)
        message = handoff_bus_message_new (copy, header_size, full_size, NULL, 0);
      if (message != NULL)
        handoff_bus_message_free (message);
      else
        g_free (copy);
    }
}

static gboolean
has_few_values (const char *body, GDBusMessageByteOrder order, guint maximum)
{
  g_autoptr (GDBusMessage) call = new_call (order);
  g_autoptr (HandoffBusMessage) message = NULL;

  g_dbus_message_set_body (call, g_variant_new_parsed (body));
  message = handoff_bus_message_new_from_gdbus (call, 1);
  return handoff_bus_message_has_few_values (message, maximum);
}

/* Each type is counted and skipped correctly. With one value less allowed, the body has too many;
 * if the walk ended anywhere but at the end, the body would be invalid. */
static void
test_values (void)
{
  static const struct
  {
    const char *body;
    guint n_values;
  } bodies[] = {
    { "('x',)", 1 },
    { "(byte 1, 'x', int16 2, true, uint64 3, 4.5, objectpath '/a', signature 'a{sv}')", 8 },
    { "([byte 1, 2, 3], [uint64 1, 2], ['a', 'b', 'c'])", 6 },
    { "([true, false, true, true],)", 5 }, /* GDBus makes an object of each, unlike of numbers */
    { "(@a{sv} {},)", 1 },
    { "({'a': <1>, 'b': <['x', 'y']>}, byte 1)", 12 },
    { "(<<<<<true>>>>>,)", 6 },
    { "([(byte 1, uint64 2), (3, 4)], @a(yt) [], @aas [['a'], []])", 12 },
  };

  static const GDBusMessageByteOrder orders[] = { G_DBUS_MESSAGE_BYTE_ORDER_BIG_ENDIAN,
                                                  G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN };

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      for (guint n = 0; n < G_N_ELEMENTS (orders); n++)
        {
          const GDBusMessageByteOrder order = orders[n];

          g_test_message ("%c %s", order, bodies[i].body);
          g_assert_true (has_few_values (bodies[i].body, order, bodies[i].n_values));
          g_assert_false (has_few_values (bodies[i].body, order, bodies[i].n_values - 1));
        }
    }
}

/* Whatever stands in place of a length, a signature or a value: nothing beyond the body is read. */
static void
test_damaged_values (void)
{
  g_autoptr (GDBusMessage) call = new_call (G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN);
  g_autoptr (HandoffBusMessage) message = NULL;
  gsize header_size, full_size, i;

  g_dbus_message_set_body (
      call, g_variant_new_parsed ("({'a': <1>, 'b': <['x', 'y']>}, [(byte 1, uint64 2)], 'x')"));
  message = handoff_bus_message_new_from_gdbus (call, 1);
  g_assert_true (handoff_bus_message_read_prefix (message->data, &header_size, &full_size));
  for (i = header_size * 256; i < full_size * 256; i++)
    {
      const guint8 before = message->data[i / 256];

      message->data[i / 256] = i % 256;
      handoff_bus_message_has_few_values (message, 100);
      message->data[i / 256] = before;
    }
  g_assert_true (handoff_bus_message_has_few_values (message, 100));
}

static void
test_prefix (void)
{
  guint8 prefix[HANDOFF_BUS_MESSAGE_PREFIX_SIZE] = { 'l', 1, 0, 1 };
  gsize header_size, full_size;

  g_assert_true (handoff_bus_message_read_prefix (prefix, &header_size, &full_size));
  g_assert_cmpuint (full_size, ==, HANDOFF_BUS_MESSAGE_PREFIX_SIZE);
  memset (prefix + 4, 0xff, 4); /* a body of 4 GiB */
  g_assert_false (handoff_bus_message_read_prefix (prefix, &header_size, &full_size));
  memset (prefix + 4, 0, 4);
  memset (prefix + 12, 0xff, 4);
  g_assert_false (handoff_bus_message_read_prefix (prefix, &header_size, &full_size));
  memset (prefix + 12, 0, 4);
  prefix[0] = 'x';
  g_assert_false (handoff_bus_message_read_prefix (prefix, &header_size, &full_size));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/service/bus-message/header/little-endian",
                        GINT_TO_POINTER (G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN), test_header);
  g_test_add_data_func ("/service/bus-message/header/big-endian",
                        GINT_TO_POINTER (G_DBUS_MESSAGE_BYTE_ORDER_BIG_ENDIAN), test_header);
  g_test_add_func ("/service/bus-message/reply", test_reply);
  g_test_add_func ("/service/bus-message/damaged", test_damaged);
  g_test_add_func ("/service/bus-message/values", test_values);
  g_test_add_func ("/service/bus-message/values/damaged", test_damaged_values);
  g_test_add_func ("/service/bus-message/prefix", test_prefix);
  return g_test_run ();
}
