//! Picoschema: short schemas, as JSON Schema.

use serde_json::{Map, Value, json};

/// The JSON Schema of `pico`; unknown names are looked up in `named`.
///
/// # Errors
/// The fault in the schema, and its place.
pub(crate) fn json_schema(pico: &Value, named: &Map<String, Value>) -> Result<Value, String> {
    match pico {
        Value::Object(map) => {
            let kind = map.get("type").and_then(Value::as_str);
            if kind
                .is_some_and(|kind| SCALARS.contains(&kind) || ["object", "array"].contains(&kind))
            {
                return Ok(pico.clone());
            }
            if map.get("properties").is_some_and(Value::is_object) {
                let mut schema = map.clone();
                schema.insert("type".to_owned(), json!("object"));
                return Ok(Value::Object(schema));
            }
            field(pico, named, "", 0)
        }
        _ => field(pico, named, "", 0),
    }
}

fn field(
    pico: &Value,
    named: &Map<String, Value>,
    at: &str,
    depth: usize,
) -> Result<Value, String> {
    if depth > MAX_DEPTH {
        return Err(format!("{at}: more than {MAX_DEPTH} levels"));
    }
    let map = match pico {
        Value::String(text) => return scalar(text, named, at),
        Value::Object(map) => map,
        _ => return Err(format!("{at}: a type or a map of fields is missing")),
    };
    let (mut properties, mut required, mut others) = (Map::new(), Vec::new(), json!(false));
    for (key, value) in map {
        if key == "(*)" {
            others = field(value, named, key, depth + 1)?;
            continue;
        }
        let (name, kind) = match key.split_once('(') {
            Some((name, kind)) => (name, Some(kind.strip_suffix(')').unwrap_or(kind))),
            None => (key.as_str(), None),
        };
        let is_optional = name.ends_with('?');
        let name = name.trim_end_matches('?');
        if !is_optional {
            required.push(Value::String(name.to_owned()));
        }
        let schema = match kind.map(described) {
            None => nullable(field(value, named, name, depth + 1)?, is_optional),
            Some((kind, description)) => {
                let mut schema = match kind {
                    "array" => {
                        let items = field(value, named, name, depth + 1)?;
                        nullable(json!({ "type": "array", "items": items }), is_optional)
                    }
                    "object" => nullable(field(value, named, name, depth + 1)?, is_optional),
                    "enum" => {
                        let mut values = value.as_array().cloned().unwrap_or_default();
                        if is_optional && !values.contains(&Value::Null) {
                            values.push(Value::Null);
                        }
                        json!({ "enum": values })
                    }
                    other => {
                        return Err(format!("{name}: {other:?} is not array, object or enum"));
                    }
                };
                describe(&mut schema, description);
                schema
            }
        };
        properties.insert(name.to_owned(), schema);
    }
    let mut schema = json!({
        "type": "object", "properties": properties, "additionalProperties": others,
    });
    if !required.is_empty() {
        schema["required"] = Value::Array(required);
    }
    Ok(schema)
}

fn scalar(text: &str, named: &Map<String, Value>, at: &str) -> Result<Value, String> {
    let (kind, description) = described(text);
    let mut schema = match kind {
        "any" => json!({}),
        kind if SCALARS.contains(&kind) => json!({ "type": kind }),
        kind => named.get(kind).cloned().ok_or_else(|| {
            let at = if at.is_empty() { String::new() } else { format!("{at}: ") };
            format!("{at}{kind:?} is neither a type nor the name of a schema")
        })?,
    };
    describe(&mut schema, description);
    Ok(schema)
}

/// `type, description`.
fn described(text: &str) -> (&str, Option<&str>) {
    match text.split_once(',') {
        Some((kind, description)) => (kind.trim(), Some(description.trim())),
        None => (text.trim(), None),
    }
}

fn describe(schema: &mut Value, description: Option<&str>) {
    if let (Some(text), Some(map)) = (description, schema.as_object_mut()) {
        map.insert("description".to_owned(), json!(text));
    }
}

fn nullable(mut schema: Value, is_optional: bool) -> Value {
    if let (true, Some(kind)) = (is_optional, schema.get("type").and_then(Value::as_str)) {
        schema["type"] = json!([kind, "null"]);
    }
    schema
}

const SCALARS: [&str; 6] = ["string", "boolean", "null", "number", "integer", "any"];
const MAX_DEPTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_schemas_mean_long_ones() {
        let pico = json!({
            "name": "string, who", "age?": "integer", "tags(array, some)": "string",
            "kind?(enum)": ["A", "B"], "at(object)": {"x?": "any"}, "(*)": "number",
        });
        let expected = json!({
            "type": "object",
            "properties": {
                "name": {"type": "string", "description": "who"},
                "age": {"type": ["integer", "null"]},
                "tags": {"type": "array", "items": {"type": "string"}, "description": "some"},
                "kind": {"enum": ["A", "B", null]},
                "at": {"type": "object", "properties": {"x": {}}, "additionalProperties": false},
            },
            "additionalProperties": {"type": "number"},
            "required": ["at", "name", "tags"],
        });
        let mut found = json_schema(&pico, &Map::new()).unwrap();
        let required = found["required"].as_array_mut().unwrap();
        required.sort_by_key(|it| it.to_string());
        assert_eq!(found, expected);
        let long = json!({"type": "object", "properties": {}});
        assert_eq!(json_schema(&long, &Map::new()), Ok(long));
        assert!(json_schema(&json!("strin"), &Map::new()).unwrap_err().contains("strin"));
        assert!(json_schema(&json!({"a(set)": "string"}), &Map::new()).is_err());
    }
}
