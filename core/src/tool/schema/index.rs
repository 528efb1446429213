//! The searches that a check repeats: a name in a large object, an item like an earlier one.
//!
//! Both are found by hash in a table of fixed size, and compared before they count. Small processors
//! have no table, and look through all of it.

use super::eval::{Eval, Outcome};
use super::rule::{Rule, property};
use crate::error::Error;
use crate::tool::json_text::{Json, JsonKind};
use crate::tool::number::Number;
use crate::wire::hash::{START, add};

/// Offsets in a text by the hash of the value at each; 0 is a free place.
pub(super) struct Index {
    slots: [u32; SLOTS],
    /// Some bits of the hash of an item: they distinguish it from most others at its place.
    tags: [u8; SLOTS],
    /// The object whose names these are: where its text lies, and its offset there.
    of: Option<(usize, usize)>,
    /// Not all of its names fit.
    is_full: bool,
    /// The place after the member that was found last.
    next: usize,
}

impl Index {
    pub const fn new() -> Self {
        Self { slots: [0; SLOTS], tags: [0; SLOTS], of: None, is_full: false, next: 0 }
    }

    fn clear(&mut self, of: Option<(usize, usize)>) {
        (self.slots, self.of, self.is_full, self.next) = ([0; SLOTS], of, false, 0);
    }
}

impl<'a> Eval<'a> {
    /// The member of that name, whatever escapes either is written with.
    pub fn property(
        &mut self,
        object: Json<'a>,
        name: Json<'a>,
    ) -> Result<Option<Json<'a>>, Error> {
        let size = object.raw().len();
        if SLOTS == 0 || size < LARGE_BYTES {
            self.spend(size)?;
            return Ok(property(object, name));
        }
        let of = Some((object.whole().as_ptr().addr(), object.offset()));
        if self.index.of != of {
            self.note_names(object, of)?;
        }
        if self.index.is_full {
            return self.next_property(object, name);
        }
        let found = self.slot(object, name)?.1;
        Ok(found.and_then(|name| object.member_at(name)).map(|(_, value)| value))
    }

    /// There are very many names: mostly they are asked for in their order.
    fn next_property(
        &mut self,
        object: Json<'a>,
        name: Json<'a>,
    ) -> Result<Option<Json<'a>>, Error> {
        let next = Some(self.index.next).filter(|next| *next > 0);
        let next = next.and_then(|next| object.member_at(next)).or_else(|| object.members().next());
        if let Some((own, value)) = next
            && own.chars().eq(name.chars())
        {
            self.index.next = value.offset().saturating_add(value.raw().len());
            self.spend(own.raw().len())?;
            return Ok(Some(value));
        }
        self.spend(object.raw().len())?;
        let found = property(object, name);
        self.index.next = found.map_or(0, |value| value.offset().saturating_add(value.raw().len()));
        Ok(found)
    }

    fn note_names(&mut self, object: Json<'a>, of: Option<(usize, usize)>) -> Result<(), Error> {
        self.spend(object.raw().len())?;
        self.index.clear(of);
        for (place, (name, _)) in object.members().enumerate() {
            let offset = u32::try_from(name.offset()).unwrap_or_default();
            if place.saturating_add(1) > MOST_NAMES || offset == 0 {
                self.index.is_full = true;
                break;
            }
            // Of two members of one name, the last counts.
            let (slot, _) = self.slot(object, name)?;
            if let Some(slot) = self.index.slots.get_mut(slot) {
                *slot = offset;
            }
        }
        Ok(())
    }

    /// Where the name is noted, or the place for it, and the offset that is there.
    fn slot(&mut self, object: Json<'a>, name: Json<'a>) -> Result<(usize, Option<usize>), Error> {
        let mut slot = text_hash(name) as usize;
        loop {
            slot = slot.checked_rem(SLOTS).unwrap_or_default();
            let at = self.index.slots.get(slot).map_or(0, |at| *at as usize);
            if at == 0 {
                return Ok((slot, None));
            }
            let known = object.at(at);
            self.spend(known.raw().len())?;
            if known.chars().eq(name.chars()) {
                return Ok((slot, Some(at)));
            }
            slot = slot.saturating_add(1);
        }
    }

    /// Whether all items differ. Each goes through as many times as there are tables full of them.
    #[inline(never)]
    pub fn unique(&mut self, rule: &Rule<'a>) -> Result<Outcome, Error> {
        match rule.argument.kind() {
            JsonKind::Bool(false) => return Ok(Outcome::Valid),
            JsonKind::Bool(true) => {}
            _ => return Err(rule.bad()),
        }
        let count = rule.value.elements().count();
        if count <= FEW_ITEMS || SLOTS == 0 || rule.value.whole().len() > u32::MAX as usize {
            return self.unique_by_pairs(rule);
        }
        let passes = count.checked_div(SLOTS / 2).unwrap_or_default().saturating_add(1);
        let mut again: Option<Json<'a>> = None;
        for pass in 0..passes {
            self.spend(rule.value.raw().len().saturating_mul(2))?;
            self.spend(count.saturating_mul(ITEM_BYTES))?;
            self.index.clear(None);
            for item in rule.value.elements() {
                if again.is_some_and(|again| again.offset() <= item.offset()) {
                    break;
                }
                let hash = value_hash(item, 0) as usize;
                if hash.checked_rem(passes) == Some(pass) && self.is_known(rule, item, hash)? {
                    again = Some(item);
                }
            }
        }
        Ok(again.map_or(Outcome::Valid, |item| rule.violated(item, rule.argument)))
    }

    /// Whether an item that is the same is in the table; else this one is, now.
    fn is_known(&mut self, rule: &Rule<'a>, item: Json<'a>, hash: usize) -> Result<bool, Error> {
        // The rest of the division by the passes is the same for all.
        let mixed = hash.wrapping_mul(MIX);
        let [.., tag] = mixed.to_le_bytes();
        let mut slot = mixed >> (usize::BITS / 2);
        loop {
            slot = slot.checked_rem(SLOTS).unwrap_or_default();
            let known_tag = self.index.tags.get(slot).copied();
            match self.index.slots.get_mut(slot) {
                Some(place) if *place == 0 => {
                    *place = item.offset() as u32;
                    if let Some(place) = self.index.tags.get_mut(slot) {
                        *place = tag;
                    }
                    return Ok(false);
                }
                Some(_) if known_tag != Some(tag) => self.spend(1)?,
                Some(place) => {
                    let earlier = rule.value.at(*place as usize);
                    if self.equal(earlier, item, rule.depth)? {
                        return Ok(true);
                    }
                }
                None => return Ok(false),
            }
            slot = slot.saturating_add(1);
        }
    }

    fn unique_by_pairs(&mut self, rule: &Rule<'a>) -> Result<Outcome, Error> {
        for item in rule.value.elements() {
            for earlier in rule.value.elements() {
                if earlier.offset() == item.offset() {
                    break;
                }
                if self.equal(earlier, item, rule.depth)? {
                    return Ok(rule.violated(item, rule.argument));
                }
            }
        }
        Ok(Outcome::Valid)
    }
}

/// The same for values that are equal as JSON Schema means it.
fn value_hash(value: Json<'_>, depth: u32) -> u32 {
    let deeper = depth.saturating_add(1);
    match value.kind() {
        // Deeper differences are found by a comparison.
        _ if depth > HASHED_DEPTH => START,
        JsonKind::Null => add(START, b'n'),
        JsonKind::Bool(is) => add(START, b't'.wrapping_add(is.into())),
        JsonKind::Number => Number::read(value).map_or(START, Number::hash),
        JsonKind::String => text_hash(value),
        JsonKind::Array => value.elements().fold(add(START, b'['), |hash, item| {
            value_hash(item, deeper).to_le_bytes().into_iter().fold(hash, add)
        }),
        // In any order.
        JsonKind::Object => value.members().fold(add(START, b'{'), |sum, (name, value)| {
            let hash =
                value_hash(value, deeper).to_le_bytes().into_iter().fold(text_hash(name), add);
            sum.wrapping_add(hash)
        }),
    }
}

fn text_hash(text: Json<'_>) -> u32 {
    match text.as_str() {
        Some(plain) => plain.bytes().fold(START, add),
        None => text
            .chars()
            .fold(START, |hash, char| char.encode_utf8(&mut [0; 4]).bytes().fold(hash, add)),
    }
}

/// Places in the table: ten kilobytes of the stack.
const SLOTS: usize = if cfg!(target_pointer_width = "64") { 2048 } else { 0 };

/// The most names that are noted: beyond that the places for new ones are far.
const MOST_NAMES: usize = SLOTS / 4 * 3;

/// In a smaller object a name is found by a look at all of it.
const LARGE_BYTES: usize = 2048;

/// Up to this many items are compared in pairs.
const FEW_ITEMS: usize = 16;

/// What it costs to find the place of an item, in bytes that are looked through.
const ITEM_BYTES: usize = 32;

/// How deep values are looked into for their hash.
const HASHED_DEPTH: u32 = 4;

/// Spreads the bits of a hash: an odd number near 2^64 divided by the golden ratio.
const MIX: usize = 0x9e37_79b9_7f4a_7c15_u64 as usize;
