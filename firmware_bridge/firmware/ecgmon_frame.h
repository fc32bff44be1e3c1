/*
 * Why: lets any microcontroller speak the native frame without heap or libraries.
 *
 * Portable C99. All state is the caller's; nothing is allocated. Each function writes
 * one complete frame, COBS-encoded and closed by a zero byte, and returns its length,
 * or 0 if the arguments make no frame or the buffer is too small.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ECGMON_FRAME_H
#define ECGMON_FRAME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ECGMON_VERSION 1u
#define ECGMON_MAX_VALUES 255u
#define ECGMON_MAX_LEADS 5u
#define ECGMON_FLAG_LEAD_OFF(lead) (1u << (lead)) /* lead 0 to 4 */
#define ECGMON_FLAG_BATTERY_LOW 0x20u

/* Bytes that a frame of n values can take on the wire, at most. */
#define ECGMON_DATA_BYTES(n) (9u + 3u * (n) + 2u + 5u)
#define ECGMON_HELLO_BYTES 256u

typedef struct {
    uint32_t rate_mhz;  /* samples a second, times 1000 */
    uint32_t gain_pv;   /* picovolts a count */
    const char *device; /* name of the device, may be "" */
    const char *const *leads;
    uint8_t n_leads; /* 1 to 5 */
} ecgmon_hello_t;

/*
 * Says what the device is. Send it once a second, so that a listener who comes late
 * can follow. seq is the number of the data frame that comes next.
 */
size_t ecgmon_hello(const ecgmon_hello_t *hello, uint16_t seq, uint32_t t_us, uint8_t *out, size_t room);

/*
 * Sends n values (24 bits each, leads alternating). t_us is the device clock at the
 * first of them; seq counts data frames and wraps.
 */
size_t ecgmon_data(const int32_t *values, uint8_t n, uint8_t flags, uint16_t seq, uint32_t t_us,
                   uint8_t *out, size_t room);

#ifdef __cplusplus
}
#endif
#endif
