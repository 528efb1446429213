//! The table of the keys that matter.

use super::ROOT;
use crate::wire::hash::hash;

/// One key that matters. Arrays are transparent: their elements have the place of the array.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(target_pointer_width = "64", repr(align(32)))]
pub struct Node {
    /// The key's hash.
    pub(super) key: u32,
    /// The number of the first node under this one, or 0. In a list that is not a table yet: that
    /// of its parent.
    pub(super) child: u8,
    /// The number of the next node with the same parent, or 0. In a list that is not a table yet:
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

    /// The same; an object or array under it is returned as it was written, as text.
    #[must_use]
    pub const fn raw(parent: u8, key: &'static str) -> Self {
        Self { is_raw: true, ..Self::new(parent, key) }
    }

    /// With a number that the owner of the table gives a meaning.
    pub(crate) const fn tagged(self, tag: u8) -> Self {
        Self { tag, ..self }
    }

    /// The nodes under it are the node with the number `first` and those after it in its list.
    pub(crate) const fn from(self, first: u8) -> Self {
        Self { next: first, ..self }
    }

    /// Makes a table of `nodes`, whose numbers are then known: the first is 1. Each comes
    /// after its parent, so the first is under [`ROOT`].
    #[must_use]
    pub const fn table<const N: usize>(nodes: [Self; N]) -> [Self; N] {
        let mut table = nodes;
        let mut index = 0;
        while index < N {
            (table[index].child, table[index].next) = (0, 0);
            index += 1;
        }
        // From the end, so that the lists begin with the first node.
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
        Quick::link(&mut table);
        table
    }
}

/// A key by another hash, eight bytes at a time, and what is under it by these.
#[cfg(target_pointer_width = "64")]
#[derive(Clone, Copy, Debug)]
pub(super) struct Quick {
    pub key: u32,
    /// The number of the next node with the same parent in the same bucket, or 0.
    pub next: u8,
    pub heads: Heads,
}

/// The number of the first node in each bucket of a list, or 0.
#[cfg(target_pointer_width = "64")]
pub(super) type Heads = [u8; 13];

#[cfg(target_pointer_width = "64")]
impl Quick {
    pub const fn new(key: &[u8]) -> Self {
        Self { key: quick(key), next: 0, heads: [0; _] }
    }

    /// Fills in what the nodes of a table have under them, and after them.
    const fn link(table: &mut [Node]) {
        let mut index = 0;
        while index < table.len() {
            let bucket = bucket(table[index].quick.key);
            table[index].quick.next = heads(table, table[index].next)[bucket];
            table[index].quick.heads = heads(table, table[index].child);
            index += 1;
        }
    }
}

/// The first node in each bucket of the list that begins with the node with this number.
#[cfg(target_pointer_width = "64")]
pub(super) const fn heads(nodes: &[Node], first: u8) -> Heads {
    let (mut heads, mut number): (Heads, _) = ([0; _], first);
    while number > 0 && number as usize <= nodes.len() {
        let (_, rest) = nodes.split_at(number as usize - 1);
        let Some(node) = rest.first() else { break };
        let head = &mut heads[bucket(node.quick.key)];
        if *head == 0 {
            *head = number;
        }
        number = node.next;
    }
    heads
}

/// The bucket of a key with this hash.
#[cfg(target_pointer_width = "64")]
#[inline(always)]
pub(super) const fn bucket(quick: u32) -> usize {
    ((quick as u64 * size_of::<Heads>() as u64) >> u32::BITS) as usize
}

/// The hash of a key: of its words, of which the last is not full and may be empty.
#[cfg(target_pointer_width = "64")]
pub(super) const fn quick(key: &[u8]) -> u32 {
    let (mut mixed, mut rest) = (0, key);
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        mixed = mix(mixed, u64::from_le_bytes(*word));
        rest = after;
    }
    let mut last = 0;
    while let [before @ .., byte] = rest {
        last = last << 8 | *byte as u64;
        rest = before;
    }
    quick_of(mix(mixed, last))
}

/// Mixes one more word into `mixed`, the mix of all words before.
#[cfg(target_pointer_width = "64")]
#[inline(always)]
pub(super) const fn mix(mixed: u64, word: u64) -> u64 {
    (mixed ^ (mixed >> 32) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The hash of a key whose words are `mixed`.
#[cfg(target_pointer_width = "64")]
#[inline(always)]
pub(super) const fn quick_of(mixed: u64) -> u32 {
    (mixed >> 32) as u32
}

/// Names places and the table of them in one list: `NAME = PARENT . "key"`; after the key
/// `raw` where objects and arrays are wanted as text, `(from FIRST)` where the keys under it are
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
