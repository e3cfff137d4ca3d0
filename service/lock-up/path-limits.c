/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "lock-up/path-limits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"

/* Of Linux 5.13; and what later versions added, for headers that are older than the kernel. */
#define ACCESS_1 ((G_GUINT64_CONSTANT (1) << 13) - 1)
#define ACCESS_REFER (G_GUINT64_CONSTANT (1) << 13)     /* 2: to another folder */
#define ACCESS_TRUNCATE (G_GUINT64_CONSTANT (1) << 14)  /* 3 */
#define ACCESS_IOCTL_DEV (G_GUINT64_CONSTANT (1) << 15) /* 5 */

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING                                                                                    \
  (READING | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                       \
   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |    \
   LANDLOCK_ACCESS_FS_MAKE_SYM | ACCESS_REFER | ACCESS_TRUNCATE)
#define USING (READING | LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE | ACCESS_IOCTL_DEV)
/* What a rule for something that is no folder may have. */
#define OF_FILES                                                                                   \
  (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |     \
   ACCESS_TRUNCATE | ACCESS_IOCTL_DEV)

/* All accesses that this kernel knows; 0 if it has no Landlock. */
static guint64
find_accesses (void)
{
  const long version =
      syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  guint64 accesses = ACCESS_1;

  if (version < 1)
    return 0;
  if (version >= 2)
    accesses |= ACCESS_REFER;
  if (version >= 3)
    accesses |= ACCESS_TRUNCATE;
  if (version >= 5)
    accesses |= ACCESS_IOCTL_DEV;
  return accesses;
}

static void
allow (int ruleset, const char *path, guint64 accesses)
{
  struct landlock_path_beneath_attr rule = { accesses, -1 };
  struct stat info;

  rule.parent_fd = open (path, O_PATH | O_CLOEXEC);
  if (rule.parent_fd >= 0 && fstat (rule.parent_fd, &info) == 0 && !S_ISDIR (info.st_mode))
    rule.allowed_access &= OF_FILES;
  if (rule.parent_fd < 0 ||
      syscall (SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    g_warning ("This process is not allowed %s, which it shall use: %s", path, g_strerror (errno));
  if (rule.parent_fd >= 0)
    close (rule.parent_fd);
}

static void
allow_all (int ruleset, const char *const *paths, guint64 accesses)
{
  gsize i;

  for (i = 0; paths != NULL && paths[i] != NULL; i++)
    allow (ruleset, paths[i], accesses);
}

gboolean
handoff_path_limits_apply (const char *const *to_read,
                           const char *const *to_write,
                           const char *const *devices,
                           GError **error)
{
  const guint64 accesses = find_accesses ();
  struct landlock_ruleset_attr attributes = { .handled_access_fs = accesses };
  int ruleset = -1;
  gboolean done;

  if (accesses != 0)
    ruleset = (int) syscall (SYS_landlock_create_ruleset, &attributes,
                             sizeof attributes.handled_access_fs, 0);
  if (ruleset >= 0)
    {
      allow_all (ruleset, to_read, READING & accesses);
      allow_all (ruleset, to_write, WRITING & accesses);
      allow_all (ruleset, devices, USING & accesses);
    }
  done = ruleset >= 0 && syscall (SYS_landlock_restrict_self, ruleset, 0) == 0;
  if (!done)
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "Landlock: %s",
                 g_strerror (errno));
  if (ruleset >= 0)
    close (ruleset);
  return done;
}
