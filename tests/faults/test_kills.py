"""Real processes that die at every call, over real adapters and an AWS that lives on in another process."""

import pytest

from tests.faults.deployment import Stack
from tests.faults.killed_functions import killed_functions
from tests.faults.kills import SCENES, kills
from tests.faults.summary import Prove


@pytest.mark.slow
@pytest.mark.embedded
@pytest.mark.parametrize("scene", SCENES)
def test_a_process_that_dies_at_any_call_breaks_no_promise(
    scene: str, embedded_stack: dict[str, str], monkeypatch: pytest.MonkeyPatch, prove: Prove
) -> None:
    for name, value in embedded_stack.items():
        monkeypatch.setenv(name, value)
    prove("real processes killed or stopped (SIGKILL, SIGSTOP)", kills(scene, Stack(embedded_stack)))


@pytest.mark.slow
@pytest.mark.embedded
@pytest.mark.parametrize("scene", SCENES)
def test_a_function_that_dies_at_any_call_breaks_no_promise_and_leaves_no_child(
    scene: str, embedded_stack: dict[str, str], monkeypatch: pytest.MonkeyPatch, prove: Prove
) -> None:
    for name, value in embedded_stack.items():
        monkeypatch.setenv(name, value)
    prove("handlers.worker killed with its children (SIGKILL)", killed_functions(scene, Stack(embedded_stack)))
