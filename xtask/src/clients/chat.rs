//! `chat` under a thousand connections: each says one line, and each hears all of them.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{ANSWER_TIME_MAX, Server};
use crate::Fail;
use crate::steps::in_words;

/// Connections at the same time: below the 1024 descriptors that a shell allows by default.
const CLIENTS: usize = 1000;

/// Threads that hear: a client at a time each, while the system keeps what comes for the others.
const THREADS: usize = 8;

/// For all of it: a million lines, written some hundred at a time.
const TIME_MAX: Duration = Duration::from_secs(60);

/// How many lines the server keeps for slow readers. The thousand must never be behind: their lines,
/// and those that say who has come.
const BACKLOG: &str = "4096";

/// More lines than the server keeps and the system buffers, and the longest it takes: for one who reads
/// too slowly.
const FLOOD: usize = 40_000;

/// A client as it is known to us.
type Client = BufReader<TcpStream>;

/// Runs the thousand, then those who do not do as they should.
///
/// # Errors
/// A line is not delivered, or delivered to nobody's knowledge, or the server takes too long.
pub(super) fn check(program: &Path) -> Result<(), Fail> {
    let mut server = Server::start(program, &["--backlog", BACKLOG])?;
    thousand(&server)?;
    too_long(&server)?;
    too_slow(&server)?;
    let mut last = enter(&server, "last")?;
    let printed = server.end_in_order()?;
    hear(&mut last, |line| line == "* the server ends, bye")?;
    eprintln!("chat: {}", printed.last().ok_or("it has not counted anything")?);
    Ok(())
}

fn thousand(server: &Server) -> Result<(), Fail> {
    let start = Instant::now();
    let mut clients = Vec::with_capacity(CLIENTS);
    // All come at once: one after the other would be half a million small writes to those who are there.
    for index in 0..CLIENTS {
        clients.push(come(server, &format!("client{index}"))?);
    }
    for (index, client) in clients.iter_mut().enumerate() {
        be_welcome(client, &format!("client{index}"))?;
    }
    let entered = start.elapsed();
    for (index, client) in clients.iter().enumerate() {
        client.get_ref().write_all(format!("line {index}\n").as_bytes())?;
    }
    let share = CLIENTS.div_ceil(THREADS);
    let heard: Result<Vec<()>, String> = std::thread::scope(|scope| {
        let threads: Vec<_> = clients
            .chunks_mut(share)
            .map(|share| scope.spawn(|| share.iter_mut().try_for_each(hear_all)))
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
    });
    heard?;
    let took = start.elapsed();
    eprintln!(
        "chat: {CLIENTS} clients entered within {}, each heard all {CLIENTS} lines after {}",
        in_words(entered),
        in_words(took)
    );
    if took > TIME_MAX {
        return Err(format!("that took longer than {}", in_words(TIME_MAX)).into());
    }
    Ok(())
}

/// Connects, gives a name, and waits until that is taken.
fn enter(server: &Server, nick: &str) -> Result<Client, Fail> {
    let mut client = come(server, nick)?;
    be_welcome(&mut client, nick)?;
    Ok(client)
}

/// Connects, and gives a name.
fn come(server: &Server, nick: &str) -> Result<Client, Fail> {
    let client = BufReader::new(server.connect()?);
    client.get_ref().set_nodelay(true)?;
    client.get_ref().write_all(format!("{nick}\n").as_bytes())?;
    Ok(client)
}

/// Waits until the name is taken.
fn be_welcome(client: &mut Client, nick: &str) -> Result<(), Fail> {
    let welcome = format!("* welcome, {nick}: ");
    hear(client, |line| line.starts_with(&welcome))?;
    Ok(())
}

/// Every line of every client, once.
fn hear_all(client: &mut Client) -> Result<(), String> {
    let mut heard = HashSet::with_capacity(CLIENTS);
    while heard.len() < CLIENTS {
        let line = hear(client, |line| line.starts_with('<') || line.contains("too slowly"))?;
        let index = line
            .strip_prefix("<client")
            .and_then(|rest| rest.split_once("> line "))
            .and_then(|(nick, line)| (nick == line).then(|| nick.parse::<usize>().ok())?);
        if !index.is_some_and(|index| index < CLIENTS && heard.insert(index)) {
            return Err(format!("{line:?} came, after {} lines", heard.len()));
        }
    }
    Ok(())
}

/// A line that is too long is left out, and its client told so; the next one is said.
fn too_long(server: &Server) -> Result<(), Fail> {
    let mut client = enter(server, "long")?;
    client.get_ref().write_all(&[&[b'x'; 100_000][..], b"\nshort\n"].concat())?;
    hear(&mut client, |line| line.contains("too long"))?;
    hear(&mut client, |line| line == "<long> short")?;
    client.get_ref().write_all(b"\xff\xfe\n/nick two words\n/quit\n")?;
    hear(&mut client, |line| line.contains("UTF-8"))?;
    hear(&mut client, |line| line.contains("a name has"))?;
    hear(&mut client, |line| line == "* bye")?;
    Ok(())
}

/// Who reads too slowly is told how much is lost, and holds nobody up.
fn too_slow(server: &Server) -> Result<(), Fail> {
    let mut slow = enter(server, "slow")?;
    let mut loud = enter(server, "loud")?;
    let text = "x".repeat(400);
    for index in 0..FLOOD {
        loud.get_ref().write_all(format!("{index} {text}\n").as_bytes())?;
        // Heard by and by, or it would be too slow itself.
        if index % 100 == 99 {
            let start = format!("<loud> {index} ");
            hear(&mut loud, |line| line.starts_with(&start))?;
        }
    }
    let line = hear(&mut slow, |line| line.contains("too slowly"))?;
    eprintln!("chat: a slow reader heard {line:?}");
    let last = format!("<loud> {} ", FLOOD - 1);
    hear(&mut slow, |line| line.starts_with(&last))?;
    Ok(())
}

/// Reads lines until one is `wanted`.
fn hear(client: &mut Client, wanted: impl Fn(&str) -> bool) -> Result<String, String> {
    let deadline = Instant::now() + TIME_MAX;
    let mut line = String::new();
    while Instant::now() < deadline {
        line.clear();
        match client.read_line(&mut line) {
            Ok(0) => return Err("the server hung up".to_owned()),
            Ok(_) if wanted(line.trim_end()) => return Ok(line.trim_end().to_owned()),
            Ok(_) => {}
            Err(error) => return Err(format!("no line within {ANSWER_TIME_MAX:?}: {error}")),
        }
    }
    Err(format!("the line did not come within {TIME_MAX:?}"))
}
