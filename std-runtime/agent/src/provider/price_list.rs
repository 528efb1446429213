//! The prices of models, from a list with its date in the first line. A model that is not in it has
//! no price.

use zerostack_core::Prices;

/// The prices of a model of a provider, in US dollars.
pub(super) fn prices(provider: &str, model: &str) -> Option<Prices> {
    LIST.lines().find_map(|line| {
        let mut fields = line.split('\t');
        if fields.next() != Some(provider) || fields.next() != Some(model) {
            return None;
        }
        let mut next = || micros(fields.next()?);
        Some(Prices { input: next()?, output: next()?, cache_read: next()?, cache_write: next()? })
    })
}

/// Dollars as millionths.
fn micros(dollars: &str) -> Option<u32> {
    let (whole, part) = dollars.split_once('.').unwrap_or((dollars, ""));
    let part = format!("{part:0<6}");
    whole.parse::<u32>().ok()?.checked_mul(1_000_000)?.checked_add(part.get(..6)?.parse().ok()?)
}

const LIST: &str = include_str!("prices.tsv");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_price_and_the_list_has_a_date() {
        let (comments, lines): (Vec<&str>, Vec<&str>) =
            LIST.lines().partition(|line| line.starts_with('#'));
        assert!(comments[0].contains("price lists of 20"), "{}", comments[0]);
        let mut sorted = lines.clone();
        sorted.sort_unstable();
        assert_eq!(lines, sorted);
        for line in lines {
            let mut fields = line.split('\t');
            let (provider, model) = (fields.next().unwrap(), fields.next().unwrap());
            assert_eq!(fields.count(), 4, "{line}");
            let prices = prices(provider, model).unwrap();
            assert!(prices.cache_read <= prices.input && prices.input <= prices.output, "{line}");
            assert!(crate::provider::known::known(provider).is_some(), "{line}");
        }
    }

    #[test]
    fn a_model_that_is_not_listed_has_no_price() {
        assert_eq!(prices("openai", "gpt-none"), None);
        assert_eq!(prices("anthropic", "gpt-4.1"), None);
        assert_eq!(
            (micros("2.5"), micros("0.028"), micros("x")),
            (Some(2_500_000), Some(28_000), None)
        );
    }
}
