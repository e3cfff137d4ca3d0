/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "keeper/key-keeper.h"
#include "link/link.h"

/* A keeper in this process, with a directory of its own, and the broker's end of its link. */
typedef struct
{
  char *parent;    /* (owned) */
  char *directory; /* (owned) */
  HandoffKeyKeeper *keeper;
  HandoffLink *link;
  GString *told;  /* what the keeper said by itself: "loaded ID LABEL, undescribed ID LABEL" */
  GVariant *last; /* (owned) (nullable): the body of it */
  gboolean is_answered;
  GVariant *reply; /* (owned) (nullable): of the last request */
  GError *error;   /* (owned) (nullable): of the last request */
} KeeperTest;

void keeper_test_set_up (KeeperTest *f, gconstpointer data);
void keeper_test_tear_down (KeeperTest *f, gconstpointer data);
/* Another one, with the same directory. */
void keeper_test_start_again (KeeperTest *f);

/* Sends a request, and waits for the answer: f->reply or f->error. body: consumed. fd: (transfer
 * full): -1: none */
void keeper_test_ask (KeeperTest *f, guint number, GVariant *body, int fd);
/* The same; the answer comes later. */
void keeper_test_begin (KeeperTest *f, guint number, GVariant *body, int fd);
void keeper_test_wait (KeeperTest *f);

/* The description of a credential with that public key (child of a reply: an “ay”), and no
 * certificates. (transfer floating) */
GVariant *keeper_test_describe (GVariant *public_key, const char *const *certificates);
/* Makes a key under that id. (transfer full): its public key */
GVariant *keeper_test_generate (KeeperTest *f, const char *id, const char *type);
/* Makes a credential of it. */
void keeper_test_add (KeeperTest *f, const char *id, const char *label, GVariant *public_key);
/* As an administrator would: a file in the folder with that id, which need not be there. */
void keeper_test_set_file (KeeperTest *f, const char *id, const char *name, const char *content);
