//! Commands as a conversation: what is said, what is answered, at which second.

use std::time::{Duration, Instant};

use super::*;
use crate::resp::Parser;

struct Talk {
    store: Store,
    start: Instant,
    seconds: u64,
}

impl Talk {
    fn new() -> Talk {
        Talk { store: Store::new(), start: Instant::now(), seconds: 0 }
    }

    /// Says `line` inline and gives the answer, its line ends written as spaces.
    fn answer(&mut self, line: &str) -> String {
        let input = format!("{line}\n");
        let mut parser = Parser::new();
        let request = parser.parse(input.as_bytes()).expect("well formed").expect("whole");
        let now = self.start + Duration::from_secs(self.seconds);
        let mut output = Vec::new();
        execute(&mut self.store, request.args, now, &mut output);
        let text = String::from_utf8(output).expect("text");
        text.trim_end().replace("\r\n", " ")
    }

    #[track_caller]
    fn check(&mut self, lines: &[(&str, &str)]) {
        for (line, answer) in lines {
            assert_eq!(self.answer(line), *answer, "{line}");
        }
    }
}

const WRONGTYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";
const NOT_INTEGER: &str = "-ERR value is not an integer or out of range";
const SYNTAX: &str = "-ERR syntax error";
const SET_EXPIRY: &str = "-ERR invalid expire time in 'set' command";

#[test]
fn words_and_arities() {
    Talk::new().check(&[
        ("ping", "+PONG"),
        ("PING hi", "$2 hi"),
        ("echo 'a b'", "$3 a b"),
        ("quit", "+OK"),
        ("echo", "-ERR wrong number of arguments for 'echo' command"),
        ("ping a b", "-ERR wrong number of arguments for 'ping' command"),
        ("GET", "-ERR wrong number of arguments for 'get' command"),
        ("nosuch a b", "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b'"),
        ("config get save", "*2 $4 save $0"),
        ("config get appendonly save", "*4 $4 save $0  $10 appendonly $2 no"),
        ("config get nothing", "*0"),
        ("config set save 1", "-ERR only CONFIG GET name [name ...] is known here"),
        ("command count", ":15"),
        ("command docs", "*0"),
    ]);
    assert!(
        Talk::new().answer("command").starts_with("*15 *6 $3 get :2 *0 :0 :0 :0 *6 $3 set :-3")
    );
}

#[test]
fn strings() {
    Talk::new().check(&[
        ("get a", "$-1"),
        ("set a 1", "+OK"),
        ("get a", "$1 1"),
        ("set a 2 nx", "$-1"),
        ("set a 3 xx", "+OK"),
        ("set b 1 XX", "$-1"),
        ("set b 1 NX", "+OK"),
        ("exists a b a c", ":3"),
        ("del a b c", ":2"),
        ("set a 1 nx xx", SYNTAX),
        ("set a 1 keepttl", SYNTAX),
        ("set a 1 ex", SYNTAX),
        ("set a 1 ex 1 px 1", SYNTAX),
        ("set a 1 ex x", NOT_INTEGER),
        ("set a 1 ex 0", SET_EXPIRY),
        ("set a 1 px -1", SET_EXPIRY),
        ("set a 1 ex 9223372036854775807", SET_EXPIRY),
        ("exists a", ":0"),
    ]);
}

#[test]
fn counting() {
    Talk::new().check(&[
        ("incr n", ":1"),
        ("incr n", ":2"),
        ("get n", "$1 2"),
        ("set n -1", "+OK"),
        ("incr n", ":0"),
        ("set n 9223372036854775807", "+OK"),
        ("incr n", "-ERR increment or decrement would overflow"),
        ("set n 01", "+OK"),
        ("incr n", NOT_INTEGER),
        ("get n", "$2 01"),
    ]);
}

#[test]
fn expiry() {
    let mut talk = Talk::new();
    talk.check(&[
        ("ttl a", ":-2"),
        ("set a 1 ex 10", "+OK"),
        ("ttl a", ":10"),
        ("set b 1 px 1500", "+OK"),
        ("ttl b", ":2"),
        ("set c 1", "+OK"),
        ("ttl c", ":-1"),
        ("expire c 3", ":1"),
        ("expire d 3", ":0"),
        ("expire c x", NOT_INTEGER),
        ("expire c 9223372036854775807", "-ERR invalid expire time in 'expire' command"),
    ]);
    talk.seconds = 2;
    talk.check(&[("exists a b c", ":2"), ("ttl a", ":8"), ("incr c", ":2"), ("ttl c", ":1")]);
    talk.seconds = 3;
    talk.check(&[("get c", "$-1"), ("incr c", ":1"), ("ttl c", ":-1"), ("expire c -1", ":1")]);
    talk.check(&[("exists c", ":0")]);
    talk.seconds = 10;
    talk.check(&[("get a", "$-1")]);
}

#[test]
fn lists() {
    Talk::new().check(&[
        ("lpop l", "$-1"),
        ("lpop l 2", "*-1"),
        ("lrange l 0 -1", "*0"),
        ("lpush l c b", ":2"),
        ("lpush l a", ":3"),
        ("lrange l 0 -1", "*3 $1 a $1 b $1 c"),
        ("lrange l -2 100", "*2 $1 b $1 c"),
        ("lrange l 1 1", "*1 $1 b"),
        ("lrange l 2 1", "*0"),
        ("lrange l 3 9", "*0"),
        ("lrange l -100 -3", "*1 $1 a"),
        ("lrange l -100 -4", "*0"),
        ("lrange l -9223372036854775808 9223372036854775807", "*3 $1 a $1 b $1 c"),
        ("lrange l x 1", NOT_INTEGER),
        ("lpop l", "$1 a"),
        ("lpop l 0", "*0"),
        ("lpop l -1", "-ERR value is out of range, must be positive"),
        ("lpop l 9", "*2 $1 b $1 c"),
        ("exists l", ":0"),
    ]);
}

#[test]
fn each_kind_of_value_refuses_the_other_ones_commands() {
    Talk::new().check(&[
        ("lpush l a", ":1"),
        ("set s a", "+OK"),
        ("get l", WRONGTYPE),
        ("incr l", WRONGTYPE),
        ("lpush s a", WRONGTYPE),
        ("lpop s", WRONGTYPE),
        ("lrange s 0 -1", WRONGTYPE),
        ("set l a", "+OK"),
        ("get l", "$1 a"),
    ]);
}

#[test]
fn a_reply_has_a_longest_length_and_nothing_is_lost() {
    let mut talk = Talk::new();
    let element = vec![b'x'; REPLY_MAX / 2].into_boxed_slice();
    talk.store.insert(b"l", Value::List(VecDeque::from([element.clone(), element])));
    let refused = "-ERR the reply would have 8388632 bytes, at most 8388608: ask for a part of it";
    talk.check(&[("lrange l 0 -1", refused), ("lpop l 2", refused)]);
    assert!(talk.answer("lrange l 1 1").starts_with("*1 $4194304 xxx"));
    assert!(talk.answer("lpop l").starts_with("$4194304 xxx"));
}

#[test]
fn an_unknown_command_is_shown_in_one_short_line() {
    let long = "y".repeat(1000);
    let answer = Talk::new().answer(&format!("\"a\\r\\nb\" {long} {long} {long}"));
    assert!(answer.starts_with("-ERR unknown command 'a  b', with args beginning with: 'yyy"));
    assert!(answer.len() < 300, "{}", answer.len());
}
