//! A small world with a clock of its own: sessions of every dialect, tools that take their time,
//! and a provider that is slow, refuses, breaks off and garbles. After each thing that happens the
//! invariants of a session are checked.
//!
//! A world is known by its seed: the same seed plays the same world, anywhere.

mod checks;
mod client;
mod service;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;

use crate::random::Random;
use client::Client;
use service::Service;

/// Something that happens to a session at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// The user says something.
    Speak,
    /// The head of a response comes, or nothing does.
    Head,
    /// More of the body comes, or its end.
    Bytes,
    /// A tool is done with the call of this number.
    Tool(u32),
    /// The wait before another attempt is over.
    WaitOver,
    /// The user gives up.
    Cancel,
}

/// What was seen, by name.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counts(BTreeMap<&'static str, u64>);

impl Counts {
    fn add(&mut self, name: &'static str) {
        *self.0.entry(name).or_default() += 1;
    }

    /// How often `name` was seen.
    #[must_use]
    pub fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// Adds those of another world.
    pub fn join(&mut self, other: &Self) {
        for (name, count) in &other.0 {
            *self.0.entry(name).or_default() += count;
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<String> =
            self.0.iter().map(|(name, count)| format!("{count} {name}")).collect();
        f.write_str(&counts.join(", "))
    }
}

/// Plays the world of `seed` to its end, and says what was seen.
///
/// # Panics
/// When an invariant does not hold; the seed is printed.
#[must_use]
pub fn play(seed: u64) -> Counts {
    let _told = Seed(seed);
    World::new(seed).run()
}

/// Prints the seed when something goes wrong.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("ZEROSTACK_SEED={}", self.0);
        }
    }
}

/// What is to come: its time, a number that keeps the order, the session, the era of the session
/// to which it belongs, and what it is.
type Coming = (u64, u64, usize, u32, Happening);

struct World {
    now_ms: u64,
    random: Random,
    service: Service,
    clients: Vec<Client>,
    queue: BinaryHeap<Reverse<Coming>>,
    order: u64,
    counts: Counts,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let clients = (0..SESSIONS).map(|_| Client::new(&mut random)).collect();
        let service = Service::default();
        let (queue, counts) = (BinaryHeap::new(), Counts::default());
        let mut world = Self { now_ms: 0, random, service, clients, queue, order: 0, counts };
        for client in 0..SESSIONS {
            let soon = world.random.below(5000) as u64;
            world.later(soon, client, Happening::Speak);
        }
        world
    }

    fn run(mut self) -> Counts {
        while let Some(Reverse((time_ms, _, at, era, happening))) = self.queue.pop() {
            assert!(time_ms >= self.now_ms);
            self.now_ms = time_ms;
            // What was under way when a turn ended is of no interest any more.
            if self.clients[at].era != era {
                continue;
            }
            let Self { random, service, clients, counts, now_ms, .. } = &mut self;
            let next = clients[at].take(&happening, *now_ms, service, random, counts);
            for (delay_ms, happening) in next {
                self.later(delay_ms, at, happening);
            }
        }
        for client in &self.clients {
            assert_eq!(client.turns_left, 0, "a session stands still: {client:?}");
        }
        self.counts.0.insert("virtual minutes", self.now_ms / 60_000);
        self.counts
    }

    fn later(&mut self, delay_ms: u64, client: usize, happening: Happening) {
        self.order += 1;
        let era = self.clients[client].era;
        self.queue.push(Reverse((self.now_ms + delay_ms, self.order, client, era, happening)));
    }
}

/// Sessions of one world.
const SESSIONS: usize = 20;
