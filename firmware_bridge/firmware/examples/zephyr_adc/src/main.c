/*
 * Why: shows a Zephyr-style device: a timer samples, a thread frames and sends.
 *
 * The ECG comes from an ADC channel of the devicetree (zephyr,user, io-channels); a
 * board with an analog front end on SPI replaces read_ecg() and the gain only.
 *
 * SPDX-License-Identifier: MIT
 */
#include <zephyr/device.h>
#include <zephyr/drivers/adc.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/kernel.h>

#include "ecgmon_frame.h"

#define RATE_HZ 250
#define PER_FRAME 25

struct sample {
    int32_t value;
    uint32_t t_us;
};

K_MSGQ_DEFINE(samples, sizeof(struct sample), 4 * PER_FRAME, 4);

static const struct adc_dt_spec ecg = ADC_DT_SPEC_GET(DT_PATH(zephyr_user));
static const struct device *const uart = DEVICE_DT_GET(DT_CHOSEN(zephyr_console));
static const char *const leads[] = {"ECG"};
static const ecgmon_hello_t hello = {RATE_HZ * 1000, 732600, "zephyr", leads, 1};

static int32_t read_ecg(void)
{
    int16_t raw = 0;
    struct adc_sequence sequence = {.buffer = &raw, .buffer_size = sizeof raw};

    adc_sequence_init_dt(&ecg, &sequence);
    return adc_read_dt(&ecg, &sequence) == 0 ? raw : 0;
}

static void sample_now(struct k_work *work)
{
    struct sample next = {read_ecg(), k_cyc_to_us_floor32(k_cycle_get_32())};

    ARG_UNUSED(work);
    (void)k_msgq_put(&samples, &next, K_NO_WAIT);
}

K_WORK_DEFINE(sampling, sample_now);

static void tick(struct k_timer *timer)
{
    ARG_UNUSED(timer);
    k_work_submit(&sampling);
}

K_TIMER_DEFINE(sampler, tick, NULL);

static void send(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uart_poll_out(uart, bytes[i]);
    }
}

int main(void)
{
    static uint8_t wire[ECGMON_HELLO_BYTES];
    int32_t values[PER_FRAME];

    adc_channel_setup_dt(&ecg);
    k_timer_start(&sampler, K_USEC(1000000 / RATE_HZ), K_USEC(1000000 / RATE_HZ));
    for (uint16_t seq = 0;; seq++) {
        uint32_t first_us = 0;

        for (int i = 0; i < PER_FRAME; i++) {
            struct sample next;

            k_msgq_get(&samples, &next, K_FOREVER);
            values[i] = next.value;
            first_us = i == 0 ? next.t_us : first_us;
        }
        if (seq % (RATE_HZ / PER_FRAME) == 0) {
            send(wire, ecgmon_hello(&hello, seq, first_us, wire, sizeof wire));
        }
        send(wire, ecgmon_data(values, PER_FRAME, 0, seq, first_us, wire, sizeof wire));
    }
}
