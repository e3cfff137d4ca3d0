/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "support/record-test-utils.h"

/* A record layer with random keys, and its peer. */

/* Content types. */
enum
{
  RECORD_CHANGE_CIPHER_SPEC = 20,
  RECORD_ALERT = 21,
  RECORD_HANDSHAKE = 22,
  RECORD_DATA = 23,
};

typedef struct
{
  guint16 protocol;
  HandoffNonceLayout layout;
  HandoffRole role;
  gboolean mac_then_encrypt; /* AES-CBC */
} RecordTestConfig;

typedef struct
{
  HandoffKeyState *state;
  TlsHandoffRecordLayer *layer;
  RecordPeer peer;
  GByteArray *records; /* to the layer */
  gboolean tls13;
} RecordFixture;

/* For g_test_add(); data is a RecordTestConfig. */
void record_fixture_set_up (RecordFixture *f, gconstpointer data);

void record_fixture_tear_down (RecordFixture *f, gconstpointer data);

/* A layer like the fixture's, but with the state as the test changed it. */
void record_fixture_import_again (RecordFixture *f);

void record_fixture_seal (RecordFixture *f, guint8 type, const void *content, gsize size);

/* The layer reads f->records; they are emptied. */
void record_fixture_assert_reads (RecordFixture *f, const char *expected);

/* The peer reads a record of that type and content from output, which moves on. */
void record_fixture_assert_record (RecordFixture *f,
                                   const guint8 **output,
                                   gsize *size,
                                   guint8 expected_type,
                                   const void *expected,
                                   gsize expected_size);

/* The layer has exactly one thing to say: an alert. */
void record_fixture_assert_alert (RecordFixture *f, guint8 level, guint8 description);

void record_fixture_assert_nothing_to_say (RecordFixture *f);

/* The layer refuses f->records with that alert, leaves no plaintext, and is dead. */
void record_fixture_assert_refuses (RecordFixture *f, guint8 description, const char *name);

void record_fixture_add (const char *path,
                         const RecordTestConfig *config,
                         void (*function) (RecordFixture *f, gconstpointer data));
