//! A packed vocabulary, read where it lies.

pub(super) mod fault;
pub mod format;
pub(super) mod merge_table;
pub(super) mod packed_ids;
pub(super) mod pruning;
pub(super) mod special;
pub(super) mod token_index;
pub(super) mod words;

use core::hint::select_unpredictable;

use self::fault::VocabularyFault;
use self::format::{Section, u32_at, u64_at};
use self::merge_table::{Bigrams, Merge, MergeLookup, MergeTable};
use self::packed_ids::PackedIds;
use self::pruning::Pruning;
use self::token_index::TokenIndex;
use self::words::{CachedWords, WordTable};
use super::pretokenize::Pattern;
use crate::Error;

/// A vocabulary in the packed form of [`format`](format): lent bytes and the offsets in them.
///
/// Opening copies and builds nothing. Each access is checked, so whatever the bytes are, no call
/// panics, reads outside or runs forever.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary<'v> {
    bytes: &'v [u8],
    sections: [&'v [u8]; format::SECTIONS],
    pattern: Pattern,
    pruning: Option<Pruning>,
    tokens: u32,
    index_bits: u32,
    slots: u32,
    buckets: u32,
    seed: u64,
    first_merge_id: u32,
    byte_ids: &'v [u8],
    merge_ids: &'v [u8],
    /// The tokens of up to eight bytes that are found at once, the other ones, and the longer ones.
    front: CachedWords<'v>,
    short: WordTable<'v>,
    long: WordTable<'v>,
    /// With the merge table.
    bigrams: Option<&'v Bigrams>,
    merge_table: WordTable<'v>,
}

/// A token that no merge makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Special<'v> {
    /// The id that the model sees.
    pub id: u32,
    /// Its text, such as `<|endoftext|>`.
    pub text: &'v [u8],
    /// False for a token that is only ever decoded.
    pub in_text: bool,
}

impl<'v> Vocabulary<'v> {
    /// Opens a packed vocabulary from outside: header, layout and the checksum of every byte.
    ///
    /// # Errors
    /// `BadVocabulary`; `detail` is a [`VocabularyFault`].
    pub fn open(bytes: &'v [u8]) -> Result<Self, Error> {
        let vocabulary = Self::open_embedded(bytes)?;
        let body = bytes.get(format::HEADER_BYTES..).unwrap_or_default();
        if format::checksum(body) == u64_at(bytes, 16) {
            Ok(vocabulary)
        } else {
            Err(VocabularyFault::Body.error())
        }
    }

    /// Opens a packed vocabulary that is part of the program: header and layout only, in constant
    /// time, without touching the rest.
    ///
    /// Damage after the header is not seen; it leads to wrong counts, never to a panic.
    ///
    /// # Errors
    /// `BadVocabulary`; `detail` is a [`VocabularyFault`].
    pub fn open_embedded(bytes: &'v [u8]) -> Result<Self, Error> {
        Self::read_header(bytes).map_err(VocabularyFault::error)
    }

    fn read_header(bytes: &'v [u8]) -> Result<Self, VocabularyFault> {
        if bytes.get(..7).is_none_or(|magic| magic != format::MAGIC) {
            return Err(if bytes.len() < 7 {
                VocabularyFault::Truncated
            } else {
                VocabularyFault::Foreign
            });
        }
        let Some(header) = bytes.first_chunk::<{ format::HEADER_BYTES }>() else {
            return Err(VocabularyFault::Truncated);
        };
        if u32_at(header, 8) == format::BYTE_ORDER.swap_bytes() {
            return Err(VocabularyFault::ByteOrder);
        }
        if header[7] != format::VERSION {
            return Err(VocabularyFault::Version);
        }
        let mut unsummed = *header;
        for byte in unsummed.iter_mut().skip(24).take(8) {
            *byte = 0;
        }
        if u32_at(header, 8) != format::BYTE_ORDER
            || format::checksum(&unsummed) != u64_at(header, 24)
        {
            return Err(VocabularyFault::Header);
        }
        match bytes.len().cmp(&(u32_at(header, 12) as usize)) {
            core::cmp::Ordering::Less => return Err(VocabularyFault::Truncated),
            core::cmp::Ordering::Greater => return Err(VocabularyFault::Trailing),
            core::cmp::Ordering::Equal => {}
        }
        let mut sections: [&'v [u8]; format::SECTIONS] = [&[]; format::SECTIONS];
        for (number, section) in sections.iter_mut().enumerate() {
            let offset = u32_at(header, 88 + 8 * number) as usize;
            let length = u32_at(header, 92 + 8 * number) as usize;
            // The eight bytes after a section belong to its slice: a word may be read at its end.
            let end = offset.checked_add(length).and_then(|end| end.checked_add(8));
            *section = end.and_then(|end| bytes.get(offset..end)).ok_or(VocabularyFault::Layout)?;
        }
        let table = |section: Section, slot_bytes| {
            let section = sections.get(section as usize).copied().unwrap_or_default();
            let (table, rest) = WordTable::read(section, slot_bytes)?;
            (rest.len() == 8).then_some(table)
        };
        let words = sections.get(Section::ShortWords as usize).copied().unwrap_or_default();
        let words = CachedWords::read(words).and_then(|(front, rest)| {
            let (short, rest) = WordTable::read(rest, format::SHORT_SLOT_BYTES)?;
            let long = table(Section::LongWords, format::LONG_SLOT_BYTES)?;
            (rest.len() == 8).then_some((front, short, long))
        });
        let (front, short, long) = words.ok_or(VocabularyFault::Layout)?;
        let merge_table = table(Section::MergeTable, format::MERGE_SLOT_BYTES);
        let optional = |section: Section| match sections.get(section as usize) {
            Some(table) if table.len() > 8 => *table,
            _ => &[],
        };
        let vocabulary = Self {
            front,
            short,
            long,
            merge_table: merge_table.ok_or(VocabularyFault::Layout)?,
            bigrams: optional(Section::Bigrams).as_chunks().0.first_chunk(),
            byte_ids: optional(Section::ByteIds),
            merge_ids: optional(Section::MergeIds),
            bytes,
            sections,
            pattern: Pattern::from_number(u32_at(header, 32)).ok_or(VocabularyFault::Pattern)?,
            pruning: Pruning::from_number(u16::from_le_bytes([header[42], header[43]]))
                .ok_or(VocabularyFault::Layout)?,
            tokens: u32_at(header, 36),
            index_bits: header[40] as u32,
            slots: u32_at(header, 44),
            buckets: u32_at(header, 48),
            seed: u64_at(header, 56),
            first_merge_id: u32_at(header, 52),
        };
        if vocabulary.layout_holds(header[41] as usize) {
            Ok(vocabulary)
        } else {
            Err(VocabularyFault::Layout)
        }
    }

    fn layout_holds(&self, longest: usize) -> bool {
        let merges = (self.tokens as usize).saturating_sub(256);
        let field = |bits: u32, count: usize| (bits as usize).saturating_mul(count).div_ceil(8);
        let exactly = |section: Section, length: usize| self.length_of(section) == length;
        let optional = |section: Section, length: usize| {
            let found = self.length_of(section);
            found == 0 || found >= length
        };
        (256..1 << 20).contains(&self.tokens)
            && (9..=20).contains(&self.index_bits)
            && self.tokens <= 1 << self.index_bits
            && longest <= format::MAX_TOKEN_BYTES
            && exactly(Section::Pairs, field(2 * self.index_bits + 2, merges))
            && (self.has_merge_table()
                || (self.slots as usize >= merges
                    && self.buckets > 0
                    && exactly(Section::Slots, field(self.index_bits, self.slots as usize))
                    && exactly(Section::Pilots, self.buckets as usize)))
            && exactly(Section::ByteIds, 1024)
            && self.length_of(Section::Lengths) >= format::SHORT_INDEXES.min(self.tokens as usize)
            && optional(Section::MergeIds, 8 * merges)
            && optional(Section::Bigrams, 4 << 16)
            && (self.first_merge_id as usize).saturating_add(merges) <= 1 << 20
    }

    fn length_of(&self, section: Section) -> usize {
        self.section(section).len().saturating_sub(8)
    }

    fn section(&self, section: Section) -> &'v [u8] {
        self.sections.get(section as usize).copied().unwrap_or_default()
    }

    /// The name from the packer.
    pub fn name(&self) -> &'v str {
        let name = self.bytes.get(64..88).unwrap_or_default();
        let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
        name.get(..end).and_then(|name| core::str::from_utf8(name).ok()).unwrap_or_default()
    }

    /// How text is split before merging.
    pub const fn pattern(&self) -> Pattern {
        self.pattern
    }

    /// The kept part, if it was pruned.
    pub const fn pruning(&self) -> Option<Pruning> {
        self.pruning
    }

    pub(crate) fn makes_ids(&self) -> Result<(), Error> {
        if self.pruning.is_some() { Err(VocabularyFault::CountsOnly.error()) } else { Ok(()) }
    }

    /// Number of tokens without the special ones.
    pub const fn len(&self) -> usize {
        self.tokens as usize
    }

    /// Whether the bytes are the only tokens.
    pub const fn is_empty(&self) -> bool {
        self.tokens <= 256
    }

    /// The tokens that no merge makes, ordered by id.
    pub fn specials(&self) -> impl Iterator<Item = Special<'v>> + use<'v> {
        let section = self.section(Section::Specials);
        let mut rest = section.get(..section.len().saturating_sub(8)).unwrap_or_default();
        core::iter::from_fn(move || {
            let (head, tail) = rest.split_at_checked(6)?;
            let (text, tail) = tail.split_at_checked(*head.get(5)? as usize)?;
            rest = tail;
            let in_text = *head.get(4)? == format::KIND_SPECIAL;
            Some(Special { id: u32_at(head, 0), text, in_text })
        })
    }

    /// Writes the bytes of token `id` to `sink`, one at a time. False if there is no such token.
    pub(crate) fn bytes_of(&self, id: u32, mut sink: impl FnMut(u8)) -> bool {
        if let Some(index) = self.merge_of(id) {
            self.expand(index, sink);
            return true;
        }
        // Before the bytes: those without a token are the unknown one, which may be special.
        let mut specials = self.specials().take_while(|special| special.id <= id);
        if let Some(special) = specials.find(|special| special.id == id) {
            special.text.iter().for_each(|&byte| sink(byte));
            return true;
        }
        let byte = (0..=255u8).find(|&byte| self.id_of(byte as u32) == id);
        byte.map(sink).is_some()
    }

    fn expand(&self, index: u32, mut sink: impl FnMut(u8)) {
        let mut stack = [0u32; format::MAX_DEPTH];
        let (mut depth, mut current) = (0usize, index);
        // The bound matters in a damaged file only: pairs of pairs could spell 2^n bytes.
        for _ in 0..format::MAX_TOKEN_BYTES {
            while let Some((left, right)) = self.parts(current) {
                let Some(place) = stack.get_mut(depth) else { break };
                (*place, depth, current) = (right, depth + 1, left);
            }
            sink(current as u8);
            let Some(top) = depth.checked_sub(1) else { return };
            depth = top;
            current = stack.get(depth).copied().unwrap_or_default();
        }
    }

    /// Bytes of a token; 0 when the file is damaged.
    pub(crate) fn length(&self, index: u32) -> usize {
        let lengths = self.section(Section::Lengths);
        let known = lengths.len().saturating_sub(8);
        let (mut stack, mut depth) = ([0u32; format::MAX_DEPTH], 0usize);
        let (mut total, mut current) = (0usize, index);
        while total <= format::MAX_TOKEN_BYTES {
            if (current as usize) < known {
                total += lengths.get(current as usize).copied().unwrap_or_default().max(1) as usize;
                let Some(top) = depth.checked_sub(1) else { return total };
                depth = top;
                current = stack.get(depth).copied().unwrap_or_default();
            } else {
                let Some((left, right)) = self.parts(current) else { return 0 };
                let Some(place) = stack.get_mut(depth) else { return 0 };
                (*place, depth, current) = (right, depth + 1, left);
            }
        }
        0
    }

    /// The id of a token, as the model knows it.
    #[inline(always)]
    pub(crate) fn id_of(&self, index: u32) -> u32 {
        let byte = u32_at(self.byte_ids, 4 * (index as usize & 255));
        let merge = index.wrapping_sub(256);
        let merge = if self.merge_ids.is_empty() {
            self.first_merge_id.wrapping_add(merge)
        } else {
            u32_at(self.merge_ids, 4 * merge as usize)
        };
        // Texts have bytes and merges in no order that could be foreseen.
        select_unpredictable(index < 256, byte, merge)
    }

    /// The index of the merge with this id.
    fn merge_of(&self, id: u32) -> Option<u32> {
        let merges = self.tokens.saturating_sub(256);
        if self.length_of(Section::MergeIds) == 0 {
            let merge = id.wrapping_sub(self.first_merge_id);
            if merge < merges {
                return Some(merge + 256);
            }
        } else {
            let ids = self.section(Section::MergeIds);
            let by_id = |place: u32| u32_at(ids, 4 * (merges as usize + place as usize));
            let (mut low, mut high) = (0, merges);
            while low < high {
                let middle = low + (high - low) / 2;
                if self.id_of(by_id(middle)) < id { low = middle + 1 } else { high = middle }
            }
            if low < merges && self.id_of(by_id(low)) == id {
                return Some(by_id(low).min(self.tokens - 1));
            }
        }
        None
    }

    /// The two parts of a merge; `None` for a byte, and where a damaged file has no smaller parts.
    pub(crate) fn parts(&self, index: u32) -> Option<(u32, u32)> {
        self.entry(index).map(|(left, right, _)| (left, right))
    }

    /// The right part of a merge, and the merge with its own flags.
    #[inline]
    pub(crate) fn node(&self, index: u32) -> (TokenIndex, Option<u32>) {
        match self.entry(index) {
            Some((_, right, node)) => (node, Some(right)),
            None => (TokenIndex::byte(index as u8), None),
        }
    }

    /// The left part of a merge, and the merge with its own flags.
    #[inline]
    pub(crate) fn node_and_left(&self, index: u32) -> (TokenIndex, Option<u32>) {
        match self.entry(index) {
            Some((left, _, node)) => (node, Some(left)),
            None => (TokenIndex::byte(index as u8), None),
        }
    }

    #[inline]
    fn entry(&self, index: u32) -> Option<(u32, u32, TokenIndex)> {
        let merge = index.checked_sub(256)?;
        let bits = self.index_bits;
        let field = field_at(self.section(Section::Pairs), 2 * bits + 2, merge)?;
        let (left, right) = (field as u32 & low(bits), (field >> bits) as u32 & low(bits));
        let flags = (field >> (2 * bits)) as u32 & 3;
        (left < index && right < index).then_some((left, right, TokenIndex::new(index, flags)))
    }

    /// The token that `left` and `right` make together.
    #[inline]
    pub(crate) fn merge(&self, left: TokenIndex, right: TokenIndex) -> Option<TokenIndex> {
        let merge = match self.merge_table() {
            Some(merge_table) if left.index() | right.index() < 256 => {
                merge_table.of_bytes(left.index() as u8, right.index() as u8)
            }
            Some(merge_table) => merge_table.of(left, right),
            None => self.of(left, right),
        };
        (!merge.is_none()).then_some(merge.node())
    }

    /// The tables for speed, if there are.
    #[inline(always)]
    pub(crate) fn merge_table(&self) -> Option<MergeTable<'v>> {
        self.bigrams
            .filter(|_| self.has_merge_table())
            .map(|bigrams| MergeTable::new(bigrams, self.merge_table))
    }

    const fn has_merge_table(&self) -> bool {
        // As with the words.
        cfg!(feature = "unicode-pages") && self.bigrams.is_some() && !self.merge_table.is_empty()
    }

    #[inline]
    fn merge_small(&self, left: TokenIndex, right: TokenIndex) -> Option<TokenIndex> {
        let (left, right) = (left.index(), right.index());
        let mixed = format::mix(((left as u64) << 32 | right as u64) ^ self.seed);
        let bucket = format::bucket_of(mixed, self.buckets) as usize;
        let pilot = *self.section(Section::Pilots).get(bucket)?;
        let slot = format::slot_of(mixed, pilot, self.slots);
        let index = field_at(self.section(Section::Slots), self.index_bits, slot)? as u32;
        let (found_left, found_right, node) = self.entry(index & low(self.index_bits))?;
        (found_left == left && found_right == right).then_some(node)
    }
}

impl MergeLookup for Vocabulary<'_> {
    const AT_ONCE: bool = false;

    fn of_bytes(&self, left: u8, right: u8) -> Merge {
        self.of(TokenIndex::byte(left), TokenIndex::byte(right))
    }

    fn of(&self, left: TokenIndex, right: TokenIndex) -> Merge {
        let joined = if left.may_join(right) { self.merge_small(left, right) } else { None };
        joined.map_or(Merge::NONE, Merge::of)
    }
}

impl<'v> Vocabulary<'v> {
    /// Whether the file has tables of words, and they are read.
    pub(crate) const fn has_words(&self) -> bool {
        // Small processors do not carry the code for them: the pairs are enough.
        cfg!(feature = "unicode-pages") && !self.front.is_empty()
    }

    /// The token with these bytes: the first eight and the next eight as numbers, zeros after the end.
    /// The last byte may not be zero.
    #[inline(always)]
    pub(crate) fn word(&self, word: [u64; 2]) -> PackedIds<2> {
        let front = self.front.find(word);
        let after = select_unpredictable(word[1] == 0, &self.short, &self.long).find(word);
        select_unpredictable(front.is_none(), after, front)
    }

    /// Where the token with these bytes and this id is in the tables.
    #[inline(always)]
    pub(crate) fn word_place(&self, word: [u64; 2], id: u32) -> Option<u32> {
        let [low, high] = word;
        let front = format::front_slot(low) as u32;
        let place = if self.word_at(front) == Some((word, id)) {
            front
        } else if high == 0 {
            format::FRONT_SLOTS as u32 + self.short.place_of(word)
        } else {
            format::FRONT_SLOTS as u32 + self.short.len() + self.long.place_of(word)
        };
        (self.word_at(place)? == (word, id)).then_some(place)
    }

    /// The bytes and the id of the token at a place in the tables.
    #[inline(always)]
    pub(crate) fn word_at(&self, place: u32) -> Option<([u64; 2], u32)> {
        let Some(short) = place.checked_sub(format::FRONT_SLOTS as u32) else {
            return self.front.slot(place);
        };
        match short.checked_sub(self.short.len()) {
            None => self.short.slot(short),
            Some(long) => self.long.slot(long),
        }
    }

    /// The words that are found at once.
    pub(crate) const fn front(&self) -> CachedWords<'v> {
        self.front
    }
}

const fn low(bits: u32) -> u32 {
    (1 << bits) - 1
}

/// Field `number` of fields of `bits` bits (at most 56), with rubbish above them.
#[inline]
fn field_at(section: &[u8], bits: u32, number: u32) -> Option<u64> {
    let bit = number as u64 * bits as u64;
    let at = (bit >> 3) as usize;
    let word = section.get(at..)?.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*word) >> (bit & 7))
}
