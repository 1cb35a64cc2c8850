"""What a page is looked at with: its complaints, an accessibility checker, a camera."""

from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import ConsoleMessage, Page

DESKTOP = {"width": 1280, "height": 960}
PHONE = {"width": 375, "height": 812}
SCHEMES = ("light", "dark")

NOT_THE_PAGE = ("ERR_NETWORK_CHANGED", "a status of 409", "a status of 422")
"""What Chromium says by itself: that an interface of the machine came or went (the page asks again), and that the API
refused a draft, which the page tells."""


@dataclass
class Complaints:
    """Everything that the console of a page was told, and every exception."""

    page: Page
    heard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.heard.append(str(error)))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(words in message.text for words in NOT_THE_PAGE):
            self.heard.append(f"{message.text} ({message.location.get('url')})")


def barriers(page: Page) -> list[str]:
    """What axe finds serious or critical, and what would make a phone scroll sideways."""
    found = Axe().run(page).response["violations"]
    told = [
        f"{each['id']}: {node['html'][:200]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return told + ([f"{wider} pixels wider than the screen"] if wider > 0 else [])


def drop(page: Page, path: Path) -> None:
    """A file or folder, dragged onto the page and let go."""
    devtools = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 200, "data": data})
    devtools.detach()


def photograph(page: Page, path: Path) -> None:
    """The page as a JPEG of at most some hundred kilobytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    taken = path.with_suffix(".png")
    page.screenshot(path=taken)
    with Image.open(taken) as picture:
        picture.convert("RGB").save(path, quality=82, optimize=True, progressive=True)
    taken.unlink()
