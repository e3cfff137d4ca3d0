/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "program/program.h"

/* The program tls-handoff-importer. */
extern const HandoffProgramMain handoff_importer_main;
