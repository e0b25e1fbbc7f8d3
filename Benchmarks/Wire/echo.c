// Messages there and back: round trips with one under way, rates with more.
#include "wire.h"

#include <stdlib.h>

enum { sample_limit = 1 << 22 };
static const Plan *plan;
static Lines lines;
static bool is_sending;
static unsigned next, under_way;
static uint64_t messages;
static uint32_t *samples;
static size_t sample_count;

static void fill(Line *line) {
    bool is_timed = plan->window == 1;
    while (is_sending && line->under_way < plan->window && line->way.speech->can_send(line, plan->size)) {
        if (is_timed) line->since = now();
        line->way.speech->send(line, payload_at(line->base + line->said), plan->size, false);
        line->said += plan->size;
        line->under_way++;
        under_way++;
    }
}

static void heard(Line *line, const uint8_t *bytes, size_t count, bool is_end) {
    load_check(line, bytes, count, is_end, plan->size, plan->answer);
    unsigned left = (unsigned)(line->said / plan->size - line->heard / plan->answer);
    unsigned done = line->under_way - left;
    line->under_way = left;
    under_way -= done;
    messages += done;
    if (done > 0 && plan->window == 1 && sample_count < sample_limit) {
        uint64_t time = now() - line->since;
        samples[sample_count++] = time < UINT32_MAX ? (uint32_t)time : UINT32_MAX;
    }
    if (plan->active == 0) return fill(line);
    // After some messages it is the next session's turn.
    for (; done > 0; done--) fill(line->said / plan->size % plan->burst > 0 ? line : lines.at[next++ % lines.count]);
}

static bool nothing_under_way(void) { return under_way == 0; }

static bool something_came(void) { return messages > 0; }

static int ascending(const void *one, const void *other) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return a < b ? -1 : a > b;
}

void run_echo(const Plan *of) {
    plan = of;
    samples = malloc(sample_limit * sizeof *samples);
    if (!samples) fail("no memory for the times");
    if (plan->pinned) trees_pin(&plan->both, true);
    events = (Events){.heard = heard};
    load_open(&lines, &plan->way, plan->sessions);
    if (plan->sessions > 64) load_settle(&plan->both);
    is_sending = true;
    unsigned first = plan->active > 0 && plan->active < lines.count ? plan->active : lines.count;
    for (next = 0; next < first; next++) fill(lines.at[next]);
    load_turns(plan->seconds * 0.2);

    messages = sample_count = 0;
    uint64_t begin = now(), application = trees_time(&plan->application), nginx = trees_time(&plan->nginx);
    load_turns(plan->seconds);
    // A busy machine may take longer for the first.
    load_until(something_came, "the first message");
    double seconds = (double)(now() - begin) / 1e9, count = (double)messages;
    application = trees_time(&plan->application) - application;
    nginx = trees_time(&plan->nginx) - nginx;
    is_sending = false;
    load_until(nothing_under_way, "what is under way");

    if (plan->window == 1 && sample_count > 0) {
        qsort(samples, sample_count, sizeof *samples, ascending);
        result(plan, "p50", samples[sample_count / 2] / 1e3);
        result(plan, "p99", samples[sample_count * 99 / 100] / 1e3);
    }
    result(plan, "rate", count / seconds);
    result(plan, "bytes", count * (plan->size > plan->answer ? plan->size : plan->answer) / seconds);
    if (plan->application.count > 0) result(plan, "application", (double)application / count / 1e3);
    if (plan->nginx.count > 0) result(plan, "nginx", (double)nginx / count / 1e3);
    load_close(&lines, false);
    if (plan->pinned) trees_pin(&plan->both, false);
    free(samples);
}
