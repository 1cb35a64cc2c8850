"""A ledger record as a DynamoDB item, and back.

Names on the wire are one letter or two, and what repeats is left out: an item of four renditions stays under
1 KB, so a write of it is one write unit. The long names are the fields of jobs/source.py.
"""

import base64
from collections.abc import Sequence
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from jobs.source import Made, Mark, Published, Record, Seen, Source, State, Stored, Used

Item = dict[str, Any]

_to_wire = TypeSerializer().serialize
_from_wire = TypeDeserializer().deserialize

FAULTS = frozenset({State.REJECTED, State.DEAD})
SHARDS = 8
"""Partitions of the index of faults per state: a burst of rejections meets no hot partition."""

FAULT_SHARDS = tuple(f"{state}#{number}" for state in sorted(FAULTS) for number in range(SHARDS))
"""Every partition of the index."""


INDEX = "by-fault"
"""Sparse and keys only: nothing but the rejected, the dead and the few long operations is in it."""

RUNS = "runs"
"""The partition of the index in which long operations are."""


def marshal(values: Item) -> Item:
    """Plain values as DynamoDB's typed ones."""
    return {name: _to_wire(value) for name, value in values.items()}


def unmarshal(item: Item) -> Item:
    """DynamoDB's typed values as plain ones."""
    return {name: _from_wire(value) for name, value in item.items()}


def shard(source: Source, state: State) -> str:
    """Where the index of faults keeps this source, such as "rejected#3"."""
    return f"{state}#{int(source.id[:8], 16) % SHARDS}"


def why_and_when(reason: str, at: int) -> str:
    """How a shard of that index is sorted: by reason, then by time (epoch ms)."""
    return f"{reason}#{at:015}"


def record_of(item: Item, source: Source | None = None) -> Record:
    """The record in a typed item. Only who knows its `source` can read what is left of an erased one."""
    plain = unmarshal(item)
    return Record(
        source=source or Source(plain["b"], plain["k"]),
        state=State(plain["st"]),
        fence=int(plain.get("f", 0)),
        holder=plain.get("h", ""),
        lease_until=int(plain.get("l", 0)),
        revision=int(plain.get("v", 0)),
        attempts=int(plain.get("a", 0)),
        reason=plain.get("r", ""),
        detail=plain.get("rd", ""),
        rejected=_mark(plain["rj"]) if "rj" in plain else None,
        told=plain.get("t", False),
        published=_published(plain["p"]) if "p" in plain else None,
        updated=int(plain.get("u", 0)),
        erased="z" in plain or "k" not in plain,
    )


def mark_item(mark: Mark, reason: str, detail: str) -> Item:
    """A rejection's mark as plain values for the wire."""
    return {"e": mark.etag, "d": mark.digest, "r": reason, "rd": detail}


def _mark(plain: Item) -> Mark:
    return Mark(plain["e"], plain["d"], plain.get("r", ""), plain.get("rd", ""))


def published_item(published: Published) -> Item:
    """The published set as plain values for the wire."""
    made = published.made
    return {
        "e": published.etag,
        "vi": published.version,
        "d": published.digest,
        "g": published.engine,
        "v": published.revision,
        "at": published.at,
        "n": [_stored_item(stored, published) for stored in published.renditions],
        **({"se": _seen_item(published.seen)} if published.seen else {}),
        "o": {
            "f": made.format,
            "w": made.width,
            "h": made.height,
            "s": made.bytes,
            "b": bytes.fromhex(made.blake3),
            "t": base64.b64decode(made.thumbhash),
            "ms": made.milliseconds,
            "by": made.path,
            **({"y": made.why} if made.why else {}),
            **({"c": list(vars(published.used).values())} if published.used else {}),
        },
    }


def _seen_item(seen: Seen) -> Item:
    found = {"a": seen.asked, "l": _flat(seen.labels), "m": _flat(seen.moderation), "x": seen.failed}
    return {name: value for name, value in found.items() if value}


def _flat(names: Sequence[tuple[str, int]]) -> list[str | int]:
    return [part for pair in names for part in pair]


def _seen(plain: Item) -> Seen:
    return Seen(plain["a"], _pairs(plain.get("l", [])), _pairs(plain.get("m", [])), plain.get("x", ""))


def _pairs(flat: Sequence[Any]) -> tuple[tuple[str, int], ...]:
    return tuple((str(name), int(sure)) for name, sure in zip(flat[::2], flat[1::2], strict=True))


def _stored_item(stored: Stored, published: Published) -> Item:
    item: Item = {
        "n": stored.name,
        "f": stored.format,
        "w": stored.width,
        "h": stored.height,
        "s": stored.bytes,
        "d": bytes.fromhex(stored.definition),
    }
    if (stored.digest, stored.engine) != (published.digest, published.engine):
        item["k"] = [stored.digest, stored.engine]
    return item


def _published(plain: Item) -> Published:
    made = plain["o"]
    return Published(
        etag=plain["e"],
        version=plain.get("vi", ""),
        digest=plain["d"],
        engine=plain["g"],
        revision=int(plain["v"]),
        at=int(plain["at"]),
        renditions=tuple(_stored(stored, plain) for stored in plain["n"]),
        made=Made(
            format=made["f"],
            width=int(made["w"]),
            height=int(made["h"]),
            bytes=int(made["s"]),
            blake3=bytes(made["b"]).hex(),
            thumbhash=base64.b64encode(bytes(made["t"])).decode(),
            milliseconds=int(made["ms"]),
            path=made["by"],
            why=made.get("y", ""),
        ),
        used=Used(*map(int, made["c"])) if "c" in made else None,
        seen=_seen(plain["se"]) if "se" in plain else None,
    )


def _stored(plain: Item, published: Item) -> Stored:
    digest, engine = plain.get("k", (published["d"], published["g"]))
    return Stored(
        name=plain["n"],
        format=plain["f"],
        width=int(plain["w"]),
        height=int(plain["h"]),
        bytes=int(plain["s"]),
        definition=bytes(plain["d"]).hex(),
        digest=digest,
        engine=engine,
    )
