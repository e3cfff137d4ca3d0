/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key/der-values.h"

#include <libtasn1.h>

guint8
handoff_der_peek (HandoffDer rest)
{
  return rest.size > 0 ? rest.data[0] : 0;
}

gboolean
handoff_der_take_uint (HandoffDer *rest, guint *value)
{
  HandoffDer content;
  gsize i;

  if (!handoff_der_take (rest, HANDOFF_DER_INTEGER, &content) || content.size == 0 ||
      content.data[0] >= 0x80 || handoff_der_count_bits (content) > 32)
    return FALSE;
  *value = 0;
  for (i = 0; i < content.size; i++)
    *value = *value << 8 | content.data[i];
  return TRUE;
}

gboolean
handoff_der_take_oid (HandoffDer *rest, char oid[HANDOFF_OID_SIZE])
{
  HandoffDer element = *rest;
  int size;

  if (!handoff_der_take (rest, HANDOFF_DER_OBJECT_IDENTIFIER, NULL))
    return FALSE;
  element.size -= rest->size;
  return element.size <= HANDOFF_OID_SIZE &&
         asn1_get_object_id_der (element.data + 1, (int) element.size - 1, &size, oid,
                                 HANDOFF_OID_SIZE) == ASN1_SUCCESS;
}

gboolean
handoff_der_take_algorithm (HandoffDer *rest, char oid[HANDOFF_OID_SIZE], HandoffDer *parameters)
{
  return handoff_der_take (rest, HANDOFF_DER_SEQUENCE, parameters) &&
         handoff_der_take_oid (parameters, oid);
}
