"""The report's page, built from real results of a made-up paper whose texts are hostile."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tiny_paper import EXACT, protocol, protocol_data, write_paper, write_yaml
from tiny_report import HOSTILE, PAPER, QUOTED, SVG, URL, decide, toy_results

from secondlook.errors import UserError
from secondlook.files import read_json, write_json
from secondlook.plan.plan import make_plan
from secondlook.protocol.config import load_config
from secondlook.protocol.project import load_project
from secondlook.report import context
from secondlook.report.build import build_report, cited, file_size
from secondlook.report.context import headlines, wrong_by_chance
from secondlook.report.drawings import themed

# ---- the page

PROSE = f"toys in place of trains {HOSTILE}; no wind"
CHANGES = (f"updates of the toy {HOSTILE} (steps): 2 instead of 4,000", "seeds: 3 instead of 10")
#: of the experiment called chosen, on a claim's card and in the protocol's table
LISTED = " ".join([f"reduced: {PROSE}", *CHANGES])


class Page(HTMLParser):
    """Tags with their attributes, and the text between them, tags replaced by blanks."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        self.text = re.sub(r" (?=[,;.)])", "", re.sub(r"\s+", " ", " ".join(self.words)))  # as it reads

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "link", "input", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] for _, attrs in self.tags if attribute in attrs]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory with the results of one paper."""
    with toy_results(tmp_path_factory.mktemp("report")) as folder:
        yield folder


@pytest.fixture(scope="module")
def report(place: Path) -> Path:
    """The report's folder."""
    build_report(load_config({"mirrors": f"https://mirror.example/{HOSTILE}"}), place / "page/index.html")
    return place / "page"


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def front(report: Path) -> Page:
    return Page(read(report / "index.html"))


@pytest.fixture(scope="module")
def page(report: Path) -> Page:
    """The question's page."""
    return Page(read(report / "question-7.html"))


def test_the_folder_holds_the_pages_and_what_they_show(report: Path) -> None:
    assert sorted(str(path.relative_to(report)) for path in report.rglob("*") if path.is_file()) == [
        "assets/report.js",
        "assets/report.json",
        "assets/style.css",
        "assets/toyreport-curve.svg",
        "assets/toyreport-grid.csv",
        "assets/toyreport-grid.curves.js",
        "assets/toyreport-sheet.svg",
        "index.html",
        "question-7.html",
        "runs.html",
    ]
    assert read(report / "assets/toyreport-curve.svg") == themed(SVG.decode())
    assert read(report / "assets/toyreport-grid.csv") == read(Path("results/quick/toyreport/grid.csv"))


@pytest.mark.parametrize("name", ["index.html", "question-7.html", "runs.html"])
def test_every_tag_is_closed_where_it_should_be(report: Path, name: str) -> None:
    page = Page(read(report / name))
    assert page.faults == []
    assert page.open == []
    ids = page.values("id")
    assert len(ids) == len(set(ids)) > 5
    named = {target for value in page.values("aria-labelledby") for target in value.split()}
    assert named <= set(ids)


@pytest.mark.parametrize("name", ["index.html", "question-7.html", "runs.html"])
def test_the_page_needs_nothing_from_outside(report: Path, name: str) -> None:
    page = Page(read(report / name))
    assert {tag for tag, _ in page.tags} & {"iframe", "object", "embed", "base"} == set()
    assert set(page.values("src")) <= {"assets/report.js", "assets/toyreport-curve.svg", "assets/toyreport-sheet.svg"}
    links = [href for href in page.values("href") if href != "data:,"]  # no icon to ask for
    outside = [href for href in links if "://" in href]
    assert set(outside) == ({URL} if name.startswith("question") else set())  # the paper itself, a link for the reader
    for href in set(links) - {URL}:
        file, _, target = href.partition("#")
        assert (report / (file or name)).is_file() or file == "report.pdf", href  # made by another rule
        if target and not href.startswith("#m-"):
            assert target in Page(read(report / (file or name))).values("id"), href
    for path in (report / name, report / "assets/style.css", report / "assets/report.js"):
        assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest", read(path))


def test_every_claim_of_the_matrix_leads_to_its_card(front: Page) -> None:
    assert {f"question-7.html#toyreport-{claim}" for claim in ("T1", "T1.ii", "T3", "T4")} <= set(front.values("href"))
    assert "toyreport/T1.ii So they do when tuned." in front.text  # an id that is its own among all papers
    rows = [attrs for tag, attrs in front.tags if tag == "tr" and "data-outcome" in attrs]
    assert [(row["data-outcome"], row["data-reach"]) for row in rows] == [
        ("supported", "paper's setting"),
        ("supported", "reduced"),
        ("not run", "none"),
        ("not run", "none"),
    ]
    assert {row["data-paper"] for row in rows} == {"toyreport"}


@pytest.mark.parametrize("file", ["index.html", "question-7.html"])
def test_a_question_is_answered_first_by_its_headline_claims(report: Path, file: str) -> None:
    """The sentence that was written for the outcome, never one that is made of words for verdicts."""
    text = Page(read(report / file)).text
    answer = f"Larger steps do end lower {HOSTILE}."
    assert answer in text
    assert text.index("Do toys train & fly?") < text.index(answer) < text.index("T1.ii")
    assert f"The usual answer They do {HOSTILE}." in text
    if file != "index.html":
        assert f"Do they {HOSTILE} {answer} supported paper's setting claim T1" in text
    assert "Nobody can tell." not in text


def test_headlines_stand_in_their_order_each_with_its_figure() -> None:
    def claim(key: str, order: int | None, figure: str | None = None) -> dict[str, Any]:
        return {"key": key, "headline": {"order": order, "figure": figure} if order else None}

    figure = {"name": "curve"}
    chapters = [
        {"paper": "a", "claims": [claim("A1", 2, "curve"), claim("A2", None)], "all_figures": [figure]},
        {"paper": "b", "claims": [claim("B1", 1)], "all_figures": []},
    ]
    assert [(found["paper"], found["claim"]["key"], found["figure"]) for found in headlines(chapters)] == [
        ("b", "B1", None),
        ("a", "A1", figure),
    ]


def test_how_many_outcomes_are_wrong_by_chance_is_said(page: Page) -> None:
    def claim(primary: bool, alpha: float | None) -> dict[str, Any]:
        return {"primary": primary, "alpha": alpha}

    claims = [claim(True, 0.02), claim(True, 0.05), claim(True, None), claim(False, 0.05), claim(False, 0.01)]
    assert wrong_by_chance(claims) == {"primary": 2, "of_primary": 0.05, "secondary": 2, "of_secondary": 0.1}
    assert wrong_by_chance([claim(True, None)]) == {"primary": 0, "of_primary": 0.0, "secondary": 0, "of_secondary": 0.0}
    assert "Wrong by chance, on average at most: 0.05 of the 1 primary outcomes that chance has a part in, and 0.05 of the 1" in page.text


def test_the_front_page_says_what_it_cost(front: Page) -> None:
    assert "2 supported 2 not run" in front.text
    assert re.search(r"4 claims of 1 paper 6 runs, the newest of \d+ \w+ 20\d\d", front.text)
    assert "Question 8 Why? Our answer Not tested yet. No claims yet" in front.text
    assert re.search(r"toyreport 5 15 (\d+ (h|min|s) )+\d+ MB cpu: toy device", front.text)
    assert re.search(r"instruments, which papers share 1 1 (\d+ (h|min|s) )+\d+ MB cpu: ", front.text)
    assert "Runs 6 runs, 16 replicas" in front.text


def test_hostile_texts_stay_texts(page: Page, front: Page) -> None:
    for each in (page, front):
        assert not any(attribute.startswith("on") for _, attrs in each.tags for attribute in attrs)
        assert [attrs for tag, attrs in each.tags if tag == "script"] == [{"src": "assets/report.js"}]
    assert "mirror.example" not in front.text  # where files were found says nothing of them
    for text in (
        f"On Toys {HOSTILE}",
        f"A. Toymaker {HOSTILE}",
        f"A larger step ends lower {HOSTILE}.",
        f"1.95 ± 0.2 {QUOTED}",
        f"A grid {HOSTILE}",
        f"A toy is as good as itself {HOSTILE}.",
        f"toys in place of trains {HOSTILE}",
        f"updates of the toy {HOSTILE} (steps)",
        f"how far off the toy is {HOSTILE}",
        f"A curve {QUOTED}",
        f"See it fall {QUOTED}.",
        f"The paper says nothing {HOSTILE}.",
        f"Do toys train? {HOSTILE}",
    ):
        assert text in page.text
    answer = f"Larger steps do end lower {HOSTILE}."
    # among the answers, in full (a second panel adds nothing), and the sheet with its only arm
    assert page.values("alt") == [
        f"A curve {QUOTED}",
        f"A curve {QUOTED}. {answer}",
        "",
        f"A sheet. Larger steps end lower {HOSTILE}. Supported (replicated at the paper's setting): +0.500 nats [0.483, 0.517].",
        "an arm",
    ]


def test_each_claim_has_sentence_outcome_measurement_and_rule(page: Page, front: Page) -> None:
    claims = {claim["id"]: claim for claim in read_json("results/quick/toyreport/claims.json")}
    # loss after two steps is 1 / (2 lr) + seed / 100
    assert {key: claim["outcome"] for key, claim in claims.items()} == {
        "toyreport/T1": "supported",
        "toyreport/T1.ii": "supported",
        "toyreport/T3": "not run",
        "toyreport/T4": "not run",
    }
    assert claims["toyreport/T1"]["effect"] == pytest.approx(0.5, abs=1e-12)
    low, high = claims["toyreport/T1"]["interval"]
    assert f"Measured +0.500 nats [{low:.3f}, {high:.3f}], n = 3 + 3" in page.text
    assert "first arm : mean 0.51, n = 3 0.5, 0.51, 0.52" in page.text
    for claim in claims.values():
        assert f"toyreport-{claim['id'].rpartition('/')[2]}" in page.values("id")
        assert page.text.count(f"In full {claim['sentence']}") == 1
        assert claim["plain"] in page.text
        assert claim["plain"] in front.text
        assert claim["rule"] in page.text
    assert "Outcome supported (replicated at the paper's setting): the interval lies wholly where the claim holds" in page.text
    assert "Outcome supported (reduced): the interval lies wholly where the claim holds" in page.text  # no cap, but its reach
    assert "Secondary, beside T1." in page.text
    assert "not run T4 our own Large toys train. needs scale paper" in page.text
    assert "(Section 4; a finding of our own, not of the paper)" in page.text
    assert f"Reduced {PROSE}; {len(CHANGES)} differences from scale paper" in page.text
    assert all(change in page.text for change in CHANGES)  # in the protocol's table
    assert page.text.count(f" Reduced {PROSE}") == 1  # nothing was reduced elsewhere
    assert "Outcome not run: there is no wind & no sky What would change it data: wind" in page.text
    assert re.search(r"Outcome not run: needs scale paper Rule, written before .* What would change it a run at scale paper", page.text)


def test_the_papers_number_has_its_source_and_who_passed_it_on(page: Page) -> None:
    assert f"Reported, second-hand 1.95 ± 0.2 {QUOTED} (caption of Figure 1, as quoted by a review in the Toy Gazette)" in page.text
    assert "The paper reports 0.5 (Table 2) " in page.text
    assert page.text.count("The paper reports no number that could be checked") == 2


def test_the_answer_has_its_numbers(page: Page) -> None:
    assert "In 6 runs: +0.5 nats ( supported (replicated at the paper's setting)) at quick." in page.text
    assert f"They train {HOSTILE}" in page.text.replace("p 2 ", "")  # the formula of the heading
    assert [attrs["alttext"] for tag, attrs in page.tags if tag == "math"] == ["p^2", "p^2", r"\frac{1}{2} < p"]


def test_what_is_not_drawn_is_named(page: Page) -> None:
    assert "Not drawn at this scale: A crowd." in page.text
    assert "toyreport-crowd" not in page.values("id")


def test_tuning_shows_the_choice_and_what_diverged_but_only_where_it_was_used(page: Page) -> None:
    assert "Tuning: best" in page.text
    assert "Tuning: idle" not in page.text
    assert "lr chosen Candidates Diverged At an edge? all 1.0 3 1 no" in page.text


def test_experiments_with_their_cost_and_deviations(page: Page) -> None:
    assert re.search(rf"chosen The chosen one {re.escape(LISTED)} 2 6 0 \d+ s c0de", page.text)
    assert re.search(r"grid A grid .* exact 3 9 3 \d+ s c0de", page.text)  # the diverged replicas are counted
    assert "We do something. It must be something." in page.text


def test_what_is_reduced_is_said_in_prose_and_as_a_list(page: Page, report: Path) -> None:
    """Against scale paper: its own sentence, the setting that differs by what it is, the seeds. An exact experiment has neither."""
    assert page.text.count(LISTED) == 1
    assert sum(attrs.get("class") == "changes" for _, attrs in page.tags) == 1
    source = read(report / "question-7.html")
    assert "<li>seeds: 3 instead of 10</li></ul></div></td>" in source  # in the cell that has its name on a phone


@pytest.mark.parametrize(("seeds", "differ"), [(7, True), (10, False)])
def test_seeds_that_the_configuration_asks_for_are_the_ones_compared(place: Path, tmp_path: Path, seeds: int, differ: bool) -> None:
    build_report(load_config({"seeds": seeds}), tmp_path / "page/index.html")
    text = Page(read(tmp_path / "page/question-7.html")).text
    assert "(steps): 2 instead of 4,000" in text
    assert (f"seeds: {seeds} instead of 10" in text) == differ


def test_the_metrics_that_claims_read_are_explained(page: Page) -> None:
    assert f"What the metrics mean loss how far off the toy is {HOSTILE} (nats); 99.00 for a replica that diverged" in page.text
    assert "what no claim reads" not in page.text


def test_a_claim_names_its_code_and_the_command_that_runs_it(page: Page) -> None:
    record = read_json("results/quick/toyreport/grid.runs.json")[0]
    commit = record["commit"].partition("+")[0][:12]
    assert f"Code src/secondlook/papers/toyreport/train.py at commit {commit}" in page.text
    assert page.text.count("Run it snakemake --cores all toyreport --config scale=quick ") == 3  # not for the claim that nothing tests
    size = file_size(Path("results/quick/toyreport/grid.csv").stat().st_size)
    assert f"Data: grid.csv ({size}). Picture: SVG. Draw it again snakemake --cores all toyreport_curve --config scale=quick" in page.text


def test_the_paper_and_we_stand_on_one_axis(page: Page) -> None:
    assert [tag for tag, _ in page.tags].count("h4") == 2  # every replica
    assert sum(tag == "circle" and attrs["cx"].endswith("%") for tag, attrs in page.tags) == 12
    plots = [attrs for tag, attrs in page.tags if tag == "svg" and attrs.get("class") == "plot"]
    assert [attrs["aria-label"].partition(";")[2] for attrs in plots] == [" it lies wholly where the claim holds."] * 2
    assert sum(attrs.get("class") == "said" for _, attrs in page.tags) == 2  # one in the key


def test_settings_and_seeds_are_shown(page: Page) -> None:
    assert "lr = best of best" in page.text
    assert "seeds 100, 101, 102" in page.text


def test_provenance(page: Page, front: Page) -> None:
    record = read_json("results/quick/toyreport/grid.runs.json")[0]
    assert f"5 runs, 15 replicas, commit {record['commit']}" in page.text
    assert "cpu: toy device" in page.text
    assert ", ".join(f"{name} {version}" for name, version in record["versions"].items()) in page.text
    assert "scale: quick" in front.text
    assert "Determinism bitwise" in page.text


def test_the_instruments_behind_a_chapter_are_shown_with_their_facts(page: Page) -> None:
    assert f"ruler A ruler length 3 0 marks: 3, said: <b>#a ruler</b>, sha256: {'ab' * 32} src/secondlook/instruments/ruler.py" in page.text
    assert "length 2" not in page.text  # a cell that nothing reads


def test_lost_records_of_an_instrument_are_missed(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(place / "results", tmp_path / "results")
    (tmp_path / "results/quick/instruments/ruler.runs.json").unlink()
    monkeypatch.chdir(tmp_path)
    build_report(load_config({}), tmp_path / "page/index.html")
    assert "results/quick/instruments/ruler.runs.json" in read(tmp_path / "page/question-7.html")
    assert "which papers share" not in read(tmp_path / "page/index.html")


def test_a_figure_that_draws_arrays_alone_lists_no_table(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(place.parent / "secondlook", tmp_path / "secondlook")
    curve = PAPER["figures"]["curve"] | {"tables": [], "arrays": ["grid"]}
    write_yaml(tmp_path / "secondlook/papers/toyreport/protocol.yaml", PAPER | {"figures": {"curve": curve}})
    monkeypatch.setattr(context, "PACKAGE", tmp_path / "secondlook")
    build_report(load_config({}), tmp_path / "page/index.html")
    page = Page(read(tmp_path / "page/question-7.html"))
    assert page.faults == []
    assert "Draw it again snakemake --cores all toyreport_curve" in page.text
    assert "Data: " not in page.text
    assert [path.suffix for path in (tmp_path / "page/assets").iterdir()].count(".safetensors") == 0


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_results_make_the_same_bytes(place: Path) -> None:
    build_report(load_config({}), place / "one/index.html")
    first = contents(place / "one")
    (place / "one/question-3.html").write_text("of a paper that is no longer chosen")
    (place / "one/report.pdf").write_text("made by another rule")
    build_report(load_config({}), place / "one/index.html")
    assert contents(place / "one") == first | {"report.pdf": b"made by another rule"}


LOST = {
    "claims": ("claims.json", "Outcome not run: its result is missing from results/quick/toyreport/claims.json"),
    "half of the claims": ("claims.json", "Outcome not run: its result is missing from results/quick/toyreport/claims.json"),
    "records": ("chosen.runs.json", f"chosen The chosen one {LISTED} 0 0 0 0 s –"),
    "selection": ("selections/best.json", "In 6 runs"),
    "figure": ("figures/curve.svg", "Missing figure: A curve"),
    "table": ("grid.csv", "Data: grid.csv is missing"),
}


@pytest.mark.parametrize("lost", LOST)
def test_partial_results_still_make_a_report_that_says_what_is_missing(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    file, said = LOST[lost]
    shutil.copytree(place / "results", tmp_path / "results")
    path = tmp_path / "results/quick/toyreport" / file
    if lost.startswith("half"):
        path.write_text(path.read_text(encoding="utf-8")[:100], encoding="utf-8")
    else:
        path.unlink()
    monkeypatch.chdir(tmp_path)
    build_report(load_config({}), tmp_path / "page/index.html")
    front, page = (Page(read(tmp_path / "page" / name)) for name in ("index.html", "question-7.html"))
    for each in (front, page):
        assert "These results are missing or cannot be read." in each.text
        assert f"stands as not run: results/quick/toyreport/{file}" in each.text
        assert each.faults == []
    assert said in page.text


def test_without_any_results_there_is_still_a_report(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    build_report(load_config({}), tmp_path / "page/index.html")
    assert "4 not run" in Page(read(tmp_path / "page/index.html")).text


def test_the_keys_that_a_claim_may_have(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(place / "results", tmp_path / "results")
    path = tmp_path / "results/quick/toyreport/claims.json"
    claims = read_json(path)
    claims[0] |= {
        "counts": [[1, 3], [3, 3]],
        "decided_by": {"look": 2, "looks": 4, "alpha": 0.002, "spent": 0.003},
        "alpha": 0.002,
        "chance": {"if_true": 0.934, "if_false": 0.8, "spread": 0.125, "expected": 0.75, "otherwise": 0.0},
        "detectable": 0.625,
        "exploratory": True,
        "controls": [
            {"id": "K1", "sentence": f"Equal toys are equal {HOSTILE}.", "passed": True, "why": "they are"},
            {"id": "K2", "sentence": "Toys break.", "passed": False, "why": "none broke"},
            {"id": "K3", "sentence": "Toys roll.", "passed": None, "why": ""},
        ],
    }
    claims[1] |= {"outcome": "contradicted", "how": "opposite", "why": "opposite", "to_decide": 17, "interval": [None, -0.5]}
    claims[1]["arms"][0] |= {"values": [], "diverged": 0}
    claims[1]["arms"][1] |= {"values": [99.0, 0.25, 0.5], "diverged": 1}
    write_json(path, claims)
    monkeypatch.chdir(tmp_path)
    build_report(load_config({}), tmp_path / "page/index.html")
    page = Page(read(tmp_path / "page/question-7.html"))
    assert page.faults == []
    assert "Measured 3 of 3 against 1 of 3: +0.500 [0.483, 0.517], n = 3 + 3" in page.text
    assert "look 2 of 4; each bound of the interval is wrong with a probability of 0.002 at most, with the looks before 0.003." in page.text
    assert "Exploratory: more seeds than the protocol planned." in page.text
    assert "Chances by plan 93 % to find it where it holds (effect 0.75 nats), 80 % to notice that it does not (effect 0 nats)" in page.text
    assert "Least effect that would be found in 80 %: 0.625 nats" in page.text
    assert "contradicted opposite, reduced" in page.text
    assert "Outcome contradicted (opposite; reduced) " in page.text
    assert "[−∞, −0.5" in page.text
    assert "What would change it the paper's own setting, at scale paper" in page.text
    assert f"K1 ✓ passed : Equal toys are equal {HOSTILE}. (they are)" in page.text
    assert "K2 ✗ failed : Toys break. (none broke)" in page.text
    assert "K3 – not decided : Toys roll. " in page.text
    assert "n = 3, 1 of them diverged and counted with the value that the protocol gives such a run" in page.text


def test_the_scale_is_said_at_the_top(page: Page) -> None:
    assert "trainings are short at scale quick, and are marked as reduced" in page.text
    assert "this page shows that the pipeline works" not in page.text


def test_a_scale_at_which_nothing_runs_still_has_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its only claim is not run, and says why."""
    data = protocol_data(claims={"T3": PAPER["claims"]["T3"]})
    data["experiments"]["plain"]["scales"] = {"paper": EXACT}
    write_paper(tmp_path / "secondlook/papers", "toyempty", {"answer.md": "Nothing yet.\n"}, data)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(context, "PACKAGE", tmp_path / "secondlook")
    decide(make_plan(load_project(tmp_path / "secondlook/papers"), load_config({})), "toyempty")
    build_report(load_config({}), tmp_path / "index.html")
    assert "there is no wind &amp; no sky" in read(tmp_path / "question-1.html")


@pytest.mark.parametrize(
    ("authors", "said"),
    [
        ("Ada Lovelace", "Lovelace 2001"),
        ("A. B. Cee, Dee Eff", "Cee and Eff 2001"),
        ("A B and C D", "B and D 2001"),
        ("A B, C D, E F", "B et al. 2001"),
    ],
)
def test_a_paper_is_cited_by_its_authors_surnames(authors: str, said: str) -> None:
    assert cited(protocol(authors=authors)) == said


def test_sizes_of_files() -> None:
    assert [file_size(size) for size in (0, 1499, 2_230_570)] == ["1 kB", "1 kB", "2.2 MB"]


def test_a_link_that_would_run_is_refused() -> None:
    """A protocol's url becomes a link of the page."""
    with pytest.raises(UserError, match="url"):
        protocol(url="javascript:alert(1)")


# ---- every run


def test_every_run_is_listed_with_its_log(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(place / "results", tmp_path / "results")
    log = tmp_path / "logs/quick/toyreport/grid/lr=0.5/seeds=0-2.log"  # of the job that made the whole grid
    log.parent.mkdir(parents=True)
    log.write_text("step 1 <of> 2\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    build_report(load_config({}), tmp_path / "page/index.html")
    page = Page(read(tmp_path / "page/runs.html"))
    record = read_json("results/quick/toyreport/grid.runs.json")[0]
    assert re.search(rf"grid A grid {re.escape(HOSTILE)}: 3 runs, \d+ s, 3 replicas diverged", page.text)
    assert f"Commit {record['commit'].partition('+')[0][:12]}" in page.text
    assert "lr = 0.5 0 to 2 completed under 1 s" in page.text
    assert "lr = 2.0 0 to 2 diverged at step 1 under 1 s" in page.text
    links = [href for href in page.values("href") if "/logs/" in href]
    assert links == ["assets/logs/toyreport-grid-1.txt"] * 3
    assert read(tmp_path / "page" / links[0]) == "step 1 <of> 2\n"
    assert "Instruments, which papers share" in page.text


def test_all_results_are_one_file(report: Path) -> None:
    found = read_json(report / "assets/report.json")
    assert [claim["id"] for claim in found["claims"]] == ["toyreport/T1", "toyreport/T1.ii", "toyreport/T3", "toyreport/T4"]
    assert found["experiments"]["toyreport/grid"]["code"] == ["c0de"]
    assert found["experiments"]["toyreport/chosen"]["seeds"] == [100, 101, 102]
    assert found["claims"][0]["arms"][0]["values"] == pytest.approx([0.5, 0.51, 0.52])
