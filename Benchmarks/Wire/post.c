// One POST whose body and response are both chunked and both go on (RFC 9112 section 7.1).
#include "wire.h"

#include <string.h>
#include <strings.h>

enum { head, size, content, content_end, trailer };

static void start(Line *line) {
    char query[64];
    line_query(line, query);
    line->state = head;
    bytes_text(&line->out,
               "POST %s%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
               "Content-Type: application/vnd.longwire\r\nTransfer-Encoding: chunked\r\n\r\n",
               line->way.target, query, line->way.port);
    if (line->way.speech->begins) line->way.speech->start(line);
}

static void put(Line *line, const uint8_t *bytes, size_t count) {
    bytes_text(&line->out, "%zx\r\n", count);
    bytes_add(&line->out, bytes, count);
    bytes_add(&line->out, "\r\n", 2);
}

// The bytes up to and with the end of a line, 0 while it is not there.
static size_t line_length(const uint8_t *bytes, size_t count) {
    const uint8_t *end = memchr(bytes, '\n', count);
    return end ? (size_t)(end - bytes) + 1 : 0;
}

static size_t take_head(Line *line, uint8_t *bytes, size_t count) {
    uint8_t *end = memmem(bytes, count, "\r\n\r\n", 4);
    if (!end) return 0;
    *end = 0;
    if (strncmp((char *)bytes, "HTTP/1.1 200", 12) != 0) {
        line_fail(line, "answered %.*s", (int)strcspn((char *)bytes, "\r"), (char *)bytes);
    }
    if (!strcasestr((char *)bytes, "transfer-encoding: chunked")) line_fail(line, "the response does not stream");
    line->state = size;
    if (!line->way.speech->begins) line->way.speech->start(line);
    return (size_t)(end + 4 - bytes);
}

static size_t take_size(Line *line, const uint8_t *bytes, size_t count) {
    size_t length = line_length(bytes, count);
    if (length == 0) return 0;
    line->unit_left = 0;
    for (size_t i = 0; i < length && bytes[i] != '\r' && bytes[i] != ';'; i++) {
        int digit = bytes[i] <= '9' ? bytes[i] - '0' : (bytes[i] | 0x20) - 'a' + 10;
        if (digit < 0 || digit > 15) line_fail(line, "the response is not in chunks");
        line->unit_left = line->unit_left * 16 + (uint64_t)digit;
    }
    line->state = line->unit_left > 0 ? content : trailer;
    return length;
}

static size_t input(Line *line, uint8_t *bytes, size_t count) {
    size_t at = 0;
    while (at < count && !line->is_over) {
        size_t taken = 0, rest = count - at;
        switch (line->state) {
        case head: taken = take_head(line, bytes + at, rest); break;
        case size: taken = take_size(line, bytes + at, rest); break;
        case content:
            taken = rest < line->unit_left ? rest : (size_t)line->unit_left;
            line->unit_left -= taken;
            line->way.speech->input(line, bytes + at, taken, false);
            if (line->unit_left == 0) line->state = content_end;
            break;
        case content_end:
            if (rest < 2) return at;
            taken = 2;
            line->state = size;
            break;
        default:
            taken = line_length(bytes + at, rest);
            if (taken > 2) break;
            if (taken == 0) return at;
            if (!line->is_finishing) line_fail(line, "the response came to its end");
            line_over(line);
            return count;
        }
        if (taken == 0) return at;
        at += taken;
    }
    return at;
}

static void finish(Line *line) { bytes_add(&line->out, "0\r\n\r\n", 5); }

const Carrier carrier_post = {true, start, put, input, finish};
