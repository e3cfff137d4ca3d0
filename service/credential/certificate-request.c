/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "credential/certificate-request.h"

#include <gnutls/x509.h>
#include <string.h>

#include "key/der-values.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "link/grant-messages.h"
#include "work/clock.h"

#define MAX_SUBJECT_SIZE 1024   /* bytes */
#define MAX_NAME_SIZE 255       /* bytes */
#define MAX_COMMON_NAME_SIZE 64 /* RFC 5280 appendix A.1: ub-common-name */
#define DEFAULT_DAYS 365
#define MAX_DAYS 3650
#define DAY_SECONDS (24 * 60 * 60)
/* Clocks of peers may be a bit behind. */
#define CLOCK_SECONDS (60 * 60)

typedef struct
{
  gnutls_x509_subject_alt_name_t type;
  char *text;         /* (owned): as given, or its A-labels */
  guint8 address[16]; /* of an IP address */
  gsize address_size;
} Name;

struct _HandoffCertificateRequest
{
  GVariant *subject;       /* (owned) (nullable): a(say), see HANDOFF_CERTIFICATE_REQUEST_TYPE */
  GArray *names;           /* (owned) (element-type Name) */
  gboolean is_certificate; /* that the key signs for itself */
  guint days;              /* for which that is valid */
};

static void
clear_name (gpointer name)
{
  g_free (((Name *) name)->text);
}

static gboolean
refuse (GError **error, const char *option, const char *what)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "Option %s: %s",
               option, what);
  return FALSE;
}

/* name: a distinguished name (RFC 5280 4.1.2.4), each of whose attributes stands alone. A value may
 * be the caller's own DER ("CN=#0c0178"), which GnuTLS has not looked at: whoever has the key must
 * not get what is none. (transfer floating) (nullable): NULL if it is none */
static GVariant *
list_attributes (HandoffDer name)
{
  GVariantBuilder builder;
  HandoffDer rest, set, attribute;
  char oid[HANDOFF_OID_SIZE];
  gboolean is_read = handoff_der_take (&name, HANDOFF_DER_SEQUENCE, &rest);

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(say)"));
  while (is_read && rest.size > 0)
    {
      is_read = handoff_der_take (&rest, HANDOFF_DER_SET, &set) &&
                handoff_der_take (&set, HANDOFF_DER_SEQUENCE, &attribute) && set.size == 0 &&
                handoff_der_take_oid (&attribute, oid) && handoff_der_count (attribute) == 1;
      if (is_read)
        g_variant_builder_add (
            &builder, "(s@ay)", oid,
            g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, attribute.data, attribute.size, 1));
    }
  if (is_read)
    return g_variant_builder_end (&builder);
  g_variant_builder_clear (&builder);
  return NULL;
}

/* position: (out): where GnuTLS stopped. (transfer floating) (nullable) */
static GVariant *
parse_subject (const char *subject, const char **position)
{
  gnutls_x509_dn_t name;
  gnutls_datum_t der = { NULL, 0 };
  GVariant *attributes = NULL;

  if (gnutls_x509_dn_init (&name) < 0)
    return NULL;
  if (gnutls_x509_dn_set_str (name, subject, position) >= 0 &&
      gnutls_x509_dn_export2 (name, GNUTLS_X509_FMT_DER, &der) >= 0)
    attributes = list_attributes ((HandoffDer){ der.data, der.size });
  gnutls_free (der.data);
  gnutls_x509_dn_deinit (name);
  return attributes;
}

static gboolean
take_subject (HandoffCertificateRequest *self, const char *option, GVariant *value, GError **error)
{
  const char *subject = g_variant_get_string (value, NULL);
  const char *position = NULL;
  GVariant *attributes;

  if (strlen (subject) > MAX_SUBJECT_SIZE)
    return refuse (error, option, "is too long");
  if (*subject == '\0')
    return TRUE;
  attributes = parse_subject (subject, &position);
  if (attributes == NULL)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "Option %s: is no distinguished name (RFC 4514), such as "
                   "“CN=www.example.org,O=Example”%s%s%s",
                   option, position != NULL && *position != '\0' ? ", from “" : "",
                   position != NULL && *position != '\0' ? position : "",
                   position != NULL && *position != '\0' ? "” on" : "");
      return FALSE;
    }
  self->subject = g_variant_ref_sink (attributes);
  return TRUE;
}

static gboolean
map_dns_name (Name *name, const char *text)
{
  const gboolean is_wildcard = g_str_has_prefix (text, "*.");
  const char *rest = is_wildcard ? text + 2 : text;
  gnutls_datum_t mapped;

  if (*rest == '\0' || strpbrk (rest, "/:@*% \t\n") != NULL ||
      gnutls_idna_map (rest, (unsigned int) strlen (rest), &mapped, 0) < 0)
    return FALSE;
  name->text = g_strdup_printf ("%s%.*s", is_wildcard ? "*." : "", (int) mapped.size, mapped.data);
  gnutls_free (mapped.data);
  return TRUE;
}

static gboolean
take_dns_name (Name *name, const char *text)
{
  name->type = GNUTLS_SAN_DNSNAME;
  return map_dns_name (name, text);
}

static gboolean
take_ip_address (Name *name, const char *text)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (text);

  name->type = GNUTLS_SAN_IPADDRESS;
  if (address == NULL || strchr (text, '%') != NULL)
    return FALSE;
  name->address_size = g_inet_address_get_native_size (address);
  memcpy (name->address, g_inet_address_to_bytes (address), name->address_size);
  return TRUE;
}

/* RFC 5280 4.2.1.6: an rfc822Name is ASCII. */
static gboolean
take_email_address (Name *name, const char *text)
{
  const char *at = strrchr (text, '@');

  name->type = GNUTLS_SAN_RFC822NAME;
  if (!g_str_is_ascii (text) || at == NULL || at == text || at[1] == '\0' ||
      strpbrk (text, " \t\n<>") != NULL)
    return FALSE;
  name->text = g_strdup (text);
  return TRUE;
}

static const struct
{
  const char *option;
  gboolean (*take) (Name *name, const char *text);
  const char *what;
} kinds[] = {
  { HANDOFF_OPTION_DNS_NAMES, take_dns_name, "is no DNS name" },
  { HANDOFF_OPTION_IP_ADDRESSES, take_ip_address, "is no IPv4 or IPv6 address" },
  { HANDOFF_OPTION_EMAIL_ADDRESSES, take_email_address, "is no email address in ASCII" },
};

static gboolean
take_names (HandoffCertificateRequest *self, gsize kind, GVariant *value, GError **error)
{
  GVariantIter iter;
  const char *text;

  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "&s", &text))
    {
      Name name = { 0 };

      if (self->names->len >= HANDOFF_MAX_REQUEST_NAMES)
        return refuse (error, kinds[kind].option,
                       "at most " G_STRINGIFY (HANDOFF_MAX_REQUEST_NAMES) " names are possible");
      if (strlen (text) > MAX_NAME_SIZE || !kinds[kind].take (&name, text))
        {
          g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                       "Option %s: “%.64s” %s", kinds[kind].option, text, kinds[kind].what);
          return FALSE;
        }
      g_array_append_val (self->names, name);
    }
  return TRUE;
}

static gboolean
take_days (HandoffCertificateRequest *self, const char *option, GVariant *value, GError **error)
{
  self->days = g_variant_get_uint32 (value);
  return (self->days >= 1 && self->days <= MAX_DAYS) ||
         refuse (error, option, "must be from 1 to " G_STRINGIFY (MAX_DAYS));
}

static gboolean
take_option (HandoffCertificateRequest *self, const char *option, GVariant *value, GError **error)
{
  gsize i;

  if (g_str_equal (option, HANDOFF_OPTION_SUBJECT))
    return g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
               ? take_subject (self, option, value, error)
               : refuse (error, option, "must be of type s");
  if (self->is_certificate && g_str_equal (option, HANDOFF_OPTION_DAYS))
    return g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32)
               ? take_days (self, option, value, error)
               : refuse (error, option, "must be of type u");
  for (i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      if (g_str_equal (option, kinds[i].option))
        return g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY)
                   ? take_names (self, i, value, error)
                   : refuse (error, option, "must be of type as");
    }
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "There is no option “%.64s” in this version of the service", option);
  return FALSE;
}

/* An issuer has a name (RFC 5280 4.1.2.4). Without a subject it is the first DNS name, if that is
 * short enough for a common name. */
static gboolean
complete_subject (HandoffCertificateRequest *self, GError **error)
{
  const Name *first = self->names->len > 0 ? &g_array_index (self->names, Name, 0) : NULL;
  g_autofree char *subject = NULL;
  g_autoptr (GVariant) value = NULL;

  if (!self->is_certificate || self->subject != NULL)
    return TRUE;
  if (first == NULL || first->type != GNUTLS_SAN_DNSNAME ||
      strlen (first->text) > MAX_COMMON_NAME_SIZE)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "A certificate needs a subject: give the option %s", HANDOFF_OPTION_SUBJECT);
      return FALSE;
    }
  subject = g_strconcat ("CN=", first->text, NULL);
  value = g_variant_ref_sink (g_variant_new_string (subject));
  return take_subject (self, HANDOFF_OPTION_SUBJECT, value, error);
}

HandoffCertificateRequest *
handoff_certificate_request_parse (GVariant *options, gboolean is_certificate, GError **error)
{
  g_autoptr (HandoffCertificateRequest) self = g_new0 (HandoffCertificateRequest, 1);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GVariantIter iter;
  const char *option;
  GVariant *value;

  self->is_certificate = is_certificate;
  self->days = DEFAULT_DAYS;
  self->names = g_array_new (FALSE, FALSE, sizeof (Name));
  g_array_set_clear_func (self->names, clear_name);
  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &option, &value))
    {
      g_autoptr (GVariant) owned_value = value;

      if (!g_hash_table_add (seen, (gpointer) option))
        {
          refuse (error, option, "is given twice");
          return NULL;
        }
      if (!take_option (self, option, owned_value, error))
        return NULL;
    }
  if (self->subject != NULL || self->names->len > 0)
    return complete_subject (self, error) ? g_steal_pointer (&self) : NULL;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "A %s needs a subject or a name: give the option %s, %s, %s or %s",
               is_certificate ? "certificate" : "request", HANDOFF_OPTION_SUBJECT,
               HANDOFF_OPTION_DNS_NAMES, HANDOFF_OPTION_IP_ADDRESSES,
               HANDOFF_OPTION_EMAIL_ADDRESSES);
  return NULL;
}

void
handoff_certificate_request_free (HandoffCertificateRequest *self)
{
  g_clear_pointer (&self->subject, g_variant_unref);
  g_array_unref (self->names);
  g_free (self);
}

GVariant *
handoff_certificate_request_to_variant (const HandoffCertificateRequest *self,
                                        const char *id,
                                        HandoffCredentialRoles roles,
                                        guint uid)
{
  const gint64 now = handoff_clock_get_wall_seconds ();
  GVariantBuilder names;
  guint i;

  g_variant_builder_init (&names, G_VARIANT_TYPE ("a(uay)"));
  for (i = 0; i < self->names->len; i++)
    {
      const Name *name = &g_array_index (self->names, Name, i);
      gconstpointer bytes = name->text != NULL ? (gconstpointer) name->text : name->address;
      const gsize size = name->text != NULL ? strlen (name->text) : name->address_size;

      g_variant_builder_add (&names, "(u@ay)", (guint32) name->type,
                             g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, size, 1));
    }
  return g_variant_new (
      "(su@a(say)a(uay)bbxx)", id, uid,
      self->subject != NULL ? self->subject
                            : g_variant_new_array (G_VARIANT_TYPE ("(say)"), NULL, 0),
      &names, self->is_certificate && (roles & HANDOFF_CREDENTIAL_ROLE_CLIENT) != 0,
      self->is_certificate && (roles & HANDOFF_CREDENTIAL_ROLE_SERVER) != 0,
      self->is_certificate ? now - CLOCK_SECONDS : (gint64) 0,
      self->is_certificate ? now + (gint64) self->days * DAY_SECONDS : (gint64) 0);
}
