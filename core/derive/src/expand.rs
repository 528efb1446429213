//! The implementations that the derives write.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{
    Data, DataEnum, DataStruct, DeriveInput, Error, Fields, GenericParam, Generics, Result, Type,
};

use crate::attributes::{Container, Item};
use crate::docs::{description, quoted};

pub(crate) fn arg_type(input: &DeriveInput) -> Result<TokenStream> {
    let container = Container::read(&input.attrs)?;
    if let Some(name) = &container.tool_name {
        return Err(Error::new(name.span(), "only `ToolArgs` has a tool's name"));
    }
    schema(input, &container)
}

pub(crate) fn tool_args(input: &DeriveInput) -> Result<TokenStream> {
    let ident = &input.ident;
    let container = Container::read(&input.attrs)?;
    if !matches!(input.data, Data::Struct(_)) {
        return Err(Error::new(ident.span(), "a tool's arguments are a struct with named fields"));
    }
    let Some(name) = &container.tool_name else {
        return Err(Error::new(ident.span(), "give the tool a name: `#[tool(name = \"...\")]`"));
    };
    let Some(text) = description(&input.attrs) else {
        let say = "write a doc comment: it explains the tool to the model";
        return Err(Error::new(ident.span(), say));
    };
    let schema = schema(input, &container)?;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let statics = input.generics.lifetimes().map(|_| quote!('static));
    Ok(quote! {
        #schema
        const _: () = {
            use ::zerostack_core::tool::typed::{self, SchemaPiece};
            const SCHEMA: &SchemaPiece = &SchemaPiece::All(&[
                &SchemaPiece::Text("{"),
                <#ident<#(#statics),*> as typed::ArgType>::SCHEMA,
                &SchemaPiece::Text("}"),
            ]);
            const BYTES: [u8; SCHEMA.len()] = SCHEMA.bytes();
            #[automatically_derived]
            impl #generics typed::ToolArgs for #ident #arguments #bounds {
                const NAME: &'static str = #name;
                const DESCRIPTION: &'static str = #text;
                const PARAMETERS: &'static str = typed::text(&BYTES);
            }
        };
    })
}

fn schema(input: &DeriveInput, container: &Container) -> Result<TokenStream> {
    check_generics(&input.generics)?;
    let nodes = match &input.data {
        Data::Struct(data) => object(input, data, container)?,
        Data::Enum(data) => choice(input, data, container)?,
        Data::Union(data) => {
            return Err(Error::new(data.union_token.span, "JSON has no unions: use a struct"));
        }
    };
    let ident = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        const _: () = {
            use ::zerostack_core::tool::typed::{self, SchemaPiece};
            #[automatically_derived]
            impl #generics typed::ArgType for #ident #arguments #bounds {
                const SCHEMA: &'static SchemaPiece = &SchemaPiece::All(&[#(#nodes),*]);
            }
        };
    })
}

/// A struct: an object that has these properties and no others.
fn object(
    input: &DeriveInput,
    data: &DataStruct,
    container: &Container,
) -> Result<Vec<TokenStream>> {
    let Fields::Named(fields) = &data.fields else {
        let say = "name the fields: arguments are an object of names and values";
        return Err(Error::new(input.ident.span(), say));
    };
    let mut nodes = Vec::new();
    let mut text = String::from("\"type\":\"object\",\"properties\":{");
    let mut names: Vec<String> = Vec::new();
    let mut required: Vec<String> = Vec::new();
    for field in &fields.named {
        let Some(ident) = &field.ident else { continue };
        let item = Item::read(&field.attrs)?;
        let own = ident.unraw().to_string();
        let written = container.case.map_or_else(|| own.clone(), |case| case.field(&own));
        let name = item.rename.unwrap_or(written);
        if names.contains(&name) {
            return Err(Error::new(ident.span(), "two fields have this name"));
        }
        let Some(about) = description(&field.attrs) else {
            let say = "write a doc comment: it explains this argument to the model";
            return Err(Error::new(ident.span(), say));
        };
        if !names.is_empty() {
            text.push(',');
        }
        text.push_str(&format!("{}:{{\"description\":{},", quoted(&name), quoted(&about)));
        let kind = &field.ty;
        nodes.push(quote!(&SchemaPiece::Text(#text)));
        nodes.push(quote!(<#kind as typed::ArgType>::SCHEMA));
        text = String::from("}");
        if !(item.has_default || container.has_default || is_option(kind)) {
            required.push(quoted(&name));
        }
        names.push(name);
    }
    text.push_str("},");
    if !required.is_empty() {
        text.push_str(&format!("\"required\":[{}],", required.join(",")));
    }
    text.push_str("\"additionalProperties\":false");
    nodes.push(quote!(&SchemaPiece::Text(#text)));
    Ok(nodes)
}

/// An enum of unit variants: one of these strings.
fn choice(input: &DeriveInput, data: &DataEnum, container: &Container) -> Result<Vec<TokenStream>> {
    let mut names: Vec<String> = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            let say = "a variant with values has no plain JSON form: use a struct with options";
            return Err(Error::new(variant.ident.span(), say));
        }
        let item = Item::read(&variant.attrs)?;
        let own = variant.ident.unraw().to_string();
        let written = container.case.map_or_else(|| own.clone(), |case| case.variant(&own));
        let name = quoted(&item.rename.unwrap_or(written));
        if names.contains(&name) {
            return Err(Error::new(variant.ident.span(), "two variants have this name"));
        }
        names.push(name);
    }
    if names.is_empty() {
        return Err(Error::new(input.ident.span(), "nothing fits an enum without variants"));
    }
    let text = format!("\"type\":\"string\",\"enum\":[{}]", names.join(","));
    Ok(vec![quote!(&SchemaPiece::Text(#text))])
}

fn check_generics(generics: &Generics) -> Result<()> {
    for parameter in &generics.params {
        let ident = match parameter {
            GenericParam::Lifetime(_) => continue,
            GenericParam::Type(parameter) => &parameter.ident,
            GenericParam::Const(parameter) => &parameter.ident,
        };
        return Err(Error::new(ident.span(), "a schema is made for one type: no parameters here"));
    }
    Ok(())
}

/// `Option` by its name, as in serde's derive.
fn is_option(kind: &Type) -> bool {
    let Type::Path(path) = kind else { return false };
    path.path.segments.last().is_some_and(|segment| segment.ident == "Option")
}
