//! Nothing is noted: a small storage holds few calls.

use super::Extent;
use crate::transcript::Storage;
use crate::transcript::log::Log;
use crate::transcript::record::Record;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Places;

#[allow(clippy::unused_self, reason = "as where there are notes")]
impl Places {
    pub const NONE: Self = Self;

    #[inline(always)]
    pub const fn reach(&mut self, _used: usize) {}

    #[inline(always)]
    pub const fn forget(&mut self) {}
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<'a>(core::marker::PhantomData<&'a ()>);

#[allow(clippy::unused_self, reason = "as where there are notes")]
impl<'a> Table<'a> {
    pub const BLIND: Self = Self(core::marker::PhantomData);

    #[inline(always)]
    pub const fn of(_storage: &'a dyn Storage, _extent: Extent) -> Self {
        Self::BLIND
    }

    #[inline(always)]
    pub const fn is_blind(self) -> bool {
        false
    }

    #[inline(always)]
    pub const fn call(self, _bytes: &'a [u8], _reply: usize, _index: u32) -> Option<Record<'a>> {
        None
    }

    #[inline(always)]
    pub const fn result(self, _bytes: &'a [u8], _reply: usize, _index: u32) -> Option<Record<'a>> {
        None
    }
}

#[allow(clippy::unused_self, reason = "as where there are notes")]
impl Log<'_> {
    #[inline(always)]
    pub const fn note_places(&mut self) {}

    #[inline(always)]
    pub const fn noted_call(&mut self, _reply: usize, _index: u32) -> Option<usize> {
        None
    }

    #[inline(always)]
    pub const fn note_result(&mut self, _call: usize, _result: usize) {}

    #[inline(always)]
    pub const fn mark_all_repeated(&mut self, _from: usize) -> bool {
        false
    }
}
