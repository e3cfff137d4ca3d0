/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "guard/bus-limits.h"

const char *
handoff_bus_limits_find_excess (const HandoffBusMessage *call)
{
  if (call->rights_dropped)
    return "Too many file descriptors wait to be closed by the service: a file system does not "
           "answer, or sockets linger. It takes no more of this user now; try again later";
  else if (call->full_size > HANDOFF_BUS_CALL_MAX_SIZE)
    return "The message is larger than 2 MiB, which is the limit for calls of the service";
  else if (call->n_fds > HANDOFF_BUS_CALL_MAX_FDS)
    return "The message carries more than 4 descriptors, and no method takes so many";
  else if (!handoff_bus_message_has_few_values (call, HANDOFF_BUS_CALL_MAX_VALUES))
    return "The message has more than 4096 values, and no method takes so many";
  return NULL;
}
