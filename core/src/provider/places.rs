//! The places of errors, which are the same in every dialect.
//!
//! Gateways put the errors of one provider into the replies of another, and servers write them in
//! the forms of their frameworks, so each dialect knows all of them. Sources: the API references of
//! the five dialects, of OpenRouter (`metadata.raw`: the error of the provider after it), MiniMax
//! (`base_resp`), Qianfan (`error_msg`), Cloudflare (`errors`), Writer (`description`) and Z.ai
//! (`msg`), llama.cpp (`n_ctx`), and what FastAPI (`detail`) and Nest (`statusCode`) make of an error.

/// The places of a dialect, followed by those of errors. The dialect itself lists those with a
/// special meaning: `message`, `type` and `status` at the top.
macro_rules! dialect_places {
    ($table:ident: $($own:tt)*) => {
        $crate::provider::places::with_fields! { $table: $($own)*
            ERROR = ROOT . "error" => tag::ANY_ERROR,
            ERROR_MESSAGE = ERROR . "message" => tag::ERROR,
            ERROR_MSG = ERROR . "msg" => tag::ERROR,
            ERROR_DETAIL = ERROR . "detail" => tag::ERROR,
            ERROR_DESCRIPTION = ERROR . "description" => tag::ERROR,
            ERROR_TYPE = ERROR . "type" => tag::ERROR_TYPE,
            ERROR_CODE = ERROR . "code" => tag::ERROR_CODE,
            ERROR_STATUS = ERROR . "status" => tag::ERROR_CODE,
            ERROR_ERROR = ERROR . "error" (from ERROR_MESSAGE) => tag::ANY_ERROR,
            RETRY_AFTER = ERROR . "retry_after" => tag::DELAY,
            ERROR_CONTEXT = ERROR . "n_ctx" => tag::CONTEXT,
            ERROR_SENT = ERROR . "n_prompt_tokens" => tag::SENT,
            ERROR_METADATA = ERROR . "metadata",
            ERROR_RAW = ERROR_METADATA . "raw" => tag::ERROR_CAUSE,
            ERROR_REASON = ERROR . "reason" => tag::ERROR,
            ERROR_DETAILS = ERROR . "details" => tag::ERROR,
            RETRY_DELAY = ERROR_DETAILS . "retryDelay" => tag::DELAY,
            DETAILS_CODE = ERROR_DETAILS . "error_code" => tag::ERROR_CODE,
            ERRORS = ROOT . "errors" (from ERROR_MESSAGE) => tag::ANY_ERROR,
            DETAIL = ROOT . "detail" (from ERROR_MESSAGE) => tag::ANY_ERROR,
            ERROR_TEXT = ROOT . "error_message" => tag::ERROR,
            ERROR_TEXT_CAMEL = ROOT . "errorMessage" => tag::ERROR,
            ERROR_TEXT_SHORT = ROOT . "error_msg" => tag::ERROR,
            OBJECT = ROOT . "object" => tag::OBJECT,
            SUCCESS = ROOT . "success" => tag::OBJECT,
            TOP_MSG = ROOT . "msg" => tag::TOP_MESSAGE,
            TOP_MESSAGE_UPPER = ROOT . "Message" => tag::TOP_MESSAGE,
            TOP_CODE = ROOT . "code" => tag::TOP_CODE,
            TOP_ERROR_CODE = ROOT . "error_code" => tag::TOP_CODE,
            TOP_STATUS_CODE = ROOT . "statusCode" => tag::TOP_CODE,
            BASE = ROOT . "base_resp",
            BASE_CODE = BASE . "status_code" => tag::TOP_CODE,
            BASE_MESSAGE = BASE . "status_msg" => tag::TOP_MESSAGE,
        }
    };
}
pub(crate) use dialect_places;

/// The same with the fields that an error names besides its message: OpenAI's `param`, and `loc` of
/// pydantic.
#[cfg(feature = "profiles")]
macro_rules! with_fields {
    ($table:ident: $($places:tt)*) => {
        $crate::wire::json_read::places! { $table: $($places)*
            ERROR_PARAM = ERROR . "param" => tag::FIELD,
            ERROR_LOC = ERROR . "loc" => tag::FIELD,
        }
    };
}
#[cfg(not(feature = "profiles"))]
macro_rules! with_fields {
    ($table:ident: $($places:tt)*) => {
        $crate::wire::json_read::places! { $table: $($places)* }
    };
}
pub(crate) use with_fields;

#[cfg(all(test, feature = "all-dialects"))]
mod tests {
    extern crate std;

    use std::format;
    use std::string::{String, ToString};

    use crate::provider::testing::{events, observed};
    use crate::{Dialect, ErrorKind};

    /// Errors in the forms of all servers; each has the message "boom".
    const FORMS: [&str; 33] = [
        r#"{"error":"boom"}"#,
        r#"{"error":{"message":"boom","code":500}}"#,
        r#"{"error":{"error":{"message":"boom"}}}"#,
        r#"{"error":{"msg":"boom"}}"#,
        r#"{"error":{"detail":"boom"}}"#,
        r#"{"error":{"details":"boom"}}"#,
        r#"{"error":{"reason":"boom"}}"#,
        r#"{"error":500,"message":"boom"}"#,
        r#"{"message":"boom"}"#,
        r#"{"Message":"boom"}"#,
        r#"{"error":[{"message":"boom"}]}"#,
        r#"{"error":{"metadata":{"raw":"boom","provider_name":"x"}}}"#,
        r#"{"errors":[{"description":"boom","fields":[]}]}"#,
        r#"{"errors":[{"message":"boom","code":7000}],"success":false,"result":null}"#,
        r#"{"errors":["boom"]}"#,
        r#"{"detail":"boom"}"#,
        r#"{"detail":{"message":"boom"}}"#,
        r#"{"detail":[{"type":"missing","loc":["body","model"],"msg":"boom"}]}"#,
        r#"{"object":"error","message":"boom","code":400}"#,
        r#"{"type":"error","message":"boom"}"#,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"boom"}}"#,
        r#"{"status":500,"message":"boom"}"#,
        r#"{"message":"boom","status":"INTERNAL"}"#,
        r#"{"statusCode":429,"message":"boom"}"#,
        r#"{"code":"7","message":"boom"}"#,
        r#"{"code":500,"msg":"boom","success":false}"#,
        r#"{"success":false,"message":"boom"}"#,
        r#"{"error_message":"boom"}"#,
        r#"{"errorMessage":"boom"}"#,
        r#"{"error_code":336003,"error_msg":"boom"}"#,
        r#"{"base_resp":{"status_code":1004,"status_msg":"boom"}}"#,
        r#"{"base_resp":{"status_msg":"boom","status_code":1004}}"#,
        r#"{"error":{"message":"boom","type":null,"param":null,"code":null}}"#,
    ];

    /// The beginning of a good stream.
    fn beginning(dialect: Dialect) -> String {
        let document = match dialect {
            Dialect::OpenAiChat => r#"{"choices":[{"index":0,"delta":{"content":"hi"}}]}"#,
            Dialect::OpenAiResponses => {
                r#"{"type":"response.output_text.delta","output_index":0,"delta":"hi"}"#
            }
            Dialect::Anthropic => {
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"hi"}}"#
            }
            Dialect::Gemini => r#"{"candidates":[{"content":{"parts":[{"text":"hi"}]}}]}"#,
            Dialect::Ollama => {
                return String::from("{\"message\":{\"content\":\"hi\"},\"done\":false}\n");
            }
        };
        events(&[document])
    }

    #[test]
    fn each_dialect_knows_the_errors_of_all_servers() {
        for dialect in Dialect::ALL.iter().copied() {
            for form in FORMS {
                let is_lines = dialect == Dialect::Ollama;
                let event = if is_lines { format!("{form}\n") } else { events(&[form]) };
                let mut places = [
                    ("whole", form.to_string()),
                    ("first", event.clone()),
                    ("later", beginning(dialect) + &event),
                ]
                .to_vec();
                if !is_lines {
                    places.push(("bare", beginning(dialect) + form + "\n"));
                    places.push(("named", format!("event: error\ndata: {form}\n\n")));
                }
                for (place, body) in places {
                    let heard = observed(dialect, &body);
                    let Some((error, _, message)) = heard.error else {
                        panic!("{dialect:?} {place} {form}: {heard:?}");
                    };
                    assert_eq!(
                        (error.kind(), message.as_str()),
                        (ErrorKind::Status, "boom"),
                        "{dialect:?} {place} {form}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_cause_of_an_error_follows_its_message() {
        let form = r#"{"error":{"message":"it failed","code":502,"metadata":{"raw":"{\"error\":\"boom\"}"}}}"#;
        for dialect in Dialect::ALL.iter().copied() {
            let (error, _, message) = observed(dialect, form).error.expect("an error");
            assert_eq!(message, r#"it failed: {"error":"boom"}"#, "{dialect:?}");
            assert_eq!(error.detail(), 502, "{dialect:?}");
        }
    }

    #[test]
    fn the_message_of_an_error_follows_the_name_of_its_status() {
        let form = r#"{"statusCode":413,"error":"Payload Too Large","message":"boom"}"#;
        for dialect in Dialect::ALL.iter().copied() {
            let (error, _, message) = observed(dialect, form).error.expect("an error");
            assert_eq!(
                (error.detail(), &*message),
                (413, "Payload Too Large: boom"),
                "{dialect:?}"
            );
        }
    }

    #[test]
    fn an_error_may_be_a_text_without_any_form() {
        for dialect in Dialect::ALL.iter().copied().filter(|it| *it != Dialect::Ollama) {
            for event in [
                "event: error\ndata: the server is on fire\n\n",
                "event: error\ndata:  the server is on fire\r\n\r\ndata: [DONE]\n\n",
                "error: the server is on fire\n\n",
            ] {
                for body in [event.to_string(), beginning(dialect) + event] {
                    let (error, _, message) = observed(dialect, &body).error.expect("an error");
                    assert_eq!(error.kind(), ErrorKind::Status, "{dialect:?} {body}");
                    assert_eq!(message, "the server is on fire", "{dialect:?} {body}");
                }
            }
        }
    }

    #[test]
    fn a_report_of_success_is_not_an_error() {
        for beside in [
            r#""error":null"#,
            r#""error":{}"#,
            r#""error":"""#,
            r#""error":false"#,
            r#""errors":[]"#,
            r#""detail":null"#,
            r#""error_message":"","errorMessage":null,"error_msg":"""#,
            r#""code":0,"msg":"success","success":true"#,
            r#""status":200,"statusCode":200"#,
            r#""base_resp":{"status_code":0,"status_msg":"success"}"#,
        ] {
            let documents = [
                (
                    Dialect::OpenAiChat,
                    r#"{"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}],"#,
                ),
                (
                    Dialect::OpenAiResponses,
                    r#"{"type":"response.completed","response":{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"hi"}]}]},"#,
                ),
                (
                    Dialect::Gemini,
                    r#"{"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP"}],"#,
                ),
                (
                    Dialect::Ollama,
                    r#"{"message":{"content":"hi"},"done":true,"done_reason":"stop","#,
                ),
                (
                    Dialect::Anthropic,
                    r#"{"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","#,
                ),
            ];
            for (dialect, document) in documents {
                let document = format!("{document}{beside}}}");
                let is_whole = matches!(dialect, Dialect::Ollama | Dialect::Anthropic);
                let body = if is_whole { document } else { events(&[&document]) };
                let heard = observed(dialect, &body);
                assert_eq!((heard.text.as_str(), heard.error), ("hi", None), "{body}");
            }
        }
    }

    #[test]
    fn counts_are_read_wherever_servers_of_the_chat_dialect_put_them() {
        let counts = r#"{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14}"#;
        for usage in [
            format!(r#"}}],"usage":{counts}"#),
            format!(r#","usage":{counts}}}]"#),
            format!(r#"}}],"x_groq":{{"id":"r","usage":{counts}}}"#),
            r#"}],"usage":{"input_tokens":10,"output_tokens":4}"#.to_string(),
        ] {
            let choice = r#"{"choices":[{"delta":{"content":"hi"},"finish_reason":"stop""#;
            let heard = observed(Dialect::OpenAiChat, &events(&[&format!("{choice}{usage}}}")]));
            assert_eq!((heard.usage.input_tokens, heard.usage.output_tokens), (10, 4), "{usage}");
        }
    }
}
