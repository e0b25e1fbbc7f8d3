// One measurement of one way, and its values on the standard output, a line each: figure, tab, number.
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char usage[] =
    "usage: wire KIND carrier=post|websocket|tcp port=PORT [speech=plain|frames|socketio] [target=/PATH] [figure=NAME]\n"
    "            [seconds=1] [sessions=1] [more=0] [window=1] [active=0] [size=64] [answer=64] [pinned=yes]\n"
    "            [application=PID,…] [nginx=PID,…] [ready=PORT|PATH] [-- COMMAND…]\n"
    "KIND is echo, openings, idle, fanout or cold. Times are in microseconds, cold ones in milliseconds, memory in KiB.\n";

// The value of an argument, if it is this one.
static const char *value(const char *argument, const char *name) {
    size_t length = strlen(name);
    return strncmp(argument, name, length) == 0 && argument[length] == '=' ? argument + length + 1 : NULL;
}

static const Carrier *carrier_named(const char *name) {
    if (strcmp(name, "post") == 0) return &carrier_post;
    if (strcmp(name, "websocket") == 0) return &carrier_websocket;
    if (strcmp(name, "tcp") == 0) return &carrier_tcp;
    fail("no carrier is called %s", name);
}

static const Speech *speech_named(const char *name) {
    if (strcmp(name, "plain") == 0) return &speech_plain;
    if (strcmp(name, "frames") == 0) return &speech_frames;
    if (strcmp(name, "socketio") == 0) return &speech_socketio;
    fail("no speech is called %s", name);
}

static void read_argument(Plan *plan, const char *argument) {
    const char *word;
    if ((word = value(argument, "carrier"))) plan->way.carrier = carrier_named(word);
    else if ((word = value(argument, "speech"))) plan->way.speech = speech_named(word);
    else if ((word = value(argument, "port"))) plan->way.port = (uint16_t)atoi(word);
    else if ((word = value(argument, "target"))) plan->way.target = word;
    else if ((word = value(argument, "figure"))) plan->figure = word;
    else if ((word = value(argument, "seconds"))) plan->seconds = atof(word);
    else if ((word = value(argument, "sessions"))) plan->sessions = (unsigned)atoi(word);
    else if ((word = value(argument, "more"))) plan->more_sessions = (unsigned)atoi(word);
    else if ((word = value(argument, "window"))) plan->window = (unsigned)atoi(word);
    else if ((word = value(argument, "active"))) plan->active = (unsigned)atoi(word);
    else if ((word = value(argument, "size"))) plan->size = (unsigned)atoi(word);
    else if ((word = value(argument, "answer"))) plan->answer = (unsigned)atoi(word);
    else if ((word = value(argument, "pinned"))) plan->pinned = strcmp(word, "yes") == 0;
    else if ((word = value(argument, "ready"))) plan->ready = word;
    else if ((word = value(argument, "application"))) plan->application = trees_of(word);
    else if ((word = value(argument, "nginx"))) plan->nginx = trees_of(word);
    else fail("not understood: %s", argument);
}

static void more_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int count, char **arguments) {
    if (count < 2) return fputs(usage, stderr), 2;
    Plan plan = {.figure = arguments[1], .seconds = 1, .sessions = 1, .window = 1, .burst = 16, .size = 64};
    plan.way = (Way){.speech = &speech_plain, .target = "/"};
    for (int i = 2; i < count; i++) {
        if (strcmp(arguments[i], "--") == 0) {
            plan.command = arguments + i + 1;
            break;
        }
        read_argument(&plan, arguments[i]);
    }
    if (!plan.way.carrier || plan.way.port == 0) return fputs(usage, stderr), 2;
    if (plan.size < 1 || plan.size > 16384) fail("a message has 1 to 16384 bytes here");
    if (plan.answer == 0) plan.answer = plan.size;
    if (plan.answer > 16384) fail("an answer has at most 16384 bytes here");
    if (plan.sessions < 1 || plan.window < 1) fail("less than one session or message");
    if (plan.seconds > 20) fail("more than 20 s need heartbeats, of which this program knows nothing");
    plan.both = plan.application;
    for (int i = 0; i < plan.nginx.count && plan.both.count < 8; i++) {
        plan.both.roots[plan.both.count++] = plan.nginx.roots[i];
    }
    more_descriptors();
    payload_make();
    lines_make();
    if (strcmp(arguments[1], "echo") == 0) run_echo(&plan);
    else if (strcmp(arguments[1], "openings") == 0) run_openings(&plan);
    else if (strcmp(arguments[1], "idle") == 0) run_idle(&plan);
    else if (strcmp(arguments[1], "fanout") == 0) run_fanout(&plan);
    else if (strcmp(arguments[1], "cold") == 0) run_cold(&plan);
    else return fputs(usage, stderr), 2;
    return 0;
}
