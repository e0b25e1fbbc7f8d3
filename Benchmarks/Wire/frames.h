// Longwire's frames, after Docs/protocol.md: what a session needs to know, and who makes and takes them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Line Line;

enum {
    type_open = 1, type_opened, type_message, type_fragment, type_ack, type_ping, type_pong, type_pad, type_close,
    type_text, type_going, type_abort,
};
enum { window = 256 * 1024, frame_cost = 64 };

enum { piece_limit = 128 };
typedef struct {
    uint64_t sent, received;               // numbers
    uint64_t spent, credit;                // what ours cost, and may
    uint64_t taken;                        // what theirs cost
    uint64_t written, read;                // bytes of the body
    uint64_t allowance, pieces;            // how many of them may be unread, in how many writes
    uint64_t piece_worth;                  // bytes more that a write less is worth
    uint64_t ends[piece_limit];            // of the writes that are not read
    unsigned first_end, end_count;
    uint64_t frames_untold, bytes_untold;  // since the last acknowledgement
    uint64_t owing_since, alone_at;
    struct Queue *queue;                   // of owing.c, and who is there before and after
    Line *before, *after;
    bool owes, has_waited, at_once, is_closed, is_covered;
} Frames;

// MARK: numbers.c: integers of variable length (RFC 9000 section 16)

size_t put_number(uint8_t *to, uint64_t value);
/// Takes a number; false where its bytes are not all there.
bool take_number(const uint8_t **at, const uint8_t *end, uint64_t *value);
/// The same where it must be there.
uint64_t need_number(Line *line, const uint8_t **at, const uint8_t *end);

// MARK: owing.c: when an acknowledgement is due

void frames_owe(Line *line);
/// It has acknowledged everything, with nothing else or with something.
void frames_told(Line *line, bool is_alone);
/// It is over.
void frames_forget(Line *line);
/// Sends the acknowledgements that are due by now.
void frames_tick(void);

// MARK: frames.c, received.c

/// Puts a frame with what goes out next: its value in two parts.
void frames_add(Line *line, uint8_t type, const uint8_t *head, size_t head_count, const uint8_t *rest, size_t count);
/// Takes what came, whole frames or not.
void frames_received(Line *line, uint8_t *bytes, size_t count, bool is_end);
