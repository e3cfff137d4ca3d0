/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "proxy/reactor.h"

#include <errno.h>
#include <gio/gio.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Many descriptors behind one source of the thread's main context. The main loop looks at each of
 * its sources before and after each poll(): with a source for each connection, that costs more than
 * the data. */

#define BATCH_SIZE 64
/* How often a dispatch looks for more before other sources have their turn. */
#define ROUNDS 4

struct _CliReactor
{
  GSource source; /* first: GLib makes and frees it */
  int epoll_fd;
  gpointer tag;
  struct epoll_event batch[BATCH_SIZE];
  int n_batch;  /* events that are being told */
  GQueue again; /* watches that asked to go on */
};

static gboolean
reactor_prepare (GSource *source, int *timeout)
{
  *timeout = -1;
  return ((CliReactor *) source)->again.length > 0;
}

static gboolean
reactor_check (GSource *source)
{
  CliReactor *self = (CliReactor *) source;

  return self->again.length > 0 || g_source_query_unix_fd (source, self->tag) != 0;
}

static void
forget_again (CliReactor *self, CliWatch *watch)
{
  if (watch->again.data == NULL)
    return;
  g_queue_unlink (&self->again, &watch->again);
  watch->again.data = NULL;
}

/* Those that asked until now; who asks again has the next turn. */
static void
tell_again (CliReactor *self)
{
  for (guint n = self->again.length; n > 0 && self->again.length > 0; n--)
    {
      CliWatch *watch = self->again.head->data;

      forget_again (self, watch);
      watch->ready (0, watch->user_data);
    }
}

static gboolean
reactor_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  CliReactor *self = (CliReactor *) source;

  for (guint round = 0; round < ROUNDS; round++)
    {
      int n = epoll_wait (self->epoll_fd, self->batch, BATCH_SIZE, 0);

      if (n <= 0 && self->again.length == 0)
        break;
      self->n_batch = MAX (n, 0);
      for (int i = 0; i < self->n_batch; i++)
        {
          CliWatch *watch = self->batch[i].data.ptr;

          /* NULL: what was told before has removed it. */
          if (watch != NULL)
            watch->ready (self->batch[i].events, watch->user_data);
        }
      self->n_batch = 0;
      tell_again (self);
    }
  return G_SOURCE_CONTINUE;
}

static void
reactor_finalize (GSource *source)
{
  close (((CliReactor *) source)->epoll_fd);
}

/**
 * cli_reactor_new:
 *
 * Returns: (transfer full): a reactor in the thread-default main context, in whose thread alone it
 * is used
 */
CliReactor *
cli_reactor_new (void)
{
  static GSourceFuncs functions = { reactor_prepare,  reactor_check, reactor_dispatch,
                                    reactor_finalize, NULL,          NULL };
  CliReactor *self = (CliReactor *) g_source_new (&functions, sizeof *self);

  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (self->epoll_fd < 0)
    g_error ("epoll_create1: %s", g_strerror (errno));
  g_queue_init (&self->again);
  self->tag = g_source_add_unix_fd (&self->source, self->epoll_fd, G_IO_IN);
  g_source_attach (&self->source, g_main_context_get_thread_default ());
  return self;
}

/* Without a watch that is added. */
void
cli_reactor_free (CliReactor *self)
{
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}

/**
 * cli_reactor_add:
 * @events: of epoll_ctl(2)
 *
 * Tells @watch of what happens to @fd. It must be removed before @fd is closed.
 */
gboolean
cli_reactor_add (CliReactor *self, CliWatch *watch, int fd, guint32 events, GError **error)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  if (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
    {
      int code = errno;

      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (code), g_strerror (code));
      return FALSE;
    }
  watch->fd = fd;
  watch->added = TRUE;
  return TRUE;
}

/* It is told of nothing any more. Does nothing if it is not added. */
void
cli_reactor_remove (CliReactor *self, CliWatch *watch)
{
  forget_again (self, watch);
  if (!watch->added)
    return;
  watch->added = FALSE;
  epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
  for (int i = 0; i < self->n_batch; i++)
    {
      if (self->batch[i].data.ptr == watch)
        self->batch[i].data.ptr = NULL;
    }
}

/* Tells @watch once more when the others had their turn. */
void
cli_reactor_go_on (CliReactor *self, CliWatch *watch)
{
  if (watch->again.data != NULL)
    return;
  watch->again.data = watch;
  g_queue_push_tail_link (&self->again, &watch->again);
}
