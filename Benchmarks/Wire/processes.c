// What the processes beside us take: from /proc, with all their descendants.
#include "wire.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Trees trees_of(const char *list) {
    Trees trees = {0};
    while (list && *list && trees.count < 8) {
        char *end;
        trees.roots[trees.count++] = (int)strtol(list, &end, 10);
        list = *end == ',' ? end + 1 : NULL;
    }
    return trees;
}

// Calls for every thread of a process and of its descendants.
static void each_thread(int process, void (*visit)(int process, int thread, void *of), void *of) {
    char path[300];
    snprintf(path, sizeof path, "/proc/%d/task", process);
    DIR *folder = opendir(path);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        int thread = atoi(entry->d_name);
        if (thread == 0) continue;
        visit(process, thread, of);
        snprintf(path, sizeof path, "/proc/%d/task/%d/children", process, thread);
        FILE *file = fopen(path, "re");
        int child;
        while (file && fscanf(file, "%d", &child) == 1) each_thread(child, visit, of);
        if (file) fclose(file);
    }
    closedir(folder);
}

static void each_root(const Trees *trees, void (*visit)(int, int, void *), void *of) {
    for (int i = 0; i < trees->count; i++) each_thread(trees->roots[i], visit, of);
}

static void add_time(int process, int thread, void *of) {
    char path[64];
    unsigned long long nanoseconds = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", process, thread);
    FILE *file = fopen(path, "re");
    if (file && fscanf(file, "%llu", &nanoseconds) == 1) *(uint64_t *)of += nanoseconds;
    if (file) fclose(file);
}

uint64_t trees_time(const Trees *trees) {
    uint64_t time = 0;
    each_root(trees, add_time, &time);
    return time;
}

static void add_memory(int process, int thread, void *of) {
    if (process != thread) return;
    char path[64], line[256];
    unsigned long long kibibytes;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", process);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "Pss: %llu", &kibibytes) == 1) *(uint64_t *)of += kibibytes * 1024;
    }
    if (file) fclose(file);
}

uint64_t trees_memory(const Trees *trees) {
    uint64_t memory = 0;
    each_root(trees, add_memory, &memory);
    return memory;
}

static void set_place(int process, int thread, void *of) {
    (void)process;
    sched_setaffinity(thread, sizeof(cpu_set_t), of);
}

void trees_pin(const Trees *trees, bool pinned) {
    cpu_set_t set;
    CPU_ZERO(&set);
    long processors = pinned ? 1 : sysconf(_SC_NPROCESSORS_CONF);
    for (long i = 0; i < processors; i++) CPU_SET((size_t)i, &set);
    each_root(trees, set_place, &set);
    sched_setaffinity(0, sizeof set, &set);
}
