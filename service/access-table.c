/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "access-table.h"

#include "keyblob/handoff-names.h"

/* The whole of it. What is not here is denied. */
static const HandoffAccessRow rows[] = {
  { HANDOFF_MANAGER_INTERFACE, "HandshakeAsClient", HANDOFF_ACCESS_ACTION,
    HANDOFF_ACTION_HANDSHAKE_AS_CLIENT },
  { HANDOFF_MANAGER_INTERFACE, "CreateSession", HANDOFF_ACCESS_ACTION,
    HANDOFF_ACTION_HANDSHAKE_AS_CLIENT },
  { HANDOFF_MANAGER_INTERFACE, "GetStatistics", HANDOFF_ACCESS_ACTION,
    HANDOFF_ACTION_INSPECT_SESSIONS },
  { HANDOFF_MANAGER_INTERFACE, "Reload", HANDOFF_ACCESS_ACTION, HANDOFF_ACTION_RELOAD },
  { HANDOFF_SESSION_INTERFACE, "Step", HANDOFF_ACCESS_OWNER, NULL },
  { HANDOFF_SESSION_INTERFACE, "ReviewCertificate", HANDOFF_ACCESS_OWNER, NULL },
  { HANDOFF_SESSION_INTERFACE, "ExportKeys", HANDOFF_ACCESS_OWNER, NULL },
  { HANDOFF_SESSION_INTERFACE, "PostHandshake", HANDOFF_ACCESS_OWNER, NULL },
  { HANDOFF_SESSION_INTERFACE, "Close", HANDOFF_ACCESS_OWNER, NULL },
  /* Of objects that belong to somebody; the manager's properties are public facts. */
  { HANDOFF_PROPERTIES_INTERFACE, "Get", HANDOFF_ACCESS_OWNER, NULL },
  { HANDOFF_PROPERTIES_INTERFACE, "GetAll", HANDOFF_ACCESS_OWNER, NULL },
};

const HandoffAccessRow *
handoff_access_table_lookup (const char *interface_name, const char *method_name)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      if (g_str_equal (rows[i].interface_name, interface_name) &&
          g_str_equal (rows[i].method_name, method_name))
        return &rows[i];
    }
  return NULL;
}
