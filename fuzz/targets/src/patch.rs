//! Patches of others: whatever is in one, it stays in the folder, and changes what it claims to change.

use std::collections::BTreeMap;

use zerostack_tools::patch::Patch;

/// The first part of the input, up to a line `=====`, is the content of the file `a`; the rest is a
/// patch.
pub fn patch(input: &[u8]) {
    let (file, patch) = match input.windows(6).position(|part| part == b"=====\n") {
        Some(at) => (&input[..at], &input[at + 6..]),
        None => (&b"one\ntwo\nthree\n"[..], input),
    };
    let Ok(patch) = Patch::parse(patch) else { return };
    let paths = patch.paths();
    assert!(!paths.is_empty());
    for path in &paths {
        let leaves = path.starts_with('/') || path.split('/').any(|part| part == "..");
        assert!(!leaves && !path.is_empty() && !path.contains('\0'), "{path:?} leads elsewhere");
    }
    let files = BTreeMap::from([("a".to_owned(), file.to_vec())]);
    let mut asked = Vec::new();
    let mut read = |path: &str| {
        asked.push(path.to_owned());
        Ok(files.get(path).cloned())
    };
    let changes = patch.apply(&mut read);
    assert!(asked.iter().all(|path| paths.contains(&path.as_str())), "{asked:?} of {paths:?}");
    let Ok(changes) = changes else { return };
    let mut after = files.clone();
    for change in &changes {
        assert_eq!(change.before.as_ref(), files.get(&change.path), "{}", change.path);
        assert!(paths.contains(&change.path.as_str()), "{}", change.path);
        match &change.after {
            Some(content) => _ = after.insert(change.path.clone(), content.clone()),
            None => _ = after.remove(&change.path),
        }
    }
    // The same again gives the same.
    let again = patch.apply(&mut |path| Ok(files.get(path).cloned()));
    assert_eq!(again.as_ref(), Ok(&changes));
    // What is there already is not made twice without a word.
    if let Ok(twice) = patch.apply(&mut |path| Ok(after.get(path).cloned())) {
        assert!(twice.iter().all(|change| change.before.as_ref() == after.get(&change.path)));
    }
}
