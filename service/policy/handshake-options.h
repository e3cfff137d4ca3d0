/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "policy/configuration.h"
#include "keyblob/cipher-suite.h"
#include "keyblob/key-state.h"

/* How long a session lives that may outlive its caller. */
#define HANDOFF_OUTLIVING_SESSION_SECONDS 60

/* Whether a server asks for a client certificate. */
typedef enum
{
  HANDOFF_CLIENT_CERTIFICATE_MODE_NONE,
  HANDOFF_CLIENT_CERTIFICATE_MODE_REQUEST,
  HANDOFF_CLIENT_CERTIFICATE_MODE_REQUIRE,
} HandoffClientCertificate;

/* Whether a client that names no credential uses one of its user's all the same. */
typedef enum
{
  HANDOFF_CREDENTIAL_CHOICE_MODE_AUTOMATIC,
  HANDOFF_CREDENTIAL_CHOICE_MODE_CONFIGURED, /* if the configuration says so */
} HandoffCredentialChoiceMode;

/* What a caller asked of one handshake: the a{sv} of the D-Bus API, checked. Immutable;
 * reference-counted. */
typedef struct
{
  gatomicrefcount ref_count;
  guint64 serial;                         /* no others have it */
  GPtrArray *application_protocols;       /* (owned) (element-type utf8): may be empty */
  gboolean application_protocol_optional; /* a server's: goes on without one in common */
  guint blob_format;                      /* the newest that both sides know */
  GArray *cipher_suites; /* (owned) (element-type guint16) (nullable): NULL for all of ours */
  /* (owned) (element-type GBytes) (nullable): NULL for the configuration's, empty for nobody */
  GPtrArray *trust_anchors;
  guint8 trust_anchors_digest[32]; /* SHA-256 of the option, if it was given */
  /* (owned) (nullable): a client's: what it sends, an A-label; "": nothing; NULL: what the server
   * must prove */
  char *server_name;
  char *credential;            /* (owned) (nullable): label or object path; "": none */
  gint32 credential_pem;       /* index of a descriptor; -1 if there is none */
  gboolean ask_for_credential; /* a client's: the caller chooses when the server asks */
  HandoffCredentialChoiceMode credential_choice; /* a client's */
  HandoffClientCertificate client_certificate;   /* a server's */
  guint minimum_protocol;                        /* 0x0303, 0x0304 */
  guint maximum_protocol;
  guint timeout;       /* seconds */
  gboolean resumption; /* as far as the configuration allows it */
  gboolean review_certificate;
  gboolean trust_nobody;
  gboolean transient;
  gboolean outlive_caller;
  gboolean wait;          /* for its turn, over the limit of handshakes */
  gboolean error_details; /* whether the caller's library copes with errors that have details */
} HandoffHandshakeOptions;

/* options: an a{sv}. TLS_HANDOFF_ERROR_INVALID_ARGUMENT or _NOT_SUPPORTED names the option and says
 * what it must be. */
HandoffHandshakeOptions *handoff_handshake_options_parse (GVariant *options,
                                                          HandoffRole role,
                                                          const HandoffConfiguration *configuration,
                                                          GError **error);
HandoffHandshakeOptions *handoff_handshake_options_ref (HandoffHandshakeOptions *self);
void handoff_handshake_options_unref (HandoffHandshakeOptions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshakeOptions, handoff_handshake_options_unref)

/* The name of a choice in the D-Bus API. */
const char *handoff_credential_choice_mode_get_name (HandoffCredentialChoiceMode mode);

/* Whether a suite, and its protocol, are among what the caller asked for. */
gboolean handoff_handshake_options_allow_suite (const HandoffHandshakeOptions *self,
                                                const HandoffCipherSuite *suite);
