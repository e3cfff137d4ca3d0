/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/peer-address.h"

#include <arpa/inet.h>
#include <string.h>

void
handoff_peer_address_learn (HandoffPeerAddress *self, int fd)
{
  socklen_t size = sizeof *self;

  if (self->any.sa_family == AF_UNSPEC && getpeername (fd, &self->any, &size) != 0)
    memset (self, 0, sizeof *self);
}

char *
handoff_peer_address_to_text (const HandoffPeerAddress *self)
{
  char text[INET6_ADDRSTRLEN];

  switch (self->any.sa_family)
    {
    case AF_INET:
      inet_ntop (AF_INET, &self->v4.sin_addr, text, sizeof text);
      return g_strdup_printf ("%s:%u", text, ntohs (self->v4.sin_port));
    case AF_INET6:
      inet_ntop (AF_INET6, &self->v6.sin6_addr, text, sizeof text);
      return g_strdup_printf ("[%s]:%u", text, ntohs (self->v6.sin6_port));
    default:
      return NULL;
    }
}
