/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-details.h"

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

GVariant *
handoff_details_lookup_required (GVariant *details,
                                 const char *key,
                                 const char *type,
                                 GError **error)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (details, key, NULL);

  if (value == NULL)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "The TLS Handoff service left out “%s” in its reply; its version does not fit "
                   "the library's",
                   key);
      return NULL;
    }

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE (type)))
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "The TLS Handoff service sent “%s” with type “%s” in place of “%s”; its "
                   "version does not fit the library's",
                   key, g_variant_get_type_string (value), type);
      return NULL;
    }

  return g_steal_pointer (&value);
}

int
handoff_details_lookup_key_blob (GVariant *details, GUnixFDList *fds, GError **error)
{
  g_autoptr (GVariant) value = NULL;
  gint32 handle;
  int n_fds = 0;
  const int *descriptors = NULL;

  value = handoff_details_lookup_required (details, HANDOFF_DETAIL_KEY_BLOB, "h", error);
  if (value == NULL)
    return -1;

  if (fds != NULL)
    descriptors = g_unix_fd_list_peek_fds (fds, &n_fds);
  handle = g_variant_get_handle (value);
  if (handle < 0 || handle >= n_fds)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                           "The TLS Handoff service sent no descriptor for the key blob");
      return -1;
    }

  return descriptors[handle];
}
