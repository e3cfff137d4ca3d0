/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* For each line on stdin starts the program that its arguments name, gives it an empty line, and
 * prints when it was started (monotonic clock, microseconds), and the line that the program prints.
 * The Python program that drives the figures would be measured with what it starts: its fork()
 * copies the tables of all its pages, and on a busy machine who works without a pause waits long
 * for a processor. This one does nothing else. */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void
check (int code, const char *what)
{
  if (code == 0)
    return;
  fprintf (stderr, "launcher: %s: %s\n", what, strerror (code));
  exit (1);
}

static void
launch (char *argv[])
{
  posix_spawn_file_actions_t actions;
  struct timespec begin;
  int input[2], output[2], status;
  char line[128];
  pid_t child;
  FILE *answer;

  check (pipe2 (input, O_CLOEXEC) == 0 && pipe2 (output, O_CLOEXEC) == 0 ? 0 : errno, "pipe");
  check (posix_spawn_file_actions_init (&actions), "actions");
  check (posix_spawn_file_actions_adddup2 (&actions, input[0], STDIN_FILENO), "stdin");
  check (posix_spawn_file_actions_adddup2 (&actions, output[1], STDOUT_FILENO), "stdout");
  check (write (input[1], "\n", 1) == 1 ? 0 : errno, "write");

  clock_gettime (CLOCK_MONOTONIC, &begin);
  check (posix_spawn (&child, argv[0], &actions, NULL, argv, environ), argv[0]);
  posix_spawn_file_actions_destroy (&actions);
  close (input[0]);
  close (input[1]);
  close (output[1]);

  answer = fdopen (output[0], "r");
  check (answer != NULL && fgets (line, sizeof line, answer) != NULL ? 0 : EPIPE, argv[0]);
  fclose (answer);
  check (waitpid (child, &status, 0) == child ? 0 : errno, "wait");
  check (status == 0 ? 0 : ECHILD, argv[0]);
  printf ("%lld %s", (long long) begin.tv_sec * 1000000 + begin.tv_nsec / 1000, line);
  fflush (stdout);
}

int
main (int argc, char *argv[])
{
  char line[16];

  if (argc < 2)
    return 2;
  while (fgets (line, sizeof line, stdin) != NULL)
    launch (argv + 1);
  return 0;
}
