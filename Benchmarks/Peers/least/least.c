// A peer: the least that echoes over FastCGI. One thread, epoll, no protocol above: what comes in a request's body goes
// into its response, everything of one read in one record. What comes to a target with a room goes to all of them.
// `/up` is answered with the last eight bytes of every 16 KiB, `/down` with 16 KiB for every eight bytes.
//
//   least PORT PATH      listens at both
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { begin_request = 1, end_request = 3, params = 4, stdin_stream = 5, stdout_stream = 6 };
enum { small = 8, large = 16384 };
enum { input_room = 1 << 18, record_limit = 65528, waiting_limit = 1 << 18 };

typedef struct Connection {
    int fd;
    bool keeps, is_room, is_dead, wants_out;
    enum { echo, up, down } kind;
    unsigned at;           // in a message of `up` or `down`
    uint8_t word[small];   // its last bytes, or all
    uint8_t *left, *waiting;  // of a record that is not whole; of what could not be written
    size_t left_count, waiting_count;
    struct Connection *before, *after;  // in the room
} Connection;

static int poller;
static uint8_t input[input_room + 65536 + 8], output[1 << 21];
static Connection *room;

static void watch(Connection *connection, int operation, uint32_t what) {
    struct epoll_event event = {.events = what, .data.ptr = connection};
    epoll_ctl(poller, operation, connection->fd, &event);
}

static void send_bytes(Connection *connection, const uint8_t *bytes, size_t count) {
    if (connection->waiting_count == 0) {
        ssize_t sent = send(connection->fd, bytes, count, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) connection->is_dead = true;
        if (sent > 0) bytes += sent, count -= (size_t)sent;
    }
    if (count == 0 || connection->is_dead) return;
    uint8_t *waiting = realloc(connection->waiting, connection->waiting_count + count);
    if (!waiting) abort();
    memcpy(waiting + connection->waiting_count, bytes, count);
    connection->waiting = waiting;
    connection->waiting_count += count;
}

static void put_header(uint8_t *to, uint8_t type, size_t count) {
    memcpy(to, (uint8_t[8]){1, type, 0, 1, (uint8_t)(count >> 8), (uint8_t)count, 0, 0}, 8);
}

// Sends what stands in `output`, behind eight bytes for the header of the first record.
static void send_content(Connection *connection, size_t count) {
    for (size_t at = 0; at < count;) {
        size_t piece = count - at < record_limit ? count - at : record_limit;
        put_header(output + at, stdout_stream, piece);
        send_bytes(connection, output + at, piece + 8);
        // The next header takes the place of what is already sent.
        at += piece;
    }
}

// Puts the answer to some bytes where there is room for it, and says how long it is.
static size_t make_answer(Connection *connection, const uint8_t *bytes, size_t count, uint8_t *to) {
    if (connection->kind == echo) return memcpy(to, bytes, count), count;
    unsigned size = connection->kind == up ? large : small;
    size_t length = 0;
    while (count > 0) {
        size_t piece = count < size - connection->at ? count : size - connection->at;
        for (size_t i = 0; i < piece; i++) {
            // Of a large message only its end is looked at.
            if (connection->at + i < size - small) i = size - small - connection->at;
            if (i < piece) connection->word[connection->at + i - (size - small)] = bytes[i];
        }
        bytes += piece;
        count -= piece;
        connection->at += (unsigned)piece;
        if (connection->at < size) break;
        connection->at = 0;
        for (size_t i = 0; i < (connection->kind == up ? small : large); i += small) {
            memcpy(to + length, connection->word, small);
            length += small;
        }
    }
    return length;
}

static void enter_room(Connection *connection) {
    connection->is_room = true;
    connection->before = NULL;
    connection->after = room;
    if (room) room->before = connection;
    room = connection;
}

static void leave_room(Connection *connection) {
    if (!connection->is_room) return;
    connection->is_room = false;
    *(connection->before ? &connection->before->after : &room) = connection->after;
    if (connection->after) connection->after->before = connection->before;
}

static void answer(Connection *connection, size_t count) {
    if (count == 0) return;
    if (!connection->is_room) return send_content(connection, count);
    for (Connection *member = room; member; member = member->after) send_content(member, count);
}

static void update(Connection *connection) {
    bool wants = connection->waiting_count > 0;
    if (wants == connection->wants_out) return;
    connection->wants_out = wants;
    // Who does not read is not read from.
    watch(connection, EPOLL_CTL_MOD, (connection->waiting_count < waiting_limit ? EPOLLIN : 0) | (wants ? EPOLLOUT : 0));
}

static void end(Connection *connection) {
    uint8_t last[24];
    put_header(last, stdout_stream, 0);
    put_header(last + 8, end_request, 8);
    memset(last + 16, 0, 8);
    leave_room(connection);
    send_bytes(connection, last, sizeof last);
    if (!connection->keeps) connection->is_dead = true;
}

// Works off the whole records, and says how many bytes they had.
static size_t take_records(Connection *connection, uint8_t *bytes, size_t count) {
    static const char head[] = "Content-Type: application/vnd.longwire\r\n\r\n";
    size_t at = 0, content = 0;
    while (count - at >= 8 && !connection->is_dead) {
        uint8_t *record = bytes + at;
        size_t length = (size_t)record[4] << 8 | record[5];
        if (count - at < 8 + length + record[6]) break;
        at += 8 + length + record[6];
        if (record[1] == stdin_stream && length > 0) {
            if (sizeof output - content < 8 + length / small * large + large) {
                answer(connection, content);
                content = 0;
            }
            content += make_answer(connection, record + 8, length, output + 8 + content);
        } else if (record[1] == stdin_stream) {
            answer(connection, content);
            content = 0;
            end(connection);
        } else if (record[1] == begin_request) {
            connection->keeps = record[10] & 1;
            connection->kind = echo;
            connection->at = 0;
        } else if (record[1] == params && length > 0) {
            if (memmem(record + 8, length, "room=", 5) && !connection->is_room) enter_room(connection);
            if (memmem(record + 8, length, "/up?", 4)) connection->kind = up;
            if (memmem(record + 8, length, "/down?", 6)) connection->kind = down;
        } else if (record[1] == params) {
            memcpy(output + 8, head, sizeof head - 1);
            send_content(connection, sizeof head - 1);
        }
    }
    answer(connection, content);
    return at;
}

static void serve(Connection *connection) {
    if (connection->left_count > 0) memcpy(input, connection->left, connection->left_count);
    ssize_t count = recv(connection->fd, input + connection->left_count, input_room, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
        connection->is_dead = true;
        return;
    }
    size_t all = connection->left_count + (size_t)count, taken = take_records(connection, input, all);
    free(connection->left);
    connection->left = NULL;
    connection->left_count = all - taken;
    if (connection->left_count == 0) return;
    connection->left = malloc(connection->left_count);
    if (!connection->left) abort();
    memcpy(connection->left, input + taken, connection->left_count);
}

static void write_waiting(Connection *connection) {
    ssize_t sent = send(connection->fd, connection->waiting, connection->waiting_count, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) connection->is_dead = true;
    if (sent <= 0) return;
    connection->waiting_count -= (size_t)sent;
    memmove(connection->waiting, connection->waiting + sent, connection->waiting_count);
    if (connection->waiting_count > 0) return;
    free(connection->waiting);
    connection->waiting = NULL;
}

static int listen_at(struct sockaddr *address, socklen_t size) {
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address, size) != 0 || listen(fd, 4096) != 0) {
        perror("least");
        exit(1);
    }
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)fd << 1 | 1};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    return fd;
}

static void accept_all(int listener) {
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        Connection *connection = calloc(1, sizeof *connection);
        if (!connection) abort();
        connection->fd = fd;
        watch(connection, EPOLL_CTL_ADD, EPOLLIN);
    }
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    poller = epoll_create1(EPOLL_CLOEXEC);
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    strncpy(path.sun_path, arguments[2], sizeof path.sun_path - 1);
    unlink(path.sun_path);
    listen_at((struct sockaddr *)&path, sizeof path);
    struct sockaddr_in port = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1]))};
    port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listen_at((struct sockaddr *)&port, sizeof port);
    struct epoll_event ready[512];
    for (;;) {
        int ready_count = epoll_wait(poller, ready, 512, -1);
        for (int i = 0; i < ready_count; i++) {
            if (ready[i].data.u64 & 1) {
                accept_all((int)(ready[i].data.u64 >> 1));
                continue;
            }
            Connection *connection = ready[i].data.ptr;
            if (ready[i].events & EPOLLOUT && !connection->is_dead) write_waiting(connection);
            if (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !connection->is_dead) serve(connection);
            // Others of the room may have work left.
            for (Connection *member = connection->is_room ? room : NULL; member; member = member->after) update(member);
            if (!connection->is_dead) {
                update(connection);
                continue;
            }
            leave_room(connection);
            close(connection->fd);
            free(connection->left);
            free(connection->waiting);
            free(connection);
        }
    }
}
