/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-details.h"

#include "call/certificates-variant.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

/* Puts a value of the right type where it belongs. */
typedef void (*TakeFunc) (GVariant *value, gpointer place);

static void
take_string (GVariant *value, gpointer place)
{
  *(char **) place = g_variant_dup_string (value, NULL);
}

static void
take_boolean (GVariant *value, gpointer place)
{
  *(gboolean *) place = g_variant_get_boolean (value);
}

static void
take_certificates (GVariant *value, gpointer place)
{
  *(GPtrArray **) place = handoff_certificates_from_variant (value);
}

static void
take_value (GVariant *value, gpointer place)
{
  *(GVariant **) place = g_variant_ref (value);
}

/* What is read of the details, in one pass: they are many, and each look-up would go through them
 * from the start. */
typedef struct
{
  HandoffHandshakeDetails *self;
  GVariant *key_blob;      /* (owned) (nullable): h */
  GVariant *verified_path; /* (owned) (nullable): au */
} Reading;

static const struct
{
  const char *key;
  const char *type;
  gboolean required;
  TakeFunc take;
  gboolean is_in_self; /* or in Reading */
  gsize offset;
} rows[] = {
#define ROW(key, type, required, take, member)                                                     \
  {                                                                                                \
    key, type, required, take, TRUE, G_STRUCT_OFFSET (HandoffHandshakeDetails, member)             \
  }
#define OWN_ROW(key, type, required, member)                                                       \
  {                                                                                                \
    key, type, required, take_value, FALSE, G_STRUCT_OFFSET (Reading, member)                      \
  }
  OWN_ROW (HANDOFF_DETAIL_KEY_BLOB, "h", TRUE, key_blob),
  ROW (HANDOFF_DETAIL_PROTOCOL, "s", TRUE, take_string, protocol),
  ROW (HANDOFF_DETAIL_CIPHER_SUITE, "s", TRUE, take_string, cipher_suite),
  ROW (HANDOFF_DETAIL_PEER_CERTIFICATES, "aay", TRUE, take_certificates, peer_certificates),
  OWN_ROW (HANDOFF_DETAIL_VERIFIED_PATH, "au", FALSE, verified_path),
  ROW (HANDOFF_DETAIL_APPLICATION_PROTOCOL, "s", FALSE, take_string, application_protocol),
  ROW (HANDOFF_DETAIL_SERVER_NAME, "s", FALSE, take_string, server_name),
  ROW (HANDOFF_DETAIL_CREDENTIAL, "s", FALSE, take_string, credential),
  ROW (HANDOFF_DETAIL_OCSP_STATUS, "s", FALSE, take_string, ocsp_status),
  ROW (HANDOFF_DETAIL_OCSP_PROBLEM, "s", FALSE, take_string, ocsp_problem),
  ROW (HANDOFF_DETAIL_RESUMED, "b", FALSE, take_boolean, resumed),
  ROW (HANDOFF_DETAIL_CERTIFICATE_REQUESTED, "b", FALSE, take_boolean, certificate_requested),
  ROW (HANDOFF_DETAIL_CERTIFICATE_AUTHORITIES,
       "aay",
       FALSE,
       take_certificates,
       certificate_authorities),
  ROW (HANDOFF_DETAIL_VERIFICATION_ERRORS, "as", FALSE, take_value, verification_errors),
#undef ROW
#undef OWN_ROW
};

/* Takes one of the details; one that this version does not know is left. taken: a bit for each row
 */
static gboolean
take_detail (Reading *reading, const char *key, GVariant *value, guint *taken, GError **error)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (rows) && !g_str_equal (key, rows[i].key); i++)
    ;
  if (i == G_N_ELEMENTS (rows) || (*taken & 1U << i) != 0)
    return TRUE;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE (rows[i].type)))
    {
      *taken |= 1U << i;
      rows[i].take (value, G_STRUCT_MEMBER_P (rows[i].is_in_self ? (gpointer) reading->self
                                                                 : (gpointer) reading,
                                              rows[i].offset));
      return TRUE;
    }
  if (!rows[i].required)
    return TRUE;

  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
               _ ("The TLS Handoff service sent “%s” with type “%s” in place of “%s”; its "
                  "version does not fit the library's"),
               key, g_variant_get_type_string (value), rows[i].type);
  return FALSE;
}

static gboolean
take_details (Reading *reading, GVariant *details, GError **error)
{
  GVariantIter iter;
  GVariant *entry;
  guint taken = 0;
  gsize i;

  G_STATIC_ASSERT (G_N_ELEMENTS (rows) <= 8 * sizeof taken);
  g_variant_iter_init (&iter, details);
  /* Not by a format, which GLib would read for each. */
  while ((entry = g_variant_iter_next_value (&iter)) != NULL)
    {
      g_autoptr (GVariant) key = g_variant_get_child_value (entry, 0);
      g_autoptr (GVariant) boxed = g_variant_get_child_value (entry, 1);
      g_autoptr (GVariant) value = g_variant_get_variant (boxed);

      g_variant_unref (entry);
      if (!take_detail (reading, g_variant_get_string (key, NULL), value, &taken, error))
        return FALSE;
    }
  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      if (!rows[i].required || (taken & 1U << i) != 0)
        continue;
      g_set_error (
          error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
          _ ("The TLS Handoff service left out “%s” in its reply; its version does not fit "
             "the library's"),
          rows[i].key);
      return FALSE;
    }
  return TRUE;
}

/* The descriptor, which stays in fds, or -1. */
static int
find_key_blob (gint32 handle, GUnixFDList *fds, GError **error)
{
  const int *descriptors = NULL;
  int n_fds = 0;

  if (fds != NULL)
    descriptors = g_unix_fd_list_peek_fds (fds, &n_fds);
  if (handle >= 0 && handle < n_fds)
    return descriptors[handle];

  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                       _ ("The TLS Handoff service sent no descriptor for the key blob"));
  return -1;
}

gboolean
handoff_handshake_details_read (HandoffHandshakeDetails *self,
                                GVariant *details,
                                GUnixFDList *fds,
                                GError **error)
{
  Reading reading = { self };
  gboolean good = take_details (&reading, details, error);

  if (good)
    {
      self->key_blob = find_key_blob (g_variant_get_handle (reading.key_blob), fds, error);
      good = self->key_blob >= 0;
    }
  if (good)
    {
      self->verified_chain =
          handoff_certificates_select (self->peer_certificates, reading.verified_path);
      if (self->ocsp_status == NULL)
        self->ocsp_status = g_strdup (HANDOFF_OCSP_NONE);
    }
  g_clear_pointer (&reading.key_blob, g_variant_unref);
  g_clear_pointer (&reading.verified_path, g_variant_unref);
  return good;
}

void
handoff_handshake_details_clear (HandoffHandshakeDetails *self)
{
  g_free (self->protocol);
  g_free (self->cipher_suite);
  g_free (self->application_protocol);
  g_free (self->server_name);
  g_free (self->credential);
  g_free (self->ocsp_status);
  g_free (self->ocsp_problem);
  g_clear_pointer (&self->peer_certificates, g_ptr_array_unref);
  g_clear_pointer (&self->verified_chain, g_ptr_array_unref);
  g_clear_pointer (&self->certificate_authorities, g_ptr_array_unref);
  g_clear_pointer (&self->verification_errors, g_variant_unref);
}
