/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "keeper/kept-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "description/description.h"
#include "keeper/folder-files.h"
#include "key/public-key.h"
#include "keyblob/tls-handoff-error.h"

#define METADATA "metadata"
#define KEY "key.pem"
#define PUBLIC_KEY "public-key.pem"
#define CERTIFICATES "certificates.pem"
#define OCSP "ocsp.der"
#define DESCRIPTION "description"

/* Another form of descriptions needs another text. */
#define DIGEST_BEGINNING "TLS Handoff description 1 " G_STRINGIFY (G_BYTE_ORDER)

void
handoff_kept_folder_free (HandoffKeptFolder *self)
{
  g_free (self->id);
  g_clear_pointer (&self->metadata, handoff_folder_metadata_free);
  g_clear_pointer (&self->key, handoff_kept_key_unref);
  g_clear_pointer (&self->public_key, g_bytes_unref);
  g_clear_pointer (&self->certificates, g_bytes_unref);
  g_clear_pointer (&self->ocsp_response, g_bytes_unref);
  g_clear_pointer (&self->description, g_variant_unref);
  g_free (self);
}

/* file: (nullable): none is another digest than an empty one. */
static void
add_to_digest (GChecksum *checksum, GBytes *file)
{
  gsize size = 0;
  gconstpointer data = file != NULL ? g_bytes_get_data (file, &size) : NULL;
  const guint64 number = file != NULL ? size : G_MAXUINT64;

  g_checksum_update (checksum, (const guchar *) &number, sizeof number);
  if (size > 0)
    g_checksum_update (checksum, data, (gssize) size);
}

static void
make_digest (GBytes *public_key, GBytes *certificates, GBytes *ocsp_response, guint8 *digest)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize size = HANDOFF_DESCRIPTION_DIGEST_SIZE;

  g_checksum_update (checksum, (const guchar *) DIGEST_BEGINNING, -1);
  add_to_digest (checksum, public_key);
  add_to_digest (checksum, certificates);
  add_to_digest (checksum, ocsp_response);
  g_checksum_get_digest (checksum, digest, &size);
}

static GBytes *
write_pem (const char *kind, GVariant *der)
{
  gsize size;
  gconstpointer data = g_variant_get_fixed_array (der, &size, 1);
  const gnutls_datum_t datum = { (unsigned char *) data, (unsigned int) size };
  gnutls_datum_t text;
  GBytes *pem;

  if (gnutls_pem_base64_encode2 (kind, &datum, &text) < 0)
    g_error ("No memory");
  pem = g_bytes_new (text.data, text.size);
  gnutls_free (text.data);
  return pem;
}

/* The file. (nullable): NULL without certificates */
static GBytes *
write_certificates (GVariant *description)
{
  g_autoptr (GVariant) certificates = g_variant_get_child_value (description, 2);
  GByteArray *text = g_byte_array_new ();
  gsize i;

  for (i = 0; i < g_variant_n_children (certificates); i++)
    {
      g_autoptr (GVariant) der = g_variant_get_child_value (certificates, i);
      g_autoptr (GBytes) pem = write_pem ("CERTIFICATE", der);

      g_byte_array_append (text, g_bytes_get_data (pem, NULL), (guint) g_bytes_get_size (pem));
    }
  if (text->len > 0)
    return g_byte_array_free_to_bytes (text);
  g_byte_array_unref (text);
  return NULL;
}

/* The digest, and the description in normal form. */
static GBytes *
write_description (const guint8 *digest, GVariant *description)
{
  GByteArray *content = g_byte_array_new ();

  g_byte_array_append (content, digest, HANDOFF_DESCRIPTION_DIGEST_SIZE);
  g_byte_array_append (content, g_variant_get_data (description),
                       (guint) g_variant_get_size (description));
  return g_byte_array_free_to_bytes (content);
}

/* (transfer full) (nullable): NULL if there is none, or none of these files */
static GVariant *
read_description (int folder, const guint8 *digest)
{
  g_autoptr (GBytes) content = handoff_file_read (folder, DESCRIPTION, TRUE, NULL);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GVariant) description = NULL;
  gsize size;
  const guint8 *data = content != NULL ? g_bytes_get_data (content, &size) : NULL;

  if (data == NULL || size <= HANDOFF_DESCRIPTION_DIGEST_SIZE ||
      memcmp (data, digest, HANDOFF_DESCRIPTION_DIGEST_SIZE) != 0)
    return NULL;
  bytes =
      g_bytes_new (data + HANDOFF_DESCRIPTION_DIGEST_SIZE, size - HANDOFF_DESCRIPTION_DIGEST_SIZE);
  description = g_variant_ref_sink (
      g_variant_new_from_bytes (G_VARIANT_TYPE (HANDOFF_DESCRIPTION_TYPE), bytes, FALSE));
  return g_variant_is_normal_form (description) ? g_steal_pointer (&description) : NULL;
}

gboolean
handoff_description_is_of_key (GVariant *description, GBytes *public_key, GError **error)
{
  g_autoptr (GVariant) child = g_variant_get_child_value (description, 0);
  g_autoptr (GBytes) described = g_variant_get_data_as_bytes (child);

  if (g_bytes_equal (described, public_key))
    return TRUE;
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                       "The description is about another key");
  return FALSE;
}

static GBytes *
read_public_key (int folder, GError **error)
{
  g_autoptr (GBytes) pem = handoff_file_read (folder, PUBLIC_KEY, FALSE, error);
  gnutls_datum_t datum;
  gnutls_pubkey_t key;
  GBytes *der = NULL;
  gsize size;

  if (pem == NULL)
    return NULL;
  datum.data = (unsigned char *) g_bytes_get_data (pem, &size);
  datum.size = (unsigned int) size;
  gnutls_pubkey_init (&key);
  if (gnutls_pubkey_import (key, &datum, GNUTLS_X509_FMT_PEM) >= 0)
    der = handoff_public_key_export (key, error);
  else
    g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                         PUBLIC_KEY ": is no public key in PEM");
  gnutls_pubkey_deinit (key);
  return der;
}

static gboolean
read_key (HandoffKeptFolder *self, int folder, GError **error)
{
  g_autoptr (GBytes) pem = NULL;

  if (self->metadata->token_uri != NULL)
    {
      self->public_key = read_public_key (folder, error);
      return self->public_key != NULL;
    }
  pem = handoff_file_read (folder, KEY, FALSE, error);
  if (pem == NULL)
    return FALSE;
  self->key = handoff_kept_key_read (pem, error);
  if (self->key == NULL)
    {
      g_prefix_error (error, KEY ": ");
      return FALSE;
    }
  self->public_key = g_bytes_ref (handoff_kept_key_get_public_key (self->key));
  return TRUE;
}

/* What is to be described, and the description. An OCSP response that cannot be read must not make
 * the credential unusable: the administrator puts it there. */
static gboolean
read_described (HandoffKeptFolder *self, int folder, GError **error)
{
  g_autoptr (GError) certificates_error = NULL;
  g_autoptr (GError) ocsp_error = NULL;

  self->certificates = handoff_file_read (folder, CERTIFICATES, TRUE, &certificates_error);
  if (certificates_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&certificates_error));
      return FALSE;
    }
  self->ocsp_response = handoff_file_read (folder, OCSP, TRUE, &ocsp_error);
  if (ocsp_error != NULL)
    g_warning ("%s/%s; nothing is stapled", self->id, ocsp_error->message);
  make_digest (self->public_key, self->certificates, self->ocsp_response, self->digest);
  self->description = read_description (folder, self->digest);
  return TRUE;
}

static gboolean
read_files (HandoffKeptFolder *self, int folder, GError **error)
{
  g_autoptr (GBytes) metadata = handoff_file_read (folder, METADATA, FALSE, error);

  if (metadata == NULL)
    return FALSE;
  self->metadata = handoff_folder_metadata_read (metadata, error);
  return self->metadata != NULL && read_key (self, folder, error) &&
         read_described (self, folder, error);
}

HandoffKeptFolder *
handoff_kept_folder_read (int directory, const char *id, GError **error)
{
  g_autoptr (HandoffKeptFolder) self = g_new0 (HandoffKeptFolder, 1);
  int folder = handoff_folder_open (directory, id, error);
  gboolean is_read;

  if (folder < 0)
    return NULL;
  self->id = g_strdup (id);
  is_read = read_files (self, folder, error);
  close (folder);
  return is_read ? g_steal_pointer (&self) : NULL;
}

/* Certificates and description; the digest is of what is in the folder then. */
static gboolean
write_described (int folder, GVariant *description, GError **error)
{
  g_autoptr (GVariant) key = g_variant_get_child_value (description, 0);
  g_autoptr (GBytes) public_key = g_variant_get_data_as_bytes (key);
  g_autoptr (GBytes) certificates = write_certificates (description);
  g_autoptr (GBytes) content = NULL;
  guint8 digest[HANDOFF_DESCRIPTION_DIGEST_SIZE];

  make_digest (public_key, certificates, NULL, digest);
  content = write_description (digest, description);
  return (certificates != NULL ? handoff_file_replace (folder, CERTIFICATES, certificates, error)
                               : handoff_file_remove (folder, CERTIFICATES, error)) &&
         handoff_file_replace (folder, DESCRIPTION, content, error);
}

static gboolean
write_key (int folder, HandoffKeptKey *key, GVariant *description, GError **error)
{
  g_autoptr (GBytes) pem = NULL;
  g_autoptr (GVariant) public_key = NULL;

  if (key != NULL)
    {
      pem = handoff_kept_key_write (key, error);
      return pem != NULL && handoff_file_write (folder, KEY, pem, error);
    }
  public_key = g_variant_get_child_value (description, 0);
  pem = write_pem ("PUBLIC KEY", public_key);
  return handoff_file_write (folder, PUBLIC_KEY, pem, error);
}

static gboolean
write_files (int directory,
             const char *name,
             const HandoffFolderMetadata *metadata,
             HandoffKeptKey *key,
             GVariant *description,
             GError **error)
{
  g_autoptr (GBytes) content = handoff_folder_metadata_write (metadata);
  int folder = handoff_folder_open (directory, name, error);
  gboolean success;

  if (folder < 0)
    return FALSE;
  success = write_key (folder, key, description, error) &&
            write_described (folder, description, error) &&
            handoff_file_write (folder, METADATA, content, error) &&
            handoff_folder_sync (folder, name, error);
  close (folder);
  return success;
}

static gboolean
rename_folder (int directory, const char *from, const char *to, const char *what, GError **error)
{
  int code;

  if (renameat (directory, from, directory, to) == 0)
    return TRUE;
  code = errno;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "Cannot %s: %s", what,
               g_strerror (code));
  errno = code;
  return FALSE;
}

gboolean
handoff_kept_folder_write (int directory,
                           const char *id,
                           const HandoffFolderMetadata *metadata,
                           HandoffKeptKey *key,
                           GVariant *description,
                           GError **error)
{
  g_autofree char *new_name = g_strconcat (HANDOFF_NEW_PREFIX, id, NULL);

  if (!handoff_folder_make (directory, new_name, error))
    return FALSE;
  if (write_files (directory, new_name, metadata, key, description, error) &&
      rename_folder (directory, new_name, id, "make the credential's folder", error))
    {
      if (handoff_folder_sync (directory, "the credentials' directory", error))
        return TRUE;
      /* Perhaps the folder is not on the disk: then it must not stay. */
      handoff_folder_clean (directory, id);
      return FALSE;
    }
  handoff_folder_clean (directory, new_name);
  return FALSE;
}

/* -1: CREDENTIAL_NOT_FOUND if there is none */
static int
open_present (int directory, const char *id, GError **error)
{
  int folder = openat (directory, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  if (folder >= 0)
    return folder;
  if (errno == ENOENT)
    g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                         "The credential was removed meanwhile");
  else
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                 "Cannot open the credential's folder: %s", g_strerror (errno));
  return -1;
}

gboolean
handoff_kept_folder_certify (int directory, const char *id, GVariant *description, GError **error)
{
  int folder = open_present (directory, id, error);
  gboolean success;

  if (folder < 0)
    return FALSE;
  /* The response first: clients would refuse it with the new certificate. */
  success =
      handoff_file_remove (folder, OCSP, error) && write_described (folder, description, error);
  close (folder);
  return success;
}

/* Whether two descriptions have a member in common. */
static gboolean
is_same_member (GVariant *one, GVariant *other, gsize index)
{
  g_autoptr (GVariant) first = g_variant_get_child_value (one, index);
  g_autoptr (GVariant) second = g_variant_get_child_value (other, index);

  return g_variant_equal (first, second);
}

/* Files that somebody changed are described anew when they are read: until then nobody knows what
 * the response is about, and a description would be wrong. */
static gboolean
write_response (int folder, const HandoffKeptFolder *present, GVariant *description, GError **error)
{
  g_autoptr (GVariant) child = g_variant_get_child_value (description, 5);
  g_autoptr (GBytes) response =
      g_variant_get_size (child) > 0 ? g_variant_get_data_as_bytes (child) : NULL;
  g_autoptr (GBytes) content = NULL;
  guint8 digest[HANDOFF_DESCRIPTION_DIGEST_SIZE];

  if (!(response != NULL ? handoff_file_replace (folder, OCSP, response, error)
                         : handoff_file_remove (folder, OCSP, error)))
    return FALSE;
  if (present->description == NULL)
    return handoff_file_remove (folder, DESCRIPTION, error);
  make_digest (present->public_key, present->certificates, response, digest);
  content = write_description (digest, description);
  return handoff_file_replace (folder, DESCRIPTION, content, error);
}

gboolean
handoff_kept_folder_staple (int directory, const char *id, GVariant *description, GError **error)
{
  g_autoptr (HandoffKeptFolder) present = NULL;
  int folder = open_present (directory, id, error);
  gboolean success = FALSE;

  if (folder < 0)
    return FALSE;
  present = handoff_kept_folder_read (directory, id, error);
  if (present != NULL && present->description != NULL &&
      !is_same_member (present->description, description, 2))
    g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                         "The credential's certificates were changed meanwhile: call again");
  else if (present != NULL)
    success = write_response (folder, present, description, error);
  close (folder);
  return success;
}

gboolean
handoff_kept_folder_describe (int directory,
                              const char *id,
                              const guint8 digest[HANDOFF_DESCRIPTION_DIGEST_SIZE],
                              GVariant *description,
                              GError **error)
{
  g_autoptr (HandoffKeptFolder) present = NULL;
  g_autoptr (GBytes) content = write_description (digest, description);
  int folder = open_present (directory, id, error);
  gboolean success = FALSE;

  if (folder < 0)
    return FALSE;
  present = handoff_kept_folder_read (directory, id, error);
  if (present != NULL && memcmp (present->digest, digest, HANDOFF_DESCRIPTION_DIGEST_SIZE) != 0)
    g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                         "The credential's files were changed meanwhile");
  else if (present != NULL &&
           handoff_description_is_of_key (description, present->public_key, error))
    success = handoff_file_replace (folder, DESCRIPTION, content, error);
  close (folder);
  return success;
}

gboolean
handoff_kept_folder_remove (int directory, const char *id, GError **error)
{
  g_autofree char *removed = g_strconcat (HANDOFF_REMOVED_PREFIX, id, NULL);
  g_autoptr (GError) local_error = NULL;

  if (!rename_folder (directory, id, removed, "remove the credential's folder", &local_error) &&
      errno != ENOENT)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (!handoff_folder_sync (directory, "the credentials' directory", error))
    return FALSE;
  handoff_folder_clean (directory, removed);
  return TRUE;
}
