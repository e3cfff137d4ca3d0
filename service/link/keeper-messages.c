/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "link/keeper-messages.h"

/* Changes that the broker may have under way at a time: its quotas are lower. */
#define MAX_CHANGES 4096

static const HandoffLinkRow rows[] = {
  [HANDOFF_KEEPER_LOAD] = {
    .name = "load",
    .direction = HANDOFF_LINK_DOWN,
    .type = "()",
    .reply_type = "(u)",
    .max_waiting = MAX_CHANGES,
  },
  [HANDOFF_KEEPER_LOADED] = {
    .name = "loaded",
    .direction = HANDOFF_LINK_UP,
    .type = HANDOFF_KEEPER_LOADED_TYPE,
    .reply_type = "()",
    .max_waiting = 1,
  },
  [HANDOFF_KEEPER_UNDESCRIBED] = {
    .name = "undescribed",
    .direction = HANDOFF_LINK_UP,
    .type = HANDOFF_KEEPER_UNDESCRIBED_TYPE,
    .reply_type = "()",
    .max_fds = 2,
    .max_waiting = 1,
  },
  [HANDOFF_KEEPER_DESCRIBE] = {
    .name = "describe",
    .direction = HANDOFF_LINK_DOWN,
    .type = "(say" HANDOFF_DESCRIPTION_TYPE ")",
    .reply_type = "()",
    .max_waiting = MAX_CHANGES,
  },
  [HANDOFF_KEEPER_HOLD] = {
    .name = "hold",
    .direction = HANDOFF_LINK_DOWN,
    .type = "(su)",
    .reply_type = "(ay)",
    .min_fds = 1,
    .max_fds = 1,
    .max_waiting = MAX_CHANGES,
  },
  [HANDOFF_KEEPER_GENERATE] = {
    .name = "generate",
    .direction = HANDOFF_LINK_DOWN,
    .type = "(sus)",
    .reply_type = "(ays)",
    .max_waiting = MAX_CHANGES,
  },
  [HANDOFF_KEEPER_RELEASE] = {
    .name = "release",
    .direction = HANDOFF_LINK_DOWN,
    .type = "(s)",
  },
  [HANDOFF_KEEPER_ADD] = {
    .name = "add",
    .direction = HANDOFF_LINK_DOWN,
    .type = HANDOFF_KEEPER_LOADED_TYPE,
    .reply_type = "()",
    .max_waiting = MAX_CHANGES,
  },
  [HANDOFF_KEEPER_SET_CERTIFICATES] = {
    .name = "set-certificates",
    .direction = HANDOFF_LINK_DOWN,
    .type = "(s" HANDOFF_DESCRIPTION_TYPE ")",
    .reply_type = "()",
    .max_waiting = MAX_CHANGES,
  },
  [HANDOFF_KEEPER_SET_OCSP_RESPONSE] = {
    .name = "set-ocsp-response",
    .direction = HANDOFF_LINK_DOWN,
    .type = "(s" HANDOFF_DESCRIPTION_TYPE ")",
    .reply_type = "()",
    .max_waiting = MAX_CHANGES,
  },
  [HANDOFF_KEEPER_REMOVE] = {
    .name = "remove",
    .direction = HANDOFF_LINK_DOWN,
    .type = "(s)",
    .reply_type = "()",
    .max_waiting = MAX_CHANGES,
  },
  [HANDOFF_KEEPER_REQUEST_CERTIFICATE] = {
    .name = "request-certificate",
    .direction = HANDOFF_LINK_DOWN,
    .type = HANDOFF_CERTIFICATE_REQUEST_TYPE,
    .reply_type = HANDOFF_CERTIFICATE_REQUEST_REPLY_TYPE,
    .max_waiting = MAX_CHANGES,
  },
  [HANDOFF_KEEPER_PING] = {
    .name = "ping",
    .direction = HANDOFF_LINK_DOWN,
    .type = "()",
    .reply_type = "()",
    .max_waiting = 1,
  },
  [HANDOFF_KEEPER_HOLDER] = {
    .name = "holder",
    .direction = HANDOFF_LINK_DOWN,
    .type = HANDOFF_HOLDER_TYPE,
  },
  [HANDOFF_KEEPER_HOLDER_SOCKET] = {
    .name = "holder-socket",
    .direction = HANDOFF_LINK_DOWN,
    .type = HANDOFF_HOLDER_SOCKET_TYPE,
    .reply_type = HANDOFF_HOLDER_SOCKET_REPLY_TYPE,
    .min_fds = 1,
    .max_fds = 1,
    .max_waiting = HANDOFF_MAX_UNREAD_SOCKETS,
  },
  [HANDOFF_KEEPER_HOLDER_GONE] = {
    .name = "holder-gone",
    .direction = HANDOFF_LINK_DOWN,
    .type = HANDOFF_HOLDER_GONE_TYPE,
  },
  [HANDOFF_KEEPER_GRANT] = {
    .name = "grant",
    .direction = HANDOFF_LINK_DOWN,
    .type = HANDOFF_GRANT_TYPE,
  },
  [HANDOFF_KEEPER_GRANT_OVER] = {
    .name = "grant-over",
    .direction = HANDOFF_LINK_DOWN,
    .type = HANDOFF_GRANT_OVER_TYPE,
  },
  [HANDOFF_KEEPER_VIOLATION] = {
    .name = "violation",
    .direction = HANDOFF_LINK_UP,
    .type = HANDOFF_VIOLATION_TYPE,
  },
};

const HandoffLinkTable handoff_keeper_messages = {
  .name = "keeper",
  .rows = rows,
  .n_rows = G_N_ELEMENTS (rows),
};
