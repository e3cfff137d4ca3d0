/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Whom the application trusts: GTlsConnection:database with GIO's meaning, and what becomes of it.
 *
 *   the default database         the service verifies, with the system's authorities
 *   a client's file of those     the service verifies, with the authorities in it
 *   any other, or a server's     the service trusts nobody, and the database judges
 *   none                         the service trusts nobody, and only a handler of the application's
 *                                can accept the peer
 *
 * The settings are read before and during the handshake, in its thread; nothing here locks but for
 * the anchors that are kept with a database. */

#include "connection/connection-trust.h"

#include "connection/connection-review.h"
#include "handshake/handshake-options.h"
#include "phrasebook/library-text.h"

/* What the service takes. */
#define MAX_ANCHORS 256
#define MAX_ANCHORS_SIZE (1024 * 1024) /* bytes, all together */

/* The backend's own, whatever the application made the default one. Not by
 * g_tls_backend_get_default_database(), which holds a lock while it asks. (transfer full)
 * (nullable)
 */
static GTlsDatabase *
dup_stock_database (void)
{
  GTlsBackend *backend = g_tls_backend_get_default ();
  GTlsBackendInterface *interface = G_TLS_BACKEND_GET_INTERFACE (backend);

  return interface->get_default_database != NULL ? interface->get_default_database (backend) : NULL;
}

static gboolean
is_stock_database (GTlsDatabase *database)
{
  g_autoptr (GTlsDatabase) stock = dup_stock_database ();

  return database == stock;
}

/* The database that g_tls_backend_set_default_database() was called with, if it was. This must not
 * load the system's trust store: that is a cost which the service saves applications. If the
 * process never had a database, none was set. (transfer full) (nullable) */
static GTlsDatabase *
dup_replaced_default_database (void)
{
  g_autoptr (GTlsDatabase) database = NULL;

  if (g_type_class_peek (G_TYPE_TLS_DATABASE) == NULL)
    return NULL;
  database = g_tls_backend_get_default_database (g_tls_backend_get_default ());
  return database != NULL && !is_stock_database (database) ? g_steal_pointer (&database) : NULL;
}

GTlsDatabase *
handoff_connection_dup_database (HandoffConnection *self)
{
  GTlsDatabase *database = NULL;

  if (!self->database_is_set)
    return g_tls_backend_get_default_database (g_tls_backend_get_default ());
  g_set_object (&database, self->database);
  return database;
}

void
handoff_connection_set_database (HandoffConnection *self, GTlsDatabase *database)
{
  g_set_object (&self->database, database);
  self->database_is_set = TRUE;
  g_object_notify (G_OBJECT (self), "use-system-certdb");
}

gboolean
handoff_connection_get_use_system_certdb (HandoffConnection *self)
{
  return !self->database_is_set || (self->database != NULL && is_stock_database (self->database));
}

void
handoff_connection_set_use_system_certdb (HandoffConnection *self, gboolean use)
{
  /* A database of the application's own is not the system's, and stays. */
  if (!!use == handoff_connection_get_use_system_certdb (self))
    return;

  g_clear_object (&self->database);
  self->database_is_set = !use;
  g_object_notify (G_OBJECT (self), "database");
}

/* (transfer full) (nullable) (element-type GBytes): NULL if the file cannot be read now, or is more
 * than the service takes */
static GPtrArray *
read_anchors (GTlsDatabase *database)
{
  g_autoptr (GPtrArray) anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autolist (GTlsCertificate) certificates = NULL;
  g_autofree char *path = NULL;
  gsize size = 0;
  GList *item;

  g_object_get (database, "anchors", &path, NULL);
  if (path != NULL)
    certificates = g_tls_certificate_list_new_from_file (path, NULL);
  for (item = certificates; item != NULL; item = item->next)
    {
      GByteArray *der = NULL;

      g_object_get (item->data, "certificate", &der, NULL);
      if (der == NULL)
        return NULL;
      size += der->len;
      g_ptr_array_add (anchors, g_byte_array_free_to_bytes (der));
    }
  /* An empty array would mean that nobody is trusted: only the database may say that. */
  return anchors->len > 0 && anchors->len <= MAX_ANCHORS && size <= MAX_ANCHORS_SIZE
             ? g_steal_pointer (&anchors)
             : NULL;
}

/* Of a database as g_tls_file_database_new() makes it: not of a class of the application's, which
 * may decide in another way. Read once for each database, as the database itself does. (transfer
 * full) (nullable) (element-type GBytes) */
static GPtrArray *
dup_anchors (GTlsDatabase *database)
{
  static GMutex lock;
  static const char *const key = "tls-handoff-anchors";
  GPtrArray *anchors;

  if (G_OBJECT_TYPE (database) !=
      g_tls_backend_get_file_database_type (g_tls_backend_get_default ()))
    return NULL;

  g_mutex_lock (&lock);
  anchors = g_object_get_data (G_OBJECT (database), key);
  if (anchors == NULL)
    {
      anchors = read_anchors (database);
      if (anchors != NULL)
        g_object_set_data_full (G_OBJECT (database), key, anchors,
                                (GDestroyNotify) g_ptr_array_unref);
    }
  if (anchors != NULL)
    g_ptr_array_ref (anchors);
  g_mutex_unlock (&lock);
  return anchors;
}

/* A server that asks no client for a certificate has none to judge. */
static gboolean
has_peer_certificate (HandoffConnection *self)
{
  return !self->is_server || self->authentication_mode != G_TLS_AUTHENTICATION_NONE ||
         (self->options != NULL && self->options->client_certificate != G_TLS_AUTHENTICATION_NONE);
}

/* Whose word counts, if not that of the service with the system's authorities, or with those of the
 * options. *nobody: that there is none. (transfer full) (nullable) */
static GTlsDatabase *
dup_judge (HandoffConnection *self, gboolean *nobody)
{
  const gboolean has_anchors = self->options != NULL && self->options->trust_anchors != NULL;
  g_autoptr (GTlsDatabase) database = NULL;

  *nobody = self->database_is_set && self->database == NULL;
  if (self->database_is_set)
    g_set_object (&database, self->database);
  else
    database = dup_replaced_default_database ();
  if (database != NULL && !is_stock_database (database))
    return g_steal_pointer (&database);

  /* The service asks only about certificates that it does not trust. A server that named no
   * authorities has its application asked about all of its clients' certificates, and where nobody
   * answers, that is a no: so the service trusts nobody. */
  if (!*nobody && self->is_server && !has_anchors)
    return database != NULL ? g_steal_pointer (&database) : dup_stock_database ();
  return NULL;
}

gboolean
handoff_connection_resolve_trust (HandoffConnection *self,
                                  GPtrArray **trust_anchors,
                                  GError **error)
{
  const gboolean has_anchors = self->options != NULL && self->options->trust_anchors != NULL;
  g_autoptr (GTlsDatabase) judge = NULL;
  gboolean nobody;

  *trust_anchors = NULL;
  if (!has_peer_certificate (self))
    return TRUE;
  judge = dup_judge (self, &nobody);
  if (judge == NULL && !nobody)
    {
      if (has_anchors)
        self->trusted = N_ ("those of the application's handshake option trust-anchors");
      return TRUE;
    }

  if (has_anchors)
    {
      g_set_error_literal (
          error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
          _ ("Both the property database and the handshake option trust-anchors say "
             "whom to trust, and they cannot both be followed; set one of them"));
      return FALSE;
    }
  /* A server's application is asked about each certificate, good ones too. */
  if (judge != NULL && !self->is_server)
    *trust_anchors = dup_anchors (judge);
  if (nobody)
    self->trusted = N_ ("none, since the application set the property database to NULL");
  else if (is_stock_database (judge))
    self->judge_name = N_ ("GIO's default certificate database");
  else
    {
      self->trusted = N_ ("those of the application's certificate database");
      self->judge_name = N_ ("The application's certificate database");
    }
  if (*trust_anchors == NULL)
    {
      *trust_anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
      self->judge = g_steal_pointer (&judge);
    }
  return TRUE;
}
