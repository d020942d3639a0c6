//! The language of the random trees.

/// What some tasks do, and what happens to them.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    /// Task 0 is spawned at the start, the others where they are awaited.
    pub(super) tasks: Vec<Seq>,
    pub(super) doors: usize,
    pub(super) flags: usize,
    ids: usize,
    pub(super) events: Vec<Event>,
}

pub(super) type Seq = Vec<Op>;

#[derive(Clone, Debug)]
pub(super) enum Op {
    /// Waits until it is opened.
    Door(usize),
    Catch {
        id: usize,
        body: Seq,
        cleanup: Seq,
        exit: Exit,
    },
    Mask {
        id: usize,
        body: Seq,
    },
    /// Is cancelled by its flag.
    Target {
        id: usize,
        flag: usize,
        level: bool,
        body: Seq,
    },
    /// In a combinator that wakes its futures itself, or in one that polls all.
    Join {
        wakes: bool,
        branches: Vec<Seq>,
    },
    /// What loses is dropped, or kept until the sequence around ends.
    Select {
        park: bool,
        first: Seq,
        second: Seq,
    },
    /// Spawns a task and awaits it.
    Child {
        id: usize,
        task: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Exit {
    Suppress,
    Postpone,
    Drop,
    Resume,
}

#[derive(Clone, Debug)]
pub(super) enum Event {
    Start,
    Open(usize),
    /// With the message.
    Cancel(usize, usize),
    Uncancel(usize),
    Raise(usize),
}

/// Numbers that a seed determines.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % bound
    }
}

/// How large random programs get.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// About how many scopes, joins, selects and tasks.
    pub(super) ops: usize,
    pub(super) events: usize,
}

impl Program {
    pub(super) fn random(random: &mut Random, size: Size) -> Program {
        let mut program = Program { tasks: vec![Seq::new()], ..Program::default() };
        let mut budget = 2 + random.below(size.ops);
        let main = program.seq(random, &mut budget, 0);
        program.tasks[0] = main;
        for message in 0..2 + random.below(size.events) {
            let event = match random.below(10) {
                0..4 => Event::Cancel(random.below(program.tasks.len()), message),
                4..6 if program.flags > 0 => Event::Raise(random.below(program.flags)),
                6 => Event::Uncancel(random.below(program.tasks.len())),
                _ if program.doors > 0 => Event::Open(random.below(program.doors)),
                _ => Event::Cancel(0, message),
            };
            program.events.push(event);
        }
        program
    }

    fn next_id(&mut self) -> usize {
        self.ids += 1;
        self.ids
    }

    fn door(&mut self) -> Op {
        self.doors += 1;
        Op::Door(self.doors - 1)
    }

    fn seq(&mut self, random: &mut Random, budget: &mut usize, depth: usize) -> Seq {
        let mut seq = Seq::new();
        for _ in 0..=random.below(3) {
            let op = self.op(random, budget, depth);
            seq.push(op);
        }
        seq
    }

    fn op(&mut self, random: &mut Random, budget: &mut usize, depth: usize) -> Op {
        if *budget == 0 || depth > 6 {
            return self.door();
        }
        *budget -= 1;
        let inner = depth + 1;
        match random.below(16) {
            0..5 => Op::Catch {
                id: self.next_id(),
                body: self.seq(random, budget, inner),
                cleanup: match random.below(3) {
                    0 => Seq::new(),
                    _ => self.seq(random, budget, inner),
                },
                exit: [Exit::Suppress, Exit::Postpone, Exit::Drop, Exit::Resume][random.below(4)],
            },
            5..7 => Op::Mask { id: self.next_id(), body: self.seq(random, budget, inner) },
            7..9 => {
                self.flags += 1;
                Op::Target {
                    id: self.next_id(),
                    flag: self.flags - 1,
                    level: random.below(4) == 0,
                    body: self.seq(random, budget, inner),
                }
            }
            9..11 => Op::Join {
                wakes: random.below(2) == 0,
                branches: (0..2 + random.below(2))
                    .map(|_| self.seq(random, budget, inner))
                    .collect(),
            },
            11 => Op::Select {
                park: random.below(2) == 0,
                first: self.seq(random, budget, inner),
                second: self.seq(random, budget, inner),
            },
            12..14 => {
                let body = self.seq(random, budget, inner);
                self.tasks.push(body);
                Op::Child { id: self.next_id(), task: self.tasks.len() - 1 }
            }
            _ => self.door(),
        }
    }
}
