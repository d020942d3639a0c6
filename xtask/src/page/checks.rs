//! What the page must show of the program with planted troubles, and what it must do.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::browser::{Browser, SIZE};
use super::program::Program;
use super::{colours, picture};
use crate::Fail;

/// For the page: the row of the task of this name, its cells, and a number that it shows.
const HELPERS: &str = r##"
  globalThis.rowOf = (name) => [...document.querySelectorAll("#tasks tr")]
    .find((row) => row.cells[0].querySelector("[data-go]").textContent === name);
  globalThis.cell = (name, at) => rowOf(name).cells[at].textContent;
  globalThis.depth = (name) => Number(rowOf(name).dataset.depth);
  globalThis.polls = (name) => Number(cell(name, 4).replaceAll(",", ""));
  globalThis.text = (id) => document.getElementById(id).innerText;
  globalThis.rowsOf = (id) => [...document.querySelectorAll(`#${id} tr`)].map((row) => row.innerText);
"##;

/// Longer than the page takes from one report to the next.
const TWO_REPORTS: Duration = Duration::from_millis(2200);

/// Runs all of them, and leaves pictures in a folder.
///
/// # Errors
/// The first thing that is not as it should be.
pub(super) fn run(
    browser: &mut Browser,
    program: &mut Program,
    pictures: &Path,
) -> Result<(), Fail> {
    scheme(browser, "light")?;
    browser.open(&program.url)?;
    browser.until("it opens", "document.readyState === 'complete'")?;
    browser.value(HELPERS)?;
    tasks(browser)?;
    search(browser)?;
    views(browser)?;
    details(browser)?;
    freeze(browser)?;
    debug_mode(browser)?;
    both_schemes(browser, pictures)?;
    nothing_else(browser, &program.url)?;
    program.kill();
    browser.until("the program's end", "text('notices').includes('No answer')")?;
    browser.until("its tasks as they were last", "rowOf('ticker')")
}

fn tasks(browser: &mut Browser) -> Result<(), Fail> {
    for (what, is) in [
        ("a live report", "document.body.dataset.state === 'live'"),
        ("how many tasks there are", "/7\\d\\d tasks: /.test(text('counts'))"),
        ("more tasks than it draws", "text('more').includes('more tasks')"),
        ("who spawned whom", "depth('child') === depth('parent') + 1"),
        ("a sleep and its place", "/^sleep .*inspected.rs:/.test(cell('ticker', 2))"),
        ("who waits for a lock", "cell('reader-2', 2).startsWith('lock ')"),
        ("who can never go on", "cell('left', 1) === 'stuck' && cell('right', 1) === 'stuck'"),
        ("the circle by name", "/left → right → left|right → left → right/.test(text('notices'))"),
        ("a name that is no markup", "rowOf('guest <b>') && !document.querySelector('main b')"),
        ("the loop's lateness", "/late: last, at most\\s+[\\d.]+ /.test(text('loops'))"),
        ("how busy the loop is", "/busy\\s+[\\d.]+ %/.test(text('loops'))"),
        ("what the loop polls", "/polls blocker for/.test(text('loops'))"),
        ("a slow poll under way", "document.querySelector('#loops .slow')"),
    ] {
        browser.until(what, is)?;
    }
    browser.value("document.getElementById('order').value = 'awaited'")?;
    browser.value("document.getElementById('order').dispatchEvent(new Event('change'))")?;
    browser.until("who awaits whom", "depth('child') === 1 && depth('parent') === 0")?;
    browser.value("document.getElementById('order').value = 'spawned'")?;
    browser.value("document.getElementById('order').dispatchEvent(new Event('change'))").map(drop)
}

fn search(browser: &mut Browser) -> Result<(), Fail> {
    browser.write("search", "reader-")?;
    browser.until("what was searched for", "rowsOf('tasks').length === 3")?;
    browser.write("search", "LOCK reader-2")?;
    browser.until("what has all words", "rowsOf('tasks').length === 1 && rowOf('reader-2')")?;
    browser.write("search", "nobody is called so")?;
    browser.until("that nothing was found", "text('more').startsWith('No task')")?;
    browser.write("search", "")?;
    browser.until("all again", "rowsOf('tasks').length === 500")
}

fn views(browser: &mut Browser) -> Result<(), Fail> {
    let mut open = |view: &str, shown: &[(&str, &str)]| {
        browser.click(&format!("document.querySelector('#tabs [data-view={view}]')"))?;
        shown.iter().try_for_each(|(what, is)| browser.until(what, is))
    };
    open(
        "slow",
        &[
            ("slow polls", "rowsOf('slow').some((row) => /blocker\\s+\\d{3}\\.\\d ms/.test(row))"),
            (
                "where a slow poll was",
                "[...document.querySelectorAll('#slow pre')].some((stack) => \
                 /inspected::block.*inspected.rs/.test(stack.textContent))",
            ),
        ],
    )?;
    open(
        "waits",
        &[(
            "how many wait at a place",
            "rowsOf('waits').some((row) => /^lock.*\\t3\\t/.test(row))",
        )],
    )?;
    open(
        "timers",
        &[
            ("timers of each loop", "/loop \\d+ on main\\t70\\d/.test(rowsOf('lateness')[0])"),
            ("how late timers fire", "/\\t[\\d.]+ (µs|ms)$/.test(rowsOf('lateness')[0].trim())"),
            ("a limit in time", "rowsOf('timers').some((row) => /^parent\\s+timeout/.test(row))"),
        ],
    )?;
    open(
        "threads",
        &[
            ("threads", "rowsOf('threads').some((row) => row.includes('corio-inspect'))"),
            (
                "which runs a loop",
                "rowsOf('threads').some((row) => /inspected.*loop \\d/.test(row))",
            ),
            ("the pool", "/main\\t1\\t0\\t0/.test(rowsOf('pools')[0])"),
        ],
    )?;
    open("tasks", &[("tasks again", "!document.getElementById('view-tasks').hidden")])
}

fn details(browser: &mut Browser) -> Result<(), Fail> {
    browser.click("rowOf('holder').querySelector('[data-go]')")?;
    browser.until("what a task holds", "/HOLDS\\s+lock for/i.test(text('detail'))")?;
    browser.until("for how long", "/sleep .*inspected.rs:\\d+:\\d+ \\d/.test(text('detail'))")?;
    browser.click("rowOf('child').querySelector('[data-go]')")?;
    browser.until("who awaits it", "/AWAITED BY\\s+parent: join/i.test(text('detail'))")?;
    browser.click("document.querySelector('#detail [data-go]')")?;
    browser
        .until("who spawned it", "document.querySelector('#detail h2').textContent === 'parent'")?;
    browser.until("whom that spawned", "/SPAWNED\\s+child/i.test(text('detail'))")?;
    browser.click("rowOf('ticker').querySelector('[data-go]')")?;
    let polls = "Number(text('history').match(/([\\d.]+) polls a second/)[1])";
    browser.until("a task's history", &format!("{polls} > 10 && {polls} < 200"))?;
    let points = "document.querySelector('#history path').getAttribute('d').split('L').length";
    browser.until("its line", &format!("{points} > 2"))?;
    browser.until("its states", "document.querySelectorAll('#history rect.waiting').length > 2")
}

fn freeze(browser: &mut Browser) -> Result<(), Fail> {
    browser.click("document.getElementById('freeze')")?;
    let before = browser.value("polls('ticker')")?;
    std::thread::sleep(TWO_REPORTS);
    let after = browser.value("polls('ticker')")?;
    if before != after {
        return Err(format!("frozen, the page goes on from {before} polls to {after}").into());
    }
    browser.click("document.getElementById('freeze')")?;
    browser.until("what goes on, thawed", &format!("polls('ticker') > {before}"))
}

fn debug_mode(browser: &mut Browser) -> Result<(), Fail> {
    browser.click("document.getElementById('debug')")?;
    browser.until("that debug mode is off", "text('notices').includes('Debug mode is off')")?;
    browser.click("document.getElementById('debug')")?;
    browser.until("that it is on", "!text('notices').includes('Debug mode is off')")
}

/// Has the system prefer dark or light.
fn scheme(browser: &mut Browser, scheme: &str) -> Result<(), Fail> {
    let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
    browser.call("Emulation.setEmulatedMedia", json!({"features": features})).map(drop)
}

fn both_schemes(browser: &mut Browser, pictures: &Path) -> Result<(), Fail> {
    let mut found = Vec::new();
    for name in ["light", "dark"] {
        scheme(browser, name)?;
        for view in ["slow", "tasks"] {
            browser.click(&format!("document.querySelector('#tabs [data-view={view}]')"))?;
            let faint = browser.value(&colours::too_faint(colours::CONTRAST_MIN))?;
            if faint != json!([]) {
                return Err(format!("in {name} colours {view} cannot be read well: {faint}").into());
            }
        }
        browser.value("scrollTo(0, 0)")?;
        let taken = browser.call("Page.captureScreenshot", json!({"format": "png"}))?;
        let file = picture::bytes(taken["data"].as_str().unwrap_or_default())?;
        std::fs::write(pictures.join(format!("{name}.png")), &file)?;
        let picture = picture::look(&file)?;
        eprintln!("  {name}: {picture:?}");
        if picture.size != SIZE || picture.colours < 50 || picture.commonest > 0.97 {
            return Err(format!("the picture in {name} colours is empty: {picture:?}").into());
        }
        found.push(picture.brightness);
    }
    if found[0] < 200.0 || found[1] > 60.0 {
        return Err(format!("light and dark are {found:?} bright").into());
    }
    // By hand, against what the system prefers.
    let back = "getComputedStyle(document.body).backgroundColor";
    let dark = browser.value(back)?;
    browser.click("document.getElementById('theme')")?;
    browser.until("the other theme", &format!("{back} !== {dark}"))
}

/// The page asks nobody but the program, and complains of nothing.
fn nothing_else(browser: &mut Browser, url: &str) -> Result<(), Fail> {
    // Told in order: what it has sent by now is known when this is answered.
    browser.value("0")?;
    let requests: Vec<&str> = browser
        .told("Network.requestWillBeSent")
        .filter_map(|told| told["request"]["url"].as_str())
        .collect();
    if let Some(elsewhere) =
        requests.iter().find(|asked| !asked.starts_with(url) && !asked.starts_with("data:"))
    {
        return Err(format!("the page asks for {elsewhere}").into());
    }
    let is_bad =
        |told: &&Value| matches!(told["type"].as_str(), Some("error" | "warning" | "assert"));
    let said = browser.told("Runtime.consoleAPICalled").filter(is_bad);
    let mut complaints =
        browser.told("Runtime.exceptionThrown").chain(browser.told("Log.entryAdded")).chain(said);
    if let Some(complaint) = complaints.next() {
        return Err(format!("the page complains: {complaint}").into());
    }
    eprintln!("  {} requests, all to the program; no complaint", requests.len());
    Ok(())
}
