"""Settings are taken as written or refused with file, key, value and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgmon.monitor.core.errors import SettingsError
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


def test_the_files_of_a_broker_count_from_the_settings_file(tmp_path: Path) -> None:
    settings = load(tmp_path, '[mqtt]\npassword_file = "secret"\nca_file = "/etc/ca.pem"\n')
    assert settings.mqtt.password_file == tmp_path / "secret"
    assert settings.mqtt.ca_file == Path("/etc/ca.pem")


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
        ("[replay]\nspeed = true", "replay.speed = true is refused: must be 'max' or a number above 0"),
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


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml: .*No such file"):
        load_settings(tmp_path / "nowhere.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="not TOML"):
        load_settings(tmp_path / "my.toml")
