//! From records to lines, through a buffer of any size.

#[cfg(feature = "attachments")]
use crate::message::AttachmentSource;
use crate::message::Dialect;
#[cfg(feature = "attachments")]
use crate::transcript::attached;
use crate::transcript::places::{FEW, Table, call_behind};
use crate::transcript::record::{
    ELIDED, ENDED, FIRST, Kind, MARKED, REFUSAL, REPEATED, Record, Records,
};
use crate::wire::json_write::{Piece, PieceOffset, Pieces};
use crate::wire::pieces;

/// The lines of a transcript, which are pulled: see [`crate::Transcript::json_lines`].
#[derive(Clone, Debug)]
pub struct JsonLines<'t> {
    bytes: &'t [u8],
    places: Table<'t>,
    /// The record that is next.
    offset: usize,
    /// The first record of the last reply.
    reply: usize,
    /// Ids of its calls may stand for several of them, or do not follow one another in results.
    has_repeated: bool,
    /// Calls of it so far.
    calls: u32,
    /// The call that the last result answered, or 0, and its index: results mostly come in order.
    answered: (usize, u32),
    /// The record before belongs to a reply.
    in_reply: bool,
    pieces: Pieces<'t>,
    /// The piece that is next, and how much of it is written.
    index: usize,
    place: PieceOffset,
}

impl<'t> JsonLines<'t> {
    pub(in crate::transcript) const fn new(
        bytes: &'t [u8],
        places: Table<'t>,
        offset: usize,
    ) -> Self {
        let (pieces, place) = (Pieces::new(), PieceOffset::START);
        Self {
            bytes,
            places,
            offset,
            reply: offset,
            has_repeated: true,
            calls: 0,
            answered: (0, 0),
            in_reply: false,
            pieces,
            index: 0,
            place,
        }
    }

    /// Writes the next bytes into `out`, of any length from 1 on; returns how many. 0 is the end.
    pub fn read(&mut self, out: &mut [u8]) -> usize {
        let size = out.len();
        let mut free = out;
        while !free.is_empty() {
            let Some(piece) = self.pieces.as_slice().get(self.index) else {
                if self.refill() {
                    continue;
                }
                break;
            };
            if self.place.write(piece, &mut free) {
                self.index += 1;
                self.place = PieceOffset::START;
            }
        }
        size - free.len()
    }

    /// Gets the next line; false at the end.
    fn refill(&mut self) -> bool {
        self.pieces.clear();
        self.index = 0;
        let Some(record) = Record::at(self.bytes, self.offset) else { return false };
        self.offset = record.end();
        if record.is_reply() && record.header.has(FIRST) {
            (self.reply, self.has_repeated, self.answered) = (record.offset, false, (0, 0));
            self.calls = 0;
        }
        // Calls without an id are not marked.
        let [id, ..] = record.header.info;
        self.calls += u32::from(record.is(Kind::Call));
        self.has_repeated |= record.is(Kind::Call) && (record.header.has(REPEATED) || id == 0);
        let begins = core::mem::replace(&mut self.in_reply, record.is_reply());
        let flag = |text, is_so| if is_so { text } else { "" };
        let begins = flag(r#","begins":true"#, begins && record.header.has(FIRST));
        let marked = record.header.has(MARKED);
        let [first, second, maker] = record.header.info;
        let turn = match record.header.has(ENDED) {
            false => "}\n",
            true if record.is_reply() => ",\"paused\":true}\n",
            true => ",\"ended\":true}\n",
        };
        #[cfg(feature = "attachments")]
        if record.is(Kind::Attachment) {
            self.attachment(&record, turn);
            return true;
        }
        let text = Piece::Escaped(record.text());
        let answered = record.is(Kind::Result).then(|| self.answered_by(&record));
        let out = &mut self.pieces;
        match record.header.kind() {
            Kind::User if record.is_instruction() => {
                pieces!(out: r#"{"role":"developer","text":""#, text, r#"""#, turn);
            }
            Kind::User => {
                pieces!(out: r#"{"role":"user","text":""#, text, r#"""#);
                pieces!(out: flag(r#","summary":true"#, marked), turn);
            }
            Kind::Text => {
                pieces!(out: r#"{"role":"assistant""#, begins, r#","text":""#, text, r#"""#);
                pieces!(out: flag(r#","refusal":true"#, first == REFUSAL));
                pieces!(out: flag(r#","cut":true"#, marked), turn);
            }
            Kind::Thinking => {
                pieces!(out: r#"{"role":"assistant""#, begins, r#","thinking":""#, text, r#"""#);
                if first > 0 {
                    pieces!(out: r#","field":"#, Piece::Number(first.into()));
                }
                pieces!(out: flag(r#","cut":true"#, marked), turn);
            }
            Kind::Opaque => {
                let dialect = Dialect::from_number(first).map_or("", Dialect::name);
                pieces!(out:
                    r#"{"role":"assistant""#, begins, r#","opaque":{"provider":""#, dialect,
                    r#"","subtype":"#, Piece::Number(second.into()), r#","text":""#, text,
                    r#""}"#, turn
                );
            }
            Kind::Call => {
                let (id, name, arguments) = record.call();
                pieces!(out:
                    r#"{"role":"assistant""#, begins, r#","call":{"id":""#, Piece::Escaped(id),
                    r#"","name":""#, Piece::Escaped(name), r#"","arguments":""#,
                    Piece::Escaped(arguments), r#"""#
                );
                if maker > 0 {
                    pieces!(out: r#","maker":"#, Piece::Number(maker.into()));
                }
                pieces!(out: "}", turn);
            }
            Kind::Attachment => {}
            Kind::Result => {
                let (id, is_only) = answered.unwrap_or_default();
                pieces!(out: r#"{"role":"tool","id":""#, Piece::Escaped(id), r#"""#);
                if !is_only {
                    pieces!(out: r#","index":"#, Piece::Number(record.header.call_index()));
                }
                pieces!(out: r#","text":""#, text, r#"""#);
                pieces!(out: flag(r#","is_error":true"#, marked));
                pieces!(out: flag(r#","cut":true"#, record.header.has(ELIDED)), turn);
            }
        }
        true
    }

    #[cfg(feature = "attachments")]
    fn attachment(&mut self, record: &Record<'t>, turn: &'static str) {
        // Records are checked when they are written or resumed.
        let Some(attachment) = attached::read(record) else { return };
        let out = &mut self.pieces;
        out.plain(if record.is_users_attachment() {
            r#"{"role":"user","attachment":{"type":""#
        } else {
            r#"{"role":"tool","attachment":{"type":""#
        });
        pieces!(out: attachment.media_type, r#"","name":""#, Piece::Escaped(attachment.name));
        pieces!(out: r#"","bytes":"#, Piece::Number(attachment.bytes));
        if attachment.tokens > 0 {
            pieces!(out: r#","tokens":"#, Piece::Number(attachment.tokens));
        }
        let is_cut = record.header.has(ELIDED);
        let (name, value) = match attachment.source {
            AttachmentSource::Number(number) => {
                pieces!(out: r#","number":"#, Piece::Number(number));
                pieces!(out: if is_cut { r#"},"cut":true"# } else { "}" }, turn);
                return;
            }
            AttachmentSource::Url(url) => (r#","url":""#, url),
            AttachmentSource::FileId(id) => (r#","file_id":""#, id),
        };
        pieces!(out: name, Piece::Escaped(value));
        pieces!(out: if is_cut { r#""},"cut":true"# } else { r#""}"# }, turn);
    }

    /// The id of the call that `result` answers, and whether it is that of no other call.
    fn answered_by(&mut self, result: &Record<'_>) -> (&'t str, bool) {
        let wanted = result.header.call_index();
        let (known, index) = self.answered;
        let (start, steps) = match wanted.checked_sub(index) {
            Some(steps) if known != 0 => (known, steps),
            _ => (self.reply, wanted),
        };
        let noted =
            if steps > FEW { self.places.call(self.bytes, self.reply, wanted) } else { None };
        let call = noted.or_else(|| call_behind(self.bytes, self.reply, start, steps));
        let Some(call) = call else { return ("", false) };
        let at = call.offset;
        self.answered = (at, wanted);
        let id = call.call_bytes().0;
        let others = || {
            let parts = Records::from(self.bytes, self.reply).take_while(Record::is_reply);
            let mut calls = parts.filter(|part| part.is(Kind::Call) && part.offset != at);
            calls.any(|other| other.call_bytes().0 == id)
        };
        // In a long reply, the index spares the reader a look at all ids.
        let is_long = self.calls > FEW;
        self.has_repeated |= is_long && wanted != index + u32::from(known != 0);
        let is_only = !(self.has_repeated && (is_long || others()));
        (core::str::from_utf8(id).unwrap_or_default(), is_only)
    }
}
