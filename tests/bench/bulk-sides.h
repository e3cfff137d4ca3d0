/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "client/support/gnutls-pair.h"
#include "client/support/openssl-pair.h"
#include "connection/connection-object.h"

/* Who is compared by bulk.c, and the connections: past their handshakes, over TCP on the loopback
 * interface, TLS 1.3. */

/* One of those that are compared. */
typedef struct
{
  const char *name;
  /* One write of an application: all of it. */
  void (*write) (gpointer self, const guint8 *data, gsize size);
  /* One read of an application: some bytes. */
  gsize (*read) (gpointer self, guint8 *buffer, gsize size);
} Contender;

/* A contender's connection, and the other end of it. */
typedef struct
{
  const Contender *contender;
  gpointer self;        /* (unowned): the contender's part */
  GnutlsPipe *made;     /* (unowned): where producer's records go */
  GnutlsSide *producer; /* (unowned): the session of the other end */
  int fd;
  int other_fd;
  GArray *costs[2]; /* (element-type double) (owned): ns/byte, a round each; sending, receiving */
  GThread *drain;   /* (owned) */

  GnutlsPair *pair;           /* (owned) (nullable) */
  OpensslPair *openssl_pair;  /* (owned) (nullable) */
  HandoffConnection *handoff; /* (owned) (nullable) */
  GIOStream *base;            /* (owned) (nullable): owns fd */
} Side;

/* Ours: the streams of a connection, as GIO's applications use them. */
extern const Contender bulk_handoff;
extern const Contender bulk_gnutls;
extern const Contender bulk_openssl;

void side_init (Side *side, const Contender *contender, const HandoffCipherSuite *suite);
void side_clear (Side *side);

/* Before any of the above: this is the thread that is measured. */
void bulk_init (void);

/* This thread has the n-th of the processors that we may use, from 0 on, where there are so many:
 * so that the two ends neither wait for each other nor push each other's data out of the cache, as
 * it happens. The thread that is measured has the first. */
void bulk_stay_on_processor (guint n);
