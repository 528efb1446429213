//! The options of a request, from keyword arguments and to a `dict`.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyMapping, PyString};
use zerostack_core::{
    CacheTtl, OwnedOptions, OwnedResponseSchema, OwnedToolChoice, ReasoningEffort, SchemaMode,
    Thousandths,
};

use crate::enums::{chosen, text};
use crate::number::number;

/// The keywords, in the order of the option's numbers.
pub const NAMES: &str = "temperature, top_p, top_k, frequency_penalty, presence_penalty, seed, stop, \
                         reasoning_effort, tool_choice, parallel_tool_calls, service_tier, user, \
                         cache_ttl, response_schema, extra";

/// The form of the answers as the keyword `response_schema` takes it; `None` for plain text.
///
/// # Errors
/// `TypeError` and `ValueError`.
pub fn response_schema(value: &Bound<'_, PyAny>) -> PyResult<Option<OwnedResponseSchema>> {
    let mut options = OwnedOptions::default();
    if !value.is_none() {
        set(&mut options, "response_schema", value)?;
    }
    Ok(options.response_schema)
}

/// Sets the option `name`. Returns false if there is no such option.
///
/// # Errors
/// `TypeError` and `ValueError` that name the argument.
pub fn set(options: &mut OwnedOptions, name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    match name {
        "temperature" => options.temperature = Some(thousandths(name, value)?),
        "top_p" => options.top_p = Some(thousandths(name, value)?),
        "top_k" => options.top_k = Some(number(name, value, u32::MAX.into())?),
        "frequency_penalty" => options.frequency_penalty = Some(thousandths(name, value)?),
        "presence_penalty" => options.presence_penalty = Some(thousandths(name, value)?),
        "seed" => options.seed = Some(number(name, value, i32::MAX as u64)?),
        "stop" => options.stop = texts(name, value)?,
        "reasoning_effort" => {
            let all = ReasoningEffort::ALL;
            options.reasoning_effort = Some(chosen(name, value, all, ReasoningEffort::name)?);
        }
        "tool_choice" => {
            options.tool_choice = Some(OwnedToolChoice::from_text(&text(name, value)?));
        }
        "parallel_tool_calls" => options.parallel_tool_calls = Some(switch(name, value)?),
        "service_tier" => options.service_tier = Some(text(name, value)?),
        "user" => options.user = Some(text(name, value)?),
        "cache_ttl" => {
            options.cache_ttl = Some(chosen(name, value, CacheTtl::ALL, CacheTtl::name)?);
        }
        "response_schema" => options.response_schema = Some(schema(value)?),
        "extra" => options.extra = Some(json(name, value)?),
        _ => return Ok(false),
    }
    Ok(true)
}

/// The options that are set, by their names.
///
/// # Errors
/// Those of Python.
pub fn dict<'py>(py: Python<'py>, options: &OwnedOptions) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let decimal = |number: Option<Thousandths>| number.map(|it| f64::from(it.0) / 1000.0);
    let put = |name: &str, value: Option<Bound<'py, PyAny>>| match value {
        Some(value) => dict.set_item(name, value),
        None => Ok(()),
    };
    let float = |number| decimal(number).map(|it| PyFloat::new(py, it).into_any());
    let int = |number: Option<u32>| -> PyResult<_> {
        number.map(|it| it.into_pyobject(py).map(Bound::into_any)).transpose().map_err(Into::into)
    };
    let string = |text: Option<&str>| text.map(|it| PyString::new(py, it).into_any());
    put("temperature", float(options.temperature))?;
    put("top_p", float(options.top_p))?;
    put("top_k", int(options.top_k)?)?;
    put("frequency_penalty", float(options.frequency_penalty))?;
    put("presence_penalty", float(options.presence_penalty))?;
    put("seed", int(options.seed)?)?;
    let stop = (!options.stop.is_empty()).then(|| options.stop.clone().into_pyobject(py));
    put("stop", stop.transpose()?)?;
    put("reasoning_effort", string(options.reasoning_effort.map(ReasoningEffort::name)))?;
    put("tool_choice", string(options.tool_choice.as_ref().map(OwnedToolChoice::text)))?;
    let parallel = options.parallel_tool_calls;
    put("parallel_tool_calls", parallel.map(|it| PyBool::new(py, it).to_owned().into_any()))?;
    put("service_tier", string(options.service_tier.as_deref()))?;
    put("user", string(options.user.as_deref()))?;
    put("cache_ttl", string(options.cache_ttl.map(CacheTtl::name)))?;
    let schema = options.response_schema.as_ref().map(|it| -> PyResult<_> {
        let schema = PyDict::new(py);
        schema.set_item("name", &it.name)?;
        schema.set_item("schema", &it.schema)?;
        schema.set_item("strict", it.is_strict)?;
        schema.set_item("mode", it.mode.name())?;
        schema.set_item("max_repairs", it.max_repairs)?;
        Ok(schema.into_any())
    });
    put("response_schema", schema.transpose()?)?;
    put("extra", string(options.extra.as_deref()))?;
    Ok(dict)
}

/// A number with at most three decimals: an `int`, a `float` or a `Decimal`.
fn thousandths(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Thousandths> {
    let class = value.get_type().name()?;
    let is_number = !value.is_instance_of::<PyBool>()
        && (value.is_instance_of::<PyInt>()
            || value.is_instance_of::<PyFloat>()
            || class.to_cow()? == "Decimal");
    if !is_number {
        return Err(PyTypeError::new_err(format!("{name} must be a number, not {class}")));
    }
    let scaled = value.extract::<f64>()? * 1000.0;
    let rounded = scaled.round();
    // What a float is beside its decimals is no decimal.
    if (scaled - rounded).abs() > 1e-6 || rounded.abs() > 1e6 || rounded.is_nan() {
        let text = value.str()?;
        let why = format!("{name} must be a number with at most three decimals, not {text}");
        return Err(PyValueError::new_err(why));
    }
    Ok(Thousandths(rounded as i32))
}

/// One text, or several.
fn texts(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    if value.is_instance_of::<PyString>() {
        return Ok(vec![text(name, value)?]);
    }
    value.try_iter()?.map(|it| text(name, &it?)).collect()
}

fn switch(name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    value.extract().map_err(|_| PyTypeError::new_err(format!("{name} must be True or False")))
}

/// JSON: a text, or what `json` writes.
fn json(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    if value.is_instance_of::<PyString>() {
        return text(name, value);
    }
    if value.cast::<PyMapping>().is_err() {
        let class = value.get_type().name()?;
        let why = format!("{name} must be a mapping or a text of JSON, not {class}");
        return Err(PyTypeError::new_err(why));
    }
    let made = value.py().import("json")?.call_method1("dumps", (value,))?;
    made.extract()
}

/// A schema, or a mapping of `schema`, `name`, `strict`, `mode` and `max_repairs`.
fn schema(value: &Bound<'_, PyAny>) -> PyResult<OwnedResponseSchema> {
    let name = "response_schema";
    let whole = |schema: String| OwnedResponseSchema::new("answer", schema);
    let Ok(mapping) = value.cast::<PyMapping>() else {
        return json(name, value).map(whole);
    };
    if !mapping.contains("schema")? {
        return json(name, value).map(whole);
    }
    let mut schema = whole(json(name, &mapping.get_item("schema")?)?);
    if mapping.contains("name")? {
        schema.name = text("name of response_schema", &mapping.get_item("name")?)?;
    }
    if mapping.contains("strict")? {
        schema.is_strict = switch("strict of response_schema", &mapping.get_item("strict")?)?;
    }
    if mapping.contains("mode")? {
        let mode = mapping.get_item("mode")?;
        let name = "mode of response_schema";
        schema.mode = chosen(name, &mode, SchemaMode::ALL, SchemaMode::name)?;
    }
    if mapping.contains("max_repairs")? {
        let count = mapping.get_item("max_repairs")?;
        if !count.is_none() {
            let name = "max_repairs of response_schema";
            schema.max_repairs = Some(number(name, &count, u8::MAX.into())?);
        }
    }
    Ok(schema)
}
