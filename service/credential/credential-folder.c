/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "credential/credential-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "describe/description-maker.h"
#include "key/gnutls-support.h"
#include "description/credential-label.h"
#include "keyblob/handoff-names.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"

#define GROUP "Credential"
#define METADATA "metadata"
#define KEY "key.pem"
#define PUBLIC_KEY "public-key.pem"
#define CERTIFICATES "certificates.pem"
#define OCSP "ocsp.der"
#define NEW_PREFIX ".new-"
#define REMOVED_PREFIX ".removed-"

#define MAX_FILE_SIZE (1024 * 1024)

static gboolean
fail_errno (GError **error, const char *what, const char *path)
{
  int code = errno;

  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "Cannot %s %s: %s", what, path,
               g_strerror (code));
  return FALSE;
}

static gboolean
sync_folder (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean success = fd >= 0 && fsync (fd) == 0;

  if (!success)
    fail_errno (error, "write", path);
  if (fd >= 0)
    close (fd);
  return success;
}

static gboolean
write_all (int fd, const guint8 *data, gsize size)
{
  gssize n;

  for (; size > 0; data += n, size -= (gsize) n)
    {
      n = write (fd, data, size);
      if (n < 0 && errno == EINTR)
        n = 0;
      else if (n < 0)
        return FALSE;
    }
  return TRUE;
}

/* Writes a new file. */
static gboolean
write_file (const char *folder, const char *name, gconstpointer data, gsize size, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  gboolean success = fd >= 0 && write_all (fd, data, size) && fsync (fd) == 0;

  if (!success)
    fail_errno (error, "write", path);
  if (fd >= 0 && close (fd) != 0 && success)
    success = fail_errno (error, "write", path);
  return success;
}

static gboolean
write_metadata (const char *folder, const HandoffCredential *credential, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  const char *roles[3];
  gsize n_roles = 0, size;
  g_autofree char *text = NULL;

  if (credential->roles & HANDOFF_CREDENTIAL_ROLE_CLIENT)
    roles[n_roles++] = HANDOFF_ROLE_NAME_CLIENT;
  if (credential->roles & HANDOFF_CREDENTIAL_ROLE_SERVER)
    roles[n_roles++] = HANDOFF_ROLE_NAME_SERVER;
  g_key_file_set_string (file, GROUP, "Label", credential->label);
  g_key_file_set_uint64 (file, GROUP, "Owner", credential->owner);
  g_key_file_set_string_list (file, GROUP, "Roles", roles, n_roles);
  if (credential->token_uri != NULL)
    g_key_file_set_string (file, GROUP, "Token", credential->token_uri);
  text = g_key_file_to_data (file, &size, NULL);
  return write_file (folder, METADATA, text, size, error);
}

static GString *
certificates_to_pem (const HandoffCredential *credential)
{
  const GPtrArray *certificates = credential->description->certificates;
  GString *pem = g_string_new (NULL);
  guint i;

  for (i = 0; i < certificates->len; i++)
    {
      gsize size;
      gconstpointer data = g_bytes_get_data (certificates->pdata[i], &size);
      const gnutls_datum_t der = { (unsigned char *) data, (unsigned int) size };
      gnutls_datum_t text;

      if (gnutls_pem_base64_encode2 ("CERTIFICATE", &der, &text) < 0)
        g_error ("No memory");
      g_string_append_len (pem, (const char *) text.data, text.size);
      gnutls_free (text.data);
    }
  return pem;
}

static gboolean
write_public_key (const char *folder, HandoffPrivateKey *key, GError **error)
{
  gnutls_datum_t pem;
  int code =
      gnutls_pubkey_export2 (handoff_private_key_get_public_key (key), GNUTLS_X509_FMT_PEM, &pem);
  gboolean success;

  if (code < 0)
    return handoff_gnutls_set_error (error, code, "Cannot write the public key");
  success = write_file (folder, PUBLIC_KEY, pem.data, pem.size, error);
  gnutls_free (pem.data);
  return success;
}

static gboolean
write_files (const char *folder,
             const HandoffCredential *credential,
             GBytes *key_pem,
             GError **error)
{
  g_autoptr (GString) pem = certificates_to_pem (credential);
  gsize size;

  if (key_pem != NULL)
    {
      gconstpointer data = g_bytes_get_data (key_pem, &size);

      if (!write_file (folder, KEY, data, size, error))
        return FALSE;
    }
  else if (!write_public_key (folder, credential->key, error))
    {
      return FALSE;
    }
  return (pem->len == 0 || write_file (folder, CERTIFICATES, pem->str, pem->len, error)) &&
         write_metadata (folder, credential, error) && sync_folder (folder, error);
}

void
handoff_credential_folder_clean (const char *directory, const char *name)
{
  g_autofree char *folder = g_build_filename (directory, name, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *file;

  while (dir != NULL && (file = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, file, NULL);

      unlink (path);
    }
  if (rmdir (folder) != 0 && errno != ENOENT)
    g_warning ("Cannot remove %s, which is left over: %s", folder, g_strerror (errno));
}

gboolean
handoff_credential_folder_write (const char *directory,
                                 const HandoffCredential *credential,
                                 GBytes *key_pem,
                                 GError **error)
{
  g_autofree char *new_name = g_strconcat (NEW_PREFIX, credential->id, NULL);
  g_autofree char *new_folder = g_build_filename (directory, new_name, NULL);
  g_autofree char *folder = g_build_filename (directory, credential->id, NULL);

  if (mkdir (new_folder, 0700) != 0)
    return fail_errno (error, "make the folder", new_folder);
  if (write_files (new_folder, credential, key_pem, error) &&
      (rename (new_folder, folder) == 0 || fail_errno (error, "make the folder", folder)))
    {
      if (sync_folder (directory, error))
        return TRUE;
      /* Perhaps the folder is not on the disk: then it must not stay. */
      handoff_credential_folder_clean (directory, credential->id);
      return FALSE;
    }
  handoff_credential_folder_clean (directory, new_name);
  return FALSE;
}

gboolean
handoff_credential_folder_replace_certificates (const char *directory,
                                                const HandoffCredential *credential,
                                                GError **error)
{
  g_autofree char *folder = g_build_filename (directory, credential->id, NULL);
  g_autofree char *new_path = g_build_filename (folder, NEW_PREFIX CERTIFICATES, NULL);
  g_autofree char *path = g_build_filename (folder, CERTIFICATES, NULL);
  g_autofree char *ocsp_path = g_build_filename (folder, OCSP, NULL);
  g_autoptr (GString) pem = certificates_to_pem (credential);

  unlink (new_path); /* left by a crash, perhaps */
  /* The response is about the old certificate: clients would refuse it with the new one. */
  if (unlink (ocsp_path) != 0 && errno != ENOENT)
    return fail_errno (error, "remove", ocsp_path);
  if (write_file (folder, NEW_PREFIX CERTIFICATES, pem->str, pem->len, error))
    {
      if (rename (new_path, path) == 0)
        return sync_folder (folder, error);
      fail_errno (error, "replace", path);
    }
  unlink (new_path);
  return FALSE;
}

gboolean
handoff_credential_folder_remove (const char *directory, const char *id, GError **error)
{
  g_autofree char *folder = g_build_filename (directory, id, NULL);
  g_autofree char *removed_name = g_strconcat (REMOVED_PREFIX, id, NULL);
  g_autofree char *removed_folder = g_build_filename (directory, removed_name, NULL);

  if (rename (folder, removed_folder) != 0 && errno != ENOENT)
    return fail_errno (error, "remove", folder);
  if (!sync_folder (directory, error))
    return FALSE;
  handoff_credential_folder_clean (directory, removed_name);
  return TRUE;
}

static gboolean
damaged (GError **error, const char *name, const char *what)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "%s: %s", name, what);
  return FALSE;
}

/* The content, in secret memory. NULL without error: the file is optional, and missing. */
static GBytes *
read_file (const char *folder, const char *name, gboolean optional, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  int fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat status;
  guint8 *data;
  gsize size = 0;
  gssize n;

  if (fd < 0 && errno == ENOENT && optional)
    return NULL;
  if (fd < 0 || fstat (fd, &status) != 0 || !S_ISREG (status.st_mode) || status.st_size < 1 ||
      status.st_size > MAX_FILE_SIZE)
    {
      damaged (error, name,
               fd < 0 ? g_strerror (errno) : "is no file of 1 byte to 1 MiB, or cannot be read");
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  data = handoff_secret_new ((gsize) status.st_size + 1, HANDOFF_SECRET_DEFAULT);
  while ((n = read (fd, data + size, (gsize) status.st_size - size)) > 0)
    size += (gsize) n;
  close (fd);
  return g_bytes_new_with_free_func (data, size, handoff_secret_free, data);
}

static gnutls_datum_t
get_datum (GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  return (gnutls_datum_t){ (unsigned char *) data, (unsigned int) size };
}

static HandoffPrivateKey *
read_key_in_file (const char *folder, GError **error)
{
  g_autoptr (GBytes) pem = read_file (folder, KEY, FALSE, error);
  gnutls_x509_privkey_t key;
  gnutls_datum_t datum;

  if (pem == NULL)
    return NULL;
  datum = get_datum (pem);
  gnutls_x509_privkey_init (&key);
  if (gnutls_x509_privkey_import2 (key, &datum, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN) >= 0)
    return handoff_private_key_new_x509 (key, error);
  gnutls_x509_privkey_deinit (key);
  damaged (error, KEY, "is no private key in PEM");
  return NULL;
}

static HandoffPrivateKey *
read_key_in_token (const char *folder, HandoffTokens *tokens, const char *uri, GError **error)
{
  g_autoptr (GBytes) pem = read_file (folder, PUBLIC_KEY, FALSE, error);
  gnutls_pubkey_t public_key;
  gnutls_datum_t datum;

  if (pem == NULL)
    return NULL;
  datum = get_datum (pem);
  gnutls_pubkey_init (&public_key);
  if (gnutls_pubkey_import (public_key, &datum, GNUTLS_X509_FMT_PEM) >= 0)
    return handoff_tokens_get_key (tokens, uri, public_key);
  gnutls_pubkey_deinit (public_key);
  damaged (error, PUBLIC_KEY, "is no public key in PEM");
  return NULL;
}

/* (transfer full): empty if there are none */
static GPtrArray *
read_certificates (const char *folder, GError **error)
{
  g_autoptr (GPtrArray) certificates =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GBytes) pem = read_file (folder, CERTIFICATES, TRUE, &local_error);
  gnutls_x509_crt_t *parsed = NULL;
  unsigned int i, n_parsed = 0;
  gnutls_datum_t datum;
  int code;

  if (pem == NULL && local_error == NULL)
    return g_steal_pointer (&certificates);
  if (pem == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  datum = get_datum (pem);
  code = gnutls_x509_crt_list_import2 (&parsed, &n_parsed, &datum, GNUTLS_X509_FMT_PEM, 0);
  if (code < 0)
    {
      damaged (error, CERTIFICATES,
               code == GNUTLS_E_NO_CERTIFICATE_FOUND ? "has no certificates in PEM"
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

typedef struct
{
  char *label;
  guint owner;
  HandoffCredentialRoles roles;
  char *token_uri;
} Metadata;

static void
metadata_clear (Metadata *self)
{
  g_free (self->label);
  g_free (self->token_uri);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Metadata, metadata_clear)

static gboolean
read_roles (GKeyFile *file, Metadata *metadata, GError **error)
{
  g_auto (GStrv) roles = g_key_file_get_string_list (file, GROUP, "Roles", NULL, NULL);
  gsize i;

  for (i = 0; roles != NULL && roles[i] != NULL; i++)
    {
      if (g_str_equal (roles[i], HANDOFF_ROLE_NAME_CLIENT))
        metadata->roles |= HANDOFF_CREDENTIAL_ROLE_CLIENT;
      else if (g_str_equal (roles[i], HANDOFF_ROLE_NAME_SERVER))
        metadata->roles |= HANDOFF_CREDENTIAL_ROLE_SERVER;
      else
        return damaged (error, METADATA, "has an unknown role");
    }
  return metadata->roles != 0 || damaged (error, METADATA, "has no roles");
}

static gboolean
read_metadata (const char *folder, Metadata *metadata, GError **error)
{
  g_autoptr (GBytes) content = read_file (folder, METADATA, FALSE, error);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) number_error = NULL;
  guint64 owner;

  if (content == NULL)
    return FALSE;
  if (!g_key_file_load_from_bytes (file, content, G_KEY_FILE_NONE, error))
    {
      g_prefix_error (error, "%s: ", METADATA);
      return FALSE;
    }
  metadata->label = g_key_file_get_string (file, GROUP, "Label", NULL);
  if (metadata->label == NULL)
    return damaged (error, METADATA, "has no label");
  if (!handoff_credential_label_check (metadata->label, error))
    {
      g_prefix_error (error, "%s: ", METADATA);
      return FALSE;
    }
  owner = g_key_file_get_uint64 (file, GROUP, "Owner", &number_error);
  if (number_error != NULL || owner >= G_MAXUINT32)
    return damaged (error, METADATA, "has no owner");
  metadata->owner = (guint) owner;
  metadata->token_uri = g_key_file_get_string (file, GROUP, "Token", NULL);
  return read_roles (file, metadata, error);
}

/* The administrator puts this file there. A bad one must not make the credential unusable. */
static GBytes *
read_ocsp_response (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) secret = read_file (folder, OCSP, TRUE, &error);
  gconstpointer data;
  gsize size;

  if (secret == NULL)
    {
      if (error != NULL)
        g_warning ("%s/%s; nothing is stapled", folder, error->message);
      return NULL;
    }
  data = g_bytes_get_data (secret, &size);
  return g_bytes_new (data, size);
}

HandoffCredential *
handoff_credential_folder_read (const char *directory,
                                const char *id,
                                HandoffTokens *tokens,
                                GError **error)
{
  g_autofree char *folder = g_build_filename (directory, id, NULL);
  g_auto (Metadata) metadata = { 0 };
  g_autoptr (HandoffPrivateKey) key = NULL;
  g_autoptr (GPtrArray) certificates = NULL;
  g_autoptr (GBytes) ocsp_response = NULL;
  g_autoptr (HandoffDescription) description = NULL;

  if (!read_metadata (folder, &metadata, error))
    return NULL;
  key = metadata.token_uri != NULL ? read_key_in_token (folder, tokens, metadata.token_uri, error)
                                   : read_key_in_file (folder, error);
  if (key == NULL)
    return NULL;
  certificates = read_certificates (folder, error);
  if (certificates == NULL)
    return NULL;
  ocsp_response = read_ocsp_response (folder);
  description = handoff_description_make (handoff_private_key_get_public_key (key), certificates,
                                          ocsp_response, error);
  if (description == NULL)
    return NULL;
  if (description->ocsp_problem != NULL)
    g_warning ("%s/%s is not stapled: %s", folder, OCSP, description->ocsp_problem);
  return handoff_credential_new (id, metadata.label, metadata.owner, metadata.roles, key,
                                 metadata.token_uri, description);
}
