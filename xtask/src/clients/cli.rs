//! redis-cli: one command each, and what Redis answers to it.

use super::{ANSWER_TIME_MAX, Server};
use crate::Fail;
use crate::shell;

/// What an answer must be.
#[derive(Clone, Copy)]
enum Answer {
    /// This text, as `redis-cli --no-raw` prints it.
    Is(&'static str),
    /// An error that begins so.
    Error(&'static str),
    /// Anything but an error.
    Anything,
}
use Answer::{Anything, Error, Is};

const COMMANDS: &[(&str, Answer)] = &[
    ("PING", Is("PONG")),
    ("PING hello", Is("\"hello\"")),
    ("ping", Is("PONG")),
    ("ECHO words", Is("\"words\"")),
    ("GET absent", Is("(nil)")),
    ("SET a 1", Is("OK")),
    ("GET a", Is("\"1\"")),
    ("SET a 2 NX", Is("(nil)")),
    ("SET absent 2 XX", Is("(nil)")),
    ("SET a 2 XX", Is("OK")),
    ("INCR a", Is("(integer) 3")),
    ("INCR fresh", Is("(integer) 1")),
    ("SET text abc", Is("OK")),
    ("INCR text", Error("ERR value is not an integer or out of range")),
    ("SET top 9223372036854775807", Is("OK")),
    ("INCR top", Error("ERR increment or decrement would overflow")),
    ("EXISTS a fresh absent a", Is("(integer) 3")),
    ("TTL a", Is("(integer) -1")),
    ("TTL absent", Is("(integer) -2")),
    ("EXPIRE a 100", Is("(integer) 1")),
    ("EXPIRE absent 100", Is("(integer) 0")),
    ("TTL a", Is("(integer) 100")),
    ("SET a 5", Is("OK")),
    ("TTL a", Is("(integer) -1")),
    ("SET brief x EX 50", Is("OK")),
    ("TTL brief", Is("(integer) 50")),
    ("SET brief x PX 40", Is("OK")),
    ("SET bad x EX 0", Error("ERR invalid expire time")),
    ("SET bad x EX word", Error("ERR")),
    ("SET bad x WHAT", Error("ERR syntax error")),
    ("DEL a fresh absent", Is("(integer) 2")),
    ("LPUSH list one two three", Is("(integer) 3")),
    ("LRANGE list 0 -1", Is("1) \"three\"\n2) \"two\"\n3) \"one\"")),
    ("LRANGE list -2 5", Is("1) \"two\"\n2) \"one\"")),
    ("LRANGE list 5 9", Is("(empty array)")),
    ("LRANGE absent 0 -1", Is("(empty array)")),
    ("LPOP list", Is("\"three\"")),
    ("LPOP list 5", Is("1) \"two\"\n2) \"one\"")),
    ("LPOP list", Is("(nil)")),
    ("EXISTS list", Is("(integer) 0")),
    ("LPUSH text x", Error("WRONGTYPE")),
    ("GET", Error("ERR wrong number of arguments for 'get' command")),
    ("NONSENSE a b", Error("ERR unknown command")),
    ("CONFIG GET save", Anything),
    ("COMMAND", Anything),
    ("QUIT", Is("OK")),
];

/// Sends every command and looks at its answer.
///
/// # Errors
/// The answers that are wrong, all of them.
pub(super) fn check(server: &Server) -> Result<(), Fail> {
    let mut wrong = Vec::new();
    for (command, answer) in COMMANDS {
        let said = ask(server, command)?;
        if !answer.fits(&said) {
            wrong.push(format!("`{command}` was answered with {said:?}"));
        }
    }
    // The 40 ms of `brief` are over by the time so many clients have come and gone; asked until then
    // at the latest, it is gone.
    let gone = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        ask(server, "GET brief").is_ok_and(|said| said == "(nil)")
    });
    if !gone {
        wrong.push("`SET brief x PX 40` did not expire".to_owned());
    }
    if wrong.is_empty() {
        eprintln!("redis-cli: {} commands answered as Redis does", COMMANDS.len());
        Ok(())
    } else {
        Err(format!("redis-cli: {}", wrong.join("; ")).into())
    }
}

fn ask(server: &Server, command: &str) -> Result<String, Fail> {
    let mut client = shell::program("redis-cli");
    client.args(["--no-raw", "-h", &server.address.ip().to_string()]);
    client.args(["-p", &server.address.port().to_string()]);
    client.args(command.split(' '));
    let said = shell::output_within(&mut client, ANSWER_TIME_MAX)?;
    Ok(format!("{}{}", said.stdout, said.stderr).trim_end().to_owned())
}

impl Answer {
    fn fits(self, said: &str) -> bool {
        let error = said.strip_prefix("(error) ");
        match self {
            Is(text) => said == text,
            Error(start) => error.is_some_and(|error| error.starts_with(start)),
            Anything => error.is_none() && !said.starts_with("Error"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        assert!(Is("OK").fits("OK") && !Is("OK").fits("OKAY"));
        assert!(Error("ERR").fits("(error) ERR no") && !Error("ERR").fits("ERR no"));
        assert!(Anything.fits("") && !Anything.fits("Error: Connection reset by peer"));
    }
}
