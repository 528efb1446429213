//! A count for models whose vocabulary is not public: cheap, in constant memory, never exact.

use super::lossy::Decoder;

/// What a text is made of, as far as it decides the number of tokens.
const FEATURES: usize = 14;

/// Tokens of each unit of a [`Feature`], in 1/1024: a least-squares fit to what o200k_base
/// makes of English, code and the languages of translated programs.
const WEIGHTS: [u32; FEATURES] =
    [921, 249, 1818, 406, 0, 1963, 1024, 365, 443, 692, 697, 796, 2737, 3785];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Feature {
    /// A run of ASCII letters, ended by lower case before upper case too.
    Word,
    /// A letter of it behind the fifth.
    LongWord,
    /// Up to three digits.
    Digits,
    /// A run of ASCII signs.
    Signs,
    /// A sign of it behind the first.
    MoreSigns,
    /// A run of newlines.
    Newlines,
    /// A run of other spaces, if longer than the one that a word or sign takes along.
    Spaces,
    /// A character of the European scripts outside ASCII.
    European,
    /// A character of the alphabets and syllabaries between these and the next.
    MiddleScripts,
    /// A Han character.
    Han,
    /// A Japanese syllable.
    Kana,
    /// A Korean syllable.
    Hangul,
    /// Punctuation and symbols outside ASCII.
    Symbol,
    /// Emoji, and what is rare.
    Rare,
}

/// Estimates the tokens of a text that arrives in parts.
#[derive(Clone, Debug)]
pub struct Estimator {
    decoder: Decoder,
    features: [u32; FEATURES],
    /// Of the text that the lossy rule makes.
    bytes: u64,
    run: Run,
    run_length: u32,
}

/// How many tokens a text probably has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Estimate {
    /// The best guess.
    pub tokens: u64,
    /// What no byte-level vocabulary exceeds: a token for each byte.
    pub at_most: u64,
}

/// What a provider's counts say about the estimates: the ratio of the two, newer ones counting more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Calibration {
    counted: u64,
    estimated: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Run {
    None,
    Upper,
    Lower,
    Digits,
    Signs,
    Space,
    Newline,
}

impl Estimator {
    /// An empty text.
    pub const fn new() -> Self {
        let features = [0; FEATURES];
        Self { decoder: Decoder::new(), features, bytes: 0, run: Run::None, run_length: 0 }
    }

    /// The estimate for a whole text.
    pub fn of(bytes: &[u8]) -> Estimate {
        let mut estimator = Self::new();
        estimator.push(bytes);
        estimator.estimate()
    }

    /// Appends bytes to the text.
    pub fn push(&mut self, bytes: &[u8]) {
        let mut decoder = self.decoder;
        for &byte in bytes {
            decoder.push(byte, |character| self.push_char(character));
        }
        self.decoder = decoder;
    }

    /// The estimate for the text so far.
    pub fn estimate(&self) -> Estimate {
        let half = char::REPLACEMENT_CHARACTER.len_utf8() as u64;
        let at_most = self.bytes + if self.decoder.is_between() { 0 } else { half };
        let weighed =
            self.features.iter().zip(WEIGHTS).map(|(&n, weight)| n as u64 * weight as u64);
        let tokens = weighed.sum::<u64>().div_ceil(1024).max(1);
        Estimate { tokens: tokens.min(at_most), at_most }
    }

    fn push_char(&mut self, character: char) {
        self.bytes += character.len_utf8() as u64;
        let run = match character {
            'a'..='z' => Run::Lower,
            'A'..='Z' => Run::Upper,
            '0'..='9' => Run::Digits,
            '\n' | '\r' => Run::Newline,
            ' ' | '\t' => Run::Space,
            '\0'..='\x7F' => Run::Signs,
            _ => Run::None,
        };
        let goes_on = run == self.run || (run == Run::Lower && self.run == Run::Upper);
        self.run_length = if goes_on { self.run_length.saturating_add(1) } else { 1 };
        self.run = run;
        let length = self.run_length;
        let feature = match run {
            Run::Upper | Run::Lower if length == 1 => Feature::Word,
            Run::Upper | Run::Lower if length > 5 => Feature::LongWord,
            Run::Digits if length % 3 == 1 => Feature::Digits,
            Run::Signs if length == 1 => Feature::Signs,
            Run::Signs => Feature::MoreSigns,
            Run::Newline if length == 1 => Feature::Newlines,
            Run::Space if length == 2 => Feature::Spaces,
            Run::None => script(character),
            _ => return,
        };
        if let Some(count) = self.features.get_mut(feature as usize) {
            *count = count.saturating_add(1);
        }
    }
}

impl Default for Estimator {
    fn default() -> Self {
        Self::new()
    }
}

impl Calibration {
    /// No experience yet: estimates stay as they are.
    pub const fn new() -> Self {
        Self { counted: 0, estimated: 0 }
    }

    /// A text that was estimated at `estimated` tokens is said to have `counted`.
    pub const fn observe(&mut self, counted: u64, estimated: u64) {
        // What was seen before fades as new text comes.
        if self.estimated > 4 * Self::TRUST {
            (self.counted, self.estimated) = (self.counted / 2, self.estimated / 2);
        }
        let limit = 1 << 32;
        self.counted = self.counted.saturating_add(if counted < limit { counted } else { limit });
        self.estimated =
            self.estimated.saturating_add(if estimated < limit { estimated } else { limit });
    }

    /// The estimate in the light of what was observed; within a factor of four of itself.
    pub const fn apply(&self, estimate: Estimate) -> Estimate {
        // The estimate itself weighs as much as this many observed tokens.
        let (counted, estimated) = (self.counted + Self::TRUST, self.estimated + Self::TRUST);
        let tokens = estimate.tokens as u128 * counted as u128 / estimated as u128;
        let (least, most) = (estimate.tokens / 4, estimate.tokens.saturating_mul(4));
        let tokens = if tokens > most as u128 { most } else { tokens as u64 };
        let tokens = if tokens < least { least } else { tokens };
        let tokens = if tokens > estimate.at_most { estimate.at_most } else { tokens };
        Estimate { tokens, at_most: estimate.at_most }
    }

    const TRUST: u64 = 200;
}

impl Default for Calibration {
    fn default() -> Self {
        Self::new()
    }
}

fn script(character: char) -> Feature {
    match character as u32 {
        ..0x590 | 0x1E00..0x2000 => Feature::European,
        0x1100..0x1200 | 0xAC00..0xD7B0 => Feature::Hangul,
        0x590..0x1100 | 0x1200..0x1E00 | 0xA000..0xAC00 => Feature::MiddleScripts,
        0x2E80..0x3000 | 0x3400..0xA000 | 0xF900..0xFB00 | 0x2_0000..0x4_0000 => Feature::Han,
        0x3040..0x3100 | 0x31F0..0x3200 => Feature::Kana,
        0x2000..0x2E80 | 0x3000..0x3040 | 0x3100..0x31F0 | 0x3200..0x3400 => Feature::Symbol,
        0xFE00..0x1_0000 => Feature::Symbol,
        _ => Feature::Rare,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chunking_estimates_alike() {
        let text =
            "Some words, aCamelCase 1234567 über 文字 ひらがな 한글 😀 —  \n\n x\u{0}".as_bytes();
        let whole = Estimator::of(text);
        for size in 1..text.len() {
            let mut estimator = Estimator::new();
            text.chunks(size).for_each(|chunk| estimator.push(chunk));
            assert_eq!(estimator.estimate(), whole, "chunks of {size}");
        }
    }

    #[test]
    fn nothing_has_no_tokens_and_something_has_some() {
        assert_eq!(Estimator::of(b""), Estimate { tokens: 0, at_most: 0 });
        assert_eq!(Estimator::of(b" "), Estimate { tokens: 1, at_most: 1 });
        assert_eq!(Estimator::of(&[0xF0]), Estimate { tokens: 1, at_most: 3 });
    }

    #[test]
    fn calibration_moves_the_guess_and_not_the_bound() {
        let guess = Estimate { tokens: 1_000, at_most: 1_400 };
        let mut calibration = Calibration::new();
        assert_eq!(calibration.apply(guess), guess);
        calibration.observe(24_000, 20_000);
        assert!((1_190..1_200).contains(&calibration.apply(guess).tokens));
        calibration.observe(90_000, 20_000);
        assert_eq!(calibration.apply(guess), Estimate { tokens: 1_400, at_most: 1_400 });
        // Years of one model, then another one: the new one is believed soon.
        let mut calibration = Calibration::new();
        (0..10_000).for_each(|_| calibration.observe(2_000, 1_000));
        (0..12).for_each(|_| calibration.observe(1_000, 1_000));
        assert!(calibration.apply(guess).tokens < 1_100);
        calibration.observe(u64::MAX, u64::MAX);
        assert_eq!(
            calibration.apply(Estimate { tokens: u64::MAX, at_most: u64::MAX }).at_most,
            u64::MAX
        );
    }
}
