/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "importer/importer-main.h"
#include "key/gnutls-support.h"
#include "wiping-allocator.h"

int
main (int argc, char *argv[])
{
  if (!handoff_wiping_allocator_is_used ())
    handoff_gnutls_wipe_freed_memory ();
  return handoff_program_main (argc, argv, &handoff_importer_main);
}
