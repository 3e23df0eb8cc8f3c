"""What a reader does with the report: opened from disk, by mouse and by keyboard, on a desk and on a phone, with and without JavaScript."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="the browser's driver comes with the extra 'dev'")
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait
from window import Open, resize

PAGES = ("index.html", "question-7.html", "runs.html")


def go(browser: Chrome, report: Path, page: str) -> None:
    file, mark, place = page.partition("#")
    browser.get((report / file).as_uri() + mark + place)


def until(browser: Chrome, condition) -> None:
    WebDriverWait(browser, 5).until(lambda _: condition())


def shown(browser: Chrome) -> list[str]:
    """Ids of the claims of the toy paper that can be seen, as keys in their paper."""
    rows = browser.find_elements(By.CSS_SELECTOR, ".matrix tbody tr")
    ids = [row.find_element(By.TAG_NAME, "a").text for row in rows if row.is_displayed()]
    assert all(one.startswith("toyreport/") for one in ids)
    return [one.removeprefix("toyreport/") for one in ids]


def violations(found: dict) -> list[tuple[str, list]]:
    """What axe-core found, of whatever weight."""
    return [(item["id"], [node["target"] for node in item["nodes"]]) for item in found["violations"]]


def press(browser: Chrome, *keys: str) -> None:
    ActionChains(browser).send_keys(*keys).perform()


def focused(browser: Chrome) -> str:
    return browser.switch_to.active_element.get_attribute("outerHTML")


def tab_to(browser: Chrome, what: str) -> None:
    """Press Tab until the focus is on what has this in its tag."""
    for _ in range(60):
        press(browser, Keys.TAB)
        if what in focused(browser).partition(">")[0]:
            return
    raise AssertionError(f"Tab does not reach {what}")


# ---- from disk


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_for_nothing_but_files_beside_it_and_logs_no_error(browser: Chrome, report: Path, page: str) -> None:
    browser.get_log("performance")
    go(browser, report, page)
    until(browser, lambda: browser.execute_script("return document.readyState") == "complete")
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = {message["params"]["request"]["url"] for message in messages if message["method"] == "Network.requestWillBeSent"}
    files = {url for url in asked if not url.startswith("data:")}
    assert {Path(url).name for url in files} >= {page, "style.css", "report.js"}
    assert all(url.startswith(report.as_uri()) for url in files), files
    assert browser.get_log("browser") == []


def test_every_image_loads(browser: Chrome, report: Path) -> None:
    go(browser, report, "question-7.html")
    browser.execute_script("document.querySelectorAll('img').forEach(image => { image.loading = 'eager'; })")
    until(browser, lambda: browser.execute_script("return [...document.images].every(image => image.complete)"))
    assert browser.execute_script("return [...document.images].map(image => image.naturalWidth)") == [600] * 5


def test_a_claim_leads_to_its_row_which_unfolds_and_back(browser: Chrome) -> None:
    browser.find_element(By.LINK_TEXT, "toyreport/T1.ii").click()
    until(browser, lambda: browser.current_url.endswith("question-7.html#toyreport-T1.ii"))
    row = browser.find_element(By.ID, "toyreport-T1.ii")
    until(browser, lambda: row.get_property("open"))
    until(browser, lambda: 0 <= browser.execute_script("return arguments[0].getBoundingClientRect().top", row) < 450)
    browser.find_element(By.LINK_TEXT, "Second Look").click()
    until(browser, lambda: browser.current_url.endswith("index.html"))


def test_all_questions_are_seen_within_two_screens(browser: Chrome) -> None:
    cards = browser.find_elements(By.CSS_SELECTOR, ".questions .card")
    assert len(cards) == 2
    assert max(card.rect["y"] + card.rect["height"] for card in cards) <= 1800


def test_the_first_screen_of_a_question_holds_the_answer_and_its_figure(browser: Chrome, report: Path) -> None:
    go(browser, report, "question-7.html")
    answer, image = (browser.find_element(By.CSS_SELECTOR, f".headline {what}") for what in (".answer", "img"))
    assert answer.rect["y"] < image.rect["y"] < 600


def test_a_row_unfolds_by_mouse_and_by_keyboard(browser: Chrome, report: Path) -> None:
    go(browser, report, "question-7.html")
    row = browser.find_element(By.ID, "toyreport-T1")
    inside = row.find_element(By.CLASS_NAME, "facts")
    assert not inside.is_displayed()
    summary = row.find_element(By.TAG_NAME, "summary")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", summary)
    summary.click()
    until(browser, inside.is_displayed)
    assert "Rule, written before" in row.text
    browser.execute_script("arguments[0].focus()", summary)
    press(browser, Keys.ENTER)
    until(browser, lambda: not inside.is_displayed())


def test_all_rows_unfold_together(browser: Chrome, report: Path) -> None:
    go(browser, report, "question-7.html")
    button = browser.find_element(By.CLASS_NAME, "unfold")
    rows = browser.find_elements(By.CSS_SELECTOR, "details.claim")
    browser.execute_script("arguments[0].click()", button)
    assert all(row.get_property("open") for row in rows)
    assert button.text == "Fold all claims"
    browser.execute_script("arguments[0].click()", button)
    assert not any(row.get_property("open") for row in rows)


def test_a_link_into_what_is_folded_unfolds_it(browser: Chrome, report: Path) -> None:
    go(browser, report, "question-7.html#toyreport-deviations")
    until(browser, lambda: browser.find_element(By.ID, "toyreport-deviations").get_property("open"))
    assert "We do something." in browser.find_element(By.ID, "toyreport-deviations").text


# ---- sheets and curves


def test_the_slider_steps_through_a_sheet(browser: Chrome, report: Path) -> None:
    go(browser, report, "question-7.html")
    figure = browser.find_element(By.ID, "toyreport-sheet")
    slider = figure.find_element(By.CSS_SELECTOR, "input[type=range]")
    whole, sheet = figure.find_element(By.CLASS_NAME, "wide"), figure.find_element(By.CLASS_NAME, "sheet")
    assert (whole.is_displayed(), sheet.is_displayed()) == (True, False)
    browser.execute_script("arguments[0].focus()", slider)
    press(browser, Keys.HOME)
    until(browser, sheet.is_displayed)
    assert not whole.is_displayed()
    assert (figure.find_element(By.TAG_NAME, "output").text, slider.get_attribute("aria-valuetext")) == ("step 1", "step 1")
    first = sheet.find_element(By.CLASS_NAME, "crop").get_attribute("style")
    press(browser, Keys.ARROW_RIGHT)
    until(browser, lambda: figure.find_element(By.TAG_NAME, "output").text == "step 2")
    assert sheet.find_element(By.CLASS_NAME, "crop").get_attribute("style") != first
    press(browser, Keys.END)
    until(browser, whole.is_displayed)


def test_every_replicas_curve_is_shown_on_demand(browser: Chrome, report: Path) -> None:
    go(browser, report, "question-7.html")
    button = browser.find_element(By.CSS_SELECTOR, "#toyreport-curve button.replicas")
    browser.execute_script("arguments[0].click()", button)
    panel = "#toyreport-curve .explorer"
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, panel))
    assert button.get_attribute("aria-expanded") == "true"
    assert len(browser.find_elements(By.CSS_SELECTOR, f"{panel} path.one")) == 6  # of the cells that did not diverge, three seeds each
    line = browser.find_element(By.CSS_SELECTOR, f"{panel} path.one")
    browser.execute_script("arguments[0].dispatchEvent(new PointerEvent('pointerenter'))", line)
    assert browser.find_element(By.CSS_SELECTOR, f"{panel} output").text == "lr = 0.5, seed 0: ends at 1"
    browser.execute_script("arguments[0].click()", browser.find_element(By.CSS_SELECTOR, f"{panel} fieldset input"))
    assert len(browser.find_elements(By.CSS_SELECTOR, f"{panel} path.one")) == 3
    browser.execute_script("arguments[0].click()", button)
    assert not browser.find_elements(By.CSS_SELECTOR, panel)
    assert browser.get_log("browser") == []


def test_panels_stand_side_by_side_or_one_below_the_other(browser: Chrome, report: Path) -> None:
    for width, together in ((1200, True), (390, False)):
        resize(browser, width)
        go(browser, report, "question-7.html")
        first, second = browser.find_elements(By.CSS_SELECTOR, "#toyreport-curve .crop")
        assert (first.rect["y"] == second.rect["y"]) == together


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_figure_follows_the_theme_that_was_chosen(browser: Chrome, report: Path, theme: str) -> None:
    browser.execute_script("localStorage.setItem('second-look-theme', arguments[0])", theme)
    go(browser, report, "question-7.html")
    assert browser.execute_script("return getComputedStyle(document.querySelector('figure img')).colorScheme") == theme


def test_data_and_enlarged_figure_are_files_beside_the_page(browser: Chrome, report: Path) -> None:
    go(browser, report, "question-7.html")
    links = browser.find_elements(By.CSS_SELECTOR, "a[download], a.enlarge")
    assert [Path(link.get_property("href").removeprefix("file://")).exists() for link in links] == [True] * 5


# ---- filters


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        ("outcome", "not run", ["T3", "T4"]),
        ("outcome", "supported", ["T1", "T1.ii"]),
        ("reach", "reduced", ["T1.ii"]),
        ("reach", "none (not run)", ["T3", "T4"]),
        ("paper", "toyreport", ["T1", "T1.ii", "T3", "T4"]),
    ],
)
def test_a_filter_leaves_what_it_names(browser: Chrome, name: str, value: str, left: list[str]) -> None:
    Select(browser.find_element(By.NAME, name)).select_by_visible_text(value)
    assert shown(browser) == left
    assert browser.find_element(By.ID, "shown").text == f"{len(left)} of 4 claims"


def test_filters_together_and_all_again(browser: Chrome) -> None:
    Select(browser.find_element(By.NAME, "outcome")).select_by_visible_text("not run")
    Select(browser.find_element(By.NAME, "reach")).select_by_visible_text("reduced")
    assert shown(browser) == []
    browser.find_element(By.CSS_SELECTOR, "#filters button").click()
    until(browser, lambda: len(shown(browser)) == 4)


def test_filters_by_keyboard(browser: Chrome) -> None:
    tab_to(browser, 'name="outcome"')
    press(browser, "n")  # not run
    until(browser, lambda: shown(browser) == ["T3", "T4"])
    tab_to(browser, 'type="reset"')
    press(browser, Keys.ENTER)
    until(browser, lambda: len(shown(browser)) == 4)


# ---- theme


def background(browser: Chrome) -> str:
    return browser.execute_script("return getComputedStyle(document.body).backgroundColor")


def test_the_theme_follows_the_system_until_chosen_and_is_remembered(browser: Chrome, report: Path) -> None:
    def system(scheme: str) -> str:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        return background(browser)

    light, dark = system("light"), system("dark")
    assert light != dark
    button = browser.find_element(By.ID, "theme")
    assert button.text == "Theme: system"
    button.click()
    assert (button.text, background(browser)) == ("Theme: light", light)
    tab_to(browser, 'id="theme"') if 'id="theme"' not in focused(browser) else None
    press(browser, Keys.SPACE)
    assert (button.text, background(browser)) == ("Theme: dark", dark)
    system("light")
    go(browser, report, "question-7.html")
    assert (browser.find_element(By.ID, "theme").text, background(browser)) == ("Theme: dark", dark)


# ---- enlarged figures


def test_a_figure_is_enlarged_by_mouse(browser: Chrome, report: Path) -> None:
    go(browser, report, "question-7.html")
    dialog = browser.find_element(By.ID, "enlarged")
    assert not dialog.is_displayed()
    figure = browser.find_element(By.CSS_SELECTOR, "a.enlarge")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", figure)
    figure.click()
    until(browser, dialog.is_displayed)
    image = dialog.find_element(By.TAG_NAME, "img")
    until(browser, lambda: image.get_property("naturalWidth") == 600)
    assert dialog.find_element(By.TAG_NAME, "h2").text.startswith("A curve")
    browser.find_element(By.ID, "enlarged-close").click()
    until(browser, lambda: not dialog.is_displayed())
    figure.click()
    until(browser, dialog.is_displayed)
    ActionChains(browser).move_by_offset(3, 3).click().perform()  # beside it
    until(browser, lambda: not dialog.is_displayed())
    assert browser.current_url.endswith("question-7.html")


def test_a_figure_is_enlarged_by_keyboard_and_the_focus_comes_back(browser: Chrome, report: Path) -> None:
    go(browser, report, "question-7.html")
    tab_to(browser, 'class="enlarge"')
    press(browser, Keys.ENTER)
    dialog = browser.find_element(By.ID, "enlarged")
    until(browser, dialog.is_displayed)
    assert browser.execute_script("return arguments[0].contains(document.activeElement)", dialog)
    press(browser, Keys.ESCAPE)
    until(browser, lambda: not dialog.is_displayed())
    assert 'class="enlarge"' in focused(browser)


def test_the_content_can_be_skipped_to(browser: Chrome) -> None:
    press(browser, Keys.TAB)
    assert "Skip to the content" in focused(browser)
    press(browser, Keys.ENTER)
    until(browser, lambda: browser.current_url.endswith("#content"))


# ---- every reader


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", [320, 390, 1200])
def test_no_page_is_wider_than_the_screen(browser: Chrome, report: Path, page: str, width: int) -> None:
    resize(browser, width)
    go(browser, report, page)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_on_a_phone_a_claim_is_a_card(browser: Chrome) -> None:
    resize(browser, 390)
    first, second = browser.find_elements(By.CSS_SELECTOR, ".matrix tbody tr")[:2]
    assert second.rect["y"] >= first.rect["y"] + first.rect["height"] - 1
    cells = first.find_elements(By.TAG_NAME, "td")
    assert len({cell.rect["x"] for cell in cells}) == 1, "one below the other"


@pytest.mark.parametrize("width", [390, 1200])
def test_the_list_of_what_is_reduced_stands_beside_its_label(browser: Chrome, report: Path, width: int) -> None:
    resize(browser, width)
    go(browser, report, "question-7.html#toyreport-protocol")
    until(browser, lambda: browser.find_element(By.ID, "toyreport-protocol").get_property("open"))
    changes = browser.find_element(By.CSS_SELECTOR, "#toyreport-protocol .changes")
    assert [item.text.rpartition(":")[2] for item in changes.find_elements(By.TAG_NAME, "li")] == [
        " 2 instead of 4,000",
        " 3 instead of 10",
    ]
    cell = changes.find_element(By.XPATH, "ancestor::td")
    label = browser.execute_script("return getComputedStyle(arguments[0]).gridTemplateColumns", cell)
    reserved = 100 if width < 500 else 0  # on a phone the first column of a cell holds its name
    assert label.startswith("112px ") == (width < 500)
    assert changes.rect["x"] > cell.rect["x"] + reserved
    assert changes.rect["x"] + changes.rect["width"] <= cell.rect["x"] + cell.rect["width"] + 1


def test_what_the_metrics_mean_is_opened_by_keyboard(browser: Chrome, report: Path) -> None:
    go(browser, report, "question-7.html")
    (metrics,) = [item for item in browser.find_elements(By.TAG_NAME, "details") if item.text.startswith("What the metrics mean")]
    assert not metrics.find_element(By.TAG_NAME, "dl").is_displayed()
    browser.execute_script("arguments[0].querySelector('summary').focus()", metrics)
    press(browser, Keys.ENTER)
    until(browser, metrics.find_element(By.TAG_NAME, "dl").is_displayed)
    assert "99.00 for a replica that diverged" in metrics.text


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Chrome, report: Path, axe: str, page: str, width: int, scheme: str) -> None:
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    resize(browser, width)
    go(browser, report, page)
    browser.execute_script("document.querySelectorAll('details').forEach(item => { item.open = true; })")
    browser.execute_script("document.querySelectorAll('button.replicas').forEach(button => button.click())")
    browser.execute_script(axe)
    found = browser.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    assert len(found["passes"]) > 15
    assert violations(found) == []


def test_axe_finds_nothing_in_the_dialog(browser: Chrome, report: Path, axe: str) -> None:
    go(browser, report, "question-7.html")
    browser.execute_script("document.querySelector('a.enlarge').click()")
    browser.execute_script(axe)
    found = browser.execute_async_script("axe.run('#enlarged').then(arguments[arguments.length - 1])")
    assert violations(found) == []


def test_without_javascript_everything_can_be_read(launch: Open, report: Path) -> None:
    browser = launch(scripts=False)
    go(browser, report, "index.html")
    assert shown(browser) == ["T1", "T1.ii", "T3", "T4"]
    for control in ("theme", "filters", "enlarged"):  # what would do nothing is not shown
        assert not browser.find_element(By.ID, control).is_displayed()
    go(browser, report, "question-7.html")
    row = browser.find_element(By.ID, "toyreport-T1")
    row.find_element(By.TAG_NAME, "summary").click()
    assert "Every replica" in row.text
    for control in browser.find_elements(By.CSS_SELECTOR, ".steps, button"):
        assert not control.is_displayed()
    assert browser.find_element(By.CSS_SELECTOR, "figure img").is_displayed()
    browser.find_element(By.CSS_SELECTOR, "a.enlarge").click()
    until(browser, lambda: browser.current_url.endswith("assets/toyreport-curve.svg"))


def test_on_paper_everything_is_there_and_nothing_that_can_be_pressed(browser: Chrome, report: Path) -> None:
    go(browser, report, "question-7.html")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not browser.find_element(By.ID, "theme").is_displayed()
        assert browser.find_element(By.ID, "toyreport-T1").is_displayed()
        browser.execute_script("dispatchEvent(new Event('beforeprint'))")
        assert browser.find_element(By.CSS_SELECTOR, "#toyreport-T1 .facts").is_displayed()
        browser.execute_script("dispatchEvent(new Event('afterprint'))")
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
