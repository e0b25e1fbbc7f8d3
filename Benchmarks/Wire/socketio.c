// socket.io (protocol 5, over engine.io 4): a message is the event "m" with one text.
#include "wire.h"

#include <string.h>

static void say(Line *line, const char *text) {
    line->opcode = 1;
    line->way.carrier->put(line, (const uint8_t *)text, strlen(text));
    line_queue(line);
}

// It begins when the server has said what it offers.
static void start(Line *line) { (void)line; }

static bool can_send(Line *line, size_t count) {
    (void)line, (void)count;
    return true;
}

static void send_message(Line *line, const uint8_t *bytes, size_t count, bool is_text) {
    (void)is_text;
    static const char before[] = "42[\"m\",\"", behind[] = "\"]";
    Bytes *body = &line->body;
    bytes_add(body, before, sizeof before - 1);
    bytes_add(body, bytes, count);
    bytes_add(body, behind, sizeof behind - 1);
    line->opcode = 1;
    line->way.carrier->put(line, bytes_front(body), bytes_count(body));
    bytes_take(body, bytes_count(body));
    line_queue(line);
}

static void packet(Line *line, const uint8_t *bytes, size_t count) {
    if (count >= 1 && bytes[0] == '0') return say(line, "40");
    if (count >= 1 && bytes[0] == '2') return say(line, "3");
    if (count >= 2 && bytes[0] == '4' && bytes[1] == '0') return line_opened(line);
    if (count >= 10 && memcmp(bytes, "42[\"m\",\"", 8) == 0) return events.heard(line, bytes + 8, count - 10, true);
    if (count >= 2 && bytes[0] == '4' && bytes[1] == '1' && line->is_finishing) return;
    line_fail(line, "not understood: %.*s", (int)(count < 80 ? count : 80), (const char *)bytes);
}

static void input(Line *line, uint8_t *bytes, size_t count, bool is_end) {
    if (is_end && bytes_count(&line->part) == 0) return packet(line, bytes, count);
    bytes_add(&line->part, bytes, count);
    if (!is_end) return;
    packet(line, bytes_front(&line->part), bytes_count(&line->part));
    bytes_take(&line->part, bytes_count(&line->part));
}

static void flush(Line *line) { (void)line; }

static void finish(Line *line) {
    say(line, "41");
    line->way.carrier->finish(line);
}

static void abandon(Line *line) { (void)line; }

const Speech speech_socketio = {false, start, can_send, send_message, input, flush, finish, abandon};
