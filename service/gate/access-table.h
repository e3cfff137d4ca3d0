/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#define HANDOFF_PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"
#define HANDOFF_OBJECT_MANAGER_INTERFACE "org.freedesktop.DBus.ObjectManager"

/* What it takes to call a method. */
typedef enum
{
  HANDOFF_ACCESS_ACTION, /* polkit must authorize the caller for the row's action */
  HANDOFF_ACCESS_OWNER,  /* the object must be the caller's; for others the object does not exist */
  /* The row's action for a client, the other one for a server. */
  HANDOFF_ACCESS_ROLE,
  /* The row's action for what is, or will be, the caller's own; the other one for what is
   * another's.
   */
  HANDOFF_ACCESS_OWNED,
  /* Likewise for the object that is called: for a caller who neither owns the object nor is
   * authorized, the object does not exist. */
  HANDOFF_ACCESS_OWNED_OBJECT,
  /* Everybody may: it makes something of the caller's own, and whatever is done with that needs
   * what it needs anyway. */
  HANDOFF_ACCESS_FREE,
} HandoffAccess;

typedef struct
{
  const char *object; /* the interface for which the object is there */
  const char *interface_name;
  const char *method_name;
  HandoffAccess access;
  /* (nullable): polkit action ids. NULL: it is enough to be the owner. */
  const char *action;
  const char *other_action;
} HandoffAccessRow;

/* object: the interface for which the called object is there: who may read properties depends on
 * the kind of object. NULL: the method is not in the table and must be refused. */
const HandoffAccessRow *handoff_access_table_lookup (const char *object,
                                                     const char *interface_name,
                                                     const char *method_name);
