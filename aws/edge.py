"""CloudFront, where it stands in front of the renditions: their lasting addresses, and how it forgets them."""

import uuid
from collections.abc import Callable
from typing import Any

from aws.errors import translated


class Edge:
    """One distribution. Hardly ever told to forget anything, so its client is made only then."""

    def __init__(self, base: str, distribution: str | None, connect: Callable[[], Any]) -> None:
        self._base, self._distribution, self._connect = base.rstrip("/"), distribution, connect

    def url(self, key: str) -> str:
        return f"{self._base}/{key}"

    def forget(self, path: str) -> None:
        """Copies under this path, such as "/2f1d.../*", are not served any more once the invalidation is through."""
        if self._distribution is None:
            return
        with translated("CreateInvalidation"):
            self._connect().create_invalidation(
                DistributionId=self._distribution,
                InvalidationBatch={"Paths": {"Quantity": 1, "Items": [path]}, "CallerReference": uuid.uuid4().hex},
            )
