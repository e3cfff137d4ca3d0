/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <json-glib/json-glib.h>
#include <tls-handoff/tls-handoff.h>

char *cli_credential_get_owner_name (TlsHandoffCredential *credential);
char *cli_credential_get_end (TlsHandoffCredential *credential);
const char *cli_credential_explain_problem (TlsHandoffCredential *credential);

void cli_credential_print_table (GPtrArray *credentials);
void cli_credential_print (TlsHandoffCredential *credential);
void cli_credential_add_summary_to_json (TlsHandoffCredential *credential, JsonBuilder *builder);
void cli_credential_add_to_json (TlsHandoffCredential *credential, JsonBuilder *builder);
