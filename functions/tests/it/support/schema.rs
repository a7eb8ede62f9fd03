//! As much of JSON Schema as the OpenAPI document uses: does a value fit, and which values would.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

/// A document, to look schemas up in.
pub(crate) struct Schemas(Value);

impl Schemas {
    pub(crate) fn of(document: OpenApi) -> Self {
        Self(serde_json::to_value(document).expect("JSON"))
    }

    /// `METHOD /path/{template}` of each.
    pub(crate) fn operations(&self) -> BTreeSet<String> {
        let paths = self.0["paths"].as_object().expect("paths").iter();
        paths
            .flat_map(|(path, item)| {
                let methods = item.as_object().expect("operations").keys();
                methods.map(move |method| format!("{} {path}", method.to_uppercase()))
            })
            .collect()
    }

    #[track_caller]
    pub(crate) fn operation(&self, path: &str, method: &str) -> Value {
        let operation = self.0["paths"][path][method.to_lowercase()].clone();
        assert!(operation.is_object(), "{method} {path} is not documented");
        operation
    }

    /// All fields of the value are known, and the required ones are there.
    #[track_caller]
    pub(crate) fn assert_fits(&self, schema: &Value, value: &Value, what: &str) {
        if let Err(reason) = self.fits(schema, value) {
            panic!("{what}: {reason} in {value}");
        }
    }

    fn fits(&self, schema: &Value, value: &Value) -> Result<(), String> {
        let schema = self.resolve(schema);
        if let Some(choices) = choices(schema) {
            let reasons: Vec<_> = choices.iter().filter_map(|choice| self.fits(choice, value).err()).collect();
            return if reasons.len() < choices.len() { Ok(()) } else { Err(reasons.join(" or ")) };
        }
        if let Some(allowed) = schema["enum"].as_array() {
            return allowed.contains(value).then_some(()).ok_or(format!("{value} is none of {allowed:?}"));
        }
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if !types(schema).contains(&kind) {
            return Err(format!("{kind} is not {:?}", types(schema)));
        }
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.fits(&schema["items"], item)),
            Value::Object(fields) => self.fits_fields(schema, fields),
            _ => Ok(()),
        }
    }

    fn fits_fields(&self, schema: &Value, fields: &Map<String, Value>) -> Result<(), String> {
        for name in required(schema) {
            fields.get(name).ok_or(format!("`{name}` is missing"))?;
        }
        for (name, value) in fields {
            let property = schema["properties"].get(name).or(any_name(schema));
            self.fits(property.ok_or(format!("`{name}` is not known"))?, value)?;
        }
        Ok(())
    }

    /// Values that fit: each choice, each name of an enum, all fields, and only the required ones.
    pub(crate) fn examples(&self, schema: &Value) -> Vec<Value> {
        let schema = self.resolve(schema);
        if let Some(choices) = choices(schema) {
            return choices.iter().flat_map(|choice| self.examples(choice)).collect();
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return merged(&parts.iter().map(|part| self.examples(part)).collect::<Vec<_>>());
        }
        if let Some(allowed) = schema["enum"].as_array() {
            return allowed.clone();
        }
        types(schema).into_iter().flat_map(|kind| self.examples_of(kind, schema)).collect()
    }

    fn examples_of(&self, kind: &str, schema: &Value) -> Vec<Value> {
        match kind {
            "null" => vec![Value::Null],
            "boolean" => vec![true.into(), false.into()],
            "integer" | "number" => vec![schema.get("minimum").unwrap_or(&json!(1)).clone()],
            "string" => vec![text(schema["pattern"].as_str()).into()],
            "array" => vec![json!([]), self.examples(&schema["items"]).into()],
            "object" => self.objects(schema),
            other => panic!("a type that no schema had so far: {other}"),
        }
    }

    fn objects(&self, schema: &Value) -> Vec<Value> {
        if let Some(values) = any_name(schema) {
            return self.examples(values).into_iter().map(|value| json!({ "any-name": value })).collect();
        }
        let properties = schema["properties"].as_object().expect("an object has properties");
        let fields: Vec<_> = properties.iter().map(|(name, of)| (name, self.examples(of))).collect();
        let count = fields.iter().map(|(_, examples)| examples.len()).max().unwrap_or(1);
        let object = |index: usize, required: Option<&[&str]>| {
            let wanted = fields.iter().filter(|(name, _)| required.is_none_or(|names| names.contains(&name.as_str())));
            let pairs = wanted.map(|(name, examples)| ((*name).clone(), examples[index % examples.len()].clone()));
            Value::Object(pairs.collect())
        };
        let barest = object(0, Some(&required(schema)));
        (0..count).map(|index| object(index, None)).chain([barest]).collect()
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => {
                let target =
                    self.0.pointer(reference.trim_start_matches('#')).expect("a reference that leads somewhere");
                self.resolve(target)
            }
            None => schema,
        }
    }
}

fn choices(schema: &Value) -> Option<&Vec<Value>> {
    schema["oneOf"].as_array().or(schema["anyOf"].as_array())
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => panic!("a schema without a type: {schema}"),
    }
}

fn required(schema: &Value) -> Vec<&str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The schema of fields of any name; `false` stands for none.
fn any_name(schema: &Value) -> Option<&Value> {
    schema.get("additionalProperties").filter(|values| values.is_object())
}

/// Objects of several schemas as one, as flattened fields are written.
fn merged(parts: &[Vec<Value>]) -> Vec<Value> {
    let count = parts.iter().map(Vec::len).max().unwrap_or(0);
    let pick = |index: usize| parts.iter().map(move |examples| examples[index % examples.len()].clone());
    let merge = |index| pick(index).filter_map(|part| part.as_object().cloned()).flatten().collect();
    (0..count).map(|index| Value::Object(merge(index))).collect()
}

/// A text of a pattern that the document has.
fn text(pattern: Option<&str>) -> String {
    match pattern {
        None => "any text".into(),
        Some("^md5$") => "md5".into(),
        Some("^[A-Za-z0-9_-]{22}$") => "A".repeat(22),
        Some("^[A-Za-z0-9_-]{43}$") => "A".repeat(43),
        Some("^[A-Za-z0-9+/]{22}==$") => format!("{}==", "A".repeat(22)),
        Some(other) => panic!("a pattern that no schema had so far: {other}"),
    }
}
