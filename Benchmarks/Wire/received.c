// What a server of Longwire says.
#include "wire.h"

#include <string.h>

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
    for (int field = 0; field < 4; field++) need_number(line, &at, end);
    while (at < end) {
        const uint8_t *words[2];
        size_t counts[2];
        for (int word = 0; word < 2; word++) {
            counts[word] = need_number(line, &at, end);
            if (counts[word] > (size_t)(end - at)) line_fail(line, "OPENED is too short");
            words[word] = at;
            at += counts[word];
        }
        if (counts[0] != 5 || memcmp(words[0], "piece", 5) != 0) continue;
        frames->piece_worth = 0;
        for (size_t i = 0; i < counts[1] && i < 9; i++) frames->piece_worth = frames->piece_worth * 10 + words[1][i] - '0';
    }
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
    if (frames->frames_untold >= 32 || frames->bytes_untold >= 32 * 1024) {
        frames->at_once = true;
        line_queue(line);
    } else {
        frames_owe(line);
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
    case type_ping: return frames_add(line, type_pong, at, (size_t)(end - at), NULL, 0);
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

void frames_received(Line *line, uint8_t *bytes, size_t count, bool is_end) {
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
        line->way.speech->flush(line);
        line->way.carrier->finish(line);
        line_queue(line);
    } else if (line->is_open && !line->is_finishing) {
        // There may be credit again.
        events.heard(line, NULL, 0, false);
    }
}
