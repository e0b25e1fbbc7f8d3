#include "wire.h"

enum { acknowledge_delay = 20 * 1000 * 1000 };

static Line *first_owing, *last_owing;

void frames_owe(Line *line) {
    Frames *frames = &line->frames;
    if (frames->owes) return;
    frames->owes = true;
    frames->owing_since = now();
    frames->before = last_owing;
    frames->after = NULL;
    *(last_owing ? &last_owing->frames.after : &first_owing) = line;
    last_owing = line;
}

void frames_forget(Line *line) {
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
        frames_forget(line);
        line->frames.at_once = true;
        line_queue(line);
    }
}
