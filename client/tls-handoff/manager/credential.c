/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "manager/credential.h"

#include "call/certificates-variant.h"
#include "handshake/tls-certificate.h"
#include "keyblob/handoff-names.h"

G_DEFINE_FINAL_TYPE (TlsHandoffCredential, tls_handoff_credential, G_TYPE_OBJECT)

static void
tls_handoff_credential_finalize (GObject *object)
{
  TlsHandoffCredential *self = TLS_HANDOFF_CREDENTIAL (object);

  g_clear_pointer (&self->bus, handoff_service_bus_unref);
  g_free (self->object_path);
  g_free (self->label);
  g_free (self->storage);
  g_free (self->token);
  g_free (self->key_algorithm);
  g_clear_pointer (&self->certificates, g_ptr_array_unref);
  g_clear_object (&self->certificate);
  g_free (self->problem);

  G_OBJECT_CLASS (tls_handoff_credential_parent_class)->finalize (object);
}

static void
tls_handoff_credential_class_init (TlsHandoffCredentialClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = tls_handoff_credential_finalize;
}

static void
tls_handoff_credential_init (TlsHandoffCredential *self)
{
}

/* (transfer full): empty if the service, of another version, has no such property */
static char *
dup_string (GVariant *properties, const char *name)
{
  const char *text = "";

  g_variant_lookup (properties, name, "&s", &text);
  return g_strdup (text);
}

static TlsHandoffCredentialRoles
parse_roles (GVariant *properties)
{
  g_autofree const char **roles = NULL;
  TlsHandoffCredentialRoles result = 0;
  gsize i;

  g_variant_lookup (properties, "Roles", "^a&s", &roles);
  for (i = 0; roles != NULL && roles[i] != NULL; i++)
    {
      if (g_str_equal (roles[i], HANDOFF_ROLE_NAME_CLIENT))
        result |= TLS_HANDOFF_CREDENTIAL_ROLE_CLIENT;
      else if (g_str_equal (roles[i], HANDOFF_ROLE_NAME_SERVER))
        result |= TLS_HANDOFF_CREDENTIAL_ROLE_SERVER;
    }
  return result;
}

TlsHandoffCredential *
handoff_credential_new (HandoffServiceBus *bus, const char *object_path, GVariant *properties)
{
  TlsHandoffCredential *self = g_object_new (TLS_HANDOFF_TYPE_CREDENTIAL, NULL);
  g_autoptr (GVariant) certificates =
      g_variant_lookup_value (properties, "Certificates", G_VARIANT_TYPE ("aay"));
  guint64 not_after = 0, ocsp_not_after = 0;

  self->bus = handoff_service_bus_ref (bus);
  self->object_path = g_strdup (object_path);
  self->label = dup_string (properties, "Label");
  g_variant_lookup (properties, "Owner", "u", &self->owner);
  self->roles = parse_roles (properties);
  self->storage = dup_string (properties, "Storage");
  self->token = dup_string (properties, "Token");
  if (*self->token == '\0')
    g_clear_pointer (&self->token, g_free);
  self->key_algorithm = dup_string (properties, "KeyAlgorithm");
  self->certificates = certificates != NULL
                           ? handoff_certificates_from_variant (certificates)
                           : g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_variant_lookup (properties, "NotAfter", "t", &not_after);
  self->not_after = (gint64) not_after;
  g_variant_lookup (properties, "OcspNotAfter", "t", &ocsp_not_after);
  self->ocsp_not_after = (gint64) ocsp_not_after;
  self->problem = dup_string (properties, "Problem");
  return self;
}

gboolean
handoff_credential_is_of_service (gpointer object)
{
  return TLS_HANDOFF_IS_CREDENTIAL (object) && TLS_HANDOFF_CREDENTIAL (object)->bus != NULL;
}

/**
 * tls_handoff_credential_get_object_path:
 * @self: the credential
 *
 * Returns: the path of its D-Bus object, by which it can be named wherever a label can
 *
 * Since: 0.1
 */
const char *
tls_handoff_credential_get_object_path (TlsHandoffCredential *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), NULL);

  return self->object_path;
}

/**
 * tls_handoff_credential_get_label:
 * @self: the credential
 *
 * Returns: its label
 *
 * Since: 0.1
 */
const char *
tls_handoff_credential_get_label (TlsHandoffCredential *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), NULL);

  return self->label;
}

/**
 * tls_handoff_credential_get_owner:
 * @self: the credential
 *
 * Returns: the user (uid) that it belongs to; 0: the machine
 *
 * Since: 0.1
 */
guint
tls_handoff_credential_get_owner (TlsHandoffCredential *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), 0);

  return self->owner;
}

/**
 * tls_handoff_credential_get_roles:
 * @self: the credential
 *
 * Returns: the roles in which it may be used
 *
 * Since: 0.1
 */
TlsHandoffCredentialRoles
tls_handoff_credential_get_roles (TlsHandoffCredential *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), 0);

  return self->roles;
}

/**
 * tls_handoff_credential_get_storage:
 * @self: the credential
 *
 * Returns: where the key is: `file` or `token`
 *
 * Since: 0.1
 */
const char *
tls_handoff_credential_get_storage (TlsHandoffCredential *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), NULL);

  return self->storage;
}

/**
 * tls_handoff_credential_get_token:
 * @self: the credential
 *
 * Returns: (nullable): the PKCS#11 URI of a key in a token
 *
 * Since: 0.1
 */
const char *
tls_handoff_credential_get_token (TlsHandoffCredential *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), NULL);

  return self->token;
}

/**
 * tls_handoff_credential_get_key_algorithm:
 * @self: the credential
 *
 * Returns: the algorithm of its key, such as `ecdsa-p256`
 *
 * Since: 0.1
 */
const char *
tls_handoff_credential_get_key_algorithm (TlsHandoffCredential *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), NULL);

  return self->key_algorithm;
}

/**
 * tls_handoff_credential_get_certificates:
 * @self: the credential
 *
 * Returns: (transfer none) (element-type GBytes): the chain (DER), the key's own certificate first;
 *   may be empty
 *
 * Since: 0.1
 */
GPtrArray *
tls_handoff_credential_get_certificates (TlsHandoffCredential *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), NULL);

  return self->certificates;
}

/**
 * tls_handoff_credential_get_certificate:
 * @self: the credential
 *
 * A certificate that stands for the credential wherever GIO takes a certificate: as
 * #GTlsConnection:certificate of clients and servers, as what a #GTlsInteraction chooses, in
 * libsoup. A connection whose handshake the service does then authenticates with the credential,
 * whose key stays where it is. It has no key of its own, so that connections of another TLS
 * backend, and another process, can do no more with it than look at it; copies that are made of its
 * DER or PEM form stand for nothing.
 *
 * Returns: (transfer none) (nullable): the certificate with its issuers, or %NULL if the credential
 *   has no certificate, or there is no TLS backend in GIO that could show it
 *
 * Since: 0.2
 */
GTlsCertificate *
tls_handoff_credential_get_certificate (TlsHandoffCredential *self)
{
  g_autoptr (GTlsCertificate) certificate = NULL;

  g_return_val_if_fail (handoff_credential_is_of_service (self), NULL);

  if (g_atomic_pointer_get (&self->certificate) == NULL)
    {
      certificate = handoff_tls_certificate_new (self->certificates);
      if (certificate == NULL)
        return NULL;
      handoff_tls_certificate_set_credential (certificate, self->object_path);
      /* Another thread may have been faster: all get the same one. */
      if (g_atomic_pointer_compare_and_exchange (&self->certificate, NULL, certificate))
        g_steal_pointer (&certificate);
    }
  return g_atomic_pointer_get (&self->certificate);
}

/**
 * tls_handoff_credential_get_not_after:
 * @self: the credential
 *
 * Returns: when its first certificate ends, seconds since 1970 (UTC); 0 if it has none
 *
 * Since: 0.1
 */
gint64
tls_handoff_credential_get_not_after (TlsHandoffCredential *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), 0);

  return self->not_after;
}

/**
 * tls_handoff_credential_get_ocsp_not_after:
 * @self: the credential
 *
 * Returns: when the OCSP response that it is stapled with is out of date, seconds since 1970 (UTC);
 *   from then on it is not sent. 0 if there is none, or the service is older than 0.2
 *
 * Since: 0.2
 */
gint64
tls_handoff_credential_get_ocsp_not_after (TlsHandoffCredential *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), 0);

  return self->ocsp_not_after;
}

/**
 * tls_handoff_credential_get_problem:
 * @self: the credential
 *
 * Returns: why it cannot be used now: `no-certificate`, `expired`, `locked`, or, as a warning,
 *   `expiring`; empty if there is no problem
 *
 * Since: 0.1
 */
const char *
tls_handoff_credential_get_problem (TlsHandoffCredential *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_CREDENTIAL (self), NULL);

  return self->problem;
}
