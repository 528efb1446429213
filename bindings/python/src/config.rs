//! What stays the same during a session: its numbers and its tools.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use zerostack_core::{FailedTurn, Limits as CoreLimits, OwnedTool};

use crate::enums;
use crate::number::number;
use crate::value::value_class;

value_class! {
    /// A tool that the model may call.
    pub struct ToolSpec {
        /// `[a-zA-Z0-9_-]`, 64 bytes at most.
        name: Py<PyString>,
        /// What it does, for the model.
        description: Py<PyString>,
        /// JSON Schema of the arguments: the text of one JSON object.
        parameters: Py<PyString>,
    }
}

/// The numbers of a session. Each is a bound that is said when it is hit.
///
/// Whatever is not given has a default that suits a program with an operating system.
#[pyclass(frozen, module = "zerostack", eq)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The numbers as the core has them.
    pub core: CoreLimits,
}

/// Declares the constructor and a getter for each number of the core's limits.
macro_rules! limits {
    ( $( $(#[$about:meta])* $field:ident: $type:ident, )* ) => {
        #[pymethods]
        impl Limits {
            #[new]
            #[pyo3(signature = (*, $($field = None,)* failed_turn = None))]
            #[allow(clippy::too_many_arguments, reason = "they have names in Python")]
            fn new(
                $($field: Option<&Bound<'_, PyAny>>,)*
                failed_turn: Option<&Bound<'_, PyAny>>,
            ) -> PyResult<Self> {
                let mut core = CoreLimits::DEFAULT;
                $(if let Some(value) = $field {
                    core.$field = number(stringify!($field), value, $type::MAX.into())?;
                })*
                if let Some(value) = failed_turn {
                    core.failed_turn = enums::to_failed_turn(value)?;
                }
                Ok(Self { core })
            }

            $(
                $(#[$about])*
                #[getter]
                fn $field(&self) -> $type {
                    self.core.$field
                }
            )*

            /// What becomes of a turn that fails.
            #[getter]
            fn failed_turn(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                enums::failed_turn(py, self.core.failed_turn)
            }

            fn __repr__(&self) -> String {
                let mut text = String::from("Limits(");
                $(text.push_str(&format!("{}={}, ", stringify!($field), self.core.$field));)*
                let failed_turn = match self.core.failed_turn {
                    FailedTurn::TakeOut => "take_out",
                    FailedTurn::Keep => "keep",
                };
                text.push_str(&format!("failed_turn={failed_turn:?})"));
                text
            }

            fn __hash__(&self) -> u64 {
                use std::hash::{DefaultHasher, Hash as _, Hasher as _};
                let mut hasher = DefaultHasher::new();
                $(self.core.$field.hash(&mut hasher);)*
                hasher.finish()
            }

            fn __getnewargs_ex__<'py>(
                &self,
                py: Python<'py>,
            ) -> PyResult<((), Bound<'py, PyDict>)> {
                let fields = PyDict::new(py);
                $(fields.set_item(stringify!($field), self.core.$field)?;)*
                fields.set_item("failed_turn", self.failed_turn(py)?)?;
                Ok(((), fields))
            }
        }
    };
}

limits! {
    /// Tokens of one reply; 0 leaves it to the provider.
    max_output_tokens: u32,
    /// Tokens of the request and the reply together; 0 leaves it to the provider.
    context_tokens: u32,
    /// Bytes of one tool result; a longer one is cut in the middle and says so.
    max_result_bytes: u32,
    /// Bytes of one response body, whatever is kept of it; a server that never ends is refused here.
    max_response_bytes: u32,
    /// Bytes of the storage that must be free before a request is sent.
    reply_bytes: u32,
    /// Requests of one turn.
    max_rounds: u16,
    /// Times that one request is sent, the first included.
    max_attempts: u8,
    /// The wait before the first retry; it doubles with each further one.
    retry_base_ms: u32,
    /// The longest wait, whatever the provider asks for.
    retry_max_ms: u32,
    /// Where the jitter of the waits begins.
    seed: u32,
}

/// The tools of a session: anything with a name, a description and parameters, or a function.
///
/// # Errors
/// `TypeError` that says which tool is wrong.
pub fn tools(tools: &Bound<'_, PyAny>) -> PyResult<Vec<OwnedTool>> {
    let py = tools.py();
    let refused = |index: usize, why: PyErr| {
        let text = format!("tools[{index}]: {}", why.value(py));
        let error = PyTypeError::new_err(text);
        error.set_cause(py, Some(why));
        error
    };
    let mut specs = Vec::new();
    for (index, tool) in tools.try_iter()?.enumerate() {
        let tool = tool?;
        let tool = if tool.is_callable() && !tool.hasattr("parameters")? {
            let make = py.import("zerostack.tools")?.getattr("tool")?;
            make.call1((tool,)).map_err(|why| refused(index, why))?
        } else {
            tool
        };
        let field = |name| enums::text(name, &tool.getattr(name)?);
        let spec = || -> PyResult<OwnedTool> {
            let (name, description) = (field("name")?, field("description")?);
            Ok(OwnedTool { name, description, parameters: field("parameters")? })
        };
        specs.push(spec().map_err(|why| refused(index, why))?);
    }
    Ok(specs)
}
