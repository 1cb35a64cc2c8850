"""The template as its variants, each with its parameters for defaults: for checkers that take no parameters.

python -m tests.template.variants FOLDER
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from local.template import load
from tests.template.transformed import VARIANTS

LOOKED_AT = ("default", "CloudFront", "all of it")
"""Between them they make every resource that there is."""


def write(folder: Path) -> None:
    for name in LOOKED_AT:
        (folder / f"{name.replace(' ', '-')}.json").write_text(_with_defaults(VARIANTS[name]))


def _with_defaults(parameters: Mapping[str, str]) -> str:
    document = load()
    for name, value in parameters.items():
        document["Parameters"][name]["Default"] = value
    return json.dumps(document, indent=1)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
