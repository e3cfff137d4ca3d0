/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token/token-modules.h"

#include <gnutls/pkcs11.h>

typedef enum
{
  STATE_UNLOADED,
  STATE_LOADING,
  STATE_LOADED, /* GnuTLS's list of modules, which has no lock, does not change any more */
} State;

static const char *path; /* of the module */

static GMutex mutex; /* of these */
static GCond not_loading;
static State state;

void
handoff_token_modules_init (const char *module)
{
  gnutls_pkcs11_init (GNUTLS_PKCS11_FLAG_MANUAL, NULL);
  path = module;
}

static State
load (void)
{
  const int code = gnutls_pkcs11_add_provider (path, NULL);

  if (code >= 0)
    return STATE_LOADED;
  g_warning ("Cannot load the PKCS#11 module %s: %s", path, gnutls_strerror (code));
  return STATE_UNLOADED;
}

gboolean
handoff_token_modules_load (void)
{
  State result;

  g_mutex_lock (&mutex);
  if (state == STATE_UNLOADED)
    {
      state = STATE_LOADING;
      g_mutex_unlock (&mutex);
      result = load ();
      g_mutex_lock (&mutex);
      state = result;
      g_cond_broadcast (&not_loading);
    }
  /* What fails for one thread is not tried again by those that have waited for it. */
  while (state == STATE_LOADING)
    g_cond_wait (&not_loading, &mutex);
  result = state;
  g_mutex_unlock (&mutex);
  return result == STATE_LOADED;
}
