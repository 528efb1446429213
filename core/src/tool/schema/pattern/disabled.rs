//! Without the feature: no pattern is read, so what depends on one is not known.

use crate::error::Error;
use crate::tool::json_text::Json;
use crate::tool::schema::eval::Eval;

pub(in crate::tool::schema) const fn is_match(
    _: Json<'_>,
    _: Json<'_>,
    _: &mut Eval<'_>,
) -> Result<Option<bool>, Error> {
    Ok(None)
}
