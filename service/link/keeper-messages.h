/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "description/description.h"
#include "link/grant-messages.h"
#include "link/link-table.h"

/* What broker and keeper say to each other. The upper end is the broker. No key is ever in a
 * message. A credential has an id (32 hexadecimal digits), which its key has from the beginning,
 * and its folder: the broker makes it.
 *
 * The keeper changes folders one after the other, in the order of the requests, and its messages
 * tell in the same order what became of it. */
enum
{
  /* Request: read all folders again. Answer: how many are damaged. Before it come the credentials,
   * each with one of the next two requests, one after the other. */
  HANDOFF_KEEPER_LOAD,
  /* id, label, owner, roles (HandoffCredentialRoles), URI of a key in a token ("": a key in a
   * file), description */
  HANDOFF_KEEPER_LOADED,
  /* One whose files nobody has described as they are. As before, but in place of the description:
   * public key (SubjectPublicKeyInfo, DER), digest of what is to be described, and whether there
   * are the files certificates.pem and ocsp.der: they come as sealed memory files, in this order.
   * The broker has an importer describe it. */
  HANDOFF_KEEPER_UNDESCRIBED,
  /* Request: id, digest as it came, description. FAILED if the files are others now, or it is about
   * another key. */
  HANDOFF_KEEPER_DESCRIBE,

  /* Request: take a key under an id. The id, uid of whom it is for; a socket, of a link on which it
   * comes (link/import-messages.h). Answer: its public key. INVALID_ARGUMENT if the key cannot be
   * used, FAILED if none comes. The key is held, for grants too, until RELEASE or ADD. */
  HANDOFF_KEEPER_HOLD,
  /* Request: make a key, and hold it. id, uid, type (key/key-type.h). Answer: public key, its
   * algorithm */
  HANDOFF_KEEPER_GENERATE,
  /* id: the held key is not needed any more. */
  HANDOFF_KEEPER_RELEASE,
  /* Request: make the folder of a credential. As LOADED. The key is the one that is held under the
   * id, or in a token. The description must be about the same key. */
  HANDOFF_KEEPER_ADD,
  /* Request: id, description: with other certificates. CREDENTIAL_NOT_FOUND if it was removed. */
  HANDOFF_KEEPER_SET_CERTIFICATES,
  /* Request: id, description: the same certificates, with another OCSP response or none.
   * CREDENTIAL_NOT_FOUND if it was removed, FAILED if it has other certificates now. */
  HANDOFF_KEEPER_SET_OCSP_RESPONSE,
  /* Request: id. Its folder may be gone already. */
  HANDOFF_KEEPER_REMOVE,

  /* Request: HANDOFF_CERTIFICATE_REQUEST_TYPE */
  HANDOFF_KEEPER_REQUEST_CERTIFICATE,

  /* Request: is anybody there? Answered at once, whatever else is under way. */
  HANDOFF_KEEPER_PING,

  /* See link/grant-messages.h. */
  HANDOFF_KEEPER_HOLDER,
  HANDOFF_KEEPER_HOLDER_SOCKET,
  HANDOFF_KEEPER_HOLDER_GONE,
  HANDOFF_KEEPER_GRANT,
  HANDOFF_KEEPER_GRANT_OVER,
  HANDOFF_KEEPER_VIOLATION,
};

#define HANDOFF_KEEPER_LOADED_TYPE "(ssuus" HANDOFF_DESCRIPTION_TYPE ")"
#define HANDOFF_KEEPER_UNDESCRIBED_TYPE "(ssuusayaybb)"

extern const HandoffLinkTable handoff_keeper_messages;
