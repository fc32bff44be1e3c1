"""The C encoder, compiled on this machine, writes what the Python encoder writes."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.firmware_bridge.decoders.native import Hello, NativeDecoder, encode_data, encode_hello

SOURCE = Path(__file__).parents[2] / "firmware_bridge" / "firmware" / "ecgmon_frame.c"
STRICT = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C compiler")


class HelloStruct(ctypes.Structure):
    _fields_ = (
        ("rate_mhz", ctypes.c_uint32),
        ("gain_pv", ctypes.c_uint32),
        ("device", ctypes.c_char_p),
        ("leads", ctypes.POINTER(ctypes.c_char_p)),
        ("n_leads", ctypes.c_uint8),
    )


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    target = tmp_path_factory.mktemp("firmware") / "ecgmon_frame.so"
    subprocess.run([COMPILER, *STRICT, "-shared", "-fPIC", "-o", target, SOURCE], check=True)
    library = ctypes.CDLL(str(target))
    for function in (library.ecgmon_data, library.ecgmon_hello):
        function.restype = ctypes.c_size_t
    return library


def c_data(library, values, flags, seq, t_us, room=1024):
    out = (ctypes.c_uint8 * 1024)()
    array = (ctypes.c_int32 * len(values))(*values)
    n = library.ecgmon_data(
        array, ctypes.c_uint8(len(values)), ctypes.c_uint8(flags), ctypes.c_uint16(seq),
        ctypes.c_uint32(t_us), out, ctypes.c_size_t(room),
    )  # fmt: skip
    return bytes(out[:n])


def c_hello(library, hello, seq, t_us, room=1024):
    names = (ctypes.c_char_p * len(hello.leads))(*(lead.encode() for lead in hello.leads))
    struct = HelloStruct(
        round(hello.fs_hz * 1e3), round(hello.uv_per_count * 1e6), hello.device.encode(), names,
        len(hello.leads),
    )  # fmt: skip
    out = (ctypes.c_uint8 * 1024)()
    n = library.ecgmon_hello(
        ctypes.byref(struct), ctypes.c_uint16(seq), ctypes.c_uint32(t_us), out, ctypes.c_size_t(room)
    )
    return bytes(out[:n])


@given(
    st.lists(st.integers(-(2**23), 2**23 - 1) | st.integers(-2, 2), min_size=1, max_size=255),
    st.integers(0, 0x3F),
    st.integers(0, 65535),
    st.integers(0, 2**32 - 1),
)
def test_data_frames_agree_byte_for_byte(library, values, flags, seq, t_us):
    assert c_data(library, values, flags, seq, t_us) == encode_data(values, seq, t_us, flags)


@given(
    st.lists(st.text("abcIVR-", max_size=9), min_size=1, max_size=5),
    st.text("ecg-0123", max_size=20),
    st.floats(1, 4000),
    st.floats(0.001, 1000),
)
def test_hello_frames_agree_byte_for_byte(library, leads, device, fs_hz, gain):
    hello = Hello(fs_hz, gain, tuple(leads), device)
    assert c_hello(library, hello, 3, 12345) == encode_hello(hello, 3, 12345)


def test_python_decodes_what_c_encodes(library):
    hello = Hello(250.0, 0.7326, ("ECG",), "ad8232")
    decoder = NativeDecoder()
    wire = c_hello(library, hello, 0, 0)
    wire += b"".join(c_data(library, [seq] * 25, 0, seq, 100_000 * seq) for seq in range(100))
    packets = decoder.feed(wire)
    assert [p.seq for p in packets] == list(range(100))
    assert packets[50].samples_mv[0, 0] == pytest.approx(50 * 0.7326e-3)
    assert decoder.counters.bad_frames == 0


def test_a_buffer_too_small_is_never_overrun(library):
    values = list(range(60))
    whole = c_data(library, values, 0, 1, 2)
    for room in range(len(whole)):
        assert c_data(library, values, 0, 1, 2, room) == b""
    assert c_data(library, values, 0, 1, 2, len(whole)) == whole


def test_a_hello_without_leads_is_refused(library):
    assert c_hello(library, Hello(250.0, 1.0, ()), 0, 0) == b""
