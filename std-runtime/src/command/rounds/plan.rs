//! The tasks of a plan: the task list items of GitHub Flavored Markdown.

/// How many tasks a plan has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tasks {
    pub(super) open: usize,
    pub(super) done: usize,
}

impl Tasks {
    pub(super) fn of(plan: &str) -> Self {
        let mut tasks = Self::default();
        for line in plan.lines() {
            match marked(line) {
                Some(' ') => tasks.open += 1,
                Some('x' | 'X') => tasks.done += 1,
                _ => {}
            }
        }
        tasks
    }
}

/// The mark in the brackets of an item: `- [x] task`, `2. [ ] task`.
fn marked(line: &str) -> Option<char> {
    let line = line.trim_start();
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let item = match digits.len() < line.len() {
        true => digits.strip_prefix(['.', ')']),
        false => line.strip_prefix(['-', '*', '+']),
    }?;
    let mut rest = item.strip_prefix([' ', '\t'])?.trim_start().strip_prefix('[')?.chars();
    let mark = rest.next()?;
    let is_closed = rest.next() == Some(']') && rest.next().is_none_or(char::is_whitespace);
    is_closed.then_some(mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_with_a_box_are_tasks() {
        let plan = "# Plan\n- [ ] a\n  * [ ] b\n+ [x] c\n1. [X] d\n2) [ ] e\n- [ ]\n";
        assert_eq!(Tasks::of(plan), Tasks { open: 4, done: 2 });
        let other = "- a [ ] b\n-[ ] c\n- [] d\n- [ ]e\n[ ] f\n1 [ ] g\n- [link](x)\nprose\n";
        assert_eq!(Tasks::of(other), Tasks::default());
    }
}
