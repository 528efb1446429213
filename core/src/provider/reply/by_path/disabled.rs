//! No dialect sends arguments by path.

use super::super::Sink;

#[expect(clippy::unused_self, reason = "as where they are read")]
impl Sink<'_, '_> {
    pub const fn end_by_path(&mut self) {}
}
