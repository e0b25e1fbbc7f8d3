#ifndef LONGWIRE_COUNTER_H
#define LONGWIRE_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

/// Runs `body(context)` and returns how often it took memory, on this thread. Valgrind knows this function by its name:
/// what runs within it is what is counted.
uint64_t counter_measured(void (*body)(void *), void *context);

/// Whether allocations are seen at all: the C library must be GNU's, and no sanitizer in its place.
bool counter_sees_allocations(void);

/// From now on keeps where measured allocations come from, up to some thousands.
void counter_keep_stacks(void);

/// Writes a line for each allocation that was kept: its size, then its callers as MODULE+OFFSET or names.
void counter_write_stacks(void);

#endif
