"""Every call of a port that goes wrong, in every way that AWS knows."""

import pytest

from tests.faults.crashes import SCENES
from tests.faults.errors import errors
from tests.faults.summary import Prove


@pytest.mark.parametrize("scene", SCENES)
def test_a_call_that_fails_breaks_no_promise(scene: str, prove: Prove) -> None:
    prove("every call of a port x fault", errors(scene))
