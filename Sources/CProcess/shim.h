// What Linux offers for processes, and Swift's view of the C library does not show.
#ifndef LONGWIRE_CPROCESS_H
#define LONGWIRE_CPROCESS_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#endif

// A pipe whose ends no program inherits by itself. Returns 0, or the number of the error.
static inline int longwire_pipe(int *ends) {
#ifdef __linux__
    return syscall(SYS_pipe2, ends, O_CLOEXEC) == 0 ? 0 : errno;
#else
    if (pipe(ends) != 0) return errno;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
#endif
}

// Lowers another process's soft limit on descriptors; a lower one stays. Returns 0, or the number of the error.
static inline int longwire_lower_descriptor_limit(pid_t process, uint64_t soft) {
#ifdef __linux__
    struct { uint64_t soft, hard; } limit;
    if (syscall(SYS_prlimit64, process, RLIMIT_NOFILE, 0, &limit) != 0) return errno;
    if (limit.soft <= soft) return 0;
    limit.soft = soft;
    return syscall(SYS_prlimit64, process, RLIMIT_NOFILE, &limit, 0) == 0 ? 0 : errno;
#else
    return ENOSYS;
#endif
}

#endif
