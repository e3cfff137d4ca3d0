/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#define TEST_RESOLVER_NAME "several.handoff.test"

/* From now on TEST_RESOLVER_NAME alone is known, with these addresses (NULL: with none), and
 * test_resolver_count() begins anew. addresses: (unowned) (nullable): ends with NULL */
void test_resolver_set (const char *const *addresses);

/* How often somebody has asked. */
guint test_resolver_count (void);
