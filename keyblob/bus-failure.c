/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "bus-failure.h"

HandoffBusFailure
handoff_bus_failure_from_error (const GError *error)
{
  if (error->domain != G_DBUS_ERROR)
    return HANDOFF_BUS_FAILURE_OTHER;

  switch (error->code)
    {
    case G_DBUS_ERROR_SERVICE_UNKNOWN:
    case G_DBUS_ERROR_NAME_HAS_NO_OWNER:
    case G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND:
      return HANDOFF_BUS_FAILURE_NOBODY;
    case G_DBUS_ERROR_SPAWN_EXEC_FAILED:
    case G_DBUS_ERROR_SPAWN_FORK_FAILED:
    case G_DBUS_ERROR_SPAWN_CHILD_EXITED:
    case G_DBUS_ERROR_SPAWN_CHILD_SIGNALED:
    case G_DBUS_ERROR_SPAWN_FAILED:
    case G_DBUS_ERROR_SPAWN_SETUP_FAILED:
    case G_DBUS_ERROR_SPAWN_CONFIG_INVALID:
    case G_DBUS_ERROR_SPAWN_SERVICE_INVALID:
    case G_DBUS_ERROR_SPAWN_PERMISSIONS_INVALID:
    case G_DBUS_ERROR_SPAWN_FILE_INVALID:
    case G_DBUS_ERROR_SPAWN_NO_MEMORY:
    case G_DBUS_ERROR_TIMED_OUT:
      return HANDOFF_BUS_FAILURE_NOT_STARTED;
    case G_DBUS_ERROR_NO_REPLY:
    case G_DBUS_ERROR_DISCONNECTED:
      return HANDOFF_BUS_FAILURE_WENT_AWAY;
    case G_DBUS_ERROR_ACCESS_DENIED:
      return HANDOFF_BUS_FAILURE_DENIED;
    case G_DBUS_ERROR_LIMITS_EXCEEDED:
      return HANDOFF_BUS_FAILURE_CROWDED;
    default:
      return HANDOFF_BUS_FAILURE_OTHER;
    }
}
