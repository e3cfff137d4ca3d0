/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "tokens/module-process.h"

#include <string.h>

#include "link/token-messages.h"
#include "process/process.h"

#define PROGRAM "tls-handoff-token"

struct _HandoffModuleProcess
{
  HandoffTokenModule *module; /* (owned) */
  HandoffPinBook *book;       /* (unowned) */
  guint64 *last_number;       /* (unowned) */
  const HandoffModuleFunctions *functions;
  gpointer user_data;

  HandoffRestarts restarts;
  HandoffProcess *process; /* (owned) (nullable) */
  guint64 number;          /* 0: none runs */
  GHashTable *labels;      /* (owned) (element-type utf8 guint): how often entered */
};

HandoffModuleProcess *
handoff_module_process_new (HandoffTokenModule *module,
                            HandoffPinBook *book,
                            guint64 *last_number,
                            const HandoffModuleFunctions *functions,
                            gpointer user_data)
{
  HandoffModuleProcess *self = g_new0 (HandoffModuleProcess, 1);

  self->module = module;
  self->book = book;
  self->last_number = last_number;
  self->functions = functions;
  self->user_data = user_data;
  self->restarts = (HandoffRestarts) HANDOFF_RESTARTS_INIT;
  self->labels = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

/* It has ended, or is ended here. */
static void
end (HandoffModuleProcess *self)
{
  const guint64 number = self->number;

  if (self->process == NULL)
    return;
  self->number = 0;
  g_clear_pointer (&self->process, handoff_process_free);
  handoff_pin_book_remove_helper (self->book, number);
  self->functions->ended (number, self->user_data);
  self->functions->pins_changed (self->user_data);
}

void
handoff_module_process_free (HandoffModuleProcess *self)
{
  end (self);
  handoff_token_module_free (self->module);
  g_hash_table_unref (self->labels);
  g_free (self);
}

/* Whether the process may say something of that token now: somebody uses the token there. A use may
 * have ended here before the process knew. */
static gboolean
is_used (HandoffModuleProcess *self, const char *label)
{
  return g_hash_table_contains (self->labels, label);
}

static void
try_pin (HandoffModuleProcess *self, HandoffLink *link, HandoffLinkMessage *message)
{
  g_autoptr (GVariant) digest = NULL;
  const char *label, *file_identity;
  gboolean may = FALSE;

  g_variant_get (message->body, "(&s@ay&s)", &label, &digest, &file_identity);
  if (g_variant_get_size (digest) != HANDOFF_PIN_DIGEST_SIZE)
    {
      handoff_link_breach (link, "a digest of another size");
      return;
    }
  if (strlen (file_identity) > HANDOFF_PIN_FILE_IDENTITY_LENGTH)
    {
      handoff_link_breach (link, "an identity of a PIN file that is too long");
      return;
    }
  if (is_used (self, label))
    may = handoff_pin_book_may_try (self->book, self->number, label, g_variant_get_data (digest),
                                    file_identity);
  handoff_link_call_return (g_steal_pointer (&message->call), g_variant_new ("(b)", may), NULL, 0);
}

static void
settle_pin (HandoffModuleProcess *self, HandoffLink *link, GVariant *body)
{
  const char *label;
  guint fate;
  gboolean can_open, has_given;

  g_variant_get (body, "(&subb)", &label, &fate, &can_open, &has_given);
  if (fate >= HANDOFF_PIN_N_FATES)
    {
      handoff_link_breach (link, "an unknown fate of a PIN");
      return;
    }
  if (!is_used (self, label) && !handoff_pin_book_is_trying (self->book, self->number, label))
    return;
  handoff_pin_book_settle (self->book, self->number, label, (HandoffPinFate) fate, can_open,
                           has_given);
  self->functions->pins_changed (self->user_data);
}

static void
find_pin (HandoffModuleProcess *self, HandoffLinkMessage *message)
{
  HandoffLinkCall *call = g_steal_pointer (&message->call);
  g_autofree char *identity = NULL;
  g_autoptr (GBytes) pin = NULL;
  g_autoptr (GError) error = NULL;
  GVariant *value = NULL;
  const char *label;

  g_variant_get (message->body, "(&s)", &label);
  if (is_used (self, label))
    pin = handoff_pin_book_find_in_file (self->book, label, &identity, &error);
  if (error != NULL)
    {
      handoff_link_call_fail (call, error);
      return;
    }
  if (pin != NULL)
    value = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, pin, TRUE);
  handoff_link_call_return (
      call, g_variant_new ("(m@ays)", value, identity != NULL ? identity : ""), NULL, 0);
}

static void
received (HandoffLink *link, HandoffLinkMessage *message, gpointer user_data)
{
  HandoffModuleProcess *self = user_data;
  const char *text;
  guint64 holder;

  switch (message->number)
    {
    case HANDOFF_TOKEN_TRY_PIN:
      try_pin (self, link, message);
      break;
    case HANDOFF_TOKEN_SETTLE_PIN:
      settle_pin (self, link, message->body);
      break;
    case HANDOFF_TOKEN_FIND_PIN:
      find_pin (self, message);
      break;
    case HANDOFF_TOKEN_LOST:
      g_variant_get (message->body, "(&s)", &text);
      self->functions->lost (self, text, self->user_data);
      break;
    case HANDOFF_TOKEN_VIOLATION:
      g_variant_get (message->body, "(tt&s)", &holder, NULL, &text);
      self->functions->violated (self->number, holder, text, self->user_data);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
ended (HandoffLink *link, const GError *error, gpointer user_data)
{
  end (user_data);
}

const HandoffTokenModule *
handoff_module_process_get_module (HandoffModuleProcess *self)
{
  return self->module;
}

HandoffLink *
handoff_module_process_get_link (HandoffModuleProcess *self)
{
  return self->process != NULL ? handoff_process_get_link (self->process) : NULL;
}

HandoffLink *
handoff_module_process_start (HandoffModuleProcess *self, guint64 *number, GError **error)
{
  static const HandoffLinkFunctions functions = { received, ended };
  g_auto (GStrv) arguments = NULL;
  HandoffProgram program = { .name = PROGRAM, .keeps_environment = TRUE };
  HandoffLink *link;

  if (self->process != NULL)
    handoff_link_notice_end (handoff_process_get_link (self->process));
  if (self->process == NULL)
    {
      arguments = handoff_token_module_to_arguments (self->module);
      program.arguments = (const char *const *) arguments;
      program.restarts = &self->restarts;
      program.task = self->module->path;
      self->process =
          handoff_process_start (&program, &handoff_token_messages, &functions, self, error);
      if (self->process == NULL)
        return NULL;
      self->number = ++*self->last_number;
      link = handoff_process_get_link (self->process);
      handoff_link_send (
          link, HANDOFF_TOKEN_CONFIGURE,
          g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE,
                                                             handoff_pin_book_get_salt (self->book),
                                                             HANDOFF_PIN_SALT_SIZE, 1)),
          NULL, 0, NULL);
      self->functions->started (self->number, link, self->user_data);
    }
  if (number != NULL)
    *number = self->number;
  return handoff_process_get_link (self->process);
}

guint64
handoff_module_process_get_number (HandoffModuleProcess *self)
{
  return self->number;
}

gboolean
handoff_module_process_describe (HandoffModuleProcess *self, GVariantDict *dict)
{
  if (self->process == NULL)
    return FALSE;
  handoff_process_describe (self->process, dict);
  g_variant_dict_insert (dict, "module", "s", self->module->path);
  g_variant_dict_insert (dict, "tokens", "u", g_hash_table_size (self->labels));
  return TRUE;
}

void
handoff_module_process_enter_token (HandoffModuleProcess *self, const char *label)
{
  const guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->labels, label));

  g_hash_table_replace (self->labels, g_strdup (label), GUINT_TO_POINTER (n + 1));
}

void
handoff_module_process_leave_token (HandoffModuleProcess *self, const char *label)
{
  const guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->labels, label));

  if (n > 1)
    g_hash_table_replace (self->labels, g_strdup (label), GUINT_TO_POINTER (n - 1));
  else
    g_hash_table_remove (self->labels, label);
}
