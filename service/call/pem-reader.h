/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "caller/caller.h"
#include "credential/credential.h"
#include "keyblob/key-state.h"
#include "signature/signing-grant.h"

/* Makes a credential for one call of what its option credential-pem has. Main thread. */
typedef struct
{
  /* fd: (transfer full): not read yet. Cancelled when the caller leaves: it is answered all the
   * same, when nothing is done for it any more. */
  void (*read_async) (gpointer reader,
                      HandoffCaller *caller,
                      HandoffRole role,
                      int fd,
                      GAsyncReadyCallback callback,
                      gpointer user_data);
  /* (transfer full). grant: (out) (transfer full) (nullable): the right to have its key sign; NULL:
   * that is in this process. Errors are for the caller. */
  HandoffCredential *(*read_finish) (GAsyncResult *result,
                                     HandoffSigningGrant **grant,
                                     GError **error);
} HandoffPemReaderFuncs;
