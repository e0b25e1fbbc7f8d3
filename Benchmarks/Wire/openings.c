// Sessions opened one after the other, some at a time: each sends a message, gets it back and closes in good order.
#include "wire.h"

#include <stdlib.h>

enum { at_once = 16 };
static const Plan *plan;
static Line *running[at_once];
static uint64_t complete;

static void opened(Line *line) {
    line->way.speech->send(line, payload_at(line->base), plan->size, false);
    line->said = plan->size;
}

static void heard(Line *line, const uint8_t *bytes, size_t count, bool is_end) {
    load_check(line, bytes, count, is_end, plan->size, plan->size);
    if (line->said > 0 && line->heard == line->said) line_finish(line);
}

static void over(Line *line) {
    if (line->heard != line->said || line->said == 0) line_fail(line, "it ended too soon");
    complete++;
}

// Opens anew what came to its end, until the time is up; then waits for the last.
static void turns(double seconds, unsigned *index) {
    uint64_t begin = now(), end = begin + (uint64_t)(seconds * 1e9), limit = end + 20000000000u;
    for (unsigned left = 1; left > 0;) {
        left = 0;
        bool is_time = now() < end;
        for (unsigned i = 0; i < at_once; i++) {
            if (running[i] && running[i]->is_over) {
                line_free(running[i]);
                running[i] = NULL;
            }
            if (!running[i] && is_time) running[i] = line_start(&plan->way, (*index)++);
            left += running[i] != NULL;
        }
        if (left > 0) lines_turn(5);
        if (now() > limit) fail("%u sessions did not come to their end", left);
    }
}

void run_openings(const Plan *of) {
    plan = of;
    events = (Events){opened, heard, over};
    unsigned index = 0;
    turns(plan->seconds * 0.2, &index);
    complete = 0;
    uint64_t begin = now(), application = trees_time(&plan->application);
    turns(plan->seconds, &index);
    double count = (double)complete;
    result(plan, "rate", count / ((double)(now() - begin) / 1e9));
    if (plan->application.count > 0) {
        result(plan, "application", (double)(trees_time(&plan->application) - application) / count / 1e3);
    }
}
