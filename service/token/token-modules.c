/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token/token-modules.h"

#include <gnutls/pkcs11.h>

#include "token/token-thread.h"

static GMutex mutex; /* of these */
static GCond no_loads;
static guint n_loads;              /* asked for, but not finished */
static HandoffTokenThread *loader; /* (owned) */

/* GnuTLS's list has no lock. Readers do not wait for a waiting writer: so a slow token, which keeps
 * a reader here, delays no other token. */
static GRWLock list;
static GHashTable *loaded; /* (owned) (element-type filename) */

void
handoff_token_modules_init (void)
{
  static gsize initialized;

  if (!g_once_init_enter (&initialized))
    return;
  gnutls_pkcs11_init (GNUTLS_PKCS11_FLAG_MANUAL, NULL);
  loaded = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  loader = handoff_token_thread_new ("modules");
  g_once_init_leave (&initialized, 1);
}

static void
load_module (const char *module)
{
  int code;

  if (g_hash_table_contains (loaded, module))
    return;
  code = gnutls_pkcs11_add_provider (module, NULL);
  if (code >= 0)
    g_hash_table_add (loaded, g_strdup (module));
  else
    g_warning ("Cannot load the PKCS#11 module %s: %s", module, gnutls_strerror (code));
}

static void
load (gpointer data, const GError *thread_error)
{
  g_auto (GStrv) modules = data;
  gsize i;

  if (thread_error != NULL)
    {
      g_warning ("Cannot load PKCS#11 modules: %s", thread_error->message);
    }
  else
    {
      g_rw_lock_writer_lock (&list);
      for (i = 0; modules[i] != NULL; i++)
        load_module (modules[i]);
      g_rw_lock_writer_unlock (&list);
    }

  g_mutex_lock (&mutex);
  n_loads--;
  g_cond_broadcast (&no_loads);
  g_mutex_unlock (&mutex);
}

void
handoff_token_modules_load (const char *const *modules)
{
  if (modules[0] == NULL)
    return;
  g_mutex_lock (&mutex);
  n_loads++;
  g_mutex_unlock (&mutex);
  handoff_token_thread_push (loader, load, g_strdupv ((char **) modules));
}

gboolean
handoff_token_modules_enter (void)
{
  g_mutex_lock (&mutex);
  while (n_loads > 0)
    g_cond_wait (&no_loads, &mutex);
  g_mutex_unlock (&mutex);

  g_rw_lock_reader_lock (&list);
  if (g_hash_table_size (loaded) > 0)
    return TRUE;
  g_rw_lock_reader_unlock (&list);
  return FALSE;
}

void
handoff_token_modules_leave (void)
{
  g_rw_lock_reader_unlock (&list);
}
