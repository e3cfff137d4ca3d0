/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "connection/connection-object.h"

GInputStream *handoff_input_stream_new (HandoffConnection *connection);
GOutputStream *handoff_output_stream_new (HandoffConnection *connection);
