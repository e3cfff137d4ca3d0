/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "description/description.h"
#include "link/link.h"

/* The broker's importers: processes that parse what callers hand over, and what lies beside their
 * keys. Each user has one while something of his is under way, and it ends with the last of it:
 * what it parsed goes with it. Nobody but its user is harmed by one that was taken over, hangs or
 * crashes. Main thread.
 *
 * The key of an import never comes here. It goes through a socket to the keeper, who alone knows
 * which it is. */
typedef struct _HandoffImporters HandoffImporters;

/* How the program is started and ended. */
typedef struct
{
  /* Starts one, with a link that has these functions and data. Returns: what the others get; NULL
   * with error. */
  gpointer (*start) (const HandoffLinkFunctions *functions,
                     gpointer link_data,
                     GError **error,
                     gpointer user_data);
  /* (transfer none) */
  HandoffLink *(*get_link) (gpointer process);
  /* As handoff_process_describe(). */
  void (*describe) (gpointer process, GVariantDict *dict);
  /* Ends it at once, whatever it is doing, if it has not ended by itself; and its link. */
  void (*end) (gpointer process);
} HandoffImporterProgram;

/* program, user_data: (unowned) */
HandoffImporters *handoff_importers_new (const HandoffImporterProgram *program, gpointer user_data);
/* Ends all; what is under way fails. */
void handoff_importers_free (HandoffImporters *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffImporters, handoff_importers_free)

/* Each does one thing in the importer of uid. Descriptors are (transfer full). What is cancelled
 * still ends only when the importer is through with it, so that a quota which is held until then
 * counts what it does; but an importer with nothing else to do is ended at once. */

/* data_fd: PEM or PKCS#12. passphrase_fd: -1 without. key_socket: its other end is the keeper's. */
void handoff_importers_import_async (HandoffImporters *self,
                                     guint uid,
                                     int data_fd,
                                     int passphrase_fd,
                                     int key_socket,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
/* A credential for one call: PEM, not encrypted. */
void handoff_importers_read_pem_async (HandoffImporters *self,
                                       guint uid,
                                       int pem_fd,
                                       int key_socket,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
/* Other certificates (element-type GBytes) for a key: its own first. */
void handoff_importers_certify_async (HandoffImporters *self,
                                      guint uid,
                                      GBytes *public_key,
                                      GPtrArray *certificates,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
/* An OCSP response to staple, for a key with these certificates (element-type GBytes). */
void handoff_importers_staple_async (HandoffImporters *self,
                                     guint uid,
                                     GBytes *public_key,
                                     GPtrArray *certificates,
                                     GBytes *ocsp_response,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
/* What lies beside a key on the disk: certificates_fd: PEM; -1 without. ocsp_fd: -1 without. */
void handoff_importers_describe_async (HandoffImporters *self,
                                       guint uid,
                                       GBytes *public_key,
                                       int certificates_fd,
                                       int ocsp_fd,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);

/* Of all of them. digest: (out) (optional) (nullable) (transfer full): SHA-256 of what read_pem
 * read. The description is checked, but of an import nobody has compared its key with the keeper's.
 * Errors: INVALID_ARGUMENT, TIMED_OUT and LIMIT_REACHED are for the caller; CANCELLED; FAILED: the
 * importer crashed or misbehaved, or could not be started. */
HandoffDescription *
handoff_importers_finish (GAsyncResult *result, GBytes **digest, GError **error);

/* How many there are. */
guint handoff_importers_get_n_running (HandoffImporters *self);
/* Adds what there is to say of each, as handoff_process_describe(), with "imports" (u): what is
 * under way there. programs: an aa{sv} */
void handoff_importers_describe (HandoffImporters *self, GVariantBuilder *programs);
