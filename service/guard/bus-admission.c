/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "guard/bus-admission.h"

#include "work/descriptor-reaper.h"

struct _HandoffBusAdmission
{
  char *learned; /* (owned) (nullable): a unique name */
  guint learned_uid;
};

HandoffBusAdmission *
handoff_bus_admission_new (void)
{
  return g_new0 (HandoffBusAdmission, 1);
}

void
handoff_bus_admission_free (HandoffBusAdmission *self)
{
  g_free (self->learned);
  g_free (self);
}

void
handoff_bus_admission_learn (HandoffBusAdmission *self, const char *name, guint uid)
{
  g_free (self->learned);
  self->learned = g_strdup (name);
  self->learned_uid = uid;
}

static gboolean
has_learned (HandoffBusAdmission *self, const char *name)
{
  return g_strcmp0 (self->learned, name) == 0;
}

guint
handoff_bus_admission_get_uid (HandoffBusAdmission *self, const char *name)
{
  return has_learned (self, name) ? self->learned_uid : HANDOFF_UID_UNKNOWN;
}

static gboolean
may_take_unknown (guint n_unknown_fds)
{
  return n_unknown_fds + handoff_descriptor_reaper_count (HANDOFF_UID_UNKNOWN) <
             HANDOFF_BUS_UNKNOWN_FDS &&
         handoff_descriptor_reaper_accepts (HANDOFF_UID_UNKNOWN, NULL);
}

HandoffBusRights
handoff_bus_admission_judge (HandoffBusAdmission *self,
                             const HandoffBusMessage *message,
                             guint uid,
                             guint n_unknown_fds)
{
  if (handoff_bus_message_is_of_the_bus (message))
    return HANDOFF_BUS_RIGHTS_TAKE;
  if (message->sender == NULL)
    return HANDOFF_BUS_RIGHTS_DROP;
  if (uid == HANDOFF_UID_UNKNOWN && !has_learned (self, message->sender))
    return may_take_unknown (n_unknown_fds) ? HANDOFF_BUS_RIGHTS_TAKE : HANDOFF_BUS_RIGHTS_WAIT;
  if (uid == HANDOFF_UID_UNKNOWN)
    uid = self->learned_uid;
  return uid != HANDOFF_UID_UNKNOWN && handoff_descriptor_reaper_accepts (uid, NULL)
             ? HANDOFF_BUS_RIGHTS_TAKE
             : HANDOFF_BUS_RIGHTS_DROP;
}
