"""What `deploy` tells the functions, as lines that a shell reads, and what `play` keeps."""

import subprocess
from pathlib import Path

import pytest

from local.bridge import environment, sourced, token
from local.stack import Function

FUNCTION = Function("stack-worker", "arn", "handlers.worker.handler", 3538, 120, {"SAFELIGHT_ORIGINALS": "originals"})


def read_by_a_shell(text: str, name: str, given: dict[str, str]) -> str:
    program = f"set -ae\n{text}exec printenv {name}"
    return subprocess.run(["sh", "-c", program], env=given, capture_output=True, text=True, check=True).stdout[:-1]


@pytest.mark.parametrize("value", ["plain", "", "two words", "it's $HOME `id` \\ } *", 'a "quoted" {word}', "é\tü"])
def test_a_value_arrives_as_it_is(value: str) -> None:
    assert read_by_a_shell(sourced({"VALUE": value}), "VALUE", {"PATH": "/usr/bin:/bin"}) == value


def test_what_the_container_was_given_wins() -> None:
    given = {"PATH": "/usr/bin:/bin", "AWS_LAMBDA_FUNCTION_TIMEOUT": "9"}
    assert read_by_a_shell(sourced(environment(FUNCTION)), "AWS_LAMBDA_FUNCTION_TIMEOUT", given) == "9"


def test_a_function_sees_what_lambda_and_the_template_say() -> None:
    assert environment(FUNCTION) == {
        "AWS_LAMBDA_FUNCTION_NAME": "stack-worker",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3538",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "120",
        "SAFELIGHT_ORIGINALS": "originals",
    }


def test_an_open_page_is_known_to_the_next_program_too(tmp_path: Path) -> None:
    first = token(tmp_path)
    assert len(first) >= 32
    assert token(tmp_path) == first


def test_a_token_that_was_cut_off_lets_nobody_in(tmp_path: Path) -> None:
    """Whoever wrote it was killed."""
    (tmp_path / "token").touch()
    assert len(token(tmp_path)) >= 32
    assert (tmp_path / "token").read_text()


def test_the_image_keeps_the_services_that_the_code_calls() -> None:
    """botocore's descriptions of all others are left out of it."""
    root = Path(__file__).parents[2]
    kept = set((root / "Dockerfile").read_text().partition("! -name ")[2].partition("-exec")[0].split()) - {
        "!",
        "-name",
    }
    code = "".join(path.read_text() for room in ("aws", "handlers") for path in (root / room).glob("*.py"))
    called = {piece.partition('"')[0] for piece in code.split('.client("')[1:]}
    assert {"s3", "sqs", "dynamodb"} <= called <= {name.strip("\\") for name in kept}
