// What a client of Longwire says, over a chunked POST (`duplex`) or inside the messages of a WebSocket.
#include "wire.h"

#include <string.h>

enum { hole = 40 };

static size_t make_acknowledgement(Line *line, uint8_t *to) {
    uint8_t value[24];
    size_t length = put_number(value, line->frames.received);
    length += put_number(value + length, line->frames.taken + window);
    length += put_number(value + length, 1);
    to[0] = type_ack;
    to[1] = (uint8_t)length;
    memcpy(to + 2, value, length);
    return length + 2;
}

// What goes out together begins with a hole, so that an acknowledgement that came due meanwhile can go first.
static void begin(Line *line) {
    if (bytes_count(&line->body) > 0) return;
    bytes_reserve(&line->body, hole);
    line->body.start = line->body.end = hole;
}

void frames_add(Line *line, uint8_t type, const uint8_t *head, size_t head_count, const uint8_t *rest, size_t count) {
    begin(line);
    uint8_t *to = bytes_reserve(&line->body, 16 + head_count + count);
    uint8_t *at = to;
    *at++ = type;
    at += put_number(at, head_count + count);
    memcpy(at, head, head_count);
    at += head_count;
    if (count > 0) memcpy(at, rest, count);
    line->body.end += (size_t)(at - to) + count;
    line_queue(line);
}

static void start(Line *line) {
    uint8_t value[160], *at = value;
    at += put_number(at, 1);
    at += put_number(at, line->way.carrier == &carrier_websocket ? 6 : 1);
    at += put_number(at, 1);
    at += put_number(at, 16);
    memcpy(at, line->identifier, 16);
    at += 16;
    at += put_number(at, 32);
    for (int i = 0; i < 4; i++, at += 8) memcpy(at, &(uint64_t){random_word()}, 8);
    at += put_number(at, 0);
    at += put_number(at, 1);
    at += put_number(at, 0);
    at += put_number(at, window);
    line->opcode = 2;
    frames_add(line, type_open, value, (size_t)(at - value), NULL, 0);
}

static bool is_bounded(const Line *line) { return line->way.carrier == &carrier_post; }

static bool can_send(Line *line, size_t count) {
    const Frames *frames = &line->frames;
    if (frames->spent + count + frame_cost > frames->credit) return false;
    if (!is_bounded(line)) return true;
    // Four writes are kept for acknowledgements, and this one is one.
    uint64_t writes = frames->end_count + 5, limit = frames->allowance;
    if (frames->pieces > 0) {
        if (writes > frames->pieces) return false;
        limit += (frames->pieces - writes) * frames->piece_worth;
    }
    return frames->written - frames->read + bytes_count(&line->body) + count + 32 + 256 <= limit;
}

static void send_message(Line *line, const uint8_t *bytes, size_t count, bool is_text) {
    uint8_t number[8];
    line->frames.spent += count + frame_cost;
    frames_add(line, is_text ? type_text : type_message, number, put_number(number, ++line->frames.sent), bytes, count);
}

static void flush(Line *line) {
    Frames *frames = &line->frames;
    Bytes *body = &line->body;
    bool is_alone = bytes_count(body) == 0;
    if (is_alone && !frames->at_once) return;
    bool full = is_bounded(line) && frames->pieces > 0 && frames->end_count >= frames->pieces;
    // It goes when the server has read something.
    if (full) return;
    if (line->is_open && (frames->frames_untold > 0 || frames->at_once)) {
        uint8_t frame[hole];
        size_t length = make_acknowledgement(line, frame);
        begin(line);
        if (body->start >= length) {
            body->start -= length;
            memcpy(bytes_front(body), frame, length);
        } else {
            bytes_add(body, frame, length);
        }
        frames_told(line, is_alone);
    }
    line->way.carrier->put(line, bytes_front(body), bytes_count(body));
    if (is_bounded(line)) {
        frames->written += bytes_count(body);
        if (frames->pieces > 0) {
            frames->ends[(frames->first_end + frames->end_count++) % piece_limit] = frames->written;
        }
    }
    bytes_take(body, bytes_count(body));
}

static void finish(Line *line) {
    uint8_t value[16];
    size_t length = put_number(value, ++line->frames.sent);
    length += put_number(value + length, 0);
    frames_add(line, type_close, value, length, NULL, 0);
}

static void abandon(Line *line) {
    uint8_t value[16];
    size_t length = put_number(value, line->frames.received);
    length += put_number(value + length, 1);
    frames_add(line, type_abort, value, length, NULL, 0);
    line->frames.pieces = 0;
    line_write(line);
}

const Speech speech_frames = {true, start, can_send, send_message, frames_received, flush, finish, abandon};
