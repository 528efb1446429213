//! A frame of a megabyte from flash, through a buffer of 256 bytes, in an image with 8 KB of RAM.

use base64::Engine as _;
use zerostack_scripted::{Script, Scripted};

use crate::board::{AN386, Board};
use crate::sizes;

const CAMERA: Board = Board { name: "mps2-an386-camera", features: "mps2-an386,camera", ..AN386 };

#[test]
fn a_frame_of_a_megabyte_leaves_an_image_with_8_kilobytes_of_ram() {
    let provider = Scripted::start(Script::new().text("A cat.")).unwrap();
    let done = CAMERA.run(&CAMERA.build("camera"), provider.address());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    // How many deltas there are is up to the pieces that came, and a line ends without its space.
    let said: String = done.lines.iter().filter_map(|line| line.strip_prefix("model ")).collect();
    assert_eq!(said.replace(' ', ""), "Acat.", "{:?}", done.lines);
    let numbers = done.numbers();
    assert_eq!(numbers["frame"], 1 << 20);
    assert!((1..=256).contains(&numbers["at_once"]));
    assert_eq!(numbers["statics"] + numbers["stack"] + numbers["free"], 8192);
    let request = &provider.requests()[0].json();
    let url = request["messages"][0]["content"][1]["image_url"]["url"].as_str().unwrap();
    let base64 = url.strip_prefix("data:image/png;base64,").unwrap();
    let sent = base64::engine::general_purpose::STANDARD.decode(base64).unwrap();
    assert_eq!(sent.len(), 1 << 20);
    // As examples/firmware/build.rs makes it.
    assert!(sent.starts_with(b"\x89PNG\r\n\x1a\n"));
    assert!(sent.iter().enumerate().skip(8).all(|(at, byte)| *byte == (at >> 7) as u8));
    sizes::check(CAMERA, "camera", &done);
}
