/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-bus.h"
#include "tls-handoff-credential.h"

struct _TlsHandoffCredential
{
  GObject parent_instance;

  HandoffServiceBus *bus; /* (owned) */
  char *object_path;      /* (owned) */
  char *label;            /* (owned) */
  guint owner;            /* uid */
  TlsHandoffCredentialRoles roles;
  char *storage;                /* (owned) */
  char *token;                  /* (owned) (nullable) */
  char *key_algorithm;          /* (owned) */
  GPtrArray *certificates;      /* (owned) (element-type GBytes): DER */
  GTlsCertificate *certificate; /* (owned) (nullable): made of them when asked for; atomic */
  gint64 not_after;             /* seconds since 1970; 0 without */
  gint64 ocsp_not_after;        /* likewise, of the OCSP response */
  char *problem;                /* (owned): empty: none */
};

/* properties: an a{sv} of the D-Bus interface Credential */
TlsHandoffCredential *
handoff_credential_new (HandoffServiceBus *bus, const char *object_path, GVariant *properties);

/* For g_return_if_fail(): whether it is one that the service told of. One that a language binding
 * made by itself (in Python: TlsHandoff.Credential()) belongs to no service. */
gboolean handoff_credential_is_of_service (gpointer object);
