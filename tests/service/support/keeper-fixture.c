/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/keeper-fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "link/keeper-messages.h"

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  KeeperTest *f = user_data;
  const char *name = handoff_link_table_find (&handoff_keeper_messages, message->number)->name;

  if (f->told->len > 0)
    g_string_append (f->told, ", ");
  g_string_append (f->told, name);
  if (message->call != NULL)
    {
      const char *id, *label;

      g_variant_get_child (message->body, 0, "&s", &id);
      g_variant_get_child (message->body, 1, "&s", &label);
      g_string_append_printf (f->told, " %s %s", id, label);
      handoff_link_call_return (g_steal_pointer (&message->call), g_variant_new ("()"), NULL, 0);
    }
  g_clear_pointer (&f->last, g_variant_unref);
  f->last = g_variant_ref (message->body);
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  g_error ("The keeper's link has ended: %s", error->message);
}

static const HandoffLinkFunctions functions = { received, ended };

static void
start (KeeperTest *f)
{
  int sockets[2];
  const int parent = g_open (f->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

  handoff_link_make_sockets (sockets, NULL);
  f->keeper = handoff_key_keeper_new (sockets[1], parent, f->directory, NULL, NULL);
  f->link = handoff_link_new (sockets[0], &handoff_keeper_messages, HANDOFF_LINK_UPPER, NULL,
                              "tls-handoff-keeper", &functions, f);
  keeper_test_ask (f, HANDOFF_KEEPER_LOAD, g_variant_new ("()"), -1);
}

static void
stop (KeeperTest *f)
{
  g_clear_pointer (&f->link, handoff_link_free);
  g_clear_pointer (&f->keeper, handoff_key_keeper_free);
}

void
keeper_test_set_up (KeeperTest *f, gconstpointer data)
{
  f->parent = g_dir_make_tmp ("handoff-XXXXXX", NULL);
  f->directory = g_build_filename (f->parent, "credentials", NULL);
  f->told = g_string_new (NULL);
  start (f);
}

static void
remove_all (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_all (child);
    }
  g_remove (path);
}

void
keeper_test_tear_down (KeeperTest *f, gconstpointer data)
{
  stop (f);
  remove_all (f->parent);
  g_free (f->parent);
  g_free (f->directory);
  g_string_free (f->told, TRUE);
  g_clear_pointer (&f->last, g_variant_unref);
  g_clear_pointer (&f->reply, g_variant_unref);
  g_clear_error (&f->error);
}

void
keeper_test_start_again (KeeperTest *f)
{
  stop (f);
  start (f);
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  KeeperTest *f = user_data;

  f->is_answered = TRUE;
  if (error != NULL)
    f->error = g_error_copy (error);
  else
    f->reply = g_variant_ref (reply->body);
}

void
keeper_test_begin (KeeperTest *f, guint number, GVariant *body, int fd)
{
  f->is_answered = FALSE;
  g_clear_pointer (&f->reply, g_variant_unref);
  g_clear_error (&f->error);
  handoff_link_request (f->link, number, body, &fd, fd >= 0 ? 1 : 0, answered, f);
}

void
keeper_test_wait (KeeperTest *f)
{
  while (!f->is_answered)
    g_main_context_iteration (NULL, TRUE);
}

void
keeper_test_ask (KeeperTest *f, guint number, GVariant *body, int fd)
{
  keeper_test_begin (f, number, body, fd);
  keeper_test_wait (f);
}

GVariant *
keeper_test_describe (GVariant *public_key, const char *const *certificates)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aay"));
  for (; certificates != NULL && *certificates != NULL; certificates++)
    g_variant_builder_add_value (&builder, g_variant_new_bytestring (*certificates));
  return g_variant_new ("(@aysaayxx@ayxs)", public_key, "ecdsa-p256", &builder, (gint64) 0,
                        (gint64) 0, g_variant_new_array (G_VARIANT_TYPE_BYTE, NULL, 0), (gint64) 0,
                        "");
}

GVariant *
keeper_test_generate (KeeperTest *f, const char *id, const char *type)
{
  keeper_test_ask (f, HANDOFF_KEEPER_GENERATE, g_variant_new ("(sus)", id, 1000u, type), -1);
  g_assert_no_error (f->error);
  return g_variant_get_child_value (f->reply, 0);
}

void
keeper_test_add (KeeperTest *f, const char *id, const char *label, GVariant *public_key)
{
  keeper_test_ask (f, HANDOFF_KEEPER_ADD,
                   g_variant_new ("(ssuus@" HANDOFF_DESCRIPTION_TYPE ")", id, label, 1000u, 3u, "",
                                  keeper_test_describe (public_key, NULL)),
                   -1);
}

void
keeper_test_set_file (KeeperTest *f, const char *id, const char *name, const char *content)
{
  g_autofree char *folder = g_build_filename (f->directory, id, NULL);
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_mkdir (folder, 0700);
  g_assert_true (g_file_set_contents (path, content, -1, NULL));
}
