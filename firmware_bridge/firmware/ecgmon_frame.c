/*
 * Why: the one implementation of the native frame for firmware, tested on the host.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ecgmon_frame.h"

#include <string.h>

/* COBS while writing: the code of a block stands at `code` and is known at its end. */
typedef struct {
    uint8_t *out;
    size_t room;
    size_t at;
    size_t code;
    uint16_t crc;
    int full;
} writer_t;

static void open_block(writer_t *w)
{
    w->code = w->at;
    if (w->at < w->room) {
        w->at++;
    } else {
        w->full = 1;
    }
}

static void close_block(writer_t *w)
{
    if (!w->full) {
        w->out[w->code] = (uint8_t)(w->at - w->code);
    }
    open_block(w);
}

static void put_raw(writer_t *w, uint8_t byte)
{
    if (w->at - w->code == 255u) {
        close_block(w);
    }
    if (byte == 0u) {
        close_block(w);
    } else if (w->at < w->room) {
        w->out[w->at++] = byte;
    } else {
        w->full = 1;
    }
}

static void put(writer_t *w, uint8_t byte)
{
    int bit;

    w->crc = (uint16_t)(w->crc ^ (uint16_t)((uint16_t)byte << 8));
    for (bit = 0; bit < 8; bit++) {
        const uint16_t feedback = (w->crc & 0x8000u) ? 0x1021u : 0u;

        w->crc = (uint16_t)((uint16_t)(w->crc << 1) ^ feedback);
    }
    put_raw(w, byte);
}

static void put_le(writer_t *w, uint32_t value, int n_bytes)
{
    while (n_bytes-- > 0) {
        put(w, (uint8_t)(value & 0xFFu));
        value >>= 8;
    }
}

static void put_text(writer_t *w, const char *text)
{
    size_t length = strlen(text);
    size_t i;

    if (length > 255u) {
        length = 255u;
    }
    put(w, (uint8_t)length);
    for (i = 0; i < length; i++) {
        put(w, (uint8_t)text[i]);
    }
}

static void begin(writer_t *w, uint8_t *out, size_t room, uint8_t flags, uint16_t seq, uint32_t t_us)
{
    w->out = out;
    w->room = room;
    w->at = 0;
    w->crc = 0xFFFFu;
    w->full = 0;
    open_block(w);
    put(w, (uint8_t)ECGMON_VERSION);
    put(w, flags);
    put_le(w, seq, 2);
    put_le(w, t_us, 4);
}

static size_t finish(writer_t *w)
{
    const uint16_t crc = w->crc;

    put_raw(w, (uint8_t)(crc & 0xFFu));
    put_raw(w, (uint8_t)(crc >> 8));
    if (w->full || w->at >= w->room) {
        return 0;
    }
    w->out[w->code] = (uint8_t)(w->at - w->code);
    w->out[w->at++] = 0u;
    return w->at;
}

size_t ecgmon_hello(const ecgmon_hello_t *hello, uint16_t seq, uint32_t t_us, uint8_t *out, size_t room)
{
    writer_t w;
    uint8_t lead;
    size_t length;

    if (room < 1u || hello->n_leads < 1u || hello->n_leads > ECGMON_MAX_LEADS) {
        return 0;
    }
    out[0] = 0u; /* cuts off boot text before it */
    begin(&w, out + 1, room - 1u, 0x80u, seq, t_us);
    put(&w, hello->n_leads);
    put_le(&w, hello->rate_mhz, 4);
    put_le(&w, hello->gain_pv, 4);
    put_text(&w, hello->device);
    for (lead = 0; lead < hello->n_leads; lead++) {
        put_text(&w, hello->leads[lead]);
    }
    length = finish(&w);
    return length > 0u ? length + 1u : 0u;
}

size_t ecgmon_data(const int32_t *values, uint8_t n, uint8_t flags, uint16_t seq, uint32_t t_us,
                   uint8_t *out, size_t room)
{
    writer_t w;
    uint8_t i;

    begin(&w, out, room, (uint8_t)(flags & 0x3Fu), seq, t_us);
    put(&w, n);
    for (i = 0; i < n; i++) {
        put_le(&w, (uint32_t)values[i], 3);
    }
    return finish(&w);
}
