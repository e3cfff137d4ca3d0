/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "description/description.h"
#include "link/link-table.h"

/* What the broker and a handshaker tell each other. The broker is the upper end.
 *
 * A handshaker begins as a spare, which has a policy and nobody to serve. With
 * HANDOFF_HANDSHAKER_USER it becomes that user's for the rest of its life. The broker believes
 * nothing that it says about anybody else: who a caller is, whose a credential is, and what polkit
 * says, the broker alone knows. What it says about its own user's handshakes nobody can check; a
 * lie harms that user.
 *
 * Numbers (t) of callers, calls, channels and grants are the broker's; it counts up, over all
 * handshakers, and uses none twice. Those of questions are the handshaker's, likewise. A number
 * that means nothing is a breach, unless what it stands for may have ended at the other end
 * meanwhile. */

/* States of the link. */
#define HANDOFF_HANDSHAKER_IS_SPARE (1 << 0)
#define HANDOFF_HANDSHAKER_HAS_USER (1 << 1)

/* A grant (see the keeper's messages): its number, how many signatures it is good for (0: as many
 * as come), until when (boot time, microseconds), and who signs: the number with which a signing
 * socket is asked for. Number 0: none. */
#define HANDOFF_GIVEN_GRANT_TYPE "(tuxt)"

/* Bytes of the files that HANDOFF_HANDSHAKER_POLICY brings. A bundle of all authorities that there
 * are has less than 1 MiB. */
#define HANDOFF_POLICY_MAX_CONFIGURATION_SIZE (1024 * 1024)
#define HANDOFF_POLICY_MAX_TRUST_SIZE (16 * 1024 * 1024)

typedef enum
{
  /* ---- From the broker. ---- */

  /* (s configuration file, s trust store), for error messages, ""  being the system's trust store;
   * descriptors: the text of the one, the certificates of the other in PEM, each in a sealed memory
   * file. The policy of all handshakes that begin from now on; what was kept of handshakes under
   * an earlier one is forgotten. Answer: (as): the cipher suites that it allows; or an error that
   * says what is wrong with it: then the earlier one stays. First of all, and as often as
   * configuration or trust store are read again. */
  HANDOFF_HANDSHAKER_POLICY,

  /* (u uid, u slot, t holder): whom it works for. slot: below HANDOFF_HANDSHAKER_SLOTS, of no other
   * handshaker at the time: the number of a session is the monotonic time in microseconds times
   * HANDOFF_HANDSHAKER_SLOTS, plus slot, so that no two handshakers give the same. holder: what it
   * is called where grants are. Descriptor: the places' socket (see handoff_places_table). Once. */
  HANDOFF_HANDSHAKER_USER,

  /* (): to be answered at once: (). Whoever does not answer for long is ended. */
  HANDOFF_HANDSHAKER_PING,

  /* (t caller, s unique name, u pid): a caller of its user's, before anything is said about him. */
  HANDOFF_HANDSHAKER_CALLER,
  /* (t caller): he has left the bus: calls, sessions and channels of his end, but for sessions that
   * outlive him. Nothing is said about him any more; what the handshaker says about him may cross
   * with this. */
  HANDOFF_HANDSHAKER_CALLER_GONE,

  /* (t call, t caller, s object path, s interface of the object, s interface, s method,
   * v arguments, b whether they are large, u serial, u flags: HandoffHandshakerCallFlags), with the
   * call's descriptors; large arguments are in one more, the last (link/large-value.h). A method
   * call from the bus: of the manager's methods that make handshakes, or on a session. serial: of
   * its sender's; 0: he wants no reply, and gets none (the broker drops the answer).
   * Answer: (v, b): a tuple, likewise, with the reply's descriptors; or the error for the caller,
   * with the details that he may see. */
  HANDOFF_HANDSHAKER_CALL,

  /* (t channel, t caller, ay recipient key: 32 bytes); descriptor: the service's end of a channel,
   * non-blocking. Answer: (ay): the encapsulated key. The broker counts the channel for its user
   * until HANDOFF_HANDSHAKER_CHANNEL_OVER, or an error here. */
  HANDOFF_HANDSHAKER_OPEN_CHANNEL,

  /* (s id, s label, u owner, u roles: HandoffCredentialRoles, t serial, description): a credential
   * that is new or has changed: of the user, of the machine, or one that the user was allowed to
   * use. Those of the user and of the machine come before the first call. Answer: (), when what was
   * remembered about credentials of that owner is forgotten, so that whoever changed it can be
   * told: no handshake that begins after that uses the old one. */
  HANDOFF_HANDSHAKER_CREDENTIAL,
  /* (s id): it is gone. Answer: (), likewise. */
  HANDOFF_HANDSHAKER_CREDENTIAL_GONE,
  /* (): what polkit said may be wrong now: all that is remembered of it is forgotten. Answer: ()
   */
  HANDOFF_HANDSHAKER_FORGET,

  /* (t grant): to be used no more. Answer: (), when no handshake that began with it still may use
   * it; the broker waits for some seconds. A grant that is not known any more is fine. */
  HANDOFF_HANDSHAKER_TAKE_BACK,

  /* (u HandoffPlaces): somebody gave back places of which the handshaker got fewer than it asked
   * for (see handoff_places_table). */
  HANDOFF_HANDSHAKER_PLACES_FREE,

  /* (): what there is to be counted. Answer: (t completed, t failed, t denied, t resumed; u
   * handshakes in flight, u sessions, u resumable sessions, u workers): since it began, and now. */
  HANDOFF_HANDSHAKER_REPORT,
  /* (t after, u maximum, t caller, or 0). Answer: (a(tssssssuxs)): at most HANDOFF_HANDSHAKER_PAGE
   * sessions with a number above that, the oldest first: number, role, state, server identity,
   * protocol, cipher suite, credential's label (each "" where there is none), the caller's pid,
   * start time (monotonic, microseconds), id. Of a caller: those of the bus that he may use. */
  HANDOFF_HANDSHAKER_SESSIONS,

  /* (): end, if nothing is under way and nobody would miss it. Answer: (b): TRUE: it does nothing
   * any more, its channels are closed, and it ends; FALSE: there is something to do, and it stays.
   */
  HANDOFF_HANDSHAKER_LEAVE,
  /* (): end, in any case: nothing new begins, what is under way is cancelled and answered. Then
   * comes HANDOFF_HANDSHAKER_DRAINED. */
  HANDOFF_HANDSHAKER_DRAIN,

  /* ---- From the handshaker. ---- */

  /* (t question, t caller, s action, s credential, b whether that is a name, a{ss} details, b
   * whether the user may be asked for a password, u role: HandoffRole, b whether a yes is to be
   * remembered). May the caller do this, and may he use that credential? credential: "" if it is
   * not about one. A name is what the caller wrote, a label or an object path: the broker looks for
   * it among the user's own, the machine's, and, by its path, everybody's, and asks polkit the same
   * whether it is there or not. Otherwise it is the id of one that the handshaker knows. The action
   * is one of the four that handshakes need; for a credential the broker chooses it, and writes the
   * label into the details.
   * Answer: (u HandoffHandshakerAnswer, s why, b whether the credential is the user's own, s its
   * id, grant). The credential, if the handshaker does not have it yet, was sent before. */
  HANDOFF_HANDSHAKER_ASK,
  /* (t question, t caller, u role), descriptor: the option credential-pem of a call, which nobody
   * has read yet. Answer: (s id, ay SHA-256 of what was read, description, grant); or the error for
   * the caller. */
  HANDOFF_HANDSHAKER_READ_PEM,
  /* (t question): nobody waits for the answer, which comes all the same. */
  HANDOFF_HANDSHAKER_CANCEL,
  /* (t signer): a socket for a worker to ask for signatures on; signer 0: the keeper. Answer: (),
   * with the descriptor. */
  HANDOFF_HANDSHAKER_OPEN_SIGNING,
  /* (t grant): it will not be used any more. */
  HANDOFF_HANDSHAKER_GRANT_OVER,

  /* (t call): it stands in line for a place among the handshakes, and is counted there; it does not
   * count among its user's calls any more. */
  HANDOFF_HANDSHAKER_CALL_WAITS,
  /* (t caller, u serial): he has read the reply to that call. */
  HANDOFF_HANDSHAKER_NOTE_READ,
  /* (t caller, s id, b whether it outlives him): a session on the bus, before the reply that tells
   * of it. */
  HANDOFF_HANDSHAKER_SESSION_MADE,
  /* (s id): it was complete, and has failed: nobody fetched its keys in time. */
  HANDOFF_HANDSHAKER_SESSION_EXPIRED,
  /* (s id): it is not there any more. */
  HANDOFF_HANDSHAKER_SESSION_GONE,
  /* (t channel): nothing is left of it. */
  HANDOFF_HANDSHAKER_CHANNEL_OVER,

  /* ((tttt) counts, a(t caller, u HandoffHandshakerEntry, b whether it tells of an error, s fields,
   * s text)): entries of the audit log, as soon as the main loop has time for them, at most
   * HANDOFF_HANDSHAKER_ENTRIES; and the first four numbers of a report. A field is a line,
   * "NAME=value\n": one string is read in a fraction of the time of a list of pairs, and each
   * handshake has an entry. The broker adds who the caller is, to the fields and before the text.
   */
  HANDOFF_HANDSHAKER_AUDIT,

  /* (u resumable sessions): it has had nothing to do for IdleExit seconds; again and again, as long
   * as that is so. */
  HANDOFF_HANDSHAKER_IDLE,
  /* (): everything is answered; it ends. */
  HANDOFF_HANDSHAKER_DRAINED,

  HANDOFF_HANDSHAKER_N_MESSAGES,
} HandoffHandshakerMessage;

#define HANDOFF_HANDSHAKER_SLOTS 1024
#define HANDOFF_HANDSHAKER_PAGE 128
#define HANDOFF_HANDSHAKER_ENTRIES 64

typedef enum
{
  HANDOFF_HANDSHAKER_CALL_INTERACTIVE = 1 << 0, /* the user may be asked for a password */
} HandoffHandshakerCallFlags;

typedef enum
{
  HANDOFF_HANDSHAKER_ANSWER_NO,
  HANDOFF_HANDSHAKER_ANSWER_YES,       /* not to be remembered */
  HANDOFF_HANDSHAKER_ANSWER_PLAIN_YES, /* see handoff_authority_check_finish() */
  HANDOFF_HANDSHAKER_ANSWER_UNAVAILABLE,
  HANDOFF_HANDSHAKER_ANSWER_LIMIT,
  HANDOFF_HANDSHAKER_ANSWER_CANCELLED,
  /* A yes, but there is no such credential (any more). */
  HANDOFF_HANDSHAKER_ANSWER_NOT_FOUND,
  HANDOFF_HANDSHAKER_N_ANSWERS,
} HandoffHandshakerAnswer;

typedef enum
{
  HANDOFF_HANDSHAKER_ENTRY_HANDSHAKE,  /* what came of a handshake: session-audit.c */
  HANDOFF_HANDSHAKER_ENTRY_REMEMBERED, /* a channel's memory in place of polkit: audit.c */
  HANDOFF_HANDSHAKER_N_ENTRIES,
} HandoffHandshakerEntry;

extern const HandoffLinkTable handoff_handshaker_table;

/* The places of all users in the limits of handshakes and sessions in all, on a socket of its own,
 * so that a handshaker's worker can wait for the answer, if its process has none left. The broker
 * is the upper end. */
typedef enum
{
  /* (u HandoffPlaces, u number): more places. Answer: (u): how many it gets: fewer only if more
   * than half of all places are taken, or as many as its user may have. Then it gives all back that
   * it does not hold. */
  HANDOFF_PLACES_TAKE,
  /* (u HandoffPlaces, u number): places that it does not need. */
  HANDOFF_PLACES_GIVE_BACK,
  HANDOFF_PLACES_N_MESSAGES,
} HandoffPlacesMessage;

typedef enum
{
  HANDOFF_PLACES_HANDSHAKES,
  HANDOFF_PLACES_SESSIONS,
  HANDOFF_PLACES_OUTLIVING, /* sessions that outlive their callers */
  HANDOFF_N_PLACES,
} HandoffPlaces;

/* How many a handshaker asks for at a time, at the most. */
#define HANDOFF_PLACES_BLOCK 32

extern const HandoffLinkTable handoff_places_table;
