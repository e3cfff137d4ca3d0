/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* A program that has private keys, the keeper or the helper of a PKCS#11 module, as a handshaker
 * reaches it: each worker that asks for a signature has a link of its own to it, so that the answer
 * comes to the worker itself. Reference-counted; any thread. */
typedef struct _HandoffSigner HandoffSigner;

/* The other end of a socket that was asked for. socket: (transfer full): -1 if there is none, and
 * error says why. Main thread, once. */
typedef void (*HandoffSignerOpened) (int socket, const GError *error, gpointer opened_data);
/* Gets a socket to the signer: on the main thread, at the first signature on a worker, and again
 * when that link has ended. */
typedef void (*HandoffSignerOpenFunc) (guint64 number,
                                       HandoffSignerOpened opened,
                                       gpointer opened_data,
                                       gpointer user_data);

/* number: which program it is: see HandoffGrantTerms. name: of the program, for errors. user_data:
 * (unowned): outlives the signer's use, which ends with the workers. */
HandoffSigner *handoff_signer_new (guint64 number,
                                   const char *name,
                                   HandoffSignerOpenFunc open,
                                   gpointer user_data);
HandoffSigner *handoff_signer_ref (HandoffSigner *self);
void handoff_signer_unref (HandoffSigner *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffSigner, handoff_signer_unref)

/* On the worker that asked, outside of the call that asked. signature: (nullable): valid within the
 * call; NULL, and error says why: of the signer, or that it has ended. */
typedef void (*HandoffSigned) (GBytes *signature, const GError *error, gpointer user_data);

/* On a worker. scheme: SignatureScheme of RFC 8446 4.2.3. data: (transfer none): all that is to be
 * signed. signed_func: called once, sooner or later. */
void handoff_signer_sign (HandoffSigner *self,
                          guint64 grant,
                          guint role,
                          guint scheme,
                          GBytes *data,
                          HandoffSigned signed_func,
                          gpointer user_data);
