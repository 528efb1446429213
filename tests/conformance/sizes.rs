//! A session is small, and its size is known when it is compiled.

use zerostack_core::{Dialect, Request, Session, SessionConfig, Step};

#[test]
fn a_session_takes_little_beside_its_memory() {
    let config = size_of::<SessionConfig<'_>>();
    let lent = size_of::<Session<SessionConfig<'_>, &mut [u8]>>() - config;
    let array = size_of::<Session<SessionConfig<'_>, [u8; 4096]>>() - config - 4096;
    let request = size_of::<Request<'_>>();
    println!("64 bits: {lent} bytes beside a lent slice, {array} beside an array");
    println!("64 bits: {request} bytes of a request that is being written");
    // On 32 bits it is a little less; the firmware image is measured in no_panic.rs.
    // 24 of them are of the feature `call-deltas`, 8 tell the window what the server has refused, and a
    // kilobyte is of the outline and of an event that is held, which only PCs have.
    assert!(lent <= 672 + 1048 && array <= 656 + 1048);
    // 8 of them say which calls have a name that no provider takes, and 8 which attachments the server takes.
    assert!(request <= 624);
}

#[test]
fn an_arena_holds_many_short_messages() {
    let config = SessionConfig::new(Dialect::OpenAiChat, "m");
    let mut session = Session::new([0; 27_312], config).unwrap();
    let text = "t".repeat(100);
    let reply =
        format!(r#"{{"choices":[{{"message":{{"content":"{text}"}},"finish_reason":"stop"}}]}}"#);
    let mut messages = 0;
    while session.user(&text).is_ok() && session.step() == Step::Send {
        session.begin_response(200, None).unwrap();
        let mut rest = reply.as_bytes();
        while !rest.is_empty() {
            rest = &rest[session.feed(rest).unwrap().used..];
        }
        session.end_response().unwrap();
        messages += 2;
    }
    println!("27,312 bytes hold {messages} messages of 100 bytes");
    assert!(messages >= 240, "{messages}");
}
