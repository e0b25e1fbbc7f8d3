// A peer: libwebsockets, as its examples have it: what comes waits in a list until the socket can be written to, and
// each turn writes one message.
//
//   server PORT
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

enum { message_limit = 32768 };

typedef struct Message {
    struct Message *next;
    size_t count;
    unsigned char bytes[];
} Message;

typedef struct Session {
    struct lws *line;
    Message *first, **last;
    struct Session *next_in_room;
    int is_room, is_text;
    size_t count;
    unsigned char *part;
} Session;

static Session *room;

static void add(Session *session, const unsigned char *bytes, size_t count) {
    Message *message = malloc(sizeof *message + LWS_PRE + count);
    if (!message) abort();
    message->next = NULL;
    message->count = count;
    memcpy(message->bytes + LWS_PRE, bytes, count);
    *session->last = message;
    session->last = &message->next;
    lws_callback_on_writable(session->line);
}

static void received(Session *session, const unsigned char *bytes, size_t count) {
    if (!session->is_room) return add(session, bytes, count);
    for (Session *member = room; member; member = member->next_in_room) {
        member->is_text = session->is_text;
        add(member, bytes, count);
    }
}

static int write_one(Session *session) {
    Message *message = session->first;
    if (!message) return 0;
    int sent = lws_write(session->line, message->bytes + LWS_PRE, message->count,
                         session->is_text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY);
    if (sent < (int)message->count) return -1;
    session->first = message->next;
    if (!session->first) session->last = &session->first;
    free(message);
    if (session->first) lws_callback_on_writable(session->line);
    return 0;
}

static int callback(struct lws *line, enum lws_callback_reasons reason, void *user, void *in, size_t count) {
    Session *session = user;
    char target[64];
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        *session = (Session){.line = line, .last = &session->first};
        if (lws_hdr_copy(line, target, sizeof target, WSI_TOKEN_GET_URI) > 0 && strstr(target, "room")) {
            session->is_room = 1;
            session->next_in_room = room;
            room = session;
        }
        return 0;
    case LWS_CALLBACK_RECEIVE:
        session->is_text = !lws_frame_is_binary(line);
        if (session->count == 0 && lws_is_final_fragment(line)) return received(session, in, count), 0;
        if (session->count + count > message_limit) return -1;
        if (!session->part) session->part = malloc(message_limit);
        if (!session->part) return -1;
        memcpy(session->part + session->count, in, count);
        session->count += count;
        if (!lws_is_final_fragment(line)) return 0;
        received(session, session->part, session->count);
        session->count = 0;
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE: return write_one(session);
    case LWS_CALLBACK_CLOSED:
        for (Session **at = &room; *at; at = &(*at)->next_in_room) {
            if (*at != session) continue;
            *at = session->next_in_room;
            break;
        }
        for (Message *message; (message = session->first);) {
            session->first = message->next;
            free(message);
        }
        free(session->part);
        return 0;
    default: return 0;
    }
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    lws_set_log_level(LLL_ERR, NULL);
    static struct lws_protocols protocols[] = {
        {.name = "messages", .callback = callback, .per_session_data_size = sizeof(Session), .rx_buffer_size = 16384},
        {0},
    };
    struct lws_context_creation_info information = {
        .port = atoi(arguments[1]), .iface = "127.0.0.1", .protocols = protocols, .gid = -1, .uid = -1,
    };
    struct lws_context *context = lws_create_context(&information);
    if (!context) return 1;
    while (lws_service(context, 0) >= 0) {}
    return 0;
}
