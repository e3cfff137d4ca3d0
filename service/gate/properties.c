/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "gate/properties.h"

void
handoff_properties_reply (HandoffCall *call, GVariant *properties)
{
  g_autoptr (GVariant) owned_properties G_GNUC_UNUSED = properties;
  g_autoptr (GVariant) value = NULL;
  const char *name;

  if (g_str_equal (handoff_call_get_row (call)->method_name, "GetAll"))
    {
      handoff_call_return (call, g_variant_new ("(@a{sv})", properties), NULL);
      return;
    }
  /* GDBus has checked that the interface has a property of that name. */
  g_variant_get_child (handoff_call_get_parameters (call), 1, "&s", &name);
  value = g_variant_lookup_value (properties, name, NULL);
  handoff_call_return (call, g_variant_new ("(v)", value), NULL);
}
