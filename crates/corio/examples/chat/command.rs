//! What a client's line means; called by its connection, and knows no socket.

use std::fmt::Write;

use crate::room::Seat;

/// Whether the client stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Stay,
    Leave,
}

/// How many names `/who` prints, lest one line of input be 200 KiB of output.
const NICKS_SHOWN_MAX: usize = 50;

/// Does what `line` says; what only this client shall read is appended to `reply`.
pub fn execute(seat: &mut Seat, line: &str, reply: &mut String) -> Flow {
    let Some(command) = line.strip_prefix('/') else {
        if !line.trim().is_empty() {
            seat.say(line);
        }
        return Flow::Stay;
    };
    match command.split_once(' ').unwrap_or((command, "")) {
        ("quit", _) => {
            reply.push_str("* bye\n");
            return Flow::Leave;
        }
        ("who", _) => who(seat, reply),
        ("nick", nick) => {
            if let Err(why) = seat.rename(nick.trim()) {
                add(reply, format_args!("* {why}\n"));
            }
        }
        (other, _) => {
            add(reply, format_args!("* there is no /{other}: /who, /nick NAME, /quit\n"));
        }
    }
    Flow::Stay
}

fn who(seat: &Seat, reply: &mut String) {
    let nicks = seat.room().nicks();
    let shown = nicks.len().min(NICKS_SHOWN_MAX);
    add(reply, format_args!("* {} here: {}", nicks.len(), nicks[..shown].join(", ")));
    reply.push_str(if shown < nicks.len() { " …\n" } else { "\n" });
}

fn add(reply: &mut String, text: std::fmt::Arguments<'_>) {
    reply.write_fmt(text).expect("a String takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::Room;
    use std::rc::Rc;

    #[test]
    fn lines_are_said_and_commands_are_answered() {
        let room = Rc::new(Room::new(8));
        let mut seat = room.enter("ada").unwrap();
        let mut ear = room.listen();
        let mut reply = String::new();
        assert_eq!(execute(&mut seat, "hello /quit", &mut reply), Flow::Stay);
        assert_eq!(execute(&mut seat, "  ", &mut reply), Flow::Stay);
        assert_eq!(execute(&mut seat, "/nick bob", &mut reply), Flow::Stay);
        assert_eq!(reply, "");
        assert_eq!(&*ear.try_recv().unwrap(), "<ada> hello /quit\n");
        assert_eq!(&*ear.try_recv().unwrap(), "* ada is bob now\n");
        execute(&mut seat, "/who", &mut reply);
        execute(&mut seat, "/nick two words", &mut reply);
        execute(&mut seat, "/what", &mut reply);
        assert_eq!(execute(&mut seat, "/quit", &mut reply), Flow::Leave);
        assert_eq!(
            reply,
            "* 1 here: bob\n* a name has letters, digits, - and _, not ' '\n\
             * there is no /what: /who, /nick NAME, /quit\n* bye\n"
        );
        assert!(ear.is_empty());
    }
}
