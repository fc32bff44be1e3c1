/*
 * Why: an ESP32 with an AD8232 heart monitor board as a native device, in one sketch.
 *
 * Copy ecgmon_frame.h and ecgmon_frame.c beside this file. Wiring: OUTPUT to GPIO 34,
 * LO+ to GPIO 32, LO- to GPIO 33, 3.3 V and GND. Then
 *
 *     ecgmon run --source "serial:/dev/ttyUSB0?device=native"
 *
 * SPDX-License-Identifier: MIT
 */
#include "ecgmon_frame.h"

const int PIN_ECG = 34;
const int PIN_LO_PLUS = 32;
const int PIN_LO_MINUS = 33;
const uint32_t RATE_HZ = 250;
const uint8_t PER_FRAME = 25;

/* 12 bits over 3.3 V behind a gain of 1100: 3.3 V / 4095 / 1100 = 732600 pV a count. */
const char *const LEADS[] = {"ECG"};
const ecgmon_hello_t HELLO = {RATE_HZ * 1000, 732600, "ad8232", LEADS, 1};

static int32_t values[PER_FRAME];
static uint8_t wire[ECGMON_HELLO_BYTES];
static uint8_t count = 0;
static uint8_t flags = 0;
static uint16_t seq = 0;
static uint32_t first_us = 0;
static uint32_t next_us = 0;

void setup()
{
    Serial.begin(115200);
    analogReadResolution(12);
    pinMode(PIN_LO_PLUS, INPUT);
    pinMode(PIN_LO_MINUS, INPUT);
    next_us = micros();
}

void loop()
{
    if ((int32_t)(micros() - next_us) < 0) {
        return;
    }
    if (count == 0) {
        first_us = next_us;
        flags = 0;
    }
    next_us += 1000000u / RATE_HZ;
    if (digitalRead(PIN_LO_PLUS) || digitalRead(PIN_LO_MINUS)) {
        flags |= ECGMON_FLAG_LEAD_OFF(0);
    }
    values[count++] = (int32_t)analogRead(PIN_ECG) - 2048;
    if (count < PER_FRAME) {
        return;
    }
    if (seq % (RATE_HZ / PER_FRAME) == 0) {
        Serial.write(wire, ecgmon_hello(&HELLO, seq, first_us, wire, sizeof wire));
    }
    Serial.write(wire, ecgmon_data(values, count, flags, seq, first_us, wire, sizeof wire));
    seq++;
    count = 0;
}
