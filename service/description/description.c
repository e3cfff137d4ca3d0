/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "description/description.h"

#include <string.h>

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

#define MAX_ALGORITHM_SIZE 32
#define MAX_PROBLEM_SIZE 256

static gboolean
refuse_chain (GError **error, const char *what)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "certificates: %s",
               what);
  return FALSE;
}

gboolean
handoff_description_check_chain (GPtrArray *certificates, GError **error)
{
  gsize size = 0;
  guint i;

  if (certificates->len > HANDOFF_MAX_CERTIFICATES)
    return refuse_chain (error,
                         "at most " G_STRINGIFY (HANDOFF_MAX_CERTIFICATES) " of them are possible");
  for (i = 0; i < certificates->len; i++)
    size += g_bytes_get_size (g_ptr_array_index (certificates, i));
  return size <= HANDOFF_MAX_CHAIN_SIZE ||
         refuse_chain (error, "they have more than the 96 KiB that peers take");
}

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
               "A credential is described wrongly: %s", what);
  return FALSE;
}

/* Whether it may be shown: at most so many bytes, and nothing that steers a terminal. */
static gboolean
is_text (const char *text, gsize maximum)
{
  const char *p;

  for (p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      if (!g_unichar_isprint (g_utf8_get_char (p)))
        return FALSE;
    }
  return (gsize) (p - text) <= maximum;
}

static gboolean
is_algorithm (const char *text)
{
  gsize n = strspn (text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

  return n >= 1 && n <= MAX_ALGORITHM_SIZE && text[n] == '\0';
}

static gboolean
check_certificates (const HandoffDescription *self, GError **error)
{
  guint i;

  for (i = 0; i < self->certificates->len; i++)
    {
      if (g_bytes_get_size (g_ptr_array_index (self->certificates, i)) == 0)
        return refuse (error, "a certificate is empty");
    }
  if (!handoff_description_check_chain (self->certificates, NULL))
    return refuse (error, "its chain is too large");
  return TRUE;
}

static gboolean
is_time (gint64 time)
{
  return time >= 0 && time <= HANDOFF_MAX_CERTIFICATE_TIME;
}

static gboolean
check_times (const HandoffDescription *self, GError **error)
{
  if (!is_time (self->not_before) || !is_time (self->not_after) || !is_time (self->ocsp_not_after))
    return refuse (error, "a time is in no calendar");
  if (self->certificates->len == 0 && (self->not_before != 0 || self->not_after != 0))
    return refuse (error, "there is a time, and no certificate");
  return TRUE;
}

static gboolean
check_ocsp (const HandoffDescription *self, GError **error)
{
  if ((self->ocsp_response != NULL) != (self->ocsp_not_after > 0))
    return refuse (error, "an OCSP response has no end, or an end no response");
  if (self->ocsp_response == NULL)
    return self->ocsp_problem == NULL || is_text (self->ocsp_problem, MAX_PROBLEM_SIZE) ||
           refuse (error, "the problem of its OCSP response is no text for people");
  if (self->certificates->len == 0 || self->ocsp_problem != NULL)
    return refuse (error, "an OCSP response is good that cannot be");
  return g_bytes_get_size (self->ocsp_response) <= HANDOFF_MAX_STAPLE_SIZE ||
         refuse (error, "its OCSP response is too large");
}

static gboolean
check (const HandoffDescription *self, GError **error)
{
  gsize size = g_bytes_get_size (self->public_key);

  if (size == 0 || size > HANDOFF_MAX_PUBLIC_KEY_SIZE)
    return refuse (error, "its public key is none, or too large");
  if (!is_algorithm (self->algorithm))
    return refuse (error, "its key's algorithm has no such name");
  return check_certificates (self, error) && check_times (self, error) && check_ocsp (self, error);
}

static GBytes *
get_bytes (GVariant *tuple, gsize index)
{
  g_autoptr (GVariant) child = g_variant_get_child_value (tuple, index);

  return g_variant_get_data_as_bytes (child);
}

static GPtrArray *
get_certificates (GVariant *tuple)
{
  g_autoptr (GVariant) child = g_variant_get_child_value (tuple, 2);
  /* One that is too much shows that they are. */
  gsize i, n = MIN (g_variant_n_children (child), HANDOFF_MAX_CERTIFICATES + 1);
  GPtrArray *certificates = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  for (i = 0; i < n; i++)
    g_ptr_array_add (certificates, get_bytes (child, i));
  return certificates;
}

HandoffDescription *
handoff_description_read (GVariant *variant, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GVariant) owned = g_variant_ref_sink (variant);
  g_autoptr (HandoffDescription) self = NULL;
  g_autoptr (GBytes) ocsp_response = NULL;

  if (!g_variant_is_of_type (variant, G_VARIANT_TYPE (HANDOFF_DESCRIPTION_TYPE)) ||
      !g_variant_is_normal_form (variant))
    {
      refuse (error, "it is no description");
      return NULL;
    }
  self = g_new0 (HandoffDescription, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->variant = g_variant_ref (variant);
  self->public_key = get_bytes (variant, 0);
  self->certificates = get_certificates (variant);
  ocsp_response = get_bytes (variant, 5);
  g_variant_get_child (variant, 1, "&s", &self->algorithm);
  g_variant_get_child (variant, 3, "x", &self->not_before);
  g_variant_get_child (variant, 4, "x", &self->not_after);
  g_variant_get_child (variant, 6, "x", &self->ocsp_not_after);
  g_variant_get_child (variant, 7, "&s", &self->ocsp_problem);
  if (g_bytes_get_size (ocsp_response) > 0)
    self->ocsp_response = g_steal_pointer (&ocsp_response);
  if (*self->ocsp_problem == '\0')
    self->ocsp_problem = NULL;
  return check (self, error) ? g_steal_pointer (&self) : NULL;
}

/* bytes: (nullable) */
static GVariant *
new_bytes (GBytes *bytes)
{
  if (bytes == NULL)
    return g_variant_new_array (G_VARIANT_TYPE_BYTE, NULL, 0);
  return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
}

HandoffDescription *
handoff_description_new (GBytes *public_key,
                         const char *algorithm,
                         GPtrArray *certificates,
                         gint64 not_before,
                         gint64 not_after,
                         GBytes *ocsp_response,
                         gint64 ocsp_not_after,
                         const char *ocsp_problem,
                         GError **error)
{
  GVariantBuilder builder;
  guint i;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_BYTESTRING_ARRAY);
  for (i = 0; certificates != NULL && i < certificates->len; i++)
    g_variant_builder_add_value (&builder, new_bytes (g_ptr_array_index (certificates, i)));
  return handoff_description_read (g_variant_new ("(@aysaayxx@ayxs)", new_bytes (public_key),
                                                  algorithm, &builder, not_before, not_after,
                                                  new_bytes (ocsp_response), ocsp_not_after,
                                                  ocsp_problem != NULL ? ocsp_problem : ""),
                                   error);
}

HandoffDescription *
handoff_description_ref (HandoffDescription *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_description_unref (HandoffDescription *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_bytes_unref (self->public_key);
  g_ptr_array_unref (self->certificates);
  g_clear_pointer (&self->ocsp_response, g_bytes_unref);
  g_variant_unref (self->variant);
  g_free (self);
}
