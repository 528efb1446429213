//! The perfect hash from pairs to slots: each bucket gets the pilot with which its keys fall on free
//! slots.

use zerostack_core::tokenizer::format::{bucket_of, mix, mix_word, slot_of, word_slot};

/// Where each key went.
#[derive(Default)]
pub(crate) struct PerfectHash {
    pub(crate) seed: u64,
    pub(crate) pilots: Vec<u8>,
    /// Of each key, in the order given, its slot.
    pub(crate) slot_of_key: Vec<u32>,
    pub(crate) slots: u32,
}

/// Slots a hundred keys: fewer are smaller, and harder to fill.
const SLOTS_A_HUNDRED: usize = 104;

/// How keys are mixed and led to slots.
#[derive(Clone, Copy)]
pub(crate) struct Scheme {
    mix: fn(u64) -> u64,
    slot_of: fn(u64, u8, u32) -> u32,
}

/// For the tables that are always there.
pub(crate) const THOROUGH: Scheme = Scheme { mix, slot_of };
/// For the tables for speed.
pub(crate) const QUICK: Scheme = Scheme { mix: mix_word, slot_of: word_slot };

pub(crate) fn perfect_hash(scheme: Scheme, keys: &[u64]) -> Result<PerfectHash, String> {
    let slots = (keys.len() * SLOTS_A_HUNDRED / 100 + 1) as u32;
    let buckets = keys.len() as u32 / 3 + 1;
    (1..64)
        .find_map(|seed| place(scheme, keys, seed, slots, buckets))
        .ok_or_else(|| "no seed gives a perfect hash".into())
}

const FREE: u32 = u32::MAX;

fn place(scheme: Scheme, keys: &[u64], seed: u64, slots: u32, buckets: u32) -> Option<PerfectHash> {
    let mixed: Vec<u64> = keys.iter().map(|key| (scheme.mix)(key ^ seed)).collect();
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); buckets as usize];
    for (key, &mixed) in mixed.iter().enumerate() {
        members[bucket_of(mixed, buckets) as usize].push(key);
    }
    // The smallest last on the stack's bottom: large buckets need the empty table.
    let mut waiting: Vec<u32> = (0..buckets).collect();
    waiting.sort_by_key(|&bucket| (members[bucket as usize].len(), bucket));
    let mut owner = vec![FREE; slots as usize];
    let mut pilots = vec![0u8; buckets as usize];
    let slots_of = |bucket: u32, pilot: u8| -> Vec<u32> {
        members[bucket as usize]
            .iter()
            .map(|&key| (scheme.slot_of)(mixed[key], pilot, slots))
            .collect()
    };
    let mut moves_left = 20 * buckets;
    while let Some(bucket) = waiting.pop() {
        moves_left = moves_left.checked_sub(1)?;
        // Where no pilot finds free slots, the one that drives out the fewest keys is taken. The
        // start differs each time, or two buckets would drive each other out forever.
        let start = (moves_left % 256) as u8;
        let mut best: Option<(usize, u8)> = None;
        for turn in 0..=255u8 {
            let pilot = start.wrapping_add(turn);
            let mut chosen = slots_of(bucket, pilot);
            chosen.sort_unstable();
            if chosen.windows(2).any(|two| two[0] == two[1]) {
                continue;
            }
            let owners = chosen.iter().map(|&slot| owner[slot as usize]);
            let cost = owners
                .filter(|&other| other != FREE)
                .map(|other| members[other as usize].len().pow(2))
                .sum();
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, pilot));
            }
            if cost == 0 {
                break;
            }
        }
        let (_, pilot) = best?;
        for slot in slots_of(bucket, pilot) {
            let other = owner[slot as usize];
            if other != FREE && other != bucket {
                for slot in slots_of(other, pilots[other as usize]) {
                    owner[slot as usize] = FREE;
                }
                waiting.push(other);
            }
            owner[slot as usize] = bucket;
        }
        pilots[bucket as usize] = pilot;
    }
    let slot_of_key = mixed
        .iter()
        .map(|&mixed| (scheme.slot_of)(mixed, pilots[bucket_of(mixed, buckets) as usize], slots))
        .collect();
    Some(PerfectHash { seed, pilots, slot_of_key, slots })
}
