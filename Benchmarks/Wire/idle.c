// What sessions take that are open and say nothing, after one message there and back each.
#include "wire.h"

#include <stdio.h>

static const Plan *plan;
static Lines lines;
static unsigned answered;

static void heard(Line *line, const uint8_t *bytes, size_t count, bool is_end) {
    if (count == 0) return;
    load_check(line, bytes, count, is_end, plan->size, plan->size);
    if (line->heard == line->said) answered++;
}

static bool all_answered(void) { return answered == lines.count; }

static void grow(unsigned count) {
    unsigned before = lines.count;
    events = (Events){.heard = heard};
    load_open(&lines, &plan->way, count);
    for (unsigned i = before; i < count; i++) {
        Line *line = lines.at[i];
        line->way.speech->send(line, payload_at(line->base), plan->size, false);
        line->said = plan->size;
        if (i % 32 == 0) lines_turn(0);
    }
    load_until(all_answered, "the first messages");
    load_turns(plan->seconds);
    load_settle(&plan->both);
}

static void tell(unsigned count, const uint64_t base[2]) {
    char name[40];
    const Trees *trees[2] = {&plan->application, &plan->nginx};
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "%s%u", i == 0 ? "application" : "nginx", count);
        double memory = (double)trees_memory(trees[i]);
        result(plan, name, (memory > (double)base[i] ? memory - (double)base[i] : 0) / count / 1024);
    }
}

void run_idle(const Plan *of) {
    plan = of;
    // What the first sessions of all bring along is not theirs alone.
    grow(plan->sessions < 64 ? plan->sessions : 64);
    load_close(&lines, false);
    answered = 0;
    load_settle(&plan->both);
    const uint64_t base[2] = {trees_memory(&plan->application), trees_memory(&plan->nginx)};
    grow(plan->sessions);
    tell(plan->sessions, base);
    if (plan->more_sessions > plan->sessions) {
        grow(plan->more_sessions);
        tell(plan->more_sessions, base);
    }
    load_close(&lines, false);
}
