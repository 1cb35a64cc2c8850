"""`safelight forecast` from its options to its figures."""

import json
from statistics import mean

import pytest
from typer.testing import CliRunner

from cli.main import app
from local.embedded import PYTHON
from tests.cli.test_simulation import METERED

MILLION = "1000000"


def told(*options: str) -> dict[str, object]:
    said = CliRunner().invoke(app, ["forecast", MILLION, "--json", *options])
    assert said.exit_code == 0, said.output
    answer: dict[str, object] = json.loads(said.stdout)
    return answer


def test_a_million_of_the_default_recipe_costs_at_most_31_dollars_and_11_without_its_puts() -> None:
    """By the time that its samples were metered at; `safelight forecast` without a time meters them anew."""
    answer = told("--milliseconds", str(mean(METERED["default"])))
    assert isinstance(answer["dollars"], float)
    assert answer["dollars"] <= 31
    assert isinstance(answer["dollars_without_puts"], float)
    assert answer["dollars_without_puts"] <= 11
    assert isinstance(answer["hours"], float)
    assert 0 < answer["hours"] < 2
    assert answer["bottleneck"] == "MaximumConcurrency"


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON.exists(), reason="the drawer of samples is not set up: make setup")
def test_without_a_time_it_measures_one_on_samples() -> None:
    answer = told("--samples", "8")
    samples = answer["samples"]
    assert isinstance(samples, list)
    assert len(samples) == 8
    assert answer["milliseconds"] == pytest.approx(sum(samples) / 8, abs=0.2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["10", "--architecture", "sparc"], "'sparc' is not one of 'x86_64', 'arm64'"),
        (["10", "--milliseconds", "inf"], "less than or equal to 900000"),
        (["9" * 400, "--milliseconds", "1"], "less than or equal to 1000000000000"),
    ],
)
def test_what_no_lambda_can_do_is_refused(options: list[str], said: str) -> None:
    refused = CliRunner().invoke(app, ["forecast", *options], env={"COLUMNS": "1000"})
    assert (refused.exit_code, said in refused.output) == (2, True), refused.output


def test_the_help_says_which_architectures_there_are() -> None:
    assert "<x86_64|arm64>" in CliRunner().invoke(app, ["forecast", "--help"], env={"COLUMNS": "200"}).stdout


def test_without_json_it_prints_the_parts_the_time_and_what_is_met_first() -> None:
    said = CliRunner().invoke(app, ["forecast", MILLION, "--milliseconds", "100"])
    assert "renditions, S3 PUT" in said.stdout
    assert "met first: MaximumConcurrency" in said.stdout
    assert "assumed" in said.stderr
