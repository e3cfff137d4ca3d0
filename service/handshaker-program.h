/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/program-kind.h"

/* The program tls-handoff-handshaker: started as a process. */
extern const HandoffProgramKind handoff_handshaker_program;
