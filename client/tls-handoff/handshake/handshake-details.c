/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-details.h"

#include "call/certificates-variant.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

/* The strings in it. */
static const struct
{
  const char *key;
  gsize offset; /* of a char * */
  gboolean required;
} strings[] = {
#define STRING(key, member, required)                                                              \
  {                                                                                                \
    key, G_STRUCT_OFFSET (HandoffHandshakeDetails, member), required                               \
  }
  STRING (HANDOFF_DETAIL_PROTOCOL, protocol, TRUE),
  STRING (HANDOFF_DETAIL_CIPHER_SUITE, cipher_suite, TRUE),
  STRING (HANDOFF_DETAIL_APPLICATION_PROTOCOL, application_protocol, FALSE),
  STRING (HANDOFF_DETAIL_SERVER_NAME, server_name, FALSE),
  STRING (HANDOFF_DETAIL_CREDENTIAL, credential, FALSE),
  STRING (HANDOFF_DETAIL_OCSP_STATUS, ocsp_status, FALSE),
  STRING (HANDOFF_DETAIL_OCSP_PROBLEM, ocsp_problem, FALSE),
#undef STRING
};

static char **
get_string (HandoffHandshakeDetails *self, gsize i)
{
  return (char **) G_STRUCT_MEMBER_P (self, strings[i].offset);
}

/* (transfer full) */
static GVariant *
lookup_required (GVariant *details, const char *key, const char *type, GError **error)
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

/* The descriptor, which stays in fds, or -1. */
static int
lookup_key_blob (GVariant *details, GUnixFDList *fds, GError **error)
{
  g_autoptr (GVariant) value = NULL;
  gint32 handle;
  int n_fds = 0;
  const int *descriptors = NULL;

  value = lookup_required (details, HANDOFF_DETAIL_KEY_BLOB, "h", error);
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

static gboolean
read_strings (HandoffHandshakeDetails *self, GVariant *details, GError **error)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (strings); i++)
    {
      g_autoptr (GVariant) value = NULL;

      if (strings[i].required)
        value = lookup_required (details, strings[i].key, "s", error);
      else
        value = g_variant_lookup_value (details, strings[i].key, G_VARIANT_TYPE_STRING);
      if (value != NULL)
        *get_string (self, i) = g_variant_dup_string (value, NULL);
      else if (strings[i].required)
        return FALSE;
    }
  if (self->ocsp_status == NULL)
    self->ocsp_status = g_strdup (HANDOFF_OCSP_NONE);
  return TRUE;
}

gboolean
handoff_handshake_details_read (HandoffHandshakeDetails *self,
                                GVariant *details,
                                GUnixFDList *fds,
                                GError **error)
{
  g_autoptr (GVariant) peer_certificates = NULL;
  g_autoptr (GVariant) verified_path = NULL;
  g_autoptr (GVariant) authorities = NULL;

  self->key_blob = lookup_key_blob (details, fds, error);
  if (self->key_blob < 0 || !read_strings (self, details, error))
    return FALSE;
  peer_certificates = lookup_required (details, HANDOFF_DETAIL_PEER_CERTIFICATES, "aay", error);
  if (peer_certificates == NULL)
    return FALSE;

  self->peer_certificates = handoff_certificates_from_variant (peer_certificates);
  verified_path =
      g_variant_lookup_value (details, HANDOFF_DETAIL_VERIFIED_PATH, G_VARIANT_TYPE ("au"));
  self->verified_chain = handoff_certificates_select (self->peer_certificates, verified_path);
  g_variant_lookup (details, HANDOFF_DETAIL_RESUMED, "b", &self->resumed);
  g_variant_lookup (details, HANDOFF_DETAIL_CERTIFICATE_REQUESTED, "b",
                    &self->certificate_requested);
  authorities = g_variant_lookup_value (details, HANDOFF_DETAIL_CERTIFICATE_AUTHORITIES,
                                        G_VARIANT_TYPE_BYTESTRING_ARRAY);
  if (authorities != NULL)
    self->certificate_authorities = handoff_certificates_from_variant (authorities);
  self->verification_errors = g_variant_lookup_value (details, HANDOFF_DETAIL_VERIFICATION_ERRORS,
                                                      G_VARIANT_TYPE_STRING_ARRAY);
  return TRUE;
}

void
handoff_handshake_details_clear (HandoffHandshakeDetails *self)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (strings); i++)
    g_clear_pointer (get_string (self, i), g_free);
  g_clear_pointer (&self->peer_certificates, g_ptr_array_unref);
  g_clear_pointer (&self->verified_chain, g_ptr_array_unref);
  g_clear_pointer (&self->certificate_authorities, g_ptr_array_unref);
  g_clear_pointer (&self->verification_errors, g_variant_unref);
}
