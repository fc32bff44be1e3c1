"""What `import ecgmon` offers: every name documented, typed, and imported only when asked for."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import ecgmon

EVENTS = [
    ecgmon.Alarm,
    ecgmon.Beat,
    ecgmon.BeatRevision,
    ecgmon.Episode,
    ecgmon.Gap,
    ecgmon.HeartRate,
    ecgmon.Quality,
    ecgmon.RhythmChange,
    ecgmon.SettingsChange,
    ecgmon.SmallWaves,
    ecgmon.SourceStatus,
]
ROOT = Path(ecgmon.__file__).resolve().parent.parent


def in_a_fresh_python(code: str, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize("name", sorted(set(ecgmon.__all__) - {"__version__"}))
def test_every_public_name_says_what_it_is_and_what_it_takes(name):
    thing = getattr(ecgmon, name)
    doc = inspect.getdoc(thing) or ""
    first = doc.partition("\n")[0]
    assert len(first) > 15
    assert first.endswith((".", "```"))
    if not (isinstance(thing, type) and issubclass(thing, ecgmon.EcgmonError)):
        assert "Parameters\n----------" in doc


@pytest.mark.parametrize("kind", [*EVENTS, ecgmon.SampleBlock, ecgmon.Record, ecgmon.Reference])
def test_every_field_of_what_comes_out_is_documented_where_it_is_declared(kind):
    own = set(inspect.get_annotations(kind)) & {field.name for field in dataclasses.fields(kind)}
    named = {
        name.strip()
        for line in inspect.getdoc(kind).splitlines()
        for name in line.partition(" : ")[0].split(",")
    }
    assert own <= named


@pytest.mark.parametrize(
    "function",
    [
        ecgmon.Pipeline.process,
        ecgmon.Stream.process,
        ecgmon.SampleBlock.of,
        ecgmon.read_record,
        ecgmon.to_json,
    ],
)
def test_every_parameter_of_a_public_function_is_documented(function):
    doc = inspect.getdoc(function)
    for name in inspect.signature(function).parameters:
        if name not in ("self", "cls"):
            assert f"\n{name} : " in doc or f"{name}, " in doc or f", {name} : " in doc, name


@pytest.mark.parametrize("kind", [ecgmon.Pipeline, ecgmon.Stream])
def test_every_public_method_of_pipeline_and_stream_has_a_docstring(kind):
    for name, member in inspect.getmembers(kind):
        if not name.startswith("_") and (callable(member) or isinstance(member, property)):
            assert inspect.getdoc(member), name


def test_the_events_are_all_the_kinds_that_there_are():
    ours = {kind.__name__ for kind in ecgmon.Event.__subclasses__() if kind.__module__.startswith("ecgmon.")}
    assert ours == {kind.__name__ for kind in EVENTS}
    assert len({kind.type for kind in EVENTS}) == len(EVENTS)


def test_all_and_dir_and_homes_agree():
    assert list(ecgmon.__all__) == sorted(ecgmon.__all__)
    assert len(set(ecgmon.__all__)) == len(ecgmon.__all__)
    assert set(ecgmon.__all__) <= set(dir(ecgmon))
    assert set(ecgmon._HOME) == set(ecgmon.__all__) - {"__version__"}


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Pipelin'"):
        _ = ecgmon.Pipelin
    assert not hasattr(ecgmon, "numpy")


def test_import_ecgmon_brings_nothing_heavy_with_it():
    loaded = in_a_fresh_python(
        "import sys; before = set(sys.modules); import ecgmon; print(*set(sys.modules) - before)"
    )
    roots = {name.partition(".")[0] for name in loaded.split()}
    assert roots - {"__future__"} == {"ecgmon"}


def test_import_ecgmon_takes_less_than_ten_milliseconds():
    code = "import time; a = time.perf_counter(); import ecgmon; print(time.perf_counter() - a)"
    assert min(float(in_a_fresh_python(code)) for _ in range(5)) < 0.010


def test_blocks_and_events_come_without_the_networks_and_the_settings():
    code = (
        "import sys, ecgmon; ecgmon.SampleBlock, ecgmon.Beat;"
        "print(*{'onnxruntime', 'pydantic', 'pywt'} & set(sys.modules))"
    )
    assert in_a_fresh_python(code) == ""


def test_a_pipeline_needs_neither_pandas_nor_scipy_nor_wfdb_nor_qt():
    code = (
        "import sys, ecgmon; ecgmon.Pipeline(fs_hz=250).process([0.1] * 500); ecgmon.Stream('a', 250);"
        "print(*{'pandas', 'scipy', 'wfdb', 'PyQt6', 'torch', 'sqlalchemy', 'aiomqtt'} & set(sys.modules))"
    )
    assert in_a_fresh_python(code) == ""


def test_from_ecgmon_import_star_gives_the_public_names():
    assert in_a_fresh_python("from ecgmon import *; print(Pipeline.__name__, read_record.__name__)") == (
        "Pipeline read_record"
    )


def test_the_example_in_the_docstring_runs_as_it_stands(capsys):
    lines = [line[4:] for line in ecgmon.__doc__.splitlines() if line.startswith(">>> ")]
    scope: dict[str, object] = {}
    exec("\n".join(lines), scope)
    assert sum(isinstance(event, ecgmon.Beat) for event in scope["events"]) >= 12


def test_a_type_checker_is_shown_every_name_where_it_is_at_home():
    tree = ast.parse(Path(ecgmon.__file__).read_text("utf-8"))
    shown = {
        name.name: node.module
        for block in tree.body
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    assert shown == {name: f"ecgmon.{home}" for name, home in ecgmon._HOME.items()}


def test_read_record_takes_a_name_a_path_and_a_folder(record):
    bundled = ROOT / "sim" / "records"
    assert ecgmon.read_record("mitdb/200").n_samples == record.n_samples
    by_path = ecgmon.read_record(bundled / "mitdb" / "200")
    in_folder = ecgmon.read_record("200", bundled)
    assert by_path.name == in_folder.name == "200"
    assert (by_path.samples_mv(0, 3600) == record.samples_mv(0, 3600)).all()
    assert (in_folder.reference.samples == record.reference.samples).all()


def test_read_record_takes_a_path_relative_to_the_working_directory(monkeypatch, record):
    monkeypatch.chdir(ROOT / "sim" / "records")
    assert ecgmon.read_record(Path("mitdb/200.hea")).n_samples == record.n_samples


def test_a_record_that_is_nowhere_is_a_record_error(tmp_path):
    with pytest.raises(ecgmon.RecordError, match="There is no record at"):
        ecgmon.read_record(tmp_path / "nothing")
    with pytest.raises(ecgmon.RecordError, match="is not in"):
        ecgmon.read_record("200", tmp_path)


def test_the_reference_is_built_from_the_docstrings_without_a_warning(tmp_path):
    command = [
        sys.executable,
        "-W",
        "error",
        "-W",
        "ignore:Cannot determine where ecgmon.AlarmSettings",  # its fields are those of the catalogue
        "-m",
        "pdoc",
        "ecgmon",
        r"!ecgmon\.",
        "-d",
        "numpy",
        "-o",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=100, check=True)
    assert not done.stderr.strip()
    page = (tmp_path / "ecgmon.html").read_text("utf-8")
    for name in ecgmon.__all__:
        assert f'id="{name}"' in page, name
