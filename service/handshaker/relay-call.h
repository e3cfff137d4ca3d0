/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "gate/call.h"
#include "link/link.h"

/* A method call on the bus, as the broker relays it (HANDOFF_HANDSHAKER_CALL). */

typedef struct
{
  HandoffCallMessage base;
  const char *object;         /* (unowned): the interface for which its object is there */
  const char *interface_name; /* (unowned) */
  const char *method_name;    /* (unowned) */
} HandoffRelayCall;

/* Takes the request out of the message, with its descriptors. find_caller: of a number: (transfer
 * none) (nullable). NULL with G_IO_ERROR_INVALID_DATA if it is nothing that the broker may send. */
HandoffRelayCall *handoff_relay_call_new (HandoffLinkMessage *message,
                                          HandoffCaller *(*find_caller) (guint64 number,
                                                                         gpointer user_data),
                                          gpointer user_data,
                                          GError **error);
