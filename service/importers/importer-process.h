/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "importers/importers.h"

/* The importer as the service has it: the program tls-handoff-importer. Needs no user data. */
extern const HandoffImporterProgram handoff_importer_process;
