/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#define HANDOFF_PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

/* What it takes to call a method. */
typedef enum
{
  HANDOFF_ACCESS_ACTION, /* polkit must authorize the caller for the row's action */
  HANDOFF_ACCESS_OWNER,  /* the object must be the caller's; for others it does not exist */
} HandoffAccess;

typedef struct
{
  const char *interface_name;
  const char *method_name;
  HandoffAccess access;
  const char *action; /* (nullable): polkit action id */
} HandoffAccessRow;

/* NULL: the method is not in the table and must be refused. */
const HandoffAccessRow *handoff_access_table_lookup (const char *interface_name,
                                                     const char *method_name);
