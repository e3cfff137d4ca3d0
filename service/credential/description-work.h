/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "description/description.h"

/* Describes what lies beside a key on the disk, and what nobody has described as it is. */

/* public_key: SubjectPublicKeyInfo, DER. certificates_fd: a sealed memory file: PEM; ocsp_fd:
 * likewise, DER. Each: (transfer full): -1 without. The callback comes on the thread-default main
 * context. */
void handoff_description_work_async (GBytes *public_key,
                                     int certificates_fd,
                                     int ocsp_fd,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
/* (transfer full): FAILED says which file is damaged, and how. */
HandoffDescription *handoff_description_work_finish (GAsyncResult *result, GError **error);
