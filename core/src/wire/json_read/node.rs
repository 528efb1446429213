//! The table of the keys that matter.

use super::{NOWHERE, ROOT};

/// One key that matters. Arrays are transparent: their elements stand where they stand.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    pub(super) key: &'static str,
    pub(super) parent: u8,
    pub(super) raw: bool,
    /// The number of the first node under this one, or 0.
    pub(super) child: u8,
    /// The number of the next node with the same parent, or 0.
    pub(super) next: u8,
}

impl Node {
    /// The key `key`, without escapes, under the node with the number `parent`; [`ROOT`] is
    /// the top.
    #[must_use]
    pub const fn new(parent: u8, key: &'static str) -> Self {
        Self { key, parent, raw: false, child: 0, next: 0 }
    }

    /// The same; an object or array under it is given out as it was written, as text.
    #[must_use]
    pub const fn raw(parent: u8, key: &'static str) -> Self {
        Self { raw: true, ..Self::new(parent, key) }
    }

    /// Makes a table of `nodes`, whose numbers are then known: the first is 1. Each stands
    /// behind its parent, so the first stands under [`ROOT`].
    #[must_use]
    pub const fn table<const N: usize>(mut nodes: [Self; N]) -> [Self; N] {
        // From the end, so that the lists begin with what stands first.
        let mut index = N;
        let mut first_of_root = 0;
        while index > 0 {
            index -= 1;
            let number = index as u8 + 1;
            let parent = nodes[index].parent;
            let first = if parent == ROOT {
                &mut first_of_root
            } else {
                &mut nodes[parent as usize - 1].child
            };
            let next = *first;
            *first = number;
            nodes[index].next = next;
        }
        nodes
    }
}

/// The number of the node whose key is `key`.
pub(super) fn place_of(key: &[u8], mut nodes: impl Iterator<Item = (u8, &'static Node)>) -> u8 {
    let found = nodes.find(|(_, node)| node.key.as_bytes() == key);
    found.map_or(NOWHERE, |(number, _)| number)
}

/// Names places and the table of them in one list: `NAME = PARENT . "key"`, and `raw` behind
/// the key where objects and arrays are wanted as text.
macro_rules! places {
    ($table:ident: $($name:ident = $parent:ident . $key:literal $($raw:ident)?),+ $(,)?) => {
        #[allow(clippy::upper_case_acronyms, non_camel_case_types, reason = "they name constants")]
        enum Place { _Root, $($name),+ }
        $(const $name: u8 = Place::$name as u8;)+
        pub(super) static $table: &[$crate::wire::json_read::Node] =
            &$crate::wire::json_read::Node::table([
                $($crate::wire::json_read::places!(@node $parent $key $($raw)?)),+
            ]);
    };
    (@node $parent:ident $key:literal) => { $crate::wire::json_read::Node::new($parent, $key) };
    (@node $parent:ident $key:literal raw) => { $crate::wire::json_read::Node::raw($parent, $key) };
}
pub(crate) use places;
