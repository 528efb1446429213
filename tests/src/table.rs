//! Tables of figures that are committed: none may grow unseen.
//!
//! With `ZEROSTACK_FIRMWARE_MEASURE`, a folder, the rows are added to the table of that name there
//! instead (`examples/firmware/check.sh measure`).

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

/// Fails when one of `numbers`, each with its name and what it may be more by in any case, is over
/// 2 % more than the row of `table` says that begins with `key`, `known` being all that table.
///
/// # Panics
/// So, and when there is no such row.
pub fn check(table: &str, known: &str, key: &str, numbers: &[(&str, u64, u64)]) {
    let values: Vec<_> = numbers.iter().map(|(_, number, _)| number.to_string()).collect();
    let row = format!("{key}\t{}", values.join("\t"));
    println!("{row}");
    if let Some(folder) = std::env::var_os("ZEROSTACK_FIRMWARE_MEASURE") {
        let path = Path::new(&folder).join(table);
        let mut file = OpenOptions::new().append(true).open(path).expect("the table is there");
        return file.write_all(format!("{row}\n").as_bytes()).expect("it can be written");
    }
    let found = known.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('\t'));
    let found = found.unwrap_or_else(|| panic!("{table} has no row {row}"));
    let mut known = found.split('\t').map(|known| known.parse::<u64>().expect("a number"));
    for (name, number, slack) in numbers {
        let known = known.next().expect("as many numbers as names");
        assert!(
            *number <= known + known / 50 + slack,
            "{name} of {key} is {number}, {table} says {known}; when that is right, \
             `check.sh measure` writes the tables anew: {row}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    const TABLE: &str = "what\tbytes\nfeed\t100\nfeed twice\t300\n";

    #[test]
    fn what_is_in_the_table_may_be_two_percent_more() {
        check("t.tsv", TABLE, "feed", &[("bytes", 102, 0)]);
        check("t.tsv", TABLE, "feed twice", &[("bytes", 20, 0)]);
        check("t.tsv", TABLE, "feed", &[("bytes", 166, 64)]);
    }

    #[test]
    #[should_panic(expected = "bytes of feed is 103, t.tsv says 100")]
    fn more_is_refused() {
        check("t.tsv", TABLE, "feed", &[("bytes", 103, 0)]);
    }

    #[test]
    #[should_panic(expected = "t.tsv has no row fee\t1")]
    fn a_row_that_is_missing_is_refused() {
        check("t.tsv", TABLE, "fee", &[("bytes", 1, 0)]);
    }
}
