//! The settings of a session besides its dialect and model.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use zerostack_core::{Counting, Dialect, OutputLimitKey, OwnedConfig, OwnedTool, ToolMode};

use crate::config::Limits;
use crate::number::number;
use crate::{enums, profile, request_options, tokenizer};

/// The settings of a session besides its dialect and model.
#[derive(Default)]
pub struct Options<'py> {
    /// The system prompt.
    system: Option<Bound<'py, PyAny>>,
    /// See [`tools`].
    tools: Option<Bound<'py, PyAny>>,
    /// A [`Limits`].
    limits: Option<Bound<'py, PyAny>>,
    /// A `ToolMode` or its name.
    tool_mode: Option<Bound<'py, PyAny>>,
    /// An `OutputLimitKey` or its name.
    output_limit_key: Option<Bound<'py, PyAny>>,
    /// A text or a mapping, see [`profile::set`].
    profile: Option<Bound<'py, PyAny>>,
    call_deltas: Option<Bound<'py, PyAny>>,
    /// The name of the token counter.
    counting: Option<Bound<'py, PyAny>>,
    /// The most that the transcript may take.
    capacity_bytes: Option<Bound<'py, PyAny>>,
    /// The options of requests that are given.
    requests: Vec<(String, Bound<'py, PyAny>)>,
}

/// The default capacity of a session.
const CAPACITY_BYTES: u32 = 64 * 1024 * 1024;

impl<'py> Options<'py> {
    /// The options that are given by name; `None` counts as not given.
    ///
    /// # Errors
    /// `TypeError` for an unknown name.
    pub fn of(given: Option<&Bound<'py, PyDict>>) -> PyResult<Self> {
        let mut options = Self::default();
        for (name, value) in given.into_iter().flatten() {
            let name: String = name.extract()?;
            let option = match name.as_str() {
                "system" => &mut options.system,
                "tools" => &mut options.tools,
                "limits" => &mut options.limits,
                "tool_mode" => &mut options.tool_mode,
                "output_limit_key" => &mut options.output_limit_key,
                "profile" => &mut options.profile,
                "call_deltas" => &mut options.call_deltas,
                "counting" => &mut options.counting,
                "capacity_bytes" => &mut options.capacity_bytes,
                _ if request_options::NAMES.split(", ").any(|known| known == name) => {
                    if !value.is_none() {
                        options.requests.push((name, value));
                    }
                    continue;
                }
                _ => {
                    return Err(PyTypeError::new_err(format!(
                        "a session has no option {name:?}; there are system, tools, limits, \
                         tool_mode, output_limit_key, profile, call_deltas, counting, capacity_bytes, {}",
                        request_options::NAMES
                    )));
                }
            };
            *option = Some(value).filter(|value| !value.is_none());
        }
        Ok(options)
    }

    /// The most that the transcript may take.
    ///
    /// # Errors
    /// `TypeError` and `ValueError` for anything else.
    pub fn capacity_bytes(&self) -> PyResult<usize> {
        match &self.capacity_bytes {
            Some(value) => number("capacity_bytes", value, u32::MAX.into()),
            None => Ok(CAPACITY_BYTES as usize),
        }
    }

    /// The configuration of a new session.
    ///
    /// # Errors
    /// `TypeError` and `ValueError` that name the argument.
    pub fn begin(
        &self,
        dialect: &Bound<'_, PyAny>,
        model: &Bound<'_, PyAny>,
    ) -> PyResult<OwnedConfig> {
        let mut config = OwnedConfig::new(Dialect::OpenAiChat, "");
        self.change(&mut config, Some(dialect), Some(model))?;
        Ok(config)
    }

    /// Applies the given options.
    ///
    /// # Errors
    /// `TypeError` and `ValueError` that name the argument.
    pub fn change(
        &self,
        config: &mut OwnedConfig,
        dialect: Option<&Bound<'_, PyAny>>,
        model: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        if let Some(value) = dialect {
            config.dialect = enums::chosen("dialect", value, Dialect::ALL, Dialect::name)?;
        }
        if let Some(value) = model {
            config.model = enums::text("model", value)?;
        }
        if let Some(value) = &self.system {
            config.system = enums::text("system", value)?;
        }
        if let Some(value) = &self.tools {
            config.tools = tools(value)?;
        }
        if let Some(value) = &self.limits {
            let Ok(limits) = value.cast::<Limits>() else {
                let class = value.get_type().name()?;
                let text = format!("limits must be a zerostack.Limits, not {class}");
                return Err(PyTypeError::new_err(text));
            };
            config.limits = limits.get().core;
        }
        if let Some(value) = &self.tool_mode {
            config.tool_mode = enums::chosen("tool_mode", value, ToolMode::ALL, ToolMode::name)?;
        }
        if let Some(value) = &self.output_limit_key {
            let all = OutputLimitKey::ALL;
            config.output_limit_key =
                enums::chosen("output_limit_key", value, all, OutputLimitKey::name)?;
        }
        if let Some(value) = &self.profile {
            profile::set(config, value, self.output_limit_key.is_some())?;
        }
        if let Some(value) = &self.call_deltas {
            let Ok(is_wanted) = value.extract::<bool>() else {
                let class = value.get_type().name()?;
                let text = format!("call_deltas must be True or False, not {class}");
                return Err(PyTypeError::new_err(text));
            };
            config.call_deltas = is_wanted;
        }
        for (name, value) in &self.requests {
            request_options::set(&mut config.options, name, value)?;
        }
        if let Some(value) = &self.counting {
            let all = ["estimate", "o200k", "cl100k", "rough"];
            config.counting = match enums::chosen("counting", value, &all, |name| name)? {
                "o200k" => tokenizer::counting_o200k(),
                "cl100k" => tokenizer::counting_cl100k(),
                "rough" => Counting::ROUGH,
                _ => Counting::ESTIMATE,
            };
        }
        Ok(())
    }
}

/// The tools of a session: anything with a name, a description and parameters, or a function.
///
/// # Errors
/// `TypeError` that names the wrong tool.
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
