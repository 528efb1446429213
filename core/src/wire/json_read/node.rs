//! The table of the keys that matter.

use super::ROOT;
#[cfg(target_pointer_width = "64")]
use super::fast::Quick;
use crate::wire::hash::hash;

/// One key that matters. Arrays are transparent: their elements stand where they stand.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// The key's hash.
    pub(super) key: u32,
    /// The number of the first node under this one, or 0. In a list that is no table yet: that
    /// of its parent.
    pub(super) child: u8,
    /// The number of the next node with the same parent, or 0. In a list that is no table yet:
    /// that of the node with which the list under this one begins, if it is not its own.
    pub(super) next: u8,
    pub(super) is_raw: bool,
    /// What the owner of the table makes of the value.
    pub(crate) tag: u8,
    /// The key as the fast way knows it.
    #[cfg(target_pointer_width = "64")]
    pub(super) quick: Quick,
}

impl Node {
    /// The key `key`, without escapes, under the node with the number `parent`; [`ROOT`] is
    /// the top.
    #[must_use]
    pub const fn new(parent: u8, key: &'static str) -> Self {
        Self {
            key: hash(key.as_bytes()),
            child: parent,
            next: 0,
            is_raw: false,
            tag: 0,
            #[cfg(target_pointer_width = "64")]
            quick: Quick::new(key.as_bytes()),
        }
    }

    /// The same; an object or array under it is given out as it was written, as text.
    #[must_use]
    pub const fn raw(parent: u8, key: &'static str) -> Self {
        Self { is_raw: true, ..Self::new(parent, key) }
    }

    /// With a number that the owner of the table gives a meaning.
    pub(crate) const fn tagged(self, tag: u8) -> Self {
        Self { tag, ..self }
    }

    /// Under it stands what the node with the number `first` and those after it in its list are.
    pub(crate) const fn from(self, first: u8) -> Self {
        Self { next: first, ..self }
    }

    /// Makes a table of `nodes`, whose numbers are then known: the first is 1. Each stands
    /// after its parent, so the first stands under [`ROOT`].
    #[must_use]
    pub const fn table<const N: usize>(nodes: [Self; N]) -> [Self; N] {
        let mut table = nodes;
        let mut index = 0;
        while index < N {
            (table[index].child, table[index].next) = (0, 0);
            index += 1;
        }
        // From the end, so that the lists begin with what stands first.
        let mut first_of_root = 0;
        while index > 0 {
            index -= 1;
            let parent = nodes[index].child;
            let first = if parent == ROOT {
                &mut first_of_root
            } else {
                &mut table[parent as usize - 1].child
            };
            let next = *first;
            *first = index as u8 + 1;
            table[index].next = next;
        }
        while index < N {
            if nodes[index].next != 0 {
                table[index].child = nodes[index].next;
            }
            index += 1;
        }
        #[cfg(target_pointer_width = "64")]
        {
            index = 0;
            while index < N {
                table[index].quick.children = super::fast::children(&table, table[index].child);
                index += 1;
            }
        }
        table
    }
}

/// Names places and the table of them in one list: `NAME = PARENT . "key"`; after the key
/// `raw` where objects and arrays are wanted as text, `(from FIRST)` where what stands under it is
/// named elsewhere, from FIRST on, and `=> TAG`.
macro_rules! places {
    ($table:ident: $($name:ident = $parent:ident . $key:literal
        $($raw:ident)? $((from $first:ident))? $(=> $tag:expr)?),+ $(,)?) => {
        #[allow(clippy::upper_case_acronyms, non_camel_case_types, reason = "they name constants")]
        enum PlaceNumber { _Root, $($name),+ }
        $(#[allow(dead_code, reason = "what its tag says is all there is to it")]
        const $name: u8 = PlaceNumber::$name as u8;)+
        pub(super) static $table: &[$crate::wire::json_read::Node] =
            &$crate::wire::json_read::Node::table([
                $($crate::wire::json_read::places!(@node $parent $key $($raw)?)
                    $(.from($first))? $(.tagged($tag))?),+
            ]);
    };
    (@node $parent:ident $key:literal) => { $crate::wire::json_read::Node::new($parent, $key) };
    (@node $parent:ident $key:literal raw) => { $crate::wire::json_read::Node::raw($parent, $key) };
}
pub(crate) use places;
