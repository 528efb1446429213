//! A count for models whose vocabulary is not public: cheap, in constant memory, never exact.

use super::lossy::LossyDecoder;

/// Estimates the tokens of a text that arrives in parts.
#[derive(Clone, Debug)]
pub struct Estimator {
    decoder: LossyDecoder,
    /// Of the text that was read, in parts of a token.
    parts: u64,
    /// Of the text that the lossy rule makes.
    bytes: u64,
    run: Run,
    run_length: u32,
    /// Consonants in a row.
    consonants: u32,
    /// The last three characters, and how often the last one is repeated in a row.
    last: [char; 3],
    same: u32,
}

/// How many tokens a text probably has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Estimate {
    /// The best guess.
    pub tokens: u64,
    /// The upper bound of every byte-level vocabulary: a token for each byte.
    pub at_most: u64,
}

/// A correction from the provider's counts: their ratio to the estimates; newer ones have more weight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Calibration {
    counted: u64,
    estimated: u64,
}

/// The kind of a character, where runs of one kind decide the number of tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Run {
    None,
    Upper,
    Lower,
    Digits,
    Signs,
    Space,
    Newline,
    Control,
    Han,
    Hangul,
    Other,
}

impl Estimator {
    /// An empty text.
    pub const fn new() -> Self {
        Self {
            decoder: LossyDecoder::new(),
            parts: 0,
            bytes: 0,
            run: Run::None,
            run_length: 0,
            consonants: 0,
            last: ['\0'; 3],
            same: 0,
        }
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
        let tokens = self.parts.div_ceil(PARTS).max(1);
        Estimate { tokens: tokens.min(at_most), at_most }
    }

    fn push_char(&mut self, character: char) {
        self.bytes += character.len_utf8() as u64;
        let run = Run::of(character);
        let goes_on = run == self.run || (run == Run::Lower && self.run == Run::Upper);
        self.run_length = if goes_on { self.run_length.saturating_add(1) } else { 1 };
        let [first, before, last] = self.last;
        let repeats = self.run != Run::None && character == last;
        self.same = if repeats { self.same.saturating_add(1) } else { 1 };
        let parts = match run {
            Run::Upper | Run::Lower => self.letter(character),
            Run::Digits if self.run_length % 3 == 1 => 38,
            Run::Digits | Run::None => 0,
            Run::Newline => {
                if self.run_length == 1 {
                    38
                } else {
                    3
                }
            }
            Run::Space => match self.run_length {
                // The one before a word belongs to it.
                1 => 0,
                2 => 32,
                _ if self.same == 1 => 13,
                length => whole(length, if character == '\t' { 24 } else { 96 }),
            },
            Run::Control => {
                if self.same == 1 {
                    32
                } else {
                    20
                }
            }
            Run::Signs => {
                self.sign(character, self.run_length > 3 && character == before && last == first)
            }
            // Texts have signs between the words, and common characters mostly.
            Run::Han if self.run_length > 32 => 50,
            Run::Hangul if self.run_length > 12 => 64,
            Run::Han | Run::Hangul => parts_of(character),
            Run::Other => match parts_of(character) {
                // Lines and bars that are drawn; blanks of a page.
                parts if self.same > 1 && (character >= '\u{2000}' || character == '\u{A0}') => {
                    parts.min((parts / 6).max(4))
                }
                parts => parts,
            },
        };
        self.parts += u64::from(parts);
        (self.run, self.last) = (run, [before, last, character]);
    }

    fn letter(&mut self, character: char) -> u8 {
        let vowels = ['a', 'e', 'i', 'o', 'u', 'y'];
        let goes_on = self.run_length > 1 || self.run == Run::Lower;
        self.consonants = match vowels.contains(&character.to_ascii_lowercase()) {
            true => 0,
            false if goes_on => self.consonants.saturating_add(1),
            false => 1,
        };
        let parts = match self.run_length {
            1 => 28,
            _ if self.same > 3 => return 4,
            ..=5 => 0,
            6..=24 => 7,
            // No word is so long.
            _ => 13,
        };
        // Letters that nobody can pronounce are in no vocabulary.
        if self.consonants > 3 && self.same < 4 { parts + 14 } else { parts }
    }

    fn sign(&self, character: char, alternates: bool) -> u8 {
        // Rules and the banners of comments have tokens of their own.
        let whole_of = match character {
            '-' | '=' | '*' | '#' | '.' | '_' | '~' | '+' | '/' | '%' => 48,
            '!' | ':' | ';' => 16,
            '<' | '>' | '?' | '@' | '^' => 8,
            _ => 0,
        };
        match (self.same, self.run_length) {
            (4.., _) if whole_of > 0 => whole(self.same, whole_of),
            (2.., _) => 9,
            _ if alternates => 3,
            (_, 1) => 22,
            (_, 2) => 8,
            (_, 3) => 12,
            _ => 19,
        }
    }
}

impl Run {
    const fn of(character: char) -> Self {
        match character {
            'a'..='z' => Self::Lower,
            'A'..='Z' => Self::Upper,
            '0'..='9' => Self::Digits,
            '\n' | '\r' => Self::Newline,
            ' ' | '\t' => Self::Space,
            '\0'..=' ' | '\x7F' => Self::Control,
            '!'..='~' => Self::Signs,
            '\u{4E00}'..='\u{9FFF}' => Self::Han,
            '\u{AC00}'..='\u{D7AF}' => Self::Hangul,
            _ => Self::Other,
        }
    }
}

/// A token for each `length` of a run.
const fn whole(at: u32, length: u32) -> u8 {
    if at.is_multiple_of(length) { PARTS as u8 } else { 0 }
}

/// Parts of a token of a character outside ASCII.
fn parts_of(character: char) -> u8 {
    let at = SCRIPTS.partition_point(|(end, _)| *end <= character as u32);
    SCRIPTS.get(at).map_or(RARE_PARTS, |(_, parts)| *parts)
}

impl Default for Estimator {
    fn default() -> Self {
        Self::new()
    }
}

impl Calibration {
    /// No observations yet: estimates stay unchanged.
    pub const fn new() -> Self {
        Self { counted: 0, estimated: 0 }
    }

    /// Records that a text estimated at `estimated` tokens has `counted`.
    pub const fn observe(&mut self, counted: u64, estimated: u64) {
        // Older observations fade as new ones arrive.
        if self.estimated > 4 * Self::TRUST {
            (self.counted, self.estimated) = (self.counted / 2, self.estimated / 2);
        }
        let limit = 1 << 32;
        self.counted = self.counted.saturating_add(if counted < limit { counted } else { limit });
        self.estimated =
            self.estimated.saturating_add(if estimated < limit { estimated } else { limit });
    }

    /// The estimate, corrected by the observations; at most by a factor of four.
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

/// Parts of a token.
const PARTS: u64 = 32;

/// Where each range of characters ends, and the parts of a token that each of them takes on average
/// of a text, as o200k_base counts; rare ones are a token for each byte.
static SCRIPTS: [(u32, u8); 48] = [
    // Latin, IPA and marks, Greek to Arabic, rare ones beside it.
    (0x250, 24),
    (0x370, 52),
    (0x700, 12),
    (0x900, 56),
    // Indic, Odia, Indic and Thai, Lao, Tibetan, Burmese and Georgian.
    (0xB00, 15),
    (0xB80, 33),
    (0xE80, 15),
    (0xF00, 57),
    (0x1000, 47),
    (0x1100, 14),
    // Jamo, Ethiopic, Cherokee to Philippine, Khmer, Mongolian to Sundanese, Vietnamese, old Greek.
    (0x1200, 74),
    (0x13A0, 60),
    (0x1780, 84),
    (0x1800, 21),
    (0x1E00, 84),
    (0x1F00, 15),
    (0x2000, 48),
    // Punctuation, currencies, arrows, mathematics, technical, boxes, blocks, shapes and dingbats.
    (0x2070, 22),
    (0x2200, 36),
    (0x2300, 42),
    (0x2500, 64),
    (0x2580, 24),
    (0x25A0, 50),
    (0x27C0, 44),
    // Braille, more arrows and mathematics, radicals.
    (0x2900, 94),
    (0x2E80, 80),
    (0x3000, 90),
    // Ideographic punctuation, kana, enclosed characters.
    (0x3040, 22),
    (0x3100, 22),
    (0x3400, 70),
    // Han: rare, common. Yi to Javanese. Hangul. Private. Compatibility.
    (0x4E00, 95),
    (0xA000, 31),
    (0xAC00, 88),
    (0xD7B0, 17),
    (0xF900, 93),
    (0xFB00, 92),
    (0xFE00, 64),
    // Selectors, wide forms, narrow kana, specials.
    (0xFE10, 20),
    (0xFF00, 64),
    (0xFF61, 24),
    (0xFFA0, 56),
    (0xFFFC, 64),
    (0x1_0000, 8),
    // Old scripts, letters of mathematics, more, emoji, Han of other planes.
    (0x1_D000, 122),
    (0x1_E000, 90),
    (0x1_F000, 120),
    (0x2_0000, 58),
    (0x11_0000, RARE_PARTS),
];

const RARE_PARTS: u8 = 127;

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
