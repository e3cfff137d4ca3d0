/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "gate/access-table.h"

#include "keyblob/handoff-names.h"

#define MANAGER(method, access, action, other_action)                                              \
  {                                                                                                \
    HANDOFF_MANAGER_INTERFACE, HANDOFF_MANAGER_INTERFACE, method, access, action, other_action     \
  }
#define SESSION(method)                                                                            \
  {                                                                                                \
    HANDOFF_SESSION_INTERFACE, HANDOFF_SESSION_INTERFACE, method, HANDOFF_ACCESS_OWNER, NULL, NULL \
  }
#define CREDENTIAL(method)                                                                         \
  {                                                                                                \
    HANDOFF_CREDENTIAL_INTERFACE, HANDOFF_CREDENTIAL_INTERFACE, method,                            \
        HANDOFF_ACCESS_OWNED_OBJECT, HANDOFF_ACTION_MANAGE_OWN_CREDENTIALS,                        \
        HANDOFF_ACTION_MANAGE_ANY_CREDENTIALS                                                      \
  }

/* The whole of it. What is not here is denied. */
static const HandoffAccessRow rows[] = {
  MANAGER ("HandshakeAsClient", HANDOFF_ACCESS_ACTION, HANDOFF_ACTION_HANDSHAKE_AS_CLIENT, NULL),
  MANAGER ("HandshakeAsServer", HANDOFF_ACCESS_ACTION, HANDOFF_ACTION_HANDSHAKE_AS_SERVER, NULL),
  MANAGER ("CreateSession",
           HANDOFF_ACCESS_ROLE,
           HANDOFF_ACTION_HANDSHAKE_AS_CLIENT,
           HANDOFF_ACTION_HANDSHAKE_AS_SERVER),
  MANAGER ("OpenChannel", HANDOFF_ACCESS_FREE, NULL, NULL),
  MANAGER ("ImportCredential",
           HANDOFF_ACCESS_OWNED,
           HANDOFF_ACTION_MANAGE_OWN_CREDENTIALS,
           HANDOFF_ACTION_MANAGE_ANY_CREDENTIALS),
  MANAGER ("GenerateCredential",
           HANDOFF_ACCESS_OWNED,
           HANDOFF_ACTION_MANAGE_OWN_CREDENTIALS,
           HANDOFF_ACTION_MANAGE_ANY_CREDENTIALS),
  MANAGER ("LinkCredential",
           HANDOFF_ACCESS_OWNED,
           HANDOFF_ACTION_MANAGE_OWN_CREDENTIALS,
           HANDOFF_ACTION_MANAGE_ANY_CREDENTIALS),
  MANAGER ("ListCredentials", HANDOFF_ACCESS_OWNED, NULL, HANDOFF_ACTION_MANAGE_ANY_CREDENTIALS),
  MANAGER ("ListSessions", HANDOFF_ACCESS_OWNED, NULL, HANDOFF_ACTION_INSPECT_SESSIONS),
  MANAGER ("GetLog", HANDOFF_ACCESS_OWNED, NULL, HANDOFF_ACTION_INSPECT_SESSIONS),
  MANAGER ("GetStatistics", HANDOFF_ACCESS_ACTION, HANDOFF_ACTION_INSPECT_SESSIONS, NULL),
  MANAGER ("Reload", HANDOFF_ACCESS_ACTION, HANDOFF_ACTION_RELOAD, NULL),
  SESSION ("Step"),
  SESSION ("ReviewCertificate"),
  SESSION ("ProvideCredential"),
  SESSION ("ExportKeys"),
  SESSION ("PostHandshake"),
  SESSION ("Close"),
  CREDENTIAL ("CreateCertificateRequest"),
  CREDENTIAL ("SelfSign"),
  CREDENTIAL ("SetCertificates"),
  CREDENTIAL ("SetOcspResponse"),
  CREDENTIAL ("Unlock"),
  CREDENTIAL ("Remove"),
  /* Each is shown his own. */
  { HANDOFF_OBJECT_MANAGER_INTERFACE, HANDOFF_OBJECT_MANAGER_INTERFACE, "GetManagedObjects",
    HANDOFF_ACCESS_FREE, NULL, NULL },
  /* Of objects that belong to somebody; the manager's properties are public facts. */
  { HANDOFF_SESSION_INTERFACE, HANDOFF_PROPERTIES_INTERFACE, "Get", HANDOFF_ACCESS_OWNER, NULL,
    NULL },
  { HANDOFF_SESSION_INTERFACE, HANDOFF_PROPERTIES_INTERFACE, "GetAll", HANDOFF_ACCESS_OWNER, NULL,
    NULL },
  { HANDOFF_CREDENTIAL_INTERFACE, HANDOFF_PROPERTIES_INTERFACE, "Get", HANDOFF_ACCESS_OWNED_OBJECT,
    NULL, HANDOFF_ACTION_MANAGE_ANY_CREDENTIALS },
  { HANDOFF_CREDENTIAL_INTERFACE, HANDOFF_PROPERTIES_INTERFACE, "GetAll",
    HANDOFF_ACCESS_OWNED_OBJECT, NULL, HANDOFF_ACTION_MANAGE_ANY_CREDENTIALS },
};

const HandoffAccessRow *
handoff_access_table_lookup (const char *object,
                             const char *interface_name,
                             const char *method_name)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      if (g_str_equal (rows[i].object, object) &&
          g_str_equal (rows[i].interface_name, interface_name) &&
          g_str_equal (rows[i].method_name, method_name))
        return &rows[i];
    }
  return NULL;
}
