"""Claims that race: one winner, every time. Not on moto, whose conditional writes are not atomic."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.ports import Claimed
from jobs.source import Source
from tests.contracts.conftest import ON_LOCALSTACK, Ground

RACERS, ROUNDS = 8, 25


@pytest.mark.slow
@pytest.mark.parametrize(
    "ground", ["fakes", pytest.param("embedded", marks=pytest.mark.embedded), ON_LOCALSTACK], indirect=True
)
def test_of_claims_at_once_exactly_one_is_granted(ground: Ground, unique: str) -> None:
    with ThreadPoolExecutor(RACERS) as pool:
        for turn in range(ROUNDS):
            source = Source(ground.bucket, f"{unique}/{turn}")
            claims = pool.map(
                lambda _, source=source: ground.ledger.claim(source, etag="a", digest="d", revision=1, now=1, until=9),
                range(RACERS),
            )
            assert sum(isinstance(claim, Claimed) for claim in claims) == 1
