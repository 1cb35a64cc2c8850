"""The conditions as DynamoDB gets them: with a clause less, the contract that every ledger signs is broken."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import boto3
import pytest
from moto import mock_aws

from aws import ledger
from aws.ledger import DynamoLedger
from jobs.ports import Claim
from jobs.source import Source
from tests.contracts import test_ledger as contract
from tests.contracts import test_tombstones as tombstones
from tests.faults.mutants import Mutant

SOURCE = Source("originals", "photo.jpg")


@dataclass(frozen=True)
class Clause:
    """A clause that is missing, and what of the contract notices. An unused value would be an error of its own."""

    mutant: Mutant
    notices: Callable[[DynamoLedger, Callable[..., Claim]], None]


def _clause(name: str, where: object, function: str, old: str, new: str) -> Mutant:
    return Mutant(name, "contract", where, function, ((old, new),))


CLAUSES = (
    Clause(
        _clause("no fence when settling", DynamoLedger, "_settled", "AND f = :mine", "AND f >= :mine"),
        lambda there, claim: contract.test_who_lost_the_fence_cannot_settle(claim, there, SOURCE, contract.SETTLING[0]),
    ),
    Clause(
        _clause("no lease", ledger, "_claimable", "l > :now", "l > :now AND l < :now"),
        lambda _, claim: contract.test_a_live_lease_refuses_everyone_until_it_ends(claim),
    ),
    Clause(
        _clause(
            "finished in any state",
            ledger,
            "_claimable",
            "(st = :done AND",
            "((st = :done OR f > :now OR f < :now) AND",
        ),
        lambda there, claim: contract.test_done_answers_only_its_own_etag_and_digest(claim, there),
    ),
    Clause(
        _clause("told is not asked for", ledger, "_judged", "and not record.told", "and False"),
        lambda there, claim: contract.test_a_rejection_answers_its_etag_and_digest_once_told(claim, there),
    ),
    Clause(
        _clause("told without the fence", DynamoLedger, "told", "AND f = :mine", "AND f >= :mine"),
        lambda there, claim: contract.test_only_the_rejection_that_was_told_is_marked_told(claim, there, SOURCE),
    ),
    Clause(
        _clause("redrive whatever the state", DynamoLedger, "requeue", "st IN (", "attribute_exists(st) OR st IN ("),
        lambda there, claim: contract.test_redrive_leaves_every_other_state_alone(claim, there, SOURCE),
    ),
    Clause(
        _clause("revision not checked", ledger, "_claimable", "v <= :revision", "v <= :revision OR v > :revision"),
        lambda there, claim: contract.test_an_older_revision_is_refused_even_after_a_deletion(claim, there),
    ),
    Clause(
        _clause(
            "an erased source's name is not lent but given", DynamoLedger, "claim", "SET z = :true", "SET t = :true"
        ),
        lambda there, claim: tombstones.test_an_event_that_was_still_queued_leaves_no_name_on_the_tombstone(
            there, SOURCE, partial(claim, revision=7), "a"
        ),
    ),
)


@pytest.fixture
def dynamo(nobodys_aws: None) -> Iterator[DynamoLedger]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
        yield DynamoLedger(client, "ledger")


@pytest.fixture
def claim(dynamo: DynamoLedger) -> Callable[..., Claim]:
    def claim(etag: str | None = "a", digest: str = "digest", revision: int = 1, now: int = contract.NOW) -> Claim:
        return dynamo.claim(SOURCE, etag=etag, digest=digest, revision=revision, now=now, until=now + 60_000)

    return claim


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.mutant.name)
def test_the_contract_notices_a_missing_clause(
    clause: Clause,
    dynamo: DynamoLedger,
    claim: Callable[..., Claim],
    monkeypatch: pytest.MonkeyPatch,
    caught: Callable[[str, str], None],
) -> None:
    with monkeypatch.context() as patch:
        clause.mutant.apply(patch)
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            clause.notices(dynamo, claim)
    caught(f"DynamoDB: {clause.mutant.name}", "the contract of every ledger")


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.mutant.name)
def test_the_contract_is_kept_with_every_clause(
    clause: Clause, dynamo: DynamoLedger, claim: Callable[..., Claim]
) -> None:
    clause.notices(dynamo, claim)
