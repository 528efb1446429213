//! Values of a call's arguments, through serde, without an allocator.

use core::fmt;

use serde::de::{self, Deserialize, Deserializer, IntoDeserializer, Visitor};

use crate::error::{Error, ErrorKind};
use crate::message::ToolCall;
use crate::tool::json_text::{Json, JsonKind};
use crate::tool::number::Number;

/// Reads a value from JSON text.
///
/// Strings without escapes are borrowed from `text`; the others are decoded into `scratch`, one
/// after the other, and borrowed from there, so a field may be `&str` in any case. A `scratch` as
/// long as the text is always enough.
///
/// # Errors
/// `BadJson`; `TooDeep`. `BadArguments` for a value that does not fit the type; `detail` is its
/// offset in `text`. `Full` if `scratch` is too short; `detail` is the length that is enough.
pub fn parse<'de, T: Deserialize<'de>>(text: &'de str, scratch: &'de mut [u8]) -> Result<T, Error> {
    let json = Json::parse(text)?;
    let mut scratch = scratch;
    T::deserialize(Reader { json, scratch: &mut scratch }).map_err(|bad| match bad {
        DeserializeFault::Full => {
            Error::new(ErrorKind::Full, u32::try_from(text.len()).unwrap_or(u32::MAX))
        }
        DeserializeFault::Value(at) => {
            let at = at.unwrap_or(json.offset());
            Error::new(ErrorKind::BadArguments, u32::try_from(at).unwrap_or(u32::MAX))
        }
    })
}

impl<'a> ToolCall<'a> {
    /// The arguments as a typed value, without an allocator; see [`parse`].
    ///
    /// Empty arguments are read as `{}`, because models mean that.
    ///
    /// # Errors
    /// As [`parse`].
    pub fn parse<T: Deserialize<'a>>(&self, scratch: &'a mut [u8]) -> Result<T, Error> {
        parse(if self.arguments.is_empty() { "{}" } else { self.arguments }, scratch)
    }
}

/// One value, and what is left of the memory for decoded strings.
struct Reader<'de, 's> {
    json: Json<'de>,
    scratch: &'s mut &'de mut [u8],
}

/// Why a value was not read; the offset is that of the innermost value.
#[derive(Debug)]
enum DeserializeFault {
    Value(Option<usize>),
    Full,
}

impl fmt::Display for DeserializeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the arguments do not fit")
    }
}

impl de::StdError for DeserializeFault {}

impl de::Error for DeserializeFault {
    /// Nobody reads the text, so none is made.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Value(None)
    }
}

impl<'de> Reader<'de, '_> {
    fn bad(&self) -> DeserializeFault {
        DeserializeFault::Value(Some(self.json.offset()))
    }

    /// Names this value in an error that names none yet.
    fn name<V>(json: Json<'_>, result: Result<V, DeserializeFault>) -> Result<V, DeserializeFault> {
        result.map_err(|bad| match bad {
            DeserializeFault::Value(None) => DeserializeFault::Value(Some(json.offset())),
            named => named,
        })
    }

    fn text(&mut self) -> Result<&'de str, DeserializeFault> {
        if self.json.kind() != JsonKind::String {
            return Err(self.bad());
        }
        if let Some(text) = self.json.as_str() {
            return Ok(text);
        }
        let length = self.json.chars().fold(0, |sum: usize, c| sum.saturating_add(c.len_utf8()));
        let whole = core::mem::take(self.scratch);
        let (own, rest) = whole.split_at_mut_checked(length).ok_or(DeserializeFault::Full)?;
        *self.scratch = rest;
        let mut slots = own.iter_mut();
        for c in self.json.chars() {
            let mut bytes = [0; 4];
            for (byte, slot) in c.encode_utf8(&mut bytes).bytes().zip(slots.by_ref()) {
                *slot = byte;
            }
        }
        core::str::from_utf8(own).map_err(|_| self.bad())
    }

    /// A whole number, `1.0` and `1e2` included.
    fn integer(&self) -> Result<i128, DeserializeFault> {
        let number = Number::read(self.json).ok_or(self.bad())?;
        number.as_i128().ok_or(self.bad())
    }

    fn float(&self) -> Result<f64, DeserializeFault> {
        let is_number = self.json.kind() == JsonKind::Number;
        let float = is_number.then(|| self.json.raw().parse::<f64>().ok()).flatten();
        float.filter(|float| float.is_finite()).ok_or(self.bad())
    }
}

/// Numbers are read by the type that the field has.
macro_rules! integers {
    ($($method:ident $visit:ident $type:ty;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeFault> {
            let number = <$type>::try_from(self.integer()?).map_err(|_| self.bad())?;
            Self::name(self.json, visitor.$visit(number))
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'de, '_> {
    type Error = DeserializeFault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeFault> {
        match self.json.kind() {
            JsonKind::Null => self.deserialize_unit(visitor),
            JsonKind::Bool(_) => self.deserialize_bool(visitor),
            JsonKind::Number => match self.integer().map(i64::try_from) {
                Ok(Ok(number)) => Self::name(self.json, visitor.visit_i64(number)),
                _ => self.deserialize_f64(visitor),
            },
            JsonKind::String => self.deserialize_str(visitor),
            JsonKind::Array => self.deserialize_seq(visitor),
            JsonKind::Object => self.deserialize_map(visitor),
        }
    }

    integers! {
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeFault> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeFault> {
        Self::name(self.json, visitor.visit_f64(self.float()?))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeFault> {
        match self.json.kind() {
            JsonKind::Bool(value) => Self::name(self.json, visitor.visit_bool(value)),
            _ => Err(self.bad()),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeFault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(
        mut self,
        visitor: V,
    ) -> Result<V::Value, DeserializeFault> {
        let text = self.text()?;
        Self::name(self.json, visitor.visit_borrowed_str(text))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeFault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, DeserializeFault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeFault> {
        match self.json.kind() {
            JsonKind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeFault> {
        match self.json.kind() {
            JsonKind::Null => Self::name(self.json, visitor.visit_unit()),
            _ => Err(self.bad()),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DeserializeFault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeFault> {
        if self.json.kind() != JsonKind::Array {
            return Err(self.bad());
        }
        let json = self.json;
        let items = ArrayItems { elements: json.elements(), scratch: self.scratch };
        Self::name(json, visitor.visit_seq(items))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, DeserializeFault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeFault> {
        if self.json.kind() != JsonKind::Object {
            return Err(self.bad());
        }
        let json = self.json;
        let members = Members { members: json.members(), value: None, scratch: self.scratch };
        Self::name(json, visitor.visit_map(members))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DeserializeFault> {
        self.deserialize_map(visitor)
    }

    /// Variants without values, by their names.
    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DeserializeFault> {
        let name: de::value::StrDeserializer<'_, DeserializeFault> =
            self.text()?.into_deserializer();
        Self::name(self.json, visitor.visit_enum(name))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, DeserializeFault> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        i128 u128 bytes byte_buf unit_struct tuple_struct
    }
}

struct ArrayItems<'de, 's, I> {
    elements: I,
    scratch: &'s mut &'de mut [u8],
}

impl<'de, I: Iterator<Item = Json<'de>>> de::SeqAccess<'de> for ArrayItems<'de, '_, I> {
    type Error = DeserializeFault;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DeserializeFault> {
        let Some(json) = self.elements.next() else { return Ok(None) };
        seed.deserialize(Reader { json, scratch: self.scratch }).map(Some)
    }
}

struct Members<'de, 's, I> {
    members: I,
    value: Option<Json<'de>>,
    scratch: &'s mut &'de mut [u8],
}

impl<'de, I: Iterator<Item = (Json<'de>, Json<'de>)>> de::MapAccess<'de> for Members<'de, '_, I> {
    type Error = DeserializeFault;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DeserializeFault> {
        let Some((json, value)) = self.members.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(Reader { json, scratch: self.scratch }).map(Some)
    }

    fn next_value_seed<T: de::DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<T::Value, DeserializeFault> {
        let json = self.value.take().ok_or(DeserializeFault::Value(None))?;
        seed.deserialize(Reader { json, scratch: self.scratch })
    }
}
