/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "phrasebook/library-text.h"
#include "phrasebook/phrases.h"

const char *const handoff_phrases_blob[] = {
  N_ ("A key blob holds at most %s bytes, and this one would have %s: consume data that was "
      "received, and export then"),
  N_ ("The key blob was sealed by a channel: it opens in the channel that it came on, with no "
      "import key"),
  N_ ("The key blob was sealed to an import key, not by this channel"),
  N_ ("The key blob's %s is %s, it must be %s"),
  N_ ("The key blob's size is %s, it must be %s to %s"),
  N_ ("The key blob has %s bytes, it must have %s to %s"),
  N_ ("This is no key blob: it does not start with “%s”"),
  N_ ("The key blob has format 0, the oldest one is 1"),
  N_ ("The key blob has format %s, this library reads formats up to %s: update it"),
  N_ ("The key blob does not open: it was changed, or sealed to another import key"),
  N_ ("The key blob does not open: it was changed, or sealed by another channel"),
  N_ ("This channel cannot seal key blobs any more"),
  N_ ("The channel's encapsulated key is a point of small order"),
  N_ ("The key blob is not number %s of its channel, which is the next: each opens once, in their "
      "order"),
  N_ ("This channel belongs to the process that opened it, before the fork; open one in this "
      "process"),
  N_ ("This channel opens no key blobs any more: an earlier one did not open; open another "
      "channel"),
  N_ ("It was changed, or sealed to another key"),
  N_ ("This HPKE context has no sequence number left for another message"),
  N_ ("The X25519 public key is a point of small order, which gives no secret"),

  /* What is in it. */
  N_ ("The key state %s"),
  N_ ("is not a dictionary in normal form"),
  N_ ("has a value of type %s for “%s”, it must be %s"),
  N_ ("has neither of the roles client and server"),
  N_ ("has %s bytes for “%s”"),
  N_ ("has the unknown key “%s”"),
  N_ ("has the key “%s” twice"),
  N_ ("has the key “%s”, which its protocol or suite has not"),
  N_ ("lacks the key “%s”"),
  N_ ("has the key “%s” with nothing in it"),
  N_ ("has its keys in another order"),
  N_ ("encrypts before it authenticates, which only AES-CBC suites do"),
  N_ ("owes a KeyUpdate, which only TLS 1.3 has"),
  N_ ("owes a no_renegotiation warning, which TLS 1.3 has not"),
  N_ ("has the channel binding tls-unique, which TLS 1.3 has not"),
  N_ ("The key state's %s has %s bytes, the cipher suite needs %s"),
  N_ ("The key state's %s sequence number is used up"),
  N_ ("The key state's %s record size limit is %s bytes, it must be %s to %s"),
  N_ ("The key state's channel binding %s has the wrong size"),
  N_ ("The key state's role is neither client nor server"),
  N_ ("This version does not support the key state's protocol %s"),
  N_ ("This version does not support the key state's cipher suite %s"),
  N_ ("The key state's cipher suite %s is not one of %s"),

  /* The file that it is in. */
  N_ ("Cannot create a memory file: %s"),
  N_ ("Cannot write to a memory file: %s"),
  N_ ("Cannot seal a memory file: %s"),
  N_ ("Cannot examine the key blob's memory file: %s"),
  N_ ("Cannot read the key blob's memory file: %s"),
  N_ ("it ends early"),
  N_ ("The key blob's descriptor is not a memory file: %s"),
  N_ ("The key blob's memory file lacks the seal “%s”: others could change it"),
  NULL,
};
