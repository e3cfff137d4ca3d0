/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A PKCS#11 module that is SoftHSM's, but for faults that files in the directory
 * $HANDOFF_TEST_PKCS11 inject: see tests/README.md. */

#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CRYPTOKI_GNU 1
#include <p11-kit/pkcs11.h>

#include "service/attack/attack.h"

#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"
#define LONGEST_BLOCK 60000 /* ms */
#define BLOCK_STEP 10       /* ms */

/* A module of this name is another one, with tokens and control files of its own. */
#define OTHER_NAME "other.so"

static struct ck_function_list *real;
static struct ck_function_list list;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool was_absent; /* and its sessions are closed */

static const char *directory; /* of the control files; NULL: there is none */

/* Path of a control file. FALSE if there is no directory for them. */
static bool
control_path (char *path, size_t size, const char *name)
{
  return directory != NULL && snprintf (path, size, "%s/%s", directory, name) < (int) size;
}

static bool
control_exists (const char *name)
{
  char path[4096];

  return control_path (path, sizeof path, name) && access (path, F_OK) == 0;
}

static void
write_line (const char *name, int flags, const char *line)
{
  char path[4096];
  int fd;

  if (!control_path (path, sizeof path, name))
    return;
  fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
  if (fd < 0)
    return;
  if (write (fd, line, strlen (line)) < 0)
    perror (path);
  close (fd);
}

/* A card that was pulled has forgotten its sessions when it is back. */
static bool
is_absent (void)
{
  ck_slot_id_t slots[64];
  unsigned long i, n_slots = sizeof slots / sizeof slots[0];
  bool absent;

  pthread_mutex_lock (&mutex);
  absent = control_exists ("absent");
  if (absent && !was_absent && real->C_GetSlotList (1, slots, &n_slots) == CKR_OK)
    {
      for (i = 0; i < n_slots; i++)
        real->C_CloseAllSessions (slots[i]);
    }
  was_absent = absent;
  pthread_mutex_unlock (&mutex);
  return absent;
}

static ck_rv_t
get_slot_list (unsigned char token_present, ck_slot_id_t *slots, unsigned long *n_slots)
{
  if (token_present && is_absent ())
    {
      *n_slots = 0;
      return CKR_OK;
    }
  return real->C_GetSlotList (token_present, slots, n_slots);
}

static ck_rv_t
get_slot_info (ck_slot_id_t slot, struct ck_slot_info *info)
{
  ck_rv_t rv = real->C_GetSlotInfo (slot, info);

  if (rv == CKR_OK && is_absent ())
    info->flags &= ~(ck_flags_t) CKF_TOKEN_PRESENT;
  return rv;
}

static ck_rv_t
get_token_info (ck_slot_id_t slot, struct ck_token_info *info)
{
  ck_rv_t rv;

  if (is_absent ())
    return CKR_TOKEN_NOT_PRESENT;
  rv = real->C_GetTokenInfo (slot, info);
  if (rv == CKR_OK && control_exists ("final-try"))
    info->flags |= CKF_USER_PIN_FINAL_TRY;
  return rv;
}

static ck_rv_t
open_session (ck_slot_id_t slot,
              ck_flags_t flags,
              void *application,
              ck_notify_t notify,
              ck_session_handle_t *session)
{
  if (is_absent ())
    return CKR_TOKEN_NOT_PRESENT;
  return real->C_OpenSession (slot, flags, application, notify, session);
}

static ck_rv_t
get_session_info (ck_session_handle_t session, struct ck_session_info *info)
{
  if (is_absent ())
    return CKR_DEVICE_REMOVED;
  return real->C_GetSessionInfo (session, info);
}

/* The next one fails. */
static bool
is_next (const char *name)
{
  char path[4096];

  return control_path (path, sizeof path, name) && unlink (path) == 0;
}

static ck_rv_t
initialize (void *arguments)
{
  return is_next ("fail-initialize") ? CKR_DEVICE_ERROR : real->C_Initialize (arguments);
}

/* What is wanted here, a sanitizer neither prevents nor reports. */
#define UNCHECKED __attribute__ ((no_sanitize ("address"), no_sanitize ("undefined")))

static void UNCHECKED
crash (void)
{
  signal (SIGSEGV, SIG_DFL);
  *(volatile int *) NULL = 0;
}

/* Over its own stack, from here up, and over what it finds there. */
static void UNCHECKED
scribble (void)
{
  volatile unsigned char *here = __builtin_frame_address (0);
  size_t i;

  signal (SIGSEGV, SIG_DFL);
  for (i = 0; i < 1 << 20; i++)
    here[i] = 0xa5;
}

static ck_rv_t
login (ck_session_handle_t session, ck_user_type_t user, unsigned char *pin, unsigned long size)
{
  char line[32];
  ck_rv_t rv;

  if (is_absent ())
    return CKR_DEVICE_REMOVED;
  rv = real->C_Login (session, user, pin, size);
  if (rv == CKR_OK)
    snprintf (line, sizeof line, "ok\n");
  else if (rv == CKR_PIN_INCORRECT)
    snprintf (line, sizeof line, "wrong\n");
  else
    snprintf (line, sizeof line, "0x%lx\n", rv);
  write_line ("logins", O_APPEND, line);
  /* The token has counted it. */
  if (is_next ("crash-login"))
    crash ();
  return rv;
}

static ck_rv_t
sign_init (ck_session_handle_t session, struct ck_mechanism *mechanism, ck_object_handle_t key)
{
  if (is_absent ())
    return CKR_DEVICE_REMOVED;
  return real->C_SignInit (session, mechanism, key);
}

/* Whether the token of that session is one of those that the file "block" means. */
static bool
is_to_block (ck_session_handle_t session)
{
  struct ck_session_info session_info;
  struct ck_token_info token_info;
  char path[4096], label[33];
  ssize_t size;
  int fd;

  if (!control_path (path, sizeof path, "block"))
    return false;
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  size = read (fd, label, sizeof label - 1);
  close (fd);
  while (size > 0 && label[size - 1] == '\n')
    size--;
  if (size <= 0)
    return true;
  return real->C_GetSessionInfo (session, &session_info) == CKR_OK &&
         real->C_GetTokenInfo (session_info.slot_id, &token_info) == CKR_OK &&
         memcmp (token_info.label, label, (size_t) size) == 0 &&
         ((size_t) size == sizeof token_info.label || token_info.label[size] == ' ');
}

static void
block (ck_session_handle_t session)
{
  char path[4096];
  int waited = 0;

  if (!is_to_block (session))
    return;
  write_line ("blocked", 0, "");
  for (waited = 0; waited < LONGEST_BLOCK && control_exists ("block"); waited += BLOCK_STEP)
    poll (NULL, 0, BLOCK_STEP);
  if (control_path (path, sizeof path, "blocked"))
    unlink (path);
}

/* What somebody does whose module it is: see service/attack/deed.h. The answers are in a file when
 * that of the deeds is gone. */
static void
do_deeds (void)
{
  char path[4096];
  char *deeds, *answers;
  size_t size;

  if (!control_path (path, sizeof path, "deeds") ||
      !g_file_get_contents (path, &deeds, &size, NULL))
    return;
  answers = handoff_attack_run (deeds, size);
  write_line ("answers", O_TRUNC, answers);
  unlink (path);
  g_free (answers);
  g_free (deeds);
}

static ck_rv_t
sign (ck_session_handle_t session,
      unsigned char *data,
      unsigned long data_size,
      unsigned char *signature,
      unsigned long *signature_size)
{
  ck_rv_t rv;

  /* Not when it only asks how long the signature will be. */
  if (signature != NULL)
    {
      block (session);
      do_deeds ();
    }
  if (is_absent ())
    return CKR_DEVICE_REMOVED;
  if (is_next ("fail-once"))
    return CKR_DEVICE_ERROR;
  if (signature != NULL && is_next ("crash"))
    crash ();
  if (signature != NULL && is_next ("scribble"))
    scribble ();
  rv = real->C_Sign (session, data, data_size, signature, signature_size);
  if (rv == CKR_OK && signature != NULL && control_exists ("wrong-signature"))
    signature[0] ^= 1;
  return rv;
}

/* Which of the two modules this is. */
static void
choose_directory (void)
{
  static char conf[4096];
  Dl_info info;
  size_t size;

  directory = getenv ("HANDOFF_TEST_PKCS11");
  if (dladdr (&list, &info) == 0 || info.dli_fname == NULL)
    return;
  size = strlen (info.dli_fname);
  if (size < strlen (OTHER_NAME) ||
      strcmp (info.dli_fname + size - strlen (OTHER_NAME), OTHER_NAME) != 0)
    return;
  directory = getenv ("HANDOFF_TEST_PKCS11_OTHER");
  if (directory != NULL &&
      snprintf (conf, sizeof conf, "%s/softhsm2.conf", directory) < (int) sizeof conf)
    setenv ("SOFTHSM2_CONF", conf, 1);
}

__attribute__ ((visibility ("default"))) ck_rv_t
C_GetFunctionList (struct ck_function_list **result)
{
  void *module;
  ck_rv_t (*get_list) (struct ck_function_list **);
  ck_rv_t rv;

  pthread_mutex_lock (&mutex);
  if (real == NULL)
    {
      choose_directory ();
      module = dlopen (SOFTHSM, RTLD_NOW | RTLD_LOCAL);
      get_list =
          module != NULL
              ? (ck_rv_t (*) (struct ck_function_list **)) dlsym (module, "C_GetFunctionList")
              : NULL;
      rv = get_list != NULL ? get_list (&real) : CKR_GENERAL_ERROR;
      if (rv != CKR_OK)
        {
          pthread_mutex_unlock (&mutex);
          return rv;
        }
      list = *real;
      list.C_GetFunctionList = C_GetFunctionList;
      list.C_Initialize = initialize;
      list.C_GetSlotList = get_slot_list;
      list.C_GetSlotInfo = get_slot_info;
      list.C_GetTokenInfo = get_token_info;
      list.C_OpenSession = open_session;
      list.C_GetSessionInfo = get_session_info;
      list.C_Login = login;
      list.C_SignInit = sign_init;
      list.C_Sign = sign;
    }
  pthread_mutex_unlock (&mutex);
  *result = &list;
  return CKR_OK;
}
