/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/tls-certificate.h"

#include <string.h>

#include "keyblob/secret-memory.h"

/* Data of a GTlsCertificate: its class is the backend's, and has no place for it. */
#define CREDENTIAL_KEY "tls-handoff-credential"

GTlsCertificate *
handoff_tls_certificate_new (GPtrArray *chain)
{
  g_autoptr (GTlsCertificate) certificate = NULL;
  GType type = g_tls_backend_get_certificate_type (g_tls_backend_get_default ());
  guint i;

  /* Each certificate holds its issuer, so the last of the chain comes first. */
  for (i = chain->len; i > 0; i--)
    {
      g_autoptr (GTlsCertificate) issuer = g_steal_pointer (&certificate);
      g_autoptr (GByteArray) der = NULL;
      g_autoptr (GError) error = NULL;

      der = g_bytes_unref_to_array (g_bytes_ref (chain->pdata[i - 1]));
      certificate = g_initable_new (type, NULL, &error, "certificate", der, "issuer", issuer, NULL);
      if (certificate == NULL)
        {
          g_debug ("The TLS backend cannot show a certificate: %s", error->message);
          return NULL;
        }
    }

  return g_steal_pointer (&certificate);
}

GBytes *
handoff_tls_certificate_to_pem (GTlsCertificate *certificate)
{
  HandoffSecretBytes pem = { NULL, 0 };
  char *key = NULL;

  g_object_get (certificate, "private-key-pem", &key, NULL);
  if (key == NULL)
    return NULL;
  handoff_secret_bytes_append (&pem, key, strlen (key));
  handoff_wipe (key, strlen (key));
  g_free (key);

  for (; certificate != NULL; certificate = g_tls_certificate_get_issuer (certificate))
    {
      g_autofree char *text = NULL;

      g_object_get (certificate, "certificate-pem", &text, NULL);
      if (text != NULL)
        handoff_secret_bytes_append (&pem, text, strlen (text));
    }
  return handoff_secret_bytes_take (&pem);
}

void
handoff_tls_certificate_set_credential (GTlsCertificate *certificate, const char *path)
{
  g_object_set_data_full (G_OBJECT (certificate), CREDENTIAL_KEY, g_strdup (path), g_free);
}

const char *
handoff_tls_certificate_get_credential (GTlsCertificate *certificate)
{
  return g_object_get_data (G_OBJECT (certificate), CREDENTIAL_KEY);
}

gboolean
handoff_tls_certificate_is_in_token (GTlsCertificate *certificate)
{
  g_autofree char *uri = NULL;

  g_object_get (certificate, "private-key-pkcs11-uri", &uri, NULL);
  return uri != NULL;
}
