#define _GNU_SOURCE
#include "counter.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

enum { depth = 24, most = 4096 };

static _Thread_local bool is_counting;
static _Thread_local uint64_t counted;
static bool keeps_stacks;
static struct {
    size_t size;
    void *callers[depth];
} kept[most];
static unsigned kept_count;

__attribute__((noinline)) uint64_t counter_measured(void (*body)(void *), void *context) {
    counted = 0;
    is_counting = true;
    body(context);
    is_counting = false;
    return counted;
}

void counter_keep_stacks(void) { keeps_stacks = true; }

#if defined(__GLIBC__) && !defined(SANITIZED)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

bool counter_sees_allocations(void) { return true; }

// Follows the frame pointers, which all Swift code has.
static __attribute__((noinline)) void keep(size_t size) {
    if (kept_count == most) return;
    void **frame = __builtin_frame_address(0);
    uintptr_t highest = (uintptr_t)frame + (1 << 20);
    kept[kept_count].size = size;
    for (int index = 0; index < depth; index++) {
        void **next = frame[0];
        if (!frame[1]) break;
        kept[kept_count].callers[index] = frame[1];
        if (next <= frame || (uintptr_t)next > highest) break;
        frame = next;
    }
    kept_count++;
}

static void note(size_t size) {
    if (!is_counting) return;
    counted++;
    if (keeps_stacks) keep(size);
}

void *malloc(size_t size) {
    note(size);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    note(count * size);
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    note(size);
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    note(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    note(size);
    *result = __libc_memalign(alignment, size);
    return *result ? 0 : 12;
}

#else

bool counter_sees_allocations(void) { return false; }

#endif

void counter_write_stacks(void) {
    for (unsigned number = 0; number < kept_count; number++) {
        printf("%zu", kept[number].size);
        for (int index = 0; index < depth && kept[number].callers[index]; index++) {
            // A return address may be the next function's first.
            char *caller = (char *)kept[number].callers[index] - 1;
            Dl_info info;
            if (!dladdr(caller, &info) || !info.dli_fname) {
                printf(" ?");
            } else if (info.dli_sname) {
                printf(" %s", info.dli_sname);
            } else {
                printf(" %s+%tx", info.dli_fname, caller - (char *)info.dli_fbase);
            }
        }
        printf("\n");
    }
}
