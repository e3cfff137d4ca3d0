/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "proxy/front.h"

gboolean cli_fronts_run (CliFrontSettings *settings);
