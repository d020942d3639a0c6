//! The commands: what each of them does to the store and answers.
//!
//! [`execute`] finds a command in [`COMMANDS`] by its name and checks how many arguments it got; the
//! command itself is a function of this file. None of them waits, so each one is atomic. Errors are
//! Redis's, word by word where clients look at them.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use crate::resp::{Args, Reply, append_integer, integer};
use crate::store::{Store, Value};

/// The largest reply of one command, in bytes of elements. A list can be larger; whoever wants it
/// all asks for it in parts.
pub const REPLY_MAX: usize = 8 * 1024 * 1024;

/// What the connection does after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Goes on with the next one.
    Continue,
    /// Sends the replies and closes.
    Close,
}

/// Why a command was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Refusal {
    WrongType,
    NotAnInteger,
    Overflow,
    Syntax,
    OnlyConfigGet,
    NotPositive,
    BadExpiry(&'static str),
    ReplyTooLong { bytes: usize },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::WrongType => {
                f.write_str("WRONGTYPE Operation against a key holding the wrong kind of value")
            }
            Refusal::NotAnInteger => f.write_str("ERR value is not an integer or out of range"),
            Refusal::Overflow => f.write_str("ERR increment or decrement would overflow"),
            Refusal::Syntax => f.write_str("ERR syntax error"),
            Refusal::OnlyConfigGet => {
                f.write_str("ERR only CONFIG GET name [name ...] is known here")
            }
            Refusal::NotPositive => f.write_str("ERR value is out of range, must be positive"),
            Refusal::BadExpiry(command) => {
                write!(f, "ERR invalid expire time in '{command}' command")
            }
            Refusal::ReplyTooLong { bytes } => write!(
                f,
                "ERR the reply would have {bytes} bytes, at most {REPLY_MAX}: ask for a part of it"
            ),
        }
    }
}

/// One command under way.
struct Call<'a> {
    store: &'a mut Store,
    args: Args<'a>,
    now: Instant,
    reply: Reply<'a>,
    flow: Flow,
}

type Done = Result<(), Refusal>;

/// A command: its name, how many arguments it takes (the name counts), and what it does.
struct Command {
    name: &'static str,
    args_min: usize,
    args_max: usize,
    run: fn(&mut Call<'_>) -> Done,
}

const ANY: usize = usize::MAX;

/// All commands. The search goes from the first to the last, so those that are often called lead.
static COMMANDS: [Command; 15] = [
    Command { name: "get", args_min: 2, args_max: 2, run: get },
    Command { name: "set", args_min: 3, args_max: ANY, run: set },
    Command { name: "incr", args_min: 2, args_max: 2, run: incr },
    Command { name: "lpush", args_min: 3, args_max: ANY, run: lpush },
    Command { name: "lpop", args_min: 2, args_max: 3, run: lpop },
    Command { name: "lrange", args_min: 4, args_max: 4, run: lrange },
    Command { name: "ping", args_min: 1, args_max: 2, run: ping },
    Command { name: "echo", args_min: 2, args_max: 2, run: echo },
    Command { name: "del", args_min: 2, args_max: ANY, run: del },
    Command { name: "exists", args_min: 2, args_max: ANY, run: exists },
    Command { name: "expire", args_min: 3, args_max: 3, run: expire },
    Command { name: "ttl", args_min: 2, args_max: 2, run: ttl },
    Command { name: "config", args_min: 2, args_max: ANY, run: config },
    Command { name: "command", args_min: 1, args_max: ANY, run: command },
    Command { name: "quit", args_min: 1, args_max: ANY, run: quit },
];

/// Does what `args` ask and appends the reply to `output`; empty `args` ask for nothing.
pub fn execute(store: &mut Store, args: Args<'_>, now: Instant, output: &mut Vec<u8>) -> Flow {
    if args.len() == 0 {
        return Flow::Continue;
    }
    let name = args.get(0);
    let found = COMMANDS.iter().find(|command| name.eq_ignore_ascii_case(command.name.as_bytes()));
    let Some(command) = found else {
        Reply(output).error(&unknown(args));
        return Flow::Continue;
    };
    if !(command.args_min..=command.args_max).contains(&args.len()) {
        let name = command.name;
        Reply(output).error(&format_args!("ERR wrong number of arguments for '{name}' command"));
        return Flow::Continue;
    }
    let mark = output.len();
    let mut call = Call { store, args, now, reply: Reply(output), flow: Flow::Continue };
    let done = (command.run)(&mut call);
    let flow = call.flow;
    if let Err(refusal) = done {
        output.truncate(mark);
        Reply(output).error(&refusal);
    }
    flow
}

/// Redis's words for a command it does not know, with as much of the arguments as it shows.
fn unknown(args: Args<'_>) -> String {
    const SHOWN_MAX: usize = 128;
    let shown =
        |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN_MAX)]).into_owned();
    let mut text =
        format!("ERR unknown command '{}', with args beginning with: ", shown(args.get(0)));
    let start = text.len();
    for argument in args.iter_from(1) {
        if text.len() - start >= SHOWN_MAX {
            break;
        }
        text.push_str(&format!("'{}' ", shown(argument)));
    }
    text
}

/// The list under `key`.
fn list<'a>(
    store: &'a mut Store,
    key: &[u8],
    now: Instant,
) -> Result<Option<&'a mut VecDeque<Box<[u8]>>>, Refusal> {
    match store.get_mut(key, now) {
        None => Ok(None),
        Some(Value::List(list)) => Ok(Some(list)),
        Some(Value::Bytes(_)) => Err(Refusal::WrongType),
    }
}

/// Refuses elements that are too much for one reply.
fn check_length<'a>(elements: impl Iterator<Item = &'a Box<[u8]>>) -> Done {
    // What stands around an element is "$", up to seven digits, and two line ends.
    let bytes = elements.map(|element| element.len() + 12).sum();
    if bytes > REPLY_MAX { Err(Refusal::ReplyTooLong { bytes }) } else { Ok(()) }
}

fn count(call: &mut Call<'_>, number: usize) -> Done {
    call.reply.integer(i64::try_from(number).expect("a count in memory fits"));
    Ok(())
}

fn ping(call: &mut Call<'_>) -> Done {
    match call.args.len() {
        1 => call.reply.simple("PONG"),
        _ => call.reply.bulk(call.args.get(1)),
    }
    Ok(())
}

fn echo(call: &mut Call<'_>) -> Done {
    call.reply.bulk(call.args.get(1));
    Ok(())
}

fn quit(call: &mut Call<'_>) -> Done {
    call.reply.simple("OK");
    call.flow = Flow::Close;
    Ok(())
}

fn get(call: &mut Call<'_>) -> Done {
    match call.store.get(call.args.get(1), call.now) {
        None => call.reply.nil(),
        Some(Value::Bytes(bytes)) => call.reply.bulk(bytes),
        Some(Value::List(_)) => return Err(Refusal::WrongType),
    }
    Ok(())
}

/// `SET key value [NX | XX] [EX seconds | PX milliseconds]`
fn set(call: &mut Call<'_>) -> Done {
    let (key, value) = (call.args.get(1), call.args.get(2));
    let mut must_exist: Option<bool> = None;
    let mut deadline: Option<Instant> = None;
    let mut options = call.args.iter_from(3);
    while let Some(option) = options.next() {
        let is = |name: &[u8]| option.eq_ignore_ascii_case(name);
        if (is(b"nx") || is(b"xx")) && must_exist.is_none() {
            must_exist = Some(is(b"xx"));
        } else if (is(b"ex") || is(b"px")) && deadline.is_none() {
            let amount = options.next().ok_or(Refusal::Syntax)?;
            let amount = integer(amount).ok_or(Refusal::NotAnInteger)?;
            let unit = if is(b"ex") { 1000 } else { 1 };
            let after = amount.checked_mul(unit).and_then(|millis| u64::try_from(millis).ok());
            let after = after.filter(|&millis| millis > 0).map(Duration::from_millis);
            deadline = after.and_then(|after| call.now.checked_add(after));
            if deadline.is_none() {
                return Err(Refusal::BadExpiry("set"));
            }
        } else {
            return Err(Refusal::Syntax);
        }
    }
    if must_exist.is_some_and(|must| call.store.get(key, call.now).is_some() != must) {
        call.reply.nil();
        return Ok(());
    }
    call.store.set(key, value, deadline);
    call.reply.simple("OK");
    Ok(())
}

fn del(call: &mut Call<'_>) -> Done {
    let removed = call.args.iter_from(1).filter(|key| call.store.remove(key, call.now)).count();
    count(call, removed)
}

fn exists(call: &mut Call<'_>) -> Done {
    let there = |key: &&[u8]| call.store.get(key, call.now).is_some();
    let found = call.args.iter_from(1).filter(there).count();
    count(call, found)
}

fn incr(call: &mut Call<'_>) -> Done {
    let key = call.args.get(1);
    let number = match call.store.get_mut(key, call.now) {
        None => {
            call.store.insert(key, Value::Bytes(b"1".to_vec()));
            1
        }
        Some(Value::Bytes(bytes)) => {
            let number = integer(bytes).ok_or(Refusal::NotAnInteger)?;
            let number = number.checked_add(1).ok_or(Refusal::Overflow)?;
            bytes.clear();
            append_integer(bytes, number);
            number
        }
        Some(Value::List(_)) => return Err(Refusal::WrongType),
    };
    call.reply.integer(number);
    Ok(())
}

/// `EXPIRE key seconds`; a number that is not above zero lets the key go at once.
fn expire(call: &mut Call<'_>) -> Done {
    let key = call.args.get(1);
    let seconds = integer(call.args.get(2)).ok_or(Refusal::NotAnInteger)?;
    let millis = seconds.checked_mul(1000).ok_or(Refusal::BadExpiry("expire"))?;
    let after = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    let deadline = call.now.checked_add(after).ok_or(Refusal::BadExpiry("expire"))?;
    let there = call.store.expire(key, deadline, call.now);
    call.reply.integer(there.into());
    Ok(())
}

/// `TTL key`: seconds left, rounded as Redis does; -1 without a deadline, -2 without such a key.
fn ttl(call: &mut Call<'_>) -> Done {
    let left = match call.store.deadline(call.args.get(1), call.now) {
        None => -2,
        Some(None) => -1,
        Some(Some(deadline)) => {
            let millis = deadline.saturating_duration_since(call.now).as_millis();
            i64::try_from((millis + 500) / 1000).unwrap_or(i64::MAX)
        }
    };
    call.reply.integer(left);
    Ok(())
}

fn lpush(call: &mut Call<'_>) -> Done {
    let (key, elements) = (call.args.get(1), call.args.iter_from(2));
    let len = match list(call.store, key, call.now)? {
        Some(list) => {
            elements.for_each(|element| list.push_front(element.into()));
            list.len()
        }
        None => {
            let mut list: VecDeque<Box<[u8]>> = elements.map(Box::from).collect();
            list.make_contiguous().reverse();
            let len = list.len();
            call.store.insert(key, Value::List(list));
            len
        }
    };
    count(call, len)
}

/// `LPOP key [count]`: one element, or an array of up to `count`.
fn lpop(call: &mut Call<'_>) -> Done {
    let key = call.args.get(1);
    let wanted = match call.args.iter_from(2).next() {
        None => None,
        Some(wanted) => {
            let wanted = integer(wanted).and_then(|wanted| usize::try_from(wanted).ok());
            Some(wanted.ok_or(Refusal::NotPositive)?)
        }
    };
    let Some(list) = list(call.store, key, call.now)? else {
        match wanted {
            None => call.reply.nil(),
            Some(_) => call.reply.nil_array(),
        }
        return Ok(());
    };
    let len = wanted.unwrap_or(1).min(list.len());
    check_length(list.range(..len))?;
    if wanted.is_some() {
        call.reply.array(len);
    }
    for element in list.drain(..len) {
        call.reply.bulk(&element);
    }
    if list.is_empty() {
        call.store.remove(key, call.now);
    }
    Ok(())
}

/// `LRANGE key start stop`, both included, both counted from the end where negative.
fn lrange(call: &mut Call<'_>) -> Done {
    let start = integer(call.args.get(2)).ok_or(Refusal::NotAnInteger)?;
    let stop = integer(call.args.get(3)).ok_or(Refusal::NotAnInteger)?;
    let Some(value) = call.store.get(call.args.get(1), call.now) else {
        call.reply.array(0);
        return Ok(());
    };
    let Value::List(list) = value else { return Err(Refusal::WrongType) };
    let len = i64::try_from(list.len()).expect("a count in memory fits");
    let from_front = |index: i64| if index < 0 { index.saturating_add(len) } else { index };
    let start = from_front(start).clamp(0, len) as usize;
    let end = from_front(stop).clamp(-1, len - 1) as isize + 1;
    let range = start..(end as usize).max(start);
    check_length(list.range(range.clone()))?;
    call.reply.array(range.len());
    for element in list.range(range) {
        call.reply.bulk(element);
    }
    Ok(())
}

/// `CONFIG GET name…`: what redis-benchmark asks before it starts, and nothing else.
fn config(call: &mut Call<'_>) -> Done {
    const SETTINGS: [(&str, &str); 2] = [("save", ""), ("appendonly", "no")];
    if !call.args.get(1).eq_ignore_ascii_case(b"get") || call.args.len() < 3 {
        return Err(Refusal::OnlyConfigGet);
    }
    let args = call.args;
    let asked = |name: &str| {
        args.iter_from(2).any(|arg| arg == b"*" || arg.eq_ignore_ascii_case(name.as_bytes()))
    };
    let found = || SETTINGS.iter().filter(|(name, _)| asked(name));
    call.reply.array(2 * found().count());
    for (name, value) in found() {
        call.reply.bulk(name.as_bytes());
        call.reply.bulk(value.as_bytes());
    }
    Ok(())
}

/// `COMMAND`: redis-cli asks for the commands when it starts; it gets their names and arities.
fn command(call: &mut Call<'_>) -> Done {
    let sub = call.args.iter_from(1).next().map(<[u8]>::to_ascii_lowercase);
    match sub.as_deref() {
        Some(b"count") => return count(call, COMMANDS.len()),
        // No documentation, no details of single commands.
        Some(_) => call.reply.array(0),
        None => {
            call.reply.array(COMMANDS.len());
            for command in &COMMANDS {
                let least = i64::try_from(command.args_min).expect("small");
                let exact = command.args_min == command.args_max;
                // Name, arity (negative: at least so many), flags, first key, last key, step.
                call.reply.array(6);
                call.reply.bulk(command.name.as_bytes());
                call.reply.integer(if exact { least } else { -least });
                call.reply.array(0);
                for _ in 0..3 {
                    call.reply.integer(0);
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
