// Bare TCP.
#include "wire.h"

#include <sys/socket.h>

static void start(Line *line) { line->way.speech->start(line); }

static void put(Line *line, const uint8_t *bytes, size_t count) { bytes_add(&line->out, bytes, count); }

static size_t input(Line *line, uint8_t *bytes, size_t count) {
    line->way.speech->input(line, bytes, count, false);
    return count;
}

static void finish(Line *line) {
    line_write(line);
    shutdown(line->fd, SHUT_WR);
}

const Carrier carrier_tcp = {true, start, put, input, finish};
