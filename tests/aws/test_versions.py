"""What is erased of a versioned bucket, by botocore's own model: no emulator lists or takes such keys as S3 does."""

import boto3
import pytest
from botocore.stub import Stubber

from aws.uploads import S3Uploads
from jobs.source import Source

pytestmark = pytest.mark.usefixtures("nobodys_aws")


@pytest.mark.parametrize("key", ["a/b.jpg", "a/\x01.jpg"], ids=["plain", "no XML"])
def test_an_original_is_erased_by_its_address_whatever_its_key_and_no_other_is(key: str) -> None:
    """DeleteObjects says keys in XML, which has no control characters: S3 refuses all of it as malformed."""
    client, source = boto3.client("s3"), Source("originals", key)
    listed = {
        "IsTruncated": False,
        "Versions": [{"Key": key, "VersionId": "1"}, {"Key": f"{key}.too", "VersionId": "2"}],
        "DeleteMarkers": [{"Key": key, "VersionId": "3"}],
    }
    with Stubber(client) as stubber:
        stubber.add_response("list_object_versions", listed)
        for version in ("1", "3"):
            stubber.add_response("delete_object", {}, {"Bucket": "originals", "Key": key, "VersionId": version})
        S3Uploads(client, source.bucket).erase(source)
        stubber.assert_no_pending_responses()
