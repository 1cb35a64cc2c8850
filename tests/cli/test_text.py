"""Names, sizes and times in words."""

import pytest

from cli.text import columns, counted, duration, size, visible


@pytest.mark.parametrize(
    ("count", "written"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_940, "99.9 kB"),
        (99_960, "100 kB"),
        (999_499, "999 kB"),
        (999_501, "1.0 MB"),
        (3_140_000, "3.1 MB"),
        (5e12, "5.0 TB"),
        (5e15, "5,000 TB"),
    ],
)
def test_sizes_are_decimal_and_short(count: float, written: str) -> None:
    assert size(count) == written


@pytest.mark.parametrize(
    ("seconds", "written"), [(-1, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_durations_have_two_units_at_most(seconds: float, written: str) -> None:
    assert duration(seconds) == written


def test_counts_agree_with_their_words() -> None:
    assert counted(1, "image") == "1 image"
    assert counted(2000, "image") == "2,000 images"
    assert counted(2, "box", "boxes") == "2 boxes"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("été à la mer.jpg", "été à la mer.jpg"),
        ("a\r\nb", "a\\r\\nb"),
        ("photo\u202egpj.exe", "photo\\u202egpj.exe"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_could_act_is_shown_instead(name: str, shown: str) -> None:
    assert visible(name) == shown


def test_columns_are_aligned_and_nothing_is_cut() -> None:
    long = "x" * 300
    assert columns([("a", "1", long), ("long", "22", "b")]) == f"a     1   {long}\nlong  22  b"
