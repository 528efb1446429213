//! What C cannot test: the guard against panics, the numbers beside the core's, and a turn that
//! miri can follow.

extern crate std;

use core::ptr::{null, null_mut};
use std::string::String;
use std::vec::Vec;
use std::{format, fs, vec};

use crate::boundary::{Caller, checked_text};
use crate::config::{zs_config, zs_config_init, zs_dialect, zs_tool};
use crate::entry::{zs_entry, zs_session_entry};
use crate::event::{zs_event, zs_event_kind};
use crate::handle::zs_session;
use crate::life::{
    zs_session_fork, zs_session_free, zs_session_init, zs_session_new, zs_session_overhead,
    zs_session_resume,
};
use crate::look::{
    zs_session_error_detail, zs_session_pending_call, zs_session_snapshot, zs_session_step, zs_step,
};
use crate::request::zs_session_read_request;
use crate::status::zs_status::{self, *};
use crate::text::zs_str;
use crate::turn::{
    ZS_NO_RETRY_AFTER, zs_session_begin_response, zs_session_end_response, zs_session_feed,
    zs_session_tool_result, zs_session_user,
};

const CALL: &[u8] =
    b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"So\",\"tool_calls\":\
    [{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"read\",\"arguments\":\"{}\"}}]},\
    \"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";

fn config(tools: &[zs_tool]) -> zs_config {
    let mut config = zs_config::default();
    // SAFETY: it is a configuration.
    assert_eq!(unsafe { zs_config_init(&mut config, size_of::<zs_config>()) }, ZS_OK);
    config.dialect = zs_dialect::ZS_OPENAI_CHAT as u32;
    config.model = "m".into();
    (config.tools, config.tool_count) = (tools.as_ptr(), tools.len());
    config
}

fn tool() -> zs_tool {
    zs_tool { name: "read".into(), description: "Reads".into(), parameters: "{}".into() }
}

fn text(text: zs_str) -> String {
    // SAFETY: it came from a call, and the session did not change since.
    unsafe { checked_text(text) }.into()
}

/// The whole request, in pieces.
fn request(session: *mut zs_session) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let (mut piece, mut written) = ([0; 17], 0);
        // SAFETY: a session, a buffer and a place for its length.
        let status = unsafe {
            zs_session_read_request(session, body.len(), piece.as_mut_ptr(), 17, &mut written)
        };
        assert_eq!(status, ZS_OK);
        if written == 0 {
            return body;
        }
        body.extend_from_slice(&piece[..written]);
    }
}

/// Feeds [`CALL`] in pieces, and ends the response; the texts that were shown.
fn receive(session: *mut zs_session) -> String {
    let mut shown = String::new();
    // SAFETY: a session, lent bytes, and places for the answers.
    unsafe {
        assert_eq!(zs_session_begin_response(session, 200, ZS_NO_RETRY_AFTER), ZS_OK);
        for piece in CALL.chunks(50) {
            let mut rest = piece;
            while !rest.is_empty() {
                let (mut used, mut event) = (0, zs_event::NONE);
                let status =
                    zs_session_feed(session, rest.as_ptr(), rest.len(), &mut used, &mut event);
                assert_eq!(status, ZS_OK);
                rest = &rest[used..];
                shown.push_str(&text(event.text));
            }
        }
        let mut event = zs_event::NONE;
        assert_eq!(zs_session_end_response(session, &mut event), ZS_OK);
        assert_eq!(event.kind, zs_event_kind::ZS_EVENT_END);
    }
    shown
}

#[test]
fn a_turn_in_lent_memory() {
    let tools = [tool()];
    let config = config(&tools);
    let mut memory = vec![0_u8; 4096];
    let mut session = null_mut();
    // SAFETY: memory that outlives the session, a configuration, and places for the answers.
    unsafe {
        let (start, len) = (memory.as_mut_ptr().wrapping_add(1).cast(), memory.len() - 1);
        assert_eq!(zs_session_init(start, len, &config, &mut session, null_mut()), ZS_OK);
        assert_eq!(zs_session_user(session, "Read it".into()), ZS_OK);
        let first = request(session);
        assert_eq!(first, request(session));
        assert_eq!(receive(session), "So{}");
        let mut call = zs_event::NONE;
        assert!(zs_session_pending_call(session, 0, &mut call));
        assert_eq!(text(call.name), "read");
        // The call's texts stay readable beside calls that only look.
        assert_eq!(zs_session_step(session, null_mut()), zs_step::ZS_STEP_RUN_TOOLS);
        assert_eq!(text(call.text), "{}");
        let mut entry = core::mem::MaybeUninit::<zs_entry>::uninit();
        assert_eq!(zs_session_entry(session, 2, entry.as_mut_ptr()), ZS_OK);
        assert_eq!(text(entry.assume_init().provider_id), "a");
        assert_eq!(text(call.name), "read");
        let saved = zs_session_snapshot(session);
        let (mut other, mut fork, mut again) = (vec![0_u8; 4096], null_mut(), null_mut());
        let place = other.as_mut_ptr().cast();
        assert_eq!(zs_session_fork(session, place, 4096, &config, &mut fork, null_mut()), ZS_OK);
        assert_eq!(zs_session_step(fork, null_mut()), zs_step::ZS_STEP_RUN_TOOLS);
        let status = zs_session_resume(place, 4096, saved, &config, &mut again, null_mut());
        assert_eq!(status, ZS_OK);
        let result = zs_session_tool_result(again, call.call, "It".into(), false, null_mut());
        assert_eq!(result, ZS_OK);
        assert!(request(again).len() > first.len());
        let echoed = zs_session_tool_result(session, call.call, call.text, false, null_mut());
        assert_eq!(echoed, ZS_OVERLAP);
    }
}

#[test]
fn a_session_of_its_own() {
    let config = config(&[]);
    let mut session = null_mut();
    // SAFETY: a configuration, and a place for the session, which is freed once.
    unsafe {
        let bytes = zs_session_overhead() + 300;
        assert_eq!(zs_session_new(bytes, &config, &mut session, null_mut()), ZS_OK);
        assert_eq!(zs_session_user(session, "Hello".into()), ZS_OK);
        assert!(!request(session).is_empty());
        assert_eq!(zs_session_free(session), ZS_OK);
    }
}

#[test]
fn a_panic_is_a_status_and_breaks_the_session() {
    let config = config(&[]);
    let mut session = null_mut();
    let mut detail = 7;
    let call = ();
    // SAFETY: a configuration, and places for the answers.
    unsafe {
        let caller = Caller::of(&call);
        assert_eq!(caller.answer(&mut detail, || panic!("on purpose")), ZS_INTERNAL);
        assert_eq!(detail, 0);
        assert_eq!(zs_session_new(4096, &config, &mut session, null_mut()), ZS_OK);
        assert_eq!(caller.change(session, |_| panic!("on purpose")), ZS_INTERNAL);
        assert_eq!(zs_session_user(session, "Hello".into()), ZS_INTERNAL);
        assert_eq!(zs_session_step(session, null_mut()), zs_step::ZS_STEP_NONE);
        assert_eq!(zs_session_error_detail(session), 0);
        assert_eq!(zs_session_free(session), ZS_OK);
        assert_eq!(zs_session_step(null(), null_mut()), zs_step::ZS_STEP_NONE);
    }
}

#[test]
fn every_error_of_the_core_has_its_number_and_texts_here() {
    for kind in zerostack_core::ErrorKind::ALL {
        let status = zs_status::of(*kind);
        assert_eq!(status as u32, *kind as u32, "{kind:?}: run ffi/header.sh");
        let text = |text: *const core::ffi::c_char| {
            // SAFETY: both functions return texts that are static and end with a NUL.
            unsafe { core::ffi::CStr::from_ptr(text) }.to_str().expect("it is UTF-8")
        };
        assert_eq!(text(crate::status::zs_status_name(status as u32)), kind.name());
        assert!(text(crate::status::zs_status_message(status as u32)).starts_with(kind.summary()));
    }
}

#[test]
#[cfg_attr(miri, ignore = "it reads files")]
fn what_the_core_can_say_has_a_number_here() {
    let read = |path: &str| {
        let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
        fs::read_to_string(path).expect("it is there")
    };
    for (core, name, ours) in [
        ("message/event.rs", "Event", "event.rs"),
        ("message/event.rs", "Dropped", "event.rs"),
        ("message/usage.rs", "StopReason", "event.rs"),
        ("message/mod.rs", "Part", "entry.rs"),
        ("error/rule.rs", "ResponseRule", "status.rs"),
        ("message/dialect.rs", "Dialect", "borrowed_config.rs"),
        ("provider/config/budgets.rs", "RoomPolicy", "borrowed_config.rs"),
        ("provider/config/tool_mode.rs", "ToolMode", "borrowed_config.rs"),
        ("provider/config/tool_mode.rs", "OutputLimitKey", "borrowed_config.rs"),
        ("session/step.rs", "Step", "look.rs"),
    ] {
        let (source, ours) = (read(&format!("../core/src/{core}")), read(&format!("src/{ours}")));
        let start = source.find(&format!("pub enum {name}")).expect("the enum is there");
        let body = source[start..].split("\n}").next().unwrap_or_default();
        let variants = body.lines().filter_map(|line| line.strip_prefix("    "));
        let mut count = 0;
        for line in variants.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase())) {
            let end = line.find(|c: char| !c.is_alphanumeric()).unwrap_or(line.len());
            let arm = format!("{name}::{}", &line[..end]);
            count += 1;
            // This library is built without attachments: none of its transcripts has one.
            let is_other = arm.ends_with("::Other") || arm == "Part::Attachment";
            assert!(is_other || ours.contains(&arm), "{arm} would be told as something unknown");
        }
        assert!(count >= 2, "the variants of {name} were read");
    }
}
