/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

const char *
cli_find_similar_word (const char *word, const char *const *candidates, gsize n_candidates);
