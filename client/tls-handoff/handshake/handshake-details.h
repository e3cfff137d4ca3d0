/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

/* The details of a completed handshake, as the service replies them. */

typedef struct
{
  int key_blob;               /* (unowned): a descriptor of those that came with it */
  char *protocol;             /* (owned) */
  char *cipher_suite;         /* (owned) */
  char *application_protocol; /* (owned) (nullable) */
  char *server_name;          /* (owned) (nullable) */
  char *credential;           /* (owned) (nullable) */
  char *ocsp_status;          /* (owned) */
  char *ocsp_problem;         /* (owned) (nullable) */
  gboolean resumed;
  gboolean certificate_requested;     /* by the server, of a client */
  GPtrArray *certificate_authorities; /* (owned) (nullable) (element-type GBytes): DER names */
  GPtrArray *peer_certificates;       /* (owned) (element-type GBytes): DER */
  GPtrArray *verified_chain;          /* (owned) (element-type GBytes): DER */
  GVariant *verification_errors;      /* (owned) (nullable): as */
} HandoffHandshakeDetails;

/* Of an a{sv}. fds: (nullable). TLS_HANDOFF_ERROR_FAILED if what has to be there is missing, or of
 * another type. self: zeros; to be cleared also after an error */
gboolean handoff_handshake_details_read (HandoffHandshakeDetails *self,
                                         GVariant *details,
                                         GUnixFDList *fds,
                                         GError **error);
void handoff_handshake_details_clear (HandoffHandshakeDetails *self);
