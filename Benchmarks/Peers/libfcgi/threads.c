// A peer: libfcgi as its manual shows it, a thread for every transaction.
//
//   threads PATH
#include <fcgiapp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { room_limit = 16384 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static FCGX_Request *room[room_limit];
static int room_count;

static void tell_room(const char *bytes, int count) {
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < room_count; i++) {
        FCGX_PutStr(bytes, count, room[i]->out);
        FCGX_FFlush(room[i]->out);
    }
    pthread_mutex_unlock(&mutex);
}

static void enter_room(FCGX_Request *request) {
    pthread_mutex_lock(&mutex);
    if (room_count < room_limit) room[room_count++] = request;
    pthread_mutex_unlock(&mutex);
}

static void leave_room(FCGX_Request *request) {
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < room_count; i++) {
        if (room[i] == request) room[i--] = room[--room_count];
    }
    pthread_mutex_unlock(&mutex);
}

static void *serve(void *of) {
    FCGX_Request *request = of;
    char bytes[16384];
    const char *target = FCGX_GetParam("REQUEST_URI", request->envp);
    int is_room = target && strstr(target, "room=") != NULL;
    // Forty bytes: libfcgi fills up to eights, and nginx holds back a head by itself where such filling follows it.
    FCGX_PutS("Content-Type: application/x-longwire\r\n\r\n", request->out);
    FCGX_FFlush(request->out);
    if (is_room) enter_room(request);
    for (int first; (first = FCGX_GetChar(request->in)) != EOF;) {
        // One byte was waited for; what else is there comes without waiting.
        long there = request->in->stop - request->in->rdNext;
        int count = there < (long)sizeof bytes - 1 ? (int)there : (int)sizeof bytes - 1;
        bytes[0] = (char)first;
        if (count > 0) count = FCGX_GetStr(bytes + 1, count, request->in);
        if (is_room) {
            tell_room(bytes, count + 1);
            continue;
        }
        FCGX_PutStr(bytes, count + 1, request->out);
        FCGX_FFlush(request->out);
    }
    if (is_room) leave_room(request);
    FCGX_Finish_r(request);
    FCGX_Free(request, 1);
    free(request);
    return NULL;
}

int main(int count, char **arguments) {
    if (count != 2 || FCGX_Init() != 0) return 2;
    int listener = FCGX_OpenSocket(arguments[1], 1024);
    if (listener < 0) return 1;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    for (;;) {
        FCGX_Request *request = calloc(1, sizeof *request);
        pthread_t thread;
        if (!request || FCGX_InitRequest(request, listener, 0) != 0 || FCGX_Accept_r(request) != 0) return 1;
        if (pthread_create(&thread, &attributes, serve, request) != 0) {
            perror("threads");
            FCGX_Finish_r(request);
            free(request);
        }
    }
}
