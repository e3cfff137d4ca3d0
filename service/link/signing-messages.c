/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "link/signing-messages.h"

#include "keyblob/sealed-memfd.h"

static const HandoffLinkRow rows[] = {
  [HANDOFF_SIGNING_SIGN] = { .name = "sign",
                             .direction = HANDOFF_LINK_DOWN,
                             .type = "(tuqay)",
                             .reply_type = "(ay)",
                             .max_fds = 1,
                             .max_waiting = HANDOFF_SIGNING_MAX_WAITING },
};

const HandoffLinkTable handoff_signing_table = {
  .name = "signing",
  .rows = rows,
  .n_rows = G_N_ELEMENTS (rows),
  .first_state = 1,
};

GVariant *
handoff_signing_message_new (
    guint64 grant, guint role, guint scheme, GBytes *data, int *fd, GError **error)
{
  gsize size;
  gconstpointer bytes = g_bytes_get_data (data, &size);

  *fd = -1;
  if (size > HANDOFF_SIGNING_MAX_INLINE)
    {
      *fd = handoff_sealed_memfd_new (data, error);
      if (*fd < 0)
        return NULL;
      size = 0;
    }
  return g_variant_new ("(tuq@ay)", grant, role, (guint16) scheme,
                        g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, size, 1));
}

GBytes *
handoff_signing_message_read (GVariant *body,
                              int fd,
                              gsize max_size,
                              guint64 *grant,
                              guint *role,
                              guint *scheme,
                              GError **error)
{
  g_autoptr (GVariant) data = NULL;
  guint16 number;

  g_variant_get (body, "(tuq@ay)", grant, role, &number, &data);
  *scheme = number;
  if (fd >= 0)
    return handoff_sealed_memfd_read (fd, HANDOFF_SIGNING_MAX_INLINE + 1, max_size, error);
  return g_variant_get_data_as_bytes (data);
}
