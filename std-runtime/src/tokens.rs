//! `zerostack tokens`: counts the tokens of stdin or of files, or prints the ids.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use zerostack_core::tokenizer::{Bpe, Estimator, Vocabulary, VocabularyFault};

use crate::error::unwritable;
use crate::{Error, ErrorKind, Result};

/// What to count, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokensOptions {
    /// The vocabulary.
    pub vocabulary: VocabularyChoice,
    /// Files and folders; of a folder all files except hidden, ignored and binary ones. Empty: stdin.
    pub paths: Vec<PathBuf>,
    /// The output.
    pub output: TokensOutput,
}

/// A number, or the ids themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokensOutput {
    /// A number; for several files a table with their total.
    Count,
    /// A JSON array; for several files a line each with `path` and `ids`.
    Ids,
}

/// Which vocabulary counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VocabularyChoice {
    /// A vocabulary that is part of this program.
    BuiltIn(&'static [u8]),
    /// A packed file.
    Path(PathBuf),
    /// No vocabulary: an estimate.
    Estimate,
}

/// The vocabularies that are part of this program, by name.
pub const BUILT_IN: &[(&str, &[u8])] = &[
    #[cfg(feature = "vocab-o200k")]
    ("o200k_base", zerostack_vocab_o200k::PACKED),
    #[cfg(feature = "vocab-cl100k")]
    ("cl100k_base", zerostack_vocab_cl100k::PACKED),
];

/// How much of stdin is read before it is counted in constant memory, which is slower.
const STDIN_BUFFER_BYTES: u64 = 64 << 20;
/// Words of memory in which each thread remembers pieces of text.
const CACHE_WORDS: usize = Bpe::cache_words(usize::MAX);
/// A file with a zero among this many bytes is binary.
const BINARY_PROBE_BYTES: usize = 8 << 10;

impl VocabularyChoice {
    /// Accepts `estimate`, the name of a built-in vocabulary with or without `_base`, or a path.
    ///
    /// # Errors
    /// `Usage` for a name that is neither built in nor looks like a path.
    pub fn parse(text: &str) -> Result<Self> {
        let is_named = |name: &str| name == text || name.strip_suffix("_base") == Some(text);
        if text == "estimate" {
            return Ok(Self::Estimate);
        }
        if let Some((_, packed)) = BUILT_IN.iter().find(|(name, _)| is_named(name)) {
            return Ok(Self::BuiltIn(packed));
        }
        let path = Path::new(text);
        if text.contains(['/', '.']) || path.exists() {
            return Ok(Self::Path(path.into()));
        }
        let names: Vec<&str> = BUILT_IN.iter().map(|&(name, _)| name).collect();
        let message = format!(
            "unknown vocabulary {text:?}: use a path, estimate{}{}",
            if names.is_empty() { "" } else { ", " },
            names.join(", ")
        );
        Err(Error::new(ErrorKind::Usage, message))
    }
}

/// Counts, and writes the result to `out`; other notes for a person go to `notes`.
///
/// # Errors
/// `Input` for a file that cannot be read, `Configuration` for a vocabulary that cannot be used,
/// `Usage` for ids of an estimate: then nothing was written to `out`. `Input` if `out` cannot be
/// written.
pub fn run(
    options: &TokensOptions,
    stdin: &mut dyn Read,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> Result<()> {
    let file;
    let packed = match &options.vocabulary {
        VocabularyChoice::Estimate => None,
        VocabularyChoice::BuiltIn(packed) => Some(Vocabulary::open_embedded(packed)),
        VocabularyChoice::Path(path) => {
            file = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
            Some(Vocabulary::open(&file))
        }
    };
    let vocabulary = packed.transpose().map_err(|error| refused(&options.vocabulary, error))?;
    let bpe = vocabulary.map(|it| Bpe::new(it).with_classes(zerostack_simd::classes()));
    let job = Job { bpe, output: options.output };
    if job.bpe.is_none() && job.output == TokensOutput::Ids {
        let message = "an estimate has no ids: choose a vocabulary, or leave out --ids";
        return Err(Error::new(ErrorKind::Usage, message));
    }

    if options.paths.is_empty() {
        let found = job.stdin(stdin, STDIN_BUFFER_BYTES)?;
        return job.write_one(&found, out, notes).map_err(|error| unwritable(&error));
    }
    let (inputs, single) = inputs(&options.paths)?;
    let results = in_parallel(&job, &inputs)?;
    let written = match &results[..] {
        [Some(found)] if single => job.write_one(found, out, notes),
        _ => job.write_many(&inputs, &results, out, notes),
    };
    written.map_err(|error| unwritable(&error))
}

/// The result for one input.
struct Found {
    tokens: u64,
    /// The upper bound of an estimate.
    at_most: u64,
    ids: Vec<u32>,
}

/// A file to count; a binary file is left out unless it was named.
struct Input {
    path: PathBuf,
    named: bool,
}

struct Job<'v> {
    bpe: Option<Bpe<'v>>,
    output: TokensOutput,
}

impl Job<'_> {
    fn stdin(&self, stdin: &mut dyn Read, buffer_bytes: u64) -> Result<Found> {
        let failed = |error: io::Error| Error::new(ErrorKind::Input, format!("stdin: {error}"));
        let mut bytes = Vec::new();
        let limit = match self.output {
            TokensOutput::Count => buffer_bytes,
            TokensOutput::Ids => u64::MAX,
        };
        stdin.take(limit).read_to_end(&mut bytes).map_err(failed)?;
        if (bytes.len() as u64) < limit {
            return Ok(self.count(&bytes, &mut vec![0; CACHE_WORDS]));
        }
        let mut counter = self.bpe.map(|bpe| bpe.counter());
        let mut estimator = Estimator::new();
        loop {
            match &mut counter {
                Some(counter) => counter.push(&bytes),
                None => estimator.push(&bytes),
            }
            bytes.clear();
            stdin.take(1 << 20).read_to_end(&mut bytes).map_err(failed)?;
            if bytes.is_empty() {
                break;
            }
        }
        let estimate = estimator.estimate();
        let tokens = counter.map_or(estimate.tokens, |counter| counter.count());
        Ok(Found { tokens, at_most: estimate.at_most, ids: Vec::new() })
    }

    /// Bytes that are not UTF-8 count as their lossy conversion.
    fn count(&self, bytes: &[u8], memory: &mut [u64]) -> Found {
        let Some(bpe) = self.bpe else {
            let estimate = Estimator::of(bytes);
            return Found { tokens: estimate.tokens, at_most: estimate.at_most, ids: Vec::new() };
        };
        let text = String::from_utf8_lossy(bytes);
        let words = Bpe::cache_words(bytes.len());
        let mut cached = bpe.cached(memory.get_mut(..words).unwrap_or_default());
        match self.output {
            TokensOutput::Count => {
                Found { tokens: cached.count(&text) as u64, at_most: 0, ids: Vec::new() }
            }
            TokensOutput::Ids => {
                let mut ids = vec![0; text.len()];
                // A token has at least one byte, so there is room.
                let count = cached.encode(&text, &mut ids).unwrap_or_default();
                ids.truncate(count);
                Found { tokens: count as u64, at_most: 0, ids }
            }
        }
    }

    /// `None` for a binary file that was not named.
    fn file(&self, input: &Input, memory: &mut [u64]) -> Result<Option<Found>> {
        let mut bytes = Vec::new();
        let read = File::open(&input.path).and_then(|mut file| file.read_to_end(&mut bytes));
        read.map_err(|error| unreadable(&input.path, &error))?;
        let probe = bytes.get(..BINARY_PROBE_BYTES).unwrap_or(&bytes);
        if !input.named && probe.contains(&0) {
            return Ok(None);
        }
        Ok(Some(self.count(&bytes, memory)))
    }

    fn write_one(
        &self,
        found: &Found,
        out: &mut dyn Write,
        notes: &mut dyn Write,
    ) -> io::Result<()> {
        match self.output {
            TokensOutput::Count => writeln!(out, "{}", found.tokens)?,
            TokensOutput::Ids => writeln!(out, "{}", json_array(&found.ids))?,
        }
        self.note_estimate(found.at_most, notes)
    }

    fn write_many(
        &self,
        inputs: &[Input],
        results: &[Option<Found>],
        out: &mut dyn Write,
        notes: &mut dyn Write,
    ) -> io::Result<()> {
        let rows =
            || inputs.iter().zip(results).filter_map(|(i, found)| Some((i, found.as_ref()?)));
        let total: u64 = rows().map(|(_, found)| found.tokens).sum();
        let width = total.to_string().len();
        for (input, found) in rows() {
            let path = input.path.display();
            match self.output {
                TokensOutput::Count => writeln!(out, "{:width$}  {path}", found.tokens)?,
                TokensOutput::Ids => {
                    let ids = json_array(&found.ids);
                    writeln!(out, "{{\"path\":{},\"ids\":{ids}}}", json_string(&path.to_string()))?;
                }
            }
        }
        if self.output == TokensOutput::Count {
            writeln!(out, "{total:width$}  total")?;
        }
        let binary = results.iter().filter(|found| found.is_none()).count();
        if binary > 0 {
            writeln!(notes, "left out as binary: {binary}; name a file to count it")?;
        }
        self.note_estimate(rows().map(|(_, found)| found.at_most).sum(), notes)
    }

    fn note_estimate(&self, at_most: u64, notes: &mut dyn Write) -> io::Result<()> {
        match self.bpe {
            Some(_) => Ok(()),
            None => writeln!(notes, "estimated, not counted; at most {at_most}"),
        }
    }
}

/// The files of `paths` in order, and whether there is exactly one, and it was named.
fn inputs(paths: &[PathBuf]) -> Result<(Vec<Input>, bool)> {
    let mut inputs = Vec::new();
    for path in paths {
        let about = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        if !about.is_dir() {
            inputs.push(Input { path: path.clone(), named: true });
            continue;
        }
        // .gitignore also counts outside a repository.
        let walk = ignore::WalkBuilder::new(path)
            .require_git(false)
            .sort_by_file_path(|left, right| left.cmp(right))
            .build();
        for entry in walk {
            let entry = entry.map_err(|error| Error::new(ErrorKind::Input, error.to_string()))?;
            if entry.file_type().is_some_and(|kind| kind.is_file()) {
                inputs.push(Input { path: entry.into_path(), named: false });
            }
        }
    }
    let single = matches!(&inputs[..], [input] if input.named);
    Ok((inputs, single))
}

/// The results of all inputs in their order; the first error in that order.
fn in_parallel(job: &Job<'_>, inputs: &[Input]) -> Result<Vec<Option<Found>>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut done, mut memory) = (Vec::new(), vec![0; CACHE_WORDS]);
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(input) = inputs.get(place) else { return done };
            done.push((place, job.file(input, &mut memory)));
        }
    };
    let threads = thread::available_parallelism().map_or(1, |count| count.get()).min(inputs.len());
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut done = work();
        for other in others {
            match other.join() {
                Ok(theirs) => done.extend(theirs),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|&(place, _)| place);
    done.into_iter().map(|(_, found)| found).collect()
}

fn json_array(ids: &[u32]) -> String {
    let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
    format!("[{}]", ids.join(","))
}

fn json_string(text: &str) -> String {
    let mut json = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            '\0'..='\x1F' => json += &format!("\\u{:04x}", character as u32),
            _ => json.push(character),
        }
    }
    json.push('"');
    json
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::new(ErrorKind::Input, format!("{}: {error}", path.display()))
}

fn refused(choice: &VocabularyChoice, error: zerostack_core::Error) -> Error {
    let reason = match VocabularyFault::from_detail(error.detail()) {
        Some(VocabularyFault::Truncated) => "is truncated",
        Some(VocabularyFault::Foreign) => {
            "is not a packed vocabulary; make one with zerostack-vocab-pack"
        }
        Some(VocabularyFault::Version) => "is of another version; pack it again",
        Some(VocabularyFault::ByteOrder) => "has the wrong byte order; pack it again",
        Some(VocabularyFault::Pattern) => "needs a pre-tokenizer that this version does not have",
        Some(VocabularyFault::Trailing) => "has bytes after its end",
        _ => "is damaged; pack it again",
    };
    let name = match choice {
        VocabularyChoice::Path(path) => path.display().to_string(),
        _ => "the built-in vocabulary".into(),
    };
    Error::new(ErrorKind::Configuration, format!("{name} {reason}"))
}

#[cfg(all(test, feature = "vocab-o200k"))]
mod tests {
    use super::*;

    #[test]
    fn input_longer_than_the_buffer_counts_the_same() {
        let vocabulary = Vocabulary::open_embedded(zerostack_vocab_o200k::PACKED).expect("sound");
        let text = "Words, 12345 and 文字.\n\n  x".repeat(40);
        for bpe in [Some(Bpe::new(vocabulary)), None] {
            let job = Job { bpe, output: TokensOutput::Count };
            let whole = job.count(text.as_bytes(), &mut []).tokens;
            for buffer_bytes in [1, 7, 100, text.len() as u64, text.len() as u64 + 1] {
                let found = job.stdin(&mut text.as_bytes(), buffer_bytes).expect("a count");
                assert_eq!(found.tokens, whole);
            }
        }
    }
}
