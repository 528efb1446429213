//! The answer: the last text of the model.

use super::log::FIRST_RECORD;
use super::record::{FIRST, Kind, REFUSAL, Records};

/// The texts of an answer, see [`crate::Transcript::answer`].
#[derive(Clone, Debug)]
pub struct Answer<'a> {
    records: Records<'a>,
}

impl<'a> Answer<'a> {
    /// Of the transcript in `bytes`.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        let mut start = FIRST_RECORD;
        for record in Records::from(bytes, FIRST_RECORD) {
            if !record.is_reply() {
                start = record.end();
            } else if record.header.has(FIRST) {
                start = record.offset;
            }
        }
        Self { records: Records::from(bytes, start) }
    }
}

impl<'a> Iterator for Answer<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let texts = |record: &super::Record<'_>| {
            record.is(Kind::Text) && record.header.info != [REFUSAL, 0, 0]
        };
        self.records.find(texts).map(|record| record.text())
    }
}
