/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token/token-modules.h"

#include <gnutls/pkcs11.h>

#include "token/token-thread.h"

typedef enum
{
  STATE_UNLOADED,
  STATE_LOADING,
  STATE_LOADED, /* GnuTLS's list of modules, which has no lock, does not change any more */
} State;

static GMutex mutex; /* of these */
static GCond not_loading;
static State state;

static HandoffTokenThread *loader; /* (owned) */

void
handoff_token_modules_init (void)
{
  gnutls_pkcs11_init (GNUTLS_PKCS11_FLAG_MANUAL, NULL);
  loader = handoff_token_thread_new ("module");
}

static void
set_state (State new_state)
{
  g_mutex_lock (&mutex);
  state = new_state;
  g_cond_broadcast (&not_loading);
  g_mutex_unlock (&mutex);
}

static void
load (gpointer data, const GError *thread_error)
{
  g_autofree char *module = data;
  int code;

  if (thread_error != NULL)
    {
      g_warning ("Cannot load the PKCS#11 module %s: %s", module, thread_error->message);
      set_state (STATE_UNLOADED);
      return;
    }
  code = gnutls_pkcs11_add_provider (module, NULL);
  if (code < 0)
    g_warning ("Cannot load the PKCS#11 module %s: %s", module, gnutls_strerror (code));
  set_state (code < 0 ? STATE_UNLOADED : STATE_LOADED);
}

void
handoff_token_modules_load (const char *module)
{
  gboolean is_needed;

  g_mutex_lock (&mutex);
  is_needed = state == STATE_UNLOADED;
  if (is_needed)
    state = STATE_LOADING;
  g_mutex_unlock (&mutex);
  if (is_needed)
    handoff_token_thread_push (loader, load, g_strdup (module));
}

gboolean
handoff_token_modules_wait (void)
{
  gboolean is_loaded;

  g_mutex_lock (&mutex);
  while (state == STATE_LOADING)
    g_cond_wait (&not_loading, &mutex);
  is_loaded = state == STATE_LOADED;
  g_mutex_unlock (&mutex);
  return is_loaded;
}
