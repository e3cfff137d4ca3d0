/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "terminal/certificate.h"

/* What the service says of a peer's certificate, in words. */
const char *cli_trust_explain_reason (const char *reason);
const char *cli_trust_explain_ocsp_problem (const char *problem);

/* The names that a server can prove with it. */
char *cli_trust_describe_names (const CliCertificate *certificate);

/* The options that can make an untrusted certificate pass; the first two can be combined. */
typedef enum
{
  CLI_TRUST_REMEDY_NONE = 0,
  CLI_TRUST_REMEDY_AUTHORITY = 1 << 0, /* --trust */
  CLI_TRUST_REMEDY_NAME = 1 << 1,      /* --server-name */
  CLI_TRUST_REMEDY_PIN = 1 << 2,       /* --fingerprint; needs none of the others */
} CliTrustRemedy;

CliTrustRemedy cli_trust_get_remedy (const GError *error);
