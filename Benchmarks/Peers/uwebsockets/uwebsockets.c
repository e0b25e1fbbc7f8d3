// A peer: uWebSockets, through the C functions of the library that comes with PyPI's `socketify`. No compression.
//
//   uwebsockets PORT LIBRARY
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What we need of its interface, as libsocketify 0.0.31 has it.
typedef struct App App;
typedef struct Socket Socket;
typedef struct Response Response;
typedef struct Request Request;
typedef struct Context Context;
typedef enum { text = 1, binary = 2 } Opcode;
typedef struct {
    const char *key, *certificate, *passphrase, *parameters, *authority, *ciphers;
    int prefers_low_memory;
} SecureOptions;
typedef struct {
    int port;
    const char *host;
    int options;
} ListenOptions;
typedef struct {
    int compression;
    unsigned int greatest_payload;
    unsigned short idle_time;
    unsigned int greatest_backpressure;
    bool closes_on_backpressure, resets_idle_time_on_send, sends_pings;
    unsigned short greatest_life;
    void (*upgrade)(Response *, Request *, Context *, void *);
    void (*open)(Socket *, void *);
    void (*message)(Socket *, const char *, size_t, Opcode, void *);
    void (*drain)(Socket *, void *);
    void (*ping)(Socket *, const char *, size_t, void *);
    void (*pong)(Socket *, const char *, size_t, void *);
    void (*close)(Socket *, int, const char *, size_t, void *);
    void (*subscription)(Socket *, const char *, size_t, int, int, void *);
} Behavior;

static App *(*create_app)(int, SecureOptions);
static void (*serve_sockets)(int, App *, const char *, Behavior, void *);
static void (*listen_with)(int, App *, ListenOptions, void (*)(void *, ListenOptions, void *), void *);
static int (*send_message)(int, Socket *, const char *, size_t, Opcode);
static bool (*subscribe)(int, Socket *, const char *, size_t);
static bool (*publish)(int, App *, const char *, size_t, const char *, size_t, Opcode, bool);
static void *(*create_loop)(void);
static void *(*native_loop)(void *);
static void *(*use_loop)(void *);
static int (*run_loop)(void *, int);
static App *app;

static void on_echo(Socket *socket, const char *bytes, size_t count, Opcode opcode, void *of) {
    (void)of;
    send_message(0, socket, bytes, count, opcode);
}

// Answers with the last eight bytes of what came.
static void on_up(Socket *socket, const char *bytes, size_t count, Opcode opcode, void *of) {
    (void)of;
    size_t end = count < 8 ? count : 8;
    send_message(0, socket, bytes + count - end, end, opcode);
}

// Answers with 16 KiB of what came, again and again.
static void on_down(Socket *socket, const char *bytes, size_t count, Opcode opcode, void *of) {
    (void)of;
    static char answer[16384];
    for (size_t i = 0; count > 0 && i + count <= sizeof answer; i += count) memcpy(answer + i, bytes, count);
    send_message(0, socket, answer, sizeof answer, opcode);
}

static void on_enter(Socket *socket, void *of) {
    (void)of;
    subscribe(0, socket, "room", 4);
}

static void on_say(Socket *socket, const char *bytes, size_t count, Opcode opcode, void *of) {
    (void)socket, (void)of;
    publish(0, app, "room", 4, bytes, count, opcode, false);
}

static void on_listen(void *socket, ListenOptions options, void *of) {
    (void)of;
    if (socket) return;
    fprintf(stderr, "cannot listen at port %d\n", options.port);
    exit(1);
}

static void *library;
static void find(void *function, const char *name) {
    void *found = dlsym(library, name);
    if (!found) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    memcpy(function, &found, sizeof found);
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    library = dlopen(arguments[2], RTLD_NOW);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    find(&create_app, "uws_create_app");
    find(&serve_sockets, "uws_ws");
    find(&listen_with, "uws_app_listen_with_config");
    find(&send_message, "uws_ws_send");
    find(&subscribe, "uws_ws_subscribe");
    find(&publish, "uws_publish");
    find(&create_loop, "socketify_create_loop");
    find(&native_loop, "socketify_get_native_loop");
    find(&use_loop, "uws_get_loop_with_native");
    find(&run_loop, "socketify_loop_run");

    void *loop = create_loop();
    use_loop(native_loop(loop));
    app = create_app(0, (SecureOptions){0});
    Behavior echo = {.greatest_payload = 1 << 20, .idle_time = 120, .greatest_backpressure = 1 << 26, .message = on_echo};
    Behavior room = echo, up = echo, down = echo;
    up.message = on_up;
    down.message = on_down;
    room.open = on_enter;
    room.message = on_say;
    serve_sockets(0, app, "/uwebsockets/echo", echo, NULL);
    serve_sockets(0, app, "/uwebsockets/room", room, NULL);
    serve_sockets(0, app, "/uwebsockets/up", up, NULL);
    serve_sockets(0, app, "/uwebsockets/down", down, NULL);
    listen_with(0, app, (ListenOptions){.port = atoi(arguments[1]), .host = "127.0.0.1"}, on_listen, NULL);
    return run_loop(loop, 0);
}
