//! What a server refuses or demands beyond its dialect, from a text or a mapping and to a `dict`.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyMapping};
use zerostack_core::{KnownHost, OutputLimitKey, OwnedConfig, Profile, ProfileField};

use crate::enums::text;

/// Sets the profile of `config`, and the key of the limit of a reply where `value` names one and
/// `has_key` does not say that it is given elsewhere.
///
/// # Errors
/// `TypeError` and `ValueError` that name the field.
pub fn set(config: &mut OwnedConfig, value: &Bound<'_, PyAny>, has_key: bool) -> PyResult<()> {
    let (profile, key) = match value.cast::<PyMapping>() {
        Ok(fields) => of_mapping(fields)?,
        Err(_) => {
            let written = text("profile", value)?;
            Profile::parse(&written, config.dialect).map_err(|_| {
                PyValueError::new_err(format!(
                    "profile must be the name or the host of a known server, or FIELD=VALUE, with \
                     commas between them, or a mapping of fields, not {written:?}"
                ))
            })?
        }
    };
    config.profile = profile;
    if let Some(key) = key.filter(|_| !has_key) {
        config.output_limit_key = key;
    }
    Ok(())
}

fn of_mapping(fields: &Bound<'_, PyMapping>) -> PyResult<(Profile, Option<OutputLimitKey>)> {
    let (mut profile, mut key) = (Profile::DIALECT, None);
    for item in fields.items()?.iter() {
        let (name, value): (String, Bound<'_, PyAny>) = item.extract()?;
        let all = || ProfileField::ALL.iter().map(|it| it.name()).collect::<Vec<_>>().join(", ");
        let field = ProfileField::from_name(&name).ok_or_else(|| {
            PyTypeError::new_err(format!("a profile has no field {name:?}; there are {}", all()))
        })?;
        let value = match value.cast::<PyBool>() {
            Ok(switch) => if switch.is_true() { "true" } else { "false" }.to_owned(),
            Err(_) if value.is_none() => continue,
            Err(_) => text(&name, &value)?,
        };
        let is_known = match field {
            ProfileField::OutputLimitKey => {
                key = OutputLimitKey::from_name(&value);
                key.is_some()
            }
            field => profile.set(field, &value),
        };
        if !is_known {
            let all = match field {
                ProfileField::OutputLimitKey => "max_tokens, max_completion_tokens".to_owned(),
                field => field.values().join(", "),
            };
            let text = format!("profile: {name} must be one of {all}, not {value:?}");
            return Err(PyValueError::new_err(text));
        }
    }
    Ok((profile, key))
}

/// The fields that are set, by their names.
///
/// # Errors
/// Those of Python.
pub fn dict<'py>(py: Python<'py>, profile: &Profile) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for field in ProfileField::ALL {
        match profile.value(*field) {
            None => {}
            Some("true") => dict.set_item(field.name(), true)?,
            Some("false") => dict.set_item(field.name(), false)?,
            Some(value) => dict.set_item(field.name(), value)?,
        }
    }
    Ok(dict)
}

/// The name of the known server at `host`, in lower case and without its port, or `None`.
/// `local_port` is the port where the host is this machine.
#[pyfunction]
#[pyo3(signature = (host, local_port = None))]
pub fn known_server(host: &str, local_port: Option<u16>) -> Option<&'static str> {
    KnownHost::of(host, local_port).map(|known| known.name)
}
