/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "manager/methods.h"

#include "call/service-list.h"
#include "keyblob/handoff-names.h"
#include "manager/credential.h"

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

static gpointer
take_nothing (HandoffServiceRequest *request, GDBusMessage *reply, GError **error)
{
  return GINT_TO_POINTER (TRUE);
}

/* (transfer full): a GVariant */
static gpointer
take_value (HandoffServiceRequest *request, GDBusMessage *reply, GError **error)
{
  return g_variant_get_child_value (g_dbus_message_get_body (reply), 0);
}

/* (transfer full): a GBytes */
static gpointer
take_bytes (HandoffServiceRequest *request, GDBusMessage *reply, GError **error)
{
  g_autoptr (GVariant) bytes = take_value (request, reply, error);

  return g_variant_get_data_as_bytes (bytes);
}

/* The bus's answer about the process that sent the properties in request->so_far. (transfer full):
 * a GVariant of both */
static gpointer
take_process (HandoffServiceRequest *request, GDBusMessage *reply, GError **error)
{
  g_auto (GVariantDict) status = G_VARIANT_DICT_INIT (request->so_far);
  g_autoptr (GVariant) process = take_value (request, reply, error);
  guint32 pid, uid;

  if (g_variant_lookup (process, "ProcessID", "u", &pid))
    g_variant_dict_insert (&status, "pid", "u", pid);
  if (g_variant_lookup (process, "UnixUserID", "u", &uid))
    g_variant_dict_insert (&status, "uid", "u", uid);
  return g_variant_ref_sink (g_variant_dict_end (&status));
}

/* The properties of the root object. The next call asks the bus about the process that sent them.
 * (transfer full) (nullable): a GVariant, if there is no bus */
static gpointer
take_status (HandoffServiceRequest *request, GDBusMessage *reply, GError **error)
{
  const char *sender = g_dbus_message_get_sender (reply);
  GDBusMessage *call;

  if (sender == NULL)
    return take_value (request, reply, error);

  call = g_dbus_message_new_method_call ("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                         "org.freedesktop.DBus", "GetConnectionCredentials");
  g_dbus_message_set_body (call, g_variant_new ("(s)", sender));
  request->so_far = take_value (request, reply, error);
  request->free_so_far = (GDestroyNotify) g_variant_unref;
  handoff_service_request_go_on (request, call, "(a{sv})", take_process);
  return NULL;
}

/* The properties of a new credential. (transfer full): a TlsHandoffCredential */
static gpointer
take_credential (HandoffServiceRequest *request, GDBusMessage *reply, GError **error)
{
  g_autoptr (GVariant) properties = take_value (request, reply, error);

  return handoff_credential_new (request->bus, g_dbus_message_get_path (request->call), properties);
}

/* The path of a new credential. The next call asks the credential for its properties. */
static gpointer
take_credential_path (HandoffServiceRequest *request, GDBusMessage *reply, GError **error)
{
  const char *path;
  GDBusMessage *call;

  g_variant_get (g_dbus_message_get_body (reply), "(&o)", &path);
  call = g_dbus_message_new_method_call (g_dbus_message_get_sender (reply), path,
                                         PROPERTIES_INTERFACE, "GetAll");
  g_dbus_message_set_body (call, g_variant_new ("(s)", HANDOFF_CREDENTIAL_INTERFACE));
  handoff_service_request_go_on (request, call, "(a{sv})", take_credential);
  return NULL;
}

/* entry: a{sv} */
static GVariant *
dup_number (GVariant *entry)
{
  return g_variant_lookup_value (entry, "number", G_VARIANT_TYPE_UINT64);
}

static const HandoffServiceList numbered_list = { dup_number, NULL };

/* (transfer full): a GVariant, aa{sv} */
static gpointer
take_numbered (HandoffServiceRequest *request, GDBusMessage *reply, GError **error)
{
  GPtrArray *entries = handoff_service_list_take_page (&numbered_list, request, reply);

  if (entries == NULL)
    return NULL;
  return g_variant_ref_sink (g_variant_new_array (
      G_VARIANT_TYPE_VARDICT, (GVariant *const *) entries->pdata, entries->len));
}

/* entry: (oa{sv}), ordered by label and path */
static GVariant *
dup_credential_place (GVariant *entry)
{
  g_autoptr (GVariant) properties = NULL;
  const char *path;
  const char *label = "";

  g_variant_get (entry, "(&o@a{sv})", &path, &properties);
  g_variant_lookup (properties, "Label", "&s", &label);
  return g_variant_ref_sink (g_variant_new ("(so)", label, path));
}

/* A credential without certificates has an empty list. If there is no list at all, the certificates
 * did not fit on the page. */
static gboolean
has_certificates (GVariant *entry)
{
  g_autoptr (GVariant) properties = g_variant_get_child_value (entry, 1);
  g_autoptr (GVariant) certificates = g_variant_lookup_value (properties, "Certificates", NULL);

  return certificates != NULL;
}

static const HandoffServiceList credential_list = { dup_credential_place, has_certificates };

/* (transfer full): a GPtrArray of TlsHandoffCredential */
static gpointer
take_credentials (HandoffServiceRequest *request, GDBusMessage *reply, GError **error)
{
  GPtrArray *entries = handoff_service_list_take_page (&credential_list, request, reply);
  GPtrArray *credentials;
  guint i;

  if (entries == NULL)
    return NULL;
  credentials = g_ptr_array_new_with_free_func (g_object_unref);
  for (i = 0; i < entries->len; i++)
    {
      g_autoptr (GVariant) properties = NULL;
      const char *path;

      g_variant_get (g_ptr_array_index (entries, i), "(&o@a{sv})", &path, &properties);
      g_ptr_array_add (credentials, handoff_credential_new (request->bus, path, properties));
    }
  return credentials;
}

const HandoffServiceMethod handoff_methods[HANDOFF_N_METHODS] = {
  [HANDOFF_METHOD_GET_STATUS] = {
    .function = "tls_handoff_manager_get_status",
    .interface = PROPERTIES_INTERFACE,
    .method = "GetAll",
    .parameters = { { "interface", HANDOFF_ARGUMENT_STRING } },
    .reply = { "(a{sv})", take_status, (GDestroyNotify) g_variant_unref },
  },
  [HANDOFF_METHOD_GET_STATISTICS] = {
    .function = "tls_handoff_manager_get_statistics",
    .interface = HANDOFF_MANAGER_INTERFACE,
    .method = "GetStatistics",
    .reply = { "(a{sv})", take_value, (GDestroyNotify) g_variant_unref },
  },
  [HANDOFF_METHOD_RELOAD] = {
    .function = "tls_handoff_manager_reload",
    .interface = HANDOFF_MANAGER_INTERFACE,
    .method = "Reload",
    .reply = { "()", take_nothing, NULL },
  },
  [HANDOFF_METHOD_LIST_SESSIONS] = {
    .function = "tls_handoff_manager_list_sessions",
    .interface = HANDOFF_MANAGER_INTERFACE,
    .method = "ListSessions",
    .options = { { HANDOFF_OPTION_ALL, HANDOFF_ARGUMENT_BOOLEAN } },
    .reply = { "(aa{sv})", take_numbered, (GDestroyNotify) g_variant_unref },
  },
  [HANDOFF_METHOD_GET_LOG] = {
    .function = "tls_handoff_manager_get_log",
    .interface = HANDOFF_MANAGER_INTERFACE,
    .method = "GetLog",
    .options = { { HANDOFF_OPTION_ALL, HANDOFF_ARGUMENT_BOOLEAN } },
    .reply = { "(aa{sv})", take_numbered, (GDestroyNotify) g_variant_unref },
  },
  [HANDOFF_METHOD_LIST_CREDENTIALS] = {
    .function = "tls_handoff_manager_list_credentials",
    .interface = HANDOFF_MANAGER_INTERFACE,
    .method = "ListCredentials",
    .options = { { HANDOFF_OPTION_ALL, HANDOFF_ARGUMENT_BOOLEAN } },
    .reply = { "(a(oa{sv}))", take_credentials, (GDestroyNotify) g_ptr_array_unref },
  },
  [HANDOFF_METHOD_IMPORT_CREDENTIAL] = {
    .function = "tls_handoff_manager_import_credential",
    .interface = HANDOFF_MANAGER_INTERFACE,
    .method = "ImportCredential",
    .parameters = { { "label", HANDOFF_ARGUMENT_STRING },
                    { "data", HANDOFF_ARGUMENT_SECRET_BYTES } },
    .options = { { HANDOFF_OPTION_PASSPHRASE, HANDOFF_ARGUMENT_SECRET },
                 { HANDOFF_OPTION_ROLES, HANDOFF_ARGUMENT_STRINGS },
                 { HANDOFF_OPTION_OWNER, HANDOFF_ARGUMENT_UID } },
    .reply = { "(o)", take_credential_path, g_object_unref },
  },
  [HANDOFF_METHOD_GENERATE_CREDENTIAL] = {
    .function = "tls_handoff_manager_generate_credential",
    .interface = HANDOFF_MANAGER_INTERFACE,
    .method = "GenerateCredential",
    .parameters = { { "label", HANDOFF_ARGUMENT_STRING },
                    { "key_type", HANDOFF_ARGUMENT_STRING } },
    .options = { { HANDOFF_OPTION_ROLES, HANDOFF_ARGUMENT_STRINGS },
                 { HANDOFF_OPTION_OWNER, HANDOFF_ARGUMENT_UID } },
    .reply = { "(o)", take_credential_path, g_object_unref },
  },
  [HANDOFF_METHOD_LINK_CREDENTIAL] = {
    .function = "tls_handoff_manager_link_credential",
    .interface = HANDOFF_MANAGER_INTERFACE,
    .method = "LinkCredential",
    .parameters = { { "label", HANDOFF_ARGUMENT_STRING }, { "uri", HANDOFF_ARGUMENT_STRING } },
    .options = { { HANDOFF_OPTION_PIN, HANDOFF_ARGUMENT_SECRET },
                 { HANDOFF_OPTION_CERTIFICATES, HANDOFF_ARGUMENT_CERTIFICATES },
                 { HANDOFF_OPTION_ROLES, HANDOFF_ARGUMENT_STRINGS },
                 { HANDOFF_OPTION_OWNER, HANDOFF_ARGUMENT_UID } },
    .reply = { "(o)", take_credential_path, g_object_unref },
  },
  [HANDOFF_METHOD_CREATE_CERTIFICATE_REQUEST] = {
    .function = "tls_handoff_credential_create_certificate_request",
    .interface = HANDOFF_CREDENTIAL_INTERFACE,
    .method = "CreateCertificateRequest",
    .options = { { HANDOFF_OPTION_SUBJECT, HANDOFF_ARGUMENT_STRING },
                 { HANDOFF_OPTION_DNS_NAMES, HANDOFF_ARGUMENT_STRINGS },
                 { HANDOFF_OPTION_IP_ADDRESSES, HANDOFF_ARGUMENT_STRINGS },
                 { HANDOFF_OPTION_EMAIL_ADDRESSES, HANDOFF_ARGUMENT_STRINGS } },
    .reply = { "(ay)", take_bytes, (GDestroyNotify) g_bytes_unref },
  },
  [HANDOFF_METHOD_SELF_SIGN] = {
    .function = "tls_handoff_credential_self_sign",
    .interface = HANDOFF_CREDENTIAL_INTERFACE,
    .method = "SelfSign",
    .options = { { HANDOFF_OPTION_SUBJECT, HANDOFF_ARGUMENT_STRING },
                 { HANDOFF_OPTION_DNS_NAMES, HANDOFF_ARGUMENT_STRINGS },
                 { HANDOFF_OPTION_IP_ADDRESSES, HANDOFF_ARGUMENT_STRINGS },
                 { HANDOFF_OPTION_EMAIL_ADDRESSES, HANDOFF_ARGUMENT_STRINGS },
                 { HANDOFF_OPTION_DAYS, HANDOFF_ARGUMENT_UINT } },
    .reply = { "()", take_nothing, NULL },
  },
  [HANDOFF_METHOD_SET_CERTIFICATES] = {
    .function = "tls_handoff_credential_set_certificates",
    .interface = HANDOFF_CREDENTIAL_INTERFACE,
    .method = "SetCertificates",
    .parameters = { { "certificates", HANDOFF_ARGUMENT_CERTIFICATES } },
    .reply = { "()", take_nothing, NULL },
  },
  [HANDOFF_METHOD_SET_OCSP_RESPONSE] = {
    .function = "tls_handoff_credential_set_ocsp_response",
    .interface = HANDOFF_CREDENTIAL_INTERFACE,
    .method = "SetOcspResponse",
    .parameters = { { "response", HANDOFF_ARGUMENT_BYTES } },
    .reply = { "()", take_nothing, NULL },
  },
  [HANDOFF_METHOD_UNLOCK] = {
    .function = "tls_handoff_credential_unlock",
    .interface = HANDOFF_CREDENTIAL_INTERFACE,
    .method = "Unlock",
    .parameters = { { "pin", HANDOFF_ARGUMENT_SECRET } },
    .reply = { "()", take_nothing, NULL },
  },
  [HANDOFF_METHOD_REMOVE] = {
    .function = "tls_handoff_credential_remove",
    .interface = HANDOFF_CREDENTIAL_INTERFACE,
    .method = "Remove",
    .reply = { "()", take_nothing, NULL },
  },
};
