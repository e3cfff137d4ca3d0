/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/certificate-file.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <gnutls/x509.h>

/* Larger than any bundle of authorities: the whole of Mozilla's has 250 kB. */
#define MAX_CERTIFICATE_FILE_SIZE (16 * 1024 * 1024)
/* What tls_handoff_handshake_options_set_trust_anchors() takes; the size is that of all. */
#define MAX_AUTHORITIES 256
#define MAX_AUTHORITIES_SIZE (1024 * 1024)
/* Of each certificate in a message on the bus. */
#define FRAME_SIZE 4

static void
free_certificates (gnutls_x509_crt_t *certificates, guint n_certificates)
{
  guint i;

  for (i = 0; i < n_certificates; i++)
    gnutls_x509_crt_deinit (certificates[i]);
  gnutls_free (certificates);
}

static GPtrArray *
export_certificates (const char *path,
                     gnutls_x509_crt_t *certificates,
                     guint n_certificates,
                     GError **error)
{
  g_autoptr (GPtrArray) chain = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint i;

  for (i = 0; i < n_certificates; i++)
    {
      gnutls_datum_t der = { NULL, 0 };
      int code = gnutls_x509_crt_export2 (certificates[i], GNUTLS_X509_FMT_DER, &der);

      if (code < 0)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       _ ("Certificate %u of %s cannot be used: %s"), i + 1, path,
                       gnutls_strerror (code));
          return NULL;
        }
      g_ptr_array_add (chain, g_bytes_new (der.data, der.size));
      gnutls_free (der.data);
    }
  return g_steal_pointer (&chain);
}

/**
 * cli_certificate_file_load:
 * @path: a file with certificates, PEM (RFC 7468); other text in it is skipped
 *
 * Returns: (transfer full) (element-type GBytes): the certificates, DER; at least one
 */
GPtrArray *
cli_certificate_file_load (const char *path, GError **error)
{
  /* Not by the desktop's GVfs, which would start threads: probe-processes.c forks. */
  g_autoptr (GFile) file = g_vfs_get_file_for_path (g_vfs_get_local (), path);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, error);
  g_autofree char *contents = NULL;
  gsize size = 0;
  gnutls_x509_crt_t *certificates = NULL;
  guint n_certificates = 0;
  gnutls_datum_t datum;
  g_autoptr (GPtrArray) chain = NULL;
  int code;

  if (stream == NULL)
    return NULL;
  contents = g_malloc (MAX_CERTIFICATE_FILE_SIZE + 1);
  if (!g_input_stream_read_all (G_INPUT_STREAM (stream), contents, MAX_CERTIFICATE_FILE_SIZE + 1,
                                &size, NULL, error))
    {
      g_prefix_error (error, "%s: ", path);
      return NULL;
    }
  if (size > MAX_CERTIFICATE_FILE_SIZE)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("%s is larger than the 16 MiB that a file of certificates may have"), path);
      return NULL;
    }

  datum.data = (guint8 *) contents;
  datum.size = size;
  code =
      gnutls_x509_crt_list_import2 (&certificates, &n_certificates, &datum, GNUTLS_X509_FMT_PEM, 0);
  if (code < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("%s does not hold certificates in PEM format: %s"), path,
                   gnutls_strerror (code));
      return NULL;
    }
  chain = export_certificates (path, certificates, n_certificates, error);
  free_certificates (certificates, n_certificates);
  return g_steal_pointer (&chain);
}

/**
 * cli_certificate_file_load_authorities:
 * @path: as for cli_certificate_file_load()
 *
 * Loads certificates that are to be trusted, of which the service takes only so many.
 *
 * Returns: (transfer full) (element-type GBytes): the certificates, DER; at least one
 */
GPtrArray *
cli_certificate_file_load_authorities (const char *path, GError **error)
{
  g_autoptr (GPtrArray) authorities = cli_certificate_file_load (path, error);
  gsize size = 0;
  guint i;

  if (authorities == NULL)
    return NULL;
  for (i = 0; i < authorities->len; i++)
    size += g_bytes_get_size (authorities->pdata[i]) + FRAME_SIZE;
  if (authorities->len <= MAX_AUTHORITIES && size <= MAX_AUTHORITIES_SIZE)
    return g_steal_pointer (&authorities);
  g_set_error (
      error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
      ngettext ("%s has %u certificate of %zu KiB; at most %d, of %d KiB in all, can be trusted",
                "%s has %u certificates of %zu KiB; at most %d, of %d KiB in all, can be trusted",
                authorities->len),
      path, authorities->len, size / 1024, MAX_AUTHORITIES, MAX_AUTHORITIES_SIZE / 1024);
  return NULL;
}
