/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-request.h"

/* Methods of the service, as rows of a table: which arguments a method takes, what they are in C
 * and in the message, and how its reply is read. */

/* What an argument is in C, and what it is in the message. */
typedef enum
{
  HANDOFF_ARGUMENT_STRING,       /* const char *: s */
  HANDOFF_ARGUMENT_STRINGS,      /* const char *const *: as; an empty list counts as NULL */
  HANDOFF_ARGUMENT_BOOLEAN,      /* gboolean: b; FALSE counts as NULL */
  HANDOFF_ARGUMENT_UINT,         /* guint: u; 0 counts as NULL */
  HANDOFF_ARGUMENT_UID,          /* gint64: u; a negative number counts as NULL */
  HANDOFF_ARGUMENT_CERTIFICATES, /* GPtrArray * of GBytes: aay */
  HANDOFF_ARGUMENT_BYTES,        /* GBytes *: ay */
  HANDOFF_ARGUMENT_SECRET,       /* const char *: h, a memfd */
  HANDOFF_ARGUMENT_SECRET_BYTES, /* GBytes *: h, a memfd */
} HandoffArgumentType;

typedef struct
{
  const char *name; /* of the public function's parameter, and of the option */
  HandoffArgumentType type;
} HandoffArgument;

typedef struct
{
  const char *function; /* the public one, without _sync or _async: for messages to programmers */
  const char *interface;
  const char *method;
  /* Both lists end with an argument without a name. */
  HandoffArgument parameters[3]; /* none is NULL */
  HandoffArgument options[6];    /* those that are not NULL go into an a{sv}, the last parameter */
  HandoffServiceReply reply;
} HandoffServiceMethod;

/* The call of method on the object at path. arguments: the method's parameters and then its
 * options, each of the type in C that its row says: like those of g_variant_new(), the compiler
 * cannot check them.
 *
 * (transfer full): or NULL with an error; or NULL without one if a parameter is NULL, which is a
 * programmer's mistake and is logged. */
GDBusMessage *handoff_service_method_new_call (const HandoffServiceMethod *method,
                                               HandoffServiceBus *bus,
                                               const char *path,
                                               gboolean interactive,
                                               va_list *arguments,
                                               GError **error);
