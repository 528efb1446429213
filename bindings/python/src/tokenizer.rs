//! Tokens as the model counts them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyBytes, PyString};
use self_cell::self_cell;
use zerostack_core::tokenizer::{self as core, Bpe, Specials, Vocabulary, VocabularyFault};
use zerostack_core::{Counting, Error, ErrorKind};

use crate::bytes::bytes_of;
use crate::error::{raised, raised_text};
use crate::number::number;
use crate::value::value_class;

value_class! {
    /// How much of a text fits.
    pub struct Fit {
        /// The longest prefix of whole characters that fits.
        text: Py<PyString>,
        /// Its tokens.
        tokens: u64,
    }
}

/// Counts, makes and reads tokens, exactly as the vocabulary's own tokenizer.
///
/// `vocabulary` is `"o200k"` or `"cl100k"`, with or without `_base`; `open()` reads a packed file.
///
/// Text may be `str` or bytes. Bytes that are not UTF-8 count as the text that
/// `bytes.decode("utf-8", "replace")` makes of them.
#[pyclass(frozen, module = "zerostack")]
pub struct Tokenizer {
    packed: Packed,
}

/// Counts the tokens of a text while it arrives, in any chunking, even inside a character.
/// `Tokenizer.counter()` makes it.
#[pyclass(frozen, module = "zerostack")]
pub struct Counter {
    counting: Mutex<OwnedCounter>,
}

self_cell! {
    /// A counter and the vocabulary that it reads.
    struct OwnedCounter {
        owner: Packed,
        #[covariant]
        dependent: CoreCounter,
    }
}

type CoreCounter<'v> = core::Counter<'v>;

#[derive(Clone)]
enum Packed {
    BuiltIn(&'static [u8]),
    Read(Arc<[u8]>),
}

const BUILT_IN: [(&str, &[u8]); 2] =
    [("o200k", zerostack_vocab_o200k::PACKED), ("cl100k", zerostack_vocab_cl100k::PACKED)];

/// From this length on, other threads run meanwhile.
const LONG_TEXT_BYTES: usize = 4 * 1024;

#[pymethods]
impl Tokenizer {
    #[new]
    #[pyo3(signature = (vocabulary="o200k"))]
    fn new(vocabulary: &str) -> PyResult<Self> {
        let name = vocabulary.strip_suffix("_base").unwrap_or(vocabulary);
        let found = BUILT_IN.into_iter().find(|(known, _)| *known == name);
        let (_, packed) = found.ok_or_else(|| {
            PyValueError::new_err(format!(
                "vocabulary {vocabulary:?} is unknown: use o200k or cl100k, or \
                 Tokenizer.open(path) for a packed file"
            ))
        })?;
        Ok(Self { packed: Packed::BuiltIn(packed) })
    }

    /// Reads the packed vocabulary in the file `path`, and checks every byte of it.
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let bytes = py.detach(|| std::fs::read(&path))?;
        if let Err(error) = py.detach(|| Vocabulary::open(&bytes).map(|_| ())) {
            let why = match VocabularyFault::from_detail(error.detail()) {
                Some(VocabularyFault::Truncated) => "it ends too early",
                Some(VocabularyFault::Foreign) => "it is another kind of file",
                Some(VocabularyFault::Version | VocabularyFault::Pattern) => {
                    "it is of another version"
                }
                Some(VocabularyFault::ByteOrder) => "it was packed for another byte order",
                _ => "it is damaged",
            };
            let text = format!("{} is not a packed vocabulary: {why}", path.display());
            return Err(raised_text(py, error, text));
        }
        Ok(Self { packed: Packed::Read(bytes.into()) })
    }

    /// The vocabulary's name.
    #[getter]
    fn name(&self, py: Python<'_>) -> PyResult<String> {
        self.bpe(py).map(|bpe| bpe.vocabulary().name().to_owned())
    }

    /// Number of tokens without the special ones.
    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.bpe(py).map(|bpe| bpe.vocabulary().len())
    }

    /// The special tokens that can occur in a text, and their ids.
    #[getter]
    fn specials(&self, py: Python<'_>) -> PyResult<std::collections::BTreeMap<String, u32>> {
        let vocabulary = *self.bpe(py)?.vocabulary();
        let specials = vocabulary.specials().filter(|special| special.in_text);
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Ok(specials.map(|special| (text(special.text), special.id)).collect())
    }

    /// Tokens of `text`. Text that looks like a special token counts as ordinary text.
    fn count(&self, text: &Bound<'_, PyAny>) -> PyResult<u64> {
        let py = text.py();
        let (bpe, text) = (self.bpe(py)?, Content::of(text)?);
        let count = || match &text {
            Content::Text(text) => bpe.cached(&mut room(text)).count(text) as u64,
            Content::Bytes(bytes) => bpe.count_bytes(bytes),
        };
        Ok(if text.bytes().len() < LONG_TEXT_BYTES { count() } else { py.detach(count) })
    }

    /// The ids of `text`. Only the special tokens in `specials` (texts such as `<|endoftext|>`)
    /// are encoded as themselves, so that untrusted text cannot add others.
    #[pyo3(signature = (text, *, specials=None))]
    fn encode(
        &self,
        text: &Bound<'_, PyAny>,
        specials: Option<Vec<PyBackedStr>>,
    ) -> PyResult<Vec<u32>> {
        let py = text.py();
        let (bpe, text) = (self.bpe(py)?, Content::of(text)?);
        let names: Vec<&str> = specials.iter().flatten().map(|name| &**name).collect();
        let known = self.specials(py)?;
        if let Some(name) = names.iter().find(|name| !known.contains_key(**name)) {
            let known: Vec<&str> = known.keys().map(String::as_str).collect();
            let known = known.join(", ");
            return Err(PyValueError::new_err(format!(
                "{name:?} is not a special token; there are {known}"
            )));
        }
        let text = text.lossy();
        let allowed = if names.is_empty() { Specials::AsText } else { Specials::Only(&names) };
        let ids = py.detach(|| {
            // A token has one byte at least.
            let mut ids = vec![0; text.len()];
            let count = bpe.cached(&mut room(&text)).encode_with(&text, allowed, &mut ids)?;
            ids.truncate(count);
            Ok(ids)
        });
        ids.map_err(|error| raised(py, error))
    }

    /// The text of `ids`. Bytes that are not complete characters become U+FFFD; `decode_bytes()`
    /// returns them unchanged.
    fn decode(&self, py: Python<'_>, ids: &Bound<'_, PyAny>) -> PyResult<String> {
        let bytes = self.decoded(py, ids)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The bytes of `ids`. They need not be UTF-8: a token may be part of a character.
    fn decode_bytes<'py>(
        &self,
        py: Python<'py>,
        ids: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.decoded(py, ids)?))
    }

    /// The longest prefix of `text` that has at most `limit` tokens, cut at a character.
    fn count_until(&self, text: &Bound<'_, PyAny>, limit: &Bound<'_, PyAny>) -> PyResult<Fit> {
        let py = text.py();
        let limit = number("limit", limit, u64::MAX)?;
        let (bpe, text) = (self.bpe(py)?, Content::of(text)?);
        let text = text.lossy();
        let fit = py.detach(|| bpe.count_until(&text, limit));
        let prefix = text.get(..fit.bytes).unwrap_or_default();
        Ok(Fit { text: PyString::new(py, prefix).unbind(), tokens: fit.tokens })
    }

    /// A count of a text that arrives in parts.
    fn counter(&self, py: Python<'_>) -> PyResult<Counter> {
        let counting = OwnedCounter::try_new(self.packed.clone(), |packed| {
            packed.bpe().map(|bpe| bpe.counter())
        });
        let counting = counting.map_err(|error: Error| raised(py, error))?;
        Ok(Counter { counting: Mutex::new(counting) })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<Tokenizer {}>", self.name(py)?))
    }

    fn __reduce__(&self) -> PyResult<()> {
        let text = "a Tokenizer is not pickled: make it again where it is needed, that is cheap";
        Err(PyTypeError::new_err(text))
    }
}

impl Tokenizer {
    fn bpe(&self, py: Python<'_>) -> PyResult<Bpe<'_>> {
        self.packed.bpe().map_err(|error| raised(py, error))
    }

    fn decoded(&self, py: Python<'_>, ids: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
        let bpe = self.bpe(py)?;
        let ids: Vec<u32> = ids
            .try_iter()?
            .map(|id| number("a token id", &id?, u32::MAX.into()))
            .collect::<PyResult<_>>()?;
        let mut bytes = vec![0; 8 * ids.len()];
        py.detach(|| {
            loop {
                match bpe.decode(&ids, &mut bytes) {
                    Ok(length) => {
                        bytes.truncate(length);
                        return Ok(bytes);
                    }
                    Err(error) if error.kind() == ErrorKind::Full => {
                        bytes.resize(error.detail() as usize, 0);
                    }
                    Err(error) => return Err(error),
                }
            }
        })
        .map_err(|error| raised(py, error))
    }
}

#[pymethods]
impl Counter {
    /// Appends `text` (`str` or bytes, split anywhere) and returns the count so far.
    fn push(&self, text: &Bound<'_, PyAny>) -> PyResult<u64> {
        let content = Content::of(text)?;
        text.py().detach(|| {
            Ok(self.counting().with_dependent_mut(|_, counter| {
                counter.push(content.bytes());
                counter.count()
            }))
        })
    }

    /// Tokens of all the text so far. A character that is not complete yet counts as the U+FFFD it
    /// would become if the text ended here.
    #[getter]
    fn count(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.counting().borrow_dependent().count())
    }

    /// Starts again with an empty text.
    fn clear(&self, py: Python<'_>) {
        py.detach(|| self.counting().with_dependent_mut(|_, counter| counter.clear()));
    }
}

impl Counter {
    /// Waits for another thread's push, never while the interpreter is held.
    fn counting(&self) -> MutexGuard<'_, OwnedCounter> {
        self.counting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Packed {
    /// Opening it reads the header only: the rest was checked once, or is part of the program.
    fn bpe(&self) -> Result<Bpe<'_>, Error> {
        let bytes = match self {
            Self::BuiltIn(bytes) => bytes,
            Self::Read(bytes) => &bytes[..],
        };
        let bpe = Vocabulary::open_embedded(bytes).map(Bpe::new)?;
        Ok(bpe.with_classes(zerostack_simd::classes()))
    }
}

/// Memory in which the pieces of a long text are remembered.
fn room(text: &str) -> Vec<u64> {
    let words = if text.len() < LONG_TEXT_BYTES { 0 } else { Bpe::cache_words(text.len()) };
    vec![0; words]
}

/// What counts the tokens of a session by o200k.
pub fn counting_o200k() -> Counting<'static> {
    static BPE: OnceLock<Option<Bpe<'static>>> = OnceLock::new();
    counting(BPE.get_or_init(|| opened(zerostack_vocab_o200k::PACKED)))
}

/// What counts the tokens of a session by cl100k.
pub fn counting_cl100k() -> Counting<'static> {
    static BPE: OnceLock<Option<Bpe<'static>>> = OnceLock::new();
    counting(BPE.get_or_init(|| opened(zerostack_vocab_cl100k::PACKED)))
}

fn opened(packed: &'static [u8]) -> Option<Bpe<'static>> {
    Vocabulary::open_embedded(packed).ok().map(Bpe::new)
}

fn counting(bpe: &'static Option<Bpe<'static>>) -> Counting<'static> {
    // A vocabulary that is part of the program is never refused.
    bpe.as_ref().map_or(Counting::ESTIMATE, |bpe| Counting::with(bpe))
}

/// How many tokens a text probably has, without a vocabulary: the best guess, and the upper bound
/// of every byte-level vocabulary.
#[pyfunction]
pub fn estimate(text: &Bound<'_, PyAny>) -> PyResult<(u64, u64)> {
    let content = Content::of(text)?;
    let estimate = text.py().detach(|| core::Estimator::of(content.bytes()));
    Ok((estimate.tokens, estimate.at_most))
}

/// Text from Python, not copied.
enum Content {
    Text(PyBackedStr),
    Bytes(PyBackedBytes),
}

impl Content {
    fn of(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        match value.cast::<PyString>() {
            Ok(text) => PyBackedStr::try_from(text.clone()).map(Self::Text),
            Err(_) => bytes_of("text", value).map(Self::Bytes),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    fn lossy(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Self::Text(text) => (&**text).into(),
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes),
        }
    }
}
