/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Whether GIO takes our module, and if not, why. */
typedef enum
{
  CLI_GIO_TAKEN,
  CLI_GIO_NOT_NAMED,         /* GIO_USE_TLS is not set, and another backend has a higher priority */
  CLI_GIO_OTHER_NAMED,       /* GIO_USE_TLS names another backend */
  CLI_GIO_UNKNOWN_NAME,      /* GIO_USE_TLS names none that there is, so GIO goes by priority */
  CLI_GIO_MODULE_MISSING,    /* the module is not where GIO looks for modules */
  CLI_GIO_MODULE_NOT_LOADED, /* it is, but cannot be loaded */
  CLI_GIO_NO_CERTIFICATES,   /* taken, but glib-networking is missing: there is no TLS */
} CliGioReason;

/* What GIO knows of the module without loading it. */
typedef enum
{
  CLI_GIO_CACHE_LISTED,
  CLI_GIO_CACHE_NOT_LISTED,
  CLI_GIO_CACHE_OUTDATED, /* older than the module */
  CLI_GIO_CACHE_MISSING,
} CliGioCache;

/**
 * CliGioChoice:
 *
 * The TLS backend that GIO takes in this process, and so in every program with this environment.
 */
typedef struct
{
  CliGioReason reason;
  const char *use_tls;          /* (nullable): GIO_USE_TLS */
  GList *backends;              /* (unowned) (element-type GIOExtension): the preferred one first */
  GIOExtension *chosen;         /* (unowned): one of them */
  GIOExtension *named;          /* (unowned) (nullable): the one that GIO_USE_TLS names */
  const char *certificate_type; /* the type of the chosen one's certificates */
  char *module;                 /* (nullable): the module's file */
  CliGioCache cache;            /* if there is a module */
  char *folders;                /* where GIO looks for modules, as in PATH */
  char *load_error;             /* what GIO said if it could not load the module; or "" */
} CliGioChoice;

CliGioChoice *cli_gio_choice_new (void);
void cli_gio_choice_free (CliGioChoice *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliGioChoice, cli_gio_choice_free)
