//! The settings of a session: its numbers and its tools.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use zerostack_core::{
    FailedTurn, Limits as CoreLimits, OwnedTool, Prices as CorePrices, RoomPolicy,
};

use crate::enums;
use crate::message::Usage;
use crate::number::number;
use crate::value::value_class;

value_class! {
    /// A tool that the model may call.
    pub struct ToolSpec {
        /// `[a-zA-Z0-9_-]`, 64 bytes at most.
        name: Py<PyString>,
        /// Its description for the model.
        description: Py<PyString>,
        /// JSON Schema of the arguments: the text of one JSON object.
        parameters: Py<PyString>,
    }
}

impl ToolSpec {
    /// The tool of a session.
    pub fn of(py: Python<'_>, tool: &OwnedTool) -> Self {
        let text = |text: &str| PyString::new(py, text).unbind();
        Self {
            name: text(&tool.name),
            description: text(&tool.description),
            parameters: text(&tool.parameters),
        }
    }
}

value_class! {
    /// The price of a million tokens, in millionths of a currency: 3 dollars are 3,000,000.
    pub struct Prices {
        /// Tokens of requests that no cache knows.
        input: u32 = 0,
        /// Tokens of replies.
        output: u32 = 0,
        /// Tokens of requests that came from the provider's cache.
        cache_read: u32 = 0,
        /// Tokens of requests that were put into it.
        cache_write: u32 = 0,
    }

    /// What `usage` costs, in millionths of the currency, rounded up.
    fn cost_micros(&self, usage: &Bound<'_, Usage>) -> u64 {
        CorePrices::from(self).cost_micros(usage.get().into())
    }
}

/// The numbers of a session. Reaching a limit is always reported.
///
/// A number that is not given has a default that suits a program with an operating system.
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
            #[pyo3(signature = (*, $($field = None,)* room = None, prices = None, failed_turn = None))]
            #[allow(clippy::too_many_arguments, reason = "they have names in Python")]
            fn new(
                $($field: Option<&Bound<'_, PyAny>>,)*
                room: Option<&Bound<'_, PyAny>>,
                prices: Option<&Bound<'_, Prices>>,
                failed_turn: Option<&Bound<'_, PyAny>>,
            ) -> PyResult<Self> {
                let mut core = CoreLimits::DEFAULT;
                $(if let Some(value) = $field {
                    core.$field = number(stringify!($field), value, $type::MAX.into())?;
                })*
                if let Some(value) = room {
                    let all = RoomPolicy::ALL;
                    core.room = enums::chosen("room", value, all, RoomPolicy::name)?;
                }
                if let Some(value) = prices {
                    core.prices = value.get().into();
                }
                if let Some(value) = failed_turn {
                    let all = [FailedTurn::TakeOut, FailedTurn::Keep];
                    core.failed_turn =
                        enums::chosen("failed_turn", value, &all, enums::failed_turn_name)?;
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

            /// How room is made.
            #[getter]
            fn room(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                enums::room_policy(py, self.core.room)
            }

            /// The prices of tokens.
            #[getter]
            fn prices(&self) -> Prices {
                self.core.prices.into()
            }

            /// What happens to a turn that fails.
            #[getter]
            fn failed_turn(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                enums::failed_turn(py, self.core.failed_turn)
            }

            fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
                let mut text = String::from("Limits(");
                $(text.push_str(&format!("{}={}, ", stringify!($field), self.core.$field));)*
                let (room, failed_turn) =
                    (self.core.room.name(), enums::failed_turn_name(self.core.failed_turn));
                let prices = Bound::new(py, self.prices())?.repr()?;
                text.push_str(&format!(
                    "room={room:?}, prices={prices}, failed_turn={failed_turn:?})"
                ));
                Ok(text)
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
                fields.set_item("room", self.room(py)?)?;
                fields.set_item("prices", self.prices())?;
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
    /// Tokens of the request above which room is made; 0 is four fifths of the part of
    /// `context_tokens` that the reply leaves.
    high_water_tokens: u32,
    /// Tokens of the request down to which room is made; 0 is two thirds of the high mark.
    low_water_tokens: u32,
    /// Bytes of one tool result; a longer one is cut in the middle, with a note of the cut.
    max_result_bytes: u32,
    /// Bytes of one response body, stored or not; a server that never ends is refused here.
    max_response_bytes: u32,
    /// Bytes of the storage that must be free before a request is sent.
    reply_bytes: u32,
    /// Requests of one turn.
    max_rounds: u16,
    /// Tokens of all requests and replies of one turn; 0 is no limit. As with the next three, no
    /// further request is sent when more is used up.
    max_turn_tokens: u32,
    /// The cost limit of one turn by `prices`, in millionths of their currency; 0 is no limit.
    max_turn_cost_micros: u32,
    /// The time limit of one turn in milliseconds, see `Session.set_turn_elapsed_ms`; 0 is no
    /// limit.
    max_turn_ms: u32,
    /// How many times the model may make the same call in a row; 0 is no limit.
    max_repeats: u16,
    /// Calls of one reply; a reply with more fails the turn.
    max_calls: u16,
    /// Times that one request is sent, the first included.
    max_attempts: u8,
    /// The wait before the first retry; it doubles with each further one.
    retry_base_ms: u32,
    /// The longest wait, even if the provider asks for a longer one.
    retry_max_ms: u32,
    /// The seed of the jitter of the waits.
    seed: u32,
}

impl From<&Prices> for CorePrices {
    fn from(prices: &Prices) -> Self {
        let Prices { input, output, cache_read, cache_write } = *prices;
        Self { input, output, cache_read, cache_write }
    }
}

impl From<CorePrices> for Prices {
    fn from(prices: CorePrices) -> Self {
        let CorePrices { input, output, cache_read, cache_write } = prices;
        Self { input, output, cache_read, cache_write }
    }
}
