"""Settings are taken as written or refused with file, key, value and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import SettingsError
from ecgmon.monitor.core.refusal import table_of
from ecgmon.monitor.run.settings import MonitorSettings, load_settings

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.toml"))


def load(folder: Path, text: str) -> MonitorSettings:
    path = folder / "my.toml"
    path.write_text(text)
    return load_settings(path)


def test_each_way_of_use_is_described() -> None:
    assert [path.stem for path in CONFIGS] == ["desktop", "devices", "raspberry-pi", "replay"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_shipped_files_are_valid_and_name_a_source(path: Path) -> None:
    assert load_settings(path).sources


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_commented_out_key_of_a_shipped_file_is_a_real_one(path: Path, tmp_path: Path) -> None:
    load(tmp_path, "\n".join(line.lstrip("# ") if _is_hidden(line) else line for line in _lines(path)))


def _is_hidden(line: str) -> bool:
    return line.startswith("# [") or (line.startswith("# ") and " = " in line)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_what_a_file_leaves_out_keeps_its_default(tmp_path: Path) -> None:
    settings = load(tmp_path, "[alarms.asystole]\nlimit_s = 5\n")
    default = MonitorSettings()
    assert settings.alarms.asystole.limit_s == 5
    assert settings.alarms.asystole.latching == default.alarms.asystole.latching
    assert settings.alarms.extreme_tachycardia == default.alarms.extreme_tachycardia
    assert settings.pipeline == default.pipeline


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text('window = true\n[replay]\nspeed = 2\nchannel = "V1"\n')
    settings = load_settings(path, {"window": False, "replay": {"speed": "max"}})
    assert (settings.window, settings.replay.speed, settings.replay.channel) == (False, "max", "V1")


def test_relative_paths_count_from_the_files_folder(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        '[replay]\ndata_dir = "ecg"\n[outputs]\nevents = "/var/e.jsonl"\nannotations = "out"\n'
        '[pipeline.classifier]\nmodel = "mine.onnx"\n',
    )
    assert settings.replay.data_dir == tmp_path / "ecg"
    assert settings.outputs.events == Path("/var/e.jsonl")
    assert settings.outputs.annotations == tmp_path / "out"
    assert settings.pipeline.classifier.model == str(tmp_path / "mine.onnx")


def test_standard_output_and_model_names_are_no_paths(tmp_path: Path) -> None:
    settings = load(tmp_path, '[outputs]\nevents = "-"\n[pipeline.classifier]\nmodel = "arrhythminet-v1"\n')
    assert settings.outputs.events == Path("-")
    assert settings.pipeline.classifier.model == "arrhythminet-v1"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("speed = 2", "unknown key speed"),
        ("[replay]\nsped = 2", "unknown key replay.sped. Did you mean speed?"),
        ("[alarms.asystole]\nlimit_ms = 4000", "unknown key alarms.asystole.limit_ms. Did you mean limit_s?"),
        ("[alarms.asystol]\nlimit_s = 4", "unknown key alarms.asystol. Did you mean asystole?"),
        (
            "[alarms.asystole]\nlimit_s = 40",
            "alarms.asystole.limit_s = 40 is refused: it must be a number from 1 up to 20 in seconds.",
        ),
        (
            '[alarms.asystole]\nlimit_s = "4 s"',
            'alarms.asystole.limit_s = "4 s" is refused: it must be a number from 1 up to 20 in seconds.',
        ),
        (
            '[alarms.asystole]\npriority = "urgent"',
            'alarms.asystole.priority = "urgent" is refused: it must be one of "high", "medium", "low".',
        ),
        ("[pipeline]\nusable_quality = nan", "pipeline.usable_quality = nan is refused: it must be a number"),
        ("[replay]\nspeed = -1", "replay.speed = -1 is refused: must be 'max' or a number above 0"),
        ("[replay]\nspeed = true", "replay.speed = true is refused: a number is wanted, not true or false."),
        (
            "[alarms.asystole]\nlimit_s = true",
            "alarms.asystole.limit_s = true is refused: a number is wanted, not true or false.",
        ),
        (
            "[mqtt]\nreorder = false",
            "mqtt.reorder = false is refused: a number is wanted",
        ),
        ("[replay]\nchunk_samples = 1.5", "replay.chunk_samples = 1.5 is refused: it must be a whole number"),
        ('[replay]\ndevice = "a b"', 'replay.device = "a b" is refused: it must be a text in quotes'),
        ('sources = "replay:200"', "it must be a list in square brackets, each a text in quotes."),
        ("window = 7", "window = 7 is refused: it must be true or false."),
        ("outputs = 3", "outputs = 3 is refused: it must be a table with"),
        ("a = = b", "this is not TOML (Invalid value (at line 1, column 5))."),
    ],
)
def test_a_bad_setting_is_refused_in_one_line(text: str, refusal: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        load(tmp_path, text)
    message = str(error.value)
    assert message.startswith(f"{tmp_path / 'my.toml'}: ")
    assert refusal in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("[outputs.mqtt]\nhots = 'x'", "unknown key outputs.mqtt.hots. Did you mean host?"),
        ("[patients.bed-3]\nnmae = 'x'", "unknown key patients.bed-3.nmae. Did you mean name?"),
        (
            "[patients.bed-3]\nalarms.asystol.limit_s = 4",
            "unknown key patients.bed-3.alarms.asystol. Did you mean asystole?",
        ),
        (
            "[patients.bed-3]\nalarms.asystole.limit_s = 40",
            "patients.bed-3.alarms.asystole.limit_s = 40 is refused: it must be a number from 1 up to 20",
        ),
        ("[mqtt]\npart = 3", "mqtt is refused: part must be less than parts, which is 1."),
        ("[mqtt]\nqos = 7", "mqtt.qos = 7 is refused: it must be one of 0, 1, 2."),
        ("[mqtt]\nport = 0", "mqtt.port = 0 is refused: it must be a whole number from 1 up to 65535."),
        ("[serial]\noptions = 3", "serial.options = 3 is refused: it must be a table."),
        (
            "[outputs.notify]\nurls = []",
            "outputs.notify.urls is refused: it must be a list in square brackets",
        ),
        ("[outputs.mqtt]\nca_file = 'x'", "ca_file and cert_file need tls = true beside them."),
        (
            "[outputs.webhook]\npriority = 'low'",
            "outputs.webhook.url is missing: it must be a text in quotes",
        ),
        ("window = '" + "x" * 5000 + "'", 'window = "' + "x" * 59 + "… is refused"),
        ('window = "a\\nb"', 'window = "a?b" is refused: it must be true or false.'),
        ('"a\\nb" = 1', "unknown key a?b."),
        ("duration_s = " + "9" * 400, "9… is refused: it must be a number above 0 in seconds."),
        ("window = 2026-05-01", "window = 2026-05-01 is refused: it must be true or false."),
        ("window = [1, 2]", "window = […] is refused: it must be true or false."),
    ],
)
def test_a_refusal_names_the_whole_key_and_stays_short(text: str, refusal: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        load(tmp_path, text)
    assert refusal in str(error.value)
    assert len(str(error.value)) < 400
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("text", "now"),
    [
        ("[mqtt]\nusername = 'x'", "mqtt.username is now mqtt.user."),
        ("[mqtt]\nusername_env = 'X'", 'mqtt.username_env is now mqtt.user = "env:NAME".'),
        ("[mqtt]\npassword_env = 'X'", 'mqtt.password_env is now mqtt.password = "env:NAME".'),
        ("[mqtt]\npassword_file = 'x'", 'mqtt.password_file is now mqtt.password = "file:PATH".'),
        ("[outputs.mqtt]\nusername = 'x'", "outputs.mqtt.username is now outputs.mqtt.user."),
        ("[pipeline.fibrillation]\nthreshold = 0.5", "pipeline.fibrillation is now pipeline.vf."),
        ("pipeline.judge_quality = false", "pipeline.judge_quality is now pipeline.assess_quality."),
        ("pipeline.rhythm.blind_s = 3", "pipeline.rhythm.blind_s is now pipeline.rhythm.unreadable_s."),
        ("pipeline.rhythm.fibrillation_on = 0.9", "is now pipeline.rhythm.af_on."),
        ("pipeline.rhythm.fibrillation_off = 0.5", "is now pipeline.rhythm.af_off."),
        ("[service]\nlearned_every_s = 9", "service.learned_every_s is now service.memory_every_s."),
        ("[service]\nlearned_for_s = 9", "service.learned_for_s is now service.memory_for_s."),
    ],
)
def test_a_key_of_former_times_is_refused_with_its_new_name(text: str, now: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        load(tmp_path, text)
    assert str(error.value).endswith(now)


def test_every_renaming_leads_to_a_key_that_is_there() -> None:
    def check(kind: type[Settings]) -> int:
        former = {key for base in kind.__mro__ for key in vars(base).get("renamed", {})}
        for key in former:
            assert key not in kind.model_fields
            assert (kind.renaming(key) or "").partition(" ")[0] in kind.model_fields
        below = [table_of(field.annotation) for field in kind.model_fields.values()]
        return len(former) + sum(check(table) for table in below if isinstance(table, type))

    assert check(MonitorSettings) >= 14
    assert MonitorSettings.renaming("sources") is None


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_each_commented_out_key_is_right_by_itself(path: Path, tmp_path: Path) -> None:
    """One at a time, with the heading of its table where that is commented out too."""
    lines, hidden_table = _lines(path), -1
    for place, line in enumerate(lines):
        if "[" in line[:3]:
            hidden_table = place if line.startswith("# [") else -1
        if _is_hidden(line) and not line.startswith("# ["):
            shown = {place, hidden_table}
            required = {
                n for n, other in enumerate(lines) if other.startswith(("# urls", "# cert_file", "# user"))
            }
            shown |= {n for n in required if hidden_table <= n and _same_table(lines, n, place)}
            load(tmp_path, "\n".join(one.lstrip("# ") if n in shown else one for n, one in enumerate(lines)))


def _same_table(lines: list[str], one: int, other: int) -> bool:
    between = lines[min(one, other) + 1 : max(one, other) + 1]
    return not any("[" in line[:3] for line in between)


def test_the_shipped_files_hold_no_secret() -> None:
    for path in CONFIGS:
        for line in _lines(path):
            if "password" in line and " = " in line:
                assert '"env:' in line or '"file:' in line, line
