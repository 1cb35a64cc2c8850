"""The console in a real Chromium, before the whole of Safelight: what a person does with it, from the first photograph
to an edited recipe. One visit, step by step: each step stands on the one before.

`SAFELIGHT_SCREENSHOTS=docs` writes pictures of what is seen.
"""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.local.processes import eventually
from tests.web.behind import Behind
from tests.web.looking import DESKTOP, PHONE, SCHEMES, Complaints, barriers, drop, photograph
from tests.web.photographs import HOSTILE, SPOILED_NAME, photographs, spoiled

pytestmark = [pytest.mark.browser, pytest.mark.embedded, pytest.mark.slow]

COUNT = 20
A_WHILE = 40_000
"""Milliseconds for a batch of photographs to be rendered on a busy machine."""

ORIGINALS = re.compile(r"-originals-")
"""Addresses of the bucket that the forms go to."""

PICTURES = os.environ.get("SAFELIGHT_SCREENSHOTS")
FOR_PICTURES = {"drawn": COUNT, "longest": 2000}
FOR_TESTS = {"drawn": 4, "longest": 640}


def test_photographs_go_in_and_everything_about_them_can_be_seen_and_done(
    chromium: Browser, address: str, tmp_path: Path
) -> None:
    page = chromium.new_page(viewport=DESKTOP, color_scheme="light")
    complaints = Complaints(page)
    behind = Behind.of(page, address)
    page.goto(address)
    the_token_leaves_the_address(page)
    files = photographs(tmp_path, COUNT, **(FOR_PICTURES if PICTURES else FOR_TESTS))
    files.append(spoiled(tmp_path, files[1]))
    uploads_are_sent_though_a_connection_breaks(page, complaints, files)
    what_was_sent_is_not_sent_again(page, files)
    they_finish(page)
    a_hostile_name_is_text(page)
    an_image_has_its_page(page)
    what_was_rejected_says_why(page)
    a_dry_run_tells_and_a_redrive_sends(page)
    what_was_mended_is_healed_by_a_redrive(page, behind, files[1])
    a_mistake_is_named_by_its_path(page)
    a_recipe_is_edited_and_its_images_are_made_again(page)
    a_stale_edit_is_told(page, chromium, address)
    an_image_is_deleted_after_a_question(page)
    an_upload_is_cancelled_on_its_way(page, files[1], tmp_path)
    an_image_is_erased_for_good(page, behind)
    a_folder_is_dropped(page, tmp_path)
    everyone_can_use_it(page)
    assert complaints.heard == []


def room(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Rooms").get_by_role("link", name=name).click()


def done(page: Page) -> Locator:
    return page.locator(".sheet > [data-state=done]")


def said(page: Page, words: str) -> None:
    expect(page.get_by_role("status").filter(has_text=re.compile(words)).first).to_be_visible(timeout=A_WHILE)


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.evaluate("scrollTo(0, 0); document.getElementById('said').replaceChildren()")
        page.wait_for_timeout(900)  # what fades in has done so
        photograph(page, Path(PICTURES) / f"console-{name}.jpg")


# ---- the steps -------------------------------------------------------------------------------------------------------


def the_token_leaves_the_address(page: Page) -> None:
    expect(page.get_by_text("Nothing on the table yet")).to_be_visible()
    assert "token" not in page.url


def uploads_are_sent_though_a_connection_breaks(page: Page, complaints: Complaints, files: list[Path]) -> None:
    page.route(ORIGINALS, lambda route: route.abort("connectionreset"), times=1)
    page.locator("#files").set_input_files(files)
    expect(page.locator("#sent")).to_contain_text(f"{len(files)} of {len(files)} files sent", timeout=A_WHILE)
    assert ["ERR_CONNECTION_RESET" in each for each in complaints.heard] == [True]
    complaints.heard.clear()


def what_was_sent_is_not_sent_again(page: Page, files: list[Path]) -> None:
    page.locator("#files").set_input_files(files)
    expect(page.locator("#sent")).to_contain_text(f"{len(files)} files sent before, left out")
    page.get_by_role("button", name="Clear the list").click()
    expect(page.get_by_role("region", name="Uploads")).to_be_hidden()


def they_finish(page: Page) -> None:
    expect(done(page)).to_have_count(COUNT, timeout=A_WHILE)
    expect(page.locator(".sheet > [data-state=rejected]")).to_have_count(1, timeout=A_WHILE)
    expect(page.locator(".states [data-state=done] dd")).to_have_text(str(COUNT), timeout=A_WHILE)
    first = done(page).first
    expect(first.locator("canvas")).to_be_attached()
    expect(first.locator("img.there")).to_be_visible(timeout=A_WHILE)
    picture(page, "light-table")


def a_hostile_name_is_text(page: Page) -> None:
    tile = page.locator(".sheet").get_by_role("link", name=HOSTILE)
    expect(tile.locator(".name")).to_have_text(HOSTILE)
    tile.click()
    expect(page.get_by_role("dialog").get_by_role("heading", name=HOSTILE)).to_be_visible()
    page.keyboard.press("Escape")
    assert page.locator("img[src=x], [onerror]").count() == 0


def an_image_has_its_page(page: Page) -> None:
    fifth = done(page).get_by_role("link").nth(4).get_attribute("data-id")
    tile = page.locator(f'.sheet a[data-id="{fifth}"]')  # wherever it is by then
    tile.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("row")).to_have_count(5)
    expect(dialog.get_by_role("rowheader")).to_have_text(["large", "medium", "small", "thumb"])
    expect(dialog.get_by_label("<picture>")).to_have_value(re.compile(r"^<picture>.*srcset", re.DOTALL))
    expect(dialog.get_by_text(re.compile(r"\$0\.0+[1-9]\d* for pixels, \$0\.0+[1-9]"))).to_be_visible()
    whole = "[...document.querySelectorAll('dialog img')].every((each) => each.naturalWidth)"
    assert eventually(lambda: page.evaluate(whole), within=A_WHILE / 1000)  # waiting in the page would be eval
    assert barriers(page) == []
    picture(page, "image")
    named = dialog.get_by_role("heading").inner_text()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("heading")).not_to_have_text(named)
    page.keyboard.press("ArrowLeft")
    expect(dialog.get_by_role("heading")).to_have_text(named)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(tile).to_be_focused()


def what_was_rejected_says_why(page: Page) -> None:
    room(page, "Failures")
    row = page.get_by_role("region", name="Images without renditions").get_by_role("listitem")
    expect(row).to_have_count(1)
    expect(row).to_contain_text(SPOILED_NAME)
    expect(row).to_contain_text("Truncated")
    expect(row).to_contain_text("the JPEG is truncated")


def a_dry_run_tells_and_a_redrive_sends(page: Page) -> None:
    group = page.get_by_role("region", name="Truncated")
    group.get_by_role("button", name="Try out").click()
    expect(group.get_by_role("status")).to_have_text("0 of 1 would pass", timeout=A_WHILE)
    picture(page, "failures")
    group.get_by_role("button", name="Redrive").click()
    page.get_by_role("dialog").get_by_role("button", name="Redrive").click()
    said(page, "1 image queued again")
    room(page, "Light table")
    expect(page.locator(".sheet > [data-state=rejected]")).to_have_count(1, timeout=A_WHILE)


def what_was_mended_is_healed_by_a_redrive(page: Page, behind: Behind, whole: Path) -> None:
    assert eventually(behind.rejected, within=A_WHILE / 1000), "redriven in vain, it comes back"
    (spoiled,) = behind.rejected()
    behind.mend(spoiled["key"], whole.read_bytes())
    room(page, "Failures")
    group = page.get_by_role("region", name="Truncated")
    group.get_by_role("button", name="Try out").click()
    expect(group.get_by_role("status")).to_have_text("1 of 1 would pass", timeout=A_WHILE)
    assert [image["id"] for image in behind.rejected()] == [spoiled["id"]], "tried out, and left where it was"
    picture(page, "redrive")
    group.get_by_role("button", name="Redrive").click()
    page.get_by_role("dialog").get_by_role("button", name="Redrive").click()
    said(page, "1 image queued again")
    room(page, "Light table")
    expect(done(page)).to_have_count(COUNT + 1, timeout=A_WHILE)
    room(page, "Failures")
    expect(page.get_by_text("No dead letters.")).to_be_visible(timeout=A_WHILE)
    expect(page.get_by_role("region", name="Images without renditions")).to_have_count(0)


def a_mistake_is_named_by_its_path(page: Page) -> None:
    room(page, "Recipes")
    page.get_by_text("As JSON").click()
    json = page.get_by_label("The whole recipe")
    before = json.input_value()
    json.fill(before.replace('"format": "webp"', '"format": "wepp"'))
    page.get_by_role("button", name="Save").click()
    alert = page.get_by_role("alert")
    expect(alert.locator("code")).to_have_text("renditions[3].format", timeout=A_WHILE)
    json.fill("{")
    expect(alert).to_contain_text("is not JSON")
    json.fill(before)
    expect(alert).to_be_empty()
    page.get_by_text("As JSON").click()


def a_recipe_is_edited_and_its_images_are_made_again(page: Page) -> None:
    page.get_by_role("group", name="thumb").get_by_label("Width").fill("200")
    page.get_by_role("group", name="thumb").get_by_label("Height").fill("200")
    page.get_by_role("group", name="thumb").get_by_label("Height").blur()
    preview = page.get_by_role("region", name="Preview")
    expect(preview.get_by_role("status")).to_contain_text("path", timeout=A_WHILE)
    expect(preview.get_by_role("listitem").filter(has_text="thumb")).to_contain_text("200", timeout=A_WHILE)
    picture(page, "recipes")
    page.get_by_role("button", name="Save").click()
    said(page, rf"Saved as revision \d+: {COUNT + 1} images sent to be made again")
    room(page, "Light table")
    made_again(page, done(page).get_by_role("link").first)


def made_again(page: Page, tile: Locator) -> None:
    """Looks until the new thumb is published: a dialog shows what changes while it is open."""
    tile.click()
    dialog = page.get_by_role("dialog")
    row = dialog.get_by_role("row").filter(has_text="thumb")
    expect(row).to_contain_text("200", timeout=A_WHILE)
    page.keyboard.press("Escape")


def a_stale_edit_is_told(page: Page, chromium: Browser, address: str) -> None:
    other = chromium.new_page()
    other.goto(address)
    other.wait_for_load_state()
    room(other, "Recipes")
    small(other, 600)
    room(page, "Recipes")
    small(page, 620)
    other.get_by_role("button", name="Save").click()
    said(other, "Saved as revision")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_contain_text("Somebody was quicker")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("group", name="small").get_by_label("Width")).to_have_value("620")
    other.close()


def small(page: Page, width: int) -> None:
    field = page.get_by_role("group", name="small").get_by_label("Width")
    field.fill(str(width))
    field.blur()


def an_image_is_deleted_after_a_question(page: Page) -> None:
    room(page, "Light table")
    page.locator(".sheet").get_by_role("link", name=HOSTILE).click()
    page.get_by_role("button", name="Erase everything…").click()
    page.get_by_role("dialog", name="Erase this image?").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("dialog", name="Delete this image?").get_by_role("button", name="Delete").click()
    said(page, "is being deleted")
    expect(page.locator(".sheet > [data-state=deleted]")).to_have_count(1, timeout=A_WHILE)


def an_upload_is_cancelled_on_its_way(page: Page, photograph: Path, tmp_path: Path) -> None:
    before, file = done(page).count(), tmp_path / "too-many.jpg"
    file.write_bytes(photograph.read_bytes() + b"one more byte")
    held: list[Route] = []
    page.route(ORIGINALS, lambda route: held.append(route))
    page.locator("#files").set_input_files(file)
    uploads = page.get_by_role("region", name="Uploads")
    expect(uploads.locator("[data-state=sending]")).to_have_count(1, timeout=A_WHILE)
    assert eventually(lambda: page.evaluate("true") and held, within=A_WHILE / 1000), "its form came, and is held"
    uploads.get_by_role("button", name=f"Cancel {file.name}").click()
    for route in held:
        route.abort()  # without a route it would be let go, cancelled or not
    page.unroute(ORIGINALS)
    expect(page.locator("#sent")).to_have_text("0 of 1 file sent · 1 cancelled")
    expect(uploads.get_by_role("listitem")).to_have_count(0)
    page.get_by_role("button", name="Clear the list").click()
    expect(uploads).to_be_hidden()
    assert done(page).count() == before


def an_image_is_erased_for_good(page: Page, behind: Behind) -> None:
    tile = done(page).get_by_role("link").first
    id, name = tile.get_attribute("data-id"), tile.locator(".name").inner_text()
    assert behind.versions(id)
    tile.click()
    page.get_by_role("button", name="Erase everything…").click()
    page.get_by_role("dialog", name="Erase this image?").get_by_role("button", name="Erase", exact=True).click()
    said(page, f"{re.escape(name)} is erased")
    expect(page.locator(f".sheet [data-id='{id}']")).to_have_count(0, timeout=A_WHILE)
    assert behind.versions(id) == []


def a_folder_is_dropped(page: Page, tmp_path: Path) -> None:
    before = done(page).count()
    folder = tmp_path / "Holidays" / "day two"
    folder.mkdir(parents=True)
    names = [path.name for path in photographs(folder, 2, drawn=1, longest=200)]
    (folder / ".hidden.jpg").write_bytes(b"not sent")
    drop(page, folder.parent)
    expect(page.locator("#sent")).to_contain_text("2 of 2 files sent", timeout=A_WHILE)
    expect(done(page)).to_have_count(before + 2, timeout=A_WHILE)
    assert set(names) <= set(page.locator(".sheet .name").all_inner_texts())


def everyone_can_use_it(page: Page) -> None:
    """In the dark and by day, on a desk and in a hand."""
    page.emulate_media(reduced_motion="reduce")
    for size, where in ((DESKTOP, "desk"), (PHONE, "phone")):
        page.set_viewport_size(size)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            for name in ("Failures", "Recipes", "Light table"):
                room(page, name)
                page.wait_for_timeout(300)
                assert barriers(page) == [], f"{name} {scheme} {where}"
            if scheme == "dark":
                picture(page, f"dark-{where}")
