"""Records are found by name, in the order promised, and never half fetched."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ecgmon.monitor.core.errors import RecordError
from ecgmon.sim.download import download_record, signal_files
from ecgmon.sim.library import BUNDLED, RecordName, bundled_records, find_record

SUFFIXES = ("hea", "dat", "atr")


def put(folder: Path, record: str = "100", name: str | None = None) -> None:
    """Copy a bundled record into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in SUFFIXES:
        shutil.copy(BUNDLED / "mitdb" / f"{record}.{suffix}", folder / f"{name or record}.{suffix}")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ECGMON_DATA", raising=False)


def test_four_records_are_bundled_with_their_annotations() -> None:
    assert bundled_records() == ["mitdb/100", "mitdb/200", "mitdb/207", "mitdb/232"]
    assert all((BUNDLED / f"{name}.{suffix}").is_file() for name in bundled_records() for suffix in SUFFIXES)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("200", RecordName("200", "mitdb")),
        ("svdb/800", RecordName("800", "svdb")),
        ("nstdb/118e00", RecordName("118e00", "nstdb")),
    ],
)
def test_a_name_without_a_database_is_of_the_arrhythmia_database(text: str, name: RecordName) -> None:
    assert RecordName.parse(text) == name


@pytest.mark.parametrize("text", ["", "a b", "mitdb/", "/x/y/z/", "mitdb/../200", "a/b/c", "200.dat?"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(RecordError):
        find_record(text, download=False)


def test_a_data_folder_may_hold_the_files_or_the_databases(tmp_path: Path) -> None:
    put(tmp_path / "flat")
    put(tmp_path / "databases" / "mitdb")
    assert find_record("100", tmp_path / "flat") == tmp_path / "flat" / "100"
    assert find_record("100", tmp_path / "databases") == tmp_path / "databases" / "mitdb" / "100"


def test_a_database_folder_of_its_own_name_may_be_given(tmp_path: Path) -> None:
    put(tmp_path / "svdb", name="800")
    assert find_record("svdb/800", tmp_path / "svdb") == tmp_path / "svdb" / "800"
    assert find_record("svdb/800", tmp_path) == tmp_path / "svdb" / "800"


def test_the_data_folder_wins_and_nothing_else_is_searched(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"mitdb/200 is not in"):
        find_record("200", tmp_path)


def test_a_record_in_another_database_is_suggested(tmp_path: Path) -> None:
    put(tmp_path / "svdb", name="800")
    with pytest.raises(RecordError, match="Did you mean svdb/800"):
        find_record("800", tmp_path)


def test_a_missing_data_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="nowhere does not exist"):
        find_record("200", tmp_path / "nowhere")


def test_the_environment_comes_before_the_bundled_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "mitdb")
    monkeypatch.setenv("ECGMON_DATA", str(tmp_path))
    assert find_record("100", cache=tmp_path / "cache") == tmp_path / "mitdb" / "100"
    assert find_record("200", cache=tmp_path / "cache") == BUNDLED / "mitdb" / "200"


def test_a_path_names_a_record_of_ones_own(tmp_path: Path) -> None:
    put(tmp_path, name="mine")
    assert find_record(str(tmp_path / "mine")) == tmp_path / "mine"
    assert find_record(str(tmp_path / "mine.hea")) == tmp_path / "mine"
    with pytest.raises(RecordError, match=r"other\.hea"):
        find_record(str(tmp_path / "other"))


def test_a_record_that_is_nowhere_names_the_ways_out(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"Bundled: .*--data-dir"):
        find_record("101", cache=tmp_path, download=False)


class Handler(SimpleHTTPRequestHandler):
    """Serves files; cuts ``.dat`` short where told."""

    cut = False

    def log_message(self, *_: object) -> None:
        pass

    def copyfile(self, source: object, outputfile: object) -> None:
        data = source.read()  # type: ignore[attr-defined]
        short = self.cut and self.path.endswith(".dat")
        outputfile.write(data[: len(data) // 2] if short else data)  # type: ignore[attr-defined]


class CutHandler(Handler):
    """Breaks off in the middle of the signal."""

    cut = True


def serve(folder: Path, handler: type[Handler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def physionet(tmp_path: Path) -> Iterator[str]:
    put(tmp_path / "site" / "mitdb" / "1.0.0")
    yield from serve(tmp_path / "site", Handler)


@pytest.fixture
def broken_physionet(tmp_path: Path) -> Iterator[str]:
    put(tmp_path / "site" / "mitdb" / "1.0.0")
    yield from serve(tmp_path / "site", CutHandler)


def test_a_download_is_whole_reported_and_found_again(physionet: str, tmp_path: Path) -> None:
    reports: list[tuple[str, int, int | None]] = []
    cache = tmp_path / "cache"
    stem = download_record(
        "mitdb", "100", cache / "mitdb", base_url=physionet, progress=lambda *report: reports.append(report)
    )
    assert stem == cache / "mitdb" / "100"
    for suffix in SUFFIXES:
        got = stem.with_suffix(f".{suffix}").read_bytes()
        assert got == (BUNDLED / "mitdb" / f"100.{suffix}").read_bytes()
    assert ("100.dat", 1_950_000, 1_950_000) in reports
    assert not list(cache.rglob(".part-*"))


def test_a_download_that_breaks_off_leaves_nothing(broken_physionet: str, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"broke off|cannot be reached"):
        download_record("mitdb", "100", tmp_path / "cache", base_url=broken_physionet)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_record_that_physionet_does_not_have_is_named(physionet: str, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no record mitdb/999"):
        download_record("mitdb", "999", tmp_path / "cache", base_url=physionet)
    assert list((tmp_path / "cache").iterdir()) == []


def test_without_a_network_the_ways_out_are_named(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(RecordError, match=r"cannot be reached.*--data-dir"):
            download_record("mitdb", "100", tmp_path / "cache", base_url=url)


def test_a_folder_that_cannot_be_written_is_named(physionet: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RecordError, match="cannot be kept in"):
        download_record("mitdb", "100", tmp_path / "file", base_url=physionet)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "no header\n",
        "100/3 2 360 650000\n",
        "100 1 360 650000\n../../escape.dat 212\n",
        "100 1 360 650000\n/etc/passwd 212\n",
    ],
)
def test_a_header_that_leads_astray_is_refused(header: str) -> None:
    with pytest.raises(RecordError):
        signal_files(header, "mitdb/100")


@pytest.mark.parametrize(
    ("header", "files"),
    [
        ("100 2 360 650000\n100.dat 212\n100.dat 212\n", ["100.dat"]),
        ("svdb/800 2 128 230400\n800.dat 212 200\n800.dat 212 200\n", ["800.dat"]),
        ("3000003 2 125 0\n~ 0 200 8 0 0 0 0 II\n3000003.dat 80 200 8 0 0 0 0 V\n", ["3000003.dat"]),
    ],
    ids=["two signals in one file", "named with its database", "a signal without samples"],
)
def test_the_files_of_a_header_are_those_that_the_reader_will_ask_for(header: str, files: list[str]) -> None:
    assert signal_files(header, "mitdb/100") == files
