"""The explorer in a real browser: sliders, palette, upload, what cannot be made, problems."""

import re
from urllib.parse import urlsplit

import numpy as np
import pytest

from plasmonbench import CAMPAIGN_WAVELENGTHS, silver_prism_loss
from plasmonbench.catalogue import find_problem

IMPOSSIBLE = "?q_agno3=40&q_pva=35&q_tsc=15&q_seed=10&q_total=500"


@pytest.fixture
def page(browser_page, explorer_url):
    """Open the explorer; no test may leave an error in the console, or ask another host."""
    browser_page.goto(explorer_url)
    ready(browser_page)
    yield browser_page
    assert browser_page.errors == []
    hosts = {urlsplit(url).netloc for url in browser_page.requests if url.startswith("http")}
    assert hosts == {urlsplit(explorer_url).netloc}


def ready(page):
    page.locator("#spectrum .main-svg").first.wait_for()
    page.locator(".swatch").first.wait_for()
    page.wait_for_function("document.querySelector('#budget').innerText !== ''")


def slider(page, index):
    return page.locator("input[type=range]").nth(index)


def amount(page, index):
    return page.locator("input[type=number]").nth(index)


def recipe(page):
    return [float(amount(page, index).input_value()) for index in range(5)]


def spectrum(page, name="spectrum, no noise"):
    """Return what Plotly has drawn under a name, (2, k)."""
    drawn = page.evaluate(
        """name => {
            const data = document.querySelector('#spectrum .js-plotly-plot').data;
            const trace = data.find(t => t.name === name);
            return trace ? [Array.from(trace.x), Array.from(trace.y)] : null;
        }""",
        name,
    )
    return None if drawn is None else np.array(drawn)


def true_loss(values, problem="silver-prisms"):
    return float(find_problem(problem).true_loss(np.array([values]))[0])


def wait_for_loss(page, values, problem="silver-prisms"):
    """Wait until the page shows the true loss of a recipe."""
    expected = f"{true_loss(values, problem):.3f}"
    page.wait_for_function(
        "text => (document.querySelector('#loss') || {}).innerText === text", arg=expected
    )


def set_slider(page, index, value):
    # What a drag does: an input event with the new value.
    slider(page, index).evaluate(
        """(element, value) => {
            const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
            set.call(element, String(value));
            element.dispatchEvent(new Event('input', { bubbles: true }));
        }""",
        value,
    )


def test_a_slider_changes_spectrum_and_loss(page):
    before, values = spectrum(page), recipe(page)
    wait_for_loss(page, values)
    set_slider(page, 0, 38)
    values[0] = 38.0
    wait_for_loss(page, values)
    assert recipe(page) == values
    after = spectrum(page)
    truth = find_problem("silver-prisms").lab.truth(np.array([values]))[0]
    np.testing.assert_allclose(after[1], truth, atol=1e-4)
    assert np.abs(after[1] - before[1]).max() > 0.05


def test_keys_move_a_slider_and_numbers_are_brought_within_bounds(page):
    values = recipe(page)
    slider(page, 3).focus()
    page.keyboard.press("ArrowRight")
    values[3] = round(values[3] + 0.1, 1)
    wait_for_loss(page, values)
    assert recipe(page) == values
    amount(page, 1).fill("99")
    amount(page, 1).press("Enter")
    values[1] = 40.0
    page.wait_for_function("document.querySelectorAll('input[type=range]')[1].value === '40'")
    assert recipe(page) == values


def test_a_number_that_is_typed_again_counts_again(page):
    """A number field of Dash tells of no change from what was typed into it last."""
    middle = recipe(page)
    for number in ("12", "999", "1.3e1"):
        for _ in range(2):
            amount(page, 3).fill(number)
            amount(page, 3).press("Enter")
            wanted = [*middle[:3], min(float(number), 20.0), middle[4]]
            wait_for_loss(page, wanted)
            assert recipe(page) == wanted
            page.click("#middle")
            wait_for_loss(page, middle)


def test_the_state_is_kept_in_the_address(page):
    set_slider(page, 3, 6.3)
    page.wait_for_url(re.compile("q_seed=6.3"))
    values = recipe(page)
    page.goto(page.url)
    ready(page)
    assert recipe(page) == values
    wait_for_loss(page, values)


def test_a_click_on_the_palette_sets_the_sliders_and_shows_its_colour(page):
    swatch = page.locator(".swatch").nth(40)
    label = swatch.get_attribute("aria-label")
    before = recipe(page)
    swatch.click()
    page.wait_for_function(
        "before => document.querySelectorAll('input[type=number]')[0].value !== before",
        arg=f"{before[0]:g}",
    )
    values = recipe(page)
    listed = [float(number) for number in re.findall(r" ([\d.]+) (?:%|µL)", label)]
    assert values == listed
    wait_for_loss(page, values)
    shown = page.locator("#colour").get_attribute("aria-label").split()[-1]
    assert shown == label.split()[1].rstrip(",")


def test_the_best_known_recipe_reaches_the_hardest_level(page):
    page.locator("#best").click()
    page.wait_for_function("document.querySelector('#level').innerText.includes('1 in 10,000')")
    assert page.locator(".levels .reached").count() >= 3


def test_what_cannot_be_made_is_shown_as_such_and_mended_by_a_click(page, explorer_url):
    page.goto(explorer_url + IMPOSSIBLE)
    ready(page)
    fault = page.locator("#fault").inner_text()
    assert "100 %" in fault
    assert "90 %" in fault
    assert "10 % too much" in fault
    assert page.locator("#loss").count() == 0
    assert spectrum(page) is None  # only the nearest recipe that can be made, and named so
    page.locator("#nearest").click()
    page.locator("#fault-box").wait_for(state="hidden")
    values = recipe(page)
    assert sum(values[:4]) <= 90 + 1e-9
    wait_for_loss(page, values)


def test_a_bad_file_gives_a_message_and_a_good_one_is_laid_over(page):
    upload = page.locator("#upload input[type=file]")
    bad = b"wavelength_nm,absorbance\n400,0.1\n410,oops\n"
    upload.set_input_files({"name": "bad.csv", "mimeType": "text/csv", "buffer": bad})
    page.locator("#own-text.wrong").wait_for()
    text = page.locator("#own-text").inner_text()
    assert "bad.csv, line 3" in text
    assert "'oops' is not a number" in text
    assert spectrum(page, "bad.csv") is None

    absorbance = np.exp(-(((CAMPAIGN_WAVELENGTHS - 640) / 50) ** 2))
    rows = zip(CAMPAIGN_WAVELENGTHS, absorbance, strict=True)
    good = "wavelength_nm;absorbance\n" + "\n".join(f"{x:g};{y:.5f}" for x, y in rows)
    upload.set_input_files({"name": "mine.csv", "mimeType": "text/csv", "buffer": good.encode()})
    page.wait_for_function(
        "document.querySelector('#spectrum .js-plotly-plot').data.some(t => t.name === 'mine.csv')"
    )
    drawn = spectrum(page, "mine.csv")
    np.testing.assert_allclose(drawn[0], CAMPAIGN_WAVELENGTHS)
    np.testing.assert_allclose(drawn[1], absorbance, atol=1e-4)
    loss = float(silver_prism_loss()(np.round(absorbance, 5)))
    assert f"{loss:.3f}" in page.locator("#own-text").inner_text()
    page.locator("#forget").click()
    page.wait_for_function(
        "!document.querySelector('#spectrum .js-plotly-plot').data.some(t => t.name === 'mine.csv')"
    )


def choose(page, identity, text):
    page.locator(f"#{identity}").click()
    page.get_by_role("option", name=text, exact=True).click()


def test_another_instance_has_another_spectrum_of_the_same_recipe(page):
    values, before = recipe(page), spectrum(page)
    choose(page, "instance", "3")
    wait_for_loss(page, values, "silver-prisms[lab=3]")
    assert recipe(page) == values
    assert np.abs(spectrum(page)[1] - before[1]).max() > 0.01
    page.wait_for_url(re.compile("lab=3"))


def test_another_problem_has_its_own_flows(page):
    choose(page, "problem", "gold-rods")
    page.wait_for_function("document.querySelector('#flows').innerText.includes('CTAB')")
    values = recipe(page)
    wait_for_loss(page, values, "gold-rods")
    space = find_problem("gold-rods").space
    bounds = [
        (float(s.get_attribute("min")), float(s.get_attribute("max")))
        for s in page.locator("input[type=range]").all()
    ]
    assert bounds == list(zip(space.lower, space.upper, strict=True))
    assert not page.locator("#instance").is_visible()


def test_the_noise_can_be_switched_off_and_drawn_again(page):
    name = "20 droplets, 10–90 %"  # noqa: RUF001
    first = spectrum(page, name)
    page.locator("#redraw").click()
    page.wait_for_url(re.compile("luck=1"))
    assert np.abs(spectrum(page, name)[1] - first[1]).max() > 1e-3
    page.locator("#noise input").click()
    page.wait_for_url(re.compile("noise=off"))
    assert spectrum(page, name) is None


def test_an_address_that_makes_no_sense_gives_one_message(page, explorer_url):
    page.goto(explorer_url + "?problem=/etc/passwd")
    ready(page)
    notice = page.locator("#notice").inner_text()
    assert "no problem '/etc/passwd' is offered here" in notice
    assert page.locator("input[type=range]").count() == 5


def test_on_a_phone_nothing_is_wider_than_the_screen(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
    left = {box["x"] for box in (card.bounding_box() for card in page.locator(".card").all())}
    assert len(left) == 1  # a single column


def test_each_control_has_a_name(page):
    unnamed = page.evaluate(
        """() => Array.from(document.querySelectorAll('input, button'))
            .filter(e => e.offsetParent && e.tabIndex >= 0 && !e.ariaHidden && e.type !== 'file')
            .filter(e => !(e.ariaLabel || e.innerText || (e.labels && e.labels.length)))
            .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert unnamed == []


def test_a_move_is_drawn_in_under_a_tenth_of_a_second(page):
    """From the event of the slider to the new curve; the quickest of several moves."""
    page.evaluate(
        """() => {
            const plot = document.querySelector('#spectrum .js-plotly-plot');
            plot.on('plotly_afterplot', () => { window.drawn = performance.now(); });
        }"""
    )
    times = []
    for step in range(25):
        page.evaluate("window.drawn = 0; window.moved = performance.now()")
        set_slider(page, 0, 20 + step / 2)
        page.wait_for_function("window.drawn > 0")
        times.append(page.evaluate("window.drawn - window.moved"))
        if times[-1] < 100:
            return
    pytest.fail(f"the quickest of {len(times)} moves took {min(times):.0f} ms")
