"""Bad bytes against every decoder: mutated and random frames by the million.

Run ``python benchmarks/fuzz_decoders.py --frames 1000000``. Each round damages one frame
(flipped bits, lost, doubled and foreign bytes, pure noise), puts good frames behind it
and demands that none raises, that the good frames come out and that memory stays
bounded. ``--bit-errors`` damages native frames by one and two bits and counts those
accepted. ``--atheris SECONDS`` runs the coverage-guided fuzzer instead, if it is installed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import sys
import time

import numpy as np
import psutil

from ecgmon.firmware_bridge.decoders import DECODERS, make_decoder
from ecgmon.firmware_bridge.decoders.native import NativeDecoder, NativeSettings, encode_data
from ecgmon.firmware_bridge.packet import Decoder
from ecgmon.sim.devices.boards import BOARDS, Measured

OPTIONS: dict[str, dict[str, object]] = {
    "native": {"fs_hz": 250.0, "uv_per_count": 0.5},
    "openview": {"profile": "healthypi4"},
}
GOOD = {"bitalino": 6, "cyton": 3}
"""Good frames put behind a damaged one; decoders without a checksum need a row to be sure."""


def frames_of(kind: str, count: int, generator: random.Random) -> list[bytes]:
    """Return frames of a device in the order of their counters."""
    board = BOARDS[kind]()
    n = board.frame_samples
    values = np.random.default_rng(generator.randrange(2**32)).normal(0, 0.4, (count, n))
    return [board.encode(Measured(row, place * n)) for place, row in enumerate(values)]


def damaged(frame: bytes, generator: random.Random) -> bytes:
    """Return a frame after an accident, or noise in its place."""
    data = bytearray(frame)
    match generator.randrange(6):
        case 0:
            for _ in range(generator.randint(1, 4)):
                data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        case 1:
            del data[generator.randrange(len(data))]
        case 2:
            at = generator.randrange(len(data))
            data[at:at] = data[at : at + 1]
        case 3:
            del data[generator.randrange(len(data)) :]
        case 4:
            at = generator.randrange(len(data))
            data[at:at] = generator.randbytes(generator.randint(1, 40))
        case _:
            data = bytearray(generator.randbytes(generator.randint(1, 2 * len(frame))))
    return bytes(data)


def resident_mb() -> float:
    """Return the memory of this process in megabytes."""
    return float(psutil.Process().memory_info().rss) / 1e6


def fuzz(kind: str, rounds: int, seed: int) -> dict[str, object]:
    """Damage so many frames of a device; return what came of it."""
    generator = random.Random(seed)
    decoder = make_decoder(kind, OPTIONS.get(kind, {}))
    behind = GOOD.get(kind, 2)
    pool = frames_of(kind, 65_536 if kind == "native" else 4096, generator)
    for frame in pool[:8]:
        decoder.feed(frame)
    missed = at = 0
    before_mb = resident_mb()
    began = time.perf_counter()
    for _ in range(rounds):
        at = (at + 1 + behind) % (len(pool) - behind - 1)
        if at < 1 + behind:
            decoder.reset()
        decoder.feed(damaged(pool[at], generator))
        good = [pool[at + 1 + ahead] for ahead in range(behind)]
        out = [packet for frame in good for packet in decoder.feed(frame)]
        missed += not out
    return {
        "device": kind,
        "damaged_frames": rounds,
        "good_frames_behind": behind,
        "rounds_without_a_good_frame": missed,
        "memory_grown_mb": round(resident_mb() - before_mb, 1),
        "seconds": round(time.perf_counter() - began),
    }


def bit_errors(count: int, seed: int) -> dict[str, object]:
    """Return how many native frames with one or two wrong bits are accepted."""
    generator = random.Random(seed)
    accepted = 0
    pool = [
        encode_data(np.random.default_rng(n).normal(0, 900, 25).astype(int), n, n * 100_000)
        for n in range(500)
    ]
    for _ in range(count):
        frame = bytearray(generator.choice(pool))
        for bit in generator.sample(range(8 * (len(frame) - 1)), generator.randint(1, 2)):
            frame[bit >> 3] ^= 1 << (bit & 7)
        accepted += bool(NativeDecoder(NativeSettings(fs_hz=250.0, uv_per_count=1.0)).feed(bytes(frame)))
    return {"device": "native", "frames_with_one_or_two_wrong_bits": count, "accepted": accepted}


def guided(seconds: int) -> None:
    """Run atheris over all decoders."""
    import atheris

    for name in [name for name in sys.modules if name.startswith("firmware_bridge")]:
        del sys.modules[name]
    with atheris.instrument_imports(include=["firmware_bridge"]):
        package = importlib.import_module("ecgmon.firmware_bridge.decoders")
        decoders: list[Decoder] = [
            package.make_decoder(kind, OPTIONS.get(kind, {})) for kind in DECODERS.own_names()
        ]

    def one(data: bytes) -> None:
        for decoder in decoders:
            decoder.feed(data)
            decoder.reset()

    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}"], one)
    atheris.Fuzz()


def main() -> int:
    """Fuzz and print a line of JSON for each device."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--devices", nargs="+", default=DECODERS.own_names())
    parser.add_argument("--bit-errors", type=int, default=0)
    parser.add_argument("--atheris", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.atheris:
        guided(arguments.atheris)
    if arguments.bit_errors:
        print(json.dumps(bit_errors(arguments.bit_errors, arguments.seed)), flush=True)
    for kind in arguments.devices:
        print(json.dumps(fuzz(kind, arguments.frames, arguments.seed)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
