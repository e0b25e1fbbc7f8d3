// A neutral load for anything that echoes: one thread with epoll, no client library, every byte looked at.
//
// A line is a connection. Its carrier (TCP, a chunked POST, a WebSocket) puts units of bytes on it, and its speech
// (nothing, Longwire's frames, socket.io) makes messages of them. The load above knows messages only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frames.h"

// MARK: bytes.c

typedef struct {
    uint8_t *at;
    size_t start, end, room;
} Bytes;

static inline size_t bytes_count(const Bytes *bytes) { return bytes->end - bytes->start; }
static inline uint8_t *bytes_front(const Bytes *bytes) { return bytes->at + bytes->start; }
/// Room for so many more; the caller writes there and moves `end`.
uint8_t *bytes_reserve(Bytes *bytes, size_t count);
void bytes_add(Bytes *bytes, const void *from, size_t count);
void bytes_text(Bytes *bytes, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bytes_take(Bytes *bytes, size_t count);
void bytes_free(Bytes *bytes);

// MARK: support.c

/// Says what went wrong, and ends the program.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/// Nanoseconds of a clock that only goes forward.
uint64_t now(void);
uint64_t random_word(void);

// MARK: payload.c

/// What every session sends, over and over: printable, so that every peer can take it as text. Messages begin
/// anywhere in it, and its length is prime: what is lost, doubled or out of order does not match.
enum { payload_period = 1048573 };
void payload_make(void);
const uint8_t *payload_at(uint64_t position);

// MARK: Carriers and speeches

typedef struct {
    /// Whether messages that wait go together in one unit.
    bool joins;
    void (*start)(Line *line);
    void (*put)(Line *line, const uint8_t *bytes, size_t count);
    /// Takes what can be taken of the bytes that came, gives the content to the speech, and says how much that was.
    size_t (*input)(Line *line, uint8_t *bytes, size_t count);
    /// Nothing more will be said.
    void (*finish)(Line *line);
} Carrier;

typedef struct {
    /// Whether it speaks before the server has answered.
    bool begins;
    void (*start)(Line *line);
    bool (*can_send)(Line *line, size_t count);
    void (*send)(Line *line, const uint8_t *bytes, size_t count, bool is_text);
    void (*input)(Line *line, uint8_t *bytes, size_t count, bool is_end);
    /// Before what was said is put on the line.
    void (*flush)(Line *line);
    void (*finish)(Line *line);
    /// Ends it without courtesy, but so that the server keeps nothing.
    void (*abandon)(Line *line);
} Speech;

extern const Carrier carrier_tcp, carrier_post, carrier_websocket;
extern const Speech speech_plain, speech_frames, speech_socketio;

typedef struct {
    const Carrier *carrier;
    const Speech *speech;
    uint16_t port;
    const char *target;  // of the HTTP request
} Way;

// MARK: line.c

struct Line {
    Way way;
    int fd;
    unsigned index;
    uint8_t identifier[16];
    bool is_connected, is_open, is_finishing, is_over, wants_out, is_queued;
    Bytes out, body, left, part;
    // Carriers
    int state;
    uint64_t unit_left;
    uint8_t opcode;
    bool unit_ends;
    // Speeches
    Frames frames;
    // The load
    uint64_t base, said, heard;  // positions in the payload
    uint64_t since;              // when what is under way was sent
    unsigned under_way;
    Bytes text;
};

/// What the load wants to hear.
typedef struct {
    void (*opened)(Line *line);
    /// Bytes of a message; `is_end` where the peer marks ends.
    void (*heard)(Line *line, const uint8_t *bytes, size_t count, bool is_end);
    void (*over)(Line *line);
} Events;

extern Events events;

void lines_make(void);
Line *line_start(const Way *way, unsigned index);
/// Puts what was said on the line once the events at hand are worked off.
void line_queue(Line *line);
void line_write(Line *line);
/// The session is ready for messages.
void line_opened(Line *line);
void line_finish(Line *line);
/// The other side has said its last word.
void line_over(Line *line);
void line_free(Line *line);
/// One turn of the loop; waits at most so many milliseconds.
void lines_turn(int milliseconds);
/// Adds the query that every request has.
void line_query(const Line *line, char query[64]);
/// Where a line is, for a sentence.
_Noreturn void line_fail(Line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

// MARK: processes.c

typedef struct {
    int roots[8];
    int count;
} Trees;

Trees trees_of(const char *list);
/// Processor time so far, of the processes and all below them, in nanoseconds.
uint64_t trees_time(const Trees *trees);
/// Memory that is theirs, shared pages in parts, in bytes.
uint64_t trees_memory(const Trees *trees);
/// On the first processor, or on all again; this program with them.
void trees_pin(const Trees *trees, bool pinned);

// MARK: load.c, and what is measured: echo.c, openings.c, idle.c, fanout.c, cold.c

typedef struct {
    Way way;
    const char *figure;
    double seconds;
    unsigned sessions, more_sessions;
    unsigned window;  // messages that a session has under way
    unsigned active;  // messages that all have under way, 0 for no such limit
    unsigned burst;   // messages one after the other before another session has its turn
    unsigned size, answer;  // bytes of a message, and of what comes back for it
    bool pinned;
    const char *ready;  // where the application listens
    char **command;     // what starts it
    Trees application, nginx, both;
} Plan;

void run_echo(const Plan *plan);
void run_openings(const Plan *plan);
void run_idle(const Plan *plan);
void run_fanout(const Plan *plan);
void run_cold(const Plan *plan);

void result(const Plan *plan, const char *what, double value);

typedef struct {
    Line **at;
    unsigned count, opened, over;
} Lines;

/// Opens lines until there are so many, some at a time, and waits until all are open.
void load_open(Lines *lines, const Way *way, unsigned count);
/// Ends all in good order, or at once.
void load_close(Lines *lines, bool at_once);
/// Whether what came is what was sent, and ends where it should. A shorter answer is the end of its message, a longer
/// one the message again and again.
void load_check(Line *line, const uint8_t *bytes, size_t count, bool is_end, unsigned size, unsigned answer);
/// Turns for so long.
void load_turns(double seconds);
/// Turns until the processes have nothing more to do.
void load_settle(const Trees *trees);
/// Turns until a condition holds; not for ever.
void load_until(bool (*holds)(void), const char *what);
