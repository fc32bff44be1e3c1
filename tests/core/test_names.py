"""Names of strangers: readable, told apart, and harmless wherever they go."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.monitor.core import names
from ecgmon.monitor.core.names import (
    DEVICE_NAME,
    LONGEST_NAME,
    device_name,
    path_name,
    printable,
    topic_level,
)

PLAIN = ("bed1", "bed-1", "bed_1", "ward3.bed1", "10.0.0.5:1883", "Zimmer_ä", "床1", "esp32-a1b2c3")
HOSTILE = (
    *(
        "",
        " ",
        "bed 1",
        "..",
        ".",
        "../../etc/passwd",
        "/",
        "bed/1",
        "#",
        "+",
        "$SYS/x",
        "-rf",
        "~root",
        "nul",
    ),
    *(
        "CON.txt",
        "bed~1",
        "bed@1",
        "bed1\n",
        "bed\x001",
        "\x1b[31mbed1",
        "\u202ebed1",
        "bed\u200b1",
        "\u3164",
    ),
    *(
        "\ud800",
        "é".encode().decode() + "e\u0301",
        "\u212bngstrom",
        "=1+1",
        '<b>"bed"</b>',
        "%41",
        "bed__20_1",
    ),
    *("b" * 70_000, "b" * 69_999 + "c", "😀" * 60, "bed 1~bdd49f", "bed-1~bdd49f"),
)
SMALL = st.text(alphabet="ab_-.~@ %B/é\x00", max_size=7)


@pytest.mark.parametrize("name", PLAIN)
def test_plain_names_stay_as_they_are(name):
    assert device_name(name) == name
    assert topic_level(name) == name
    assert path_name(name) == (name if ":" not in name else name.replace(":", "__3a_"))


def test_no_two_hostile_names_become_one_anywhere():
    for made in (device_name, path_name, topic_level, lambda text: path_name(text, ascii_only=True)):
        assert len({made(text) for text in (*PLAIN, *HOSTILE)}) == len(PLAIN) + len(HOSTILE)


@given(st.text() | st.text(alphabet=string.printable) | SMALL | st.sampled_from(HOSTILE))
def test_what_comes_of_any_text_is_harmless_where_it_goes(text):
    name, path, level = device_name(text), path_name(text), topic_level(text)
    assert DEVICE_NAME.fullmatch(name)
    assert name.isprintable()
    assert len(name) <= LONGEST_NAME
    assert path not in ("", ".", "..")
    assert not set(path) & set('/\\:*?"<>|\x00 ')
    assert path[0] not in "-.~"
    assert path[-1] not in ". "
    assert len(path.encode()) <= 120
    assert set(path_name(text, ascii_only=True)) <= set(string.ascii_letters + string.digits + "-_")
    assert level
    assert not set(level) & set("/#+\x00 ")
    assert len(level.encode()) <= 250
    assert printable(text).isprintable()
    assert len(printable(text)) <= 300


@given(SMALL, SMALL)
@pytest.mark.parametrize("case_is_lost", [False, True])
def test_two_texts_never_share_a_path_or_a_topic(case_is_lost, one, other):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names, "_CASE_IS_LOST", case_is_lost)
        a, b = path_name(one), path_name(other)
    if case_is_lost:
        a, b = a.lower(), b.lower()
    assert (a == b) == (one == other)
    assert (path_name(one, ascii_only=True) == path_name(other, ascii_only=True)) == (one == other)
    assert (topic_level(one) == topic_level(other)) == (one == other)


def test_a_line_shows_what_a_stranger_wrote_and_does_not_do_it():
    assert printable("bed 1, Müller ✓") == "bed 1, Müller ✓"
    assert printable("\x1b[2Jbed\n1\u202e") == r"\x1b[2Jbed\n1\u202e"
    assert printable("x" * 1000, 20) == "x" * 19 + "…"
