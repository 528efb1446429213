//! The table of the keys that matter.

use super::ROOT;
use crate::wire::hash::hash;

/// One key that matters. Arrays are transparent: their elements have the place of the array.
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
    /// The tag of the value, defined by the owner of the table.
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
                table[index].quick.children = children(&table, table[index].child);
                index += 1;
            }
        }
        table
    }
}

/// A key for a look at its first and last bytes only.
#[cfg(target_pointer_width = "64")]
#[derive(Clone, Copy, Debug)]
pub(super) struct Quick {
    pub key: u32,
    /// A bit for each key under this one, by the last six bits of its own `key`.
    pub children: u64,
}

#[cfg(target_pointer_width = "64")]
impl Quick {
    pub const fn new(key: &[u8]) -> Self {
        Self { key: quick(key), children: 0 }
    }
}

/// A bit for each node of the list that begins with the node with this number.
#[cfg(target_pointer_width = "64")]
pub(super) const fn children(nodes: &[Node], first: u8) -> u64 {
    let (mut bits, mut number) = (0, first as usize);
    while number > 0 && number <= nodes.len() {
        let (_, rest) = nodes.split_at(number - 1);
        let Some(node) = rest.first() else { break };
        bits |= 1 << (node.quick.key % 64);
        number = node.next as usize;
    }
    bits
}

/// The hash of the length, the first and the last eight bytes of a key: of all of it to sixteen.
#[cfg(target_pointer_width = "64")]
pub(super) const fn quick(key: &[u8]) -> u32 {
    let (first, last) = match (key.first_chunk::<8>(), key.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => match (key.first_chunk::<4>(), key.last_chunk::<4>()) {
            (Some(first), Some(last)) => {
                (u32::from_le_bytes(*first) as u64, u32::from_le_bytes(*last) as u64)
            }
            _ => match key {
                [] => (0, 0),
                [a] => (*a as u64, 0),
                [a, b] => (*a as u64, *b as u64),
                [a, b, c, ..] => (*a as u64 | (*b as u64) << 8, *c as u64),
            },
        },
    };
    let mixed = first.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ last.rotate_left(32);
    let mixed = (mixed ^ key.len() as u64).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (mixed >> 32) as u32
}

/// Names places and the table of them in one list: `NAME = PARENT . "key"`; after the key
/// `raw` where objects and arrays are wanted as text, `(from FIRST)` where what stands under it is
/// named elsewhere, from FIRST on, and `=> TAG`.
macro_rules! places {
    ($table:ident: $($name:ident = $parent:ident . $key:literal
        $($raw:ident)? $((from $first:ident))? $(=> $tag:expr)?),+ $(,)?) => {
        #[allow(clippy::upper_case_acronyms, non_camel_case_types, reason = "they name constants")]
        enum PlaceNumber { _Root, $($name),+ }
        $(#[allow(dead_code, reason = "the tag is the whole content")]
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
