extern crate std;

use std::format;
use std::string::String;
use std::vec::Vec;

use super::Outline;
use crate::wire::json_read::{HASHED, JsonReader, ROOT, Token, places};

places! { TABLE:
    KIND = ROOT . "type" => HASHED,
    ITEMS = ROOT . "items",
    TEXT = ITEMS . "text",
    FLAG = ITEMS . "flag",
    RAW = ITEMS . "raw" raw,
    USAGE = ROOT . "usage",
    TOKENS = USAGE . "tokens",
}

/// A token with its bytes; pieces of one string are joined.
#[derive(PartialEq, Debug)]
enum Told {
    Piece(u8, Vec<u8>),
    Other(Token<'static>),
}

#[derive(Default)]
struct Seen(Vec<Told>);

impl Seen {
    fn add(&mut self, token: Token<'_>) {
        let other = match token {
            Token::Piece(place, bytes) => {
                match self.0.last_mut() {
                    Some(Told::Piece(last, joined)) if *last == place => joined.extend(bytes),
                    _ => self.0.push(Told::Piece(place, bytes.to_vec())),
                }
                return;
            }
            // Nobody asks for it.
            Token::Null(_) => return,
            Token::Begin(place) => Token::Begin(place),
            Token::End(place) => Token::End(place),
            Token::PieceEnd(place) => Token::PieceEnd(place),
            Token::Word(place, hash) => Token::Word(place, hash),
            Token::Number(place, value) => Token::Number(place, value),
            Token::Bool(place, value) => Token::Bool(place, value),
        };
        self.0.push(Told::Other(other));
    }
}

/// What is read of the document that `stream` begins with, and whether it is well-formed.
fn read(outline: &mut Outline, stream: &[u8], stops: bool) -> (Seen, bool, bool) {
    read_pieces(outline, stream, stops, || stream.len())
}

/// The same, with a stream that comes in pieces, each of the length that `length` gives.
fn read_pieces(
    outline: &mut Outline,
    stream: &[u8],
    stops: bool,
    mut length: impl FnMut() -> usize,
) -> (Seen, bool, bool) {
    let (mut seen, mut rest) = (Seen::default(), stream);
    let mut reader = JsonReader::new(TABLE);
    reader.stop_at_lines(true);
    reader.begin(true);
    while let Some((piece, after)) = rest.split_at_checked(length().clamp(1, rest.len().max(1))) {
        rest = after;
        let mut left = piece;
        if outline.pass(left) {
            continue;
        }
        reader.pass(outline, &mut left);
        outline.note(&piece[..piece.len() - left.len()]);
        loop {
            let before = left;
            reader.each(outline, &mut left, |token| {
                seen.add(token);
                // As a dialect, which stops where something may be shown.
                let ends = matches!(token, Token::PieceEnd(_) | Token::End(_));
                token != Token::End(ROOT) && !(stops && ends)
            });
            let next = if reader.is_done() { Ok(None) } else { reader.next(&mut left) };
            outline.note(&before[..before.len() - left.len()]);
            match next {
                Ok(Some(token)) => seen.add(token),
                Ok(None) => break,
                Err(_) => return (seen, false, false),
            }
        }
        if reader.is_done() || !left.is_empty() {
            break;
        }
    }
    (seen, reader.is_done(), true)
}

/// An outline that learns nothing.
fn none() -> Outline {
    Outline { patience: u8::MAX, ..Outline::new() }
}

/// One stream after another of documents like those before, in which something is changed: along the
/// outline the same is read as without it.
#[test]
fn documents_are_read_along_an_outline_as_without_one() {
    let mut random = Random(1);
    let (mut followed, mut documents) = (0, 0);
    for round in 0..if cfg!(miri) { 2 } else { 3_000 } {
        let is_whole = round % 2 == 0;
        let mut outline = Outline::new();
        let mut document = document(&mut random);
        for _ in 0..8 {
            match random.below(8) {
                0 => document = self::document(&mut random),
                1 | 2 => damage(&mut document, &mut random),
                _ => document = with_other_values(&document, &mut random),
            }
            let stream = [document.as_slice(), b"\n\ndata: "].concat();
            let stops = random.below(2) == 0;
            let before = read(&mut none(), &stream, stops);
            let most = 1 + random.below(if is_whole { 1 } else { 40 });
            let along = read_pieces(&mut outline, &stream, stops, || match is_whole {
                true => stream.len(),
                false => 1 + random.below(most),
            });
            let text = String::from_utf8_lossy(&document);
            assert_eq!((along.0.0, along.1, along.2), (before.0.0, before.1, before.2), "{text}");
            followed += usize::from(outline.count > 0 && outline.next == outline.count);
            documents += 1;
        }
    }
    std::println!("{followed} of {documents} documents were read along an outline");
    assert!(followed * 4 > documents || cfg!(miri), "{followed} of {documents}");
}

/// Documents that come in pieces are learned, too, and followed across the pieces.
#[test]
fn a_document_in_pieces_is_read_along_an_outline_of_another_in_pieces() {
    for length in 1..40 {
        let mut outline = Outline::new();
        for (number, text) in ["a", "another", "", "b"].into_iter().enumerate() {
            let spaces = &"        "[number..2 * number];
            let stream = format!(
                "{{\"id\":\"same\",\"n\":{number},\"items\":[{{\"text\":\"{text}\"}}{spaces}]}}\n"
            );
            let (seen, is_done, _) = read_pieces(&mut outline, stream.as_bytes(), false, || length);
            assert_eq!(seen.0, read(&mut none(), stream.as_bytes(), false).0.0);
            assert!(is_done);
            if number > 0 {
                assert_eq!(outline.next, outline.count, "{length} {stream}");
                assert!(outline.count > 0 && !outline.is_within(), "{length} {stream}");
            }
        }
    }
}

#[test]
fn the_usual_escapes_are_read_in_one_go() {
    let stream = b"{\"items\":[{\"text\":\"a\\n\\t\\\"\\\\\\/z\\b\"}]}\n";
    let (seen, is_done, _) = read(&mut Outline::new(), stream, false);
    let text = seen.0.iter().find_map(|it| match it {
        Told::Piece(_, bytes) => Some(bytes.as_slice()),
        Told::Other(_) => None,
    });
    assert_eq!((text, is_done), (Some(b"a\n\t\"\\/z\x08".as_slice()), true));
}

#[test]
fn values_that_stay_the_same_are_compared_with_their_keys() {
    let mut outline = Outline::new();
    let document = |id: u32, text: &str| {
        format!(
            "{{\"id\":\"same\",\"other\":{id},\"model\":\"m\",\"items\":[{{\"text\":\"{text}\"}}]}}\n"
        )
    };
    for (id, text) in [(17, "a"), (17, "b"), (18, "c"), (179, "d")] {
        let stream = document(id, text);
        assert!(read(&mut outline, stream.as_bytes(), false).1);
        assert_eq!(outline.next, outline.count, "{stream}");
    }
    let groups: Vec<_> = outline.steps[..outline.count.into()].iter().map(|it| it.last).collect();
    // The beginning; the values up to the one that differs; the others up to the items.
    assert_eq!(groups, [0, 2, 2, 4, 4, 5, 6, 7]);
    let runs: Vec<_> = outline.steps[..outline.count.into()].iter().map(|it| it.run).collect();
    // Up to the value that differs; up to the text; up to the end.
    assert_eq!(runs, [2, 2, 2, 5, 5, 5, 7, 7]);
}

/// A document like those of streams, of members that exist or not.
fn document(random: &mut Random) -> Vec<u8> {
    let mut text = String::from("{");
    let mut comma = "";
    for _ in 0..=random.below(6) {
        let member = match random.below(10) {
            0 => format!("\"type\":\"kind{}\"", random.below(3)),
            1 => format!("\"usage\":{{\"tokens\":{},\"x\":1.5}}", random.below(200)),
            2 => "\"usage\":null".into(),
            3 => format!("\"id\":\"id{}\"", random.below(3)),
            4 => format!("\"n\":{}", random.below(30)),
            5 => "\"filter\":{\"a\":{\"f\":false,\"s\":\"safe\"},\"b\":[1,\"x\",[]]}".into(),
            6 => "\"items\":[{\"raw\":{\"a\":[1]}},{\"flag\":true}]".into(),
            _ => format!(
                "\"items\":[{{\"flag\":{},\"text\":\"{}\"{}, \"z\":null}}]",
                random.below(2) == 0,
                ["", "a", "long text of more than a word", "\\n", "\\ud83d", "gr\u{fc}\u{df}"]
                    [random.below(6)],
                ["", " ", "   "][random.below(3)],
            ),
        };
        text.push_str(comma);
        text.push_str(&member);
        comma = ",";
    }
    text.push('}');
    text.into_bytes()
}

/// The same with some letters and digits exchanged.
fn with_other_values(document: &[u8], random: &mut Random) -> Vec<u8> {
    let mut other = document.to_vec();
    for _ in 0..random.below(3) {
        let at = random.below(other.len());
        if other[at].is_ascii_digit() {
            other[at] = b"123456789"[random.below(9)];
        }
    }
    let text = String::from_utf8_lossy(&other);
    text.replace("safe", ["safe", "unsafe", "s\\u00e4fe"][random.below(3)]).into_bytes()
}

fn damage(document: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(document.len());
    match random.below(3) {
        0 => document.truncate(at.max(1)),
        1 => drop(document.drain(at..(at + random.below(9)).min(document.len()))),
        _ => document[at] = b"\"\\{}[],:x0 "[random.below(11)],
    }
    if document.is_empty() {
        document.push(b'{');
    }
}

struct Random(u32);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % limit.max(1)
    }
}
