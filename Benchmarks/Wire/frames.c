// Longwire's frames, after Docs/protocol.md, over a chunked POST (`duplex`) or inside the messages of a WebSocket.
#include "wire.h"

#include <string.h>

enum {
    type_open = 1, type_opened, type_message, type_fragment, type_ack, type_ping, type_pong, type_pad, type_close,
    type_text, type_going, type_abort,
};
enum { window = 256 * 1024, frame_cost = 64, hole = 40, acknowledge_delay = 20 * 1000 * 1000 };

// MARK: Numbers

static size_t put_number(uint8_t *to, uint64_t value) {
    size_t length = value < 1 << 6 ? 1 : value < 1 << 14 ? 2 : value < 1 << 30 ? 4 : 8;
    for (size_t i = 0; i < length; i++) to[i] = (uint8_t)(value >> (8 * (length - 1 - i)));
    to[0] |= length == 1 ? 0 : length == 2 ? 0x40 : length == 4 ? 0x80 : 0xc0;
    return length;
}

// Takes a number; false where its bytes are not all there.
static bool take_number(const uint8_t **at, const uint8_t *end, uint64_t *value) {
    if (*at == end) return false;
    size_t length = (size_t)1 << (**at >> 6);
    if ((size_t)(end - *at) < length) return false;
    *value = **at & 0x3f;
    for (size_t i = 1; i < length; i++) *value = *value << 8 | (*at)[i];
    *at += length;
    return true;
}

static uint64_t need_number(Line *line, const uint8_t **at, const uint8_t *end) {
    uint64_t value;
    if (!take_number(at, end, &value)) line_fail(line, "a frame is too short");
    return value;
}

// MARK: Acknowledgements: one list of the lines that owe one, in the order of their times

static Line *first_owing, *last_owing;

static void owe(Line *line) {
    Frames *frames = &line->frames;
    if (frames->owes) return;
    frames->owes = true;
    frames->owing_since = now();
    frames->before = last_owing;
    frames->after = NULL;
    *(last_owing ? &last_owing->frames.after : &first_owing) = line;
    last_owing = line;
}

static void owe_nothing(Line *line) {
    Frames *frames = &line->frames;
    frames->frames_untold = frames->bytes_untold = 0;
    frames->at_once = false;
    if (!frames->owes) return;
    frames->owes = false;
    *(frames->before ? &frames->before->frames.after : &first_owing) = frames->after;
    *(frames->after ? &frames->after->frames.before : &last_owing) = frames->before;
}

void frames_tick(void) {
    uint64_t time = first_owing ? now() : 0;
    while (first_owing && time - first_owing->frames.owing_since >= acknowledge_delay) {
        Line *line = first_owing;
        owe_nothing(line);
        line->frames.at_once = true;
        line_queue(line);
    }
}

void frames_forget(Line *line) { owe_nothing(line); }

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

// MARK: Sending

// What goes out together begins with a hole, so that an acknowledgement that came due meanwhile can go first.
static void begin(Line *line) {
    if (bytes_count(&line->body) > 0) return;
    bytes_reserve(&line->body, hole);
    line->body.start = line->body.end = hole;
}

static void add_frame(Line *line, uint8_t type, const uint8_t *head, size_t head_count, const uint8_t *rest, size_t count) {
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
    add_frame(line, type_open, value, (size_t)(at - value), NULL, 0);
}

static bool is_bounded(const Line *line) { return line->way.carrier == &carrier_post; }

static bool can_send(Line *line, size_t count) {
    const Frames *frames = &line->frames;
    if (frames->spent + count + frame_cost > frames->credit) return false;
    if (!is_bounded(line)) return true;
    if (frames->written - frames->read + bytes_count(&line->body) + count + 32 + 256 > frames->allowance) return false;
    return frames->pieces == 0 || frames->end_count + 5 <= frames->pieces;
}

static void send_message(Line *line, const uint8_t *bytes, size_t count, bool is_text) {
    uint8_t number[8];
    line->frames.spent += count + frame_cost;
    add_frame(line, is_text ? type_text : type_message, number, put_number(number, ++line->frames.sent), bytes, count);
}

static void flush(Line *line) {
    Frames *frames = &line->frames;
    Bytes *body = &line->body;
    if (bytes_count(body) == 0 && !frames->at_once) return;
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
        owe_nothing(line);
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
    add_frame(line, type_close, value, length, NULL, 0);
}

static void abandon(Line *line) {
    uint8_t value[16];
    size_t length = put_number(value, line->frames.received);
    length += put_number(value + length, 1);
    add_frame(line, type_abort, value, length, NULL, 0);
    line->frames.pieces = 0;
    line_write(line);
}

// MARK: Receiving

static void take_opened(Line *line, const uint8_t *at, const uint8_t *end) {
    Frames *frames = &line->frames;
    if (need_number(line, &at, end) != 1) line_fail(line, "another version of the protocol");
    for (int field = 0; field < 3; field++) {
        uint64_t length = need_number(line, &at, end);
        if (length > (uint64_t)(end - at)) line_fail(line, "OPENED is too short");
        at += length;
    }
    need_number(line, &at, end);
    frames->credit = need_number(line, &at, end);
    frames->allowance = need_number(line, &at, end);
    frames->pieces = need_number(line, &at, end);
    if (frames->pieces > piece_limit) line_fail(line, "an allowance of %llu writes is not foreseen here",
                                                (unsigned long long)frames->pieces);
    line_opened(line);
}

static void take_ack(Line *line, const uint8_t *at, const uint8_t *end) {
    Frames *frames = &line->frames;
    uint64_t covered = need_number(line, &at, end);
    uint64_t limit = need_number(line, &at, end);
    uint64_t read = need_number(line, &at, end);
    if (covered > frames->sent) line_fail(line, "what was never sent is acknowledged");
    if (limit > frames->credit) frames->credit = limit;
    if (read > frames->read) frames->read = read;
    while (frames->end_count > 0 && frames->ends[frames->first_end] <= frames->read) {
        frames->first_end = (frames->first_end + 1) % piece_limit;
        frames->end_count--;
    }
    if (line->is_finishing && covered == frames->sent) frames->is_covered = true;
    if (bytes_count(&line->body) > 0) line_queue(line);
}

static void take_numbered(Line *line, uint64_t type, uint8_t *at, uint8_t *end) {
    Frames *frames = &line->frames;
    const uint8_t *rest = at;
    uint64_t number = need_number(line, &rest, end);
    if (number != frames->received + 1) line_fail(line, "number %llu came after %llu", (unsigned long long)number,
                                                  (unsigned long long)frames->received);
    frames->received = number;
    frames->frames_untold++;
    if (type == type_close) {
        if (!line->is_finishing) line_fail(line, "the server closed the session");
        frames->is_closed = frames->at_once = true;
        return line_queue(line);
    }
    size_t count = (size_t)(end - rest);
    frames->taken += count + frame_cost;
    frames->bytes_untold += count;
    if (frames->frames_untold >= 16 || frames->bytes_untold >= 32 * 1024) {
        frames->at_once = true;
        line_queue(line);
    } else {
        owe(line);
    }
    events.heard(line, rest, count, type != type_fragment);
}

static void take_frame(Line *line, uint64_t type, uint8_t *at, uint8_t *end) {
    if (!line->is_open && type != type_opened && type != type_pad && type != type_abort) {
        line_fail(line, "a frame of type %u came before OPENED", (unsigned)type);
    }
    switch (type) {
    case type_opened: return line->is_open ? line_fail(line, "OPENED came twice") : take_opened(line, at, end);
    case type_message: case type_text: case type_fragment: case type_close: return take_numbered(line, type, at, end);
    case type_ack: return take_ack(line, at, end);
    case type_ping: return add_frame(line, type_pong, at, (size_t)(end - at), NULL, 0);
    case type_abort: {
        const uint8_t *rest = at;
        need_number(line, &rest, end);
        unsigned code = (unsigned)need_number(line, &rest, end);
        line_fail(line, "the server aborts: %u %.*s", code, (int)(end - rest), (const char *)rest);
    }
    default: return;
    }
}

// Takes the whole frames, and says how many bytes they had.
static size_t take_frames(Line *line, uint8_t *bytes, size_t count) {
    uint8_t *end = bytes + count, *at = bytes;
    while (at < end && !line->is_over) {
        const uint8_t *rest = at;
        uint64_t type, length;
        if (!take_number(&rest, end, &type) || !take_number(&rest, end, &length)) break;
        if (length > 16 * 1024 + 64) line_fail(line, "a frame of %llu bytes", (unsigned long long)length);
        if ((uint64_t)(end - rest) < length) break;
        uint8_t *value = bytes + (rest - bytes);
        at = value + length;
        take_frame(line, type, value, at);
    }
    return (size_t)(at - bytes);
}

static void input(Line *line, uint8_t *bytes, size_t count, bool is_end) {
    (void)is_end;
    if (bytes_count(&line->part) == 0) {
        size_t taken = take_frames(line, bytes, count);
        bytes_add(&line->part, bytes + taken, count - taken);
    } else {
        bytes_add(&line->part, bytes, count);
        size_t taken = take_frames(line, bytes_front(&line->part), bytes_count(&line->part));
        bytes_take(&line->part, taken);
    }
    Frames *frames = &line->frames;
    if (frames->is_closed && frames->is_covered) {
        // Both have said their last word and know it: the acknowledgement, and the end of the body.
        frames->is_closed = false;
        frames->pieces = 0;
        flush(line);
        line->way.carrier->finish(line);
        line_queue(line);
    } else if (line->is_open && !line->is_finishing) {
        // There may be credit again.
        events.heard(line, NULL, 0, false);
    }
}

const Speech speech_frames = {true, start, can_send, send_message, input, flush, finish, abandon};
