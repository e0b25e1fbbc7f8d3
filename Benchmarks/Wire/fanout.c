// One message to all who are in a room, again and again: the next is said when everyone has the one before.
#include "wire.h"

#include <stdio.h>
#include <string.h>

enum { text_limit = 4096 };
static const Plan *plan;
static Lines lines;
static bool is_sending;
static unsigned missing, speaker;
static uint64_t said, deliveries, last_heard;

static void say(void) {
    Line *line = lines.at[speaker++ % lines.count];
    said += plan->size;
    missing = lines.count;
    line->way.speech->send(line, payload_at(said), plan->size, true);
}

static void delivered(Line *line, const uint8_t *bytes, size_t count) {
    // A room may put a name before what was said, and tell who comes and goes.
    if (!is_sending || (count > 1 && bytes[0] == '*')) return;
    if (count < plan->size || memcmp(bytes + count - plan->size, payload_at(said), plan->size) != 0) {
        line_fail(line, "not what was said to the room: %.*s", (int)(count < 100 ? count : 100), (const char *)bytes);
    }
    if (line->heard == said) line_fail(line, "a message came twice");
    line->heard = said;
    deliveries++;
    if (--missing == 0) say();
}

static void heard(Line *line, const uint8_t *bytes, size_t count, bool is_end) {
    last_heard = now();
    bool is_marked = line->way.speech != &speech_plain || line->way.carrier == &carrier_websocket;
    while (count > 0 || is_end) {
        size_t held = bytes_count(&line->text);
        size_t piece = is_marked || count < plan->size - held ? count : plan->size - held;
        bytes_add(&line->text, bytes, piece);
        bytes += piece;
        count -= piece;
        if (bytes_count(&line->text) > text_limit) line_fail(line, "a message without end");
        if (is_marked ? !is_end : bytes_count(&line->text) < plan->size) return;
        delivered(line, bytes_front(&line->text), bytes_count(&line->text));
        bytes_take(&line->text, bytes_count(&line->text));
        is_end = false;
    }
}

static bool is_quiet(void) { return now() - last_heard > 100 * 1000 * 1000; }

static bool something_came(void) { return deliveries > 0; }

void run_fanout(const Plan *of) {
    plan = of;
    char target[256];
    Way way = plan->way;
    snprintf(target, sizeof target, "%s%croom=%08x&name=n", way.target, strchr(way.target, '?') ? '&' : '?',
             (unsigned)random_word());
    way.target = target;
    events = (Events){.heard = heard};
    load_open(&lines, &way, plan->sessions);
    last_heard = now();
    load_until(is_quiet, "what the room has to tell");
    load_settle(&plan->both);
    is_sending = true;
    say();
    load_turns(plan->seconds * 0.2);
    deliveries = 0;
    uint64_t begin = now(), application = trees_time(&plan->application);
    load_turns(plan->seconds);
    load_until(something_came, "the first delivery");
    double count = (double)deliveries;
    result(plan, "rate", count / ((double)(now() - begin) / 1e9));
    if (plan->application.count > 0) {
        result(plan, "application", (double)(trees_time(&plan->application) - application) / count / 1e3);
    }
    load_close(&lines, way.speech == &speech_frames);
    load_settle(&plan->both);
}
