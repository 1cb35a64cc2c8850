"""What lies behind the console: its API, and the AWS that it stands on."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import APIRequestContext, Page

from local.endpoint import Endpoint


@dataclass(frozen=True)
class Behind:
    """One deployment, known by the address of its console."""

    requests: APIRequestContext
    origin: str
    token: str

    @classmethod
    def of(cls, page: Page, address: str) -> "Behind":
        origin, token = address.split("/#token=")
        return cls(page.request, origin, token)

    def rejected(self) -> list[dict[str, Any]]:
        """Images that are, and whose letters lie in the dead-letter queue by now."""
        letters = self._get("/metrics")["queue"]["dead_letters"]
        images: list[dict[str, Any]] = self._get("/images?state=rejected")["images"]
        return images if letters >= len(images) else []

    def mend(self, key: str, body: bytes) -> None:
        """Puts a whole photograph in the place of a spoiled one, and keeps S3 from telling anyone."""
        bucket, s3 = self._bucket("originals")
        told = s3.get_bucket_notification_configuration(Bucket=bucket)
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        told.pop("ResponseMetadata")
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=told)

    def versions(self, id: str | None) -> list[str]:
        """Keys of everything that was ever rendered of it."""
        bucket, s3 = self._bucket("renditions")
        found = s3.list_object_versions(Bucket=bucket, Prefix=f"{id}/")
        return [each["Key"] for each in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]]

    def _bucket(self, kind: str) -> tuple[str, Any]:
        """Its name, and S3: the page's policy says where that is."""
        policy = self.requests.get(self.origin).headers["content-security-policy"]
        s3 = Endpoint(policy.partition("connect-src 'self' ")[2].partition(";")[0]).client("s3")
        return next(each["Name"] for each in s3.list_buckets()["Buckets"] if f"-{kind}-" in each["Name"]), s3

    def _get(self, path: str) -> Any:
        answer = self.requests.get(f"{self.origin}{path}", headers={"Authorization": f"Bearer {self.token}"})
        assert answer.ok, answer.text()
        return answer.json()
