//! Prompts by name.

use super::{Fault, Prompt, Reason};
use crate::error::{Error, ErrorKind};

/// A prompt's name and text, not yet read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Source<'a> {
    /// Its name.
    pub name: &'a str,
    /// The file.
    pub text: &'a str,
}

/// Prompts by name, from several places; later places win over earlier ones, and in one place
/// later entries over earlier ones.
#[derive(Clone, Copy, Debug)]
pub struct Library<'a> {
    places: &'a [&'a [Source<'a>]],
}

impl<'a> Library<'a> {
    /// A library over these places. The first is [`BUILT_IN`] as a rule.
    pub const fn new(places: &'a [&'a [Source<'a>]]) -> Self {
        Self { places }
    }

    /// The existing prompts, without those that a later one of the same name hides.
    pub fn sources(&self) -> impl Iterator<Item = Source<'a>> + use<'a> {
        let library = *self;
        let all = library.places.iter().flat_map(|place| place.iter());
        all.filter(move |source| {
            library.source(source.name).is_some_and(|winner| core::ptr::eq(winner, *source))
        })
        .copied()
    }

    /// Reads the prompt of that name.
    ///
    /// # Errors
    /// `UnknownPrompt`; `detail` is 0. `BadPrompt`, see [`Fault`].
    pub fn find(&self, name: &str) -> Result<Prompt<'a>, Error> {
        let source = self.source(name).ok_or(Error::new(ErrorKind::UnknownPrompt, 0))?;
        Prompt::parse(source.name, source.text)
    }

    /// Calls `visit` with each prompt that `prompt` includes, each after those that it includes
    /// itself, and finally with `prompt`. Their bodies in this order are the complete text.
    ///
    /// # Errors
    /// `UnknownPrompt`; [`Fault::of`] gives the line of the `includes` that names it. `IncludeDepth`
    /// for more than [`MAX_INCLUDE_DEPTH`], hence for a cycle, and for more than [`MAX_INCLUDES`].
    /// `BadPrompt` of an included prompt.
    /// Any error of `visit`.
    pub fn visit(
        &self,
        prompt: &Prompt<'a>,
        visit: &mut dyn FnMut(&Prompt<'a>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.visit_at(prompt, 0, &mut 0, visit)
    }

    fn visit_at(
        &self,
        prompt: &Prompt<'a>,
        depth: u32,
        included: &mut u32,
        visit: &mut dyn FnMut(&Prompt<'a>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if depth > MAX_INCLUDE_DEPTH {
            return Err(Error::new(ErrorKind::IncludeDepth, MAX_INCLUDE_DEPTH));
        }
        for name in prompt.includes().into_iter().flatten() {
            let found = self.places.iter().rev().flat_map(|place| place.iter().rev());
            let source = found.into_iter().find(|source| name == source.name);
            let Some(source) = source else {
                let entry = prompt.fields().find(|entry| entry.key == "includes");
                let at = entry.map_or(0, |entry| prompt.front_at.saturating_add(entry.value_at));
                let fault = Fault::at(prompt.text(), at, Reason::Include);
                return Err(fault.error(ErrorKind::UnknownPrompt));
            };
            *included = included.saturating_add(1);
            if *included > MAX_INCLUDES {
                return Err(Error::new(ErrorKind::IncludeDepth, MAX_INCLUDES));
            }
            let next = Prompt::parse(source.name, source.text)?;
            self.visit_at(&next, depth.saturating_add(1), included, visit)?;
        }
        visit(prompt)
    }

    fn source(&self, name: &str) -> Option<&'a Source<'a>> {
        let places = self.places.iter().rev();
        places.flat_map(|place| place.iter().rev()).find(|source| source.name == name)
    }
}

/// How deep prompts include one another.
pub const MAX_INCLUDE_DEPTH: u32 = 4;

/// How many prompts one includes, directly and indirectly; one that is included twice counts
/// twice.
pub const MAX_INCLUDES: u32 = crate::error::INCLUDES_MAX;

/// The prompts that come with the crate.
pub const BUILT_IN: &[Source<'static>] = &[
    Source { name: "ask", text: include_str!("../../prompts/ask.md") },
    Source { name: "code", text: include_str!("../../prompts/code.md") },
    Source { name: "fix", text: include_str!("../../prompts/fix.md") },
    Source { name: "lint", text: include_str!("../../prompts/lint.md") },
    Source { name: "review", text: include_str!("../../prompts/review.md") },
    Source { name: "review-security", text: include_str!("../../prompts/review-security.md") },
    Source { name: "explain", text: include_str!("../../prompts/explain.md") },
    Source { name: "plan", text: include_str!("../../prompts/plan.md") },
    Source { name: "test", text: include_str!("../../prompts/test.md") },
    Source { name: "refactor", text: include_str!("../../prompts/refactor.md") },
    Source { name: "debug", text: include_str!("../../prompts/debug.md") },
    Source { name: "document", text: include_str!("../../prompts/document.md") },
    Source { name: "simplify", text: include_str!("../../prompts/simplify.md") },
    Source { name: "commit", text: include_str!("../../prompts/commit.md") },
    Source { name: "deploy", text: include_str!("../../prompts/deploy.md") },
];
