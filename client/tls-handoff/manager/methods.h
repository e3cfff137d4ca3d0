/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-method.h"

/* The service's methods that public functions call, handshakes aside. */
typedef enum
{
  /* of TlsHandoffManager */
  HANDOFF_METHOD_GET_STATUS,
  HANDOFF_METHOD_GET_STATISTICS,
  HANDOFF_METHOD_RELOAD,
  HANDOFF_METHOD_LIST_SESSIONS,
  HANDOFF_METHOD_GET_LOG,
  HANDOFF_METHOD_LIST_CREDENTIALS,
  HANDOFF_METHOD_IMPORT_CREDENTIAL,
  HANDOFF_METHOD_GENERATE_CREDENTIAL,
  HANDOFF_METHOD_LINK_CREDENTIAL,
  /* of TlsHandoffCredential: from here on */
  HANDOFF_METHOD_CREATE_CERTIFICATE_REQUEST,
  HANDOFF_METHOD_SELF_SIGN,
  HANDOFF_METHOD_SET_CERTIFICATES,
  HANDOFF_METHOD_SET_OCSP_RESPONSE,
  HANDOFF_METHOD_UNLOCK,
  HANDOFF_METHOD_REMOVE,
  HANDOFF_N_METHODS,
} HandoffMethod;

/* By HandoffMethod. */
extern const HandoffServiceMethod handoff_methods[HANDOFF_N_METHODS];
