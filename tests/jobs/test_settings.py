"""The environment, read once."""

import pytest

from jobs import settings
from jobs.errors import SettingsInvalid

RIGHT = {
    "SAFELIGHT_ORIGINALS": "originals",
    "SAFELIGHT_RENDITIONS": "renditions",
    "SAFELIGHT_TABLE": "ledger",
    "SAFELIGHT_QUEUE_URL": "http://localhost/fresh",
    "SAFELIGHT_DEAD_LETTERS_URL": "http://localhost/dead",
    "SAFELIGHT_MAX_RECEIVES": "6",
}


def test_what_is_optional_has_a_default() -> None:
    read = settings.read(RIGHT)
    assert (read.prefix, read.bulk_queue_url, read.max_bytes, read.max_pixels, read.vcpus) == ("", None, None, None, 1)


@pytest.mark.parametrize(("megabytes", "vcpus"), [(1769, 1), (1770, 2), (3538, 2), (10240, 6)])
def test_memory_says_how_many_vcpus_there_are(megabytes: int, vcpus: int) -> None:
    assert settings.read({**RIGHT, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(megabytes)}).vcpus == vcpus


def test_all_mistakes_are_told_together() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        settings.read({"SAFELIGHT_MAX_RECEIVES": "many", "SAFELIGHT_MAX_BYTES": "-1", "SAFELIGHT_TABLE": " "})
    assert all(
        mistake in str(caught.value)
        for mistake in ("SAFELIGHT_ORIGINALS is not set", "SAFELIGHT_TABLE is not set", "'many'", "'-1'")
    )
