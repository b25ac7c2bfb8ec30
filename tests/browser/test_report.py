"""The report in a real browser: opened from a file, on a screen, a phone and paper."""

import re
import subprocess
import sys
import zlib

import pytest

from plasmonbench import load
from plasmonbench.randomness import generator
from plasmonbench.report.page import page


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    """Write the report of a small run; return its address as a file."""
    folder = tmp_path_factory.mktemp("report")
    strategies = ["random", "lhs", "local-penalization"]
    asked = [part for name in strategies for part in ("-s", name)]
    subprocess.run(
        [sys.executable, "-m", "plasmonbench.cli", "run", "-p", "silver-prisms[rounds=3]", *asked,
         "--seeds", "5", "--out", str(folder / "run")],
        check=True, capture_output=True,
    )  # fmt: skip
    path = folder / "report.html"
    path.write_text(page(load(folder / "run"), generator("comparison", 0)), encoding="utf-8")
    return path.as_uri()


def read_to_the_end(page):
    """Scroll through the page as a reader does; figures are drawn when they come near."""
    for plot in page.locator(".plot").all():
        plot.scroll_into_view_if_needed()
        plot.locator("svg.main-svg").first.wait_for(state="attached")
    page.locator(".plot:not([data-drawn])").first.wait_for(state="detached")


def test_it_opens_from_a_file_without_errors_and_asks_for_nothing(browser_page, report):
    browser_page.goto(report)
    read_to_the_end(browser_page)
    assert browser_page.errors == []
    foreign = [
        url for url in browser_page.requests if not url.startswith((report, "blob:", "data:"))
    ]
    assert foreign == []


def test_figures_are_drawn_when_they_are_needed_and_fit(browser_page, report):
    browser_page.goto(report)
    plots = browser_page.locator(".plot")
    browser_page.locator(".plot[data-drawn]").first.wait_for()
    assert plots.count() >= 8
    assert browser_page.locator(".plot[data-drawn]").count() < plots.count()
    read_to_the_end(browser_page)
    for plot in plots.all():
        box, drawn = plot.bounding_box(), plot.locator("svg.main-svg").first.bounding_box()
        assert drawn["width"] == pytest.approx(box["width"], abs=1)
        marks = plot.locator("svg.main-svg path").count()
        assert marks > 3, plot.get_attribute("aria-label")


@pytest.mark.parametrize("width", [1400, 390])
def test_nothing_that_is_written_is_cut_off(browser_page, report, width):
    browser_page.set_viewport_size({"width": width, "height": 900})
    browser_page.goto(report)
    read_to_the_end(browser_page)
    cut = browser_page.evaluate(
        """() => Array.from(document.querySelectorAll(".plot")).flatMap(plot => {
            const box = plot.getBoundingClientRect();
            return Array.from(plot.querySelectorAll("svg text"))
                .filter(text => text.textContent && text.getBoundingClientRect().width > 0)
                .filter(text => {
                    const own = text.getBoundingClientRect();
                    return own.left < box.left - 1 || own.right > box.right + 1
                        || own.top < box.top - 1 || own.bottom > box.bottom + 1;
                })
                .map(text => plot.getAttribute("aria-label") + ": " + text.textContent);
        })"""
    )
    assert cut == []


def test_the_table_sorts_by_click_and_by_key(browser_page, report):
    browser_page.goto(report)
    table = browser_page.locator("table.sortable").first
    head = table.locator("thead th", has_text="planner CPU")
    column = head.evaluate("cell => cell.cellIndex")

    def shown():
        cells = table.locator(f"tbody tr > :nth-child({column + 1})")
        return [float(cell.get_attribute("data-value")) for cell in cells.all()]

    before = shown()
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert shown() == sorted(before)
    head.locator("button").focus()
    browser_page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert shown() == sorted(before, reverse=True)
    names = table.locator("thead th").first
    names.locator("button").click()
    assert head.get_attribute("aria-sort") is None
    told = table.locator("tbody th").all_inner_texts()
    assert told == sorted(told)


def test_what_is_missing_stands_last_whichever_way_it_is_sorted(browser_page, report):
    browser_page.goto(report)
    table = browser_page.locator("table.sortable").first
    head = table.locator("thead th", has_text="p (Holm)")
    column = head.evaluate("cell => cell.cellIndex")
    for _ in range(2):
        head.locator("button").click()
        cells = table.locator(f"tbody tr > :nth-child({column + 1})").all()
        values = [cell.get_attribute("data-value") for cell in cells]
        assert values[-1] == ""
        assert "" not in values[:-1]


def test_a_phone_scrolls_down_but_not_sideways(browser_page, report):
    browser_page.set_viewport_size({"width": 390, "height": 844})
    browser_page.goto(report)
    read_to_the_end(browser_page)
    assert browser_page.evaluate("document.documentElement.scrollWidth") <= 390
    # Wide tables scroll inside their own box.
    assert browser_page.evaluate(
        """() => Array.from(document.querySelectorAll(".scroll")).some(
            box => box.scrollWidth > box.clientWidth)"""
    )
    widths = [plot.bounding_box()["width"] for plot in browser_page.locator(".plot").all()]
    assert max(widths) <= 390


def test_figures_follow_the_window(browser_page, report):
    browser_page.goto(report)
    plot = browser_page.locator(".plot").first
    plot.scroll_into_view_if_needed()
    plot.locator("svg.main-svg").first.wait_for()
    browser_page.set_viewport_size({"width": 800, "height": 900})
    browser_page.wait_for_timeout(800)
    box, drawn = plot.bounding_box(), plot.locator("svg.main-svg").first.bounding_box()
    assert drawn["width"] == pytest.approx(box["width"], abs=1)


def test_paper_shows_every_figure_though_nobody_scrolled(browser_page, report):
    browser_page.goto(report)
    printed = browser_page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    plots = browser_page.locator(".plot").count()
    assert browser_page.locator(".plot svg.main-svg").count() >= plots
    pages = len(re.findall(rb"/Type\s*/Page\b", printed))
    assert pages >= 5
    # Curves are there as drawing operators, and none is a blank sheet.
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", printed, re.DOTALL)
    drawn = 0
    for stream in streams:
        try:
            drawn += len(re.findall(rb"\bl\n", zlib.decompress(stream)))
        except zlib.error:
            continue
    assert drawn > 500


def test_keyboard_users_can_skip_to_the_results(browser_page, report):
    browser_page.goto(report)
    browser_page.keyboard.press("Tab")
    assert browser_page.evaluate("document.activeElement.textContent") == "Skip to the results"
    browser_page.keyboard.press("Enter")
    assert browser_page.url.endswith("#content")
