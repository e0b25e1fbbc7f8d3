#include "wire.h"

#include <string.h>

enum { margin = 1 << 17 };
static uint8_t payload[payload_period + margin];

void payload_make(void) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
    for (size_t i = 0; i < payload_period; i++) payload[i] = (uint8_t)letters[random_word() >> 58];
    // So that a piece may be compared in one go wherever it begins.
    memcpy(payload + payload_period, payload, margin);
}

const uint8_t *payload_at(uint64_t position) { return payload + position % payload_period; }
