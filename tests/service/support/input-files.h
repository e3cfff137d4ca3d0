/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What callers hand over to be read. */

/* A file with the bytes, at its beginning. */
int test_input_new (GBytes *bytes);
/* The text of both these files of the test's certificates. */
GBytes *test_text_new (const char *first, const char *second);
/* A pipe that never ends; its other end. */
int test_endless_new (int *other);
