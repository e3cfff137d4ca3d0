/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "connection/base-stream.h"

GSocket *
handoff_base_stream_get_socket (GIOStream *base)
{
  /* What a proxy's handshake left: another stream in the guise of a GTcpConnection. */
  if (G_IS_TCP_WRAPPER_CONNECTION (base))
    return handoff_base_stream_get_socket (
        g_tcp_wrapper_connection_get_base_io_stream (G_TCP_WRAPPER_CONNECTION (base)));

  if (G_IS_SOCKET_CONNECTION (base))
    return g_socket_connection_get_socket (G_SOCKET_CONNECTION (base));

  return NULL;
}

guint
handoff_base_stream_get_timeout (GIOStream *base)
{
  GSocket *socket = handoff_base_stream_get_socket (base);

  return socket != NULL ? g_socket_get_timeout (socket) : 0;
}

gboolean
handoff_base_stream_can_poll (GIOStream *base, GIOCondition direction)
{
  if (direction == G_IO_IN)
    {
      GInputStream *input = g_io_stream_get_input_stream (base);

      return G_IS_POLLABLE_INPUT_STREAM (input) &&
             g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (input));
    }
  else
    {
      GOutputStream *output = g_io_stream_get_output_stream (base);

      return G_IS_POLLABLE_OUTPUT_STREAM (output) &&
             g_pollable_output_stream_can_poll (G_POLLABLE_OUTPUT_STREAM (output));
    }
}

gboolean
handoff_base_stream_is_ready (GIOStream *base, GIOCondition direction)
{
  if (direction == G_IO_IN)
    return g_pollable_input_stream_is_readable (
        G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (base)));

  return g_pollable_output_stream_is_writable (
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (base)));
}

GSource *
handoff_base_stream_create_source (GIOStream *base,
                                   GIOCondition direction,
                                   GCancellable *cancellable)
{
  if (direction == G_IO_IN)
    return g_pollable_input_stream_create_source (
        G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (base)), cancellable);

  return g_pollable_output_stream_create_source (
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (base)), cancellable);
}
