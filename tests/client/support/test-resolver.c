/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "support/test-resolver.h"

typedef struct
{
  GResolver parent;
  const char *const *addresses; /* (unowned) (nullable) */
  guint n_asked;
} TestResolver;

typedef GResolverClass TestResolverClass;

GType test_resolver_get_type (void);
G_DEFINE_TYPE (TestResolver, test_resolver, G_TYPE_RESOLVER)

static void
list_free (gpointer addresses)
{
  g_list_free_full (addresses, g_object_unref);
}

static GList *
lookup (GResolver *resolver, const char *name, GResolverNameLookupFlags flags, GError **error)
{
  TestResolver *self = (TestResolver *) resolver;
  GList *addresses = NULL;

  g_assert_cmpstr (name, ==, TEST_RESOLVER_NAME);
  self->n_asked++;
  /* All of them are IPv4's. */
  if (self->addresses == NULL || (flags & G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY) != 0)
    g_set_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "nobody is called %s", name);
  else
    for (guint i = 0; self->addresses[i] != NULL; i++)
      addresses = g_list_append (addresses, g_inet_address_new_from_string (self->addresses[i]));
  return addresses;
}

static GList *
lookup_by_name (GResolver *resolver,
                const char *name,
                GCancellable *cancellable G_GNUC_UNUSED,
                GError **error)
{
  return lookup (resolver, name, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT, error);
}

static void
lookup_by_name_with_flags_async (GResolver *resolver,
                                 const char *name,
                                 GResolverNameLookupFlags flags,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (resolver, cancellable, callback, user_data);
  GError *error = NULL;
  GList *addresses = lookup (resolver, name, flags, &error);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, addresses, list_free);
}

static GList *
lookup_by_name_with_flags_finish (GResolver *resolver G_GNUC_UNUSED,
                                  GAsyncResult *result,
                                  GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
test_resolver_class_init (TestResolverClass *klass)
{
  klass->lookup_by_name = lookup_by_name;
  klass->lookup_by_name_with_flags_async = lookup_by_name_with_flags_async;
  klass->lookup_by_name_with_flags_finish = lookup_by_name_with_flags_finish;
}

static void
test_resolver_init (TestResolver *self G_GNUC_UNUSED)
{
}

void
test_resolver_set (const char *const *addresses)
{
  g_autoptr (GResolver) resolver = g_object_new (test_resolver_get_type (), NULL);

  ((TestResolver *) resolver)->addresses = addresses;
  g_resolver_set_default (resolver);
}

guint
test_resolver_count (void)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();

  return ((TestResolver *) resolver)->n_asked;
}
