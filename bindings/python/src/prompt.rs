//! Prompts and skills: Markdown with front matter.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use zerostack_core::prompt::{self as core, BUILT_IN, Fault, Library, Output, Text, skill};
use zerostack_core::{Error, ErrorKind};

use crate::enums;
use crate::error::{raised, raised_text};
use crate::value::value_class;

value_class! {
    /// A place of a prompt that is to be filled.
    pub struct Placeholder {
        /// The name of its value.
        name: Py<PyString>,
        /// The default value; `None` if a value is required.
        default: Option<Py<PyString>>,
        /// Where it is, in bytes of the prompt's text.
        offset: usize,
    }
}

/// A named text with placeholders: Markdown with front matter. Commands and agents in the form of Claude
/// Code, prompt templates of pi and Agent Skills (`SKILL.md`) are read as they are.
///
/// `name` is what it is called by, the stem of its file. `BadPrompt` gives line, column and reason.
#[pyclass(frozen, module = "zerostack", eq, hash)]
#[derive(PartialEq, Eq, Hash)]
pub struct Prompt {
    name: String,
    text: String,
}

#[pymethods]
impl Prompt {
    #[new]
    fn new(name: &Bound<'_, PyAny>, text: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = name.py();
        let prompt = Self { name: enums::text("name", name)?, text: enums::text("text", text)? };
        prompt.read(py, |_| ())?;
        Ok(prompt)
    }

    /// The built-in prompt of that name, such as `"code"` or `"review"`.
    #[staticmethod]
    fn built_in(py: Python<'_>, name: &str) -> PyResult<Self> {
        let places = [BUILT_IN];
        match Library::new(&places).find(name) {
            Ok(prompt) => Ok(Self { name: prompt.name().into(), text: prompt.text().into() }),
            Err(error) if error.kind() == ErrorKind::UnknownPrompt => {
                let text = format!("there is no prompt {name:?}; there are {}", names().join(", "));
                Err(raised_text(py, error, text))
            }
            Err(error) => Err(raised(py, error)),
        }
    }

    /// The names of the built-in prompts.
    #[staticmethod]
    fn built_in_names() -> Vec<&'static str> {
        names()
    }

    /// The name of the prompt.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    /// The whole file.
    #[getter]
    fn text(&self) -> &str {
        &self.text
    }

    /// The text after the front matter, placeholders not filled.
    #[getter]
    fn body(&self, py: Python<'_>) -> PyResult<String> {
        self.read(py, |prompt| prompt.body().to_owned())
    }

    /// The name in the prompt's front matter.
    #[getter]
    fn declared_name(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.read(py, |prompt| prompt.declared_name().map(own))
    }

    /// What the prompt is for, and when to use it.
    #[getter]
    fn description(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.read(py, |prompt| prompt.description().map(own))
    }

    /// The kind of its result: `text`, `patch`, `findings` or `json`; `None` if it is not set.
    #[getter]
    fn output(&self, py: Python<'_>) -> PyResult<Option<&'static str>> {
        self.read(py, |prompt| {
            prompt.output().and_then(|output| match output {
                Output::Text => Some("text"),
                Output::Patch => Some("patch"),
                Output::Findings => Some("findings"),
                Output::Json => Some("json"),
                _ => None,
            })
        })
    }

    /// The JSON Schema of its result, as JSON text.
    #[getter]
    fn schema(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.read(py, |prompt| prompt.schema().map(own))
    }

    /// The tools it may use, as written; `None` means all but `excluded_tools`.
    #[getter]
    fn tools(&self, py: Python<'_>) -> PyResult<Option<Vec<String>>> {
        self.read(py, |prompt| prompt.tools().map(|tools| tools.map(own).collect()))
    }

    /// The tools that it may not use, as written.
    #[getter]
    fn excluded_tools(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.read(py, |prompt| prompt.excluded_tools().map(own).collect())
    }

    /// The mode that it asks for.
    #[getter]
    fn mode(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.read(py, |prompt| prompt.mode().map(own))
    }

    /// The model that it asks for; `inherit` counts as none.
    #[getter]
    fn model(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.read(py, |prompt| prompt.model().map(own))
    }

    /// The names of its arguments, in their order.
    #[getter]
    fn argument_names(&self, py: Python<'_>) -> PyResult<Option<Vec<String>>> {
        self.read(py, |prompt| prompt.argument_names().map(|names| names.map(own).collect()))
    }

    /// The description of its arguments for a person.
    #[getter]
    fn argument_hint(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.read(py, |prompt| prompt.argument_hint().map(own))
    }

    /// The prompts that precede this one.
    #[getter]
    fn includes(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.read(py, |prompt| prompt.includes().into_iter().flatten().map(own).collect())
    }

    /// The commands that must pass before its result counts.
    #[getter]
    fn check(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.read(py, |prompt| prompt.check().into_iter().flatten().map(own).collect())
    }

    /// Whether it is offered to the model, which may ask for it.
    #[getter]
    fn is_model_invocable(&self, py: Python<'_>) -> PyResult<bool> {
        self.read(py, |prompt| prompt.is_model_invocable())
    }

    /// The placeholders of the body, in order; a name can occur more than once.
    #[getter]
    fn placeholders(&self, py: Python<'_>) -> PyResult<Vec<Placeholder>> {
        self.read(py, |prompt| {
            let text = |text: &str| PyString::new(py, text).unbind();
            let placeholder = |placeholder: core::Placeholder<'_>| Placeholder {
                name: text(placeholder.name),
                default: placeholder.default.map(text),
                offset: placeholder.offset,
            };
            prompt.placeholders().map(placeholder).collect()
        })
    }

    /// The body with its placeholders filled. `arguments` is the text after the prompt's name,
    /// for `$ARGUMENTS`, `$1` and the like; `values` are for placeholders with a name.
    ///
    /// Raises `MissingPlaceholder`, which names the placeholder that has neither value nor default.
    #[pyo3(signature = (arguments=None, /, **values))]
    fn render(
        &self,
        py: Python<'_>,
        arguments: Option<&Bound<'_, PyAny>>,
        values: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<String> {
        let mut given = Vec::new();
        if let Some(arguments) = arguments {
            given.push(("ARGUMENTS".to_owned(), enums::text("arguments", arguments)?));
        }
        for (name, value) in values.into_iter().flatten() {
            let name: String = name.extract()?;
            let value = enums::text(&name, &value)?;
            given.push((name, value));
        }
        let given: Vec<(&str, &str)> =
            given.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let rendered = self.read(py, |prompt| {
            let mut out = vec![0; prompt.rendered_len(&given)?];
            let length = prompt.render(&given, &mut out)?;
            out.truncate(length);
            Ok(String::from_utf8_lossy(&out).into_owned())
        })?;
        rendered.map_err(|error: Error| self.raised(py, error))
    }

    fn __repr__(&self) -> String {
        format!("<Prompt {:?}>", self.name)
    }

    fn __getnewargs__(&self) -> (&str, &str) {
        (&self.name, &self.text)
    }
}

impl Prompt {
    fn read<T>(&self, py: Python<'_>, read: impl FnOnce(core::Prompt<'_>) -> T) -> PyResult<T> {
        let prompt = core::Prompt::parse(&self.name, &self.text);
        prompt.map(read).map_err(|error| self.raised(py, error))
    }

    /// The error with the prompt's name, and the place in it.
    fn raised(&self, py: Python<'_>, error: Error) -> PyErr {
        let name = &self.name;
        let text = match Fault::of(error) {
            Some(Fault { line, column, reason }) => {
                format!("prompt {name:?}, line {line}, column {column}: {}", reason.message())
            }
            None if error.kind() == ErrorKind::MissingPlaceholder => {
                let prompt = core::Prompt::parse(&self.name, &self.text);
                let placeholder =
                    prompt.ok().and_then(|prompt| prompt.placeholder_at(error.detail()));
                let placeholder =
                    placeholder.map_or("a placeholder", |placeholder| placeholder.name);
                format!("prompt {name:?}: {placeholder} has no value, and no default")
            }
            None => format!("prompt {name:?}: {error}"),
        };
        raised_text(py, error, text)
    }
}

/// All faults of a prompt as an Agent Skill in the folder of that name, in sentences.
#[pyfunction]
pub fn skill_problems(prompt: &Bound<'_, Prompt>, folder: &str) -> PyResult<Vec<&'static str>> {
    if folder.contains('/') {
        return Err(PyTypeError::new_err("folder must be the name of a folder, not a path"));
    }
    prompt.get().read(prompt.py(), |prompt| {
        skill::problems(&prompt, folder).map(skill::Problem::message).collect()
    })
}

fn names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|source| source.name).collect()
}

fn own(text: Text<'_>) -> String {
    text.chars().collect()
}
