/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What servers say before TLS begins. The first byte names the protocol, the others are the
 * server's. */

#include "config.h"

#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "starttls/starttls.h"

/* Milliseconds; the end of the input comes before. */
#define TIMEOUT 60000

static const char *const names[] = { "smtp", "imap",     "pop3",  "ftp",   "ldap",
                                     "xmpp", "postgres", "mysql", "sieve", "nntp" };

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_silence ();
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  const CliStarttls *protocol;
  gboolean ok;
  char left;
  int fds[2];

  if (size < 1)
    return 0;
  protocol = cli_starttls_find (names[data[0] % G_N_ELEMENTS (names)], NULL);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  g_assert_cmpint (send (fds[1], data + 1, size - 1, MSG_DONTWAIT), ==, size - 1);
  shutdown (fds[1], SHUT_WR);
  ok = cli_starttls_run (protocol, fds[0], "example.org", TIMEOUT, &error);
  g_assert_true (ok == (error == NULL));
  /* Nothing that was said in the clear is left for TLS. */
  if (ok)
    g_assert_cmpint (recv (fds[0], &left, 1, MSG_DONTWAIT), ==, 0);
  close (fds[0]);
  close (fds[1]);
  return 0;
}
