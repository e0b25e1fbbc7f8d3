// Speech without words of its own: a message is its bytes.
#include "wire.h"

static void start(Line *line) { line_opened(line); }

static bool can_send(Line *line, size_t count) {
    (void)line, (void)count;
    return true;
}

static void send_message(Line *line, const uint8_t *bytes, size_t count, bool is_text) {
    line->opcode = is_text ? 1 : 2;
    if (line->way.carrier->joins) {
        bytes_add(&line->body, bytes, count);
    } else {
        line->way.carrier->put(line, bytes, count);
    }
    line_queue(line);
}

static void input(Line *line, uint8_t *bytes, size_t count, bool is_end) { events.heard(line, bytes, count, is_end); }

static void flush(Line *line) {
    if (bytes_count(&line->body) == 0) return;
    line->way.carrier->put(line, bytes_front(&line->body), bytes_count(&line->body));
    bytes_take(&line->body, bytes_count(&line->body));
}

static void finish(Line *line) {
    flush(line);
    line->way.carrier->finish(line);
}

static void abandon(Line *line) { (void)line; }

const Speech speech_plain = {false, start, can_send, send_message, input, flush, finish, abandon};
