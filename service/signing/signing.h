/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "grant/signature-form.h"
#include "link/link.h"

/* Who may sign with which key: the broker's book of grants. It tells the programs that have the
 * keys (signing programs: the keeper, and a helper for each PKCS#11 module) who may ask (holders:
 * the handshakers), and for what. It gives a grant with polkit's yes, and takes back what stands on
 * a yes that is not valid any more. Main thread. */
typedef struct _HandoffSigning HandoffSigning;
typedef struct _HandoffHolder HandoffHolder;

/* How long a holder may take to end what it does with a grant that it was asked for, seconds: then
 * it is over, whatever the holder says. */
#define HANDOFF_SIGNING_TAKE_BACK_SECONDS 10
/* What the signing program is told to be the end of a grant's time, after what the holder is told,
 * seconds: a request that is on its way in time is never too late. */
#define HANDOFF_SIGNING_SLACK_SECONDS 5
/* The number of the keeper, whichever process that is. */
#define HANDOFF_SIGNING_KEEPER 0

typedef struct
{
  /* Asks the holder for a grant that it has. Once it is not used any more, over() has to be called
   * with its number. (nullable) */
  void (*take_back) (HandoffHolder *holder, guint64 grant, gpointer user_data);
  /* A signing program refused what the holder asked for, which no honest one asks: it has to end,
   * and to be removed. why: for the log. It may be called within handoff_signing_violated(). */
  void (*broke_rules) (HandoffHolder *holder, const char *why, gpointer user_data);
} HandoffHolderFunctions;

typedef struct
{
  guint64 number;
  guint64 program; /* who signs: what a signing socket is asked for with */
  HandoffSignatureRole role;
  guint uses;   /* 0: any number */
  gint64 until; /* for the holder: boot time, microseconds */
} HandoffGrantGiven;

/* The rows of a signing program's link: see link/grant-messages.h. */
typedef struct
{
  guint holder;
  guint holder_socket;
  guint holder_gone;
  guint grant;
  guint grant_over;
} HandoffSigningRows;

HandoffSigning *handoff_signing_new (void);
/* All holders must be gone. */
void handoff_signing_free (HandoffSigning *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffSigning, handoff_signing_free)

/* A signing program has started: it learns of all holders and grants that there are with that
 * number, those of an earlier process with the same number. number: HANDOFF_SIGNING_KEEPER, or of a
 * token helper: never used again once that is gone. link: (unowned): until the program is removed.
 * rows: static. */
void handoff_signing_add_program (HandoffSigning *self,
                                  guint64 number,
                                  HandoffLink *link,
                                  const HandoffSigningRows *rows);
/* It has ended. is_final: it does not come back with that number: its grants are over. */
void handoff_signing_remove_program (HandoffSigning *self, guint64 number, gboolean is_final);
/* That signing program refused what that holder asked for. What one says of a holder that it was
 * not told of is not believed. */
void
handoff_signing_violated (HandoffSigning *self, guint64 program, guint64 holder, const char *why);

/* functions: static. user_data: (unowned) */
HandoffHolder *handoff_signing_add_holder (HandoffSigning *self,
                                           guint uid,
                                           const HandoffHolderFunctions *functions,
                                           gpointer user_data);
/* With all its grants, at once. holder: (transfer full) */
void handoff_signing_remove_holder (HandoffSigning *self, HandoffHolder *holder);
guint64 handoff_holder_get_number (HandoffHolder *self);
/* (transfer none) (nullable): NULL if it is gone. */
HandoffHolder *handoff_signing_find_holder (HandoffSigning *self, guint64 number);

/* socket: (transfer full): -1 with the error: FAILED if the program does not run, or ends;
 * LIMIT_REACHED if the holder has too many sockets, or too many that are on their way. */
typedef void (*HandoffSigningOpened) (int socket, const GError *error, gpointer user_data);
/* A socket for a worker of the holder to ask that program for signatures. opened: called once, when
 * the program has the other end, or at once; the holder may be gone then. */
void handoff_signing_open_socket (HandoffSigning *self,
                                  HandoffHolder *holder,
                                  guint64 program,
                                  HandoffSigningOpened opened,
                                  gpointer user_data);

/* Gives a grant. key: the id of a credential. uses: 0: any number: it is a standing grant, which
 * stands for a yes that is remembered. until: boot time, microseconds.
 * TLS_HANDOFF_ERROR_FAILED if the program does not run, TLS_HANDOFF_ERROR_LIMIT_REACHED if the
 * holder has too many. */
gboolean handoff_signing_give (HandoffSigning *self,
                               HandoffHolder *holder,
                               guint64 program,
                               const char *key,
                               HandoffSignatureRole role,
                               guint uses,
                               gint64 until,
                               HandoffGrantGiven *given,
                               GError **error);
/* Has ended called when that grant, which was just given, has ended, in whatever way: it is over,
 * was taken back, or its holder or its program is gone. At once, if it has ended already. data:
 * (transfer full) */
void handoff_signing_bind (HandoffSigning *self,
                           HandoffHolder *holder,
                           guint64 grant,
                           GDestroyNotify ended,
                           gpointer data);
/* The holder says that nobody uses that one any more. It may be gone already; one of another holder
 * stays. */
void handoff_signing_over (HandoffSigning *self, HandoffHolder *holder, guint64 grant);
/* What a remembered yes stands on has changed: all standing grants are taken back. Handshakes that
 * have begun may end. */
void handoff_signing_take_back (HandoffSigning *self);
/* Whether anybody may ask that program for a signature now. */
gboolean handoff_signing_is_used (HandoffSigning *self, guint64 program);
/* The number of grants that a holder has. */
guint handoff_signing_count (HandoffHolder *holder);
