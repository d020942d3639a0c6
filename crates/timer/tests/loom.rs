//! Models of what threads share: a mailbox and an answer.
#![cfg(loom)]

use corio_base::loom::sync::atomic::{AtomicUsize, Ordering};
use corio_base::loom::sync::{Arc, Mutex};
use corio_base::loom::thread;
use corio_base::{Time, Unpark};
use corio_timer::Key;
use corio_timer::mail::{Answer, Mail, Mailbox};
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Wake, Waker};

/// Counts its wakes, with loom's atomics.
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

fn counter() -> (StdArc<Count>, Waker) {
    let count = StdArc::new(Count(AtomicUsize::new(0)));
    (StdArc::clone(&count), Waker::from(count))
}

/// The thread that polls sees the answer, or is woken after it was given.
#[test]
fn an_answer_is_seen_or_wakes() {
    loom::model(|| {
        let answer = Arc::new(Answer::new());
        let (count, waker) = counter();
        let home = {
            let answer = Arc::clone(&answer);
            thread::spawn(move || {
                if let Some(waker) = answer.give(Time::from_nanos(7)) {
                    waker.wake();
                }
            })
        };
        let polled = answer.poll(&mut Context::from_waker(&waker));
        home.join().unwrap();
        match polled {
            Poll::Ready(deadline) => assert_eq!(deadline, Time::from_nanos(7)),
            Poll::Pending => {
                assert_eq!(count.0.load(Ordering::Acquire), 1, "pending, and never woken");
                assert!(answer.poll(&mut Context::from_waker(&waker)).is_ready());
            }
        }
    });
}

/// The same while the task that polls changes.
#[test]
fn an_answer_wakes_the_last_that_asked() {
    loom::model(|| {
        let answer = Arc::new(Answer::new());
        let (_, first) = counter();
        let (count, second) = counter();
        let home = {
            let answer = Arc::clone(&answer);
            thread::spawn(move || {
                if let Some(waker) = answer.give(Time::from_nanos(7)) {
                    waker.wake();
                }
            })
        };
        let _ = answer.poll(&mut Context::from_waker(&first));
        let polled = answer.poll(&mut Context::from_waker(&second));
        home.join().unwrap();
        assert!(polled.is_ready() || count.0.load(Ordering::Acquire) == 1);
    });
}

/// Stands in for a park: the token is taken under a lock, as a parker takes it.
#[derive(Default)]
struct Token(Mutex<usize>);

impl Unpark for Token {
    fn unpark(&self) {
        *self.0.lock().unwrap() += 1;
    }
}

/// A letter is either seen by the owner's look, or has left a token that makes the owner look again.
#[test]
fn a_letter_is_seen_or_unparks() {
    loom::model(|| {
        let mailbox = Arc::new(Mailbox::new());
        let token = StdArc::new(Token::default());
        mailbox.set_unparker(token.clone());
        let posters: Vec<_> = (0..2)
            .map(|n| {
                let mailbox = Arc::clone(&mailbox);
                thread::spawn(move || {
                    let letter = Mail::Cancel { key: Key::new(n), wake: false };
                    assert!(mailbox.post(letter).is_ok());
                })
            })
            .collect();
        let mut seen = mailbox.take().len();
        // The owner would park here and go on only with a token: after it, everything posted before
        // the token is there.
        let tokens = std::mem::take(&mut *token.0.lock().unwrap());
        if tokens > 0 {
            seen += mailbox.take().len();
            assert!(seen > 0, "a token, and no letter");
        }
        for poster in posters {
            poster.join().unwrap();
        }
        let tokens = *token.0.lock().unwrap();
        let rest = mailbox.take().len();
        assert!(rest == 0 || tokens > 0, "{rest} letters, and the owner would sleep on");
        assert_eq!(seen + rest, 2);
    });
}

/// A letter to an owner that ends is read by it or refused; none disappears.
#[test]
fn a_letter_is_read_or_refused_at_the_end() {
    loom::model(|| {
        let mailbox = Arc::new(Mailbox::new());
        let poster = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || {
                mailbox.post(Mail::Cancel { key: Key::new(1), wake: false }).is_err()
            })
        };
        let read = mailbox.close().len();
        let refused = poster.join().unwrap();
        assert_eq!(read, usize::from(!refused));
        assert!(mailbox.take().is_empty());
    });
}
