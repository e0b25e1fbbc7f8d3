#include "wire.h"

size_t put_number(uint8_t *to, uint64_t value) {
    size_t length = value < 1 << 6 ? 1 : value < 1 << 14 ? 2 : value < 1 << 30 ? 4 : 8;
    for (size_t i = 0; i < length; i++) to[i] = (uint8_t)(value >> (8 * (length - 1 - i)));
    to[0] |= length == 1 ? 0 : length == 2 ? 0x40 : length == 4 ? 0x80 : 0xc0;
    return length;
}

bool take_number(const uint8_t **at, const uint8_t *end, uint64_t *value) {
    if (*at == end) return false;
    size_t length = (size_t)1 << (**at >> 6);
    if ((size_t)(end - *at) < length) return false;
    *value = **at & 0x3f;
    for (size_t i = 1; i < length; i++) *value = *value << 8 | (*at)[i];
    *at += length;
    return true;
}

uint64_t need_number(Line *line, const uint8_t **at, const uint8_t *end) {
    uint64_t value;
    if (!take_number(at, end, &value)) line_fail(line, "a frame is too short");
    return value;
}
