/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* A memfd that nobody can change any more: F_SEAL_SEAL|SHRINK|GROW|WRITE, not executable where the
 * kernel knows MFD_NOEXEC_SEAL, close-on-exec. Returns the descriptor, or -1. */
int handoff_sealed_memfd_new (GBytes *content, GError **error);

/* Checks that fd is a memfd with all four seals and between min_size and max_size bytes long,
 * before reading any of it. Does not close fd, nor use its file offset.
 * TLS_HANDOFF_ERROR_KEY_BLOB_INVALID otherwise. */
GBytes *handoff_sealed_memfd_read (int fd, gsize min_size, gsize max_size, GError **error);

/* The seals as text, for people: "seal shrink grow write". (transfer full) */
char *handoff_sealed_memfd_describe_seals (int fd);
