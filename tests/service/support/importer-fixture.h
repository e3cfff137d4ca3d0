/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "importers/importers.h"

/* Importers that do what a test says: the other ends of links, in this process. */
typedef struct
{
  /* A request. It may take the call; one that it leaves waits, and fails when the importer is
   * ended. */
  void (*asked) (HandoffLinkMessage *message, gpointer user_data);
  gpointer user_data; /* (unowned) */
  guint n_ended;
} TestImporters;

/* Its user_data: a TestImporters (unowned). */
extern const HandoffImporterProgram test_importer_program;
