#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { input_room = 1 << 18, events_at_once = 512 };
static uint8_t input[input_room * 2];
static int poller = -1;
static Line **queue;
static size_t queued, queue_room;
Events events;

void lines_make(void) {
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0) fail("epoll: %s", strerror(errno));
}

_Noreturn void line_fail(Line *line, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fail("port %u, session %u (%s, %llu bytes sent, %llu came back): %s", line->way.port, line->index,
         line->is_finishing ? "ending" : line->is_open ? "open" : "opening", (unsigned long long)line->said,
         (unsigned long long)line->heard, text);
}

void line_query(const Line *line, char query[64]) {
    query += sprintf(query, "%csession=", strchr(line->way.target, '?') ? '&' : '?');
    for (int i = 0; i < 16; i++) query += sprintf(query, "%02x", line->identifier[i]);
    strcpy(query, "&path=1");
}

static void watch(Line *line, int operation, uint32_t what) {
    struct epoll_event event = {.events = what, .data.ptr = line};
    if (epoll_ctl(poller, operation, line->fd, &event) != 0) line_fail(line, "epoll: %s", strerror(errno));
}

Line *line_start(const Way *way, unsigned index) {
    Line *line = calloc(1, sizeof *line);
    if (!line) fail("no memory for a session");
    line->way = *way;
    line->index = index;
    for (int i = 0; i < 2; i++) memcpy(line->identifier + 8 * i, &(uint64_t){random_word()}, 8);
    line->base = (uint64_t)index * 7919;
    line->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (line->fd < 0) line_fail(line, "socket: %s", strerror(errno));
    int on = 1;
    setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(way->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    line->is_connected = connect(line->fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (!line->is_connected && errno != EINPROGRESS) line_fail(line, "connect: %s", strerror(errno));
    line->wants_out = !line->is_connected;
    watch(line, EPOLL_CTL_ADD, EPOLLIN | (line->wants_out ? EPOLLOUT : 0));
    way->carrier->start(line);
    line_queue(line);
    return line;
}

void line_queue(Line *line) {
    if (line->is_queued) return;
    line->is_queued = true;
    if (queued == queue_room) {
        queue_room = queue_room ? queue_room * 2 : 1024;
        queue = realloc(queue, queue_room * sizeof *queue);
        if (!queue) fail("no memory for %zu sessions", queue_room);
    }
    queue[queued++] = line;
}

void line_write(Line *line) {
    line->way.speech->flush(line);
    while (line->is_connected && bytes_count(&line->out) > 0) {
        ssize_t count = send(line->fd, bytes_front(&line->out), bytes_count(&line->out), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno != EAGAIN) {
            // What a peer does not want to hear any more at the end is no failure; what it says will tell.
            if (line->is_finishing) return bytes_take(&line->out, bytes_count(&line->out));
            line_fail(line, "write: %s", strerror(errno));
        }
        if (count < 0) break;
        bytes_take(&line->out, (size_t)count);
    }
    bool wants = !line->is_connected || bytes_count(&line->out) > 0;
    if (wants != line->wants_out && !line->is_over) {
        line->wants_out = wants;
        watch(line, EPOLL_CTL_MOD, EPOLLIN | (wants ? EPOLLOUT : 0));
    }
}

static void line_read(Line *line) {
    size_t before = bytes_count(&line->left);
    if (before > input_room) line_fail(line, "%zu bytes came that mean nothing", before);
    if (before > 0) memcpy(input, bytes_front(&line->left), before);
    ssize_t count = recv(line->fd, input + before, input_room, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
        if (line->is_finishing) return line_over(line);
        line_fail(line, "%s", count == 0 ? "the other side closed" : strerror(errno));
    }
    size_t all = before + (size_t)count;
    size_t taken = line->way.carrier->input(line, input, all);
    line->left.start = line->left.end = 0;
    bytes_add(&line->left, input + taken, all - taken);
}

void line_opened(Line *line) {
    line->is_open = true;
    events.opened(line);
}

void line_finish(Line *line) {
    if (line->is_finishing) return;
    line->is_finishing = true;
    line->way.speech->finish(line);
    line_queue(line);
}

void line_over(Line *line) {
    if (line->is_over) return;
    line->is_over = true;
    frames_forget(line);
    epoll_ctl(poller, EPOLL_CTL_DEL, line->fd, NULL);
    // Everything was said: no need to keep the port for a minute.
    struct linger linger = {.l_onoff = 1};
    setsockopt(line->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(line->fd);
    events.over(line);
}

// Its memory only goes between turns, when no event can name it any more.
void line_free(Line *line) {
    for (size_t i = 0; i < queued; i++) {
        if (queue[i] == line) queue[i] = NULL;
    }
    bytes_free(&line->out);
    bytes_free(&line->body);
    bytes_free(&line->left);
    bytes_free(&line->part);
    bytes_free(&line->text);
    free(line);
}

static void line_ready(Line *line, uint32_t what) {
    if (!line->is_connected && (what & (EPOLLOUT | EPOLLERR | EPOLLHUP))) {
        int problem = 0;
        socklen_t size = sizeof problem;
        getsockopt(line->fd, SOL_SOCKET, SO_ERROR, &problem, &size);
        if (problem != 0) line_fail(line, "connect: %s", strerror(problem));
        line->is_connected = true;
    }
    if (what & (EPOLLIN | EPOLLERR | EPOLLHUP)) line_read(line);
    if (what & EPOLLOUT) line_queue(line);
}

void lines_turn(int milliseconds) {
    struct epoll_event ready[events_at_once];
    frames_tick();
    int count = epoll_wait(poller, ready, events_at_once, queued > 0 ? 0 : milliseconds);
    if (count < 0 && errno != EINTR) fail("epoll: %s", strerror(errno));
    for (int i = 0; i < count; i++) {
        Line *line = ready[i].data.ptr;
        if (!line->is_over) line_ready(line, ready[i].events);
    }
    // Writing may queue nothing anew.
    size_t until = queued;
    for (size_t i = 0; i < until; i++) {
        Line *line = queue[i];
        if (!line) continue;
        line->is_queued = false;
        if (!line->is_over) line_write(line);
    }
    memmove(queue, queue + until, (queued - until) * sizeof *queue);
    queued -= until;
}
