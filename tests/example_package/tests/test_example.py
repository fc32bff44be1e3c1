"""What the author of a package tests: each part keeps its promises, and does what it is for."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
from ecgmon_example.atrial_beats import ALARM
from ecgmon_example.belt import BeltDecoder, BeltSettings, encode
from ecgmon_example.capture import CaptureSettings, CaptureSource
from ecgmon_example.count_page import CountPage
from ecgmon_example.tally import TallyOutput, TallySettings

from ecgmon.firmware_bridge.contract import check_decoder
from ecgmon.monitor.alarms.contract import check_alarm
from ecgmon.monitor.core.events import Beat, HeartRate
from ecgmon.monitor.ingest.contract import check_source
from ecgmon.monitor.outputs.contract import check_output

STREAM = b"".join(encode(np.arange(40 * n, 40 * n + 40, dtype=np.int16), n) for n in range(30))


def beat(sample: int, aami: str) -> Beat:
    return Beat(
        sample=sample,
        time_s=sample / 360,
        known_at=sample + 100,
        symbol={"S": "A"}.get(aami, aami),
        aami=aami,
        probabilities={},
        r_known_at=sample + 50,
        rr_s=0.8,
        quality=1.0,
    )


def test_the_decoder_keeps_its_promises():
    packets = check_decoder(BeltDecoder, b"boot\r\n" + STREAM)
    np.testing.assert_allclose(packets[1].samples_mv[0, :2], [0.2, 0.205])
    assert packets[29].seq == 29


def test_the_scale_can_be_set():
    (packet, *_) = BeltDecoder(settings=BeltSettings(uv_per_count=1000)).feed(STREAM)
    assert packet.samples_mv[0, 3] == 3.0


async def test_the_source_keeps_its_promises(tmp_path):
    (tmp_path / "x.bin").write_bytes(STREAM[: 84 * 10] + STREAM[84 * 12 :])
    blocks = await check_source(CaptureSource(tmp_path / "x.bin", CaptureSettings()), blocks=100)
    assert [block.start for block in blocks][9:12] == [360, 480, 520]


def test_the_output_keeps_its_promises(tmp_path):
    path = tmp_path / "tally.json"
    events = [beat(0, "N"), HeartRate(sample=0, time_s=0.0, known_at=1, bpm=60.0)]
    check_output(lambda: TallyOutput(TallySettings(path=path)), events)
    assert json.loads(path.read_text()) == {"ecg": {"Beat": 2, "HeartRate": 2}}


def test_the_alarm_keeps_its_promises():
    beats = [beat(360 * n, "S" if 20 <= n < 25 else "N") for n in range(120)]
    changes = check_alarm(ALARM, beats, 360.0)
    assert [(change.present, change.sample // 360) for change in changes] == [(True, 23), (False, 81)]


def test_the_page_counts_what_it_is_shown(qtbot):
    page = CountPage(None)
    qtbot.addWidget(page)
    page.build()
    page.refresh(0.0)
    assert page.words.text() == "0 beats are kept"
    page.set_session(SimpleNamespace(beats=[1, 2, 3]))
    page.refresh(1.0)
    assert page.words.text() == "3 beats are kept"
