"""The numbers that scripts go by."""

import re
from pathlib import Path

from cli.exits import MEANINGS, Exit

RUNBOOK = Path(__file__).parents[2] / "docs" / "operations.md"


def test_the_table_of_the_runbook_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", RUNBOOK.read_text(), re.MULTILINE)
    assert {Exit(int(number)): meaning for number, meaning in rows} == MEANINGS
    assert set(MEANINGS) == set(Exit)
