"""A worker stopped at every call, dead or only slow, while the world moves on: nothing is lost, nothing goes back."""

import pytest

from tests.faults.crashes import SCENES, Case, cases
from tests.faults.summary import Prove

FAMILY = "a worker stopped at every call"


@pytest.mark.parametrize("scene", SCENES)
def test_one_interruption_at_any_call_breaks_no_promise(scene: str, prove: Prove) -> None:
    prove(FAMILY, cases(scene))


@pytest.mark.parametrize("scene", ["overwritten", "deleted and put again", "mended"])
def test_nor_does_it_where_a_stale_receipt_deletes_nothing(scene: str, prove: Prove) -> None:
    """SQS leaves open what a receipt does after the message was received again: both are tried."""
    prove(FAMILY, cases(scene, stale_receipts_delete=False))


def test_a_case_is_the_same_every_time() -> None:
    case = Case("overwritten", 5, "put b, put a", "running, seen after the lease")
    assert case.history() == case.history() != []
