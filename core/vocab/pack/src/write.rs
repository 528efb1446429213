//! Writes the packed file.

use std::ops::RangeInclusive;

use zerostack_core::tokenizer::Pruning;
use zerostack_core::tokenizer::format::{
    self, BYTE_ORDER, FRONT_SLOTS, HEADER_BYTES, KIND_DECODE_ONLY, KIND_SPECIAL, LONG_SLOT_BYTES,
    MAGIC, SECTIONS, SHORT_INDEXES, SHORT_SLOT_BYTES, Section, VERSION, front_slot, merge_key,
    word_key,
};

use crate::Source;
use crate::hash::{PerfectHash, QUICK, THOROUGH, perfect_hash};

/// What a packed file is made for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    /// As small as can be: flash, or part of a program.
    Small,
    /// With tables of whole words, three times the size: where read-only memory is plenty.
    Fast,
}

/// The packed file of `source`: the same bytes each time.
///
/// # Errors
/// A sentence that states what does not fit the format.
pub fn pack(source: &Source, profile: Profile) -> Result<Vec<u8>, String> {
    let merges = &source.merges;
    let tokens = 256 + merges.len();
    let bits = (tokens as u32).next_power_of_two().trailing_zeros().max(9);
    if source.pruning.is_some() && profile == Profile::Fast {
        return Err("a vocabulary that is pruned has no tables for speed".into());
    }
    let ids = source.byte_ids.iter().copied().chain(merges.iter().map(|merge| merge.id));
    if let Some(id) = ids.max().filter(|&id| id >= 1 << 20) {
        return Err(format!("a token has the id {id}, the format holds ids below 2^20"));
    }
    if tokens >= 1 << 20 {
        return Err(format!("{tokens} tokens, the format holds fewer than 2^20"));
    }
    let keys: Vec<u64> =
        merges.iter().map(|merge| (merge.left as u64) << 32 | merge.right as u64).collect();
    let mut hash = PerfectHash::default();
    if profile == Profile::Small {
        hash = perfect_hash(THOROUGH, &keys)?;
    }

    let mut sections: [Vec<u8>; SECTIONS] = Default::default();
    let mut put = |section: Section, bytes: Vec<u8>| sections[section as usize] = bytes;
    let flags = flags(source);
    put(Section::Pairs, pairs(source, &flags, bits));
    let mut slots = vec![0u64; hash.slots as usize];
    for (slot, index) in hash.slot_of_key.iter().zip(256..) {
        slots[*slot as usize] = index;
    }
    put(Section::Slots, fields(bits, slots.into_iter()));
    put(Section::Pilots, hash.pilots.clone());
    let lengths = (0..256).map(|_| 1).chain(merges.iter().map(|merge| merge.bytes.len() as u8));
    put(Section::Lengths, lengths.take(SHORT_INDEXES).collect());
    put(Section::ByteIds, words(source.byte_ids.iter().copied()));
    let first_merge_id = merges.first().map_or(0, |merge| merge.id);
    // What is pruned makes no ids.
    let has_ids = source.pruning.is_none();
    if has_ids && merges.iter().zip(first_merge_id..).any(|(merge, id)| merge.id != id) {
        let mut by_id: Vec<u32> = (256..tokens as u32).collect();
        by_id.sort_by_key(|&index| merges[index as usize - 256].id);
        put(Section::MergeIds, words(merges.iter().map(|merge| merge.id).chain(by_id)));
    }
    put(Section::Specials, specials(source));
    if profile == Profile::Fast {
        put(Section::MergeTable, merge_table(source, &flags)?);
        put(Section::Bigrams, bigrams(source, &flags));
        let (mut short, others) = front_words(words_of(source, 1..=8));
        short.extend(word_table(&others, SHORT_SLOT_BYTES)?);
        put(Section::ShortWords, short);
        put(Section::LongWords, word_table(&words_of(source, 9..=16), LONG_SLOT_BYTES)?);
    }

    let mut file = vec![0; HEADER_BYTES];
    for (number, section) in sections.iter().enumerate() {
        let (offset, length) = (file.len() as u32, section.len() as u32);
        file[88 + 8 * number..92 + 8 * number].copy_from_slice(&offset.to_le_bytes());
        file[92 + 8 * number..96 + 8 * number].copy_from_slice(&length.to_le_bytes());
        file.extend_from_slice(section);
        file.resize((file.len() + 8).next_multiple_of(8), 0);
    }
    let mut set = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    set(0, &MAGIC);
    set(7, &[VERSION]);
    set(8, &BYTE_ORDER.to_le_bytes());
    set(32, &source.pattern.number().to_le_bytes());
    set(36, &(tokens as u32).to_le_bytes());
    set(40, &[bits as u8, merges.iter().map(|merge| merge.bytes.len()).max().unwrap_or(1) as u8]);
    set(42, &Pruning::number(source.pruning).to_le_bytes());
    set(44, &hash.slots.to_le_bytes());
    set(48, &(hash.pilots.len() as u32).to_le_bytes());
    set(52, &if has_ids { first_merge_id } else { 0 }.to_le_bytes());
    set(56, &hash.seed.to_le_bytes());
    set(64, source.name.as_bytes());
    let length = file.len() as u32;
    file[12..16].copy_from_slice(&length.to_le_bytes());
    let body = format::checksum(&file[HEADER_BYTES..]);
    file[16..24].copy_from_slice(&body.to_le_bytes());
    let header = format::checksum(&file[..HEADER_BYTES]);
    file[24..32].copy_from_slice(&header.to_le_bytes());
    Ok(file)
}

/// Of each index, whether it is the left and the right part of a merge.
fn flags(source: &Source) -> Vec<u64> {
    let mut flags = vec![0u64; 256 + source.merges.len()];
    for merge in &source.merges {
        flags[merge.left as usize] |= 1;
        flags[merge.right as usize] |= 2;
    }
    flags
}

/// What each two bytes make.
fn bigrams(source: &Source, flags: &[u64]) -> Vec<u8> {
    let mut table = vec![0u32; 1 << 16];
    for (merge, index) in source.merges.iter().zip(256u32..) {
        if merge.left < 256 && merge.right < 256 {
            let place = (merge.left | merge.right << 8) as usize;
            table[place] = index << 2 | flags[index as usize] as u32;
        }
    }
    words(table.into_iter())
}

fn pairs(source: &Source, flags: &[u64], bits: u32) -> Vec<u8> {
    let merges = source.merges.iter().zip(&flags[256..]);
    fields(
        2 * bits + 2,
        merges.map(|(merge, flags)| {
            merge.left as u64 | (merge.right as u64) << bits | flags << (2 * bits)
        }),
    )
}

fn specials(source: &Source) -> Vec<u8> {
    let mut bytes = Vec::new();
    for special in &source.specials {
        bytes.extend_from_slice(&special.id.to_le_bytes());
        bytes.push(if special.in_text { KIND_SPECIAL } else { KIND_DECODE_ONLY });
        bytes.push(special.text.len() as u8);
        bytes.extend_from_slice(&special.text);
    }
    bytes
}

/// Merges by their pairs, without those of two bytes.
fn merge_table(source: &Source, flags: &[u64]) -> Result<Vec<u8>, String> {
    let merge_table: Vec<(u64, u64)> = source
        .merges
        .iter()
        .zip(256u64..)
        .filter(|(merge, _)| merge.left >= 256 || merge.right >= 256)
        .map(|(merge, index)| {
            let key = merge_key(merge.left, merge.right);
            (key, key | flags[index as usize] << 40 | index << 42)
        })
        .collect();
    let hash = perfect_hash(QUICK, &merge_table.iter().map(|(key, _)| *key).collect::<Vec<u64>>())?;
    let mut slots = vec![0u64; hash.slots as usize];
    for ((_, value), slot) in merge_table.iter().zip(&hash.slot_of_key) {
        slots[*slot as usize] = *value;
    }
    Ok(table(&hash, slots.into_iter().flat_map(u64::to_le_bytes)))
}

/// A perfect hash and what it leads to.
fn table(hash: &PerfectHash, slots: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut table = hash.seed.to_le_bytes().to_vec();
    table.extend(hash.slots.to_le_bytes());
    table.extend((hash.pilots.len() as u32).to_le_bytes());
    table.extend(&hash.pilots);
    table.extend(slots);
    table
}

/// The tokens of such lengths with their ids, the best first.
fn words_of(source: &Source, lengths: RangeInclusive<usize>) -> Vec<(Vec<u8>, u32)> {
    let bytes = (0..=255u8).zip(&source.byte_ids).map(|(byte, id)| (vec![byte], *id));
    let merges = source.merges.iter().map(|merge| (merge.bytes.clone(), merge.id));
    // Zeros at the end of a token cannot be told from the zeros after it.
    bytes
        .chain(merges)
        .filter(|(token, _)| lengths.contains(&token.len()) && token.last() != Some(&0))
        .collect()
}

/// The front of the words of up to eight bytes, and those that found no room in it.
fn front_words(words: Vec<(Vec<u8>, u32)>) -> (Vec<u8>, Vec<(Vec<u8>, u32)>) {
    let mut slots = vec![None; FRONT_SLOTS];
    let mut others = Vec::new();
    for word in words {
        let place = &mut slots[front_slot(halves(&word.0)[0])];
        match place {
            None => *place = Some(word),
            Some(_) => others.push(word),
        }
    }
    let slots = slots.into_iter().flat_map(|word| match word {
        Some((token, id)) => slot(&token, id, SHORT_SLOT_BYTES),
        None => vec![0; SHORT_SLOT_BYTES],
    });
    (slots.collect(), others)
}

/// The first eight bytes of a token and the next eight as numbers, zeros after its end.
fn halves(token: &[u8]) -> [u64; 2] {
    let mut bytes = [0; 16];
    bytes[..token.len()].copy_from_slice(token);
    let number = u128::from_le_bytes(bytes);
    [number as u64, (number >> 64) as u64]
}

fn slot(token: &[u8], id: u32, slot_bytes: usize) -> Vec<u8> {
    let mut slot = token.to_vec();
    slot.resize(slot_bytes - 4, 0);
    slot.extend(id.to_le_bytes());
    slot
}

/// Tokens by their bytes.
fn word_table(words: &[(Vec<u8>, u32)], slot_bytes: usize) -> Result<Vec<u8>, String> {
    let keys = words.iter().map(|(token, _)| {
        let [low, high] = halves(token);
        word_key(low, high)
    });
    let hash = perfect_hash(QUICK, &keys.collect::<Vec<u64>>())?;
    let mut slots = vec![0; hash.slots as usize * slot_bytes];
    for ((token, id), place) in words.iter().zip(&hash.slot_of_key) {
        slots[*place as usize * slot_bytes..][..slot_bytes]
            .copy_from_slice(&slot(token, *id, slot_bytes));
    }
    Ok(table(&hash, slots.into_iter()))
}

fn fields(bits: u32, values: impl Iterator<Item = u64>) -> Vec<u8> {
    let (mut bytes, mut held, mut count) = (Vec::new(), 0u128, 0);
    for value in values {
        held |= (value as u128) << count;
        count += bits;
        while count >= 8 {
            bytes.push(held as u8);
            (held, count) = (held >> 8, count - 8);
        }
    }
    if count > 0 {
        bytes.push(held as u8);
    }
    bytes
}

fn words(values: impl Iterator<Item = u32>) -> Vec<u8> {
    values.flat_map(u32::to_le_bytes).collect()
}
