// A peer: the least that echoes over TCP. One thread, epoll; what could not be written back keeps it from reading.
//
//   echo PORT
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    int fd;
    uint8_t *waiting;
    size_t count;
} Connection;

static int poller;
static uint8_t input[1 << 18];

static void watch(Connection *connection, int operation, uint32_t what) {
    struct epoll_event event = {.events = what, .data.ptr = connection};
    epoll_ctl(poller, operation, connection->fd, &event);
}

// False when the connection is over.
static int serve(Connection *connection) {
    ssize_t count = recv(connection->fd, input, sizeof input, 0);
    if (count < 0 && errno == EAGAIN) return 1;
    if (count <= 0) return 0;
    ssize_t sent = send(connection->fd, input, (size_t)count, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return 0;
    if (sent < 0) sent = 0;
    if (sent == count) return 1;
    connection->count = (size_t)(count - sent);
    connection->waiting = malloc(connection->count);
    if (!connection->waiting) abort();
    memcpy(connection->waiting, input + sent, connection->count);
    watch(connection, EPOLL_CTL_MOD, EPOLLOUT);
    return 1;
}

static int write_waiting(Connection *connection) {
    ssize_t sent = send(connection->fd, connection->waiting, connection->count, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    connection->count -= (size_t)sent;
    memmove(connection->waiting, connection->waiting + sent, connection->count);
    if (connection->count > 0) return 1;
    free(connection->waiting);
    connection->waiting = NULL;
    watch(connection, EPOLL_CTL_MOD, EPOLLIN);
    return 1;
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    poller = epoll_create1(EPOLL_CLOEXEC);
    Connection listener = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    int on = 1;
    setsockopt(listener.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener.fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener.fd, 4096) != 0) {
        perror("echo");
        return 1;
    }
    watch(&listener, EPOLL_CTL_ADD, EPOLLIN);
    struct epoll_event ready[512];
    for (;;) {
        int ready_count = epoll_wait(poller, ready, 512, -1);
        for (int i = 0; i < ready_count; i++) {
            Connection *connection = ready[i].data.ptr;
            if (connection == &listener) {
                for (int fd; (fd = accept4(listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                    connection = calloc(1, sizeof *connection);
                    if (!connection) abort();
                    connection->fd = fd;
                    watch(connection, EPOLL_CTL_ADD, EPOLLIN);
                }
            } else if (!(connection->count > 0 ? write_waiting(connection) : serve(connection))) {
                close(connection->fd);
                free(connection->waiting);
                free(connection);
            }
        }
    }
}
