/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "gate/access-table.h"
#include "gate/call-memory.h"
#include "caller/caller.h"
#include "caller/quota.h"
#include "keyblob/key-state.h"

/* What came from a caller, and takes the reply there: what each way to call the service has. A way
 * has a type of its own, which begins with this one. */
typedef struct _HandoffCallMessage HandoffCallMessage;

typedef struct
{
  /* How many descriptors the message has left. */
  guint (*count_fds) (HandoffCallMessage *self);
  /* As handoff_call_take_fd(): -1 if there is none. */
  int (*take_fd) (HandoffCallMessage *self, gint32 index);
  /* Gives the descriptors that are left to the reaper, as uid's. */
  void (*reap_fds) (HandoffCallMessage *self, guint uid);
  /* (nullable): what can be done at once with the call is done. */
  void (*settled) (HandoffCallMessage *self);
  /* (nullable): it stands in line, and is counted there, and not among the calls under way. */
  void (*waits) (HandoffCallMessage *self);
  /* (nullable): the caller has read the reply to the earlier call of his with that serial. */
  void (*note_read) (HandoffCallMessage *self, guint32 serial);
  /* (nullable): the call is about the session with that id, which is at home where this is called.
   */
  void (*note_session) (HandoffCallMessage *self, const char *session_id);

  /* Each sends the one reply; free() follows. value: (nullable): a tuple, consumed if floating.
   * error: of TLS_HANDOFF_ERROR, or an error of the call itself (G_DBUS_ERROR), with the details
   * that the caller may see. */
  void (*reply) (HandoffCallMessage *self, GVariant *value, GUnixFDList *fds);
  /* If it seals keys: likewise, with the sealed keys as the only descriptor. keys: (transfer full)
   */
  void (*reply_with_keys) (HandoffCallMessage *self, GVariant *value, HandoffKeyState *keys);
  void (*reply_error) (HandoffCallMessage *self, const GError *error);
  /* Without a reply before: nobody waits for one. */
  void (*free) (HandoffCallMessage *self);
} HandoffCallMessageFuncs;

struct _HandoffCallMessage
{
  const HandoffCallMessageFuncs *funcs;
  HandoffCaller *caller;   /* (unowned) (nullable): NULL: the bus has to say who sent it */
  const char *sender;      /* (unowned): the caller's unique name on the bus */
  const char *object_path; /* (unowned) */
  GVariant *parameters;    /* (unowned): of the type that the interface has for the method */
  guint32 serial;          /* of its sender's; 0: he wants no reply */
  gboolean interactive;    /* the user may be asked for a password */
  HandoffPlace *place; /* (owned) (nullable): for as long as the message, or its reply, is here */
  gboolean seals_keys; /* an empty recipient key means: seal the keys when you reply */
  gboolean has_begun;  /* see handoff_call_note_begun() */
};

/* One method call on its way: façade → caller → authority → work → exactly one reply. It belongs to
 * one thread at a time. */
typedef struct _HandoffCall HandoffCall;

/* message: (transfer full) */
HandoffCall *handoff_call_new (HandoffCallMessage *message, const HandoffAccessRow *row);
/* For a caller who is gone, or waits no more: no reply. */
void handoff_call_free (HandoffCall *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffCall, handoff_call_free)

/* caller: (transfer none) */
void handoff_call_set_caller (HandoffCall *self, HandoffCaller *caller);
HandoffCaller *handoff_call_get_caller (HandoffCall *self);
/* place: (transfer full) (nullable): held until the call's reply has been sent; in place of an
 * earlier one. */
void handoff_call_set_place (HandoffCall *self, HandoffPlace *place);
const HandoffAccessRow *handoff_call_get_row (HandoffCall *self);
const char *handoff_call_get_sender (HandoffCall *self);
const char *handoff_call_get_object_path (HandoffCall *self);
/* The last element of it. */
const char *handoff_call_get_object_id (HandoffCall *self);
GVariant *handoff_call_get_parameters (HandoffCall *self);
gboolean handoff_call_is_interactive (HandoffCall *self);
/* Whether what it came on seals keys, if its recipient key is empty. */
gboolean handoff_call_seals_keys (HandoffCall *self);
/* Among the calls of its sender. */
guint32 handoff_call_get_serial (HandoffCall *self);
/* The caller has read the reply to the earlier call of his with that serial. */
void handoff_call_note_read (HandoffCall *self, guint32 serial);
/* From now on the call is not to be made again as if it had never been made: something came of it,
 * or was taken from the caller. */
void handoff_call_note_begun (HandoffCall *self);
/* The call is about that session, which is at home here: it has begun. */
void handoff_call_note_session (HandoffCall *self, const char *session_id);
/* It stands in line, and is counted there: it has no place among the calls under way any more. */
void handoff_call_wait (HandoffCall *self);
/* How many of a user, and in all, can do that, and how large each can be: each has a descriptor and
 * its message. */
#define HANDOFF_CALLS_WAITING_PER_USER 256
#define HANDOFF_CALLS_WAITING 8192
#define HANDOFF_CALLS_WAITING_MAX_SIZE 32768 /* bytes of its parameters */
/* What can be done at once is done: the sender's next call may come in. */
void handoff_call_settle (HandoffCall *self);

/* How many descriptors the message has left. */
guint handoff_call_count_fds (HandoffCall *self);
/* Takes the descriptor with that index out of the message. -1 if the message has none, or has it no
 * longer. Only the reaper closes the descriptor (descriptor-reaper.h). what: for the error: the
 * argument or option with the index */
int handoff_call_take_fd (HandoffCall *self, gint32 index, const char *what, GError **error);
/* Gives the descriptors that nobody took to the reaper: they count against the caller's limits. */
void handoff_call_reap_fds (HandoffCall *self);

/* The method's row has two actions: this call needs the second one. */
void handoff_call_use_other_action (HandoffCall *self);
gboolean handoff_call_uses_other_action (HandoffCall *self);
/* Whether nobody waits for its reply any more: then it should be freed, and nothing begun. */
gboolean handoff_call_is_cancelled (HandoffCall *self);
/* The polkit action that the call needs. (nullable): NULL if it needs none. */
const char *handoff_call_get_action (HandoffCall *self);

/* What polkit's rules and the audit log see. */
void handoff_call_add_detail (HandoffCall *self, const char *key, const char *value);
/* (nullable) (element-type utf8 utf8) */
GHashTable *handoff_call_get_details (HandoffCall *self);

/* How the caller calls the credential that he wants to use: a question to polkit is the same only
 * if that is the same. */
void handoff_call_set_credential_name (HandoffCall *self, const char *name);
/* The call needs the main thread whether it may run or not. */
void handoff_call_set_needs_main_thread (HandoffCall *self);
gboolean handoff_call_needs_main_thread (HandoffCall *self);
/* Looks up whether the call's question was answered before; details that are added from now on are
 * no part of it. */
void handoff_call_remember (HandoffCall *self, HandoffGrants *grants);
/* (nullable): NULL if nothing is remembered for this call */
HandoffCallMemory *handoff_call_get_memory (HandoffCall *self);
HandoffCallMemory *handoff_call_steal_memory (HandoffCall *self);
/* Polkit says yes to a question that the call asks: see handoff_call_memory_note_yes(). */
void handoff_call_note_yes (HandoffCall *self, gboolean is_plain);

/* Without this, the message is the only argument of an error: many D-Bus libraries show no other.
 */
void handoff_call_allow_error_details (HandoffCall *self);

/* The parsed arguments, from a method's prepare() to its run(). */
void handoff_call_set_data (HandoffCall *self, gpointer data, GDestroyNotify destroy);
gpointer handoff_call_get_data (HandoffCall *self);
gpointer handoff_call_steal_data (HandoffCall *self);

/* Each ends and frees the call. value: a tuple, consumed if floating. fds: (nullable). error:
 * (transfer none). */
void handoff_call_return (HandoffCall *self, GVariant *value, GUnixFDList *fds);
/* If it seals keys. keys: (transfer full): the handle 0 in value */
void handoff_call_return_keys (HandoffCall *self, GVariant *value, HandoffKeyState *keys);
void handoff_call_fail (HandoffCall *self, const GError *error);
/* The error is passed on as another program has made it, which did the call: ours, or D-Bus's. */
void handoff_call_pass_error (HandoffCall *self, const GError *error);
/* The object does not exist, or this caller may not know of it. */
void handoff_call_fail_unknown_object (HandoffCall *self);
