"""The timeline, as somebody meets it who has only a browser."""

import json
from pathlib import Path

import pytest
from chromium import Browser

from seatrial.commands import launcher
from seatrial.timeline.page import data_of, folded, page
from seatrial.timeline.rows import Rows
from simulation.options import RunOptions
from simulation.recorder import record_here
from simulation.recording import Recording, record_run

BUG = "silence-is-rejection"
SUBJECT = "O-20231114-221329-001-002-1-2"
MANY = 50_000
FRAMES = 40
# of the page's thread, each frame; a screen that is drawn sixty times a second gives 16.7
FRAME_MS_MAX = 16
# a neighbour on the machine makes every instruction dearer for a while: the best try is the page
TRIES = 8
COLUMNS = ("number", "lane", "kind", "weight", "arrived", "ended", "text", "body", "ids")

Data = dict[str, list[object]]


@pytest.fixture(scope="module")
def failed() -> Recording:
    return record_run(RunOptions(bug=BUG), 6, launcher=launcher(BUG), keeps_logbook=True)


@pytest.fixture(scope="module")
def failure(failed: Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "failure.html"
    path.write_text(page(failed), "utf-8")
    return path


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of a clean run that goes on and on: its rows, again and again."""
    recording = record_here(RunOptions(), 3, keeps_logbook=True)
    assert recording.log is not None
    rows = Rows(recording.records, recording.log, recording.outcome)
    data = data_of(recording.outcome, recording.log, rows)
    path = tmp_path_factory.mktemp("page") / "long.html"
    path.write_text(folded(recording.outcome, repeated(data, MANY)), "utf-8")
    return path


def repeated(data: dict[str, object], count: int) -> dict[str, object]:
    columns: Data = {name: data[name] for name in data if isinstance(data[name], list)}  # type: ignore[misc]
    size = len(columns["at"])
    copies = range(-(-count // size))
    made = dict(data)
    for name in (*COLUMNS, "at"):
        made[name] = (columns[name] * len(copies))[:count]
    made["causes"] = [
        [cause + copy * size for cause in causes if cause + copy * size < count]  # type: ignore[attr-defined]
        for copy in copies
        for causes in columns["causes"]
    ][:count]
    made["changes"] = [
        (at + copy * size, *rest)
        for copy in copies
        for at, *rest in columns["changes"]  # type: ignore[misc]
        if at + copy * size < count
    ]
    return made


def selected(browser: Browser) -> str:
    """The text of the selected row."""
    text = browser.run("document.querySelector('.row[aria-selected=true]:not([hidden])').innerText")
    return " ".join(str(text).split())


def type_in_search(browser: Browser, text: str) -> None:
    browser.run("document.getElementById('search').focus()")
    browser.send("Input.insertText", text=text)
    browser.settle()


def count(browser: Browser) -> str:
    return str(browser.run("document.getElementById('count').textContent"))


def complaints(browser: Browser) -> list[str]:
    return [
        json.dumps(event)
        for event in browser.events
        if event["method"] in ("Runtime.exceptionThrown", "Log.entryAdded")
        or (event["method"] == "Runtime.consoleAPICalled" and event["params"]["type"] != "log")
    ]


# --- half a minute ------------------------------------------------------------------------------


def test_it_opens_on_the_violation_and_says_it_in_a_line(browser: Browser, failure: Path) -> None:
    browser.open(failure)
    browser.settle()
    headline = browser.run("document.querySelector('h1').textContent")
    assert headline == f"{SUBJECT}: rejected here (INFLIGHT_TIMEOUT), FILLED at the venue"
    assert "VIOLATION REC-2" in selected(browser)
    above = browser.run("[...document.querySelectorAll('.row .kind')].map((e) => e.textContent)")
    assert "OutcomeUnknown" in above
    assert "default[bug=" in browser.run("document.getElementById('command').textContent")


def test_it_opens_with_belief_against_truth_of_what_broke(browser: Browser, failure: Path) -> None:
    browser.open(failure)
    browser.settle()
    cells = browser.run(
        "[...document.querySelector('#standing tr.differs').cells].map((c) => c.innerText)"
    )
    assert cells[0].startswith(SUBJECT)
    assert "differs for 2.00 s" in cells[0]
    assert cells[1] == "REJECTED BUY 0 of 0.004"
    assert cells[2] == "FILLED BUY 0.004 of 0.004"
    marked = browser.run(
        "[...document.querySelectorAll('#standing tr.differs')][0].querySelectorAll('b').length"
    )
    assert marked == 4  # status and what is filled, on either side


def test_it_opens_without_a_complaint_and_asks_nobody_for_anything(
    browser: Browser, failure: Path
) -> None:
    browser.open(failure)
    browser.settle()
    assert complaints(browser) == []
    asked = [
        event["params"]["request"]["url"]
        for event in browser.events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert asked == [failure.as_uri()]


def test_its_policy_lets_nothing_out_and_nothing_foreign_run(
    browser: Browser, failure: Path
) -> None:
    browser.open(failure)
    reached = browser.run("fetch('https://example.org').then(() => true, () => false)")
    assert reached is False
    ran = browser.run(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        " document.body.append(s); return window.ran === 1; })()"
    )
    assert ran is False


# --- finding one's way --------------------------------------------------------------------------


def test_arrows_move_the_selection_and_the_panel_follows(browser: Browser, failure: Path) -> None:
    browser.open(failure)
    browser.press("ArrowUp")
    assert "OutcomeUnknown" in selected(browser)
    assert "OutcomeUnknown" in browser.run("document.getElementById('record-title').innerText")
    browser.press("Home")
    assert "StartKernel" in selected(browser)
    browser.press("v", "v")
    assert "VIOLATION" in selected(browser)


def test_a_record_links_to_its_cause_and_that_to_the_command(
    browser: Browser, failure: Path
) -> None:
    browser.open(failure)
    browser.press("Home")
    type_in_search(browser, "SubmitRequest BUY MARKET")
    assert count(browser) == "1 of 113 records"
    browser.press("Enter")
    browser.press("c", "c")
    assert "SLOW_ANSWER" in selected(browser)  # the latest of its causes: what struck it
    browser.run("document.getElementById('clear').click()")
    browser.press("v", "v")
    browser.press("[", "[")
    browser.press("[", "[")
    assert "FillFrame not arrived" in selected(browser)


def test_search_leaves_what_has_every_word_and_escape_brings_all_back(
    browser: Browser, failure: Path
) -> None:
    browser.open(failure)
    type_in_search(browser, "outcomeunknown timeout")
    assert count(browser) == "1 of 113 records"
    assert "OutcomeUnknown" in selected(browser)
    type_in_search(browser, " nonsense")
    assert count(browser) == "0 of 113 records"
    browser.press("Escape")
    assert count(browser) == "113 records"


def test_lane_kind_and_story_filter(browser: Browser, failure: Path) -> None:
    browser.open(failure)
    browser.press("s", "s")
    assert count(browser) == "9 of 113 records"
    assert browser.run("view.map(kindOf).includes('SLOW_ANSWER')")  # the fault that struck it
    browser.press("s", "s")
    browser.run(
        "(() => { const k = document.getElementById('kind');"
        " k.value = [...k.options].find((o) => o.text.startsWith('STALL')).value;"
        " k.dispatchEvent(new Event('change')); })()"
    )
    browser.settle()
    assert "STALL" in selected(browser)
    browser.run("document.getElementById('clear').click()")
    market = "[...document.querySelectorAll('#labels button')].find((b) => /market/.test(b.title))"
    browser.run(f"{market}.click()")
    browser.settle()
    assert browser.run(f"{market}.getAttribute('aria-pressed')") == "false"
    assert not browser.run("view.some((row) => laneOf(row) === 'SIM market')")


def test_wheel_zooms_at_the_pointer_drag_pans_and_a_click_selects(
    browser: Browser, failure: Path
) -> None:
    browser.open(failure)
    before = browser.run("[from, to]")
    mouse = {"x": 800, "y": 240, "button": "left", "clickCount": 1}
    browser.send("Input.dispatchMouseEvent", type="mouseWheel", x=800, y=240, deltaX=0, deltaY=-400)
    browser.settle()
    zoomed = browser.run("[from, to]")
    assert zoomed[1] - zoomed[0] < before[1] - before[0]
    browser.send("Input.dispatchMouseEvent", type="mousePressed", **mouse)
    browser.send("Input.dispatchMouseEvent", type="mouseMoved", **{**mouse, "x": 700})
    browser.send("Input.dispatchMouseEvent", type="mouseReleased", **{**mouse, "x": 700})
    browser.settle()
    assert browser.run("from") > zoomed[0]
    browser.run("lookAt(-runEnd(), 2 * runEnd())")
    spot = browser.run(
        "(() => { const row = D.weight.indexOf(1), r = canvas.getBoundingClientRect();"
        " return [r.x + x(at[row]), r.y + middleOf(D.lane[row])]; })()"
    )
    click = {"x": spot[0], "y": spot[1], "button": "left", "clickCount": 1}
    browser.send("Input.dispatchMouseEvent", type="mousePressed", **click)
    browser.send("Input.dispatchMouseEvent", type="mouseReleased", **click)
    browser.settle()
    assert "REQUEST_LOST" in selected(browser)


# --- for everybody ------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_takes_the_systems_scheme_and_the_button_the_other(
    browser: Browser, failure: Path, scheme: str
) -> None:
    browser.prefer(scheme)
    browser.open(failure)
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = "rgb(251, 251, 250)", "rgb(21, 23, 26)"
    shown, other = (light, dark) if scheme == "light" else (dark, light)
    assert browser.run(ground) == shown
    browser.run("document.getElementById('theme').click()")
    browser.settle()
    assert browser.run(ground) == other
    browser.prefer("light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(
    browser: Browser, failure: Path, scheme: str
) -> None:
    """WCAG 2.2, AA: 4.5 to 1."""
    browser.prefer(scheme)
    browser.open(failure)
    browser.run("document.querySelector('details:not([hidden])').open = true")
    browser.settle()
    poor = browser.run(
        """(() => {
      const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
      const light = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => (v /= 255) <= 0.04045
        ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
      const ground = (e) => { for (; e; e = e.parentElement) {
        const c = getComputedStyle(e).backgroundColor; if (rgb(c)[3] !== 0) return rgb(c); } };
      const poor = [];
      for (const e of document.querySelectorAll('body *')) {
        if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
        if (!e.getClientRects().length || e.tagName === 'OPTION' || e.tagName === 'SCRIPT') continue;
        const [a, b] = [rgb(getComputedStyle(e).color), ground(e)].map(light).sort((p, q) => q - p);
        if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(`${e.className} ${e.textContent.slice(0, 30)}`);
      }
      return poor; })()"""
    )
    assert poor == []
    browser.prefer("light")


def test_every_control_has_a_name_and_the_list_says_where_one_is(
    browser: Browser, failure: Path
) -> None:
    browser.open(failure)
    browser.settle()
    tree = browser.send("Accessibility.getFullAXTree")["nodes"]
    controls = ("button", "textbox", "searchbox", "combobox", "listbox", "application")
    nameless = [
        node["role"]["value"]
        for node in tree
        if not node.get("ignored")
        and node["role"]["value"] in controls
        and not node.get("name", {}).get("value")
    ]
    assert nameless == []
    assert browser.run("document.activeElement.id") == "list"
    current = browser.run(
        "document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))"
        ".getAttribute('aria-posinset')"
    )
    assert current == "113"


# --- much ---------------------------------------------------------------------------------------


def keeps_up(browser: Browser, code: str) -> bool:
    """Whether some try stays within a frame; a page that is too slow is so in each of them."""
    return any(cost_ms(browser, code) < FRAME_MS_MAX for _ in range(TRIES))


def cost_ms(browser: Browser, code: str) -> float:
    """Processor milliseconds of the page's thread per frame, `code` run in each."""
    before = browser.thread_seconds()
    browser.run(
        "new Promise((done) => { let n = 0; const step = () => {"
        f" if (n++ >= {FRAMES}) return done(); {code}; requestAnimationFrame(step); }};"
        " requestAnimationFrame(step); })"
    )
    return (browser.thread_seconds() - before) / FRAMES * 1000


@pytest.mark.parametrize(
    "action",
    [
        "document.getElementById('list').scrollTop = (n % 2 ? 9001 : 900100) + n * 700",
        "canvas.dispatchEvent(new WheelEvent('wheel', { deltaY: n % 2 ? 90 : -90, clientX: 700 }))",
        "pan(n % 2 ? 0.1 : -0.1)",
        "dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown' }))",
    ],
    ids=["scroll", "zoom", "pan", "key"],
)
def test_fifty_thousand_records_keep_up_with_the_screen(
    browser: Browser, long: Path, action: str
) -> None:
    browser.open(long)
    browser.press("Home")
    browser.press("0", "0")
    assert count(browser) == "50,000 records"
    assert keeps_up(browser, action)
    assert browser.run("document.querySelectorAll('.row').length") < 100


def test_fifty_thousand_records_are_searched_at_once(browser: Browser, long: Path) -> None:
    browser.open(long)
    type_in_search(browser, "SubmitRequest")
    found = browser.run("view.length")
    assert 0 < found < MANY
    assert browser.run("view.every((row) => hayOf(row).includes('submitrequest'))")
    assert complaints(browser) == []
