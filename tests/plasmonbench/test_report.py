"""The report page: whole, alone, escaped, and true to the scores."""

import html.parser
import json
import re
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plotly.offline import get_plotlyjs

from plasmonbench import History, PlasmonbenchError, cli, load
from plasmonbench.campaign import Campaign, Failure, RoundRecord
from plasmonbench.manifest import problem_settings
from plasmonbench.randomness import generator
from plasmonbench.report.figure_json import compact, figure_record, script_json
from plasmonbench.report.page import page
from plasmonbench.report.parts import NOTHING, interval, number
from plasmonbench.report.record_section import seed_ranges
from plasmonbench.report.scores_table import scores_table
from plasmonbench.scoring.scores import score_campaigns
from plasmonbench.store import Store

PROBLEM, OTHER = "silver-prisms[rounds=3]", "silver-prisms[lab=1,rounds=3]"
NASTY = "<b>bold</b> & </script><script>alert(1)</script>"
BOUND = "oracle (bound)"
SEEDS = 6
LARGEST = 8e6
"""Bytes."""


def made(problem, strategy, seed, final, failure=None):
    """Return a campaign of three rounds that ends at a true loss."""
    rng = np.random.default_rng([seed, len(strategy)])
    recipes = rng.uniform([4, 10, 1, 1, 200], [20, 30, 20, 15, 1000], size=(45, 5))
    truth = [0.6, 0.3, final]
    stability = {"stability": 0.9, "accuracy": 0.8, "error": 0.01, "loss": 0.3}
    rounds = tuple(
        RoundRecord(
            0.5, 0.25 * len(strategy), recipes[k], truth[k], recipes[0], recipes[0],
            stability if strategy == NASTY and k else {},
        )
        for k in range(3)
    )  # fmt: skip
    losses = rng.random((45, 20))
    return Campaign(
        problem=problem,
        strategy=strategy,
        seed=seed,
        history=History(recipes, losses, np.repeat([0, 1, 2], 15)),
        rounds=rounds,
        true_losses=losses.mean(axis=1),
        failure=failure,
    )


def write_run(folder, problems):
    finals = {"good": 0.11, NASTY: 0.118, "random": 0.4, BOUND: 0.107}
    store = Store(folder)
    names = [*finals, "broken"]
    store.open(
        {
            "suite": "hand-made",
            "problems": {name: problem_settings(name) for name in problems},
            "strategies": {
                name: {"spec": name, "knobs": {"xi": 0.1}, "fingerprint": "ab"} for name in names
            },
            "seeds": SEEDS,
            "code": "c0de",
            "commit": "0123456789ab",
            "versions": {"numpy": "2.0.0", "python": "3.11.7"},
            "machine": {"system": "Linux", "processor": "x86_64", "cores": 2},
            "begun": "2026-01-02T03:04:05+00:00",
        }
    )
    for problem in problems:
        for seed in range(SEEDS):
            for name, final in finals.items():
                store.write(made(problem, name, seed, final))
            odd = Failure("round 4: ValueError: <i>odd</i>", "traceback")
            store.write(made(problem, "broken", seed, 0.108, odd))
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("run") / "hand-made", [PROBLEM])


@pytest.fixture(scope="module")
def text(run):
    return page(load(run), generator("comparison", 0), models=False)


@pytest.fixture(scope="module")
def two_problems(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("run") / "two", [PROBLEM, OTHER])
    return page(load(folder), generator("comparison", 0), models=False)


class Outline(html.parser.HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.headings, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.tags.append((tag, named))
        if "id" in named:
            self.ids.append(named["id"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_data(self, data):
        self.words.append(data)


def without_plotly(text):
    assert text.count(get_plotlyjs()) == 1
    return text.replace(get_plotlyjs(), "")


def figures(text):
    """Return the figures' records by the place where they are drawn."""
    found = re.findall(r'<script type="application/json" id="(\w+)data">(.*?)</script>', text)
    return {name: json.loads(record) for name, record in found}


# -- the file -----------------------------------------------------------------------------------


def test_the_page_is_alone_and_light(text):
    rest = without_plotly(text)
    assert not re.search(r"https?://|//[a-z]+\.|@import|url\(", rest)
    for tag, named in Outline(rest).tags:
        assert tag not in ("link", "iframe", "img", "object", "embed"), tag
        assert "src" not in named
        assert named.get("href", "#").startswith("#")
    assert len(text.encode()) < LARGEST


def test_its_policy_lets_nothing_in(text):
    [policy] = [
        named["content"]
        for tag, named in Outline(without_plotly(text)).tags
        if tag == "meta" and named.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "http" not in policy
    assert "unsafe-eval" not in policy


@pytest.mark.parametrize("which", ["text", "two_problems"])
def test_the_structure_can_be_walked(which, request):
    outline = Outline(without_plotly(request.getfixturevalue(which)))
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.headings.count(1) == 1
    steps = np.diff(outline.headings)
    assert steps.max() <= 1  # no level is left out on the way down
    referred = [
        name
        for _, named in outline.tags
        for key in ("aria-labelledby", "aria-describedby", "data-figure")
        for name in named.get(key, "").split()
    ] + [named["href"][1:] for tag, named in outline.tags if tag == "a"]
    assert referred
    assert set(referred) <= set(outline.ids)
    assert [tag for tag, _ in outline.tags].count("main") == 1


def test_each_figure_has_a_text(text):
    outline = Outline(without_plotly(text))
    plots = [named for _, named in outline.tags if named.get("class") == "plot"]
    assert len(plots) == 7
    assert all(one["role"] == "img" and one["aria-label"] for one in plots)
    assert [tag for tag, _ in outline.tags].count("figcaption") == len(plots)


def test_names_and_reasons_are_escaped(text):
    rest = without_plotly(text)
    assert "<script>alert" not in rest
    assert "<b>" not in rest
    assert "<i>" not in rest
    assert "&lt;b&gt;bold&lt;/b&gt;" in rest
    assert "".join(Outline(rest).words).count(NASTY) >= 3
    # Plotly takes some mark-up for its own; names reach it escaped once more.
    names = {trace.get("name") for record in figures(text).values() for trace in record["data"]}
    assert NASTY not in names
    assert any(name and name.startswith("&lt;b&gt;") for name in names)


def test_figures_are_valid_json_with_a_layout_for_phones(text):
    found = figures(text)
    assert len(found) == 7
    for record in found.values():
        assert record["data"]
        assert "template" not in record["layout"]
        assert "width" not in record["layout"]
        assert record["narrow"]["height"] >= record["layout"]["height"]


# -- the numbers --------------------------------------------------------------------------------


def test_the_table_holds_the_scores(run):
    results = load(run)
    settings = results.problems[PROBLEM]
    table = scores_table(results.stored, settings, None, "random", generator("comparison", 0))
    scores = {
        one.strategy: one
        for one in score_campaigns(results.stored, results.problems, rng=generator("comparison", 0))
    }
    rows = {row[0].text: dict(zip(table.titles, row, strict=True)) for row in table.rows}
    assert list(rows)[-1] == BOUND
    good, broken = rows["good"], rows["broken"]
    assert good["reached 1 in 1,000, %"].text == "100 (61 to 100)"  # Wilson, 6 of 6
    assert good["rounds to it"].value == scores["good"].rounds_to_target.value == 3
    assert good["recipes to it"].value == 45
    assert good["expected recipes"].value == 45
    assert good["best true loss"].text == "0.1100"
    assert good["planner CPU, s per 15 recipes"].value == 1.0
    assert good["recipes saved against random"].value == 1.0
    assert broken["campaigns"].text == "6 (6 failed)"
    assert broken["reached 1 in 1,000, %"].value == 0
    assert broken["rounds to it"].text == NOTHING
    assert rows[BOUND]["p (Holm)"].text == NOTHING
    assert rows["random"]["p (Holm)"].text == NOTHING


@pytest.mark.parametrize(("seeds", "told"), [(3, "no p can be below 0.25"), (6, None)])
def test_the_caption_says_where_few_seeds_can_show_nothing(run, seeds, told):
    results = load(run)
    few = [one for one in results.stored if one.seed < seeds]
    settings = results.problems[PROBLEM]
    caption = scores_table(few, settings, None, "random", generator("comparison", 0)).caption
    assert "paired permutation test" in caption
    assert ("no p can be below" in caption) == (told is not None)
    assert told is None or told in caption
    alone = scores_table(few, settings, None, None, generator("comparison", 0)).caption
    assert "permutation" not in alone


def test_failures_are_told_with_their_reason(text):
    words = "".join(Outline(without_plotly(text)).words)
    assert "Failed: broken, 6 campaigns: round 4: ValueError: <i>odd</i>" in words
    assert "30 campaigns (6 of them failed) of 5 strategies" in words


def test_the_record_is_told(text):
    words = "".join(Outline(without_plotly(text)).words)
    for what in ("0123456789ab", "c0de", "2.0.0", "x86_64", "xi = 0.1", "0 to 5", "hand-made"):
        assert what in words, what


def test_several_problems_have_a_section_each_and_one_over_all(two_problems):
    words = "".join(Outline(without_plotly(two_problems)).words)
    assert "Over all problems" in words
    assert "Median recipes to the target level" in words
    assert len(figures(two_problems)) == 2 + 2 * 5


def test_another_level_another_opponent_and_one_problem(tmp_path):
    folder = write_run(tmp_path / "two", [PROBLEM, OTHER])
    rng = generator("comparison", 0)
    chosen = page(load(folder), rng, level="1 in 100", problem=OTHER, against="good", models=False)
    words = "".join(Outline(without_plotly(chosen)).words)
    assert "How soon campaigns reach 1 in 100" in words
    assert "recipes saved against good" in words
    assert PROBLEM not in words
    with pytest.raises(PlasmonbenchError, match="--problem nowhere"):
        page(load(folder), rng, problem="nowhere", models=False)
    with pytest.raises(PlasmonbenchError, match="--against nobody"):
        page(load(folder), rng, against="nobody", models=False)
    with pytest.raises(PlasmonbenchError, match="no target level 'absurd'"):
        page(load(folder), rng, level="absurd", models=False)


def test_a_problem_without_levels_or_optimum_still_has_a_page(run):
    results = load(run)
    bare = {"levels": [], "headline": None, "optimum_loss": None}
    results = replace(results, problems={PROBLEM: results.problems[PROBLEM] | bare})
    text = page(results, generator("comparison", 0), models=False)
    words = "".join(Outline(without_plotly(text)).words)
    assert "It has no target levels" in words
    assert "Ranks are not shown" in words
    assert len(figures(text)) == 2


def test_one_campaign_is_enough(run):
    results = load(run)
    alone = replace(results, tables=results.tables[:1])
    text = page(alone, generator("comparison", 0), models=False)
    assert len(figures(text)) >= 4


def test_twenty_strategies_stay_light(run):
    results = load(run)
    tables = [
        replace(table, stored=replace(table.stored, strategy=f"{table.stored.strategy} {k}"))
        for table in results.tables
        for k in range(4)
    ]
    text = page(replace(results, tables=tuple(tables)), generator("comparison", 0), models=False)
    assert len(text.encode()) < LARGEST
    assert len(without_plotly(text).encode()) < 1e6


def test_the_same_run_gives_the_same_page(run, text):
    assert page(load(run), generator("comparison", 0), models=False) == text


# -- the parts ----------------------------------------------------------------------------------


def test_cells():
    assert number(None).text == NOTHING
    assert number(0.12345, ".2f").text == "0.12"
    assert interval(3.0, 2.0, 4.0).text == "3 (2 to 4)"
    assert interval(3.0, 2.0, None).text == "3 (2 or more)"
    assert interval(3.0, None, None).text == "3"
    assert interval(None, 2.0, None).text == NOTHING
    assert number(None).key == ""


@given(st.sets(st.integers(0, 60)))
def test_seed_ranges_say_each_seed_once(seeds):
    told = set()
    for part in seed_ranges(seeds).split(", ") if seeds else []:
        first, _, last = part.partition(" to ")
        told |= set(range(int(first), int(last or first) + 1))
    assert told == seeds


def test_compact_numbers():
    value = {
        "a": np.array([1.0, 0.123456789, np.nan]),
        "b": (np.int64(3), True, None, "x", -np.inf),
    }
    assert compact(value) == {"a": [1, 0.12346, None], "b": [3, True, None, "x", None]}


@given(st.text())
def test_script_json_cannot_end_its_script(words):
    written = script_json({"name": words + "</script><!--"})
    assert "<" not in written
    assert json.loads(written)["name"] == words + "</script><!--"


def test_a_figure_without_its_title_is_lower():
    from plasmonbench.figures.panels import panels

    figure = panels(["a"], title="t", x_title="x", y_title="y")
    record = figure_record(figure)
    assert "title" not in record["layout"]
    assert record["layout"]["height"] == figure.layout.height - 40
    assert record["layout"]["margin"]["t"] == figure.layout.margin.t - 40


# -- the command --------------------------------------------------------------------------------


@pytest.fixture
def plasmonbench(monkeypatch, capsys, tmp_path):
    """Call the command line in a folder of its own; gives exit code and errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["plasmonbench", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return caught.value.code, capsys.readouterr().err

    return call


def test_the_command_writes_the_page(plasmonbench, run, tmp_path):
    code, told = plasmonbench("report", run, "--no-models")
    assert code == 0
    assert "report.html" in told
    assert "MB" in told
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere"], "holds no run"),
        (["{run}", "--level", "absurd"], "no target level"),
        (["{run}", "--problem", "absurd"], "there are no campaigns of it"),
        (["{run}", "--against", "absurd"], "there are no campaigns of it"),
        (["{run}", "--out", "no/such/folder/x.html"], "--out needs a file in a folder"),
        (["{run}", "{run}"], "a second time"),
        ([], "Missing argument"),
    ],
)
def test_bad_input_ends_in_one_line_and_leaves_no_page(
    plasmonbench, run, tmp_path, arguments, complaint
):
    asked = [argument.format(run=run) for argument in arguments]
    code, told = plasmonbench("report", "--no-models", *asked)
    assert code == 2
    assert told.startswith("error: ")
    assert told.count("\n") <= 2
    assert complaint in " ".join(told.split())
    assert not list(tmp_path.glob("*.html*"))


def test_a_page_that_cannot_be_written_leaves_the_old_one(plasmonbench, run, tmp_path):
    old = tmp_path / "report.html"
    old.write_text("old")
    (tmp_path / "report.html.partial").mkdir()
    code, told = plasmonbench("report", "--no-models", run)
    assert code == 2
    assert "cannot be written" in told
    assert old.read_text() == "old"


def test_the_laboratory_is_shown_where_it_can_be(plasmonbench, tmp_path):
    asked = ["-p", "silver-prisms[rounds=2]", "-s", "random", "-s", "local-penalization"]
    plasmonbench("run", *asked, "--seeds", "2", "--out", "small")
    code, _ = plasmonbench("report", "small")
    assert code == 0
    text = (tmp_path / "report.html").read_text()
    words = "".join(Outline(without_plotly(text)).words)
    for heading in ("Best spectra beside the target", "Loss maps", "Particles in the best droplet"):
        assert heading in words, heading
    assert "neural network" in words  # it says that there is none to show
