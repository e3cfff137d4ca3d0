/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

/* The command tls-handoff, run as a user. */

typedef struct
{
  int status;     /* exit status */
  GBytes *output; /* what it wrote on its standard output; NUL-terminated beyond its size */
  char *errors;   /* what it wrote on its standard error */
} TestCommand;

void test_command_free (TestCommand *command);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestCommand, test_command_free)

/* Runs "tls-handoff ARGUMENTS" as user until it ends. input: what its standard input holds; NULL:
 * nothing. The arguments are separated by spaces; a NAME.pem becomes the path of that certificate.
 */
TestCommand *test_command_run (const char *user, const char *input, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/* Likewise, but not waited for, with pipes to its standard descriptors. */
GSubprocess *test_command_start (const char *user, const char *format, ...) G_GNUC_PRINTF (2, 3);

const char *test_command_get_output (TestCommand *command);
/* The output, which has to be one JSON object. (transfer full) */
JsonObject *test_command_parse_json (TestCommand *command);

/* Checks the exit status, and that the errors contain text (NULL: are empty). */
#define test_command_assert(command, status, text)                                                 \
  test_command_assert_real (G_STRLOC, command, status, text)
void
test_command_assert_real (const char *location, TestCommand *command, int status, const char *text);
