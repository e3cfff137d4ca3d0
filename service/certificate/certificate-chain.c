/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "certificate/certificate-chain.h"

#include <string.h>

#include "key/gnutls-support.h"
#include "key/key-limits.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"

/* A certificate, with the values that are compared often. */
typedef struct
{
  gnutls_x509_crt_t certificate; /* (unowned) */
  GBytes *der;                   /* (owned) */
  GBytes *subject, *issuer;      /* (owned): names, DER */
  GBytes *key;                   /* (owned) (nullable): its id */
  GBytes *subject_key_id;        /* (owned) (nullable): as the certificate says */
  GBytes *authority_key_id;      /* (owned) (nullable) */
  gint64 end;                    /* seconds since 1970 */
  gboolean is_valid;             /* now */
  gboolean is_no_authority;      /* as it says itself */
  gboolean visited;
} Node;

/* A signature that was verified. */
typedef struct
{
  const Node *node, *issuer;
  gboolean is_good;
} Signature;

/* How bad a chain may be, best first. */
typedef enum
{
  ALL_VALID,    /* all certificates are valid now, and the issuer of the last one is a root, or is
                 * not here */
  ANY_VALIDITY, /* some certificates may not be valid now */
  ANY_END,      /* the certificates that are here certify each other in a circle */
} Leniency;

typedef struct
{
  GPtrArray *nodes; /* (owned) (element-type Node) */
  GPtrArray *chain; /* (owned) (element-type Node): the path so far */
  Signature signatures[HANDOFF_CHAIN_MAX_SIGNATURES];
  guint n_signatures, max_signatures;
  gboolean has_given_up; /* the limit of verifications was reached */
} Search;

static void
node_free (Node *node)
{
  g_clear_pointer (&node->der, g_bytes_unref);
  g_clear_pointer (&node->subject, g_bytes_unref);
  g_clear_pointer (&node->issuer, g_bytes_unref);
  g_clear_pointer (&node->key, g_bytes_unref);
  g_clear_pointer (&node->subject_key_id, g_bytes_unref);
  g_clear_pointer (&node->authority_key_id, g_bytes_unref);
  g_free (node);
}

static void
search_init (Search *search)
{
  memset (search, 0, sizeof *search);
  search->nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) node_free);
  search->chain = g_ptr_array_new ();
  search->max_signatures = HANDOFF_CHAIN_MAX_SIGNATURES;
}

static void
search_clear (Search *search)
{
  g_ptr_array_unref (search->nodes);
  g_ptr_array_unref (search->chain);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Search, search_clear)

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, what);
  return FALSE;
}

/* Takes over what GnuTLS allocated, as bytes; empty if GnuTLS failed. */
static GBytes *
take_datum (int code, gnutls_datum_t *datum)
{
  GBytes *bytes;

  if (code < 0)
    return g_bytes_new (NULL, 0);
  bytes = g_bytes_new (datum->data, datum->size);
  gnutls_free (datum->data);
  return bytes;
}

typedef int (*IdFunc) (gnutls_x509_crt_t, void *id, size_t *size, unsigned int *critical);

/* NULL if the certificate has no id, or one that nobody could match. */
static GBytes *
dup_id (gnutls_x509_crt_t certificate, IdFunc get_id)
{
  guint8 id[128];
  size_t size = sizeof id;

  return get_id (certificate, id, &size, NULL) >= 0 ? g_bytes_new (id, size) : NULL;
}

static GBytes *
dup_key (gnutls_x509_crt_t certificate)
{
  guint8 id[32];
  size_t size = sizeof id;

  return gnutls_x509_crt_get_key_id (certificate, GNUTLS_KEYID_USE_SHA256, id, &size) >= 0
             ? g_bytes_new (id, size)
             : NULL;
}

static Node *
node_new (gnutls_x509_crt_t certificate)
{
  const gint64 now = handoff_clock_get_wall_seconds ();
  gnutls_datum_t datum = { NULL, 0 };
  Node *node = g_new0 (Node, 1);
  unsigned int is_authority;

  node->certificate = certificate;
  node->der =
      take_datum (gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_DER, &datum), &datum);
  node->subject = take_datum (gnutls_x509_crt_get_raw_dn (certificate, &datum), &datum);
  node->issuer = take_datum (gnutls_x509_crt_get_raw_issuer_dn (certificate, &datum), &datum);
  node->key = dup_key (certificate);
  node->subject_key_id = dup_id (certificate, gnutls_x509_crt_get_subject_key_id);
  node->authority_key_id = dup_id (certificate, gnutls_x509_crt_get_authority_key_id);
  node->end = (gint64) gnutls_x509_crt_get_expiration_time (certificate);
  node->is_valid =
      node->end >= now && (gint64) gnutls_x509_crt_get_activation_time (certificate) <= now;
  node->is_no_authority =
      gnutls_x509_crt_get_basic_constraints (certificate, NULL, &is_authority, NULL) >= 0 &&
      is_authority == 0;
  return node;
}

static void
add_node (Search *search, gnutls_x509_crt_t certificate)
{
  Node *node = node_new (certificate);
  guint i;

  for (i = 0; i < search->nodes->len; i++)
    {
      if (g_bytes_equal (((Node *) g_ptr_array_index (search->nodes, i))->der, node->der))
        {
          node_free (node);
          return;
        }
    }
  g_ptr_array_add (search->nodes, node);
}

/* Whether names and key identifiers allow it. A stranger may have written them. */
static gboolean
may_have_issued (const Node *issuer, const Node *node)
{
  return g_bytes_equal (issuer->subject, node->issuer) &&
         (issuer->subject_key_id == NULL || node->authority_key_id == NULL ||
          g_bytes_equal (issuer->subject_key_id, node->authority_key_id));
}

/* Verifies the signature alone: peers decide whether to trust it. */
static gboolean
verify_signature (const Node *node, const Node *issuer)
{
  const unsigned int flags =
      GNUTLS_VERIFY_DISABLE_CA_SIGN | GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
      GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS | GNUTLS_VERIFY_ALLOW_BROKEN |
      GNUTLS_VERIFY_IGNORE_UNKNOWN_CRIT_EXTENSIONS | GNUTLS_VERIFY_DO_NOT_ALLOW_SAME;
  /* Other faults that GnuTLS finds do not stop it from verifying the signature. */
  const unsigned int others =
      GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE | GNUTLS_CERT_INSECURE_ALGORITHM;
  unsigned int status = 0;

  if (!handoff_key_limits_check_certificate (issuer->certificate, NULL) ||
      gnutls_x509_crt_verify (node->certificate, &issuer->certificate, 1, flags, &status) < 0)
    return FALSE;
  /* Without any other flag, it means that the signature could not be verified. */
  return (status & ~others) == 0 && status != GNUTLS_CERT_INVALID;
}

static gboolean
has_issued (Search *search, const Node *issuer, const Node *node)
{
  Signature *signature;
  guint i;

  if (!may_have_issued (issuer, node))
    return FALSE;
  for (i = 0; i < search->n_signatures; i++)
    {
      if (search->signatures[i].node == node && search->signatures[i].issuer == issuer)
        return search->signatures[i].is_good;
    }
  if (search->n_signatures == search->max_signatures)
    {
      search->has_given_up = TRUE;
      return FALSE;
    }
  signature = &search->signatures[search->n_signatures++];
  signature->node = node;
  signature->issuer = issuer;
  signature->is_good = verify_signature (node, issuer);
  return signature->is_good;
}

static gboolean
is_same_authority (const Node *a, const Node *b)
{
  return g_bytes_equal (a->subject, b->subject) && a->key != NULL && b->key != NULL &&
         g_bytes_equal (a->key, b->key);
}

static gboolean
is_in_chain (const Search *search, const Node *node)
{
  guint i;

  for (i = 0; i < search->chain->len; i++)
    {
      if (is_same_authority (g_ptr_array_index (search->chain, i), node))
        return TRUE;
    }
  return FALSE;
}

/* The better one first. */
static int
compare_nodes (gconstpointer a, gconstpointer b)
{
  const Node *x = *(const Node *const *) a;
  const Node *y = *(const Node *const *) b;

  if (x->is_valid != y->is_valid)
    return x->is_valid ? -1 : 1;
  if (x->is_no_authority != y->is_no_authority)
    return x->is_no_authority ? 1 : -1;
  return x->end > y->end ? -1 : x->end < y->end;
}

static GPtrArray *
get_candidates (const Search *search, const Node *node)
{
  GPtrArray *candidates = g_ptr_array_new ();
  guint i;

  for (i = 0; i < search->nodes->len; i++)
    {
      Node *other = g_ptr_array_index (search->nodes, i);

      if (other != node && may_have_issued (other, node))
        g_ptr_array_add (candidates, other);
    }
  g_ptr_array_sort (candidates, compare_nodes);
  return candidates;
}

/* Whether a chain of the path so far, and node, comes to a good end; then the chain is in
 * search->chain. Each node is tried once, so there are at most as many steps as nodes. */
static gboolean
extend (Search *search, Node *node, Leniency leniency)
{
  g_autoptr (GPtrArray) candidates = NULL;
  gboolean leads_on = FALSE, leads_back = FALSE;
  guint i;

  node->visited = TRUE;
  if (search->chain->len > 0 && has_issued (search, node, node))
    return TRUE; /* a root: the chain ends before it */

  g_ptr_array_add (search->chain, node);
  if (search->chain->len == HANDOFF_MAX_CERTIFICATES)
    return TRUE;
  candidates = get_candidates (search, node);
  for (i = 0; i < candidates->len; i++)
    {
      Node *issuer = g_ptr_array_index (candidates, i);

      if (!has_issued (search, issuer, node))
        continue;
      if (is_in_chain (search, issuer))
        {
          leads_back = TRUE;
          continue;
        }
      leads_on = TRUE;
      if (!issuer->visited && (issuer->is_valid || leniency != ALL_VALID) &&
          extend (search, issuer, leniency))
        return TRUE;
    }
  if (!leads_on && !leads_back)
    return TRUE; /* its issuer is not here */
  if (leniency == ANY_END && (leads_on || search->chain->len == 1))
    return TRUE;
  g_ptr_array_set_size (search->chain, (gint) search->chain->len - 1);
  return FALSE;
}

static void
search_from (Search *search, Node *first)
{
  Leniency leniency;
  guint i;

  for (leniency = ALL_VALID; leniency <= ANY_END; leniency++)
    {
      for (i = 0; i < search->nodes->len; i++)
        ((Node *) g_ptr_array_index (search->nodes, i))->visited = FALSE;
      if (extend (search, first, leniency))
        return;
    }
}

/* (transfer full) (element-type GBytes): the chain so far, DER */
static GPtrArray *
dup_chain (const Search *search)
{
  GPtrArray *chain = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint i;

  for (i = 0; i < search->chain->len; i++)
    g_ptr_array_add (chain, g_bytes_ref (((Node *) g_ptr_array_index (search->chain, i))->der));
  return chain;
}

/* (transfer full) */
static GPtrArray *
find_chain (Search *search, Node *first, GError **error)
{
  search_from (search, first);
  if (search->has_given_up)
    {
      refuse (error, "has too many certificates of one name to find out which of them issued "
                     "another: leave out what does not belong to the chain");
      return NULL;
    }
  return dup_chain (search);
}

/* A certificate that an authority issued is better than one that the key itself issued. */
static gboolean
is_better_first (const Node *a, const Node *b)
{
  gboolean a_is_self_issued = g_bytes_equal (a->subject, a->issuer);
  gboolean b_is_self_issued = g_bytes_equal (b->subject, b->issuer);

  if (a->is_valid != b->is_valid)
    return a->is_valid;
  if (a_is_self_issued != b_is_self_issued)
    return b_is_self_issued;
  return a->end > b->end;
}

GPtrArray *
handoff_certificate_chain_find (gnutls_x509_crt_t *certificates,
                                guint n,
                                GBytes *key_id,
                                GError **error)
{
  g_auto (Search) search;
  Node *first = NULL;
  guint i;

  search_init (&search);
  for (i = 0; i < n; i++)
    add_node (&search, certificates[i]);
  for (i = 0; i < search.nodes->len; i++)
    {
      Node *node = g_ptr_array_index (search.nodes, i);

      if (node->key != NULL && g_bytes_equal (node->key, key_id) &&
          (first == NULL || is_better_first (node, first)))
        first = node;
    }
  if (first != NULL)
    return find_chain (&search, first, error);
  refuse (error,
          n > 0 ? "none of the certificates belongs to the private key" : "has no certificate");
  return NULL;
}

static gboolean
import_all (GPtrArray *certificates, gnutls_x509_crt_t *imported, GError **error)
{
  guint i;

  for (i = 0; i < certificates->len; i++)
    {
      gsize size;
      gconstpointer data = g_bytes_get_data (g_ptr_array_index (certificates, i), &size);
      const gnutls_datum_t datum = { (unsigned char *) data, (unsigned int) size };
      int code;

      gnutls_x509_crt_init (&imported[i]);
      code = gnutls_x509_crt_import (imported[i], &datum, GNUTLS_X509_FMT_DER);
      if (code < 0)
        {
          g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                       "number %u is no X.509 certificate in DER: %s", i + 1,
                       gnutls_strerror (code));
          return FALSE;
        }
    }
  return TRUE;
}

GPtrArray *
handoff_certificate_chain_arrange (GPtrArray *certificates, GError **error)
{
  g_autofree gnutls_x509_crt_t *imported = g_new0 (gnutls_x509_crt_t, certificates->len);
  GPtrArray *chain = NULL;
  guint i;

  if (import_all (certificates, imported, error))
    {
      g_auto (Search) search;

      search_init (&search);
      for (i = 0; i < certificates->len; i++)
        add_node (&search, imported[i]);
      chain = find_chain (&search, g_ptr_array_index (search.nodes, 0), error);
    }
  for (i = 0; i < certificates->len; i++)
    g_clear_pointer (&imported[i], gnutls_x509_crt_deinit);
  return chain;
}

/* Paths that are tried one after another. */
typedef struct
{
  Search search;
  guint n_paths;
  HandoffCertificatePathFunc func;
  gpointer user_data;
} Trial;

/* Tries the path so far with node, and the longer paths that begin with it. */
static gboolean
try_from (Trial *trial, Node *node)
{
  g_autoptr (GPtrArray) path = NULL;
  g_autoptr (GPtrArray) candidates = NULL;
  gboolean is_right = FALSE;
  guint i;

  if (trial->n_paths++ == HANDOFF_CHAIN_MAX_PATHS)
    return FALSE;
  g_ptr_array_add (trial->search.chain, node);
  path = dup_chain (&trial->search);
  is_right = trial->func (path, trial->user_data);
  candidates = get_candidates (&trial->search, node);
  for (i = 0; !is_right && i < candidates->len && trial->n_paths < HANDOFF_CHAIN_MAX_PATHS; i++)
    {
      Node *issuer = g_ptr_array_index (candidates, i);

      if (issuer->is_valid && !is_in_chain (&trial->search, issuer) &&
          has_issued (&trial->search, issuer, node))
        is_right = try_from (trial, issuer);
    }
  g_ptr_array_set_size (trial->search.chain, (gint) trial->search.chain->len - 1);
  return is_right;
}

gboolean
handoff_certificate_chain_try_paths (GPtrArray *certificates,
                                     HandoffCertificatePathFunc func,
                                     gpointer user_data)
{
  g_autofree gnutls_x509_crt_t *imported = g_new0 (gnutls_x509_crt_t, certificates->len);
  gboolean is_right = FALSE;
  guint i;

  if (import_all (certificates, imported, NULL))
    {
      Trial trial = { .func = func, .user_data = user_data };
      Node *first;

      search_init (&trial.search);
      trial.search.max_signatures = HANDOFF_CHAIN_MAX_PATH_SIGNATURES;
      for (i = 0; i < certificates->len; i++)
        add_node (&trial.search, imported[i]);
      first = trial.search.nodes->len > 0 ? g_ptr_array_index (trial.search.nodes, 0) : NULL;
      is_right = first != NULL && first->is_valid && try_from (&trial, first);
      search_clear (&trial.search);
    }
  for (i = 0; i < certificates->len; i++)
    g_clear_pointer (&imported[i], gnutls_x509_crt_deinit);
  return is_right;
}
