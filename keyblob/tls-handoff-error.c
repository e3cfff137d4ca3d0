/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "tls-handoff-error.h"

#include <string.h>

#include "tls-handoff-error-private.h"
#include "handoff-names.h"

#define DOMAIN_NAME "tls-handoff-error"
#define REGISTERED_NAME DOMAIN_NAME "-registered"

static const GDBusErrorEntry error_names[] = {
  { TLS_HANDOFF_ERROR_FAILED, HANDOFF_ERROR_PREFIX "Failed" },
  { TLS_HANDOFF_ERROR_NOT_AUTHORIZED, HANDOFF_ERROR_PREFIX "NotAuthorized" },
  { TLS_HANDOFF_ERROR_INVALID_ARGUMENT, HANDOFF_ERROR_PREFIX "InvalidArgument" },
  { TLS_HANDOFF_ERROR_UNSUPPORTED_SOCKET, HANDOFF_ERROR_PREFIX "UnsupportedSocket" },
  { TLS_HANDOFF_ERROR_LIMIT_REACHED, HANDOFF_ERROR_PREFIX "LimitReached" },
  { TLS_HANDOFF_ERROR_TIMED_OUT, HANDOFF_ERROR_PREFIX "TimedOut" },
  { TLS_HANDOFF_ERROR_CANCELLED, HANDOFF_ERROR_PREFIX "Cancelled" },
  { TLS_HANDOFF_ERROR_PEER_CLOSED, HANDOFF_ERROR_PREFIX "PeerClosed" },
  { TLS_HANDOFF_ERROR_HANDSHAKE_FAILED, HANDOFF_ERROR_PREFIX "HandshakeFailed" },
  { TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED, HANDOFF_ERROR_PREFIX "CertificateUntrusted" },
  { TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND, HANDOFF_ERROR_PREFIX "CredentialNotFound" },
  { TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED, HANDOFF_ERROR_PREFIX "CredentialLocked" },
  { TLS_HANDOFF_ERROR_NOT_SUPPORTED, HANDOFF_ERROR_PREFIX "NotSupported" },
  { TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, HANDOFF_ERROR_PREFIX "KeyBlobInvalid" },
  { TLS_HANDOFF_ERROR_KEY_USED, HANDOFF_ERROR_PREFIX "KeyUsed" },
  { TLS_HANDOFF_ERROR_RECORD_INVALID, HANDOFF_ERROR_PREFIX "RecordInvalid" },
  { TLS_HANDOFF_ERROR_ALERT_RECEIVED, HANDOFF_ERROR_PREFIX "AlertReceived" },
  { TLS_HANDOFF_ERROR_CLOSED, HANDOFF_ERROR_PREFIX "Closed" },
  { TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE, HANDOFF_ERROR_PREFIX "AuthorityUnavailable" },
};

/* The tests check that row i is the row of code i. */
G_STATIC_ASSERT (G_N_ELEMENTS (error_names) == TLS_HANDOFF_N_ERRORS);
G_STATIC_ASSERT (TLS_HANDOFF_ERROR_FAILED == 0);

/* What the domain's errors carry beyond a message. */
typedef struct
{
  GVariant *details; /* (owned) (nullable): a{sv} */
} ErrorPrivate;

/* GLib keeps an extended error's private data right before the error, aligned to two words. */
static ErrorPrivate *
get_private (const GError *error)
{
  const gsize alignment = 2 * sizeof (gsize);
  const gsize size = (sizeof (ErrorPrivate) + alignment - 1) & -alignment;

  return (ErrorPrivate *) ((guint8 *) error - size);
}

static void
error_init (GError *error)
{
  get_private (error)->details = NULL;
}

static void
error_copy (const GError *source, GError *destination)
{
  GVariant *details = get_private (source)->details;

  get_private (destination)->details = details != NULL ? g_variant_ref (details) : NULL;
}

static void
error_clear (GError *error)
{
  g_clear_pointer (&get_private (error)->details, g_variant_unref);
}

/* A program can hold this code twice: linked in, and in the library. GLib wants a domain to be
 * registered once (G_DEFINE_EXTENDED_ERROR() would complain); whichever copy comes first does it,
 * and both find the same private data. That it was done, a second quark says: the domain's own is
 * there already where a language binding looked it up by its name, and such errors would have no
 * private data before them. */
static GQuark
register_domain (void)
{
  GQuark domain;
  gsize i;

  if (g_quark_try_string (REGISTERED_NAME) != 0)
    return g_quark_from_static_string (DOMAIN_NAME);

  domain = g_error_domain_register_static (DOMAIN_NAME, sizeof (ErrorPrivate), error_init,
                                           error_copy, error_clear);
  g_quark_from_string (REGISTERED_NAME);
  for (i = 0; i < G_N_ELEMENTS (error_names); i++)
    g_dbus_error_register_error (domain, error_names[i].error_code, error_names[i].dbus_error_name);

  return domain;
}

/**
 * tls_handoff_error_quark:
 *
 * Returns: the error domain %TLS_HANDOFF_ERROR
 *
 * Since: 0.1
 */
GQuark
tls_handoff_error_quark (void)
{
  static gsize domain;

  if (g_once_init_enter (&domain))
    g_once_init_leave (&domain, register_domain ());

  return (GQuark) domain;
}

GVariant *
tls_handoff_error_get_details (const GError *error)
{
  if (error == NULL || error->domain != TLS_HANDOFF_ERROR)
    return NULL;

  return get_private (error)->details;
}

/**
 * handoff_error_set_details:
 * @error: an error of the domain %TLS_HANDOFF_ERROR
 * @details: an `a{sv}`, consumed if floating
 *
 * Gives @error details in place of those that it has.
 */
void
handoff_error_set_details (GError *error, GVariant *details)
{
  ErrorPrivate *private;

  g_return_if_fail (error != NULL && error->domain == TLS_HANDOFF_ERROR);
  g_return_if_fail (g_variant_is_of_type (details, G_VARIANT_TYPE_VARDICT));

  private = get_private (error);
  g_clear_pointer (&private->details, g_variant_unref);
  private->details = g_variant_ref_sink (details);
}

/* The code that name stands for, or -1. A name of ours that this version does not know, from a
 * newer service, is a failure like others. */
static int
code_of_name (const char *name)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (error_names); i++)
    {
      if (g_strcmp0 (name, error_names[i].dbus_error_name) == 0)
        return error_names[i].error_code;
    }

  if (name != NULL && g_str_has_prefix (name, HANDOFF_ERROR_PREFIX))
    return TLS_HANDOFF_ERROR_FAILED;

  return -1;
}

/* (transfer full) (nullable): the argument at index, if it is there and of that type */
static GVariant *
get_argument (GVariant *body, gsize index, const GVariantType *type)
{
  g_autoptr (GVariant) child = NULL;

  if (body == NULL || g_variant_n_children (body) <= index)
    return NULL;

  child = g_variant_get_child_value (body, index);
  return g_variant_is_of_type (child, type) ? g_steal_pointer (&child) : NULL;
}

/**
 * handoff_error_from_reply:
 * @reply: a message of type %G_DBUS_MESSAGE_TYPE_ERROR
 *
 * Returns: (transfer full): the error that @reply stands for: of our domain with its details, or
 *   whatever GIO makes of an error that is not ours
 */
GError *
handoff_error_from_reply (GDBusMessage *reply)
{
  GVariant *body = g_dbus_message_get_body (reply);
  g_autoptr (GVariant) message = get_argument (body, 0, G_VARIANT_TYPE_STRING);
  g_autoptr (GVariant) details = get_argument (body, 1, G_VARIANT_TYPE_VARDICT);
  int code = code_of_name (g_dbus_message_get_error_name (reply));
  GError *error = NULL;

  g_return_val_if_fail (g_dbus_message_get_message_type (reply) == G_DBUS_MESSAGE_TYPE_ERROR, NULL);

  if (code < 0)
    {
      g_dbus_message_to_gerror (reply, &error);
      return error;
    }

  error = g_error_new_literal (TLS_HANDOFF_ERROR, code,
                               message != NULL ? g_variant_get_string (message, NULL)
                                               : "The service gave no reason");
  if (details != NULL)
    handoff_error_set_details (error, details);

  return error;
}

/**
 * handoff_error_to_reply:
 * @error: what went wrong
 * @call: the method call to answer
 *
 * Returns: (transfer full): the reply that tells the caller
 */
GDBusMessage *
handoff_error_to_reply (const GError *error, GDBusMessage *call)
{
  g_autofree char *message = g_utf8_make_valid (error->message, -1);
  GVariant *details = tls_handoff_error_get_details (error);
  int code = error->domain == TLS_HANDOFF_ERROR ? error->code : TLS_HANDOFF_ERROR_FAILED;
  GDBusMessage *reply;

  g_return_val_if_fail (code >= 0 && code < TLS_HANDOFF_N_ERRORS, NULL);

  reply =
      g_dbus_message_new_method_error_literal (call, error_names[code].dbus_error_name, message);
  if (details != NULL)
    g_dbus_message_set_body (reply, g_variant_new ("(s@a{sv})", message, details));

  return reply;
}
