/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What GIO looks for in a module, and all that this one exports. */

#include "config.h"

#include <gio/gio.h>

#include "backend.h"

G_MODULE_EXPORT void
g_io_module_load (GIOModule *module)
{
  /* For good: the backend, and connections of the library's types, live as long as the process. */
  g_type_module_use (G_TYPE_MODULE (module));
  tls_handoff_backend_register (module);
}

/* GIO does not call it, since the module is in use. */
G_MODULE_EXPORT void
g_io_module_unload (GIOModule *module)
{
}

/* For gio-querymodules: which extension points need the module. It is loaded when a program first
 * asks for a TLS backend. */
G_MODULE_EXPORT char **
g_io_module_query (void)
{
  const char *const points[] = { G_TLS_BACKEND_EXTENSION_POINT_NAME, NULL };

  return g_strdupv ((char **) points);
}
