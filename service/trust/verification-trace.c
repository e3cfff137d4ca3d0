/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "trust/verification-trace.h"

#include <gio/gio.h>
#include <gnutls/x509-ext.h>
#include <string.h>

#include "work/clock.h"

/* How much of a name is quoted, which a stranger may have chosen. */
#define MAX_NAME_LENGTH 120
/* How many of a certificate's names are quoted. */
#define MAX_NAMES 3

/* One certificate was verified with its issuer's. The handles are GnuTLS's, and are gone when it
 * has verified all certificates. */
typedef struct
{
  gnutls_x509_crt_t issuer_handle;
  GBytes *certificate; /* (owned): DER */
  GBytes *issuer;      /* (owned) (nullable): DER; NULL if none was found */
  guint status;        /* gnutls_certificate_status_t */
} Step;

/* What was found out about a problem. */
typedef struct
{
  HandoffTrustProblems problem;
  char *subject; /* (owned) (nullable): whose it is; NULL: the peer's own certificate */
  char *remark;  /* (owned) (nullable) */
} Finding;

struct _HandoffVerificationTrace
{
  GBytes *first;       /* (owned) (nullable) */
  GPtrArray *steps;    /* (owned) (element-type Step) */
  GPtrArray *findings; /* (owned) (element-type Finding) */
  GPtrArray *path;     /* (owned) (nullable) (element-type GBytes) */
};

/* GnuTLS's callback has no data of its own. */
static _Thread_local HandoffVerificationTrace *current;

static void
step_free (Step *step)
{
  g_bytes_unref (step->certificate);
  g_clear_pointer (&step->issuer, g_bytes_unref);
  g_free (step);
}

static void
finding_free (Finding *finding)
{
  g_free (finding->subject);
  g_free (finding->remark);
  g_free (finding);
}

HandoffVerificationTrace *
handoff_verification_trace_new (void)
{
  HandoffVerificationTrace *self = g_new0 (HandoffVerificationTrace, 1);

  self->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) step_free);
  self->findings = g_ptr_array_new_with_free_func ((GDestroyNotify) finding_free);
  return self;
}

void
handoff_verification_trace_free (HandoffVerificationTrace *self)
{
  g_clear_pointer (&self->first, g_bytes_unref);
  g_ptr_array_unref (self->steps);
  g_ptr_array_unref (self->findings);
  g_clear_pointer (&self->path, g_ptr_array_unref);
  g_free (self);
}

static GBytes *
dup_der (gnutls_x509_crt_t certificate)
{
  gnutls_datum_t der = { NULL, 0 };
  GBytes *bytes;

  if (gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_DER, &der) < 0)
    return g_bytes_new (NULL, 0);
  bytes = g_bytes_new (der.data, der.size);
  gnutls_free (der.data);
  return bytes;
}

typedef int (*NameFunc) (gnutls_x509_crt_t, gnutls_datum_t *name, unsigned int flags);

/* A stranger's text, for logs and messages of one line. */
static char *
dup_one_line (const void *data, gsize size)
{
  g_autofree char *valid = g_utf8_make_valid (data, (gssize) size);
  g_autoptr (GString) text = g_string_new (NULL);
  const char *p;
  guint n = 0;

  for (p = valid; *p != '\0' && n < MAX_NAME_LENGTH; p = g_utf8_next_char (p), n++)
    {
      gunichar c = g_utf8_get_char (p);

      g_string_append_unichar (text, g_unichar_isprint (c) ? c : '?');
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
dup_name (gnutls_x509_crt_t certificate, NameFunc get_name)
{
  gnutls_datum_t name = { NULL, 0 };
  char *text;

  if (get_name (certificate, &name, 0) < 0)
    return g_strdup ("?");
  text = dup_one_line (name.data, name.size);
  gnutls_free (name.data);
  return text;
}

/* remark: (transfer full) (nullable) */
static void
add_finding (HandoffVerificationTrace *self,
             HandoffTrustProblems problem,
             gnutls_x509_crt_t whose,
             char *remark)
{
  Finding *finding = g_new0 (Finding, 1);
  g_autoptr (GBytes) der = dup_der (whose);

  finding->problem = problem;
  if (self->first == NULL || !g_bytes_equal (der, self->first))
    finding->subject = dup_name (whose, gnutls_x509_crt_get_dn3);
  finding->remark = remark;
  g_ptr_array_add (self->findings, finding);
}

static gboolean
is_valid_at (gnutls_x509_crt_t certificate, guint problem)
{
  const gint64 now = handoff_clock_get_wall_seconds ();

  return problem == GNUTLS_CERT_EXPIRED
             ? (gint64) gnutls_x509_crt_get_expiration_time (certificate) >= now
             : (gint64) gnutls_x509_crt_get_activation_time (certificate) <= now;
}

static char *
format_date (time_t time)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc ((gint64) time);

  return date != NULL ? g_date_time_format (date, "%Y-%m-%d %H:%M:%S UTC") : g_strdup ("?");
}

static void
find_time (HandoffVerificationTrace *self,
           gnutls_x509_crt_t certificate,
           gnutls_x509_crt_t issuer,
           guint problem)
{
  gnutls_x509_crt_t whose = issuer != NULL && !is_valid_at (issuer, problem) ? issuer : certificate;

  add_finding (self, problem, whose,
               problem == GNUTLS_CERT_EXPIRED
                   ? format_date (gnutls_x509_crt_get_expiration_time (whose))
                   : format_date (gnutls_x509_crt_get_activation_time (whose)));
}

static void
find_weakness (HandoffVerificationTrace *self,
               gnutls_x509_crt_t certificate,
               gnutls_x509_crt_t issuer)
{
  gnutls_sign_algorithm_t signature =
      (gnutls_sign_algorithm_t) gnutls_x509_crt_get_signature_algorithm (certificate);
  gnutls_x509_crt_t keys[] = { certificate, issuer };
  gsize i;

  if (gnutls_sign_is_secure2 (signature, GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS) == 0)
    {
      add_finding (self, GNUTLS_CERT_INSECURE_ALGORITHM, certificate,
                   g_strdup_printf ("signed with %s", gnutls_sign_get_name (signature)));
      return;
    }
  for (i = 0; i < G_N_ELEMENTS (keys) && keys[i] != NULL; i++)
    {
      unsigned int bits = 0;
      int algorithm = gnutls_x509_crt_get_pk_algorithm (keys[i], &bits);

      if (algorithm >= 0 && gnutls_pk_bits_to_sec_param ((gnutls_pk_algorithm_t) algorithm, bits) <
                                GNUTLS_SEC_PARAM_MEDIUM)
        {
          add_finding (self, GNUTLS_CERT_INSECURE_ALGORITHM, keys[i],
                       g_strdup_printf ("a key of %u bits, %s", bits,
                                        gnutls_pk_get_name ((gnutls_pk_algorithm_t) algorithm)));
          return;
        }
    }
  add_finding (self, GNUTLS_CERT_INSECURE_ALGORITHM, certificate, NULL);
}

static gboolean
violates_names (gnutls_x509_name_constraints_t constraints, gnutls_x509_crt_t certificate)
{
  static const gnutls_x509_subject_alt_name_t types[] = { GNUTLS_SAN_DNSNAME, GNUTLS_SAN_RFC822NAME,
                                                          GNUTLS_SAN_DN, GNUTLS_SAN_URI,
                                                          GNUTLS_SAN_IPADDRESS };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (types); i++)
    {
      if (gnutls_x509_name_constraints_check_crt (constraints, types[i], certificate) == 0)
        return TRUE;
    }
  return FALSE;
}

/* As GnuTLS collects them: the constraints of all issuers from the trust anchor on. */
static void
find_name_constraints (HandoffVerificationTrace *self,
                       gnutls_x509_crt_t certificate,
                       gnutls_x509_crt_t issuer,
                       gboolean is_first)
{
  gnutls_x509_name_constraints_t constraints;
  guint i;
  int code;

  if (gnutls_x509_name_constraints_init (&constraints) < 0)
    return;
  for (i = 0; i < self->steps->len; i++)
    {
      const Step *step = g_ptr_array_index (self->steps, i);

      if (step->issuer_handle != NULL && step->issuer_handle != issuer)
        gnutls_x509_crt_get_name_constraints (step->issuer_handle, constraints,
                                              GNUTLS_NAME_CONSTRAINTS_FLAG_APPEND, NULL);
    }
  code = gnutls_x509_crt_get_name_constraints (issuer, constraints,
                                               GNUTLS_NAME_CONSTRAINTS_FLAG_APPEND, NULL);
  if (code < 0 && code != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
    add_finding (self, HANDOFF_TRUST_NAME_CONSTRAINTS, issuer, NULL);
  else if (is_first && violates_names (constraints, certificate))
    add_finding (self, HANDOFF_TRUST_NAME_CONSTRAINTS, certificate, NULL);
  gnutls_x509_name_constraints_deinit (constraints);
}

static void
find_tls_features (HandoffVerificationTrace *self,
                   gnutls_x509_crt_t certificate,
                   gnutls_x509_crt_t issuer)
{
  gnutls_x509_tlsfeatures_t features;

  if (gnutls_x509_tlsfeatures_init (&features) < 0)
    return;
  if (gnutls_x509_crt_get_tlsfeatures (issuer, features, 0, NULL) >= 0 &&
      gnutls_x509_tlsfeatures_check_crt (features, certificate) == 0)
    add_finding (self, HANDOFF_TRUST_TLS_FEATURES, certificate, NULL);
  gnutls_x509_tlsfeatures_deinit (features);
}

static void
find_constraints (HandoffVerificationTrace *self,
                  gnutls_x509_crt_t certificate,
                  gnutls_x509_crt_t issuer,
                  gboolean is_first)
{
  unsigned int usage;

  /* GnuTLS does not even look for an issuer when the path is too long. */
  if (issuer == NULL)
    {
      add_finding (self, HANDOFF_TRUST_PATH_LENGTH, certificate, NULL);
      return;
    }
  find_name_constraints (self, certificate, issuer, is_first);
  find_tls_features (self, certificate, issuer);
  if (gnutls_x509_crt_get_key_usage (issuer, &usage, NULL) >= 0 &&
      (usage & GNUTLS_KEY_KEY_CERT_SIGN) == 0)
    add_finding (self, HANDOFF_TRUST_ISSUER_KEY_USAGE, issuer, NULL);
}

/* The first critical extension that GnuTLS does not know. (nullable) (transfer full): its OID */
static char *
dup_critical_extension (gnutls_x509_crt_t certificate)
{
  static const char *const known[] = {
    "2.5.29.14", "2.5.29.15",         "2.5.29.17",          "2.5.29.18",          "2.5.29.19",
    "2.5.29.30", "2.5.29.31",         "2.5.29.32",          "2.5.29.35",          "2.5.29.37",
    "2.5.29.54", "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.14", "1.3.6.1.5.5.7.1.24", NULL
  };
  char oid[128];
  size_t size = sizeof oid;
  unsigned int i, is_critical = 0;

  for (i = 0; gnutls_x509_crt_get_extension_info (certificate, i, oid, &size, &is_critical) >= 0;
       i++, size = sizeof oid)
    {
      if (is_critical && !g_strv_contains (known, oid))
        return g_strdup (oid);
    }
  return NULL;
}

static void
find_critical_extension (HandoffVerificationTrace *self,
                         gnutls_x509_crt_t certificate,
                         gnutls_x509_crt_t issuer)
{
  g_autofree char *of_issuer = issuer != NULL ? dup_critical_extension (issuer) : NULL;

  if (of_issuer != NULL)
    add_finding (self, GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS, issuer, g_steal_pointer (&of_issuer));
  else
    add_finding (self, GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS, certificate,
                 dup_critical_extension (certificate));
}

/* Why a step failed. */
static void
analyze (HandoffVerificationTrace *self,
         gnutls_x509_crt_t certificate,
         gnutls_x509_crt_t issuer,
         guint status,
         gboolean is_first)
{
  if (status & GNUTLS_CERT_EXPIRED)
    find_time (self, certificate, issuer, GNUTLS_CERT_EXPIRED);
  if (status & GNUTLS_CERT_NOT_ACTIVATED)
    find_time (self, certificate, issuer, GNUTLS_CERT_NOT_ACTIVATED);
  if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
    {
      g_autofree char *name = dup_name (certificate, gnutls_x509_crt_get_issuer_dn3);

      add_finding (self, GNUTLS_CERT_SIGNER_NOT_FOUND, certificate,
                   gnutls_x509_crt_check_issuer (certificate, certificate) != 0
                       ? g_strdup ("it is self-signed")
                       : g_strdup_printf ("by its own words, “%s” did", name));
    }
  if (status & GNUTLS_CERT_SIGNER_NOT_CA && issuer != NULL)
    add_finding (self, GNUTLS_CERT_SIGNER_NOT_CA, issuer, NULL);
  if (status & GNUTLS_CERT_SIGNATURE_FAILURE)
    add_finding (self, GNUTLS_CERT_SIGNATURE_FAILURE, certificate, NULL);
  if (status & GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS)
    find_critical_extension (self, certificate, issuer);
  if (status & GNUTLS_CERT_PURPOSE_MISMATCH && issuer != NULL)
    add_finding (self, GNUTLS_CERT_PURPOSE_MISMATCH, issuer, NULL);
  if (status & GNUTLS_CERT_INSECURE_ALGORITHM)
    find_weakness (self, certificate, issuer);
  if (status & GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE)
    find_constraints (self, certificate, issuer, is_first);
  if (status == GNUTLS_CERT_INVALID &&
      gnutls_x509_crt_get_signature_algorithm (certificate) == GNUTLS_SIGN_UNKNOWN)
    {
      char oid[128];
      size_t size = sizeof oid;

      add_finding (self, HANDOFF_TRUST_UNKNOWN_ALGORITHM, certificate,
                   gnutls_x509_crt_get_signature_oid (certificate, oid, &size) >= 0 ? g_strdup (oid)
                                                                                    : NULL);
    }
}

int
handoff_verification_trace_step (gnutls_x509_crt_t certificate,
                                 gnutls_x509_crt_t issuer,
                                 gnutls_x509_crl_t crl,
                                 unsigned int status)
{
  HandoffVerificationTrace *self = current;
  Step *step;

  if (self == NULL || crl != NULL || certificate == NULL)
    return 0;
  step = g_new0 (Step, 1);
  step->issuer_handle = issuer;
  step->certificate = dup_der (certificate);
  step->issuer = issuer != NULL ? dup_der (issuer) : NULL;
  step->status = status;
  if (status != 0)
    analyze (self, certificate, issuer, status,
             self->first != NULL && g_bytes_equal (step->certificate, self->first));
  g_ptr_array_add (self->steps, step);
  return 0;
}

void
handoff_verification_trace_begin (HandoffVerificationTrace *self, const gnutls_datum_t *first)
{
  if (first != NULL)
    self->first = g_bytes_new (first->data, first->size);
  current = self;
}

/* The last step that told who issued a certificate, and that this is true: if anything but the time
 * was wrong, the signature may not have been verified. */
static GBytes *
get_issuer (HandoffVerificationTrace *self, GBytes *certificate)
{
  const guint timely = GNUTLS_CERT_INVALID | GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED;
  guint i;

  for (i = self->steps->len; i > 0; i--)
    {
      const Step *step = g_ptr_array_index (self->steps, i - 1);

      if (step->issuer != NULL && g_bytes_equal (step->certificate, certificate) &&
          (step->status & ~timely) == 0 && step->status != GNUTLS_CERT_INVALID)
        return step->issuer;
    }
  return NULL;
}

static gboolean
has_bytes (GPtrArray *array, GBytes *bytes)
{
  return g_ptr_array_find_with_equal_func (array, bytes, g_bytes_equal, NULL);
}

static void
find_path (HandoffVerificationTrace *self)
{
  GBytes *issuer;

  if (self->first == NULL || (issuer = get_issuer (self, self->first)) == NULL)
    return;
  self->path = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_ptr_array_add (self->path, g_bytes_ref (self->first));
  for (; issuer != NULL && !has_bytes (self->path, issuer); issuer = get_issuer (self, issuer))
    g_ptr_array_add (self->path, g_bytes_ref (issuer));
}

void
handoff_verification_trace_end (HandoffVerificationTrace *self)
{
  guint i;

  current = NULL;
  for (i = 0; i < self->steps->len; i++)
    ((Step *) g_ptr_array_index (self->steps, i))->issuer_handle = NULL;
  find_path (self);
}

GPtrArray *
handoff_verification_trace_get_path (HandoffVerificationTrace *self)
{
  return self->path;
}

HandoffTrustProblems
handoff_verification_trace_refine (HandoffVerificationTrace *self, guint status)
{
  const HandoffTrustProblems constraints =
      HANDOFF_TRUST_NAME_CONSTRAINTS | HANDOFF_TRUST_PATH_LENGTH | HANDOFF_TRUST_ISSUER_KEY_USAGE |
      HANDOFF_TRUST_TLS_FEATURES;
  HandoffTrustProblems found = 0;
  HandoffTrustProblems problems = status;
  guint i;

  for (i = 0; i < self->findings->len; i++)
    found |= ((const Finding *) g_ptr_array_index (self->findings, i))->problem;
  if (status & GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE && (found & constraints) != 0)
    {
      problems &= ~(HandoffTrustProblems) GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE;
      problems |= found & constraints;
    }
  if (status == GNUTLS_CERT_INVALID)
    problems |= found & HANDOFF_TRUST_UNKNOWN_ALGORITHM;
  return problems;
}

void
handoff_verification_trace_add (HandoffVerificationTrace *self,
                                HandoffTrustProblems problem,
                                gnutls_x509_crt_t whose)
{
  add_finding (self, problem, whose, NULL);
}

/* A DNS name or an address. NULL: it is something else, or there is none. */
static char *
dup_alternative_name (gnutls_x509_crt_t certificate, guint number, int *type)
{
  char name[MAX_NAME_LENGTH * 4];
  size_t size = sizeof name;

  *type = gnutls_x509_crt_get_subject_alt_name (certificate, number, name, &size, NULL);
  if (*type == GNUTLS_SAN_DNSNAME)
    return dup_one_line (name, size);
  if (*type == GNUTLS_SAN_IPADDRESS && (size == 4 || size == 16))
    {
      g_autoptr (GInetAddress) address = g_inet_address_new_from_bytes (
          (const guint8 *) name, size == 4 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6);

      return g_inet_address_to_string (address);
    }
  return NULL;
}

/* (transfer full) */
static char *
describe_names (gnutls_x509_crt_t certificate)
{
  GString *text = g_string_new (NULL);
  guint i, n = 0;
  int type = 0;

  for (i = 0; type != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE && i < MAX_NAMES * 2; i++)
    {
      g_autofree char *name = dup_alternative_name (certificate, i, &type);

      if (name == NULL)
        continue;
      if (++n > MAX_NAMES)
        g_string_append (text, ", …");
      if (n > MAX_NAMES)
        break;
      g_string_append_printf (text, "%s“%s”", n > 1 ? ", " : "", name);
    }
  if (n == 0)
    {
      g_autofree char *subject = dup_name (certificate, gnutls_x509_crt_get_dn3);

      g_string_append_printf (text, "“%s”", subject);
    }
  return g_string_free (text, FALSE);
}

void
handoff_verification_trace_find_names (HandoffVerificationTrace *self)
{
  gnutls_datum_t der = { NULL, 0 };
  gnutls_x509_crt_t certificate;
  gsize size;

  if (self->first == NULL || gnutls_x509_crt_init (&certificate) < 0)
    return;
  der.data = (unsigned char *) g_bytes_get_data (self->first, &size);
  der.size = (unsigned int) size;
  if (gnutls_x509_crt_import (certificate, &der, GNUTLS_X509_FMT_DER) >= 0)
    add_finding (self, GNUTLS_CERT_UNEXPECTED_OWNER, certificate, describe_names (certificate));
  gnutls_x509_crt_deinit (certificate);
}

void
handoff_verification_trace_get_finding (HandoffVerificationTrace *self,
                                        HandoffTrustProblems problem,
                                        const char **subject,
                                        const char **remark)
{
  guint i;

  *subject = *remark = NULL;
  for (i = 0; i < self->findings->len; i++)
    {
      const Finding *finding = g_ptr_array_index (self->findings, i);

      if (finding->problem & problem)
        {
          *subject = finding->subject;
          *remark = finding->remark;
        }
    }
}
