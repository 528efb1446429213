//! Templates: the part of Handlebars that dotprompt uses. Nothing is escaped.

mod expression;
mod node;
mod render;
mod value;

pub(crate) use node::{Node, parse};
pub(crate) use render::{Piece, Renderer};
