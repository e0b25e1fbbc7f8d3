#include "wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint8_t *bytes_reserve(Bytes *bytes, size_t count) {
    if (bytes->room - bytes->end < count) {
        size_t held = bytes_count(bytes);
        if (bytes->start > 0 && bytes->room >= held + count) {
            memmove(bytes->at, bytes->at + bytes->start, held);
        } else {
            size_t room = bytes->room ? bytes->room : 256;
            while (room < held + count) room *= 2;
            uint8_t *at = malloc(room);
            if (!at) fail("no memory for %zu bytes", room);
            if (held > 0) memcpy(at, bytes->at + bytes->start, held);
            free(bytes->at);
            bytes->at = at;
            bytes->room = room;
        }
        bytes->start = 0;
        bytes->end = held;
    }
    return bytes->at + bytes->end;
}

void bytes_add(Bytes *bytes, const void *from, size_t count) {
    if (count == 0) return;
    memcpy(bytes_reserve(bytes, count), from, count);
    bytes->end += count;
}

void bytes_text(Bytes *bytes, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int count = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (count < 0 || (size_t)count >= sizeof text) fail("a text of %d bytes is too long", count);
    bytes_add(bytes, text, (size_t)count);
}

void bytes_take(Bytes *bytes, size_t count) {
    bytes->start += count;
    if (bytes->start == bytes->end) bytes->start = bytes->end = 0;
}

void bytes_free(Bytes *bytes) {
    free(bytes->at);
    *bytes = (Bytes){0};
}
