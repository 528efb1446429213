//! The notes: of each call eight bytes, its place and that of its result, in the order of the
//! calls.

use super::{Extent, FEW, call_behind};
use crate::transcript::Storage;
use crate::transcript::log::{FIRST_RECORD, Log};
use crate::transcript::record::{FIRST, Kind, REPEATED, Record, Records};
use crate::wire::hash::hash;

/// Where the notes are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    /// Their first byte in the storage; above all of it when there are none.
    at: u32,
    count: u32,
}

impl Places {
    pub const NONE: Self = Self { at: u32::MAX, count: 0 };

    /// The transcript grows to `used` bytes.
    #[inline(always)]
    pub const fn reach(&mut self, used: usize) {
        if used > self.at as usize {
            *self = Self::NONE;
        }
    }

    /// Records move.
    #[inline(always)]
    pub const fn forget(&mut self) {
        *self = Self::NONE;
    }
}

/// The notes, to look in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<'a> {
    /// `None`: no place is known, see [`BLIND`](Self::BLIND).
    notes: Option<&'a [Note]>,
}

type Note = [u8; 8];

fn note(call: usize, result: usize) -> Note {
    (call as u64 | (result as u64) << 32).to_le_bytes()
}

/// The call and the result of a note; 0: there is none.
const fn places(note: Note) -> (usize, usize) {
    let both = u64::from_le_bytes(note);
    (both as u32 as usize, (both >> 32) as usize)
}

impl<'a> Table<'a> {
    /// For callers that do not need the call of a result.
    #[cfg_attr(not(feature = "window"), allow(dead_code, reason = "only counts are blind"))]
    pub const BLIND: Self = Self { notes: None };

    /// The notes after the transcript in `storage`.
    pub fn of(storage: &'a dyn Storage, extent: Extent) -> Self {
        let Places { at, count } = extent.places;
        let notes = storage.bytes().get(at as usize..).unwrap_or_default().as_chunks().0;
        Self { notes: notes.get(..count as usize).or(Some(&[])) }
    }

    pub const fn is_blind(self) -> bool {
        self.notes.is_none()
    }

    /// Call `index` of the reply that begins at `reply`.
    pub fn call(self, bytes: &'a [u8], reply: usize, index: u32) -> Option<Record<'a>> {
        Record::at(bytes, places(self.note(bytes, reply, index)?).0)
    }

    /// The result of this call.
    pub fn result(self, bytes: &'a [u8], reply: usize, index: u32) -> Option<Record<'a>> {
        let (_, result) = places(self.note(bytes, reply, index)?);
        Record::at(bytes, result).filter(|_| result > 0)
    }

    fn note(self, bytes: &[u8], reply: usize, index: u32) -> Option<Note> {
        // Notes are in the order of the calls.
        let notes = self.notes?;
        let first = notes.partition_point(|note| places(*note).0 < reply);
        let is_its = call_behind(bytes, reply, reply, 0)?.offset == places(*notes.get(first)?).0;
        notes.get(first.checked_add(index as usize)?).filter(|_| is_its).copied()
    }
}

impl Log<'_> {
    /// Notes the places of all calls of long replies, where there is room for that.
    pub fn note_places(&mut self) {
        self.extent.places = Places::NONE;
        let mut count = 0;
        let mut in_reply = 0;
        for record in self.records_from(FIRST_RECORD) {
            if record.is_reply() && record.header.has(FIRST) {
                in_reply = 0;
            }
            in_reply += u32::from(record.is(Kind::Call));
            if record.is(Kind::Call) && in_reply > FEW {
                count += if in_reply == FEW + 1 { in_reply as usize } else { 1 };
            }
        }
        if count == 0 {
            return;
        }
        let Some((records, notes, at)) = self.after_records(count) else { return };
        let (mut first, mut next) = (0, 0);
        let is_few = |first, next| next - first <= FEW as usize;
        for record in Records::from(records, FIRST_RECORD) {
            if record.is_reply() && record.header.has(FIRST) {
                next = if is_few(first, next) { first } else { next };
                first = next;
            }
            let index = record.header.call_index() as usize;
            let (place, new) = match record.header.kind() {
                Kind::Call => (next, note(record.offset, 0)),
                Kind::Result => match notes.get(first + index) {
                    Some(known) if index < next - first => {
                        (first + index, note(places(*known).0, record.offset))
                    }
                    _ => continue,
                },
                Kind::User | Kind::Text | Kind::Thinking | Kind::Opaque | Kind::Attachment => {
                    continue;
                }
            };
            next += usize::from(record.is(Kind::Call));
            if let Some(place) = notes.get_mut(place) {
                *place = new;
            }
        }
        self.extent.places = Places { at: at as u32, count: count as u32 };
    }

    /// Call `index` of the reply that begins at `reply`, the last.
    pub fn noted_call(&mut self, reply: usize, index: u32) -> Option<usize> {
        if self.extent.places.count == 0 {
            self.note_places();
        }
        let extent = *self.extent;
        let bytes = self.storage.bytes().get(..extent.used as usize)?;
        Some(Table::of(&*self.storage, extent).call(bytes, reply, index)?.offset)
    }

    /// The call at `call` has the result at `result`.
    pub fn note_result(&mut self, call: usize, result: usize) {
        let Places { at, count } = self.extent.places;
        let notes = self.storage.bytes_mut().get_mut(at as usize..).unwrap_or_default();
        let notes = notes.as_chunks_mut().0.get_mut(..count as usize).unwrap_or_default();
        if let Ok(place) = notes.binary_search_by(|note| places(*note).0.cmp(&call))
            && let Some(place) = notes.get_mut(place)
        {
            *place = note(call, result);
        }
    }

    /// Marks each call from `from` on whose id is that of one before it. False, and nothing is
    /// marked: there is no room to sort the ids.
    pub fn mark_all_repeated(&mut self, from: usize) -> bool {
        let calls = self.records_from(FIRST_RECORD).filter(|record| record.is(Kind::Call));
        let count = calls.count();
        self.extent.places = Places::NONE;
        let Some((records, notes, at)) = self.after_records(count) else { return false };
        let calls = Records::from(records, FIRST_RECORD).filter(|record| record.is(Kind::Call));
        for (place, call) in notes.iter_mut().zip(calls) {
            *place = note(call.offset, hash(call.call_bytes().0) as usize);
        }
        let id_at = |call| Record::at(records, call).map_or(&[][..], |call| call.call_bytes().0);
        // The hash tells most ids apart without a look at them.
        notes.sort_unstable_by(|one, other| {
            let ((one, hash), (other, other_hash)) = (places(*one), places(*other));
            let order = hash.cmp(&other_hash).then_with(|| id_at(one).cmp(id_at(other)));
            order.then(one.cmp(&other))
        });
        let mut before: &[u8] = &[];
        for place in notes {
            let (offset, _) = places(*place);
            let id = id_at(offset);
            let is_repeated = !id.is_empty() && id == before && offset >= from;
            before = id;
            *place = note(offset, usize::from(is_repeated));
        }
        for place in 0..count {
            let notes = self.storage.bytes().get(at..).unwrap_or_default().as_chunks().0;
            if let Some((call, 1)) = notes.get(place).copied().map(places) {
                self.set_flags(call, REPEATED);
            }
        }
        true
    }

    /// The records, `count` notes at the end of the storage, and where these begin. There is some
    /// room between the two, so that a growing transcript seldom reaches the notes.
    fn after_records(&mut self, count: usize) -> Option<(&[u8], &mut [Note], usize)> {
        let (used, size) = (self.used(), count.checked_mul(size_of::<Note>())?);
        let wanted = used.checked_add(size)?;
        u32::try_from(wanted).ok()?;
        if !self.storage.reserve(wanted.saturating_add(used / 4)) && !self.storage.reserve(wanted) {
            return None;
        }
        let bytes = self.storage.bytes_mut();
        let at = bytes.len().min(u32::MAX as usize).checked_sub(size).filter(|at| *at >= used)?;
        let (records, notes) = bytes.split_at_mut_checked(at)?;
        Some((records.get(..used)?, notes.as_chunks_mut().0.get_mut(..count)?, at))
    }
}
