//! Arguments as models write them: a whole number as `2.0` or `"2"`, a list as a text of JSON.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};

/// A whole number that may be left out.
pub(super) fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    struct Whole;
    impl<'de> Visitor<'de> for Whole {
        type Value = Option<u64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number")
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Some(number))
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
            let unexpected = de::Unexpected::Signed(number);
            u64::try_from(number).map(Some).map_err(|_| E::invalid_value(unexpected, &self))
        }

        fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
            if number.fract() == 0.0 && (0.0..EXACT_FLOATS_END).contains(&number) {
                return Ok(Some(number as u64));
            }
            Err(E::invalid_value(de::Unexpected::Float(number), &self))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let text = text.trim();
            match (text.parse(), text.parse::<f64>()) {
                (Ok(number), _) => Ok(Some(number)),
                (Err(_), Ok(number)) => self.visit_f64(number),
                _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
            }
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    from.deserialize_any(Whole)
}

/// A truth value that may be left out.
pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    struct Flag;
    impl Visitor<'_> for Flag {
        type Value = Option<bool>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("true or false")
        }

        fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
            Ok(Some(value))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            match text.trim() {
                text if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
                text if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
                text => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
            }
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    from.deserialize_any(Flag)
}

/// A list: an array, its one object alone, or either as a text of JSON.
pub(super) fn list<'de, T, D>(from: D) -> Result<Vec<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    struct List<T>(PhantomData<T>);
    impl<'de, T: DeserializeOwned> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Vec<T>, A::Error> {
            let items = Vec::<Item<T>>::deserialize(SeqAccessDeserializer::new(items))?;
            Ok(items.into_iter().map(|item| item.0).collect())
        }

        fn visit_map<A: MapAccess<'de>>(self, item: A) -> Result<Vec<T>, A::Error> {
            T::deserialize(MapAccessDeserializer::new(item)).map(|item| vec![item])
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
            let mut json = serde_json::Deserializer::from_str(text);
            let items = json.deserialize_any(List(PhantomData)).map_err(E::custom)?;
            json.end().map(|()| items).map_err(E::custom)
        }
    }
    from.deserialize_any(List(PhantomData))
}

/// An object, or a text of JSON that holds it.
struct Item<T>(T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Item<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct One<T>(PhantomData<T>);
        impl<'de, T: DeserializeOwned> Visitor<'de> for One<T> {
            type Value = Item<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, item: A) -> Result<Item<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(item)).map(Item)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Item<T>, E> {
                serde_json::from_str(text).map(Item).map_err(E::custom)
            }
        }
        from.deserialize_any(One(PhantomData))
    }
}

/// From here on not every whole number is a float.
const EXACT_FLOATS_END: f64 = 9_007_199_254_740_992.0;
