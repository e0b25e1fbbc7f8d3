#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { opening_at_once = 32, patience = 20 };

void result(const Plan *plan, const char *what, double value) { printf("%s.%s\t%.6g\n", plan->figure, what, value); }

static Lines *waiting;
static void count_opened(Line *line) {
    (void)line;
    waiting->opened++;
}
static void count_over(Line *line) {
    (void)line;
    waiting->over++;
}
static void ignore(Line *line, const uint8_t *bytes, size_t count, bool is_end) {
    (void)line, (void)bytes, (void)count, (void)is_end;
}

void load_until(bool (*holds)(void), const char *what) {
    uint64_t begin = now();
    while (!holds()) {
        lines_turn(10);
        if (now() - begin > (uint64_t)patience * 1000000000u) fail("after %d s there was no end of %s", patience, what);
    }
}

void load_turns(double seconds) {
    uint64_t end = now() + (uint64_t)(seconds * 1e9);
    while (now() < end) lines_turn(5);
}

void load_settle(const Trees *trees) {
    enum { turn_milliseconds = 25, most_turns = 400, little = 2500 * 1000 };
    uint64_t before = trees_time(trees);
    for (int turn = 0; turn < most_turns; turn++) {
        load_turns(turn_milliseconds / 1e3);
        uint64_t after = trees_time(trees);
        // Timers of many sessions are work too: what counts is that nothing is waited for.
        if (after - before < little) return;
        before = after;
    }
}

static bool all_opened(void) { return waiting->opened == waiting->count; }
static bool some_opened(void) { return waiting->count - waiting->opened < opening_at_once; }
static bool all_over(void) { return waiting->over == waiting->count; }

void load_open(Lines *lines, const Way *way, unsigned count) {
    waiting = lines;
    Events before = events;
    events.opened = count_opened;
    if (!events.heard) events.heard = ignore;
    lines->at = realloc(lines->at, count * sizeof *lines->at);
    if (!lines->at) fail("no memory for %u sessions", count);
    while (lines->count < count) {
        load_until(some_opened, "opening");
        lines->at[lines->count] = line_start(way, lines->count);
        lines->count++;
        lines_turn(0);
    }
    load_until(all_opened, "opening");
    events = before;
}

void load_close(Lines *lines, bool at_once) {
    waiting = lines;
    events = (Events){.opened = count_opened, .heard = ignore, .over = count_over};
    for (unsigned i = 0; i < lines->count; i++) {
        if (at_once) {
            lines->at[i]->is_finishing = true;
            lines->at[i]->way.speech->abandon(lines->at[i]);
        } else {
            line_finish(lines->at[i]);
        }
        if (i % opening_at_once == 0) lines_turn(0);
    }
    load_until(all_over, "closing");
    for (unsigned i = 0; i < lines->count; i++) line_free(lines->at[i]);
    free(lines->at);
    *lines = (Lines){0};
}

// The bytes from here on that stand together in what was sent, and where that is.
static size_t expected(const Line *line, unsigned size, unsigned answer, const uint8_t **bytes) {
    enum { piece = 1 << 16 };
    if (size == answer) return *bytes = payload_at(line->base + line->heard), piece;
    uint64_t begin = line->base + line->heard / answer * size;
    unsigned at = (unsigned)(line->heard % answer);
    if (answer < size) return *bytes = payload_at(begin + size - answer + at), answer - at;
    return *bytes = payload_at(begin + at % size), size - at % size;
}

void load_check(Line *line, const uint8_t *bytes, size_t count, bool is_end, unsigned size, unsigned answer) {
    while (count > 0) {
        const uint8_t *wanted;
        size_t length = expected(line, size, answer, &wanted);
        if (length > count) length = count;
        if (memcmp(bytes, wanted, length) != 0) line_fail(line, "what came back is not what was sent");
        line->heard += length;
        bytes += length;
        count -= length;
    }
    if (line->heard / answer > line->said / size) line_fail(line, "more came back than was sent");
    if (is_end && line->heard % answer != 0) line_fail(line, "a message came back in another length");
}
