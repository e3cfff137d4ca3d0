/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "guard/bus-inquiry.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "guard/bus-stream.h"
#include "work/descriptor-reaper.h"
#include "work/clock.h"

/* The connection is closed when nothing was asked for this long. */
#define QUIET_SECONDS 1
/* A working bus answers at once. Nothing else is read while the guard waits. */
#define PATIENCE_SECONDS 5
/* Of the authentication. */
#define MAX_LINE 1024

struct _HandoffBusInquiry
{
  char *bus_address;     /* (owned) */
  GMainContext *context; /* (unowned) */
  HandoffBusInquiryFunc answered;
  gpointer user_data;
  HandoffBusStream *stream; /* (owned) (nullable) */
  gboolean closed;          /* the stream cannot be used any more */
  guint32 last_serial;
  char *name;     /* (owned) (nullable): the name that is asked for */
  GSource *timer; /* (owned) (nullable): for patience, or quiet */
};

static void
set_timer (HandoffBusInquiry *self, guint seconds, GSourceFunc func)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  if (func == NULL)
    return;
  self->timer = handoff_clock_timeout_source_new (seconds * G_TIME_SPAN_SECOND);
  g_source_set_callback (self->timer, func, self, NULL);
  g_source_attach (self->timer, self->context);
}

static gboolean
be_quiet (gpointer user_data)
{
  HandoffBusInquiry *self = user_data;

  g_clear_pointer (&self->stream, handoff_bus_stream_free);
  set_timer (self, 0, NULL);
  return G_SOURCE_REMOVE;
}

static void
answer (HandoffBusInquiry *self, guint uid)
{
  g_autofree char *name = g_steal_pointer (&self->name);

  set_timer (self, QUIET_SECONDS, be_quiet);
  if (name != NULL)
    self->answered (name, uid, self->user_data);
}

static gboolean
wants_body (const HandoffBusMessage *message, gpointer user_data)
{
  return handoff_bus_message_is_of_the_bus (message);
}

static void
received (HandoffBusMessage *received_message, gpointer user_data)
{
  HandoffBusInquiry *self = user_data;
  g_autoptr (HandoffBusMessage) message = received_message;
  g_autoptr (GDBusMessage) reply = NULL;
  GVariant *body;
  guint uid = HANDOFF_UID_UNKNOWN;

  if (self->name == NULL || message->reply_serial != self->last_serial ||
      !handoff_bus_message_is_of_the_bus (message))
    return;
  reply = handoff_bus_message_to_gdbus (message);
  body = reply != NULL ? g_dbus_message_get_body (reply) : NULL;
  if (message->type == G_DBUS_MESSAGE_TYPE_METHOD_RETURN && body != NULL &&
      g_variant_is_of_type (body, G_VARIANT_TYPE ("(u)")))
    g_variant_get (body, "(u)", &uid);
  answer (self, uid);
}

static void
relieved (gpointer user_data)
{
}

static void
closed (gpointer user_data)
{
  HandoffBusInquiry *self = user_data;

  self->closed = TRUE;
  answer (self, HANDOFF_UID_UNKNOWN);
}

static const HandoffBusStreamFuncs funcs = { NULL, wants_body, received, relieved, closed };

/* D-Bus specification, “Authentication Protocol”. The guard does not negotiate descriptors, so the
 * bus delivers none. */
static gboolean
authenticate (GIOStream *stream, GError **error)
{
  GOutputStream *output = g_io_stream_get_output_stream (stream);
  GInputStream *input = g_io_stream_get_input_stream (stream);
  g_autofree char *id = g_strdup_printf ("%u", (guint) geteuid ());
  g_autoptr (GString) hello = g_string_new ("AUTH EXTERNAL ");
  g_autoptr (GString) line = g_string_new (NULL);
  const char *c;
  char byte;

  for (c = id; *c != '\0'; c++)
    g_string_append_printf (hello, "%02x", (guint) *c);
  g_string_append (hello, "\r\n");
  if (!g_output_stream_write_all (output, "", 1, NULL, NULL, error) ||
      !g_output_stream_write_all (output, hello->str, hello->len, NULL, NULL, error))
    return FALSE;
  while (!g_str_has_suffix (line->str, "\r\n") && line->len < MAX_LINE)
    {
      const gssize n = g_input_stream_read (input, &byte, 1, NULL, error);

      if (n < 0)
        return FALSE;
      if (n == 0)
        break;
      g_string_append_c (line, byte);
    }
  if (!g_str_has_prefix (line->str, "OK "))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "The bus does not let the service in");
      return FALSE;
    }
  return g_output_stream_write_all (output, "BEGIN\r\n", strlen ("BEGIN\r\n"), NULL, NULL, error);
}

static void
send_call (HandoffBusInquiry *self, const char *method, GVariant *arguments)
{
  g_autoptr (GDBusMessage) call = g_dbus_message_new_method_call (
      "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", method);

  if (arguments != NULL)
    g_dbus_message_set_body (call, arguments);
  handoff_bus_stream_send (self->stream,
                           handoff_bus_message_new_from_gdbus (call, ++self->last_serial));
}

/* The bus is on this machine, and trusted: waiting for it is safe. */
static gboolean
ensure_connected (HandoffBusInquiry *self)
{
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  int fd;

  if (self->closed)
    g_clear_pointer (&self->stream, handoff_bus_stream_free);
  if (self->stream != NULL)
    return TRUE;
  stream = g_dbus_address_get_stream_sync (self->bus_address, NULL, NULL, &error);
  if (stream != NULL)
    g_socket_set_timeout (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)),
                          PATIENCE_SECONDS);
  if (stream == NULL || !authenticate (stream, &error))
    {
      g_warning ("Cannot ask the bus whose connection %s is: %s", self->name, error->message);
      return FALSE;
    }
  fd = fcntl (g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream))),
              F_DUPFD_CLOEXEC, 3);
  if (fd < 0)
    return FALSE;
  self->closed = FALSE;
  self->stream = handoff_bus_stream_new (fd, self->context, &funcs, self);
  send_call (self, "Hello", NULL);
  return !self->closed;
}

static gboolean
give_up (gpointer user_data)
{
  HandoffBusInquiry *self = user_data;

  self->closed = TRUE;
  answer (self, HANDOFF_UID_UNKNOWN);
  return G_SOURCE_REMOVE;
}

HandoffBusInquiry *
handoff_bus_inquiry_new (const char *bus_address,
                         GMainContext *context,
                         HandoffBusInquiryFunc answered,
                         gpointer user_data)
{
  HandoffBusInquiry *self = g_new0 (HandoffBusInquiry, 1);

  self->bus_address = g_strdup (bus_address);
  self->context = context;
  self->answered = answered;
  self->user_data = user_data;
  return self;
}

void
handoff_bus_inquiry_free (HandoffBusInquiry *self)
{
  set_timer (self, 0, NULL);
  g_clear_pointer (&self->stream, handoff_bus_stream_free);
  g_free (self->name);
  g_free (self->bus_address);
  g_free (self);
}

void
handoff_bus_inquiry_ask (HandoffBusInquiry *self, const char *name)
{
  if (self->name != NULL)
    return;
  self->name = g_strdup (name);
  /* The answer comes later also when the bus cannot be reached. */
  set_timer (self, PATIENCE_SECONDS, give_up);
  if (ensure_connected (self))
    send_call (self, "GetConnectionUnixUser", g_variant_new ("(s)", name));
  else
    set_timer (self, 0, give_up);
}

gboolean
handoff_bus_inquiry_is_busy (HandoffBusInquiry *self)
{
  return self->name != NULL;
}
