//! The limit of a reply goes under the key that the server knows.

use serde_json::Value;
use zerostack_core::{Dialect, OutputLimitKey, OwnedConfig, Session};
use zerostack_scripted::{Script, Scripted};
use zerostack_tests::body;

use super::place;

const KEYS: [&str; 2] = ["max_tokens", "max_completion_tokens"];

#[test]
fn only_openai_chat_has_two_keys_for_it_and_sends_one() {
    for dialect in Dialect::ALL {
        let request = |key, tokens| -> Value {
            let mut config = OwnedConfig::new(*dialect, "m");
            (config.output_limit_key, config.limits.max_output_tokens) = (key, tokens);
            let mut session = Session::new([0; 512], config).unwrap();
            session.user("hi").unwrap();
            serde_json::from_str(&body::valid(&session)).unwrap()
        };
        let [older, newer] =
            [OutputLimitKey::MaxTokens, OutputLimitKey::MaxCompletionTokens].map(|key| {
                let found = request(key, 77);
                KEYS.map(|key| found[key].as_u64())
            });
        if *dialect == Dialect::OpenAiChat {
            assert_eq!((older, newer), ([Some(77), None], [None, Some(77)]));
            let unlimited = request(OutputLimitKey::MaxCompletionTokens, 0);
            assert_eq!(KEYS.map(|key| &unlimited[key]), [&Value::Null; 2]);
        } else {
            assert_eq!(older, newer, "{dialect:?}");
        }
    }
}

#[test]
fn the_command_encodes_either() {
    let input = r#"{"role":"user","text":"hi"}"#;
    for key in KEYS {
        let option = format!("--{}", key.replace('_', "-"));
        let arguments = ["encode", "--api", "openai-chat", "--model", "m", &option, "9"];
        let place = place();
        let body = place.zerostack(&arguments).input(input).run().success();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body[key], 9);
        assert_eq!(KEYS.iter().filter(|key| !body[**key].is_null()).count(), 1);
    }
}

#[test]
fn a_run_sends_the_key_of_the_configuration_file_and_replays() {
    let provider = Scripted::start(Script::new().text("Yes.")).unwrap();
    let place = place();
    let config = format!(
        "provider = \"work\"\n[providers.work]\nbase_url = \"{}\"\nmodel = \"m\"\n\
         output_limit_key = \"max_completion_tokens\"\n",
        provider.base_url()
    );
    place.write("home/.config/zerostack/config.toml", config);
    let tape = place.folder("tape").display().to_string();
    let arguments = ["ask", "--max-tokens", "50", "--record", &tape, "Is it so?"];
    assert_eq!(place.zerostack(&arguments).run().success(), "Yes.\n");
    let sent: Value = serde_json::from_slice(&provider.requests()[0].body).unwrap();
    assert_eq!(KEYS.map(|key| sent[key].as_u64()), [None, Some(50)]);
    let played = place.zerostack(&["replay", "--requests", &tape]).run().success();
    assert_eq!(serde_json::from_str::<Value>(&played).unwrap(), sent);
}
