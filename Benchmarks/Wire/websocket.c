// A WebSocket (RFC 6455). What it carries is binary, but for what is said as text.
#include "wire.h"

#include <string.h>

enum { head, unit, content };

static void start(Line *line) {
    char query[64];
    line_query(line, query);
    line->state = head;
    line->opcode = 2;
    // Sixteen bytes in base64; the answer's hash is not looked at, what comes behind it is.
    bytes_text(&line->out,
               "GET %s%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
               "Connection: Upgrade\r\nSec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\nSec-WebSocket-Version: 13\r\n\r\n",
               line->way.target, query, line->way.port);
}

static void frame(Line *line, uint8_t opcode, const uint8_t *bytes, size_t count) {
    uint8_t *to = bytes_reserve(&line->out, count + 14);
    uint8_t *begin = to;
    uint64_t word = random_word();
    uint32_t mask = (uint32_t)(word >> 32);
    *to++ = 0x80 | opcode;
    if (count < 126) {
        *to++ = 0x80 | (uint8_t)count;
    } else if (count < 65536) {
        *to++ = 0x80 | 126;
        *to++ = (uint8_t)(count >> 8);
        *to++ = (uint8_t)count;
    } else {
        *to++ = 0x80 | 127;
        for (int shift = 56; shift >= 0; shift -= 8) *to++ = (uint8_t)((uint64_t)count >> shift);
    }
    memcpy(to, &mask, 4);
    to += 4;
    uint64_t wide = (uint64_t)mask << 32 | mask, piece;
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        memcpy(&piece, bytes + i, 8);
        piece ^= wide;
        memcpy(to + i, &piece, 8);
    }
    for (; i < count; i++) to[i] = bytes[i] ^ (uint8_t)(mask >> (8 * (i & 3)));
    line->out.end += (size_t)(to - begin) + count;
}

static void put(Line *line, const uint8_t *bytes, size_t count) { frame(line, line->opcode, bytes, count); }

static size_t take_head(Line *line, uint8_t *bytes, size_t count) {
    uint8_t *end = memmem(bytes, count, "\r\n\r\n", 4);
    if (!end) return 0;
    *end = 0;
    if (strncmp((char *)bytes, "HTTP/1.1 101", 12) != 0) {
        line_fail(line, "answered %.*s", (int)strcspn((char *)bytes, "\r"), (char *)bytes);
    }
    line->state = unit;
    line->way.speech->start(line);
    return (size_t)(end + 4 - bytes);
}

// The head of a frame; control frames whole.
static size_t take_unit(Line *line, const uint8_t *bytes, size_t count) {
    if (count < 2) return 0;
    uint8_t opcode = bytes[0] & 0x0f;
    size_t length = 2;
    uint64_t size = bytes[1] & 0x7f;
    if (bytes[1] & 0x80 || bytes[0] & 0x70) line_fail(line, "a frame is masked or compressed");
    if (size >= 126) {
        length += size == 126 ? 2 : 8;
        if (count < length) return 0;
        size = 0;
        for (size_t i = 2; i < length; i++) size = size << 8 | bytes[i];
    }
    if (opcode >= 8) {
        if (count < length + size) return 0;
        if (opcode == 9) frame(line, 10, bytes + length, (size_t)size), line_queue(line);
        if (opcode == 8 && !line->is_finishing) line_fail(line, "the other side closed the WebSocket");
        if (opcode == 8) line_over(line);
        return length + (size_t)size;
    }
    line->unit_left = size;
    line->unit_ends = bytes[0] & 0x80;
    line->state = content;
    return length;
}

static size_t input(Line *line, uint8_t *bytes, size_t count) {
    size_t at = 0;
    while ((at < count || line->state == content) && !line->is_over) {
        size_t taken = 0, rest = count - at;
        switch (line->state) {
        case head: taken = take_head(line, bytes + at, rest); break;
        case unit: taken = take_unit(line, bytes + at, rest); break;
        default:
            taken = rest < line->unit_left ? rest : (size_t)line->unit_left;
            if (taken == 0 && line->unit_left > 0) return at;
            line->unit_left -= taken;
            if (line->unit_left == 0) line->state = unit;
            line->way.speech->input(line, bytes + at, taken, line->unit_left == 0 && line->unit_ends);
            at += taken;
            continue;
        }
        if (taken == 0) return at;
        at += taken;
    }
    return at;
}

static void finish(Line *line) { frame(line, 8, (const uint8_t *)"\x03\xe8", 2); }

const Carrier carrier_websocket = {false, start, put, input, finish};
