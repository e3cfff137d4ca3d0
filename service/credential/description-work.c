/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "credential/description-work.h"

#include <gnutls/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include "describe/description-maker.h"
#include "key/public-key.h"
#include "keyblob/tls-handoff-error.h"

#define CERTIFICATES "certificates.pem"

/* What a thread describes. */
typedef struct
{
  GBytes *public_key;  /* (owned) */
  int certificates_fd; /* (owned): -1 without */
  int ocsp_fd;         /* (owned): -1 without */
} Work;

static void
work_free (Work *self)
{
  g_bytes_unref (self->public_key);
  if (self->certificates_fd >= 0)
    close (self->certificates_fd);
  if (self->ocsp_fd >= 0)
    close (self->ocsp_fd);
  g_free (self);
}

static gboolean
damaged (GError **error, const char *what)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, CERTIFICATES ": %s", what);
  return FALSE;
}

/* fd: -1: there is nothing. (transfer full): empty then */
static GBytes *
read_file (int fd)
{
  struct stat status;
  guint8 *data;
  gssize n;

  if (fd < 0 || fstat (fd, &status) != 0 || status.st_size <= 0)
    return g_bytes_new (NULL, 0);
  data = g_malloc ((gsize) status.st_size);
  n = pread (fd, data, (gsize) status.st_size, 0);
  return g_bytes_new_take (data, n > 0 ? (gsize) n : 0);
}

/* (transfer full) (element-type GBytes): NULL with the error */
static GPtrArray *
read_certificates (int fd, GError **error)
{
  g_autoptr (GPtrArray) certificates =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GBytes) pem = read_file (fd);
  gnutls_x509_crt_t *parsed = NULL;
  unsigned int i, n_parsed = 0;
  gnutls_datum_t datum;
  gsize size;
  int code;

  datum.data = (unsigned char *) g_bytes_get_data (pem, &size);
  datum.size = (unsigned int) size;
  if (fd < 0)
    return g_steal_pointer (&certificates);
  code = gnutls_x509_crt_list_import2 (&parsed, &n_parsed, &datum, GNUTLS_X509_FMT_PEM, 0);
  if (code < 0)
    {
      damaged (error, code == GNUTLS_E_NO_CERTIFICATE_FOUND ? "has no certificates in PEM"
                                                            : gnutls_strerror (code));
      return NULL;
    }
  for (i = 0; i < n_parsed; i++)
    {
      gnutls_datum_t der;

      if (gnutls_x509_crt_export2 (parsed[i], GNUTLS_X509_FMT_DER, &der) >= 0)
        {
          g_ptr_array_add (certificates, g_bytes_new (der.data, der.size));
          gnutls_free (der.data);
        }
      gnutls_x509_crt_deinit (parsed[i]);
    }
  gnutls_free (parsed);
  return g_steal_pointer (&certificates);
}

static HandoffDescription *
describe (const Work *work, GError **error)
{
  g_autoptr (GPtrArray) certificates = read_certificates (work->certificates_fd, error);
  g_autoptr (GBytes) response = read_file (work->ocsp_fd);
  gnutls_pubkey_t key;
  HandoffDescription *description;

  if (certificates == NULL)
    return NULL;
  key = handoff_public_key_import (work->public_key, error);
  if (key == NULL)
    return NULL;
  description =
      handoff_description_make (key, certificates, work->ocsp_fd >= 0 ? response : NULL, error);
  gnutls_pubkey_deinit (key);
  return description;
}

static void
describe_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;
  HandoffDescription *description = describe (task_data, &error);

  if (description != NULL)
    g_task_return_pointer (task, description, (GDestroyNotify) handoff_description_unref);
  else
    g_task_return_error (task, error);
}

void
handoff_description_work_async (GBytes *public_key,
                                int certificates_fd,
                                int ocsp_fd,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  Work *work = g_new (Work, 1);

  *work = (Work){ g_bytes_ref (public_key), certificates_fd, ocsp_fd };
  g_task_set_source_tag (task, handoff_description_work_async);
  g_task_set_task_data (task, work, (GDestroyNotify) work_free);
  g_task_run_in_thread (task, describe_in_thread);
}

HandoffDescription *
handoff_description_work_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
