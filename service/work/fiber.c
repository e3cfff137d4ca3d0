/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "work/fiber.h"

#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "keyblob/secret-memory.h"

#ifdef __SANITIZE_ADDRESS__
#define HAS_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#endif
#endif

#ifdef __SANITIZE_THREAD__
#define HAS_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAS_THREAD_SANITIZER 1
#endif
#endif

#ifdef HAS_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef HAS_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

/* Much more than GnuTLS was seen to use. Pages that are not touched take no memory. With a
 * sanitizer, frames are several times as large. */
#if defined(HAS_ADDRESS_SANITIZER) || defined(HAS_THREAD_SANITIZER)
#define STACK_SIZE (1024 * 1024)
#else
#define STACK_SIZE (256 * 1024)
#endif

/* The first page is a guard: a stack that grows too far ends in a fault, not in the memory of
 * others. */
typedef struct
{
  guint8 *memory;
  gsize guard_size;
  gboolean is_wiped; /* since a fiber ran on it */
} Stack;

/* What a thread keeps for its next fibers: as many as handshakes of a busy thread wait for
 * signatures at once. To map a stack, and have its pages faulted in, costs a tenth of a
 * handshake. */
#define N_SPARE 16

typedef struct
{
  Stack *stacks[N_SPARE]; /* (owned): the last one is next: its pages are the warmest */
  guint n;
} Spare;

struct _HandoffFiber
{
  HandoffFiberFunc function;
  gpointer data; /* (unowned) */
  int result;
  gboolean started;
  gboolean returned;
  Stack *stack; /* (owned) (nullable): NULL before it starts */
  ucontext_t context;
  ucontext_t runner;
#ifdef HAS_ADDRESS_SANITIZER
  void *fake_stack;
  const void *runner_stack;
  gsize runner_stack_size;
#endif
#ifdef HAS_THREAD_SANITIZER
  void *own_state;
  void *runner_state;
#endif
};

static void spare_free (gpointer data);

static GPrivate spare_stacks = G_PRIVATE_INIT (spare_free);
/* The fiber for the first frame of a new stack: makecontext() passes no pointers. */
static __thread HandoffFiber *starting;

static Stack *
stack_new (void)
{
  Stack *stack = g_new (Stack, 1);

  stack->guard_size = (gsize) sysconf (_SC_PAGESIZE);
  stack->memory = mmap (NULL, stack->guard_size + STACK_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (stack->memory == MAP_FAILED)
    g_error ("No memory for a stack");
  mprotect (stack->memory, stack->guard_size, PROT_NONE);
  madvise (stack->memory, stack->guard_size + STACK_SIZE, MADV_DONTDUMP);
  return stack;
}

/* Wipes from the lowest page that was ever touched. */
static void
stack_wipe (Stack *stack)
{
  unsigned char is_resident[STACK_SIZE / 4096];
  guint8 *start = stack->memory + stack->guard_size;
  const gsize page_size = stack->guard_size;
  gsize page = 0;

#ifdef HAS_ADDRESS_SANITIZER
  __asan_unpoison_memory_region (start, STACK_SIZE);
#endif
  if (mincore (start, STACK_SIZE, is_resident) == 0)
    while (page < STACK_SIZE / page_size && !(is_resident[page] & 1))
      page++;
  handoff_wipe (start + page * page_size, STACK_SIZE - page * page_size);
  stack->is_wiped = TRUE;
}

static void
stack_free (Stack *stack)
{
  if (!stack->is_wiped)
    stack_wipe (stack);
  munmap (stack->memory, stack->guard_size + STACK_SIZE);
  g_free (stack);
}

static void
spare_free (gpointer data)
{
  Spare *spare = data;

  while (spare->n > 0)
    stack_free (spare->stacks[--spare->n]);
  g_free (spare);
}

/* (transfer none) */
static Spare *
get_spare (void)
{
  Spare *spare = g_private_get (&spare_stacks);

  if (spare == NULL)
    {
      spare = g_new0 (Spare, 1);
      g_private_set (&spare_stacks, spare);
    }
  return spare;
}

static void
leave_runner (HandoffFiber *self)
{
#ifdef HAS_ADDRESS_SANITIZER
  void *fake_stack = NULL;

  __sanitizer_start_switch_fiber (&fake_stack, self->stack->memory + self->stack->guard_size,
                                  STACK_SIZE);
#endif
#ifdef HAS_THREAD_SANITIZER
  self->runner_state = __tsan_get_current_fiber ();
  __tsan_switch_to_fiber (self->own_state, 0);
#endif
  if (swapcontext (&self->runner, &self->context) != 0)
    g_error ("Cannot switch to another stack");
#ifdef HAS_ADDRESS_SANITIZER
  __sanitizer_finish_switch_fiber (fake_stack, NULL, NULL);
#endif
}

static void
arrived (HandoffFiber *self)
{
#ifdef HAS_ADDRESS_SANITIZER
  __sanitizer_finish_switch_fiber (self->fake_stack, &self->runner_stack, &self->runner_stack_size);
#endif
}

static void
leave_fiber (HandoffFiber *self)
{
#ifdef HAS_ADDRESS_SANITIZER
  /* A fiber that does not come back frees its fake stack. */
  __sanitizer_start_switch_fiber (self->returned ? NULL : &self->fake_stack, self->runner_stack,
                                  self->runner_stack_size);
#endif
#ifdef HAS_THREAD_SANITIZER
  __tsan_switch_to_fiber (self->runner_state, 0);
#endif
  if (swapcontext (&self->context, &self->runner) != 0)
    g_error ("Cannot switch back from another stack");
  arrived (self);
}

static void
first_frame (void)
{
  HandoffFiber *self = starting;

  arrived (self);
  self->result = self->function (self->data);
  self->returned = TRUE;
  leave_fiber (self);
  g_assert_not_reached ();
}

HandoffFiber *
handoff_fiber_new (HandoffFiberFunc function, gpointer data)
{
  HandoffFiber *self = g_new0 (HandoffFiber, 1);

  self->function = function;
  self->data = data;
  return self;
}

static void
start (HandoffFiber *self)
{
  Spare *spare = get_spare ();

  self->started = TRUE;
  self->stack = spare->n > 0 ? spare->stacks[--spare->n] : stack_new ();
  self->stack->is_wiped = FALSE;

  if (getcontext (&self->context) != 0)
    g_error ("Cannot prepare another stack");
  self->context.uc_stack.ss_sp = self->stack->memory + self->stack->guard_size;
  self->context.uc_stack.ss_size = STACK_SIZE;
  self->context.uc_link = NULL;
  makecontext (&self->context, first_frame, 0);
#ifdef HAS_THREAD_SANITIZER
  self->own_state = __tsan_create_fiber (0);
#endif
  starting = self;
}

gboolean
handoff_fiber_run (HandoffFiber *self, int *result)
{
  g_assert (!self->returned);

  if (!self->started)
    start (self);
  leave_runner (self);
  if (self->returned)
    *result = self->result;
  return self->returned;
}

void
handoff_fiber_pause (HandoffFiber *self)
{
  leave_fiber (self);
}

void
handoff_fiber_free (HandoffFiber *self)
{
  Spare *spare = get_spare ();

  g_assert (self->returned || !self->started);

#ifdef HAS_THREAD_SANITIZER
  if (self->own_state != NULL)
    __tsan_destroy_fiber (self->own_state);
#endif
  if (self->stack != NULL && spare->n < N_SPARE)
    spare->stacks[spare->n++] = self->stack;
  else
    g_clear_pointer (&self->stack, stack_free);
  g_free (self);
}

void
handoff_fiber_wipe_spare_stacks (void)
{
  Spare *spare = get_spare ();
  guint i;

  /* Those that came last are the ones that nobody has wiped. */
  for (i = spare->n; i > 0 && !spare->stacks[i - 1]->is_wiped; i--)
    stack_wipe (spare->stacks[i - 1]);
}
