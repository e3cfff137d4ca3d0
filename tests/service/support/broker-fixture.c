/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/broker-fixture.h"

#include <string.h>
#include <unistd.h>

#include "authority/authority.h"
#include "keyblob/packet.h"
#include "keyblob/sealed-memfd.h"
#include "keyblob/tls-handoff-error.h"
#include "link/keeper-messages.h"
#include "support/test-clock.h"
#include "work/descriptor-reaper.h"

void
handshaker_note (GString *events, const char *format, ...)
{
  va_list arguments;

  if (events->len > 0)
    g_string_append (events, ", ");
  va_start (arguments, format);
  g_string_append_vprintf (events, format, arguments);
  va_end (arguments);
}

void
handshaker_expect (GString *events, const char *expected)
{
  g_autofree char *text = g_strdup (events->str);

  g_string_truncate (events, 0);
  g_assert_cmpstr (text, ==, expected);
}

void
handshaker_settle (void)
{
  guint i;

  /* What one end sends the other hears in the next turn. */
  for (i = 0; i < 20; i++)
    test_clock_settle ();
}

void
handshaker_pass (gint64 span)
{
  while (handoff_descriptor_reaper_is_busy ())
    g_thread_yield ();
  test_clock_pass (span);
}

/* ---- The authority. ---- */

#define TEST_TYPE_BROKER_AUTHORITY (test_broker_authority_get_type ())
G_DECLARE_FINAL_TYPE (TestBrokerAuthority, test_broker_authority, TEST, BROKER_AUTHORITY, GObject)

struct _TestBrokerAuthority
{
  GObject parent;
  HandshakerFixture *fixture;
};

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
answer (HandshakerFixture *f, GTask *task)
{
  if (f->denies)
    g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED, "No");
  else
    g_task_return_boolean (task, TRUE);
}

static void
check_async (HandoffAuthority *authority,
             const HandoffAuthorityCheck *check,
             GCancellable *cancellable,
             GAsyncReadyCallback callback,
             gpointer user_data)
{
  HandshakerFixture *f = TEST_BROKER_AUTHORITY (authority)->fixture;
  GTask *task = g_task_new (authority, cancellable, callback, user_data);
  g_autofree const char **keys = NULL;
  guint i, n_keys;

  g_task_set_check_cancellable (task, FALSE);
  handshaker_note (f->questions, "%s %s", check->bus_name, strrchr (check->action, '.') + 1);
  keys = (const char **) g_hash_table_get_keys_as_array (check->details, &n_keys);
  qsort (keys, n_keys, sizeof *keys, compare);
  for (i = 0; i < n_keys; i++)
    g_string_append_printf (f->questions, " %s=%s", keys[i],
                            (const char *) g_hash_table_lookup (check->details, keys[i]));
  if (f->waits)
    {
      g_set_object (&f->pending, task);
    }
  else
    answer (f, task);
  g_object_unref (task);
}

static gboolean
check_finish (HandoffAuthority *authority, GAsyncResult *result, gboolean *is_plain, GError **error)
{
  *is_plain = TRUE;
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
authority_init (HandoffAuthorityInterface *iface)
{
  iface->check_async = check_async;
  iface->check_finish = check_finish;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestBrokerAuthority,
                               test_broker_authority,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (HANDOFF_TYPE_AUTHORITY, authority_init))

static void
test_broker_authority_class_init (TestBrokerAuthorityClass *klass)
{
}

static void
test_broker_authority_init (TestBrokerAuthority *self)
{
}

/* ---- The credentials. ---- */

#define TEST_TYPE_BROKER_CREDENTIALS (test_broker_credentials_get_type ())
G_DECLARE_FINAL_TYPE (
    TestBrokerCredentials, test_broker_credentials, TEST, BROKER_CREDENTIALS, GObject)

struct _TestBrokerCredentials
{
  GObject parent;
  HandshakerFixture *fixture;
};

static GHashTable *
get_table (HandoffCredentials *self)
{
  return TEST_BROKER_CREDENTIALS (self)->fixture->credentials;
}

static void
credentials_init (HandoffCredentialsInterface *iface)
{
  iface->get_table = get_table;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestBrokerCredentials,
                               test_broker_credentials,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (HANDOFF_TYPE_CREDENTIALS, credentials_init))

void
handshaker_add_credential (HandshakerFixture *f, HandoffCredential *credential)
{
  g_hash_table_replace (f->credentials, credential->id, credential);
}

static void
test_broker_credentials_class_init (TestBrokerCredentialsClass *klass)
{
}

static void
test_broker_credentials_init (TestBrokerCredentials *self)
{
}

/* ---- The processes. ---- */

static void
take_policy (TestHandshaker *self, HandoffLinkMessage *message)
{
  const char *const suites[] = { "TLS_AES_128_GCM_SHA256", NULL };
  g_autoptr (GBytes) text = handoff_sealed_memfd_read (message->fds[0], 0, 4096, NULL);
  g_autofree char *policy = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (text);
  policy = g_strndup (g_bytes_get_data (text, NULL), g_bytes_get_size (text));
  if (strstr (policy, "bad") == NULL && !self->refuses)
    {
      g_free (self->policy);
      self->policy = g_steal_pointer (&policy);
      handoff_link_call_return (g_steal_pointer (&message->call), g_variant_new ("(^as)", suites),
                                NULL, 0);
      return;
    }
  error = g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "it is bad");
  handoff_link_call_fail (g_steal_pointer (&message->call), error);
}

/* What is sent on it is the application's, whose end the broker still has. */
static void
refuse_channel (TestHandshaker *self, HandoffLinkMessage *message)
{
  g_autoptr (GError) error =
      g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "no channel");

  g_assert_cmpint (handoff_packet_send (message->fds[0], "x", 1, &self->gift, 1, NULL), ==,
                   HANDOFF_PACKET_DONE);
  close (self->gift);
  self->gift = 0;
  handoff_link_call_fail (g_steal_pointer (&message->call), error);
}

static void
places_received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
}

static void
places_ended (HandoffLink *link, const GError *error, gpointer user_data)
{
}

static const HandoffLinkFunctions places_functions = { places_received, places_ended };

static void
drop_calls (GQueue *calls)
{
  HandoffLinkCall *call;
  g_autoptr (GError) error =
      g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "dead");

  while ((call = g_queue_pop_head (calls)) != NULL)
    handoff_link_call_fail (call, error);
}

void
handshaker_vanish (TestHandshaker *self)
{
  if (self->link == NULL)
    return;
  handoff_link_close (self->link, NULL);
  if (self->places != NULL)
    handoff_link_close (self->places, NULL);
  drop_calls (&self->calls);
  drop_calls (&self->leaves);
  g_clear_pointer (&self->link, handoff_link_free);
  g_clear_pointer (&self->places, handoff_link_free);
}

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  TestHandshaker *self = user_data;
  HandshakerFixture *f = self->fixture;
  const HandoffLinkRow *row = handoff_link_table_find (&handoff_handshaker_table, message->number);
  static const guint8 key[32];
  g_autofree char *text = NULL;

  switch (message->number)
    {
    case HANDOFF_HANDSHAKER_POLICY:
      if (!self->hangs)
        take_policy (self, message);
      else
        g_queue_push_tail (&self->leaves, g_steal_pointer (&message->call));
      return;
    case HANDOFF_HANDSHAKER_USER:
      g_variant_get (message->body, "(uut)", &self->uid, &self->slot, NULL);
      self->places =
          handoff_link_new (handoff_link_message_steal_fd (message, 0), &handoff_places_table,
                            HANDOFF_LINK_LOWER, NULL, "broker", &places_functions, self);
      if (f->n_to_die > 0)
        {
          f->n_to_die--;
          handshaker_vanish (self);
        }
      return;
    case HANDOFF_HANDSHAKER_CALL:
      g_variant_get_child (message->body, 0, "t", &self->last_call);
      g_variant_get_child (message->body, 1, "t", &self->last_caller);
      g_queue_push_tail (&self->calls, g_steal_pointer (&message->call));
      return;
    case HANDOFF_HANDSHAKER_CALLER:
      g_variant_get_child (message->body, 0, "t", &self->last_caller);
      return;
    case HANDOFF_HANDSHAKER_OPEN_CHANNEL:
      g_variant_get_child (message->body, 0, "t", &self->last_channel);
      if (self->gift > 0)
        {
          refuse_channel (self, message);
          return;
        }
      handoff_link_call_return (
          g_steal_pointer (&message->call),
          g_variant_new ("(@ay)",
                         g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, key, sizeof key, 1)),
          NULL, 0);
      return;
    case HANDOFF_HANDSHAKER_LEAVE:
      if (self->hangs)
        g_queue_push_tail (&self->leaves, g_steal_pointer (&message->call));
      else
        handoff_link_call_return (g_steal_pointer (&message->call),
                                  g_variant_new ("(b)", !self->stays), NULL, 0);
      return;
    case HANDOFF_HANDSHAKER_CREDENTIAL:
      self->n_credentials++;
      g_variant_get_child (message->body, 1, "s", &text);
      handshaker_note (self->events, "credential %s", text);
      break;
    case HANDOFF_HANDSHAKER_REPORT:
      handoff_link_call_return (g_steal_pointer (&message->call),
                                g_variant_new ("((tttt)uuuu)", (guint64) 3, (guint64) 2,
                                               (guint64) 1, (guint64) 0, 4, 5, 6, 7),
                                NULL, 0);
      return;
    case HANDOFF_HANDSHAKER_PING:
      break;
    default:
      handshaker_note (self->events, "%s", row->name);
      break;
    }
  if (message->call == NULL)
    return;
  if (self->hangs && !(self->pongs && message->number == HANDOFF_HANDSHAKER_PING))
    g_queue_push_tail (&self->leaves, g_steal_pointer (&message->call));
  else
    handoff_link_call_return (g_steal_pointer (&message->call), g_variant_new ("()"), NULL, 0);
}

static void
link_ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  handshaker_vanish (user_data);
}

static const HandoffLinkFunctions functions = { received, link_ended };

static gpointer
start (const HandoffLinkFunctions *link_functions,
       gpointer functions_data,
       HandoffLink **link,
       gpointer user_data,
       GError **error)
{
  HandshakerFixture *f = user_data;
  TestHandshaker *self;
  int sockets[2];

  if (f->fails_to_start)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "no process");
      return NULL;
    }
  self = g_new0 (TestHandshaker, 1);
  g_assert_true (handoff_link_make_sockets (sockets, error));
  self->fixture = f;
  self->pid = f->processes->len + 1;
  self->events = g_string_new (NULL);
  self->upper = handoff_link_new (sockets[0], &handoff_handshaker_table, HANDOFF_LINK_UPPER, NULL,
                                  "tls-handoff-handshaker", link_functions, functions_data);
  self->link = handoff_link_new (sockets[1], &handoff_handshaker_table, HANDOFF_LINK_LOWER, NULL,
                                 "broker", &functions, self);
  g_ptr_array_add (f->processes, self);
  *link = self->upper;
  return self;
}

static guint
get_pid (gpointer program)
{
  return ((TestHandshaker *) program)->pid;
}

static void
free_program (gpointer program)
{
  TestHandshaker *self = program;
  gboolean is_breach;
  const char *fault = handoff_link_get_fault (self->upper, &is_breach);

  if (fault != NULL)
    handshaker_note (handshaker_log, "process %u, %s: %s", self->pid,
                     is_breach ? "breach" : "no breach", fault);
  g_clear_pointer (&self->upper, handoff_link_free);
}

static void
test_handshaker_free (gpointer data)
{
  TestHandshaker *self = data;

  handshaker_vanish (self);
  g_assert_null (self->upper);
  g_free (self->policy);
  g_string_free (self->events, TRUE);
  g_free (self);
}

void
handshaker_die (TestHandshaker *self)
{
  handshaker_vanish (self);
  handshaker_settle ();
}

/* ---- The fixture. ---- */

GString *handshaker_log;

static GLogWriterOutput
keep_warning (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  gsize i;

  if (level & ~(G_LOG_LEVEL_WARNING | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION))
    return g_log_writer_default (level, fields, n_fields, user_data);
  for (i = 0; i < n_fields; i++)
    {
      if (g_str_equal (fields[i].key, "MESSAGE"))
        handshaker_note (handshaker_log, "%s", (const char *) fields[i].value);
    }
  return G_LOG_WRITER_HANDLED;
}

static gboolean
idle (gpointer user_data)
{
  HandshakerFixture *f = user_data;

  f->n_idle++;
  return G_SOURCE_REMOVE;
}

static const HandoffLinkFunctions keeper_functions = { places_received, places_ended };

/* Grants are told to a keeper that says nothing. */
static void
add_keeper (HandshakerFixture *f)
{
  static const HandoffSigningRows rows = { HANDOFF_KEEPER_HOLDER, HANDOFF_KEEPER_HOLDER_SOCKET,
                                           HANDOFF_KEEPER_HOLDER_GONE, HANDOFF_KEEPER_GRANT,
                                           HANDOFF_KEEPER_GRANT_OVER };
  int sockets[2];

  g_assert_true (handoff_link_make_sockets (sockets, NULL));
  f->keeper_socket = sockets[1];
  f->keeper = handoff_link_new (sockets[0], &handoff_keeper_messages, HANDOFF_LINK_UPPER, NULL,
                                "tls-handoff-keeper", &keeper_functions, NULL);
  handoff_signing_add_program (f->support.signing, HANDOFF_SIGNING_KEEPER, f->keeper, &rows);
}

void
handshaker_set_up (HandshakerFixture *f, gconstpointer unused)
{
  TestBrokerAuthority *authority = g_object_new (TEST_TYPE_BROKER_AUTHORITY, NULL);
  TestBrokerCredentials *credentials = g_object_new (TEST_TYPE_BROKER_CREDENTIALS, NULL);

  test_clock_install ();
  if (handshaker_log == NULL)
    {
      handshaker_log = g_string_new (NULL);
      g_log_set_writer_func (keep_warning, NULL, NULL);
    }
  authority->fixture = f;
  credentials->fixture = f;
  f->processes = g_ptr_array_new_with_free_func (test_handshaker_free);
  f->credentials = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                          (GDestroyNotify) handoff_credential_unref);
  f->questions = g_string_new (NULL);
  f->events = g_string_new (NULL);
  f->program = (HandoffProgramKind){ .name = "tls-handoff-handshaker",
                                     .start = start,
                                     .get_pid = get_pid,
                                     .free = free_program,
                                     .user_data = f };
  f->support.program = &f->program;
  f->support.authority = HANDOFF_AUTHORITY (authority);
  f->support.credentials = HANDOFF_CREDENTIALS (credentials);
  f->support.signing = handoff_signing_new ();
  add_keeper (f);
  f->support.giver = handoff_grant_giver_new (f->support.signing, NULL, NULL);
  handoff_grant_giver_set_times (f->support.giver, 60, 60);
  f->support.statistics = handoff_statistics_new ();
  f->support.idle_timer = handoff_idle_timer_new (idle, f);
  f->support.channels = handoff_quota_new ("channels");
  f->support.places = handoff_places_book_new ();
  handoff_places_book_configure (f->support.places, HANDOFF_PLACES_HANDSHAKES, 64, 128);
  handoff_places_book_configure (f->support.places, HANDOFF_PLACES_SESSIONS, 64, 128);
  f->handshakers = handoff_handshakers_new (&f->support);
}

void
handshaker_tear_down (HandshakerFixture *f, gconstpointer unused)
{
  g_clear_pointer (&f->handshakers, handoff_handshakers_free);
  handshaker_settle ();
  g_ptr_array_unref (f->processes);
  handshaker_settle ();
  g_clear_object (&f->pending);
  g_object_unref (f->support.authority);
  g_object_unref (f->support.credentials);
  handoff_signing_remove_program (f->support.signing, HANDOFF_SIGNING_KEEPER, TRUE);
  handoff_link_free (f->keeper);
  close (f->keeper_socket);
  handoff_grant_giver_free (f->support.giver);
  handoff_signing_free (f->support.signing);
  handoff_statistics_free (f->support.statistics);
  handoff_quota_free (f->support.channels);
  handoff_places_book_free (f->support.places);
  handoff_idle_timer_free (f->support.idle_timer);
  g_hash_table_unref (f->credentials);
  g_string_free (f->questions, TRUE);
  g_string_free (f->events, TRUE);
  handshaker_expect (handshaker_log, "");
  test_clock_uninstall ();
}

static void
judged (const char *const *suites, const GError *error, gpointer user_data)
{
  HandshakerFixture *f = user_data;

  handshaker_note (f->events, "policy: %s", suites != NULL ? suites[0] : error->message);
}

void
handshaker_set_policy (HandshakerFixture *f, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffPolicyPackage) policy =
      handoff_policy_package_new ("/etc/test.conf", bytes, "/dev/null", &error);

  g_assert_no_error (error);
  handoff_handshakers_set_policy (f->handshakers, policy, judged, f);
}

static void
got (HandoffHandshaker *handshaker, const GError *error, gpointer user_data)
{
  HandshakerFixture *f = user_data;

  if (handshaker != NULL)
    handshaker_note (f->events, "got %u", handshaker->uid);
  else
    handshaker_note (f->events, "got %s", error->message);
}

void
handshaker_get (HandshakerFixture *f, guint uid)
{
  handoff_handshakers_get (f->handshakers, uid, got, f);
}

TestHandshaker *
handshaker_of (HandshakerFixture *f, guint uid)
{
  HandoffHandshaker *handshaker = handoff_handshakers_find (f->handshakers, uid);

  g_assert_nonnull (handshaker);
  return handshaker->program;
}
