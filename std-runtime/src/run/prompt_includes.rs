//! Which of the prompts that a prompt includes is at fault.

use std::collections::BTreeSet;

use zerostack_core::prompt::{Library, MAX_INCLUDE_DEPTH, Prompt, Text};

use super::prompt_fields::owned;

/// The one of `prompt` and its included prompts that cannot be read or includes a missing one.
pub(super) fn culprit<'a>(
    library: &Library<'a>,
    prompt: &Prompt<'a>,
    depth: u32,
) -> Option<&'a str> {
    let include = |name: Text<'_>| {
        let name = owned(name);
        match library.find(&name) {
            Ok(included) if depth < MAX_INCLUDE_DEPTH => culprit(library, &included, depth + 1),
            Ok(_) => None,
            Err(error) if error.kind() == zerostack_core::ErrorKind::UnknownPrompt => {
                Some(prompt.name())
            }
            Err(_) => library.sources().map(|source| source.name).find(|source| *source == name),
        }
    };
    prompt.includes()?.find_map(include)
}

/// The names of the prompts that include one another in a circle, if `prompt` includes such.
pub(super) fn circle(library: &Library<'_>, prompt: &Prompt<'_>) -> Option<String> {
    fn walk(
        library: &Library<'_>,
        prompt: &Prompt<'_>,
        way: &mut Vec<String>,
        seen: &mut BTreeSet<String>,
    ) -> Option<String> {
        way.push(prompt.name().to_owned());
        for name in prompt.includes().into_iter().flatten().map(owned) {
            if let Some(start) = way.iter().position(|it| *it == name) {
                let names = way.get(start..).unwrap_or_default();
                return Some(format!("{} → {name}", names.join(" → ")));
            }
            if way.len() > CIRCLE || !seen.insert(name.clone()) {
                continue;
            }
            let found = library.find(&name).ok();
            if let Some(found) = found.and_then(|next| walk(library, &next, way, seen)) {
                return Some(found);
            }
        }
        way.pop();
        None
    }
    walk(library, prompt, &mut Vec::new(), &mut BTreeSet::new())
}

/// Longer circles are not found: the error is then that of the depth.
const CIRCLE: usize = 16;

#[cfg(test)]
mod tests {
    use zerostack_core::prompt::Source;

    use super::*;

    #[test]
    fn a_circle_is_found_below_a_prompt_and_two_ways_to_one_prompt_are_none() {
        let places: [&[Source<'_>]; 1] = [&[
            Source { name: "top", text: "---\nincludes: [left, right]\n---\nx" },
            Source { name: "left", text: "---\nincludes: [base]\n---\nx" },
            Source { name: "right", text: "---\nincludes: [base, none]\n---\nx" },
            Source { name: "base", text: "x" },
            Source { name: "to-ring", text: "---\nincludes: [left, ring]\n---\nx" },
            Source { name: "ring", text: "---\nincludes: [ring-2]\n---\nx" },
            Source { name: "ring-2", text: "---\nincludes: [ring]\n---\nx" },
            Source { name: "self", text: "---\nincludes: self\n---\nx" },
        ]];
        let library = Library::new(&places);
        for (name, expected) in [
            ("top", None),
            ("to-ring", Some("ring → ring-2 → ring")),
            ("ring-2", Some("ring-2 → ring → ring-2")),
            ("self", Some("self → self")),
        ] {
            let prompt = library.find(name).unwrap();
            assert_eq!(circle(&library, &prompt).as_deref(), expected, "{name}");
        }
    }
}
