//! Each option in each dialect: the field that is sent, or the refusal.

extern crate std;

use std::format;
use std::string::{String, ToString as _};
use std::vec::Vec;

use serde_json::{Value, json};

use super::*;
use crate::provider::testing::{config, observe, sent, session};
use crate::{
    Dialect, Error, ErrorKind, Session, SessionConfig, Step, ToolMode, ToolResult, ToolSpec,
};

const TOOLS: &[ToolSpec<'static>] = &[
    ToolSpec { name: "read", description: "", parameters: "{}" },
    ToolSpec { name: "write", description: "", parameters: "{}" },
];

const SCHEMA: ResponseSchema<'static> = ResponseSchema {
    name: "answer",
    schema: r#"{"type":"object","properties":{"line":{"type":"integer"}},"required":["line"],"additionalProperties":false}"#,
    is_strict: true,
    mode: SchemaMode::Auto,
    max_repairs: None,
};

fn with(dialect: Dialect, options: RequestOptions<'static>) -> SessionConfig<'static> {
    SessionConfig { options, tools: TOOLS, ..config(dialect) }
}

/// The number of the error's kind and its option, if `config` is refused.
fn refusal(config: SessionConfig<'_>) -> Option<(ErrorKind, RequestOption)> {
    let error = Session::new([0; 256], config).err()?;
    Some((error.kind(), RequestOption::from_detail(error.detail()).expect("an option")))
}

/// What `config` sends beside what the same configuration without options does.
fn added(config: SessionConfig<'_>) -> Value {
    let plain = SessionConfig { options: RequestOptions::NONE, stop: &[], ..config };
    let read = |config| serde_json::from_str::<Value>(&sent(&session(config))).expect("JSON");
    let (with, plain) = (read(config), read(plain));
    let with = with.as_object().expect("an object").iter();
    let more: serde_json::Map<String, Value> = with
        .filter(|(name, value)| plain.get(*name) != Some(*value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Value::Object(more)
}

#[track_caller]
fn gives(dialect: Dialect, options: RequestOptions<'static>, expected: Value) {
    assert_eq!(added(with(dialect, options)), expected, "{dialect:?}");
}

const NONE: RequestOptions<'static> = RequestOptions::NONE;

fn scalars() -> RequestOptions<'static> {
    RequestOptions {
        temperature: Some(Thousandths(250)),
        top_p: Some(Thousandths(950)),
        user: Some("u\"1"),
        service_tier: Some("flex"),
        ..NONE
    }
}

#[test]
fn each_dialect_has_its_own_fields() {
    gives(
        Dialect::OpenAiChat,
        RequestOptions {
            frequency_penalty: Some(Thousandths(-500)),
            presence_penalty: Some(Thousandths(1005)),
            seed: Some(7),
            cache_ttl: Some(CacheTtl::Day),
            ..scalars()
        },
        json!({
            "temperature": 0.25, "top_p": 0.95, "user": "u\"1", "service_tier": "flex",
            "frequency_penalty": -0.5, "presence_penalty": 1.005, "seed": 7,
            "prompt_cache_retention": "24h",
        }),
    );
    gives(
        Dialect::OpenAiResponses,
        RequestOptions { cache_ttl: Some(CacheTtl::Day), ..scalars() },
        json!({
            "temperature": 0.25, "top_p": 0.95, "user": "u\"1", "service_tier": "flex",
            "prompt_cache_retention": "24h",
        }),
    );
    gives(
        Dialect::Anthropic,
        RequestOptions { top_k: Some(40), ..scalars() },
        json!({
            "temperature": 0.25, "top_p": 0.95, "top_k": 40, "metadata": {"user_id": "u\"1"},
            "service_tier": "flex",
        }),
    );
    let sampling = RequestOptions {
        user: None,
        service_tier: None,
        top_k: Some(40),
        frequency_penalty: Some(Thousandths(-500)),
        presence_penalty: Some(Thousandths(0)),
        seed: Some(7),
        ..scalars()
    };
    gives(
        Dialect::Gemini,
        RequestOptions { service_tier: Some("flex"), ..sampling },
        json!({
            "generationConfig": {
                "temperature": 0.25, "topP": 0.95, "topK": 40, "frequencyPenalty": -0.5,
                "presencePenalty": 0, "seed": 7,
            },
            "serviceTier": "flex",
        }),
    );
    gives(
        Dialect::Ollama,
        sampling,
        json!({"options": {
            "temperature": 0.25, "top_p": 0.95, "top_k": 40, "frequency_penalty": -0.5,
            "presence_penalty": 0, "seed": 7,
        }}),
    );
}

#[test]
fn stop_sequences_are_a_list_in_each_dialect_that_has_one() {
    let stop = &["\n\n", "END"][..];
    let list = json!(stop);
    for (dialect, expected) in [
        (Dialect::OpenAiChat, json!({"stop": list})),
        (Dialect::Gemini, json!({"generationConfig": {"stopSequences": list}})),
        (Dialect::Ollama, json!({"options": {"stop": list}})),
    ] {
        assert_eq!(added(SessionConfig { stop, ..with(dialect, NONE) }), expected);
    }
    let seen = &["END"][..];
    let config = |stop| SessionConfig { stop, ..with(Dialect::Anthropic, NONE) };
    assert_eq!(added(config(seen)), json!({"stop_sequences": ["END"]}));
    let bad = Some((ErrorKind::BadOption, RequestOption::Stop));
    assert_eq!(refusal(config(&[" \n"])), bad, "Anthropic refuses blanks");
    for dialect in [Dialect::OpenAiChat, Dialect::Anthropic, Dialect::Gemini, Dialect::Ollama] {
        assert_eq!(refusal(SessionConfig { stop: &["a", ""], ..with(dialect, NONE) }), bad);
    }
    let many = &["a", "b", "c", "d", "e", "f"];
    assert_eq!(refusal(SessionConfig { stop: many, ..with(Dialect::OpenAiChat, NONE) }), bad);
    assert_eq!(refusal(SessionConfig { stop: many, ..with(Dialect::Gemini, NONE) }), bad);
    let none = SessionConfig { stop: seen, ..with(Dialect::OpenAiResponses, NONE) };
    assert_eq!(refusal(none).map(|it| it.1), Some(RequestOption::Stop));
}

#[test]
fn the_members_that_limits_write_stay_beside_the_options() {
    for dialect in [Dialect::Gemini, Dialect::Ollama] {
        let mut config = with(dialect, scalars());
        config.options.user = None;
        config.options.service_tier = None;
        config.limits.max_output_tokens = 99;
        let body: Value = serde_json::from_str(&sent(&session(config))).unwrap();
        let group = body.get("generationConfig").or(body.get("options")).unwrap();
        assert_eq!(group.get("maxOutputTokens").or(group.get("num_predict")), Some(&json!(99)));
        assert_eq!(group["temperature"], json!(0.25));
    }
}

#[test]
fn efforts_are_said_in_the_words_of_each_dialect() {
    let effort = |effort| RequestOptions { reasoning_effort: Some(effort), ..NONE };
    for it in ReasoningEffort::ALL {
        let name = it.name();
        gives(Dialect::OpenAiChat, effort(*it), json!({"reasoning_effort": name}));
        gives(Dialect::OpenAiResponses, effort(*it), json!({"reasoning": {"effort": name}}));
    }
    let low = effort(ReasoningEffort::Low);
    let adaptive = json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}});
    gives(Dialect::Anthropic, low, adaptive);
    let off = effort(ReasoningEffort::None);
    gives(Dialect::Anthropic, off, json!({"thinking": {"type": "disabled"}}));
    gives(Dialect::Ollama, off, json!({"think": false}));
    gives(Dialect::Ollama, low, json!({"think": "low"}));
    let level = json!({"generationConfig": {"thinkingConfig": {"thinkingLevel": "low"}}});
    gives(Dialect::Gemini, low, level);

    let of = |model, dialect, options| SessionConfig { model, ..with(dialect, options) };
    let old = added(of("claude-sonnet-4-5", Dialect::Anthropic, low));
    assert_eq!(old, json!({"thinking": {"type": "enabled", "budget_tokens": 2048}}));
    let old = added(of("gemini-2.5-flash", Dialect::Gemini, off));
    assert_eq!(old, json!({"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}}));
    // A budget is less than all that may be written.
    let mut small = of("claude-3-7-sonnet", Dialect::Anthropic, effort(ReasoningEffort::High));
    small.limits.max_output_tokens = 4000;
    assert_eq!(added(small)["thinking"]["budget_tokens"], json!(3999));
    small.limits.max_output_tokens = 1000;
    let unsaid = Some((ErrorKind::UnsupportedOption, RequestOption::ReasoningEffort));
    assert_eq!(refusal(small), unsaid);
    for (dialect, effort) in [
        (Dialect::Anthropic, ReasoningEffort::Minimal),
        (Dialect::Gemini, ReasoningEffort::None),
        (Dialect::Gemini, ReasoningEffort::Max),
        (Dialect::Ollama, ReasoningEffort::Minimal),
        (Dialect::Ollama, ReasoningEffort::XHigh),
    ] {
        let options = RequestOptions { reasoning_effort: Some(effort), ..NONE };
        assert_eq!(refusal(with(dialect, options)), unsaid, "{dialect:?} {effort:?}");
    }
}

#[test]
fn tools_are_chosen_in_the_words_of_each_dialect() {
    let choices =
        [ToolChoice::Auto, ToolChoice::None, ToolChoice::Required, ToolChoice::Tool("write")];
    let expected = [
        (
            Dialect::OpenAiChat,
            [
                json!("auto"),
                json!("none"),
                json!("required"),
                json!({"type": "function", "function": {"name": "write"}}),
            ],
        ),
        (
            Dialect::OpenAiResponses,
            [
                json!("auto"),
                json!("none"),
                json!("required"),
                json!({"type": "function", "name": "write"}),
            ],
        ),
        (
            Dialect::Anthropic,
            [
                json!({"type": "auto"}),
                json!({"type": "none"}),
                json!({"type": "any"}),
                json!({"type": "tool", "name": "write"}),
            ],
        ),
        (
            Dialect::Gemini,
            [
                json!({"mode": "AUTO"}),
                json!({"mode": "NONE"}),
                json!({"mode": "ANY"}),
                json!({"mode": "ANY", "allowedFunctionNames": ["write"]}),
            ],
        ),
    ];
    for (dialect, values) in expected {
        for (choice, value) in choices.into_iter().zip(values) {
            let options = RequestOptions { tool_choice: Some(choice), ..NONE };
            let field = match dialect {
                Dialect::Gemini => json!({"toolConfig": {"functionCallingConfig": value}}),
                _ => json!({"tool_choice": value}),
            };
            gives(dialect, options, field);
        }
    }
    let parallel = RequestOptions { parallel_tool_calls: Some(false), ..NONE };
    gives(Dialect::OpenAiChat, parallel, json!({"parallel_tool_calls": false}));
    gives(Dialect::OpenAiResponses, parallel, json!({"parallel_tool_calls": false}));
    let one = json!({"tool_choice": {"type": "auto", "disable_parallel_tool_use": true}});
    gives(Dialect::Anthropic, parallel, one);
    let both = RequestOptions { tool_choice: Some(ToolChoice::Required), ..parallel };
    let one = json!({"tool_choice": {"type": "any", "disable_parallel_tool_use": true}});
    gives(Dialect::Anthropic, both, one);
}

#[test]
fn a_choice_fits_the_tools() {
    let bad = Some((ErrorKind::BadOption, RequestOption::ToolChoice));
    for choice in [ToolChoice::Required, ToolChoice::Tool("read")] {
        let options = RequestOptions { tool_choice: Some(choice), ..NONE };
        let config = SessionConfig { tools: &[], ..with(Dialect::OpenAiChat, options) };
        assert_eq!(refusal(config), bad);
    }
    let options = RequestOptions { tool_choice: Some(ToolChoice::Tool("shout")), ..NONE };
    assert_eq!(refusal(with(Dialect::OpenAiChat, options)), bad);
    // Without tools there is no choice, and servers refuse the field.
    let options = RequestOptions {
        tool_choice: Some(ToolChoice::Auto),
        parallel_tool_calls: Some(true),
        ..NONE
    };
    for dialect in [Dialect::OpenAiChat, Dialect::Anthropic, Dialect::OpenAiResponses] {
        let config = SessionConfig { tools: &[], ..with(dialect, options) };
        assert_eq!(added(config), json!({}));
    }
    // Tools described in text are in no field.
    let tool_mode = ToolMode::Text;
    let config = SessionConfig { tool_mode, ..with(Dialect::OpenAiChat, options) };
    assert_eq!(refusal(config).map(|it| it.0), Some(ErrorKind::UnsupportedOption));
}

#[test]
fn a_required_call_is_required_once_a_turn() {
    let options = RequestOptions { tool_choice: Some(ToolChoice::Required), ..NONE };
    let mut session = session(with(Dialect::OpenAiChat, options));
    assert!(sent(&session).contains(r#""tool_choice":"required""#));
    let call = r#"{"choices":[{"message":{"tool_calls":[{"id":"c","type":"function","function":{"name":"read","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#;
    observe(&mut session, call.as_bytes(), call.len());
    let id = session.pending_call().unwrap().id;
    session.tool_result(ToolResult { id, content: "done", is_error: false }).unwrap();
    assert!(sent(&session).contains(r#""tool_choice":"auto""#));
    let text = r#"{"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]}"#;
    observe(&mut session, text.as_bytes(), text.len());
    assert_eq!(session.step(), Step::Idle);
    session.user("again").unwrap();
    assert!(sent(&session).contains(r#""tool_choice":"required""#));
}

#[test]
fn a_schema_goes_to_the_field_that_holds_the_answer_to_it() {
    let schema: Value = serde_json::from_str(SCHEMA.schema).unwrap();
    let options = RequestOptions { response_schema: Some(SCHEMA), ..NONE };
    gives(
        Dialect::OpenAiChat,
        options,
        json!({"response_format": {"type": "json_schema", "json_schema":
            {"name": "answer", "strict": true, "schema": schema}}}),
    );
    gives(
        Dialect::OpenAiResponses,
        options,
        json!({"text": {"format":
            {"type": "json_schema", "name": "answer", "strict": true, "schema": schema}}}),
    );
    let format = json!({"type": "json_schema", "schema": schema});
    gives(Dialect::Anthropic, options, json!({"output_config": {"format": format}}));
    gives(
        Dialect::Anthropic,
        RequestOptions { reasoning_effort: Some(ReasoningEffort::High), ..options },
        json!({"thinking": {"type": "adaptive"},
               "output_config": {"effort": "high", "format": format}}),
    );
    gives(
        Dialect::Gemini,
        options,
        json!({"generationConfig":
            {"responseJsonSchema": schema, "responseMimeType": "application/json"}}),
    );
    // Beside tools, it would keep the model from calling them.
    let config = SessionConfig { tools: &[], ..with(Dialect::Ollama, options) };
    assert_eq!(added(config), json!({"format": schema}));
    let bad = Some((ErrorKind::BadOption, RequestOption::ResponseSchema));
    for (name, schema) in [("", "{}"), ("a b", "{}"), ("a", "[]"), ("a", "{"), ("a", "")] {
        let schema = ResponseSchema::new(name, schema);
        let options = RequestOptions { response_schema: Some(schema), ..NONE };
        assert_eq!(refusal(with(Dialect::OpenAiChat, options)), bad);
    }
}

#[test]
fn a_schema_that_a_server_would_ignore_or_refuse_in_part_is_never_sent_so() {
    let refusal = |dialect, schema: ResponseSchema<'static>| {
        let options = RequestOptions { response_schema: Some(schema), ..NONE };
        let error = Session::new([0; 256], with(dialect, options)).err()?;
        Some((error.kind(), error.detail()))
    };
    let schema = r#"{"type":"object","properties":{"a":{"const":1}}}"#;
    let auto = ResponseSchema::new("a", schema);
    let native = ResponseSchema { mode: SchemaMode::Native, ..auto };
    let strict = ResponseSchema { is_strict: true, ..auto };
    let at = |part: &str| Some((ErrorKind::BadSchema, schema.find(part).unwrap() as u32));
    assert_eq!(refusal(Dialect::Gemini, native), at("const"));
    for dialect in [Dialect::OpenAiChat, Dialect::OpenAiResponses] {
        assert_eq!(refusal(dialect, native), None);
        assert_eq!(refusal(dialect, strict), at("{\"type"));
    }
    // The whole of it is sent as text.
    assert_eq!(refusal(Dialect::Gemini, auto).is_none(), cfg!(feature = "structured"));
    if cfg!(feature = "structured") {
        let options = RequestOptions { response_schema: Some(auto), ..NONE };
        let body = sent(&session(with(Dialect::Gemini, options)));
        assert!(body.contains("const") && !body.contains("responseJsonSchema"), "{body}");
    }
}

#[test]
fn cache_marks_have_their_time_wherever_they_stand() {
    let options = RequestOptions { cache_ttl: Some(CacheTtl::Hour), ..NONE };
    let model = "claude-sonnet-4-6";
    for system in ["", "Be brief."] {
        let config = SessionConfig { model, system, ..with(Dialect::Anthropic, options) };
        let body = sent(&session(config));
        let marks = body.matches(r#""cache_control":{"type":"ephemeral""#).count();
        let hours = body.matches(r#""cache_control":{"type":"ephemeral","ttl":"1h"}"#).count();
        assert_eq!((marks, hours), (2, 2), "{body}");
    }
    let unsaid = Some((ErrorKind::UnsupportedOption, RequestOption::CacheTtl));
    assert_eq!(refusal(with(Dialect::OpenAiChat, options)), unsaid);
    let day = RequestOptions { cache_ttl: Some(CacheTtl::Day), ..NONE };
    assert_eq!(refusal(with(Dialect::Anthropic, day)), unsaid);
}

#[test]
fn further_members_stand_beside_the_others_and_replace_none() {
    let extra = |extra| RequestOptions { extra: Some(extra), ..NONE };
    let body = r#" {"top_k": 40, "safety": {"a": [1, 2]}} "#;
    for dialect in Dialect::ALL {
        gives(*dialect, extra(body), json!({"top_k": 40, "safety": {"a": [1, 2]}}));
        gives(*dialect, extra("{}"), json!({}));
    }
    gives(
        Dialect::Ollama,
        RequestOptions {
            top_k: Some(3),
            ..extra(r#"{"keep_alive": "5m", "options": {"mirostat": 1, "num_gpu": 2}}"#)
        },
        json!({"keep_alive": "5m", "options": {"top_k": 3, "mirostat": 1, "num_gpu": 2}}),
    );
    gives(
        Dialect::Gemini,
        extra(r#"{"generationConfig": {"mediaResolution": "LOW"}, "cachedContent": "c"}"#),
        json!({"generationConfig": {"mediaResolution": "LOW"}, "cachedContent": "c"}),
    );
    let bad = Some((ErrorKind::BadOption, RequestOption::Extra));
    for text in ["", "[]", "1", "{", r#"{"a":1}x"#, r#"{"tools":[]}"#, r#"{"to\u006fls":[]}"#] {
        for dialect in Dialect::ALL {
            assert_eq!(refusal(with(*dialect, extra(text))), bad, "{dialect:?} {text}");
        }
    }
    for (dialect, names) in [
        (Dialect::OpenAiChat, &["model", "messages", "stream", "max_tokens"][..]),
        (Dialect::OpenAiResponses, &["model", "input", "instructions", "stream"]),
        (Dialect::Anthropic, &["model", "messages", "system", "stream"]),
        (Dialect::Gemini, &["contents", "systemInstruction", "system_instruction"]),
        (Dialect::Ollama, &["model", "messages", "stream"]),
    ] {
        for name in names {
            let text = std::boxed::Box::leak(format!("{{\"{name}\":1}}").into_boxed_str());
            assert_eq!(refusal(with(dialect, extra(text))), bad, "{dialect:?} {name}");
        }
    }
    for (dialect, text) in [
        (Dialect::Ollama, r#"{"options":{"num_ctx":1}}"#),
        (Dialect::Ollama, r#"{"options":{"temperature":1}}"#),
        (Dialect::Ollama, r#"{"options":1}"#),
        (Dialect::Gemini, r#"{"generationConfig":{"maxOutputTokens":1}}"#),
        (Dialect::OpenAiChat, r#"{"temperature":1}"#),
        (Dialect::OpenAiChat, r#"{"a":1,"temperature":1}"#),
    ] {
        let options = RequestOptions { temperature: Some(Thousandths(0)), ..extra(text) };
        assert_eq!(refusal(with(dialect, options)), bad, "{dialect:?} {text}");
    }
    // What no option sets may be set.
    gives(Dialect::OpenAiChat, extra(r#"{"temperature":1}"#), json!({"temperature": 1}));
}

#[test]
fn numbers_have_their_ranges() {
    type Set = fn(i32) -> RequestOptions<'static>;
    let set: &[(RequestOption, Set, &[i32], &[i32])] = &[
        (
            RequestOption::Temperature,
            |n| RequestOptions { temperature: Some(Thousandths(n)), ..NONE },
            &[0, 2000],
            &[-1, 2001],
        ),
        (
            RequestOption::TopP,
            |n| RequestOptions { top_p: Some(Thousandths(n)), ..NONE },
            &[0, 1000],
            &[-1, 1001],
        ),
        (
            RequestOption::FrequencyPenalty,
            |n| RequestOptions { frequency_penalty: Some(Thousandths(n)), ..NONE },
            &[-2000, 2000],
            &[-2001, 2001],
        ),
        (
            RequestOption::PresencePenalty,
            |n| RequestOptions { presence_penalty: Some(Thousandths(n)), ..NONE },
            &[-2000, 2000],
            &[-2001, 2001],
        ),
        (
            RequestOption::TopK,
            |n| RequestOptions { top_k: Some(n.unsigned_abs()), ..NONE },
            &[1],
            &[0],
        ),
        (
            RequestOption::Seed,
            |n| RequestOptions { seed: Some(n as u32), ..NONE },
            &[0, i32::MAX],
            &[-1],
        ),
    ];
    for (option, with_number, good, bad) in set {
        for n in *good {
            assert_eq!(refusal(with(Dialect::Gemini, with_number(*n))), None, "{option:?} {n}");
        }
        for n in *bad {
            let found = refusal(with(Dialect::Gemini, with_number(*n)));
            assert_eq!(found, Some((ErrorKind::BadOption, *option)), "{n}");
        }
    }
    let options = RequestOptions { temperature: Some(Thousandths(1001)), ..NONE };
    let found = refusal(with(Dialect::Anthropic, options));
    assert_eq!(found, Some((ErrorKind::BadOption, RequestOption::Temperature)));
    for empty in ["", " "] {
        let user = RequestOptions { user: Some(empty), ..NONE };
        let tier = RequestOptions { service_tier: Some(empty), ..NONE };
        for options in [user, tier] {
            let found = refusal(with(Dialect::OpenAiChat, options)).map(|it| it.0);
            assert_eq!(found, Some(ErrorKind::BadOption));
        }
    }
}

/// One value of each option that some dialect has.
fn one(option: RequestOption) -> (RequestOptions<'static>, &'static [&'static str]) {
    let mut options = NONE;
    match option {
        RequestOption::Temperature => options.temperature = Some(Thousandths(500)),
        RequestOption::TopP => options.top_p = Some(Thousandths(500)),
        RequestOption::TopK => options.top_k = Some(1),
        RequestOption::FrequencyPenalty => options.frequency_penalty = Some(Thousandths(1)),
        RequestOption::PresencePenalty => options.presence_penalty = Some(Thousandths(1)),
        RequestOption::Seed => options.seed = Some(1),
        RequestOption::Stop => return (options, &["END"]),
        RequestOption::ReasoningEffort => options.reasoning_effort = Some(ReasoningEffort::Low),
        RequestOption::ToolChoice => options.tool_choice = Some(ToolChoice::None),
        RequestOption::ParallelToolCalls => options.parallel_tool_calls = Some(true),
        RequestOption::ServiceTier => options.service_tier = Some("auto"),
        RequestOption::User => options.user = Some("u"),
        RequestOption::CacheTtl => options.cache_ttl = Some(CacheTtl::Hour),
        RequestOption::ResponseSchema => options.response_schema = Some(SCHEMA),
        RequestOption::Extra => options.extra = Some(r#"{"a":1}"#),
    }
    (options, &[])
}

#[test]
fn what_a_dialect_cannot_say_is_an_error_and_what_it_can_say_is_sent() {
    for dialect in Dialect::ALL {
        for option in RequestOption::ALL {
            let (mut options, stop) = one(*option);
            if *option == RequestOption::CacheTtl && *dialect != Dialect::Anthropic {
                options.cache_ttl = Some(CacheTtl::Day);
            }
            let model = "claude-sonnet-4-6";
            let mut config = SessionConfig { stop, model, ..with(*dialect, options) };
            if *option == RequestOption::ResponseSchema {
                config.tools = &[];
            }
            match option.field(*dialect) {
                Some(_) => assert_ne!(added(config), json!({}), "{dialect:?} {option:?}"),
                None => {
                    let unsaid = Some((ErrorKind::UnsupportedOption, *option));
                    assert_eq!(refusal(config), unsaid, "{dialect:?}");
                }
            }
        }
    }
}

#[test]
fn options_change_nothing_of_tools_system_and_messages() {
    for dialect in Dialect::ALL {
        let mut options = NONE;
        options.temperature = Some(Thousandths(100));
        // Beside tools, Ollama gets it as text, which is a part of the message.
        options.response_schema = Some(SCHEMA).filter(|_| *dialect != Dialect::Ollama);
        let list = |config: SessionConfig<'_>| {
            let body = sent(&session(config));
            let at = body.find(r#""tools":"#).expect("tools");
            body[at..].to_string()
        };
        let system = "Be brief.";
        let config = SessionConfig { system, ..with(*dialect, options) };
        let plain = SessionConfig { options: NONE, ..config };
        assert_eq!(list(config), list(plain), "{dialect:?}");
    }
}

#[test]
fn errors_name_the_option() {
    let names: Vec<_> = RequestOption::ALL.iter().map(|option| option.name()).collect();
    assert!(names.iter().all(|name| !name.is_empty()));
    let options = RequestOptions { top_k: Some(1), ..NONE };
    let error = Session::new([0; 256], with(Dialect::OpenAiChat, options)).unwrap_err();
    assert!(error.to_string().contains("top_k"), "{error}");
}

#[test]
fn claude_since_4_7_takes_no_sampling() {
    let options = RequestOptions { temperature: Some(Thousandths(500)), ..RequestOptions::NONE };
    let refused = |model| {
        let config = SessionConfig { model, options, ..SessionConfig::new(Dialect::Anthropic, "") };
        Session::new([0; 64], config).err()
    };
    for model in [
        "claude-sonnet-4-6",
        "claude-3-haiku",
        "anthropic/claude-opus-4.5",
        "kimi-k2",
        "claude-sonnet-4-20250514",
    ] {
        assert_eq!(refused(model), None, "{model}");
    }
    let error = Error::new(ErrorKind::UnsupportedOption, RequestOption::Temperature as u32);
    for model in ["claude-opus-4-7", "claude-sonnet-5", "us.anthropic.claude-opus-5-v1:0"] {
        assert_eq!(refused(model), Some(error), "{model}");
    }
}
