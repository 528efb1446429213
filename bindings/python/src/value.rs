//! Classes that are values: fields, equality, a hash, a `repr`, `match`, pickle and JSON.

use pyo3::prelude::*;

/// What `zerostack._json` makes of a value.
pub(crate) fn in_json(value: &Bound<'_, PyAny>, form: &str) -> PyResult<Py<PyAny>> {
    let made = value.py().import("zerostack._json")?.getattr(form)?.call1((value,))?;
    Ok(made.unbind())
}

/// Declares such a class. Its fields are positional arguments of the constructor, too; after it may
/// stand further methods.
macro_rules! value_class {
    (
        $(#[$about:meta])*
        pub struct $name:ident {
            $( $(#[$field_about:meta])* $field:ident: $type:ty $(= $default:tt)?, )*
        }
        $($methods:tt)*
    ) => {
        $(#[$about])*
        #[pyo3::pyclass(frozen, module = "zerostack")]
        pub struct $name {
            $( $(#[$field_about])* #[pyo3(get)] pub $field: $type, )*
        }

        #[pyo3::pymethods]
        impl $name {
            #[new]
            #[pyo3(signature = ($($field $(= $default)?),*))]
            fn new($($field: $type),*) -> Self {
                Self { $($field),* }
            }

            #[classattr]
            #[pyo3(name = "__match_args__")]
            fn match_args(py: pyo3::Python<'_>) -> pyo3::PyResult<pyo3::Bound<'_, pyo3::types::PyTuple>> {
                let names: &[&str] = &[$(stringify!($field)),*];
                pyo3::types::PyTuple::new(py, names)
            }

            #[pyo3(name = "__getnewargs__")]
            fn fields<'py>(
                &self,
                #[allow(unused_variables, reason = "some have no fields")] py: pyo3::Python<'py>,
            ) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::types::PyTuple>> {
                #[allow(unused_imports, reason = "some have no fields")]
                use pyo3::IntoPyObjectExt as _;
                let fields: Vec<pyo3::Bound<'py, pyo3::PyAny>> =
                    vec![$((&self.$field).into_bound_py_any(py)?),*];
                pyo3::types::PyTuple::new(py, fields)
            }

            fn __eq__(
                &self,
                other: &pyo3::Bound<'_, pyo3::PyAny>,
            ) -> pyo3::PyResult<bool> {
                use pyo3::types::PyAnyMethods as _;
                let py = other.py();
                match other.cast::<Self>() {
                    Ok(other) => self.fields(py)?.eq(other.get().fields(py)?),
                    Err(_) => Ok(false),
                }
            }

            fn __hash__(&self, py: pyo3::Python<'_>) -> pyo3::PyResult<isize> {
                use pyo3::types::PyAnyMethods as _;
                self.fields(py)?.hash()
            }

            fn __repr__(&self, py: pyo3::Python<'_>) -> pyo3::PyResult<String> {
                use pyo3::types::PyAnyMethods as _;
                let names: &[&str] = &[$(stringify!($field)),*];
                let mut text = String::from(concat!(stringify!($name), "("));
                for (index, (name, value)) in names.iter().zip(self.fields(py)?).enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    text.push_str(&format!("{comma}{name}={}", value.repr()?));
                }
                text.push(')');
                Ok(text)
            }

            /// The value as a `dict` that `json` knows, with its `type` in lower case.
            fn to_dict(slf: &pyo3::Bound<'_, Self>) -> pyo3::PyResult<pyo3::Py<pyo3::PyAny>> {
                crate::value::in_json(slf.as_any(), "to_dict")
            }

            /// The same as JSON text, on one line.
            fn to_json(slf: &pyo3::Bound<'_, Self>) -> pyo3::PyResult<pyo3::Py<pyo3::PyAny>> {
                crate::value::in_json(slf.as_any(), "to_json")
            }

            $($methods)*
        }
    };
}

pub(crate) use value_class;
