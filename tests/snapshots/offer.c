/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "offer.h"

#include "handshake/handshake-request.h"
#include "support/credential-fixture.h"

char *
offer_options (HandoffRole role,
               HandoffTlsPolicy *policy,
               const char *minimum,
               const char *maximum,
               GString *text)
{
  static const char *const protocols[] = { "h2", "http/1.1", NULL };
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) options = NULL;
  g_autoptr (HandoffHandshakeRequest) request = NULL;
  g_autoptr (GError) error = NULL;

  g_variant_dict_insert (&dict, HANDOFF_OPTION_MINIMUM_PROTOCOL, "s", minimum);
  g_variant_dict_insert (&dict, HANDOFF_OPTION_MAXIMUM_PROTOCOL, "s", maximum);
  g_variant_dict_insert (&dict, HANDOFF_OPTION_APPLICATION_PROTOCOLS, "^as", protocols);
  if (role == HANDOFF_ROLE_SERVER)
    {
      g_autoptr (GBytes) anchor = test_certificate_new ("client-ca");
      GVariant *der = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, anchor, TRUE);

      g_variant_dict_insert (&dict, HANDOFF_OPTION_CLIENT_CERTIFICATE, "s", "request");
      g_variant_dict_insert_value (&dict, HANDOFF_OPTION_TRUST_ANCHORS,
                                   g_variant_new_array (NULL, &der, 1));
    }
  options = g_variant_ref_sink (g_variant_dict_end (&dict));
  request = handoff_handshake_request_new (
      role, role == HANDOFF_ROLE_CLIENT ? "other.handoff.test" : "", options, policy, &error);
  if (request == NULL)
    {
      g_string_append_printf (text, "Refused: %s\n", error->message);
      return NULL;
    }
  return g_variant_print (options, TRUE);
}
