//! Who is there, and the channel that reaches all of them; shared by all clients.
//!
//! A line is kept once, however many are to read it. The channel keeps so many lines; a client that
//! is further behind is told by the channel how many it has lost, and no client waits for another.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use corio::sync::broadcast;

/// What a name may have: enough to tell people apart, short enough to stand before each line.
pub const NICK_CHARS_MAX: usize = 20;

/// The only room there is.
#[derive(Debug)]
pub struct Room {
    nicks: RefCell<BTreeSet<String>>,
    lines: broadcast::Sender<Arc<str>>,
    joined: Cell<u64>,
    said: Cell<u64>,
}

/// A place in the room: the name is taken while it lives, and all are told when it goes.
#[derive(Debug)]
pub struct Seat {
    room: Rc<Room>,
    nick: String,
}

impl Room {
    /// An empty one, which keeps `backlog` lines.
    pub fn new(backlog: usize) -> Room {
        let (lines, _) = broadcast::channel(backlog);
        let (joined, said) = (Cell::new(0), Cell::new(0));
        Room { nicks: RefCell::default(), lines, joined, said }
    }

    /// Takes a seat under `nick`, and says so to all.
    ///
    /// # Errors
    /// Why that is not possible, for the client to read.
    pub fn enter(self: &Rc<Self>, nick: &str) -> Result<Seat, String> {
        self.take(nick)?;
        self.joined.set(self.joined.get() + 1);
        self.tell(&format!("* {nick} is here\n"));
        Ok(Seat { room: Rc::clone(self), nick: nick.to_owned() })
    }

    /// What is said from now on.
    pub fn listen(&self) -> broadcast::Receiver<Arc<str>> {
        self.lines.subscribe()
    }

    /// The names of all that are there, in order.
    pub fn nicks(&self) -> Vec<String> {
        self.nicks.borrow().iter().cloned().collect()
    }

    /// How many are there.
    pub fn len(&self) -> usize {
        self.nicks.borrow().len()
    }

    fn take(&self, nick: &str) -> Result<(), String> {
        let chars = nick.chars().count();
        if !(1..=NICK_CHARS_MAX).contains(&chars) {
            return Err(format!("a name has 1 to {NICK_CHARS_MAX} characters, not {chars}"));
        }
        if let Some(bad) = nick.chars().find(|c| !c.is_alphanumeric() && !"-_".contains(*c)) {
            return Err(format!("a name has letters, digits, - and _, not {bad:?}"));
        }
        if !self.nicks.borrow_mut().insert(nick.to_owned()) {
            return Err(format!("{nick} is here already: take another name"));
        }
        Ok(())
    }

    fn tell(&self, line: &str) {
        // Nobody listening is no error: the last one may just have left.
        let _ = self.lines.send(Arc::from(line));
    }
}

impl Seat {
    /// Its name.
    pub fn nick(&self) -> &str {
        &self.nick
    }

    /// The room it is in.
    pub fn room(&self) -> &Room {
        &self.room
    }

    /// Says something to all, oneself included.
    pub fn say(&self, text: &str) {
        self.room.said.set(self.room.said.get() + 1);
        self.room.tell(&format!("<{}> {text}\n", self.nick));
    }

    /// Takes another name, and says so to all.
    ///
    /// # Errors
    /// As [`Room::enter`]; then the old name stays.
    pub fn rename(&mut self, nick: &str) -> Result<(), String> {
        self.room.take(nick)?;
        self.room.nicks.borrow_mut().remove(&self.nick);
        self.room.tell(&format!("* {} is {nick} now\n", self.nick));
        self.nick = nick.to_owned();
        Ok(())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.room.nicks.borrow_mut().remove(&self.nick);
        self.room.tell(&format!("* {} has left\n", self.nick));
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} clients came, {} lines were said", self.joined.get(), self.said.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_while_their_seats_live() {
        let room = Rc::new(Room::new(8));
        let mut ada = room.enter("ada").unwrap();
        assert!(room.enter("ada").unwrap_err().contains("here already"));
        ada.rename("Ada_1").unwrap();
        let other = room.enter("ada").unwrap();
        assert!(ada.rename("ada").is_err());
        assert_eq!((ada.nick(), room.nicks()), ("Ada_1", vec!["Ada_1".into(), "ada".into()]));
        drop((ada, other));
        assert_eq!(room.len(), 0);
    }

    #[test]
    fn names_that_would_confuse_are_refused() {
        let room = Rc::new(Room::new(8));
        for bad in ["", "two words", "<ada>", "\u{7}", &"x".repeat(NICK_CHARS_MAX + 1)] {
            assert!(room.enter(bad).is_err(), "{bad:?}");
        }
        assert!(room.enter(&"é".repeat(NICK_CHARS_MAX)).is_ok());
    }

    #[test]
    fn all_hear_everything_and_who_is_behind_is_told() {
        let room = Rc::new(Room::new(2));
        let mut ear = room.listen();
        let seat = room.enter("ada").unwrap();
        seat.say("one");
        assert_eq!(&*ear.try_recv().unwrap(), "* ada is here\n");
        assert_eq!(&*ear.try_recv().unwrap(), "<ada> one\n");
        for text in ["two", "three", "four", "five"] {
            seat.say(text);
        }
        assert_eq!(ear.try_recv(), Err(broadcast::TryRecvError::Lagged(2)));
        assert_eq!(&*ear.try_recv().unwrap(), "<ada> four\n");
    }
}
