/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "link/import-messages.h"

/* States */
enum
{
  WAITING = 1 << 0,
  DONE = 1 << 1,
};

static const HandoffLinkRow rows[] = {
  [HANDOFF_IMPORT_KEY] = {
    .name = "key",
    .direction = HANDOFF_LINK_DOWN,
    .type = "(ay)",
    .states = WAITING,
    .next_state = DONE,
  },
};

const HandoffLinkTable handoff_import_messages = {
  .name = "import",
  .rows = rows,
  .n_rows = G_N_ELEMENTS (rows),
  .first_state = WAITING,
  .has_secrets = TRUE,
};
