//! Seeded stress: peers that write, stall, end one direction, reset or vanish, against protocols that echo,
//! and on the way pause, close, abort, panic, change their protocol, start and end connections, of others too.
//! Every byte that arrives on either side is the one that was sent there, and every protocol hears the
//! callbacks in their order, each the right number of times.

mod peer;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IoSlice, Write};
use std::rc::Rc;
use std::time::Duration;

use corio_base::park::ThreadPark;
use corio_executor::Executor;
use corio_reactor::{DriverKind, Reactor};
use corio_stream::protocol::{
    Buffered, BufferedProtocol, Protocol, Transport, connect_accepted_socket, create_server,
    create_unix_server,
};

use crate::random::Dice;
use crate::support::{Folder, spawn, yield_now};
use peer::Peer;

/// Peers of one run.
const PEERS: usize = 24;
/// Rounds of one run at most; a run that is well takes some hundreds.
const ROUNDS_MAX: usize = 20_000;

/// Byte `at` of the stream of peer `whose`, both ways. The first one tells whose it is.
fn byte(whose: u8, at: usize) -> u8 {
    whose.wrapping_add((at.wrapping_mul(7) + at / 251) as u8)
}

/// Whose connection it is, once that is known.
type Whose = Rc<Cell<Option<u8>>>;

/// What the protocols of one run share.
#[derive(Default)]
struct Stage {
    dice: RefCell<Dice>,
    /// Connections that are there.
    alive: RefCell<Vec<(Transport, Whose)>>,
    paused: RefCell<Vec<Transport>>,
    /// How many were made, and lost.
    made: RefCell<(usize, usize)>,
    /// Peers whom a protocol has ended before their time.
    cut: RefCell<BTreeSet<u8>>,
    /// Nothing new begins.
    is_closing: Cell<bool>,
    /// What a protocol was told that it should not be: a panic would only end its connection.
    wrong: RefCell<Vec<String>>,
    /// How often each thing was done, so that none is forgotten.
    done: RefCell<BTreeMap<&'static str, usize>>,
}

impl Stage {
    /// Once in so many times.
    fn once_in(&self, times: usize) -> bool {
        self.dice.borrow_mut().below(times) == 0
    }

    fn below(&self, limit: usize) -> usize {
        self.dice.borrow_mut().below(limit)
    }

    fn any<T: Clone>(&self, list: &RefCell<Vec<T>>) -> Option<T> {
        let list = list.borrow();
        (!list.is_empty()).then(|| list[self.below(list.len())].clone())
    }

    fn check(&self, is_right: bool, what: impl FnOnce() -> String) {
        if !is_right {
            self.wrong.borrow_mut().push(what());
        }
    }

    fn count(&self, what: &'static str) {
        *self.done.borrow_mut().entry(what).or_default() += 1;
    }

    fn resume_one(&self) {
        if let Some(paused) = self.any(&self.paused) {
            paused.resume_reading();
            self.paused.borrow_mut().retain(|other| *other != paused);
        }
    }

    /// Waits until every connection was lost: also one that was paused when its peer went.
    async fn all_end(&self, seed: u64) {
        self.is_closing.set(true);
        for round in 0.. {
            assert!(round < ROUNDS_MAX, "seed {seed}: {:?} never lost", self.alive.borrow());
            self.paused.take().iter().for_each(Transport::resume_reading);
            let (made, lost) = *self.made.borrow();
            if made == lost {
                break;
            }
            corio_timer::sleep(Duration::from_micros(100)).await;
        }
    }

    fn is_cut(&self, whose: u8) -> bool {
        self.cut.borrow().contains(&whose)
    }
}

/// Echoes, and does whatever the dice say.
struct Player {
    stage: Rc<Stage>,
    transport: Option<Transport>,
    whose: Whose,
    received: usize,
    is_told_to_pause: bool,
    has_ended: bool,
    is_lost: bool,
    /// What it has not echoed yet, because it waits until it has so much.
    hoard: Vec<u8>,
    hoards: usize,
    /// Of the buffered form.
    buffer: Vec<u8>,
}

impl Player {
    fn new(stage: &Rc<Stage>) -> Player {
        Player {
            stage: stage.clone(),
            transport: None,
            whose: Rc::default(),
            received: 0,
            is_told_to_pause: false,
            has_ended: false,
            is_lost: false,
            hoard: Vec::new(),
            hoards: 0,
            buffer: Vec::new(),
        }
    }

    /// Echoes all that it has.
    fn echo(&mut self, transport: &Transport) {
        let all = std::mem::take(&mut self.hoard);
        let half = self.stage.below(all.len() + 1);
        match self.stage.once_in(3) {
            true => {
                let (one, two) = all.split_at(half);
                transport.write_vectored(&[
                    IoSlice::new(one),
                    IoSlice::new(&[]),
                    IoSlice::new(two),
                ]);
            }
            false => transport.write(&all),
        }
    }

    fn made(&mut self, transport: Transport) {
        self.stage.check(self.transport.is_none(), || "made twice".to_owned());
        self.stage.made.borrow_mut().0 += 1;
        self.stage.alive.borrow_mut().push((transport.clone(), self.whose.clone()));
        self.transport = Some(transport);
    }

    fn received(&mut self, data: &[u8]) {
        let is_open = !self.has_ended && !self.is_lost && !data.is_empty();
        self.stage.check(is_open, || format!("{} bytes after the end", data.len()));
        let transport = self.transport.clone().expect("it was made");
        let whose = self.whose.get().unwrap_or(data[0]);
        self.whose.set(Some(whose));
        for &got in data {
            let at = self.received;
            self.stage.check(got == byte(whose, at), || format!("of peer {whose}, byte {at}"));
            self.received += 1;
        }
        self.hoard.extend_from_slice(data);
        if self.hoard.len() > self.hoards {
            self.echo(&transport);
        }
        self.act(&transport, whose);
    }

    /// Something else than to echo.
    fn act(&mut self, transport: &Transport, whose: u8) {
        let stage = self.stage.clone();
        let cut = |whose| {
            stage.cut.borrow_mut().insert(whose);
        };
        match stage.below(60) {
            0..6 => {
                stage.count("paused reading");
                transport.pause_reading();
                stage.paused.borrow_mut().push(transport.clone());
                if stage.once_in(4) {
                    transport.resume_reading();
                }
            }
            6 => transport.set_write_buffer_limits(Some(stage.below(1000)), None),
            7 => {
                stage.count("set protocol");
                let mut moved = Player::new(&stage);
                moved.transport = self.transport.take();
                moved.whose = self.whose.clone();
                moved.received = self.received;
                moved.hoard = std::mem::take(&mut self.hoard);
                moved.hoards = self.hoards;
                moved.is_told_to_pause = self.is_told_to_pause;
                match stage.once_in(2) {
                    true => transport.set_protocol(moved),
                    false => transport.set_protocol(Buffered(moved)),
                }
            }
            8 if stage.once_in(4) => {
                cut(whose);
                stage.count("closed");
                transport.close();
                transport.write(b"too late");
            }
            9 if stage.once_in(4) => {
                cut(whose);
                stage.count("aborted");
                transport.abort();
            }
            10 if stage.once_in(4) => {
                cut(whose);
                stage.count("panicked");
                panic!("of the test");
            }
            11 if stage.once_in(2) => {
                // Another one's end, who may stand in the same list of turns.
                if let Some((other, whose)) = stage.any(&stage.alive)
                    && let Some(whose) = whose.get()
                {
                    cut(whose);
                    stage.count("aborted another");
                    other.abort();
                }
            }
            13 => {
                stage.count("hoarded");
                self.hoards = stage.below(600_000);
            }
            12 => drop(spawn(brief(stage.clone()))),
            _ => {}
        }
    }

    fn ended(&mut self) -> bool {
        self.stage.check(!self.has_ended && !self.is_lost, || "two ends".to_owned());
        self.has_ended = true;
        self.stage.count("ended");
        if let Some(transport) = self.transport.clone() {
            self.echo(&transport);
        }
        let stays = self.stage.once_in(2);
        if stays {
            // By itself it would stay for ever.
            self.transport.as_ref().expect("it was made").close();
        }
        stays
    }

    fn lost(&mut self) {
        self.stage.check(!self.is_lost, || "lost twice".to_owned());
        self.is_lost = true;
        self.stage.made.borrow_mut().1 += 1;
        if let Some(transport) = self.transport.take() {
            transport.write(b"too late");
            transport.close();
            transport.abort();
            self.stage.alive.borrow_mut().retain(|(other, _)| *other != transport);
        }
    }

    fn paused(&mut self, pauses: bool) {
        let is_news = !self.is_lost && self.is_told_to_pause != pauses;
        self.stage.check(is_news, || format!("told twice to pause: {pauses}"));
        self.stage.count(if pauses { "paused writing" } else { "resumed writing" });
        self.is_told_to_pause = pauses;
    }
}

/// The drop of a protocol is no reason for anything to stop.
impl Drop for Player {
    fn drop(&mut self) {
        if let Some(transport) = &self.transport {
            transport.close();
        }
    }
}

/// What a player is told in either form but for its bytes.
macro_rules! callbacks {
    () => {
        fn connection_made(&mut self, transport: Transport) {
            self.made(transport);
        }

        fn eof_received(&mut self) -> bool {
            self.ended()
        }

        fn connection_lost(&mut self, _: Option<io::Error>) {
            self.lost();
        }

        fn pause_writing(&mut self) {
            self.paused(true);
        }

        fn resume_writing(&mut self) {
            self.paused(false);
        }
    };
}

impl Protocol for Player {
    callbacks!();

    fn data_received(&mut self, data: &[u8]) {
        self.received(data);
    }
}

impl BufferedProtocol for Player {
    callbacks!();

    fn get_buffer(&mut self, _: usize) -> &mut [u8] {
        let length = 1 + self.stage.below(5000);
        self.buffer.resize(length, 0);
        &mut self.buffer
    }

    fn buffer_updated(&mut self, count: usize) {
        let buffer = std::mem::take(&mut self.buffer);
        self.received(&buffer[..count]);
        self.buffer = buffer;
    }
}

/// A connection that is made, says a little and goes: its number was another one's just now.
async fn brief(stage: Rc<Stage>) {
    if stage.is_closing.get() {
        return;
    }
    let (ours, mut theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let ours = corio_net::UnixStream::from_std(ours).unwrap();
    let player = Player::new(&stage);
    theirs.write_all(&[0, byte(0, 1), byte(0, 2)]).unwrap();
    let Ok(transport) = connect_accepted_socket(|| player, ours).await else { return };
    if stage.once_in(2) {
        transport.close();
    }
    drop(theirs);
}

async fn play(seed: u64) -> BTreeMap<&'static str, usize> {
    let stage = Rc::new(Stage { dice: RefCell::new(Dice::of(seed)), ..Stage::default() });
    let folder = Folder::new();
    let (one, other) = (stage.clone(), stage.clone());
    let by_tcp = create_server(move || Player::new(&one), "127.0.0.1:0").await.unwrap();
    let by_unix = create_unix_server(move || Buffered(Player::new(&other)), folder.file("socket"));
    let by_unix = by_unix.await.unwrap();
    let address = by_tcp.local_addr().unwrap();
    let mut peers: Vec<Peer> = (1..=PEERS as u8)
        .map(|whose| Peer::connect(&stage, whose, address, &folder.file("socket")))
        .collect();
    for round in 0.. {
        assert!(
            round < ROUNDS_MAX,
            "seed {seed}: hanging are {peers:?}, with {:?}",
            stage.alive.borrow()
        );
        for _ in 0..1 + stage.below(8) {
            if !peers.is_empty() {
                let at = stage.below(peers.len());
                if !peers[at].step(&stage) {
                    peers.swap_remove(at);
                }
            }
        }
        if stage.once_in(4) {
            stage.resume_one();
        }
        match stage.below(4) {
            0 => corio_timer::sleep(Duration::from_micros(50)).await,
            _ => yield_now().await,
        };
        if peers.is_empty() {
            break;
        }
    }
    by_tcp.close();
    by_unix.close();
    stage.all_end(seed).await;
    by_tcp.wait_closed().await;
    by_unix.wait_closed().await;
    assert!(stage.alive.borrow().is_empty());
    let wrong = stage.wrong.take();
    assert!(wrong.is_empty(), "seed {seed}: {wrong:?}");
    stage.done.take()
}

/// All runs together have done what is likely in each of them.
fn check(runs: impl Iterator<Item = BTreeMap<&'static str, usize>>) {
    let mut all = BTreeMap::new();
    for (what, count) in runs.flatten() {
        *all.entry(what).or_insert(0) += count;
    }
    // What does not hang on how fast the peers are.
    let expected =
        ["cut", "ended", "hoarded", "paused reading", "reset", "set protocol", "vanished", "whole"];
    assert!(
        expected.iter().all(|what| all.contains_key(what)),
        "something never happened: {all:?}"
    );
}

#[test]
fn streams_are_whole_whatever_peers_and_protocols_do() {
    check((0..8).map(|seed| Executor::new(ThreadPark::new()).block_on(play(seed))));
}

/// On the loop that waits for the descriptors itself, with every driver.
#[test]
fn they_are_so_on_a_loop_of_its_own() {
    for &kind in DriverKind::ALL {
        eprintln!("driver {}", kind.name());
        check((100..108).map(|seed| {
            let reactor = Reactor::with_driver(kind).unwrap();
            let _installed = corio_reactor::current::install(reactor.handle());
            Executor::new(reactor).block_on(play(seed))
        }));
    }
}
