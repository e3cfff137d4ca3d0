/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* The private system that tests/lib/system-run set up, as a test program sees it. The program runs
 * as root in there; whatever waits for something has TEST_TIMEOUT_SECONDS for it. */

#define TEST_TIMEOUT_SECONDS 60

/* g_test_init(), and an error outside of system-run. */
void test_system_init (int *argc, char ***argv);

/* The path of one of the certificates or keys of tests/lib/make-certs: "rsa.pem". (transfer full)
 */
char *test_cert_path (const char *name);
/* The certificate's DER. */
GBytes *test_cert_der (const char *name);
/* Installs CA ca.pem (NULL: none) as the only one of the system's trust store. */
void test_trust_store_set (const char *name);

/* A connection of its own to the system bus, authenticated as user ("root", "alice", "bob",
 * "mallory"). Only while no other thread of the test cares who it is. */
GDBusConnection *test_bus_connect (const char *user);
/* Closes and frees it; to the bus its owner vanishes. */
void test_bus_vanish (GDBusConnection *connection);

/* A method call on the service, without descriptors, on the bus or a channel (test-way.h).
 * (transfer full) */
GVariant *test_call (GDBusConnection *connection,
                     const char *path,
                     const char *interface,
                     const char *method,
                     GVariant *parameters,
                     GError **error);

/* Replaces polkit's rules by these (JavaScript; NULL: none) and waits until they are in force. */
void test_polkit_set_rules (const char *rules);

/* The service's process, or 0; does not start it. */
GPid test_service_get_pid (void);
/* SIGTERM; waits until it has left the bus and is gone. Not an error if it does not run. */
void test_service_stop (void);
/* Waits until the service is gone without doing anything about it. */
void test_service_wait_gone (void);
/* Replaces /etc/tls-handoff/tls-handoffd.conf; NULL restores the installed one. Does not reload. */
void test_service_set_config (const char *content);

/* A configuration with every cipher suite that there is, also those that are off by default. */
#define TEST_CONFIG_ALL_SUITES                                                                     \
  "[TLS]\nPriority=NORMAL:-RSA:+AES-128-CCM-8:+AES-256-CCM-8:+SHA256:+SHA384\n"

/* The log of bus, polkitd and service up to now. (transfer full) */
char *test_log_read (void);
/* How often it has text. */
guint test_log_count (const char *text);
/* Waits until it has text so often, or oftener: of what a call does, the service may write after
 * its reply. */
void test_log_wait (const char *text, guint n);

/* A statistic (GetStatistics) as root sees it; types u and t. */
guint64 test_statistic (const char *name);
/* Asks until the statistic has the value. */
void test_statistic_wait (const char *name, guint64 value);

/* Checks that error is the D-Bus error org.tlshandoff.Handoff1.Error.NAME, or NAME if that has a
 * dot, and that its message contains text (NULL: any). Clears it. */
#define test_assert_remote_error(error, name, text)                                                \
  test_assert_remote_error_real (G_STRLOC, &(error), name, text)
void test_assert_remote_error_real (const char *location,
                                    GError **error,
                                    const char *name,
                                    const char *text);

/* Calls check(data) until it returns TRUE, or fails the test, saying what it waited for. */
typedef gboolean (*TestCheck) (gpointer data);
void test_wait_until (TestCheck check, gpointer data, const char *what);
/* Waits until something can be received. */
void test_wait_for_data (int socket);
