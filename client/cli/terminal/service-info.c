/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/service-info.h"

#include "terminal/user-name.h"

/* What tls_handoff_manager_get_status_sync() returns, an a{sv}, as people call it. */

guint
cli_service_get_pid (GVariant *service)
{
  guint32 pid = 0;

  g_variant_lookup (service, "pid", "u", &pid);
  return pid;
}

guint
cli_service_get_uid (GVariant *service)
{
  guint32 uid = 0;

  g_variant_lookup (service, "uid", "u", &uid);
  return uid;
}

/**
 * cli_service_get_user:
 *
 * Returns: (transfer full): the name of the user that the service runs as, or the number if there
 * is none
 */
char *
cli_service_get_user (GVariant *service)
{
  return cli_user_name_dup (cli_service_get_uid (service));
}
