//! `#[tool(...)]` and the part of `#[serde(...)]` that a schema can follow.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, Error, LitStr, Result};

use crate::case::Case;

/// The attributes of the type.
#[derive(Default)]
pub(crate) struct Container {
    pub(crate) tool_name: Option<LitStr>,
    pub(crate) case: Option<Case>,
    /// All fields have defaults.
    pub(crate) has_default: bool,
}

impl Container {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut found = Self::default();
        each(attributes, "tool", |meta| {
            if !meta.path.is_ident("name") {
                return Err(meta.error("`#[tool(...)]` has only `name = \"...\"`"));
            }
            found.tool_name = Some(tool_name(meta.value()?.parse()?)?);
            Ok(())
        })?;
        each(attributes, "serde", |meta| {
            if meta.path.is_ident("rename_all") {
                found.case = Some(Case::read(&meta.value()?.parse()?)?);
            } else if meta.path.is_ident("default") {
                found.has_default = true;
                skip_value(&meta)?;
            } else if meta.path.is_ident("deny_unknown_fields") {
            } else if meta.path.is_ident("crate") || meta.path.is_ident("bound") {
                skip_value(&meta)?;
            } else {
                return Err(meta.error(FOREIGN));
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// The attributes of a field or a variant.
#[derive(Default)]
pub(crate) struct Item {
    pub(crate) rename: Option<String>,
    pub(crate) has_default: bool,
}

impl Item {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut found = Self::default();
        each(attributes, "tool", |meta| {
            Err(meta.error("`#[tool(...)]` is allowed only on the type"))
        })?;
        each(attributes, "serde", |meta| {
            if meta.path.is_ident("rename") && meta.input.peek(syn::Token![=]) {
                found.rename = Some(meta.value()?.parse::<LitStr>()?.value());
            } else if meta.path.is_ident("default") {
                found.has_default = true;
                skip_value(&meta)?;
            } else if meta.path.is_ident("alias") || meta.path.is_ident("borrow") {
                skip_value(&meta)?;
            } else {
                return Err(meta.error(FOREIGN));
            }
            Ok(())
        })?;
        Ok(found)
    }
}

fn each(
    attributes: &[Attribute],
    name: &str,
    mut read: impl FnMut(ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
        attribute.parse_nested_meta(&mut read)?;
    }
    Ok(())
}

fn skip_value(meta: &ParseNestedMeta<'_>) -> Result<()> {
    if meta.input.peek(syn::Token![=]) {
        meta.value()?.parse::<LitStr>()?;
    }
    Ok(())
}

/// All providers take such names.
fn tool_name(name: LitStr) -> Result<LitStr> {
    let text = name.value();
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        return Ok(name);
    }
    Err(Error::new(name.span(), "a tool's name is 1 to 64 letters, digits, `_` and `-`"))
}

const FOREIGN: &str = "the schema cannot follow this serde attribute";
