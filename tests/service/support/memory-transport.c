/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "support/memory-transport.h"

#include <errno.h>
#include <string.h>

static ssize_t
push (gnutls_transport_ptr_t data, const void *bytes, size_t size)
{
  g_byte_array_append (((MemoryTransport *) data)->out, bytes, (guint) size);
  return (ssize_t) size;
}

static ssize_t
pull (gnutls_transport_ptr_t data, void *buffer, size_t size)
{
  MemoryTransport *self = data;

  size = MIN (size, self->in->len);
  if (size == 0)
    {
      gnutls_transport_set_errno (self->session, EAGAIN);
      return -1;
    }
  memcpy (buffer, self->in->data, size);
  g_byte_array_remove_range (self->in, 0, (guint) size);
  return (ssize_t) size;
}

void
memory_transport_attach (MemoryTransport *self,
                         gnutls_session_t session,
                         GByteArray *in,
                         GByteArray *out)
{
  self->session = session;
  self->in = in;
  self->out = out;
  gnutls_transport_set_ptr (session, self);
  gnutls_transport_set_push_function (session, push);
  gnutls_transport_set_pull_function (session, pull);
}
