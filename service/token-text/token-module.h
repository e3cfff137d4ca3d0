/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* A PKCS#11 module, and what its process may do beside what every token helper may: nothing, unless
 * the configuration says so in the group “[Module PATH]”. */
typedef struct
{
  char *path;        /* (owned): absolute */
  char **libraries;  /* (owned): loaded beforehand, for modules that load them late */
  char **read_files; /* (owned): absolute paths of files and folders, with all below these */
  char **write_files;
  char **devices;
  gboolean unix_sockets; /* it may connect to any such socket that the service's user may use */
  gboolean network;      /* it may connect to IPv4 and IPv6 addresses */
} HandoffTokenModule;

/* One that needs nothing. */
HandoffTokenModule *handoff_token_module_new (const char *path);
void handoff_token_module_free (HandoffTokenModule *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTokenModule, handoff_token_module_free)
HandoffTokenModule *handoff_token_module_copy (const HandoffTokenModule *self);

/* The path in the group's name "Module PATH"; NULL if it is none. (transfer none) */
const char *handoff_token_module_find_path (const char *group);
/* Sets what the key of its group says. TLS_HANDOFF_ERROR_INVALID_ARGUMENT if there is no such key,
 * or its value is wrong; the message begins with the key's name. */
gboolean handoff_token_module_set (HandoffTokenModule *self,
                                   const char *key,
                                   const char *text,
                                   GError **error);

/* As arguments of a program, and back. (transfer full) */
char **handoff_token_module_to_arguments (const HandoffTokenModule *self);
/* TLS_HANDOFF_ERROR_INVALID_ARGUMENT */
HandoffTokenModule *handoff_token_module_from_arguments (const char *const *arguments,
                                                         GError **error);
gboolean handoff_token_module_equal (const HandoffTokenModule *a, const HandoffTokenModule *b);
