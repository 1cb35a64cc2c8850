"""CloudFront's adapter against botocore's own model of the service: what is asked, and what becomes of its refusals."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from moto import mock_aws

from aws.edge import Edge
from aws.storage import S3Renditions
from jobs.errors import Retryable
from jobs.source import Source

SOURCE = Source("originals", "Größe 1/\u2028<b>.jpg")
BASE, DISTRIBUTION = "https://d111.cloudfront.net", "E2EXAMPLE"
ALL_OF_IT = f"/{SOURCE.id}/*"

pytestmark = pytest.mark.usefixtures("nobodys_aws")


@contextmanager
def cloudfront() -> Iterator[tuple[Any, Stubber]]:
    """A client that answers as told, in this order, and takes nothing that the service would not."""
    client = boto3.client("cloudfront")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def asked(reference: Any = ANY) -> dict[str, Any]:
    paths = {"Quantity": 1, "Items": [ALL_OF_IT]}
    return {"DistributionId": DISTRIBUTION, "InvalidationBatch": {"Paths": paths, "CallerReference": reference}}


def test_what_is_erased_is_forgotten_at_the_edge_by_one_path() -> None:
    with cloudfront() as (client, stubber):
        stubber.add_response("create_invalidation", {"Location": "there"}, asked())
        Edge(BASE, DISTRIBUTION, lambda: client).forget(ALL_OF_IT)


@pytest.mark.parametrize(
    "refusal", ["TooManyInvalidationsInProgress", "Throttling", "AccessDenied", "ServiceUnavailable"]
)
def test_a_refusal_may_pass_and_is_asked_for_again(refusal: str) -> None:
    with cloudfront() as (client, stubber):
        stubber.add_client_error("create_invalidation", refusal, http_status_code=400)
        with pytest.raises(Retryable):
            Edge(BASE, DISTRIBUTION, lambda: client).forget(ALL_OF_IT)


def test_a_deployment_without_a_distribution_of_its_own_asks_nobody() -> None:
    def never() -> Any:
        raise AssertionError("asked")

    edge = Edge(BASE + "/", None, never)
    edge.forget(ALL_OF_IT)
    assert edge.url("2f1d/thumb.webp") == f"{BASE}/2f1d/thumb.webp"


def test_an_erasure_takes_every_version_and_then_the_copies_at_the_edge() -> None:
    """Against moto's CloudFront, which keeps invalidations."""
    with mock_aws():
        s3, client = boto3.client("s3"), boto3.client("cloudfront")
        s3.create_bucket(Bucket="renditions", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_bucket_versioning(Bucket="renditions", VersioningConfiguration={"Status": "Enabled"})
        id = client.create_distribution(DistributionConfig=distribution())["Distribution"]["Id"]
        renditions = S3Renditions(s3, "renditions", Edge(BASE, id, lambda: client))
        for body in (b"old", b"new"):
            renditions.put(f"{SOURCE.id}/a/thumb.jpg", body, "image/jpeg")
        renditions.put("another/a/thumb.jpg", b"stays", "image/jpeg")
        for _ in range(2):
            renditions.erase(SOURCE)
        left = s3.list_object_versions(Bucket="renditions")
        assert [each["Key"] for each in left["Versions"]] == ["another/a/thumb.jpg"]
        made = [
            client.get_invalidation(DistributionId=id, Id=each["Id"])["Invalidation"]["InvalidationBatch"]
            for each in client.list_invalidations(DistributionId=id)["InvalidationList"]["Items"]
        ]
        assert [each["Paths"]["Items"] for each in made] == [[ALL_OF_IT]] * 2
        references = {each["CallerReference"] for each in made}
        assert len(references) == 2, "CloudFront takes one that it knows for the same invalidation, and does nothing"
        assert all(re.fullmatch("[0-9a-f]{32}", each) for each in references)


def distribution() -> Any:
    behaviour = {"TargetOriginId": "s3", "ViewerProtocolPolicy": "https-only", "CachePolicyId": "x"}
    origin = {"Id": "s3", "DomainName": "renditions.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    origins = {"Quantity": 1, "Items": [origin]}
    return {
        "CallerReference": "a", "Comment": "", "Enabled": True, "Origins": origins, "DefaultCacheBehavior": behaviour
    }  # fmt: skip
