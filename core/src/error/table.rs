//! The table of errors: number, name, sentence, and what the detail is. The texts of every language come from
//! here: `ErrorKind` and `Display` below, the C statuses (`ffi/header.sh` writes them), and the enum
//! that Swift and Kotlin have.

/// Expands `callback! { rows }` with one row for each error, in the order of the numbers:
/// the documentation, then `Name = number, name, summary, place, advice;`. The sentence for a
/// person is the summary, the place with the detail for `{n}`, and the advice.
#[doc(hidden)]
#[macro_export]
macro_rules! error_table {
    ($callback:ident) => {
        $callback! {
            /// The storage has no room for it. Nothing was added.
            ///
            /// `detail`: the bytes missing; for a slice that the caller lends to be filled, the
            /// length that is enough.
            Full = 1, "full", "the context buffer is full", ": {n} more bytes are needed", "";
            /// The call does not fit the step. Nothing changed.
            ///
            /// `detail`: the number of the current step.
            WrongStep = 2, "wrong_step", "this call is not allowed in the current step", " ({n})", "";
            /// The response is not what the dialect promises.
            ///
            /// `detail`: an offset in the body, at the bad byte or shortly after it, at most 2^28 - 1.
            BadResponse = 3, "bad_response", "the response is malformed", " at byte {n}", "; check the dialect";
            /// The response ended before the reply was complete.
            ///
            /// `detail`: the number of bytes received.
            Cut = 4, "cut", "the response was cut off", " after {n} bytes", "";
            /// The provider answered with an error.
            ///
            /// `detail`: the HTTP status, 200 for an error inside a stream.
            Status = 5, "status", "the provider answered with an error", " (status {n})", "";
            /// The provider could not be reached, or broke off before the head.
            ///
            /// `detail`: 0.
            Unreachable = 6, "unreachable", "the provider could not be reached", "", "";
            /// The reply hit the token limit in the middle of a tool call.
            ///
            /// `detail`: the number of whole calls.
            Truncated = 7, "truncated", "the token limit cut off a tool call", ", after {n} complete calls", "";
            /// A limit is used up.
            ///
            /// `detail`: 1 for `max_rounds`, 2 for `max_turn_tokens`, 3 for `max_turn_cost_micros`,
            /// 4 for `max_turn_ms`, 5 for `max_repeats`, 6 for `max_calls`; for a limit of the
            /// format, such as `max_response_bytes`, its value.
            Limit = 8, "limit", "a limit is used up", ": {n}", "";
            /// No open call has this id.
            ///
            /// `detail`: the id.
            UnknownCall = 9, "unknown_call", "no open tool call has this id", ": {n}", "";
            /// A saved transcript is damaged.
            ///
            /// `detail`: the offset of the first bad byte.
            BadTranscript = 10, "bad_transcript", "the transcript is damaged", " at byte {n}", "";
            /// The configuration cannot be used.
            ///
            /// `detail`: the index of the bad tool, or 4294967295 if it is no tool.
            BadConfig = 11, "bad_config", "the configuration is unusable", ": tool {n} has a name that cannot be sent, or a schema that is not a JSON object", "";
            /// JSON text is not valid.
            ///
            /// `detail`: the byte offset.
            BadJson = 12, "bad_json", "the JSON is malformed", " at byte {n}", "";
            /// The dialect, the tool mode with it, or a part of the library is not compiled in or
            /// not known.
            ///
            /// `detail`: the number of the dialect, or 0.
            Unsupported = 13, "unsupported", "this dialect or tool mode is not supported", " (dialect {n})", "";
            /// A text is longer than its format allows.
            ///
            /// `detail`: the longest length in bytes.
            TooLong = 14, "too_long", "the text is too long", ": at most {n} bytes are allowed", "";
            /// A prompt's front matter is not understood.
            ///
            /// `detail`: packed, `line << 18 | column << 6 | reason`.
            BadPrompt = 15, "bad_prompt", "the prompt's front matter is malformed", "", "";
            /// A required placeholder of a prompt has no value.
            ///
            /// `detail`: its offset in the prompt's text.
            MissingPlaceholder = 16, "missing_placeholder", "a placeholder of the prompt has no value", ": the one at byte {n}", "";
            /// No prompt of that name.
            ///
            /// `detail`: 0, or the packed place of the `includes` that names it.
            UnknownPrompt = 17, "unknown_prompt", "there is no prompt with that name", "", "";
            /// Prompts include one another too deeply, or too many.
            ///
            /// `detail`: the depth or the number that is allowed.
            IncludeDepth = 18, "include_depth", "prompts include one another too deeply", ": {n} levels are allowed", "";
            /// The caller's writer failed.
            ///
            /// `detail`: the bytes that it took at least.
            WriteFailed = 19, "write_failed", "the writer failed", " after {n} bytes", "";
            /// A request's head would not be one request.
            ///
            /// `detail`: 0 for the method, 1 for the path, 2 for the host, and from 3 on the
            /// header.
            BadRequest = 20, "bad_request", "a part of the request's head is not allowed there", ": part {n}", "";
            /// The bytes are not an HTTP/1.1 response.
            ///
            /// `detail`: the offset of the bad one.
            BadHttp = 21, "bad_http", "the HTTP response is malformed", " at byte {n}", "";
            /// A part of an HTTP response is over its limit.
            ///
            /// `detail`: the limit.
            HttpTooLong = 22, "http_too_long", "a part of the HTTP response is over its limit", " of {n} bytes", "";
            /// The response is compressed or coded in a way that is not read.
            ///
            /// `detail`: the offset.
            HttpEncoding = 23, "http_encoding", "the HTTP response has an unsupported encoding", ", at byte {n}", "";
            /// The connection ended within the response.
            ///
            /// `detail`: the number of bytes received.
            HttpCut = 24, "http_cut", "the connection ended within the response", ", after {n} bytes", "";
            /// Arguments do not fit the type that reads them.
            ///
            /// `detail`: the offset of the value.
            BadArguments = 25, "bad_arguments", "the arguments do not fit their type", " at byte {n}", "";
            /// A JSON Schema is not one.
            ///
            /// `detail`: the offset of what is wrong.
            BadSchema = 26, "bad_schema", "the JSON Schema is invalid, or has a part that the dialect cannot express,", " at byte {n}", "";
            /// Something is nested deeper than it may be.
            ///
            /// `detail`: the depth that is allowed.
            TooDeep = 27, "too_deep", "the nesting is too deep", ": {n} levels are allowed", "";
            /// A check takes more steps than it may.
            ///
            /// `detail`: the number that is allowed.
            TooMuchWork = 28, "too_much_work", "the check takes too many steps", ": at most {n} are allowed", "";
            /// A packed vocabulary is refused.
            ///
            /// `detail`: the reason, a number of `VocabularyFault`.
            BadVocabulary = 29, "bad_vocabulary", "the vocabulary is refused", ", reason {n}", "";
            /// A token id is not of this vocabulary.
            ///
            /// `detail`: its index.
            UnknownToken = 30, "unknown_token", "the token is not in this vocabulary", ": token {n}", "";
            /// What would be sent does not fit the context of the model, and no room can be made.
            ///
            /// `detail`: the tokens that are too many.
            WindowTooLong = 31, "window_too_long", "the conversation is too long for the model's context", ", by {n} tokens", "";
            /// The transcript was rewritten since the checkpoint was made. Nothing changed.
            ///
            /// `detail`: 0.
            StaleCheckpoint = 32, "stale_checkpoint", "the transcript was rewritten since the checkpoint", "", "";
            /// A line of a transcript as JSON Lines is refused.
            ///
            /// `detail`: its number, from 1 on.
            BadLine = 33, "bad_line", "a line of the transcript is refused", ": line {n}", "";
            /// A request option is out of range or malformed, or `extra` replaces what the session
            /// writes.
            ///
            /// `detail`: the number of the option.
            BadOption = 34, "bad_option", "a request option is out of range, malformed or taken", ": {n}", "";
            /// The dialect has no field for a request option, or not for this value of it.
            ///
            /// `detail`: the number of the option.
            UnsupportedOption = 35, "unsupported_option", "the dialect has no field for a request option, or not for this value", ": {n}", "; leave it out";
            /// An attachment cannot be used as it is described: its media type, name, length or
            /// address. Nothing was added.
            ///
            /// `detail`: its index.
            BadAttachment = 36, "bad_attachment", "an attachment has no usable media type, name, length or address", ": attachment {n}", "";
            /// The dialect has no place for an attachment of this kind or media type, or not from
            /// this source. Nothing was added.
            ///
            /// `detail`: its index.
            UnsupportedAttachment = 37, "unsupported_attachment", "the dialect does not accept this attachment", ": attachment {n}", "; use another media type, source or dialect";
            /// The bytes of an attachment are needed and were not given.
            ///
            /// `detail`: its number.
            MissingAttachment = 38, "missing_attachment", "the bytes of an attachment are missing", ": attachment {n}", "; pass them, or leave it out";
            /// The bytes of an attachment are fewer or more than was announced.
            ///
            /// `detail`: its number.
            AttachmentLength = 39, "attachment_length", "an attachment does not have the length that was given", ": attachment {n}", "; attach it again";
            /// The answer does not fit the response schema, and was asked for again as often as it
            /// may be. It is in the transcript, and the failure's message states what is wrong.
            ///
            /// `detail`: where in its JSON, in bytes.
            BadAnswer = 40, "bad_answer", "the answer does not fit the response schema", ", at byte {n}", "";
            /// The reply holds only images, sound or other media, which are not kept. It would be
            /// the same the next time.
            ///
            /// `detail`: their length in bytes, as they were sent.
            MediaOnly = 41, "media_only", "the reply holds only images, sound or other media, which are not kept", " ({n} bytes)", "; ask for text";
        }
    };
}
