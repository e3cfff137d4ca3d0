/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "link/importer-messages.h"

#include "description/description.h"

enum
{
  HAS_NO_USER = 1 << 0,
  HAS_USER = 1 << 1,
};

#define DESCRIBED "(" HANDOFF_DESCRIPTION_TYPE ")"

static const HandoffLinkRow rows[HANDOFF_IMPORTER_N_MESSAGES] = {
  [HANDOFF_IMPORTER_USER] = { .name = "user",
                              .type = "(u)",
                              .states = HAS_NO_USER,
                              .next_state = HAS_USER },
  [HANDOFF_IMPORTER_IMPORT] = { .name = "import",
                                .type = "(tb)",
                                .reply_type = DESCRIBED,
                                .min_fds = 2,
                                .max_fds = 3,
                                .max_waiting = HANDOFF_IMPORTER_MAX_WAITING,
                                .states = HAS_USER },
  [HANDOFF_IMPORTER_READ_PEM] = { .name = "read-pem",
                                  .type = "(t)",
                                  .reply_type = "(" HANDOFF_DESCRIPTION_TYPE "ay)",
                                  .min_fds = 2,
                                  .max_fds = 2,
                                  .max_waiting = HANDOFF_IMPORTER_MAX_WAITING,
                                  .states = HAS_USER },
  [HANDOFF_IMPORTER_CERTIFY] = { .name = "certify",
                                 .type = "(tayaay)",
                                 .reply_type = DESCRIBED,
                                 .max_waiting = HANDOFF_IMPORTER_MAX_WAITING,
                                 .states = HAS_USER },
  [HANDOFF_IMPORTER_STAPLE] = { .name = "staple",
                                .type = "(tayaayay)",
                                .reply_type = DESCRIBED,
                                .max_waiting = HANDOFF_IMPORTER_MAX_WAITING,
                                .states = HAS_USER },
  [HANDOFF_IMPORTER_DESCRIBE] = { .name = "describe",
                                  .type = "(taybb)",
                                  .reply_type = DESCRIBED,
                                  .max_fds = 2,
                                  .max_waiting = HANDOFF_IMPORTER_MAX_WAITING,
                                  .states = HAS_USER },
  [HANDOFF_IMPORTER_CANCEL] = { .name = "cancel", .type = "(t)", .states = HAS_USER },
};

const HandoffLinkTable handoff_importer_table = {
  .name = "importer",
  .rows = rows,
  .n_rows = G_N_ELEMENTS (rows),
  .first_state = HAS_NO_USER,
};
