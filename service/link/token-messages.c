/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "link/token-messages.h"

#define NEW 1
#define CONFIGURED 2

/* Requests that wait for a token: of what callers do with credentials, whose number is limited
 * where they are received; and of the threads of tokens, one each. */
#define MAX_WAITING 4096

static const HandoffLinkRow rows[] = {
  [HANDOFF_TOKEN_CONFIGURE] = { .name = "configure",
                                .direction = HANDOFF_LINK_DOWN,
                                .type = "(ay)",
                                .states = NEW,
                                .next_state = CONFIGURED },
  [HANDOFF_TOKEN_HAS] = { .name = "has",
                          .direction = HANDOFF_LINK_DOWN,
                          .type = "(s)",
                          .reply_type = "(b)",
                          .max_waiting = MAX_WAITING,
                          .states = CONFIGURED },
  [HANDOFF_TOKEN_FIND] = { .name = "find",
                           .direction = HANDOFF_LINK_DOWN,
                           .type = HANDOFF_TOKEN_FIND_TYPE,
                           .reply_type = HANDOFF_TOKEN_FIND_REPLY_TYPE,
                           .max_waiting = MAX_WAITING,
                           .states = CONFIGURED },
  [HANDOFF_TOKEN_ADD_KEY] = { .name = "add-key",
                              .direction = HANDOFF_LINK_DOWN,
                              .type = HANDOFF_TOKEN_ADD_KEY_TYPE,
                              .states = CONFIGURED },
  [HANDOFF_TOKEN_REMOVE_KEY] = { .name = "remove-key",
                                 .direction = HANDOFF_LINK_DOWN,
                                 .type = "(s)",
                                 .states = CONFIGURED },
  [HANDOFF_TOKEN_REQUEST_CERTIFICATE] = { .name = "request-certificate",
                                          .direction = HANDOFF_LINK_DOWN,
                                          .type = HANDOFF_CERTIFICATE_REQUEST_TYPE,
                                          .reply_type = HANDOFF_CERTIFICATE_REQUEST_REPLY_TYPE,
                                          .max_waiting = MAX_WAITING,
                                          .states = CONFIGURED },
  [HANDOFF_TOKEN_HOLDER] = { .name = "holder",
                             .direction = HANDOFF_LINK_DOWN,
                             .type = HANDOFF_HOLDER_TYPE,
                             .max_fds = HANDOFF_MAX_HOLDER_SOCKETS,
                             .states = CONFIGURED },
  [HANDOFF_TOKEN_HOLDER_GONE] = { .name = "holder-gone",
                                  .direction = HANDOFF_LINK_DOWN,
                                  .type = HANDOFF_HOLDER_GONE_TYPE,
                                  .states = CONFIGURED },
  [HANDOFF_TOKEN_GRANT] = { .name = "grant",
                            .direction = HANDOFF_LINK_DOWN,
                            .type = HANDOFF_GRANT_TYPE,
                            .states = CONFIGURED },
  [HANDOFF_TOKEN_GRANT_OVER] = { .name = "grant-over",
                                 .direction = HANDOFF_LINK_DOWN,
                                 .type = HANDOFF_GRANT_OVER_TYPE,
                                 .states = CONFIGURED },
  [HANDOFF_TOKEN_VIOLATION] = { .name = "violation",
                                .direction = HANDOFF_LINK_UP,
                                .type = HANDOFF_VIOLATION_TYPE,
                                .states = CONFIGURED },
  [HANDOFF_TOKEN_FIND_PIN] = { .name = "find-pin",
                               .direction = HANDOFF_LINK_UP,
                               .type = "(s)",
                               .reply_type = HANDOFF_TOKEN_FIND_PIN_REPLY_TYPE,
                               .max_waiting = MAX_WAITING,
                               .states = CONFIGURED },
  [HANDOFF_TOKEN_TRY_PIN] = { .name = "try-pin",
                              .direction = HANDOFF_LINK_UP,
                              .type = HANDOFF_TOKEN_TRY_PIN_TYPE,
                              .reply_type = "(b)",
                              .max_waiting = MAX_WAITING,
                              .states = CONFIGURED },
  [HANDOFF_TOKEN_SETTLE_PIN] = { .name = "settle-pin",
                                 .direction = HANDOFF_LINK_UP,
                                 .type = HANDOFF_TOKEN_SETTLE_PIN_TYPE,
                                 .states = CONFIGURED },
  [HANDOFF_TOKEN_LOST] = { .name = "lost",
                           .direction = HANDOFF_LINK_UP,
                           .type = "(s)",
                           .states = CONFIGURED },
};

const HandoffLinkTable handoff_token_messages = {
  .name = "token",
  .rows = rows,
  .n_rows = G_N_ELEMENTS (rows),
  .first_state = NEW,
  .has_secrets = TRUE,
};
