//! Tokens as the model counts them: exact, in constant memory, from a vocabulary that is read in
//! place.
//!
//! [`Vocabulary`] is a packed file, [`Bpe`] counts, encodes and decodes with it, [`Counter`] counts a
//! text that arrives in parts. Nothing allocates, nothing is built at the start, and every length of
//! text takes linear time.
//!
//! **Bytes that are not UTF-8** are counted as the text that `String::from_utf8_lossy` makes of them:
//! each maximal start of a character that is not completed, and each byte that can start none, is one
//! U+FFFD. The rule is the same in every call that takes bytes.
//!
//! # Folders
//!
//! A text passes through the folders in this order; each uses only those before it and `vocabulary`.
//!
//! | folder | what it does |
//! |---|---|
//! | `vocabulary/` | reads the packed file: tokens, merges, special tokens, the tables for speed |
//! | `pretokenize/` | cuts a text into pieces: the rule of each pattern, and two faster ways to the same cuts |
//! | `merge/` | makes the tokens of a piece: short, long, repeating, or one byte at a time |
//! | `count/` | counts a text that arrives in parts, and estimates one without a vocabulary |
//! | `cache/` | remembers pieces in lent memory, and looks many up at once |

mod cache;
mod count;
mod merge;
mod pretokenize;
mod vocabulary;

pub use cache::CachedBpe;
pub use count::Counter;
pub use count::estimate::{Calibration, Estimate, Estimator};
pub use pretokenize::Pattern;
pub use pretokenize::masks::{Classes, ClassesOf};
pub use vocabulary::fault::VocabularyFault;
pub use vocabulary::pruning::{Count, Pruning};
pub use vocabulary::special::Specials;
pub use vocabulary::{Special, Vocabulary, format};

use self::cache::piece_cache::Cache;
use self::merge::IdBuffer;
use self::pretokenize::fast::next_piece;
use self::vocabulary::special::Finder;
use crate::{Error, ErrorKind};

/// Counts or makes tokens. Writes into the caller's slice; needs no allocator.
pub trait Tokenizer {
    /// Tokens of `text`. An upper bound if the vocabulary was pruned: see [`Bpe::count_bound`].
    fn count(&self, text: &str) -> usize;

    /// Writes the ids of `text` to the front of `out` and returns how many there are.
    ///
    /// # Errors
    /// `Full` if `out` is too short; `detail` is the count needed. The content of `out` is then undefined.
    /// `BadVocabulary` if the vocabulary was pruned; `detail` is [`VocabularyFault::CountsOnly`].
    fn encode(&self, text: &str, out: &mut [u32]) -> Result<usize, Error>;
}

/// Byte pair encoding with a packed vocabulary.
///
/// ```
/// use zerostack_core::tokenizer::{Bpe, Tokenizer, Vocabulary};
///
/// let bpe = Bpe::new(Vocabulary::open_embedded(zerostack_vocab_o200k::PACKED)?);
/// let mut ids = [0; 8];
/// let count = bpe.encode("hello world", &mut ids)?;
/// assert_eq!(&ids[..count], [24912, 2375]);
/// # Ok::<(), zerostack_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Bpe<'v> {
    vocabulary: Vocabulary<'v>,
    /// `None` is [`Classes::of`]: it is linked only if it is used.
    classes_of: Option<ClassesOf>,
}

/// How much of a text fits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fit {
    /// Bytes of the longest prefix of whole characters that fits.
    pub bytes: usize,
    /// Its tokens.
    pub tokens: u64,
}

impl<'v> Bpe<'v> {
    /// A tokenizer that reads `vocabulary`.
    pub const fn new(vocabulary: Vocabulary<'v>) -> Self {
        Self { vocabulary, classes_of: None }
    }

    /// This tokenizer with a faster way to find the classes of bytes, such as that of the crate
    /// `zerostack-simd`. The results are the same; only the time differs.
    pub const fn with_classes(self, classes_of: ClassesOf) -> Self {
        Self { classes_of: Some(classes_of), ..self }
    }

    fn classes_of(&self) -> ClassesOf {
        self.classes_of.unwrap_or(Classes::of)
    }

    /// The vocabulary that it reads.
    pub const fn vocabulary(&self) -> &Vocabulary<'v> {
        &self.vocabulary
    }

    /// Tokens of `text`, and whether that is exact, which it is unless the vocabulary was pruned.
    pub fn count_bound(&self, text: &str) -> Count {
        match self.vocabulary.pruning() {
            None => Count::Exact(self.count(text) as u64),
            Some(pruning) => {
                let mut count = Count::Exact(0);
                self.pieces(text.as_bytes(), |piece| {
                    count = count.plus(merge::count_bound(&self.vocabulary, pruning, piece));
                });
                count
            }
        }
    }

    /// Tokens of `bytes`, which need not be UTF-8: see the rule of this module.
    pub fn count_bytes(&self, bytes: &[u8]) -> u64 {
        match core::str::from_utf8(bytes) {
            Ok(text) => self.count(text) as u64,
            Err(_) => {
                let mut counter = self.counter();
                counter.push(bytes);
                counter.count()
            }
        }
    }

    /// Ids of `text`, in which the special tokens of `allowed` are encoded as themselves.
    ///
    /// # Errors
    /// `Full` if `out` is too short; `detail` is the count needed. The content of `out` is then undefined.
    /// `BadVocabulary` if the vocabulary was pruned; `detail` is [`VocabularyFault::CountsOnly`].
    pub fn encode_with(
        &self,
        text: &str,
        allowed: Specials<'_>,
        out: &mut [u32],
    ) -> Result<usize, Error> {
        if self.vocabulary.has_words() {
            return self.cached(&mut []).encode_in_batches(text, allowed, out);
        }
        self.encode_by(text, allowed, out, |text, ids| {
            self.pieces(text, |piece| merge::encode(&self.vocabulary, piece, ids));
        })
    }

    /// Encodes what is between special tokens by `ordinary`.
    fn encode_by(
        &self,
        text: &str,
        allowed: Specials<'_>,
        out: &mut [u32],
        mut ordinary: impl FnMut(&[u8], &mut IdBuffer<'_>),
    ) -> Result<usize, Error> {
        self.vocabulary.makes_ids()?;
        let mut ids = IdBuffer::new(out);
        let text = text.as_bytes();
        let finder = Finder::new(self.vocabulary, allowed);
        let mut from = 0;
        while let Some(found) = finder.next(text, from) {
            ordinary(text.get(from..found.start).unwrap_or_default(), &mut ids);
            ids.push(found.id);
            from = found.start + found.length;
        }
        ordinary(text.get(from..).unwrap_or_default(), &mut ids);
        ids.finish()
    }

    /// Writes the bytes of `ids` to the front of `out` and returns how many there are. They need not
    /// be UTF-8: a token may be part of a character.
    ///
    /// # Errors
    /// `UnknownToken`; `detail` is the place of the id in `ids`. `Full` if `out` is too short; `detail`
    /// is the bytes needed. The content of `out` is then undefined. `BadVocabulary` if the vocabulary was
    /// pruned; `detail` is [`VocabularyFault::CountsOnly`].
    pub fn decode(&self, ids: &[u32], out: &mut [u8]) -> Result<usize, Error> {
        self.vocabulary.makes_ids()?;
        let mut length = 0usize;
        for (place, &id) in ids.iter().enumerate() {
            let known = self.vocabulary.bytes_of(id, |byte| {
                if let Some(slot) = out.get_mut(length) {
                    *slot = byte;
                }
                length += 1;
            });
            if !known {
                return Err(Error::new(ErrorKind::UnknownToken, saturated(place)));
            }
        }
        if length > out.len() {
            return Err(Error::new(ErrorKind::Full, saturated(length)));
        }
        Ok(length)
    }

    /// A count of a text that arrives in parts.
    pub const fn counter(&self) -> Counter<'v> {
        Counter::new(self.vocabulary)
    }

    /// The longest prefix of `text` that has at most `limit` tokens, cut at a character.
    pub fn count_until(&self, text: &str, limit: u64) -> Fit {
        let mut counter = self.counter();
        let mut fit = Fit { bytes: 0, tokens: 0 };
        let mut checked = 0;
        for (at, character) in text.char_indices() {
            counter.push_char(character);
            let (bytes, tokens) = (at + character.len_utf8(), counter.count());
            if tokens <= limit {
                fit = Fit { bytes, tokens };
            } else if bytes >= checked + format::MAX_TOKEN_BYTES {
                // More text may mean fewer tokens, but only so far.
                checked = bytes;
                if counter.lower_bound() > limit {
                    break;
                }
            }
        }
        fit
    }

    fn pieces<'t>(&self, text: &'t [u8], mut visit: impl FnMut(&'t [u8])) {
        let mut at = 0;
        while at < text.len() {
            let (end, _) = next_piece(self.vocabulary.pattern(), text, at);
            visit(text.get(at..end).unwrap_or_default());
            at = end;
        }
    }
}

impl Tokenizer for Bpe<'_> {
    fn count(&self, text: &str) -> usize {
        let vocabulary = &self.vocabulary;
        if vocabulary.pruning().is_some() {
            return usize::try_from(self.count_bound(text).tokens()).unwrap_or(usize::MAX);
        }
        if self.vocabulary.has_words() {
            return cache::count(self, &mut Cache::new(vocabulary, &mut []), text.as_bytes());
        }
        let mut count = 0;
        self.pieces(text.as_bytes(), |piece| count += merge::count(vocabulary, piece));
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    fn encode(&self, text: &str, out: &mut [u32]) -> Result<usize, Error> {
        self.encode_with(text, Specials::AsText, out)
    }
}

fn saturated(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
