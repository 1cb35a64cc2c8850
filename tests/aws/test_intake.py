"""The switch of the intake, where there is nothing to switch."""

import pytest

from aws.connect import connect
from jobs import settings


@pytest.mark.embedded
def test_a_stack_without_functions_has_no_switches(
    embedded_stack: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in embedded_stack.items():
        monkeypatch.setenv(name, value)
    assert list(connect(settings.read(embedded_stack)).intake.switches()) == []
