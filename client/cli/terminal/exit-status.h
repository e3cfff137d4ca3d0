/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

/* The exit statuses of tls-handoff, as its manual page documents them. */
typedef enum
{
  CLI_EXIT_OK = 0,
  CLI_EXIT_FAILED = 1, /* the connection or the handshake failed, or anything else went wrong */
  CLI_EXIT_USAGE = 2,  /* the command line is wrong */
  CLI_EXIT_NOT_AUTHORIZED = 3, /* polkit does not let this user do that */
  CLI_EXIT_UNTRUSTED = 4,      /* the peer's certificate is not trusted */
  CLI_EXIT_NO_SERVICE = 5,     /* the service does not answer, or cannot ask polkit */
  CLI_EXIT_EXPIRING = 6,       /* the peer is trusted, but not for as long as was asked for */
} CliExitStatus;
