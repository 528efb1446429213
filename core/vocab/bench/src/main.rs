//! Compares the tokenizer with others in one run: `just bench-tokenizer`.
//!
//! Each corpus is encoded once after loading ("first"), then again until the time is up, the best
//! pass counting ("steady"). Time is that of the process, so that other work on the machine counts
//! less. The number of tokens stands beside it: who has another one is wrong. "fast" is the packed file
//! with tables of words, "ours" the one for flash, "+1MB" lends it a megabyte to remember pieces in.

mod corpus;

use std::hint::black_box;
use std::sync::{LazyLock, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use zerostack_core::tokenizer::{Bpe, Tokenizer as _, Vocabulary};
use zerostack_vocab_pack::{KNOWN, Known, Profile, pack};

type Encode = Box<dyn FnMut(&str) -> usize>;

/// A way to make tokens: its name and how it is loaded.
struct Contestant {
    name: &'static str,
    load: fn() -> Encode,
}

const CONTESTANTS: [Contestant; 12] = [
    Contestant {
        name: "fast, count",
        load: || {
            let bpe = fast();
            Box::new(move |text| bpe.count(text))
        },
    },
    Contestant {
        name: "fast, encode",
        load: || {
            let bpe = fast();
            Box::new(move |text| bpe.encode(text, &mut room()).expect("room"))
        },
    },
    Contestant {
        name: "fast+1MB, enc",
        load: || {
            let mut bpe = fast().cached(vec![0; 1 << 17].leak());
            Box::new(move |text| bpe.encode(text, &mut room()).expect("room"))
        },
    },
    Contestant {
        name: "ours+1MB, cnt",
        load: || {
            let mut bpe = ours().cached(vec![0; 1 << 17].leak());
            Box::new(move |text| bpe.count(text))
        },
    },
    Contestant {
        name: "ours+1MB, enc",
        load: || {
            let mut bpe = ours().cached(vec![0; 1 << 17].leak());
            Box::new(move |text| bpe.encode(text, &mut room()).expect("room"))
        },
    },
    Contestant {
        name: "ours, count",
        load: || {
            let bpe = ours();
            Box::new(move |text| bpe.count(text))
        },
    },
    Contestant {
        name: "ours, encode",
        load: || {
            let bpe = ours();
            Box::new(move |text| bpe.encode(text, &mut room()).expect("room"))
        },
    },
    Contestant {
        name: "toktok-rs",
        load: || {
            let other = toktok::Tokenizer::builtin("o200k_base").expect("built in");
            Box::new(move |text| other.encode(text.as_bytes()).len())
        },
    },
    Contestant {
        name: "fastokens",
        load: || {
            let config = fastokens::TiktokenConfig::o200k_base();
            let other = fastokens::Tokenizer::from_tiktoken_str(&RANKS, config).expect("ranks");
            Box::new(move |text| other.encode(text).expect("ids").len())
        },
    },
    Contestant {
        name: "splintr",
        load: || {
            let other = splintr::from_pretrained("o200k_base").expect("built in");
            Box::new(move |text| other.encode_raw(text).len())
        },
    },
    Contestant {
        name: "bpe-openai",
        load: || {
            let other = bpe_openai::o200k_base();
            Box::new(move |text| other.encode(text).len())
        },
    },
    Contestant {
        name: "tiktoken-rs",
        load: || {
            let other = tiktoken_rs::o200k_base().expect("built in");
            Box::new(move |text| other.encode_ordinary(text).len())
        },
    },
];

fn ours() -> Bpe<'static> {
    let vocabulary = Vocabulary::open_embedded(zerostack_vocab_o200k::PACKED);
    Bpe::new(vocabulary.expect("a sound file")).with_classes(zerostack_simd::classes())
}

/// Room for the ids of any text here: the caller's, who uses it again for the next text. Making it is
/// not part of loading.
static ROOM: LazyLock<Mutex<Vec<u32>>> = LazyLock::new(|| Mutex::new(vec![1; 64_000_000]));

fn room() -> MutexGuard<'static, Vec<u32>> {
    ROOM.lock().expect("one thread")
}

/// What another one reads at its start; reading the file is not counted as its time.
static RANKS: LazyLock<String> = LazyLock::new(|| {
    String::from_utf8(o200k().rank_file().expect("the rank file")).expect("ASCII")
});

/// Our file with tables of words: made once, not part of loading.
static FAST: LazyLock<Vec<u8>> = LazyLock::new(|| {
    pack(&o200k().source().expect("the rank file"), Profile::Fast).expect("a file")
});

fn o200k() -> &'static Known {
    KNOWN.iter().find(|known| known.name == "o200k_base").expect("known")
}

fn fast() -> Bpe<'static> {
    let vocabulary = Vocabulary::open_embedded(&FAST);
    Bpe::new(vocabulary.expect("a sound file")).with_classes(zerostack_simd::classes())
}

fn main() {
    let _ = (&*FAST, &*RANKS, &*ROOM);
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let chosen: Vec<&Contestant> = CONTESTANTS
        .iter()
        .filter(|it| wanted.is_empty() || wanted.iter().any(|name| it.name.contains(name.as_str())))
        .collect();
    for corpus in corpus::corpora(6_000_000) {
        println!("{} ({} bytes): MB/s first, steady", corpus.name, corpus.text.len());
        for contestant in &chosen {
            let mut encode = (contestant.load)();
            encode("x");
            let (count, first) = timed(&mut encode, &corpus.text);
            let mut best = first;
            let until = Instant::now() + Duration::from_secs(1);
            while Instant::now() < until {
                best = best.min(timed(&mut encode, &corpus.text).1);
            }
            let speed = |time: Duration| corpus.text.len() as f64 / time.as_secs_f64() / 1e6;
            println!(
                "  {:14} {:8.1} {:8.1}   {count} tokens",
                contestant.name,
                speed(first),
                speed(best)
            );
        }
    }
    let mut random = 1u64;
    let letters: String = (0..1_000_000)
        .map(|_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            b"etaoinshrdlucmfwypvbgkjqxz"[(random >> 33) as usize % 26] as char
        })
        .collect();
    let lines_of_spaces: String =
        (0..10_000).map(|line| " ".repeat(line * 37 % 199) + "\n").collect();
    let long_letters = letters.repeat(64);
    for (name, text) in [
        ("1 MB of random letters", letters),
        ("1 MB of spaces", " ".repeat(1_000_000)),
        ("1 MB of a", "a".repeat(1_000_000)),
        ("1 MB of lines of spaces", lines_of_spaces),
        ("64 MB of random letters", long_letters),
        ("64 MB of spaces", " ".repeat(64_000_000)),
    ] {
        println!("{name}: MB/s");
        let is_long = text.len() > 2_000_000;
        for contestant in &chosen {
            // tiktoken-rs takes minutes, or overflows its stack; others would take minutes here.
            let is_ours = ["fast, ", "ours, "].iter().any(|name| contestant.name.starts_with(name));
            if contestant.name == "tiktoken-rs" || is_long && !is_ours {
                continue;
            }
            let mut encode = (contestant.load)();
            let (count, time) = timed(&mut encode, &text);
            let speed = text.len() as f64 / time.as_secs_f64() / 1e6;
            println!("  {:14} {speed:8.1}   {count} tokens", contestant.name);
        }
    }
    println!("load to first token: ms");
    for contestant in &chosen {
        let start = Instant::now();
        black_box((contestant.load)()("x"));
        println!("  {:14} {:10.4}", contestant.name, start.elapsed().as_secs_f64() * 1e3);
    }
}

/// The time that this process ran, whatever else the machine does.
fn timed(encode: &mut Encode, text: &str) -> (usize, Duration) {
    let start = ran();
    let count = encode(black_box(text));
    (count, ran() - start)
}

fn ran() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
