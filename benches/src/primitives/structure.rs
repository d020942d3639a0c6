//! Waiting for many tasks where a runtime has no group of its own: what its users write, with the
//! combinators of `futures`.

use std::future::ready;
use std::hint::black_box;
use std::marker::PhantomData;
use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;

use super::{Around, Many, Offer, offers};
use crate::peers::{Glommio, Monoio, Peer, Smol, SmolStatic};
use crate::workloads::{files, structure};

pub(crate) const SMOL: &[Offer] = offers! { Smol;
    TaskGroup10k => structure::task_group_10k::<Smol, JoinAll<Smol>>,
    Gather1000 => structure::gather_1000::<Smol, JoinAll<Smol>>,
    FileWrite => files::write::<Smol, async_fs::File>,
    FileRead => files::read::<Smol, async_fs::File>,
};

pub(crate) const SMOL_STATIC: &[Offer] = offers! { SmolStatic;
    TaskGroup10k => structure::task_group_10k::<SmolStatic, JoinAll<SmolStatic>>,
    Gather1000 => structure::gather_1000::<SmolStatic, JoinAll<SmolStatic>>,
    FileWrite => files::write::<SmolStatic, async_fs::File>,
    FileRead => files::read::<SmolStatic, async_fs::File>,
};

pub(crate) const MONOIO: &[Offer] = offers! { Monoio;
    TaskGroup10k => structure::task_group_10k::<Monoio, JoinAll<Monoio>>,
    Gather1000 => structure::gather_1000::<Monoio, JoinAll<Monoio>>;
    more TimeoutReady => structure::around_ready::<Monoio, MonoioTimeout>,
};

pub(crate) const GLOMMIO: &[Offer] = offers! { Glommio;
    TaskGroup10k => structure::task_group_10k::<Glommio, JoinAll<Glommio>>,
    Gather1000 => structure::gather_1000::<Glommio, JoinAll<Glommio>>,
};

/// The limit of every timeout that is not reached.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// `join_all`: the values in the order of the tasks.
struct JoinAll<P>(PhantomData<fn(P)>);

impl<P: Peer> Many for JoinAll<P> {
    async fn run(count: u64) {
        black_box(join_all((0..count).map(|op| P::spawn(ready(black_box(op))))).await);
    }
}

/// `FuturesUnordered`: the values as they come.
pub(super) struct Unordered<P>(PhantomData<fn(P)>);

impl<P: Peer> Many for Unordered<P> {
    async fn run(count: u64) {
        let tasks = (0..count).map(|op| P::spawn(ready(black_box(op))));
        let mut tasks: FuturesUnordered<_> = tasks.collect();
        while let Some(value) = tasks.next().await {
            black_box(value);
        }
    }
}

struct MonoioTimeout;

impl Around for MonoioTimeout {
    fn around<F: Future>(body: F) -> impl Future<Output: Sized> {
        monoio::time::timeout(LIMIT, body)
    }
}
