/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/service-error.h"

#include "keyblob/bus-failure.h"
#include "phrasebook/library-text.h"
#include "phrasebook/phrasebook.h"
#include "tls-handoff-error.h"

/* (nullable): NULL if the error's own message says enough */
static const char *
explanation_of (const GError *error)
{
  g_autofree char *remote_name = NULL;

  switch (handoff_bus_failure_from_error (error))
    {
    case HANDOFF_BUS_FAILURE_NOBODY:
      return _ ("The TLS Handoff service is not installed or not running, so no TLS connection "
                "can be made; install it, or ask the administrator to");
    case HANDOFF_BUS_FAILURE_NOT_STARTED:
      return _ ("The TLS Handoff service did not start; the system journal says why "
                "(journalctl -u tls-handoffd)");
    case HANDOFF_BUS_FAILURE_WENT_AWAY:
      return _ ("The TLS Handoff service went away before it replied; the system journal says why "
                "(journalctl -u tls-handoffd)");
    case HANDOFF_BUS_FAILURE_DENIED:
      return _ ("The system bus does not let this process talk to the TLS Handoff service; the "
                "administrator decides that in the bus policy org.tlshandoff.Handoff1.conf");
    case HANDOFF_BUS_FAILURE_CROWDED:
    case HANDOFF_BUS_FAILURE_OTHER:
    default:
      break;
    }
  if (error->domain == G_DBUS_ERROR)
    {
      switch (error->code)
        {
        case G_DBUS_ERROR_UNKNOWN_METHOD:
        case G_DBUS_ERROR_UNKNOWN_INTERFACE:
        case G_DBUS_ERROR_UNKNOWN_PROPERTY:
          return _ ("The TLS Handoff service is too old for this library; update it");
        case G_DBUS_ERROR_UNKNOWN_OBJECT:
          return _ ("The service does not have this any more, or it belongs to somebody else");
        default:
          return _ ("The TLS Handoff service cannot be used");
        }
    }

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    return _ ("The connection to the message bus is closed");

  remote_name = g_dbus_error_is_remote_error (error) ? g_dbus_error_get_remote_error (error) : NULL;
  if (remote_name != NULL && g_str_has_prefix (remote_name, "org.freedesktop.systemd1."))
    return _ ("The TLS Handoff service did not start; the system journal says why "
              "(journalctl -u tls-handoffd)");

  return NULL;
}

void
handoff_service_error_explain (GError **error)
{
  const char *explanation;

  if (error == NULL || *error == NULL)
    return;
  if ((*error)->domain == TLS_HANDOFF_ERROR)
    {
      handoff_phrasebook_translate_error (*error);
      return;
    }

  explanation = explanation_of (*error);
  g_dbus_error_strip_remote_error (*error);
  handoff_phrasebook_translate_error (*error);
  if (explanation != NULL)
    g_prefix_error (error, "%s: ", explanation);
}

void
handoff_service_error_mark_unreachable (GError **error)
{
  if (error == NULL || *error == NULL || (*error)->domain != G_IO_ERROR)
    return;
  /* The caller cancelled, or this process lacks descriptors or memory. */
  if ((*error)->code == G_IO_ERROR_CANCELLED || (*error)->code == G_IO_ERROR_TOO_MANY_OPEN_FILES ||
      (*error)->code == G_IO_ERROR_NO_SPACE)
    return;

  (*error)->domain = G_DBUS_ERROR;
  (*error)->code = G_DBUS_ERROR_DISCONNECTED;
}

void
handoff_service_error_mark_begun (GError **error)
{
  if (g_error_matches (*error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED))
    (*error)->code = TLS_HANDOFF_ERROR_FAILED;
  else if (g_error_matches (*error, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED))
    (*error)->code = G_DBUS_ERROR_FAILED;
}
