/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <tls-handoff/tls-handoff.h>

#include "terminal/exit-status.h"
#include "peer/own-credential.h"
#include "peer/protocol-range.h"
#include "peer/reach.h"
#include "peer/target.h"
#include "starttls/starttls.h"

/* The other end of a connection: what "connect" and "probe" are told about it, and what they learn.
 */
typedef struct
{
  /* Options, as given */
  char *trust_file;  /* (owned) (nullable) */
  char **protocols;  /* (owned) (nullable): ALPN */
  char *server_name; /* (owned) (nullable) */
  char *starttls;    /* (owned) (nullable): a protocol in which TLS begins in the middle */
  char *verify_name; /* (owned) (nullable) */
  char *sni;         /* (owned) (nullable) */
  char **suites;     /* (owned) (nullable) */
  CliOwnCredential own;
  CliReach reach;
  CliProtocolRange range;
  char *timeout_text; /* (owned) (nullable) */
  gboolean no_resumption;
  gboolean interactive;
  char **arguments; /* (owned) (nullable): what is no option */

  /* From the options */
  guint timeout;                       /* seconds; 0 for none */
  const CliStarttls *protocol;         /* (nullable): of starttls */
  CliTarget *target;                   /* (owned) */
  char *name;                          /* (owned): the target, for messages */
  char *identity;                      /* (owned): whom the peer must prove to be */
  TlsHandoffHandshakeOptions *options; /* (owned) */

  /* From cli_peer_connect() */
  TlsHandoffManager *manager;    /* (owned) */
  GSocketConnection *connection; /* (owned) */
  char *address;                 /* (owned): "127.0.0.1:443", "unix:/run/socket" */
  gboolean proxied;              /* it is a proxy's */

  /* From cli_peer_handshake() */
  TlsHandoffHandshakeResult *result; /* (owned) (nullable): NULL if it failed */
  GVariant *failure; /* (owned) (nullable): if it failed: a{sv}, as far as details are known */
  GVariant *service; /* (owned) (nullable): what the service says of itself */
} CliPeer;

CliPeer *cli_peer_new (void);
void cli_peer_free (CliPeer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliPeer, cli_peer_free)

void cli_peer_add_options (CliPeer *self, GOptionContext *context);
CliExitStatus cli_peer_apply_options (CliPeer *self, const char *verb);
CliExitStatus cli_peer_retarget (CliPeer *self, const char *server, const char *verb);

CliExitStatus cli_peer_connect (CliPeer *self);
gboolean cli_peer_handshake (CliPeer *self, GError **error);
CliExitStatus cli_peer_report_error (CliPeer *self, const GError *error);

void cli_peer_hint_at_credentials (CliPeer *self, const GError *error);

int cli_peer_get_fd (CliPeer *self);
