#include "wire.h"

enum { acknowledge_delay = 20 * 1000 * 1000, distance = 25 * acknowledge_delay };

typedef struct Queue {
    Line *first, *last;
} Queue;

// Who owes an acknowledgement, and who has sent one by itself and keeps its distance: a line is in one of them at most.
static Queue owing, keeping;

static void join(Queue *queue, Line *line) {
    Frames *frames = &line->frames;
    frames->queue = queue;
    frames->before = queue->last;
    frames->after = NULL;
    *(queue->last ? &queue->last->frames.after : &queue->first) = line;
    queue->last = line;
}

static void leave(Line *line) {
    Frames *frames = &line->frames;
    Queue *queue = frames->queue;
    if (!queue) return;
    frames->queue = NULL;
    *(frames->before ? &frames->before->frames.after : &queue->first) = frames->after;
    *(frames->after ? &frames->after->frames.before : &queue->last) = frames->before;
}

static void due(Line *line) {
    line->frames.at_once = line->frames.has_waited = true;
    line_queue(line);
}

void frames_owe(Line *line) {
    Frames *frames = &line->frames;
    if (frames->owes) return;
    frames->owes = true;
    frames->owing_since = now();
    if (!frames->queue) join(&owing, line);
}

void frames_told(Line *line, bool is_alone) {
    Frames *frames = &line->frames;
    frames->frames_untold = frames->bytes_untold = 0;
    is_alone &= frames->has_waited;
    frames->at_once = frames->owes = frames->has_waited = false;
    if (is_alone || frames->queue == &owing) leave(line);
    if (is_alone) {
        frames->alone_at = now();
        join(&keeping, line);
    }
}

void frames_forget(Line *line) {
    frames_told(line, false);
    leave(line);
}

void frames_tick(void) {
    uint64_t time = owing.first || keeping.first ? now() : 0;
    while (owing.first && time - owing.first->frames.owing_since >= acknowledge_delay) {
        Line *line = owing.first;
        leave(line);
        due(line);
    }
    while (keeping.first && time - keeping.first->frames.alone_at >= distance) {
        Line *line = keeping.first;
        leave(line);
        if (!line->frames.owes) continue;
        if (time - line->frames.owing_since >= acknowledge_delay) {
            due(line);
        } else {
            join(&owing, line);
        }
    }
}
