/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "signing/signing.h"

#include <unistd.h>

#include "grant/grant-table.h"
#include "keyblob/tls-handoff-error.h"
#include "link/grant-messages.h"
#include "work/clock.h"
#include "work/home.h"

/* Grants that are there are what the signing programs know, but for those whose time is over, which
 * they know without being told. */
struct _HandoffSigning
{
  GHashTable *programs; /* (owned) (element-type guint64 Program) */
  GPtrArray *holders;   /* (element-type HandoffHolder): in the order of their numbers */
  guint64 last_holder;
  guint64 last_grant;
  /* (owned) (nullable): while something is taken back: at the end of the time for that */
  HandoffHomeTimer *timer;
};

/* How many sockets are on their way. Reference-counted (g_rc_box), since whose they are may be gone
 * before they have arrived. */
typedef struct
{
  guint n;
} OnTheWay;

typedef struct
{
  guint64 number;
  HandoffLink *link; /* (unowned) (nullable): NULL while it does not run */
  const HandoffSigningRows *rows;
  OnTheWay *sockets; /* (owned): of all holders, to this program */
} Program;

struct _HandoffHolder
{
  guint64 number;
  guint uid;
  const HandoffHolderFunctions *functions;
  gpointer user_data;   /* (unowned) */
  GHashTable *programs; /* (owned) (element-type Program OnTheWay): those that know it */
  GHashTable *grants;   /* (owned) (element-type guint64 Grant) */
};

typedef struct
{
  guint64 number;
  HandoffHolder *holder; /* (unowned) */
  Program *program;      /* (unowned) */
  char *key;             /* (owned) */
  HandoffSignatureRole role;
  guint uses;
  gint64 until;           /* the holder's */
  gint64 taken_back_till; /* boot time: it is over then; 0: it is not taken back */
  GDestroyNotify ended;   /* (nullable) */
  gpointer ended_data;    /* (owned) */
} Grant;

static void
program_free (gpointer data)
{
  Program *program = data;

  g_rc_box_release (program->sockets);
  g_free (program);
}

static void
grant_free (gpointer data)
{
  Grant *grant = data;

  if (grant->ended != NULL)
    grant->ended (grant->ended_data);
  g_free (grant->key);
  g_free (grant);
}

static void
holder_free (gpointer data)
{
  HandoffHolder *holder = data;

  g_hash_table_unref (holder->programs);
  g_hash_table_unref (holder->grants);
  g_free (holder);
}

HandoffSigning *
handoff_signing_new (void)
{
  HandoffSigning *self = g_new0 (HandoffSigning, 1);

  self->programs = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, program_free);
  self->holders = g_ptr_array_new_with_free_func (holder_free);
  return self;
}

void
handoff_signing_free (HandoffSigning *self)
{
  g_assert (self->holders->len == 0);
  g_clear_pointer (&self->timer, handoff_home_timer_free);
  g_ptr_array_unref (self->holders);
  g_hash_table_unref (self->programs);
  g_free (self);
}

/* What cannot be sent is of a link that has ended: whoever watches that knows. */
static void
tell (Program *program, guint row, GVariant *body)
{
  if (program->link != NULL)
    handoff_link_send (program->link, row, body, NULL, 0, NULL);
  else
    g_variant_unref (g_variant_ref_sink (body));
}

static void
tell_of_holder (Program *program, HandoffHolder *holder)
{
  if (!g_hash_table_contains (holder->programs, program))
    g_hash_table_insert (holder->programs, program, g_rc_box_new0 (OnTheWay));
  handoff_link_send (program->link, program->rows->holder,
                     g_variant_new (HANDOFF_HOLDER_TYPE, holder->number, holder->uid), NULL, 0,
                     NULL);
}

static void
tell_of_grant (const Grant *grant)
{
  tell (grant->program, grant->program->rows->grant,
        g_variant_new (HANDOFF_GRANT_TYPE, grant->number, grant->holder->number, grant->key,
                       (guint) grant->role, grant->uses,
                       grant->until + HANDOFF_SIGNING_SLACK_SECONDS * G_TIME_SPAN_SECOND));
}

/* In the order of their numbers, as they were given. Both are grants. */
static int
compare_grants (gconstpointer a, gconstpointer b)
{
  const Grant *grant_a = *(const Grant *const *) a;
  const Grant *grant_b = *(const Grant *const *) b;

  return (grant_a->number > grant_b->number) - (grant_a->number < grant_b->number);
}

/* program: (nullable): NULL: whoever signs */
static void
add_grants (GPtrArray *grants, HandoffHolder *holder, const Program *program)
{
  GHashTableIter iter;
  Grant *grant;

  g_hash_table_iter_init (&iter, holder->grants);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &grant))
    {
      if (program == NULL || grant->program == program)
        g_ptr_array_add (grants, grant);
    }
}

/* One that was used up, and whose holder did not say so yet, is as good as new for a process that
 * starts now. If it did not know those that are not used yet, it would take their holder for one
 * that breaks the rules. */
static void
tell_of_all (HandoffSigning *self, Program *program)
{
  g_autoptr (GPtrArray) grants = g_ptr_array_new ();
  guint i;

  for (i = 0; i < self->holders->len; i++)
    {
      HandoffHolder *holder = g_ptr_array_index (self->holders, i);

      if (!g_hash_table_contains (holder->programs, program))
        continue;
      tell_of_holder (program, holder);
      add_grants (grants, holder, program);
    }
  g_ptr_array_sort (grants, compare_grants);
  for (i = 0; i < grants->len; i++)
    tell_of_grant (g_ptr_array_index (grants, i));
}

void
handoff_signing_add_program (HandoffSigning *self,
                             guint64 number,
                             HandoffLink *link,
                             const HandoffSigningRows *rows)
{
  Program *program = g_hash_table_lookup (self->programs, &number);

  if (program == NULL)
    {
      program = g_new0 (Program, 1);
      program->number = number;
      program->sockets = g_rc_box_new0 (OnTheWay);
      g_hash_table_insert (self->programs, &program->number, program);
    }
  program->link = link;
  program->rows = rows;
  tell_of_all (self, program);
}

static gboolean
is_of_program (gpointer number, gpointer grant, gpointer program)
{
  return ((Grant *) grant)->program == program;
}

void
handoff_signing_remove_program (HandoffSigning *self, guint64 number, gboolean is_final)
{
  Program *program = g_hash_table_lookup (self->programs, &number);
  guint i;

  if (program == NULL)
    return;
  program->link = NULL;
  if (!is_final)
    return;
  for (i = 0; i < self->holders->len; i++)
    {
      HandoffHolder *holder = g_ptr_array_index (self->holders, i);

      g_hash_table_remove (holder->programs, program);
      g_hash_table_foreach_remove (holder->grants, is_of_program, program);
    }
  g_hash_table_remove (self->programs, &number);
}

HandoffHolder *
handoff_signing_find_holder (HandoffSigning *self, guint64 number)
{
  guint i;

  for (i = 0; i < self->holders->len; i++)
    {
      HandoffHolder *holder = g_ptr_array_index (self->holders, i);

      if (holder->number == number)
        return holder;
    }
  return NULL;
}

void
handoff_signing_violated (HandoffSigning *self,
                          guint64 program_number,
                          guint64 number,
                          const char *why)
{
  HandoffHolder *holder = handoff_signing_find_holder (self, number);
  const Program *program = g_hash_table_lookup (self->programs, &program_number);

  if (holder != NULL && program != NULL && g_hash_table_contains (holder->programs, program))
    holder->functions->broke_rules (holder, why, holder->user_data);
}

HandoffHolder *
handoff_signing_add_holder (HandoffSigning *self,
                            guint uid,
                            const HandoffHolderFunctions *functions,
                            gpointer user_data)
{
  HandoffHolder *holder = g_new0 (HandoffHolder, 1);

  holder->number = ++self->last_holder;
  holder->uid = uid;
  holder->functions = functions;
  holder->user_data = user_data;
  holder->programs = g_hash_table_new_full (NULL, NULL, NULL, g_rc_box_release);
  holder->grants = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, grant_free);
  g_ptr_array_add (self->holders, holder);
  return holder;
}

void
handoff_signing_remove_holder (HandoffSigning *self, HandoffHolder *holder)
{
  GHashTableIter iter;
  Program *program;

  g_hash_table_iter_init (&iter, holder->programs);
  while (g_hash_table_iter_next (&iter, (gpointer *) &program, NULL))
    tell (program, program->rows->holder_gone,
          g_variant_new (HANDOFF_HOLDER_GONE_TYPE, holder->number));
  g_ptr_array_remove (self->holders, holder);
}

guint64
handoff_holder_get_number (HandoffHolder *self)
{
  return self->number;
}

/* (nullable): NULL if it does not run */
static Program *
find_program (HandoffSigning *self, guint64 number, GError **error)
{
  Program *program = g_hash_table_lookup (self->programs, &number);

  /* If it is gone, its owner may have started the next one. */
  if (program != NULL && program->link != NULL && handoff_link_notice_end (program->link))
    program = g_hash_table_lookup (self->programs, &number);
  if (program != NULL && program->link != NULL && !handoff_link_has_ended (program->link))
    return program;
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                       number == HANDOFF_SIGNING_KEEPER
                           ? "The program that keeps the credentials' keys does not run"
                           : "The program that uses the token does not run any more");
  return NULL;
}

/* A socket whose other end is on its way to the program. */
typedef struct
{
  int socket;           /* (owned) */
  OnTheWay *of_holder;  /* (owned): it is one of those */
  OnTheWay *of_program; /* (owned): and of those */
  HandoffSigningOpened opened;
  gpointer user_data; /* (unowned) */
} Opening;

static void
socket_read (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  g_autofree Opening *opening = user_data;

  opening->of_holder->n--;
  g_rc_box_release (opening->of_holder);
  opening->of_program->n--;
  g_rc_box_release (opening->of_program);
  if (reply == NULL)
    close (g_steal_fd (&opening->socket));
  opening->opened (opening->socket, error, opening->user_data);
}

/* A holder that was taken over, and asks for sockets all the time, may have half of what the others
 * leave of what the program takes: so there is something left for the next. of_holder: to that
 * program */
static gboolean
may_send_socket (const Program *program, const OnTheWay *of_holder, GError **error)
{
  const guint others = program->sockets->n - of_holder->n;

  if (of_holder->n < (HANDOFF_MAX_UNREAD_SOCKETS - others) / 2)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
               "Too many requests wait for an answer of the service's program %s",
               handoff_link_get_peer (program->link));
  return FALSE;
}

void
handoff_signing_open_socket (HandoffSigning *self,
                             HandoffHolder *holder,
                             guint64 program_number,
                             HandoffSigningOpened opened,
                             gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  Program *program = find_program (self, program_number, &error);
  OnTheWay *of_holder = NULL;
  Opening *opening;
  int sockets[2];

  if (program != NULL)
    {
      if (!g_hash_table_contains (holder->programs, program))
        tell_of_holder (program, holder);
      of_holder = g_hash_table_lookup (holder->programs, program);
    }
  if (program == NULL || !may_send_socket (program, of_holder, &error) ||
      !handoff_link_make_sockets (sockets, &error))
    {
      opened (-1, error, user_data);
      return;
    }
  opening = g_new (Opening, 1);
  *opening = (Opening){ sockets[0], g_rc_box_acquire (of_holder),
                        g_rc_box_acquire (program->sockets), opened, user_data };
  of_holder->n++;
  program->sockets->n++;
  handoff_link_request (program->link, program->rows->holder_socket,
                        g_variant_new (HANDOFF_HOLDER_SOCKET_TYPE, holder->number), &sockets[1], 1,
                        socket_read, opening);
}

static gboolean
is_outdated (gpointer number, gpointer grant, gpointer now)
{
  return ((Grant *) grant)->until + HANDOFF_SIGNING_SLACK_SECONDS * G_TIME_SPAN_SECOND <
         *(gint64 *) now;
}

/* Who is honest says when a grant is over; what others keep for ever counts only until its time is
 * over. */
static gboolean
has_room (HandoffHolder *holder, GError **error)
{
  gint64 now = handoff_clock_get_boot_time ();

  if (g_hash_table_size (holder->grants) >= HANDOFF_GRANTS_PER_HOLDER)
    g_hash_table_foreach_remove (holder->grants, is_outdated, &now);
  if (g_hash_table_size (holder->grants) < HANDOFF_GRANTS_PER_HOLDER)
    return TRUE;
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                       "Too many handshakes of this user may use credentials at the same time");
  return FALSE;
}

gboolean
handoff_signing_give (HandoffSigning *self,
                      HandoffHolder *holder,
                      guint64 program_number,
                      const char *key,
                      HandoffSignatureRole role,
                      guint uses,
                      gint64 until,
                      HandoffGrantGiven *given,
                      GError **error)
{
  Program *program = find_program (self, program_number, error);
  Grant *grant;

  if (program == NULL || !has_room (holder, error))
    return FALSE;
  if (!g_hash_table_contains (holder->programs, program))
    tell_of_holder (program, holder);

  grant = g_new0 (Grant, 1);
  grant->number = ++self->last_grant;
  grant->holder = holder;
  grant->program = program;
  grant->key = g_strdup (key);
  grant->role = role;
  grant->uses = uses;
  grant->until = until;
  g_hash_table_insert (holder->grants, &grant->number, grant);
  tell_of_grant (grant);
  *given = (HandoffGrantGiven){ grant->number, program_number, role, uses, until };
  return TRUE;
}

void
handoff_signing_bind (HandoffSigning *self,
                      HandoffHolder *holder,
                      guint64 number,
                      GDestroyNotify ended,
                      gpointer data)
{
  Grant *grant = g_hash_table_lookup (holder->grants, &number);

  if (grant == NULL)
    {
      ended (data);
      return;
    }
  grant->ended = ended;
  grant->ended_data = data;
}

static void
end_grant (HandoffHolder *holder, Grant *grant)
{
  tell (grant->program, grant->program->rows->grant_over,
        g_variant_new (HANDOFF_GRANT_OVER_TYPE, grant->number));
  g_hash_table_remove (holder->grants, &grant->number);
}

void
handoff_signing_over (HandoffSigning *self, HandoffHolder *holder, guint64 number)
{
  Grant *grant = g_hash_table_lookup (holder->grants, &number);

  if (grant != NULL)
    end_grant (holder, grant);
}

/* The grants of a holder that are taken back, and till when; G_MAXINT64 if there are none. Those
 * whose time is over by now end. */
static gint64
end_overdue (HandoffHolder *holder, gint64 now)
{
  g_autoptr (GPtrArray) grants = g_ptr_array_new ();
  gint64 next = G_MAXINT64;
  guint i;

  add_grants (grants, holder, NULL);
  for (i = 0; i < grants->len; i++)
    {
      Grant *grant = g_ptr_array_index (grants, i);

      if (grant->taken_back_till == 0)
        continue;
      if (grant->taken_back_till <= now)
        end_grant (holder, grant);
      else
        next = MIN (next, grant->taken_back_till);
    }
  return next;
}

static void watch_overdue (HandoffSigning *self);

static gboolean
time_is_over (gpointer data)
{
  watch_overdue (data);
  return G_SOURCE_REMOVE;
}

/* Ends what is overdue, and waits for what is not yet. */
static void
watch_overdue (HandoffSigning *self)
{
  const gint64 now = handoff_clock_get_boot_time ();
  gint64 next = G_MAXINT64;
  guint i;

  for (i = 0; i < self->holders->len; i++)
    next = MIN (next, end_overdue (g_ptr_array_index (self->holders, i), now));
  g_clear_pointer (&self->timer, handoff_home_timer_free);
  if (next != G_MAXINT64)
    self->timer = handoff_home_timer_new (NULL, next - now, time_is_over, self);
}

static void
take_back_from (HandoffHolder *holder, gint64 till)
{
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (guint64));
  GHashTableIter iter;
  Grant *grant;
  guint i;

  g_hash_table_iter_init (&iter, holder->grants);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &grant))
    {
      if (grant->uses > 0 || grant->taken_back_till != 0)
        continue;
      grant->taken_back_till = till;
      g_array_append_val (numbers, grant->number);
    }
  /* It may say at once that they are over. */
  for (i = 0; i < numbers->len; i++)
    holder->functions->take_back (holder, g_array_index (numbers, guint64, i), holder->user_data);
}

void
handoff_signing_take_back (HandoffSigning *self)
{
  const gint64 till =
      handoff_clock_get_boot_time () + HANDOFF_SIGNING_TAKE_BACK_SECONDS * G_TIME_SPAN_SECOND;
  guint i;

  for (i = 0; i < self->holders->len; i++)
    take_back_from (g_ptr_array_index (self->holders, i), till);
  watch_overdue (self);
}

gboolean
handoff_signing_is_used (HandoffSigning *self, guint64 number)
{
  const Program *program = g_hash_table_lookup (self->programs, &number);
  gint64 now = handoff_clock_get_boot_time ();
  guint i;

  for (i = 0; program != NULL && i < self->holders->len; i++)
    {
      const HandoffHolder *holder = g_ptr_array_index (self->holders, i);
      GHashTableIter iter;
      Grant *grant;

      g_hash_table_iter_init (&iter, holder->grants);
      while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &grant))
        {
          if (grant->program == program && !is_outdated (NULL, grant, &now))
            return TRUE;
        }
    }
  return FALSE;
}

guint
handoff_signing_count (HandoffHolder *holder)
{
  return g_hash_table_size (holder->grants);
}
