/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#include "token-text/token-module.h"

/* Who may resume a session. */
typedef enum
{
  HANDOFF_RESUMPTION_NONE,
  HANDOFF_RESUMPTION_CALLER, /* only the bus connection that had the session */
  HANDOFF_RESUMPTION_USER,   /* every process of the same user */
} HandoffResumptionScope;

/* The value of [Tokens] Modules for the modules that p11-kit is configured for. */
#define HANDOFF_TOKEN_MODULES_SYSTEM "system"

/* The configuration file, tls-handoffd.conf: read as a whole or not at all, never changed
 * afterwards. */
typedef struct
{
  gatomicrefcount ref_count;

  guint minimum_protocol; /* 0x0303, 0x0304 */
  guint maximum_protocol;
  char *priority;   /* (owned) GnuTLS priority string */
  char *trust_file; /* (owned) PEM bundle; empty: the system's trust store */

  gboolean allow_mac_then_encrypt;

  HandoffResumptionScope resumption_scope;
  guint resumption_minimum_protocol; /* 0x0303, 0x0304 */
  guint resumption_maximum_age;      /* seconds */
  guint ticket_window;               /* seconds */

  guint handshake_timeout; /* seconds: default of the option "timeout" */
  guint maximum_timeout;   /* seconds */
  guint decision_timeout;  /* seconds that the caller may think, each time */
  guint idle_exit;         /* seconds; 0: never */
  guint
      authorization_memory; /* seconds that a channel remembers a yes of polkit's; 0: not at all */

  guint users_total; /* who have something to do at the same time */
  guint handshakes_per_user;
  guint handshakes_total;
  guint sessions_per_user;
  guint sessions_total;
  guint outliving_sessions_per_user;
  guint channels_per_user; /* 0: none */
  guint workers;           /* 0: one per core */

  gboolean automatic_credential; /* whether the option credential-choice=configured means yes */
  guint credentials_per_user;
  guint credentials_total;
  guint expiry_warning; /* days before a certificate's end */
  char **token_modules; /* (owned): paths of PKCS#11 modules; "system" alone: those of p11-kit */
  GPtrArray *token_module_settings; /* (owned) (element-type HandoffTokenModule): see below */
  char *pin_file;                   /* (owned): empty: none */
} HandoffConfiguration;

/* Where the service looks for it unless told otherwise. */
#define HANDOFF_CONFIGURATION_FILE SYSCONFDIR "/tls-handoff/tls-handoffd.conf"

/* The text of the file. A missing file is an empty one. (transfer full) */
GBytes *handoff_configuration_read (const char *path, GError **error);
/* What that says: every key has a default. TLS_HANDOFF_ERROR_INVALID_ARGUMENT names file, key and
 * what is allowed. text: not zero-terminated; NULL if size is 0. path: for messages */
HandoffConfiguration *handoff_configuration_new_from_data (const char *text,
                                                           gsize size,
                                                           const char *path,
                                                           GError **error);
/* Whether GnuTLS understands the priority, for a program that is linked with TLS: the broker takes
 * it unseen, and a handshaker judges it, as it does the trust store. path: for messages */
gboolean handoff_configuration_check_priority (const HandoffConfiguration *self,
                                               const char *path,
                                               GError **error);
HandoffConfiguration *handoff_configuration_ref (HandoffConfiguration *self);
void handoff_configuration_unref (HandoffConfiguration *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffConfiguration, handoff_configuration_unref)
/* What the module of that path may do. (transfer full) */
HandoffTokenModule *handoff_configuration_dup_token_module (const HandoffConfiguration *self,
                                                            const char *path);
