"""A pause is an operator's word: it stands until `safelight resume`, also in the middle of an outage."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

import cli.intake
from cli.exits import Exit
from cli.main import app
from jobs.errors import Retryable
from jobs.probe import probe
from tests.cli.in_memory import deployment
from tests.jobs.worlds import SmallWorld


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A deployment whose intake a breaker stopped, and whose world is well again."""
    there = deployment(SmallWorld())
    there.aws.outage.declare("throttled", now=1, stopped=True)
    there.aws.intake.stop()
    monkeypatch.setattr(cli.intake, "deployed", lambda *_: there)
    return there


def intake(verb: str) -> dict[str, str]:
    result = CliRunner().invoke(app, [verb, "--json"])
    assert result.exit_code == Exit.FINE, result.exception
    return json.loads(result.stdout)["intake"]  # type: ignore[no-any-return]


def probed(there: Any) -> str:
    aws = there.aws
    return probe("originals", "", aws.originals, aws.renditions, aws.ledger, aws.outage, aws.intake)


def test_the_sweep_does_not_undo_a_pause_that_was_given_during_a_breakers_stop(there: Any) -> None:
    assert intake("pause") == {"fresh": "Disabled"}
    assert probed(there) == "healed"
    assert not there.aws.intake.running


def test_after_a_resume_the_next_outage_ends_by_itself(there: Any) -> None:
    intake("pause")
    assert intake("resume") == {"fresh": "Enabled"}
    there.aws.outage.declare("throttled", now=2, stopped=True)
    there.aws.intake.stop()
    assert probed(there) == "healed"
    assert there.aws.intake.running


def test_a_resume_that_lambda_refuses_leaves_the_start_to_the_sweep(there: Any) -> None:
    there.aws.intake.failing = Retryable("ResourceInUseException")
    assert isinstance(CliRunner().invoke(app, ["resume"]).exception, Retryable)
    there.aws.intake.failing = None
    assert probed(there) == "healed"
    assert there.aws.intake.running
