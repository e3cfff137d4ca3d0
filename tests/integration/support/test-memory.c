/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-memory.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test-system.h"
#include "tests/client/support/record-test-utils.h"

/* What one process has. */
typedef struct
{
  char *name;         /* (owned): its program's */
  GPtrArray *regions; /* (owned) (element-type GBytes) */
} Program;

static void
program_free (gpointer data)
{
  Program *self = data;

  g_free (self->name);
  g_ptr_array_unref (self->regions);
  g_free (self);
}

void
test_memory_free (TestMemory *memory)
{
  g_ptr_array_unref (memory->programs);
  g_free (memory);
}

static TestMemory *
memory_new (void)
{
  TestMemory *memory = g_new0 (TestMemory, 1);

  memory->programs = g_ptr_array_new_with_free_func (program_free);
  return memory;
}

/* The name of the file that the process runs, or NULL: there is no such process any more. */
static char *
name_of (GPid pid)
{
  g_autofree char *link = g_strdup_printf ("/proc/%d/exe", pid);
  g_autofree char *path = g_file_read_link (link, NULL);

  return path != NULL ? g_path_get_basename (path) : NULL;
}

static void
read_region (TestMemory *memory, Program *program, int fd, guint64 start, guint64 end)
{
  g_autofree guint8 *region = g_malloc (end - start);
  gsize done = 0;

  while (done < end - start)
    {
      gssize n = pread (fd, region + done, end - start - done, (off_t) (start + done));

      /* A mapping past its file's end cannot be read to the end. */
      if (n <= 0)
        break;
      done += (gsize) n;
    }
  memory->size += done;
  g_ptr_array_add (program->regions, g_bytes_new_take (g_steal_pointer (&region), done));
}

/* Returns whether there was such a process. */
static gboolean
read_process (TestMemory *memory, GPid pid)
{
  g_autofree char *maps_path = g_strdup_printf ("/proc/%d/maps", pid);
  g_autofree char *memory_path = g_strdup_printf ("/proc/%d/mem", pid);
  g_autofree char *name = name_of (pid);
  g_autofree char *maps = NULL;
  g_auto (GStrv) lines = NULL;
  Program *program;
  int fd;

  if (name == NULL || !g_file_get_contents (maps_path, &maps, NULL, NULL))
    return FALSE;
  fd = open (memory_path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return FALSE;
  program = g_new0 (Program, 1);
  program->name = g_steal_pointer (&name);
  program->regions = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_ptr_array_add (memory->programs, program);
  lines = g_strsplit (maps, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      guint64 start;
      guint64 end;
      char protection[5];

      if (sscanf (lines[i], "%" SCNx64 "-%" SCNx64 " %4s", &start, &end, protection) != 3)
        continue;
      /* [vvar], [vsyscall]: the kernel's */
      if (protection[0] == 'r' && strstr (lines[i], "[v") == NULL)
        read_region (memory, program, fd, start, end);
    }
  close (fd);
  return TRUE;
}

TestMemory *
test_memory_read (GPid pid)
{
  TestMemory *memory = memory_new ();

  g_assert_true (read_process (memory, pid));
  return memory;
}

/* The broker's children, which are those of all its threads. A program that was started as the
 * service's user, and is none of them, is not the service's. */
static char **
children_of (GPid pid)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%d/task", pid);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) threads = g_dir_open (folder, 0, &error);
  g_autoptr (GString) all = g_string_new (NULL);
  const char *thread;

  g_assert_no_error (error);
  while ((thread = g_dir_read_name (threads)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, thread, "children", NULL);
      g_autofree char *text = NULL;

      /* A thread may have ended since. */
      if (g_file_get_contents (path, &text, NULL, NULL))
        g_string_append (all, text);
    }
  return g_strsplit (g_strstrip (all->str), " ", -1);
}

TestMemory *
test_memory_read_service (void)
{
  const GPid broker = test_service_get_pid ();
  TestMemory *memory = memory_new ();
  g_auto (GStrv) children = NULL;

  g_assert_cmpint (broker, >, 0);
  children = children_of (broker);
  for (int handshakers = 1; handshakers >= 0; handshakers--)
    {
      for (guint i = 0; children[i] != NULL; i++)
        {
          const GPid child = (GPid) g_ascii_strtoll (children[i], NULL, 10);
          g_autofree char *name = child > 0 ? name_of (child) : NULL;

          if (name != NULL && (strcmp (name, TEST_HANDSHAKER) == 0) == handshakers)
            read_process (memory, child);
        }
    }
  g_assert_true (read_process (memory, broker));
  return memory;
}

static gboolean
program_has (const Program *self, const guint8 *what, gsize size)
{
  for (guint i = 0; i < self->regions->len; i++)
    {
      GBytes *region = g_ptr_array_index (self->regions, i);

      if (memmem (g_bytes_get_data (region, NULL), g_bytes_get_size (region), what, size) != NULL)
        return TRUE;
    }
  return FALSE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char *
test_memory_who_has (TestMemory *memory, const guint8 *what, gsize size)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint i = 0; i < memory->programs->len; i++)
    {
      const Program *program = g_ptr_array_index (memory->programs, i);

      if (!g_ptr_array_find_with_equal_func (names, program->name, g_str_equal, NULL) &&
          program_has (program, what, size))
        g_ptr_array_add (names, program->name);
    }
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return g_strjoinv (" ", (char **) names->pdata);
}

void
test_memory_assert_only (
    TestMemory *memory, const char *programs, const char *what, const guint8 *secret, gsize size)
{
  g_autofree char *found = NULL;

  /* What is shorter is there by chance. */
  g_assert_cmpuint (size, >=, 12);
  found = test_memory_who_has (memory, secret, size);
  if (strcmp (found, programs) != 0)
    g_error ("the %s: in the memory of “%s”, not of “%s”", what, found, programs);
}

void
test_memory_assert_absent (TestMemory *memory, const char *what, const guint8 *secret, gsize size)
{
  test_memory_assert_only (memory, TEST_NOBODY, what, secret, size);
}

void
test_memory_assert_direction_absent (TestMemory *memory,
                                     const char *name,
                                     const HandoffDirectionState *direction)
{
  g_autofree char *key = g_strdup_printf ("%s key", name);
  g_autofree char *iv = g_strdup_printf ("%s IV", name);
  g_autofree char *secret = g_strdup_printf ("%s traffic secret", name);

  test_memory_assert_absent (memory, key, direction->key, direction->key_size);
  if (direction->iv_size >= 12)
    test_memory_assert_absent (memory, iv, direction->iv, direction->iv_size);
  if (direction->mac_key_size > 0)
    test_memory_assert_absent (memory, "MAC key", direction->mac_key, direction->mac_key_size);
  if (direction->traffic_secret_size > 0)
    test_memory_assert_absent (memory, secret, direction->traffic_secret,
                               direction->traffic_secret_size);
}

void
test_memory_assert_bindings_absent (TestMemory *memory, const HandoffKeyState *keys)
{
  g_assert_cmpuint (keys->tls_exporter_size, >, 0);
  g_assert_true (keys->protocol == 0x0304 || keys->tls_unique_size > 0);
  test_memory_assert_absent (memory, "channel binding tls-exporter", keys->tls_exporter,
                             keys->tls_exporter_size);
  if (keys->tls_unique_size > 0)
    test_memory_assert_absent (memory, "channel binding tls-unique", keys->tls_unique,
                               keys->tls_unique_size);
}

void
test_memory_assert_next_generations_absent (TestMemory *memory, const HandoffKeyState *keys)
{
  RecordPeer peer;

  record_peer_init (&peer, keys);
  for (int generation = 1; generation <= 4; generation++)
    {
      record_peer_update (&peer, &peer.state);
      record_peer_update (&peer, &peer.read);
      test_memory_assert_direction_absent (memory, "next generation's server's", &peer.state);
      test_memory_assert_direction_absent (memory, "next generation's client's", &peer.read);
    }
}

static GBytes *
from_hex (const char *hex)
{
  GByteArray *bytes = g_byte_array_new ();

  for (; g_ascii_isxdigit (hex[0]) && g_ascii_isxdigit (hex[1]); hex += 2)
    {
      guint8 byte = (guint8) (g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));

      g_byte_array_append (bytes, &byte, 1);
    }
  return g_byte_array_free_to_bytes (bytes);
}

GBytes *
test_key_log_find (const char *log, const char *label)
{
  const char *line = strstr (log, label);
  g_auto (GStrv) words = NULL;

  g_assert_nonnull (line);
  words = g_strsplit (line, " ", 3);
  return from_hex (words[2]);
}

gboolean
test_memory_assert_logged_absent (TestMemory *memory,
                                  const char *log,
                                  const HandoffDirectionState *direction)
{
  g_auto (GStrv) lines = g_strsplit (log, "\n", -1);
  gboolean known = FALSE;
  guint n_secrets = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) words = g_strsplit (lines[i], " ", -1);
      g_autoptr (GBytes) secret = NULL;

      if (lines[i][0] == '#' || g_strv_length (words) != 3)
        continue;
      secret = from_hex (words[2]);
      test_memory_assert_absent (memory, words[0], g_bytes_get_data (secret, NULL),
                                 g_bytes_get_size (secret));
      n_secrets++;
      if (g_bytes_get_size (secret) == direction->traffic_secret_size &&
          memcmp (g_bytes_get_data (secret, NULL), direction->traffic_secret,
                  direction->traffic_secret_size) == 0)
        known = TRUE;
    }
  g_assert_cmpuint (n_secrets, >=, 1);
  return known;
}
