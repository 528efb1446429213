//! What a vocabulary is made of: for each token the pair that makes it.

use std::collections::HashMap;

use zerostack_core::tokenizer::format::{MAX_DEPTH, MAX_TOKEN_BYTES};
use zerostack_core::tokenizer::{Pattern, Pruning};

/// A vocabulary ready to be packed.
pub struct Source {
    /// Its name, at most 24 bytes.
    pub name: String,
    /// How text is split before merging.
    pub pattern: Pattern,
    pub(crate) byte_ids: Vec<u32>,
    pub(crate) merges: Vec<Merge>,
    pub(crate) specials: Vec<SpecialToken>,
    pub(crate) pruning: Option<Pruning>,
}

/// A token that no merge makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecialToken {
    /// The id that the model sees.
    pub id: u32,
    /// The bytes it stands for.
    pub text: Vec<u8>,
    /// False for a token that is only ever decoded.
    pub in_text: bool,
}

/// A token that is made of two smaller ones.
pub(crate) struct Merge {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) id: u32,
    pub(crate) bytes: Vec<u8>,
}

/// The rank of what two adjacent parts make together, if they may merge.
type RankOf<'a> = &'a dyn Fn(&[u8], &[u8]) -> Option<u32>;

impl Source {
    /// From tokens by rank, where a pair may merge when its bytes are a token (tiktoken).
    ///
    /// # Errors
    /// A sentence that states which token cannot be packed and why.
    pub fn from_ranks(
        name: &str,
        pattern: Pattern,
        tokens: Vec<(Vec<u8>, u32)>,
        specials: Vec<SpecialToken>,
    ) -> Result<Self, String> {
        let ranks: HashMap<Vec<u8>, u32> = tokens.iter().cloned().collect();
        if ranks.len() != tokens.len() {
            return Err("a token occurs twice".into());
        }
        let rank_of = |left: &[u8], right: &[u8]| ranks.get(&[left, right].concat()).copied();
        let source = Self::build(name, pattern, tokens, specials, None, &rank_of)?;
        match source.specials.iter().find(|special| !special.in_text) {
            // A piece that is such a token as a whole would have to become it.
            Some(lost) => Err(format!("no merges make token {} ({:?})", lost.id, lost.text)),
            None => Ok(source),
        }
    }

    /// From tokens with ids and a list of pairs, the best first (Hugging Face). Bytes that have no token
    /// become the one with the id `unknown`, one a byte.
    ///
    /// # Errors
    /// A sentence that states which token cannot be packed and why.
    pub fn from_merges(
        name: &str,
        pattern: Pattern,
        tokens: Vec<(Vec<u8>, u32)>,
        merges: &[(Vec<u8>, Vec<u8>)],
        specials: Vec<SpecialToken>,
        unknown: Option<u32>,
    ) -> Result<Self, String> {
        let ranks: HashMap<(&[u8], &[u8]), u32> =
            merges.iter().zip(0u32..).fold(HashMap::new(), |mut ranks, ((left, right), rank)| {
                ranks.entry((&left[..], &right[..])).or_insert(rank);
                ranks
            });
        let rank_of = |left: &[u8], right: &[u8]| ranks.get(&(left, right)).copied();
        Self::build(name, pattern, tokens, specials, unknown, &rank_of)
    }

    /// Gives every token but the special ones another id.
    pub fn renumber(&mut self, id: impl Fn(u32) -> u32) {
        let ids = self.byte_ids.iter_mut().chain(self.merges.iter_mut().map(|merge| &mut merge.id));
        ids.for_each(|place| *place = id(*place));
    }

    fn build(
        name: &str,
        pattern: Pattern,
        tokens: Vec<(Vec<u8>, u32)>,
        mut specials: Vec<SpecialToken>,
        unknown: Option<u32>,
        rank_of: RankOf<'_>,
    ) -> Result<Self, String> {
        let mut byte_ids = vec![unknown.unwrap_or(u32::MAX); 256];
        let mut made = Vec::new();
        for (bytes, id) in tokens {
            if let [byte] = bytes[..] {
                byte_ids[byte as usize] = id;
            } else if bytes.len() > MAX_TOKEN_BYTES {
                return Err(format!(
                    "token {id} has {} bytes, the limit is {MAX_TOKEN_BYTES}",
                    bytes.len()
                ));
            } else if let Some((rank, cut)) = last_merge(&bytes, rank_of) {
                made.push((rank, bytes, cut, id));
            } else {
                specials.push(SpecialToken { id, text: bytes, in_text: false });
            }
        }
        if let Some(byte) = byte_ids.iter().position(|&id| id == u32::MAX) {
            return Err(format!("byte {byte} has no token: not a byte-level vocabulary"));
        }
        made.sort();
        let mut indexes: HashMap<Vec<u8>, u32> =
            (0..=255).map(|byte| (vec![byte], byte as u32)).collect();
        let mut merges: Vec<Merge> = Vec::with_capacity(made.len());
        let mut depths = vec![0usize; 256];
        for (number, (_, bytes, cut, id)) in made.into_iter().enumerate() {
            let part = |bytes: &[u8]| {
                indexes.get(bytes).copied().ok_or(format!("token {id} ranks before a part of it"))
            };
            let (left, right) = (part(&bytes[..cut])?, part(&bytes[cut..])?);
            let depth = (depths[left as usize] + 1).max(depths[right as usize]);
            if depth > MAX_DEPTH {
                return Err(format!("token {id} is nested deeper than {MAX_DEPTH}"));
            }
            depths.push(depth);
            indexes.insert(bytes.clone(), 256 + number as u32);
            merges.push(Merge { left, right, id, bytes });
        }
        specials.sort_by_key(|special| special.id);
        if name.len() > 24 || specials.iter().any(|special| special.text.len() > 255) {
            return Err("the name or the text of a special token is too long".into());
        }
        Ok(Self { name: name.into(), pattern, byte_ids, merges, specials, pruning: None })
    }
}

/// Merges `bytes` by rank until two parts are left: the rank of the last merge and where it joins.
fn last_merge(bytes: &[u8], rank_of: RankOf<'_>) -> Option<(u32, usize)> {
    let mut ends: Vec<usize> = (0..=bytes.len()).collect();
    loop {
        let best = ends
            .windows(3)
            .enumerate()
            .filter_map(|(place, cut)| {
                rank_of(&bytes[cut[0]..cut[1]], &bytes[cut[1]..cut[2]])
                    .map(|rank| (rank, place + 1))
            })
            .min()?;
        if ends.len() == 3 {
            return Some((best.0, ends[1]));
        }
        ends.remove(best.1);
    }
}
