//! From records to lines, through a buffer of any size.

use crate::message::Provider;
use crate::transcript::record::{ELIDED, ENDED, FIRST, Kind, MARKED, REFUSAL, Record, Records};
use crate::wire::json_write::{Piece, Pieces, Place};
use crate::wire::pieces;

/// The lines of a transcript, which are pulled: see [`crate::Transcript::json_lines`].
#[derive(Clone, Debug)]
pub struct JsonLines<'t> {
    bytes: &'t [u8],
    /// The record that is next.
    offset: usize,
    /// The first record of the last reply.
    reply: usize,
    /// The record before belongs to a reply.
    in_reply: bool,
    pieces: Pieces<'t>,
    /// The piece that is next, and how much of it is written.
    index: usize,
    place: Place,
}

impl<'t> JsonLines<'t> {
    pub(in crate::transcript) const fn new(bytes: &'t [u8], offset: usize) -> Self {
        let (pieces, place) = (Pieces::new(), Place::START);
        Self { bytes, offset, reply: offset, in_reply: false, pieces, index: 0, place }
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
                self.place = Place::START;
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
            self.reply = record.offset;
        }
        let begins = core::mem::replace(&mut self.in_reply, record.is_reply());
        let flag = |text, is_so| if is_so { text } else { "" };
        let begins = flag(r#","begins":true"#, begins && record.header.has(FIRST));
        let marked = record.header.has(MARKED);
        let [first, second, _] = record.header.info;
        let turn = match record.header.has(ENDED) {
            false => "}\n",
            true if record.is_reply() => ",\"paused\":true}\n",
            true => ",\"ended\":true}\n",
        };
        let out = &mut self.pieces;
        let text = Piece::Escaped(record.text());
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
                let provider = Provider::from_number(first).map_or("", Provider::name);
                pieces!(out:
                    r#"{"role":"assistant""#, begins, r#","opaque":{"provider":""#, provider,
                    r#"","variety":"#, Piece::Number(second.into()), r#","text":""#, text,
                    r#""}"#, turn
                );
            }
            Kind::Call => {
                let (id, name, arguments) = record.call();
                pieces!(out:
                    r#"{"role":"assistant""#, begins, r#","call":{"id":""#, Piece::Escaped(id),
                    r#"","name":""#, Piece::Escaped(name), r#"","arguments":""#,
                    Piece::Escaped(arguments), r#""}"#, turn
                );
            }
            Kind::Result => {
                let (id, is_only) = answered(self.bytes, self.reply, &record);
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
}

/// The id of the call that `result` answers, and whether it is that of no other call.
fn answered<'t>(bytes: &'t [u8], reply: usize, result: &Record<'_>) -> (&'t str, bool) {
    let ids = || {
        let parts = Records::from(bytes, reply).take_while(Record::is_reply);
        parts.filter(|part| part.is(Kind::Call)).map(|call| call.call().0)
    };
    let id = ids().nth(result.header.call_index() as usize).unwrap_or_default();
    (id, ids().filter(|other| *other == id).count() == 1)
}
