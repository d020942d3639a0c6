//! A browser without a window, told what to do over a pipe: as much of the DevTools protocol as the checks
//! need.
//!
//! With `--remote-debugging-pipe` Chromium reads messages from descriptor 3 and writes to descriptor 4, JSON each,
//! with a zero byte behind it. The shell puts our two pipes there. So there is no port that anybody else
//! could talk to, and no WebSocket.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Fail;
use crate::shell;

/// How long an answer may take; the first one includes the browser's start on a busy machine.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);
/// How long the page may take until what is waited for is so: some of its reports.
const UNTIL_TIME_MAX: Duration = Duration::from_secs(10);
/// Between two looks at the page.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The size of the page's window.
pub(super) const SIZE: (u32, u32) = (1280, 800);

/// Nothing of the browser's own business: it is to talk to the program and to nobody else.
const QUIET: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/// A browser with one page open.
#[derive(Debug)]
pub(super) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    /// Numbers of messages given so far.
    sent: u64,
    /// The page's, once it is open.
    session: Option<String>,
    /// What the browser has told by itself so far.
    events: Vec<Value>,
}

impl Browser {
    /// Starts it, with an empty page.
    ///
    /// # Errors
    /// It does not start, or does not understand.
    pub(super) fn start(chromium: &Path, profile: &Path) -> Result<Browser, Fail> {
        let mut command = shell::program("sh");
        command.args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1"]);
        command.arg(chromium).args(QUIET).arg("--remote-debugging-pipe");
        command.arg(format!("--user-data-dir={}", profile.display())).arg("about:blank");
        eprintln!("$ {} --headless --remote-debugging-pipe", chromium.display());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let to = child.stdin.take().expect("piped above");
        let stdout = child.stdout.take().expect("piped above");
        let (sender, from) = mpsc::channel();
        std::thread::spawn(move || {
            let mut messages = BufReader::new(stdout);
            let mut bytes = Vec::new();
            while messages.read_until(0, &mut bytes).is_ok_and(|n| n > 0) {
                bytes.pop();
                let Ok(message) = serde_json::from_slice(&bytes) else { break };
                if sender.send(message).is_err() {
                    break;
                }
                bytes.clear();
            }
        });
        let mut browser = Browser { child, to, from, sent: 0, session: None, events: Vec::new() };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}))?;
        let target = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", target)?;
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}))?;
        }
        let (width, height) = SIZE;
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        browser.call("Emulation.setDeviceMetricsOverride", size)?;
        Ok(browser)
    }

    /// Sends a message and gives the answer's result.
    ///
    /// # Errors
    /// No answer in time, or one that says no.
    pub(super) fn call(&mut self, method: &str, params: Value) -> Result<Value, Fail> {
        self.sent += 1;
        let number = self.sent;
        let mut message = json!({"id": number, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(message.to_string().as_bytes())?;
        self.to.write_all(&[0])?;
        let due = Instant::now() + ANSWER_TIME_MAX;
        loop {
            let left = due.saturating_duration_since(Instant::now());
            let answer = self.from.recv_timeout(left).map_err(|error| match error {
                RecvTimeoutError::Timeout => format!("the browser has not answered {method}"),
                RecvTimeoutError::Disconnected => "the browser has ended".to_owned(),
            })?;
            if answer["id"] != number {
                self.events.push(answer);
            } else if answer["error"].is_null() {
                return Ok(answer["result"].clone());
            } else {
                return Err(format!("{method}: {}", answer["error"]["message"]).into());
            }
        }
    }

    /// Opens the page at `url`.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) fn open(&mut self, url: &str) -> Result<(), Fail> {
        let opened = self.call("Page.navigate", json!({"url": url}))?;
        match opened["errorText"].as_str() {
            Some(error) => Err(format!("the page does not open: {error}").into()),
            None => Ok(()),
        }
    }

    /// What `expression` is, in the page.
    ///
    /// # Errors
    /// It throws.
    pub(super) fn value(&mut self, expression: &str) -> Result<Value, Fail> {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", params)?;
        let thrown = &answer["exceptionDetails"]["exception"]["description"];
        match thrown.as_str() {
            Some(text) => Err(format!("`{expression}` throws {text}").into()),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// Waits until `expression` is true in the page.
    ///
    /// # Errors
    /// It does not become so; `what` is what was expected.
    pub(super) fn until(&mut self, what: &str, expression: &str) -> Result<(), Fail> {
        let due = Instant::now() + UNTIL_TIME_MAX;
        let truth = format!("Boolean({expression})");
        loop {
            // It may throw for as long as what it looks into is not there.
            let value = self.value(&truth);
            if matches!(value, Ok(Value::Bool(true))) {
                eprintln!("  {what}");
                return Ok(());
            }
            if Instant::now() >= due {
                let thrown = value.err().map(|error| format!(": {error}")).unwrap_or_default();
                let text = self.value("document.body.innerText")?;
                let text = text.as_str().unwrap_or_default().chars().take(4000).collect::<String>();
                return Err(
                    format!("the page does not show: {what}{thrown}; it shows\n{text}").into()
                );
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Presses the mouse in the middle of the element that `expression` is, and lets go.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn click(&mut self, expression: &str) -> Result<(), Fail> {
        let place = format!(
            "(() => {{ const e = {expression}; e.scrollIntoView({{block: 'nearest'}}); \
             const r = e.getBoundingClientRect(); \
             return [r.x + Math.min(r.width, 40) / 2, r.y + r.height / 2]; }})()"
        );
        let place = self.value(&place)?;
        for kind in ["mousePressed", "mouseReleased"] {
            let (x, y) = (&place[0], &place[1]);
            let params = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", params)?;
        }
        Ok(())
    }

    /// Puts `text` in the place of what stands in the field with this id.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn write(&mut self, id: &str, text: &str) -> Result<(), Fail> {
        self.value(&format!("document.getElementById('{id}').focus()"))?;
        self.value(&format!("document.getElementById('{id}').select()"))?;
        if text.is_empty() {
            for kind in ["keyDown", "keyUp"] {
                let key = json!({"type": kind, "key": "Delete", "windowsVirtualKeyCode": 46});
                self.call("Input.dispatchKeyEvent", key)?;
            }
            return Ok(());
        }
        self.call("Input.insertText", json!({"text": text})).map(drop)
    }

    /// What the browser has told by itself under this name so far.
    pub(super) fn told<'a>(&'a self, method: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |event| event["method"] == method).map(|one| &one["params"])
    }

    /// Asks it to end; it has ended when this is dropped.
    pub(super) fn close(&mut self) {
        self.session = None;
        // It may be gone before it answers.
        let _ = self.call("Browser.close", json!({}));
        let _ = shell::wait_within(&mut self.child, ANSWER_TIME_MAX);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        shell::end(&mut self.child);
    }
}
