/*
 * zerostack: an agent core as a state machine. Bytes in, bytes out.
 *
 * Ask zs_session_step what to do, do it, ask again:
 *
 *   ZS_STEP_IDLE       zs_session_user, or stop
 *   ZS_STEP_SEND       write the request (zs_session_request, zs_session_read_request), then
 *                      zs_session_begin_response
 *   ZS_STEP_RECEIVE    zs_session_feed the body, then zs_session_end_response
 *   ZS_STEP_RUN_TOOLS  answer each zs_session_pending_call by zs_session_tool_result
 *   ZS_STEP_WAIT       sleep, then zs_session_retry
 *   ZS_STEP_MAKE_ROOM  zs_session_make_room; or zs_session_compact, zs_session_drop_oldest
 *
 * Rules for all calls
 *   - A call that does not fit the step returns ZS_WRONG_STEP. A failed call changes nothing,
 *     unless it says that the turn failed.
 *   - Memory is lent by the caller; there is nothing to free, and no callback. Texts are pointer
 *     and length, UTF-8, without a NUL at their end.
 *   - A pointer may be NULL where the call says so, or with a length of 0; elsewhere NULL is an
 *     error and does no harm. Every other pointer must be valid for what it points to.
 *   - What a call gives lives as long as its "Lifetime" says. Every call on a session that takes
 *     it without const changes it, apart from zs_session_request, _request_header, _request_len,
 *     _read_request, _entry and _json_lines.
 *   - One thread at a time for one session; different sessions are independent.
 *   - Numbers of constants, once published, stay. Structs that the caller fills begin with their
 *     size; those that the library fills, and that may grow, have reserved fields.
 */

#ifndef ZEROSTACK_H
#define ZEROSTACK_H

/* Made by ffi/header.sh from ffi/src: change it there. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * A number of zs_options that is not set.
 */
#define ZS_UNSET INT32_MIN

/**
 * The server did not say when to try again.
 */
#define ZS_NO_RETRY_AFTER UINT32_MAX

/**
 * The most values that zs_prompt_render takes.
 */
#define ZS_PROMPT_VALUES_MAX 32

/**
 * The status of a call. Numbers below 1000 are the core's and stable; from 1000 on they are of
 * this border.
 */
enum zs_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It is done.
     */
    ZS_OK = 0,
    /**
     * The storage has no room for it. Nothing was added.
     *
     * Detail: the bytes missing; for a slice that the caller lends to be filled, the
     * length that is enough.
     */
    ZS_FULL = 1,
    /**
     * The call does not fit the step. Nothing changed.
     *
     * Detail: the number of the current step.
     */
    ZS_WRONG_STEP = 2,
    /**
     * The response is not what the dialect promises.
     *
     * Detail: an offset in the body, at the bad byte or shortly after it, at most 2^28 - 1.
     */
    ZS_BAD_RESPONSE = 3,
    /**
     * The response ended before the reply was complete.
     *
     * Detail: the number of bytes received.
     */
    ZS_CUT = 4,
    /**
     * The provider answered with an error.
     *
     * Detail: the HTTP status, 200 for an error inside a stream.
     */
    ZS_STATUS = 5,
    /**
     * The provider could not be reached, or broke off before the head.
     *
     * Detail: 0.
     */
    ZS_UNREACHABLE = 6,
    /**
     * The reply hit the token limit in the middle of a tool call.
     *
     * Detail: the number of whole calls.
     */
    ZS_TRUNCATED = 7,
    /**
     * A limit is used up.
     *
     * Detail: 1 for max_rounds, 2 for max_turn_tokens, 3 for max_turn_cost_micros,
     * 4 for max_turn_ms, 5 for max_repeats, 6 for max_calls; for a limit of the
     * format, such as max_response_bytes, its value.
     */
    ZS_LIMIT = 8,
    /**
     * No open call has this id.
     *
     * Detail: the id.
     */
    ZS_UNKNOWN_CALL = 9,
    /**
     * A saved transcript is damaged.
     *
     * Detail: the offset of the first bad byte.
     */
    ZS_BAD_TRANSCRIPT = 10,
    /**
     * The configuration cannot be used.
     *
     * Detail: the index of the bad tool, or 4294967295 if it is no tool.
     */
    ZS_BAD_CONFIG = 11,
    /**
     * JSON text is not valid.
     *
     * Detail: the byte offset.
     */
    ZS_BAD_JSON = 12,
    /**
     * The dialect, the tool mode with it, or a part of the library is not compiled in or
     * not known.
     *
     * Detail: the number of the dialect, or 0.
     */
    ZS_UNSUPPORTED = 13,
    /**
     * A text is longer than its format allows.
     *
     * Detail: the longest length in bytes.
     */
    ZS_TOO_LONG = 14,
    /**
     * A prompt's front matter is not understood.
     *
     * Detail: packed, line << 18 | column << 6 | reason.
     */
    ZS_BAD_PROMPT = 15,
    /**
     * A required placeholder of a prompt has no value.
     *
     * Detail: its offset in the prompt's text.
     */
    ZS_MISSING_PLACEHOLDER = 16,
    /**
     * No prompt of that name.
     *
     * Detail: 0, or the packed place of the includes that names it.
     */
    ZS_UNKNOWN_PROMPT = 17,
    /**
     * Prompts include one another too deeply, or too many.
     *
     * Detail: the depth or the number that is allowed.
     */
    ZS_INCLUDE_DEPTH = 18,
    /**
     * The caller's writer failed.
     *
     * Detail: the bytes that it took at least.
     */
    ZS_WRITE_FAILED = 19,
    /**
     * A request's head would not be one request.
     *
     * Detail: 0 for the method, 1 for the path, 2 for the host, and from 3 on the
     * header.
     */
    ZS_BAD_REQUEST = 20,
    /**
     * The bytes are not an HTTP/1.1 response.
     *
     * Detail: the offset of the bad one.
     */
    ZS_BAD_HTTP = 21,
    /**
     * A part of an HTTP response is over its limit.
     *
     * Detail: the limit.
     */
    ZS_HTTP_TOO_LONG = 22,
    /**
     * The response is compressed or coded in a way that is not read.
     *
     * Detail: the offset.
     */
    ZS_HTTP_ENCODING = 23,
    /**
     * The connection ended within the response.
     *
     * Detail: the number of bytes received.
     */
    ZS_HTTP_CUT = 24,
    /**
     * Arguments do not fit the type that reads them.
     *
     * Detail: the offset of the value.
     */
    ZS_BAD_ARGUMENTS = 25,
    /**
     * A JSON Schema is not one.
     *
     * Detail: the offset of what is wrong.
     */
    ZS_BAD_SCHEMA = 26,
    /**
     * Something is nested deeper than it may be.
     *
     * Detail: the depth that is allowed.
     */
    ZS_TOO_DEEP = 27,
    /**
     * A check takes more steps than it may.
     *
     * Detail: the number that is allowed.
     */
    ZS_TOO_MUCH_WORK = 28,
    /**
     * A packed vocabulary is refused.
     *
     * Detail: the reason, a number of VocabularyFault.
     */
    ZS_BAD_VOCABULARY = 29,
    /**
     * A token id is not of this vocabulary.
     *
     * Detail: its index.
     */
    ZS_UNKNOWN_TOKEN = 30,
    /**
     * What would be sent does not fit the context of the model, and no room can be made.
     *
     * Detail: the tokens that are too many.
     */
    ZS_WINDOW_TOO_LONG = 31,
    /**
     * The transcript was rewritten since the checkpoint was made. Nothing changed.
     *
     * Detail: 0.
     */
    ZS_STALE_CHECKPOINT = 32,
    /**
     * A line of a transcript as JSON Lines is refused.
     *
     * Detail: its number, from 1 on.
     */
    ZS_BAD_LINE = 33,
    /**
     * A request option is out of range or malformed, or extra replaces what the session
     * writes.
     *
     * Detail: the number of the option.
     */
    ZS_BAD_OPTION = 34,
    /**
     * The dialect has no field for a request option, or not for this value of it.
     *
     * Detail: the number of the option.
     */
    ZS_UNSUPPORTED_OPTION = 35,
    /**
     * An attachment cannot be used as it is described: its media type, name, length or
     * address. Nothing was added.
     *
     * Detail: its index.
     */
    ZS_BAD_ATTACHMENT = 36,
    /**
     * The dialect has no place for an attachment of this kind or media type, or not from
     * this source. Nothing was added.
     *
     * Detail: its index.
     */
    ZS_UNSUPPORTED_ATTACHMENT = 37,
    /**
     * The bytes of an attachment are needed and were not given.
     *
     * Detail: its number.
     */
    ZS_MISSING_ATTACHMENT = 38,
    /**
     * The bytes of an attachment are fewer or more than was announced.
     *
     * Detail: its number.
     */
    ZS_ATTACHMENT_LENGTH = 39,
    /**
     * The answer does not fit the response schema, and was asked for again as often as it
     * may be. It is in the transcript, and the failure's message states what is wrong.
     *
     * Detail: where in its JSON, in bytes.
     */
    ZS_BAD_ANSWER = 40,
    /**
     * The reply holds only images, sound or other media, which are not kept. It would be
     * the same the next time.
     *
     * Detail: their length in bytes, as they were sent.
     */
    ZS_MEDIA_ONLY = 41,
    /**
     * A pointer is NULL that must not be, or misaligned.
     */
    ZS_NULL = 1000,
    /**
     * A text is not UTF-8. The detail is the offset of the first bad byte.
     */
    ZS_NOT_UTF8 = 1001,
    /**
     * A number is out of its range, such as a length above half of the address space.
     */
    ZS_OUT_OF_RANGE = 1002,
    /**
     * The pointer is not one from zs_session_init, or the session was moved, copied or
     * freed.
     */
    ZS_BAD_HANDLE = 1003,
    /**
     * An argument lies in the session's own memory, which this call changes: copy it first.
     */
    ZS_OVERLAP = 1004,
    /**
     * There is nothing of this index or name.
     */
    ZS_NOT_FOUND = 1005,
    /**
     * The value is of another kind than the one asked for.
     */
    ZS_OTHER_KIND = 1006,
    /**
     * A defect of this library, or an error that this version has no number for. A session that
     * returned it answers every call so.
     */
    ZS_INTERNAL = 1007,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_status zs_status;
#else
typedef uint32_t zs_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What the caller must do next.
 */
enum zs_step
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Nothing is open: add a message with zs_session_user, or stop.
     */
    ZS_STEP_IDLE = 0,
    /**
     * Send the bytes of zs_session_read_request, then call zs_session_begin_response.
     */
    ZS_STEP_SEND = 1,
    /**
     * Give the body to zs_session_feed, then call zs_session_end_response.
     */
    ZS_STEP_RECEIVE = 2,
    /**
     * Answer each zs_session_pending_call by zs_session_tool_result.
     */
    ZS_STEP_RUN_TOOLS = 3,
    /**
     * Wait for `number` milliseconds, then call zs_session_retry.
     */
    ZS_STEP_WAIT = 4,
    /**
     * Call zs_session_make_room, or with ZS_ROOM_ASK zs_session_compact or
     * zs_session_drop_oldest. The number is the count of missing bytes of memory; 0 if the window
     * is too long.
     */
    ZS_STEP_MAKE_ROOM = 5,
    /**
     * The pointer is not a session that can be used: NULL, moved, freed or broken. Or the step
     * is one that this version has no number for.
     */
    ZS_STEP_NONE = 1000,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_step zs_step;
#else
typedef uint32_t zs_step;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The rule that a response broke.
 */
enum zs_response_rule
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * None, or one without a number in this version.
     */
    ZS_RULE_NONE = 0,
    /**
     * The body, or the data of an event, is JSON.
     */
    ZS_RULE_JSON = 1,
    /**
     * Each text in it is UTF-8.
     */
    ZS_RULE_UTF8 = 2,
    /**
     * The end marker of a stream is whole.
     */
    ZS_RULE_END_MARKER = 3,
    /**
     * The JSON is that of the dialect.
     */
    ZS_RULE_DIALECT = 4,
    /**
     * The body is not a web page.
     */
    ZS_RULE_NO_PAGE = 5,
    /**
     * A body that is complete holds an answer.
     */
    ZS_RULE_ANSWER = 6,
    /**
     * The reply has one choice: the parts of another are not mixed with it.
     */
    ZS_RULE_ONE_CHOICE = 7,
    /**
     * A summary is a whole text, not one that was cut off, refused, or goes on with the work.
     */
    ZS_RULE_WHOLE_SUMMARY = 8,
    /**
     * Arguments that come by path come in the order of one document, one string at a time.
     */
    ZS_RULE_ARGUMENT_PATH = 9,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_response_rule zs_response_rule;
#else
typedef uint32_t zs_response_rule;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The kind of an event, and the fields of zs_event that it uses. Others may be added: ignore
 * unknown ones.
 */
enum zs_event_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Nothing happened.
     */
    ZS_EVENT_NONE = 0,
    /**
     * More of the answer: `text`, whole characters only.
     */
    ZS_EVENT_TEXT = 1,
    /**
     * More of a refusal: `text`, whole characters only.
     */
    ZS_EVENT_REFUSAL = 2,
    /**
     * More of the model's reasoning: `text`, whole characters only.
     */
    ZS_EVENT_THINKING = 3,
    /**
     * A call is complete: `call`, `name`, `provider_id`, and `text` has its arguments, JSON as the
     * model wrote it; they may be empty or malformed.
     */
    ZS_EVENT_TOOL_CALL = 4,
    /**
     * Counts of this reply so far: `usage`.
     */
    ZS_EVENT_USAGE = 5,
    /**
     * Something was left out of the transcript, or removed from it: `dropped`, and the number of
     * `bytes`. All of a reply was shown.
     */
    ZS_EVENT_TRUNCATED = 6,
    /**
     * The reply is complete, the last event of a reply: `stop`.
     */
    ZS_EVENT_END = 7,
    /**
     * The reply was cut off and is requested again: discard everything shown since the request.
     */
    ZS_EVENT_RESTART = 8,
    /**
     * Room is made: the next request is one of the session's own, for a summary of the oldest
     * messages. Only the usage of its reply is shown; it ends with ZS_EVENT_TRUNCATED or
     * ZS_EVENT_SUMMARY_FAILED.
     */
    ZS_EVENT_COMPACTING = 9,
    /**
     * The model wrote no summary: `status`, `detail`, `broken_rule`. The oldest messages are removed without one.
     */
    ZS_EVENT_SUMMARY_FAILED = 10,
    /**
     * The model makes the same call again: `name`, and `count` times in a row.
     */
    ZS_EVENT_REPEATING = 11,
    /**
     * The text of the reply was read as `count` calls, or as JSON that contains the text: the
     * transcript's text replaces the text shown before. zs_session_end_response returns it, and is
     * called once more for the end.
     */
    ZS_EVENT_RECOVERED = 12,
    /**
     * More of the arguments of a call, where zs_config.call_deltas asks for it: `call`, `name` and
     * `provider_id` if known, and `text` is the new piece, whole characters only. The
     * call that is run is that of ZS_EVENT_TOOL_CALL.
     */
    ZS_EVENT_TOOL_CALL_DELTA = 13,
    /**
     * Something that this version of the library has no number for.
     */
    ZS_EVENT_OTHER = 1000,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_event_kind zs_event_kind;
#else
typedef uint32_t zs_event_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Why the model stopped.
 */
enum zs_stop
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It did not, or not yet.
     */
    ZS_STOP_NONE = 0,
    /**
     * It finished its answer.
     */
    ZS_STOP_END_TURN = 1,
    /**
     * It waits for the results of its calls.
     */
    ZS_STOP_TOOL_USE = 2,
    /**
     * The token limit of the reply was reached.
     */
    ZS_STOP_MAX_TOKENS = 3,
    /**
     * It wrote one of the stop sequences.
     */
    ZS_STOP_SEQUENCE = 4,
    /**
     * It refused.
     */
    ZS_STOP_REFUSAL = 5,
    /**
     * The provider's filter stopped it.
     */
    ZS_STOP_CONTENT_FILTER = 6,
    /**
     * A long turn was paused; sending the conversation again continues it.
     */
    ZS_STOP_PAUSE = 7,
    /**
     * A word that this version does not know; zs_session_raw_stop_reason has it.
     */
    ZS_STOP_OTHER = 1000,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_stop zs_stop;
#else
typedef uint32_t zs_stop;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What was dropped.
 */
enum zs_dropped
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Nothing was dropped.
     */
    ZS_DROPPED_NOTHING = 0,
    /**
     * Parts of a reply: text or reasoning that did not fit the memory; images, sound and other
     * media, which are never kept.
     */
    ZS_DROPPED_REPLY = 1,
    /**
     * A tool result above max_result_bytes.
     */
    ZS_DROPPED_TOOL_RESULT = 2,
    /**
     * Old tool results, each replaced by a line that describes it.
     */
    ZS_DROPPED_OLD_RESULTS = 3,
    /**
     * The oldest exchanges, without a replacement.
     */
    ZS_DROPPED_OLD_EXCHANGES = 4,
    /**
     * The oldest exchanges, replaced by a summary.
     */
    ZS_DROPPED_SUMMARISED = 5,
    /**
     * Something that this version of the library has no number for.
     */
    ZS_DROPPED_OTHER = 1000,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_dropped zs_dropped;
#else
typedef uint32_t zs_dropped;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Who speaks.
 */
enum zs_role
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The person, or the program that stands for one.
     */
    ZS_ROLE_USER = 1,
    /**
     * The model.
     */
    ZS_ROLE_ASSISTANT = 2,
    /**
     * A tool that answers a call.
     */
    ZS_ROLE_TOOL = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_role zs_role;
#else
typedef uint32_t zs_role;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The kind of a part of a message, and the fields of zs_entry that it uses.
 */
enum zs_part
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Plain text: `text`.
     */
    ZS_PART_TEXT = 1,
    /**
     * The model's reasoning: `text`.
     */
    ZS_PART_THINKING = 2,
    /**
     * The model wants a tool to run: `call`, `name`, `provider_id`, and `text` has its arguments.
     */
    ZS_PART_TOOL_CALL = 3,
    /**
     * The answer to a call: `call`, `is_error`, `text`.
     */
    ZS_PART_TOOL_RESULT = 4,
    /**
     * Text that only its provider understands: `dialect`, `subtype`, `text`.
     */
    ZS_PART_OPAQUE = 5,
    /**
     * An instruction of the program in addition to the user's text, by zs_session_instruct:
     * `text`.
     */
    ZS_PART_INSTRUCTION = 6,
    /**
     * A file attached to the preceding text or result: `text` has its media type, `name` its name,
     * and `provider_id` the address or the provider's id of it; `call` is its number, `subtype`
     * its length.
     */
    ZS_PART_ATTACHMENT = 7,
    /**
     * Something that this version of the library has no number for.
     */
    ZS_PART_OTHER = 1000,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_part zs_part;
#else
typedef uint32_t zs_part;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The kind of a prompt's result.
 */
enum zs_output
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The prompt does not set it.
     */
    ZS_OUTPUT_UNSAID = 0,
    /**
     * The model's last text.
     */
    ZS_OUTPUT_TEXT = 1,
    /**
     * The changes to the files.
     */
    ZS_OUTPUT_PATCH = 2,
    /**
     * A list of places with their faults.
     */
    ZS_OUTPUT_FINDINGS = 3,
    /**
     * One JSON value that fits the prompt's schema.
     */
    ZS_OUTPUT_JSON = 4,
    /**
     * Something that this version of the library has no number for.
     */
    ZS_OUTPUT_OTHER = 1000,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_output zs_output;
#else
typedef uint32_t zs_output;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The kind of a JSON value.
 */
enum zs_json_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * `null`
     */
    ZS_JSON_NULL = 0,
    /**
     * `false`
     */
    ZS_JSON_FALSE = 1,
    /**
     * `true`
     */
    ZS_JSON_TRUE = 2,
    /**
     * A number: zs_json_integer, or strtod on `text`.
     */
    ZS_JSON_NUMBER = 3,
    /**
     * A string: zs_json_string.
     */
    ZS_JSON_STRING = 4,
    /**
     * An array: zs_json_element.
     */
    ZS_JSON_ARRAY = 5,
    /**
     * An object: zs_json_member.
     */
    ZS_JSON_OBJECT = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_json_kind zs_json_kind;
#else
typedef uint32_t zs_json_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The result of feeding a response.
 */
enum zs_http_event_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Nothing yet.
     */
    ZS_HTTP_NONE = 0,
    /**
     * The head is complete: `status`, `retry_after_ms`.
     */
    ZS_HTTP_HEAD = 1,
    /**
     * More of the body: `body`.
     */
    ZS_HTTP_BODY = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_http_event_kind zs_http_event_kind;
#else
typedef uint32_t zs_http_event_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A service, by the dialect it speaks.
 */
enum zs_dialect
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * OpenAI chat completions, and the many servers compatible with it.
     */
    ZS_OPENAI_CHAT = 1,
    /**
     * Anthropic messages.
     */
    ZS_ANTHROPIC = 2,
    /**
     * OpenAI responses.
     */
    ZS_OPENAI_RESPONSES = 3,
    /**
     * Google Gemini.
     */
    ZS_GEMINI = 4,
    /**
     * Ollama's own chat.
     */
    ZS_OLLAMA = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_dialect zs_dialect;
#else
typedef uint32_t zs_dialect;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What happens to a turn that fails.
 */
enum zs_failed_turn
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * All of it is removed, including the user's text, as if it had never begun.
     */
    ZS_TAKE_OUT = 0,
    /**
     * The rounds that were complete stay.
     */
    ZS_KEEP = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_failed_turn zs_failed_turn;
#else
typedef uint32_t zs_failed_turn;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How room is made when the window passes its high mark, or memory is missing.
 */
enum zs_room
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The caller makes it, by zs_session_compact or zs_session_drop_oldest.
     */
    ZS_ROOM_ASK = 0,
    /**
     * zs_session_make_room replaces old tool results by a line that describes them; if that is not
     * enough, as ZS_ROOM_DROP_OLDEST.
     */
    ZS_ROOM_ELIDE_RESULTS = 1,
    /**
     * zs_session_make_room drops the oldest exchanges.
     */
    ZS_ROOM_DROP_OLDEST = 2,
    /**
     * zs_session_make_room asks the model for a summary that replaces the oldest messages.
     */
    ZS_ROOM_SUMMARISE = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_room zs_room;
#else
typedef uint32_t zs_room;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How the tools are described to the model, and how it calls them.
 *
 * All but the first want the feature
 * `local-models`.
 */
enum zs_tool_mode
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * By the fields that the dialect has for it.
     */
    ZS_TOOLS_NATIVE = 0,
    /**
     * The same; where the model writes its calls into the text, they are found there.
     */
    ZS_TOOLS_LENIENT = 1,
    /**
     * In text: the tools are in the system text, calls and results are text.
     */
    ZS_TOOLS_TEXT = 2,
    /**
     * The same, and the server holds the model to a JSON Schema of its reply.
     */
    ZS_TOOLS_SCHEMA = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_tool_mode zs_tool_mode;
#else
typedef uint32_t zs_tool_mode;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The key under which OpenAI chat receives max_output_tokens.
 */
enum zs_output_limit_key
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * `max_tokens`, which compatible servers know.
     */
    ZS_MAX_TOKENS = 0,
    /**
     * `max_completion_tokens`, which OpenAI's own reasoning models want.
     */
    ZS_MAX_COMPLETION_TOKENS = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_output_limit_key zs_output_limit_key;
#else
typedef uint32_t zs_output_limit_key;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How the tokens of the window are counted. All but the first need the feature `counting`.
 */
enum zs_counting
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * A token for each four bytes.
     */
    ZS_COUNT_ROUGH = 0,
    /**
     * The estimate of zs_tokens_estimate.
     */
    ZS_COUNT_ESTIMATE = 1,
    /**
     * The configuration's `vocabulary`, exactly.
     */
    ZS_COUNT_VOCABULARY = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_counting zs_counting;
#else
typedef uint32_t zs_counting;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * An option, as the detail of ZS_BAD_OPTION and ZS_UNSUPPORTED_OPTION names it.
 */
enum zs_option
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * temperature
     */
    ZS_OPTION_TEMPERATURE = 1,
    /**
     * top_p
     */
    ZS_OPTION_TOP_P = 2,
    /**
     * top_k
     */
    ZS_OPTION_TOP_K = 3,
    /**
     * frequency_penalty
     */
    ZS_OPTION_FREQUENCY_PENALTY = 4,
    /**
     * presence_penalty
     */
    ZS_OPTION_PRESENCE_PENALTY = 5,
    /**
     * seed
     */
    ZS_OPTION_SEED = 6,
    /**
     * stop
     */
    ZS_OPTION_STOP = 7,
    /**
     * reasoning_effort
     */
    ZS_OPTION_REASONING_EFFORT = 8,
    /**
     * tool_choice
     */
    ZS_OPTION_TOOL_CHOICE = 9,
    /**
     * parallel_tool_calls
     */
    ZS_OPTION_PARALLEL_TOOL_CALLS = 10,
    /**
     * service_tier
     */
    ZS_OPTION_SERVICE_TIER = 11,
    /**
     * user
     */
    ZS_OPTION_USER = 12,
    /**
     * cache_ttl
     */
    ZS_OPTION_CACHE_TTL = 13,
    /**
     * response_schema, its name, mode and max_repairs
     */
    ZS_OPTION_RESPONSE_SCHEMA = 14,
    /**
     * extra
     */
    ZS_OPTION_EXTRA = 15,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_option zs_option;
#else
typedef uint32_t zs_option;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How long the model reasons before it answers.
 */
enum zs_reasoning_effort
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Not set: as the provider likes.
     */
    ZS_EFFORT_UNSET = 0,
    /**
     * Not at all.
     */
    ZS_EFFORT_NONE = 1,
    /**
     * As little as it can.
     */
    ZS_EFFORT_MINIMAL = 2,
    /**
     * A little.
     */
    ZS_EFFORT_LOW = 3,
    /**
     * As much as most tasks need.
     */
    ZS_EFFORT_MEDIUM = 4,
    /**
     * Much.
     */
    ZS_EFFORT_HIGH = 5,
    /**
     * More than that.
     */
    ZS_EFFORT_XHIGH = 6,
    /**
     * As much as it can.
     */
    ZS_EFFORT_MAX = 7,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_reasoning_effort zs_reasoning_effort;
#else
typedef uint32_t zs_reasoning_effort;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How long the provider keeps the conversation in its cache.
 */
enum zs_cache_ttl
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Not set: as the provider likes.
     */
    ZS_CACHE_UNSET = 0,
    /**
     * Five minutes: Anthropic.
     */
    ZS_CACHE_FIVE_MINUTES = 1,
    /**
     * An hour: Anthropic.
     */
    ZS_CACHE_HOUR = 2,
    /**
     * A day: OpenAI.
     */
    ZS_CACHE_DAY = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_cache_ttl zs_cache_ttl;
#else
typedef uint32_t zs_cache_ttl;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How a response schema reaches the model.
 */
enum zs_schema_mode
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * In the request's field for it if the dialect and the model accept it together with the tools
     * of the session; else as text.
     */
    ZS_SCHEMA_AUTO = 0,
    /**
     * In the request's field. ZS_UNSUPPORTED_OPTION if it cannot be used.
     */
    ZS_SCHEMA_NATIVE = 1,
    /**
     * As text, after each text of the user.
     */
    ZS_SCHEMA_WORDS = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_schema_mode zs_schema_mode;
#else
typedef uint32_t zs_schema_mode;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Counts the tokens of a text while it arrives, in constant memory of the caller.
 */
typedef struct zs_counter zs_counter;

/**
 * Reads one HTTP/1.1 response byte by byte, in constant memory of the caller.
 */
typedef struct zs_http zs_http;

/**
 * One conversation with a model: a state machine that lies in memory of the caller.
 */
typedef struct zs_session zs_session;

/**
 * Text: UTF-8, `len` bytes, not ended by a NUL. `ptr` may be NULL when `len` is 0.
 */
typedef struct {
    /**
     * The first byte.
     */
    const uint8_t *ptr;
    /**
     * The number of bytes.
     */
    size_t len;
} zs_str;

/**
 * The options of a request. Fill them by zs_options_init, which leaves all of them to the
 * provider, then set those that you need. Texts are lent as those of zs_config; an empty one is
 * not set.
 *
 * It grows at its end, as zs_config does. It wants the feature `options`.
 */
typedef struct {
    /**
     * sizeof(zs_options), as the caller knows it.
     */
    size_t size;
    /**
     * Texts that end the reply where the model writes them.
     */
    const zs_str *stop;
    /**
     * How many there are.
     */
    size_t stop_count;
    /**
     * Whether the model must call a tool: `auto`, `none`, `required`, or the name of one.
     */
    zs_str tool_choice;
    /**
     * The class of service that is paid for, as the provider names it.
     */
    zs_str service_tier;
    /**
     * The end user of the request: an id that does not identify a person to the provider.
     */
    zs_str user;
    /**
     * Further members of the body: one JSON object.
     */
    zs_str extra;
    /**
     * The JSON Schema of the answer: one JSON object.
     */
    zs_str response_schema;
    /**
     * Its name, `[a-zA-Z0-9_-]`, 64 bytes at most; `answer` if it is empty.
     */
    zs_str response_schema_name;
    /**
     * How it reaches the model: a zs_schema_mode.
     */
    uint32_t response_schema_mode;
    /**
     * 1: OpenAI holds the answer to the schema in every case.
     */
    uint32_t response_schema_is_strict;
    /**
     * How often an answer that does not fit is asked for again in one turn, 255 at most; then the
     * turn ends with ZS_BAD_ANSWER. ZS_UNSET: the session does not check answers.
     */
    int32_t max_repairs;
    /**
     * How much the model varies its words, in thousandths: 0 to 2000, at Anthropic to 1000.
     */
    int32_t temperature;
    /**
     * The share of the likely tokens that it chooses from, in thousandths: 0 to 1000.
     */
    int32_t top_p;
    /**
     * How many of the likely tokens it chooses from: 1 or more.
     */
    int32_t top_k;
    /**
     * How much it avoids words that it used often, in thousandths: -2000 to 2000.
     */
    int32_t frequency_penalty;
    /**
     * How much it avoids words that it used at all, in thousandths: -2000 to 2000.
     */
    int32_t presence_penalty;
    /**
     * The seed of its random choices: 0 or more.
     */
    int32_t seed;
    /**
     * How long it reasons before it answers: a zs_reasoning_effort.
     */
    uint32_t reasoning_effort;
    /**
     * Whether one reply may have several calls: 0 or 1.
     */
    int32_t parallel_tool_calls;
    /**
     * How long the provider keeps the conversation in its cache: a zs_cache_ttl.
     */
    uint32_t cache_ttl;
} zs_options;

/**
 * A tool that the model may call.
 */
typedef struct {
    /**
     * `[a-zA-Z0-9_-]`, 64 bytes at most.
     */
    zs_str name;
    /**
     * Its description for the model.
     */
    zs_str description;
    /**
     * JSON Schema of the arguments: one JSON object.
     */
    zs_str parameters;
} zs_tool;

/**
 * The settings of a session. Fill it by zs_config_init, then set at least dialect and model.
 * The struct itself is copied; the texts and the array of tools are lent: they must
 * outlive the session, unchanged.
 *
 * It grows at its end. A program that was compiled with a shorter one works with a newer library,
 * because `size` tells which fields it has; missing fields have their defaults.
 */
typedef struct {
    /**
     * sizeof(zs_config), as the caller knows it.
     */
    size_t size;
    /**
     * The model, as the provider names it.
     */
    zs_str model;
    /**
     * The system prompt; may be empty.
     */
    zs_str system;
    /**
     * The tools that it may call.
     */
    const zs_tool *tools;
    /**
     * How many there are.
     */
    size_t tool_count;
    /**
     * The dialect to speak: a zs_dialect.
     */
    uint32_t dialect;
    /**
     * Tokens of one reply; 0 leaves it to the provider.
     */
    uint32_t max_output_tokens;
    /**
     * Tokens of the request and the reply together; 0 leaves it to the provider.
     */
    uint32_t context_tokens;
    /**
     * Bytes of one tool result; a longer one is cut in the middle, with a note of the cut.
     */
    uint32_t max_result_bytes;
    /**
     * Bytes of the memory that must be free before a request is sent.
     */
    uint32_t reply_bytes;
    /**
     * Requests of one turn, 65535 at most.
     */
    uint32_t max_rounds;
    /**
     * Times that one request is sent, the first included; 255 at most.
     */
    uint32_t max_attempts;
    /**
     * The wait before the first retry; it doubles with each further one.
     */
    uint32_t retry_base_ms;
    /**
     * The longest wait, even if the provider asks for a longer one.
     */
    uint32_t retry_max_ms;
    /**
     * The seed of the jitter of the waits.
     */
    uint32_t seed;
    /**
     * What happens to a turn that fails: a zs_failed_turn.
     */
    uint32_t failed_turn;
    /**
     * 1: the arguments of calls are reported while they arrive, by ZS_EVENT_TOOL_CALL_DELTA; 0: they are not.
     */
    uint32_t call_deltas;
    /**
     * Bytes of one response body, stored or not: a server that never ends.
     */
    uint32_t max_response_bytes;
    /**
     * Tokens of the request above which room is made; 0 is four fifths of the part of
     * context_tokens that the reply leaves.
     */
    uint32_t high_water_tokens;
    /**
     * Tokens of the request down to which room is made; 0 is two thirds of the high mark.
     */
    uint32_t low_water_tokens;
    /**
     * How room is made: a zs_room.
     */
    uint32_t room;
    /**
     * Tokens of all requests and replies of one turn; 0 is no limit.
     */
    uint32_t max_turn_tokens;
    /**
     * The cost limit of one turn by the prices, in millionths of their currency; 0 is no limit.
     */
    uint32_t max_turn_cost_micros;
    /**
     * The time limit of one turn in milliseconds, see zs_session_set_turn_elapsed_ms; 0 is no
     * limit.
     */
    uint32_t max_turn_ms;
    /**
     * How many times the model may make the same call in a row, at most 65535; 0 is no limit.
     */
    uint32_t max_repeats;
    /**
     * The price of a million tokens of the request, in millionths of a currency.
     */
    uint32_t input_price;
    /**
     * The price of a million tokens of the reply.
     */
    uint32_t output_price;
    /**
     * The price of a million tokens from the provider's cache.
     */
    uint32_t cache_read_price;
    /**
     * The price of a million tokens that are written to the provider's cache.
     */
    uint32_t cache_write_price;
    /**
     * The key under which OpenAI chat receives max_output_tokens: a zs_output_limit_key.
     */
    uint32_t output_limit_key;
    /**
     * How tools are described to the model, and how it calls them: a zs_tool_mode.
     */
    uint32_t tool_mode;
    /**
     * How the tokens of the window are counted until the provider has counted it: a zs_counting.
     */
    uint32_t counting;
    /**
     * Calls of one reply, 65535 at most; a reply with more fails the turn.
     */
    uint32_t max_calls;
    /**
     * The packed vocabulary of ZS_COUNT_VOCABULARY; lent.
     */
    zs_str vocabulary;
    /**
     * The options of a request; NULL leaves all of them to the provider. The struct
     * is copied, its texts are lent.
     */
    const zs_options *options;
    /**
     * What the server refuses or demands beyond its dialect; lent until the session is made. Entries
     * separated by commas, each FIELD=VALUE, or the name or the host of a known server:
     * "mistral,stream=false". Empty leaves all to the dialect.
     */
    zs_str profile;
} zs_config;

/**
 * Tokens, as the provider counted them. `input_tokens` counts cached ones, too, with every
 * provider.
 */
typedef struct {
    /**
     * Tokens of the request.
     */
    uint32_t input_tokens;
    /**
     * Tokens of the reply, reasoning included.
     */
    uint32_t output_tokens;
    /**
     * Tokens of the request that came from the provider's cache.
     */
    uint32_t cache_read_tokens;
    /**
     * Tokens of the request that were put into the provider's cache.
     */
    uint32_t cache_write_tokens;
    /**
     * Tokens of the reply that were reasoning, if the provider reports it.
     */
    uint32_t reasoning_tokens;
    /**
     * 0 in this version.
     */
    uint32_t reserved[3];
} zs_usage;

/**
 * Why the last turn failed.
 */
typedef struct {
    /**
     * The error that the call returned.
     */
    zs_status status;
    /**
     * Its detail.
     */
    uint32_t detail;
    /**
     * The HTTP status, 0 if there was no response.
     */
    uint32_t http_status;
    /**
     * The rule that the response broke, for ZS_BAD_RESPONSE.
     */
    zs_response_rule broken_rule;
    /**
     * The provider's code or type of the error, if it sent one.
     */
    zs_str code;
    /**
     * The provider's message, if it sent one; otherwise, how the response breaks the rule.
     */
    zs_str message;
} zs_failure;

/**
 * Something that a person may want to see. The fields that its kind does not name are 0.
 */
typedef struct {
    /**
     * What it says.
     */
    zs_event_kind kind;
    /**
     * The id of a call, for zs_session_tool_result.
     */
    uint32_t call;
    /**
     * Why the model stopped.
     */
    zs_stop stop;
    /**
     * What was dropped.
     */
    zs_dropped dropped;
    /**
     * Bytes that were cut.
     */
    uint32_t bytes;
    /**
     * How many calls, or times.
     */
    uint32_t count;
    /**
     * Why it failed.
     */
    zs_status status;
    /**
     * The detail of the status.
     */
    uint32_t detail;
    /**
     * Counts.
     */
    zs_usage usage;
    /**
     * The rule that a response broke.
     */
    zs_response_rule broken_rule;
    /**
     * 0 in this version.
     */
    uint32_t reserved;
    /**
     * Text, or the arguments of a call.
     */
    zs_str text;
    /**
     * The tool's name, as the model wrote it.
     */
    zs_str name;
    /**
     * The provider's own id of the call; empty if it has none.
     */
    zs_str provider_id;
} zs_event;

/**
 * The head of a request to post. The key is not in it: the caller adds that.
 */
typedef struct {
    /**
     * The HTTP method.
     */
    zs_str method;
    /**
     * The path under the provider's base URL, in pieces to be put together; some may be empty.
     */
    zs_str path[3];
    /**
     * The number of headers of zs_session_request_header.
     */
    size_t header_count;
    /**
     * Bytes of the body, for content-length.
     */
    size_t body_len;
    /**
     * 0 in this version.
     */
    size_t reserved[2];
} zs_request;

/**
 * A file attached to a user's text or a tool's result. The session keeps these fields, and never
 * the bytes of the file: they are requested while a request is written, see zs_session_wanted. Set
 * unused fields to 0.
 */
typedef struct {
    /**
     * Its media type, `image/png`; see zs_media_type. If the provider fetches the bytes itself,
     * the subtype may be a star if it is unknown.
     */
    zs_str media_type;
    /**
     * The name of the file; may be empty. 255 bytes at most.
     */
    zs_str name;
    /**
     * The address from which the provider fetches the bytes; empty if the caller has them.
     */
    zs_str url;
    /**
     * The provider's id of a file that was uploaded to it; empty if it was not.
     */
    zs_str file_id;
    /**
     * The number by which the caller knows the bytes.
     */
    uint32_t number;
    /**
     * The length of the file; 0 if the provider has it.
     */
    uint32_t bytes;
    /**
     * Its size in tokens; 0 if that is not known.
     */
    uint32_t tokens;
    /**
     * 0 in this version.
     */
    uint32_t reserved;
} zs_attachment;

/**
 * Which bytes a request needs next.
 */
typedef struct {
    /**
     * The number of the attachment.
     */
    uint32_t number;
    /**
     * The first byte.
     */
    uint32_t offset;
    /**
     * All that are left of it, of which any part from the first byte on will do, from three bytes on.
     * 0: none are needed here.
     */
    uint32_t bytes;
    /**
     * 0 in this version.
     */
    uint32_t reserved;
} zs_wanted;

/**
 * One part of the transcript. The fields that its part does not name are 0.
 */
typedef struct {
    /**
     * Its author.
     */
    zs_role role;
    /**
     * What it is.
     */
    zs_part part;
    /**
     * 1 if it begins a message, 0 if it continues the previous one.
     */
    uint32_t starts_message;
    /**
     * 1 when it is kept in part only.
     */
    uint32_t is_cut;
    /**
     * 1 for the result of a call that failed.
     */
    uint32_t is_error;
    /**
     * The id of a call.
     */
    uint32_t call;
    /**
     * Who made an opaque text: a zs_dialect.
     */
    uint32_t dialect;
    /**
     * Its kind among the opaque data of this provider.
     */
    uint32_t subtype;
    /**
     * What was said.
     */
    zs_str text;
    /**
     * The tool's name.
     */
    zs_str name;
    /**
     * The provider's own id of the call.
     */
    zs_str provider_id;
    /**
     * 0 in this version.
     */
    size_t reserved[2];
} zs_entry;

/**
 * A prompt, read.
 */
typedef struct {
    /**
     * The text after the front matter, placeholders not filled.
     */
    zs_str body;
    /**
     * The kind of its result.
     */
    zs_output output;
    /**
     * 1 if it is offered to the model, which may ask for it.
     */
    uint32_t is_model_invocable;
    /**
     * 1 when the body shows the caller's arguments anywhere. If not, they are a separate
     * instruction.
     */
    uint32_t uses_arguments;
    /**
     * 0 in this version.
     */
    uint32_t reserved;
} zs_prompt;

/**
 * The fault of a prompt, and its place.
 */
typedef struct {
    /**
     * The line of the file, from 1; 0 when nothing is wrong.
     */
    uint32_t line;
    /**
     * The character in the line, from 1.
     */
    uint32_t column;
    /**
     * A sentence for people: the fault and what to write. It is static.
     */
    zs_str message;
} zs_prompt_fault;

/**
 * A place in a prompt's body that a value fills.
 */
typedef struct {
    /**
     * The name of the value: a name, `ARGUMENTS`, or the number of an argument.
     */
    zs_str name;
    /**
     * The default value; its `ptr` is NULL if there is none.
     */
    zs_str fallback;
    /**
     * Offset of its first byte in the prompt's text.
     */
    size_t offset;
} zs_placeholder;

/**
 * A name and what it stands for: a value of a prompt, a header.
 */
typedef struct {
    /**
     * The name.
     */
    zs_str name;
    /**
     * The text.
     */
    zs_str value;
} zs_pair;

/**
 * A JSON value: a part of the text that it was found in.
 */
typedef struct {
    /**
     * What it is.
     */
    zs_json_kind kind;
    /**
     * The value as written.
     */
    zs_str text;
} zs_json;

/**
 * The result of feeding a response. The fields that the kind does not name are 0.
 */
typedef struct {
    /**
     * Which result it is.
     */
    zs_http_event_kind kind;
    /**
     * The status code, for zs_session_begin_response.
     */
    uint32_t status;
    /**
     * The wait that the server asks for, or ZS_NO_RETRY_AFTER.
     */
    uint32_t retry_after_ms;
    /**
     * 0 in this version.
     */
    uint32_t reserved;
    /**
     * More of the body, for zs_session_feed: a part of the bytes that were given.
     */
    zs_str body;
} zs_http_event;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The name of a status, lower case, words joined by `_`; "unknown" for any other number.
 *
 * Any step. Lifetime: static; ended by a NUL.
 */
const char *zs_status_name(uint32_t status);

/**
 * A sentence about a status for people.
 *
 * Any step. Lifetime: static; ended by a NUL.
 */
const char *zs_status_message(uint32_t status);

/**
 * Fills options so that all is left to the provider. `size` is sizeof(zs_options); bytes after what
 * this library knows become 0.
 *
 * Any step; no session is needed.
 * Errors: ZS_NULL; ZS_OUT_OF_RANGE for a size that no version had.
 */
zs_status zs_options_init(zs_options *options, size_t size);

/**
 * Other options from the next turn on; NULL leaves all to the provider. They take the place of
 * those of the configuration.
 *
 * ZS_STEP_IDLE.
 * Errors: ZS_BAD_OPTION and ZS_UNSUPPORTED_OPTION, whose detail is a zs_option; ZS_BAD_CONFIG;
 * ZS_NOT_UTF8; ZS_WRONG_STEP; ZS_UNSUPPORTED in a library without the feature `options`. Nothing
 * changed then.
 */
zs_status zs_session_set_options(zs_session *session, const zs_options *options);

/**
 * The JSON of the answer at the end of the conversation, without white space and a fence around
 * it, for a response schema. Empty if there is none.
 *
 * Any step.
 * Lifetime: until the next call that changes the session.
 * Errors: empty when there is no session.
 */
zs_str zs_session_answer_json(const zs_session *session);

/**
 * Fills a configuration with the defaults: no system prompt, no tools, no dialect, no model.
 * `size` is sizeof(zs_config); bytes after what this library knows become 0.
 *
 * Any step; no session is needed.
 * Errors: ZS_NULL; ZS_OUT_OF_RANGE for a size that no version had.
 */
zs_status zs_config_init(zs_config *config, size_t size);

/**
 * Bytes that the session itself takes of lent memory at most; the transcript has the rest.
 *
 * Any step; no session is needed.
 */
size_t zs_session_overhead(void);

/**
 * Starts an empty conversation in `len` bytes at `memory`, of any alignment, and returns it in
 * `session`. There is nothing to free: the session ends with its memory.
 *
 * The step is then ZS_STEP_IDLE. `detail` may be NULL.
 * Errors: ZS_BAD_CONFIG, ZS_UNSUPPORTED, ZS_FULL with the bytes missing, ZS_NULL, ZS_NOT_UTF8,
 * ZS_OUT_OF_RANGE; then `*session` is NULL.
 * Lifetime: memory, model, system and tools must outlive the session; the session must not be
 * moved or copied.
 */
zs_status zs_session_init(void *memory,
                          size_t len,
                          const zs_config *config,
                          zs_session **session,
                          uint32_t *detail);

/**
 * Continues a saved conversation: the bytes of zs_session_snapshot are copied into `memory` and
 * checked, not trusted. They may be in `memory` itself, and are then lost, also after an error.
 *
 * The step is the one of the saved session: ZS_STEP_RUN_TOOLS for open calls, ZS_STEP_SEND if the
 * model has to answer, ZS_STEP_IDLE after an answer, or after a turn that ended without one,
 * by zs_session_abort, a failure or a limit. `detail` may be NULL.
 * Errors: ZS_BAD_TRANSCRIPT, and those of zs_session_init; then `*session` is NULL.
 * Lifetime: as zs_session_init; the snapshot is not used any more.
 */
zs_status zs_session_resume(void *memory,
                            size_t len,
                            zs_str snapshot,
                            const zs_config *config,
                            zs_session **session,
                            uint32_t *detail);

/**
 * The same conversation in other memory, to continue it independently, as a subagent does; another
 * model, dialect and other tools are allowed. Open calls are open there too. `from` stays
 * unchanged.
 *
 * Any step of `from`; the new one is in the step in which its conversation ends. `detail` may be
 * NULL.
 * Errors: those of zs_session_init, ZS_BAD_HANDLE for `from`, ZS_OVERLAP for memory that it lies
 * in; then `*session` is NULL.
 * Lifetime: as zs_session_init; the two do not depend on each other.
 */
zs_status zs_session_fork(const zs_session *from,
                          void *memory,
                          size_t len,
                          const zs_config *config,
                          zs_session **session,
                          uint32_t *detail);

/**
 * Starts an empty conversation in `bytes` of memory that this library allocates;
 * zs_session_overhead of them are the session's own. Only in a library with the feature `alloc`.
 *
 * The step is then ZS_STEP_IDLE. `detail` may be NULL.
 * Errors: those of zs_session_init; ZS_FULL with `bytes` if there is no memory.
 * Lifetime: until zs_session_free; model, system and tools must outlive the session.
 */
zs_status zs_session_new(size_t bytes,
                         const zs_config *config,
                         zs_session **session,
                         uint32_t *detail);

/**
 * Frees a session of zs_session_new. NULL is ignored. Only in a library with the feature
 * `alloc`.
 *
 * Any step.
 * Errors: ZS_BAD_HANDLE for a session in lent memory or an invalid one; nothing is freed.
 */
zs_status zs_session_free(zs_session *session);

/**
 * What to do now. Cheap, and the same until it is done. `number` is filled with the
 * milliseconds to wait, or the bytes missing; it may be NULL.
 *
 * Any step.
 * Errors: ZS_STEP_NONE when there is no session.
 */
zs_step zs_session_step(const zs_session *session, uint32_t *number);

/**
 * The field of the profile that the server has refused in the last attempt, after ZS_EVENT_RESTART:
 * the request is sent again without it, and so are all later ones. Empty if there is none.
 *
 * Any step.
 * Lifetime: static. Errors: empty when there is no session.
 */
zs_str zs_session_switched_off(const zs_session *session);

/**
 * The detail of the last call that returned a status for this session; 0 after ZS_OK.
 *
 * Any step.
 * Errors: 0 when there is no session.
 */
uint32_t zs_session_error_detail(const zs_session *session);

/**
 * Tokens of the turn, as the provider counted them, all its rounds together.
 *
 * Any step.
 * Errors: all 0 when there is no session.
 */
zs_usage zs_session_usage(const zs_session *session);

/**
 * Tokens of the next request: `*measured` is the provider's count of everything up to its last
 * reply; `*estimated` is the configuration's count of the rest. False and nothing filled in
 * a library without the feature `window`.
 *
 * Any step.
 * Errors: false when there is no session or a pointer is NULL.
 */
bool zs_session_window_tokens(const zs_session *session, uint32_t *measured, uint32_t *estimated);

/**
 * Whether the current request is the session's own: it asks for a summary, and its reply is not
 * shown.
 *
 * Any step.
 * Errors: false when there is no session.
 */
bool zs_session_is_compacting(const zs_session *session);

/**
 * The provider's own stop reason; empty until it sends one.
 *
 * Any step.
 * Errors: empty when there is no session.
 * Lifetime: until the next call that changes the session.
 */
zs_str zs_session_raw_stop_reason(const zs_session *session);

/**
 * Whether the reply is complete, so that the rest of the body need not be read.
 *
 * ZS_STEP_RECEIVE; false in the others.
 * Errors: false when there is no session.
 */
bool zs_session_is_reply_complete(const zs_session *session);

/**
 * Why the last turn failed, or the last attempt of this one. False and nothing filled after a
 * good reply.
 *
 * Any step.
 * Errors: false when there is no session or `failure` is NULL.
 * Lifetime: the texts until the next call that changes the session.
 */
bool zs_session_failure(const zs_session *session, zs_failure *failure);

/**
 * The tool call without an answer that has this index among them, counted from 0 in the order of
 * the model; false and nothing filled after the last. Answering one moves the others up.
 *
 * ZS_STEP_RUN_TOOLS; false in the others.
 * Errors: false when there is no session or `call` is NULL.
 * Lifetime: the texts until the next call that changes the session. zs_session_tool_result is
 * one of them, and takes only the id.
 */
bool zs_session_pending_call(const zs_session *session, size_t index, zs_event *call);

/**
 * The conversation as plain versioned bytes, for zs_session_resume. It does not include the reply
 * being received.
 *
 * Any step.
 * Errors: empty when there is no session.
 * Lifetime: until the next call that changes the session.
 */
zs_str zs_session_snapshot(const zs_session *session);

/**
 * The version of this library as text, such as 0.1.0.
 *
 * Any step; no session is needed. Lifetime: static; ended by a NUL.
 */
const char *zs_version(void);

/**
 * Writes `event`, which the library filled in, as one JSON object without a line feed into `len`
 * bytes at `bytes`; `*written` is its length, without a NUL. The bytes are those of the same event in
 * the other languages and in `zerostack --events json`, which documents the members.
 *
 * Any step; no session is needed.
 * Errors: ZS_FULL: `*written` is the length that is enough; ZS_OUT_OF_RANGE for ZS_EVENT_NONE,
 * ZS_EVENT_OTHER, or a reason or a dropped thing without a name; ZS_NOT_UTF8, ZS_NULL.
 */
zs_status zs_event_json(const zs_event *event,
                        uint8_t *bytes,
                        size_t len,
                        size_t *written);

/**
 * Adds the user's text and starts a turn.
 *
 * ZS_STEP_IDLE to ZS_STEP_SEND.
 * Errors: ZS_FULL: nothing was added; ZS_WRONG_STEP, ZS_NOT_UTF8, ZS_OVERLAP.
 * Lifetime: the text is copied.
 */
zs_status zs_session_user(zs_session *session, zs_str content);

/**
 * Adds an instruction for the model besides the user's text: another mode, other skills, another
 * prompt. Earlier messages stay unchanged, so the provider's cache keeps hitting. It starts no
 * turn.
 *
 * ZS_STEP_IDLE.
 * Errors: ZS_FULL: nothing was added; ZS_WRONG_STEP, ZS_NOT_UTF8, ZS_OVERLAP.
 * Lifetime: the text is copied.
 */
zs_status zs_session_instruct(zs_session *session, zs_str content);

/**
 * The head of the response arrived, with any status: the body of a refusal decides about another
 * attempt. `retry_after_ms` is the wait that the server asks for, or ZS_NO_RETRY_AFTER.
 *
 * ZS_STEP_SEND to ZS_STEP_RECEIVE.
 * Errors: ZS_WRONG_STEP.
 */
zs_status zs_session_begin_response(zs_session *session, uint16_t status, uint32_t retry_after_ms);

/**
 * Takes bytes of the body, split anywhere, even inside a character. Returns after the first event;
 * call again with the rest: `*used` is how many bytes were taken. `event` is filled in any
 * case, its kind is ZS_EVENT_NONE when there is none. Bytes after the end of the reply are used
 * and ignored.
 *
 * ZS_STEP_RECEIVE; ZS_EVENT_RESTART ends it, see zs_session_end_response.
 * Errors: ZS_BAD_RESPONSE, ZS_FULL, ZS_TOO_LONG, ZS_LIMIT: the turn failed, or the step is
 * ZS_STEP_MAKE_ROOM; leave the rest of the body. The transcript has no partial message, `*used`
 * is 0. ZS_WRONG_STEP, ZS_OVERLAP.
 * Lifetime: the event's texts until the next call that changes the session.
 */
zs_status zs_session_feed(zs_session *session,
                          const uint8_t *chunk,
                          size_t len,
                          size_t *used,
                          zs_event *event);

/**
 * The body ended, or the connection broke, or the caller stops reading after
 * zs_session_is_reply_complete. Here the reply is judged. In ZS_STEP_SEND it means that there was
 * no response.
 *
 * ZS_STEP_RECEIVE to ZS_STEP_RUN_TOOLS or ZS_STEP_IDLE with ZS_EVENT_END, or to ZS_STEP_WAIT or
 * ZS_STEP_MAKE_ROOM with ZS_EVENT_RESTART. ZS_EVENT_RECOVERED leaves the step ZS_STEP_RECEIVE: call it once more for the
 * end. `event` may be NULL.
 * Errors: the turn failed, and zs_session_failure has the details: ZS_STATUS, ZS_CUT,
 * ZS_BAD_RESPONSE,
 * ZS_TRUNCATED, ZS_UNREACHABLE; ZS_FULL with ZS_STEP_MAKE_ROOM; or ZS_WRONG_STEP.
 */
zs_status zs_session_end_response(zs_session *session,
                                  zs_event *event);

/**
 * Answers one call, in any order. `*cut_bytes` is how many bytes were left out of the middle
 * because of max_result_bytes; it may be NULL.
 *
 * ZS_STEP_RUN_TOOLS; after the last one ZS_STEP_SEND.
 * Errors: ZS_UNKNOWN_CALL for an id that is not open; ZS_FULL: nothing was added; ZS_LIMIT when
 * the turn has no round left; ZS_WRONG_STEP, ZS_NOT_UTF8, ZS_OVERLAP.
 * Lifetime: the content is copied.
 */
zs_status zs_session_tool_result(zs_session *session,
                                 uint32_t call,
                                 zs_str content,
                                 bool is_error,
                                 uint32_t *cut_bytes);

/**
 * The wait is over.
 *
 * ZS_STEP_WAIT to ZS_STEP_SEND, or ZS_STEP_MAKE_ROOM.
 * Errors: ZS_WRONG_STEP.
 */
zs_status zs_session_retry(zs_session *session);

/**
 * Sets how long the turn has taken so far, by the caller's clock. When max_turn_ms is reached, the
 * turn is ended as by zs_session_abort.
 *
 * Any step.
 * Errors: ZS_LIMIT with the detail 4 when it was ended; ZS_UNSUPPORTED in a library without the
 * feature `window`.
 */
zs_status zs_session_set_turn_elapsed_ms(zs_session *session, uint32_t turn_ms);

/**
 * Ends the turn now. The current reply is removed, and open calls get the result "aborted".
 * Earlier parts stay; to remove them too, see zs_session_rollback.
 *
 * Any step, to ZS_STEP_IDLE.
 * Errors: none but those of the pointer.
 */
zs_status zs_session_abort(zs_session *session);

/**
 * The request: everything except the body, which zs_session_read_request writes. Another call
 * returns the same.
 *
 * ZS_STEP_SEND.
 * Errors: ZS_MISSING_ATTACHMENT when it needs the bytes of a file: use
 * zs_session_request_with_attachments, or continue without them with
 * zs_session_leave_out_attachments;
 * ZS_WRONG_STEP, ZS_NULL.
 * Lifetime: until the next call that changes the session.
 */
zs_status zs_session_request(zs_session *session, zs_request *request);

/**
 * The request, as zs_session_request, for a caller that has the bytes of all attachments: it calls
 * zs_session_wanted where zs_session_read_request writes nothing, and supplies them with
 * zs_session_supply.
 *
 *     size_t at = 0, written;
 *     for (;;) {
 *         zs_wanted wanted;
 *         zs_session_read_request(session, at, buffer, sizeof buffer, &written);
 *         if (written == 0) {
 *             zs_session_wanted(session, &wanted);
 *             if (wanted.bytes == 0) break;
 *             // Read some of the file into `bytes`, `len` of them.
 *             zs_session_supply(session, bytes, len, buffer, sizeof buffer, &written);
 *         }
 *         // Send the `written` bytes of `buffer`.
 *         at += written;
 *     }
 *
 * ZS_STEP_SEND.
 * Errors: ZS_WRONG_STEP, ZS_NULL.
 * Lifetime: until the next call that changes the session.
 */
zs_status zs_session_request_with_attachments(zs_session *session, zs_request *request);

/**
 * One header of the request, its name in lower case. The key is not among them.
 *
 * ZS_STEP_SEND.
 * Errors: ZS_NOT_FOUND after the last, ZS_WRONG_STEP, ZS_NULL.
 * Lifetime: static.
 */
zs_status zs_session_request_header(zs_session *session, size_t index, zs_str *name, zs_str *value);

/**
 * Bytes of the body, for content-length. Goes through all of it without writing.
 *
 * ZS_STEP_SEND.
 * Errors: ZS_WRONG_STEP, ZS_NULL.
 */
zs_status zs_session_request_len(zs_session *session, size_t *len);

/**
 * Writes the bytes of the body from offset `at` on into `len` bytes at `buffer`; `*written` is how
 * many. 0 is the end, or a place where bytes of a file are needed, see zs_session_wanted. Reading
 * on where the last call stopped takes linear time; another offset starts again and skips. Reading
 * twice gives the same bytes.
 *
 * ZS_STEP_SEND.
 * Errors: ZS_WRONG_STEP, ZS_NULL, ZS_OVERLAP.
 */
zs_status zs_session_read_request(zs_session *session,
                                  size_t at,
                                  uint8_t *bytes,
                                  size_t len,
                                  size_t *written);

/**
 * Adds the user's text, which may be empty, with files, and starts a turn.
 *
 * ZS_STEP_IDLE to ZS_STEP_SEND.
 * Errors: ZS_BAD_ATTACHMENT, ZS_UNSUPPORTED_ATTACHMENT with the index of the one that cannot be sent,
 * ZS_FULL: nothing was added; ZS_OUT_OF_RANGE for more than 8 of them; ZS_WRONG_STEP, ZS_NOT_UTF8,
 * ZS_OVERLAP; ZS_UNSUPPORTED in a library without the feature `attachments`.
 * Lifetime: texts are copied, the bytes of the files stay with the caller.
 */
zs_status zs_session_user_with(zs_session *session,
                               zs_str content,
                               const zs_attachment *attachments,
                               size_t attachment_count);

/**
 * Answers one call with files attached to the text, as zs_session_tool_result. In a dialect whose
 * results are only text, they follow in a user message after all results of the reply.
 *
 * ZS_STEP_RUN_TOOLS; after the last one ZS_STEP_SEND.
 * Errors: those of zs_session_tool_result; ZS_BAD_ATTACHMENT, ZS_UNSUPPORTED_ATTACHMENT: nothing was
 * added; ZS_UNSUPPORTED in a library without the feature `attachments`.
 * Lifetime: as zs_session_user_with.
 */
zs_status zs_session_tool_result_with(zs_session *session,
                                      uint32_t call,
                                      zs_str content,
                                      bool is_error,
                                      const zs_attachment *attachments,
                                      size_t attachment_count,
                                      uint32_t *cut_bytes);

/**
 * Whether requests in the dialect of this session can hold `attachment`.
 *
 * Any step.
 */
bool zs_session_takes_attachment(const zs_session *session, const zs_attachment *attachment);

/**
 * Replaces each attachment whose bytes the caller would have to supply by a line that describes it
 * to the model: for a conversation that continues without them. `*count` is how many there are; it
 * may be NULL.
 *
 * ZS_STEP_IDLE, ZS_STEP_SEND, ZS_STEP_MAKE_ROOM.
 * Errors: ZS_WRONG_STEP; ZS_UNSUPPORTED in a library without the feature `attachments`.
 */
zs_status zs_session_leave_out_attachments(zs_session *session, size_t *count);

/**
 * The bytes of an attachment that the request needs where zs_session_read_request stopped; `bytes`
 * is 0 if it needs none there: read the rest of the body, or it is complete.
 *
 * ZS_STEP_SEND.
 * Errors: ZS_WRONG_STEP, ZS_NULL.
 */
zs_status zs_session_wanted(zs_session *session, zs_wanted *wanted);

/**
 * Encodes the wanted bytes, or the first of them, into `len` bytes of the body at `buffer`;
 * `*written` is how many. zs_session_wanted then reports how many were used: the rest is requested
 * again. Give the bytes of the whole file, from `offset` on, and no others: if a file has become
 * shorter, the request cannot be finished: abandon it.
 *
 * ZS_STEP_SEND.
 * Errors: ZS_NOT_FOUND when no bytes are wanted; ZS_ATTACHMENT_LENGTH when there are fewer than three
 * and they are not the last, or more than are wanted; ZS_WRONG_STEP, ZS_NULL, ZS_OVERLAP.
 */
zs_status zs_session_supply(zs_session *session,
                            const uint8_t *bytes,
                            size_t byte_count,
                            uint8_t *letters,
                            size_t len,
                            size_t *written);

/**
 * The media type of a file that begins with `first`, of which 16 bytes are enough, and has this name
 * or address: the first bytes decide, or the name if they match no known type. Empty if neither
 * identifies it, or in a library without the feature `attachments`.
 *
 * Any step; no session is needed.
 * Lifetime: static.
 */
zs_str zs_media_type(const uint8_t *first,
                     size_t len,
                     zs_str name);

/**
 * Makes room by the configuration's `room`, down to the low mark. `event` is the result:
 * ZS_EVENT_TRUNCATED, or ZS_EVENT_COMPACTING if the model is asked for a summary first; it may be
 * NULL. Afterwards ask for the step again.
 *
 * ZS_STEP_MAKE_ROOM.
 * Errors: ZS_FULL or ZS_WINDOW_TOO_LONG if nothing more can be removed: the turn failed.
 * ZS_WRONG_STEP, also with ZS_ROOM_ASK; ZS_UNSUPPORTED in a library without the feature `window`.
 */
zs_status zs_session_make_room(zs_session *session, zs_event *event);

/**
 * Replaces the oldest turns by `summary`, which the model sees as the user's text; the last
 * `keep_turns` stay, and always the running one.
 *
 * ZS_STEP_IDLE, ZS_STEP_SEND, ZS_STEP_MAKE_ROOM; the last leads to ZS_STEP_SEND when there is
 * room enough.
 * Errors: ZS_FULL if the summary is longer than the turns that it replaces and does not fit, or in
 * ZS_STEP_MAKE_ROOM no turn can be replaced; nothing changed. ZS_WRONG_STEP, ZS_NOT_UTF8, ZS_OVERLAP.
 * Lifetime: the summary is copied.
 */
zs_status zs_session_compact(zs_session *session,
                             zs_str summary,
                             size_t keep_turns);

/**
 * Removes the oldest exchange: the oldest turn, or the oldest round of the running turn. `*freed`
 * is the number of freed bytes; it may be NULL.
 *
 * ZS_STEP_IDLE, ZS_STEP_SEND, ZS_STEP_MAKE_ROOM; the last leads to ZS_STEP_SEND when there is
 * room enough.
 * Errors: ZS_FULL or ZS_WINDOW_TOO_LONG if nothing more can be removed; in ZS_STEP_MAKE_ROOM the
 * turn failed.
 * ZS_WRONG_STEP.
 */
zs_status zs_session_drop_oldest(zs_session *session, size_t *freed);

/**
 * Marks the current end of the conversation, without the reply being received.
 *
 * Any step.
 * Errors: 0 when there is no session.
 */
uint64_t zs_session_checkpoint(const zs_session *session);

/**
 * Removes everything added since zs_session_checkpoint gave `checkpoint`; an open turn ends.
 * Checkpoints are a stack: those made after this one become invalid, earlier ones stay valid.
 *
 * Any step, to the one in which the conversation ends.
 * Errors: ZS_STALE_CHECKPOINT when room was made since, or the checkpoint's place no longer
 * exists; nothing changed.
 */
zs_status zs_session_rollback(zs_session *session, uint64_t checkpoint);

/**
 * The part of the transcript that has this index, counted from 0, the oldest first; in
 * ZS_STEP_RECEIVE also the part of the reply received so far. Going through them in order takes linear time.
 *
 * Any step.
 * Errors: ZS_NOT_FOUND after the last, ZS_NULL.
 * Lifetime: until the next call that changes the session.
 */
zs_status zs_session_entry(zs_session *session,
                           size_t index,
                           zs_entry *entry);

/**
 * Writes the transcript as JSON Lines, one part a line, from offset `at` on into `len` bytes at
 * `bytes`; `*written` is how many, 0 is the end. Each call starts again and skips, so that a few
 * large buffers take less time than many small ones.
 *
 * Any step.
 * Errors: ZS_NULL, ZS_OVERLAP.
 */
zs_status zs_session_json_lines(zs_session *session,
                                size_t at,
                                uint8_t *bytes,
                                size_t len,
                                size_t *written);

/**
 * Continues a conversation that was saved as JSON Lines, or written by hand: they are read into
 * `memory` and checked. Lines of the roles `system` and `tools` at the front are ignored.
 *
 * No session is needed; the step is the one in which the conversation ends, as with
 * zs_session_resume. `fault` is a sentence about the fault of the line that the detail names; it
 * and `detail` may be NULL.
 * Errors: ZS_BAD_LINE with the number of the line, from 1 on; those of zs_session_init; ZS_OVERLAP
 * if the lines are in `memory`; then `*session` is NULL.
 * Lifetime: as zs_session_init; the lines are not used any more. The sentence is static.
 */
zs_status zs_session_from_json_lines(void *memory,
                                     size_t len,
                                     zs_str lines,
                                     const zs_config *config,
                                     zs_session **session,
                                     zs_str *fault,
                                     uint32_t *detail);

/**
 * Starts to decode one response body in `len` bytes at `memory`: the session is in
 * ZS_STEP_RECEIVE, as after a response with `http_status`. Pass the body to zs_session_feed and
 * zs_session_end_response; the model's reply is also in its transcript,
 * after the user's text of one space.
 *
 * No session is needed. `detail` may be NULL.
 * Errors: ZS_BAD_CONFIG for no dialect, ZS_UNSUPPORTED, ZS_FULL with the bytes missing, ZS_NULL,
 * ZS_OUT_OF_RANGE; then `*session` is NULL.
 * Lifetime: as zs_session_init.
 */
zs_status zs_decoder_init(void *memory,
                          size_t len,
                          uint32_t dialect,
                          uint16_t http_status,
                          zs_session **session,
                          uint32_t *detail);

/**
 * The prompt of the built-in library that has this index, counted from 0.
 *
 * Any step; no session is needed.
 * Errors: ZS_NOT_FOUND after the last, ZS_NULL.
 * Lifetime: static.
 */
zs_status zs_prompt_built_in(size_t index, zs_str *name, zs_str *prompt);

/**
 * The prompt of the built-in library that has this name.
 *
 * Any step; no session is needed.
 * Errors: ZS_UNKNOWN_PROMPT, ZS_NOT_UTF8, ZS_NULL.
 * Lifetime: static.
 */
zs_status zs_prompt_find(zs_str name, zs_str *prompt);

/**
 * Reads a prompt: the whole text of its file. `fault` is the fault; it may be NULL.
 *
 * Any step; no session is needed.
 * Errors: ZS_BAD_PROMPT, ZS_NOT_UTF8, ZS_NULL.
 * Lifetime: the body is a part of the text.
 */
zs_status zs_prompt_parse(zs_str file, zs_prompt *prompt, zs_prompt_fault *fault);

/**
 * Decodes a field of the front matter that is one string (`name`, `description`, `mode`, `model`,
 * `argument-hint`, `schema`, any other) into `len` bytes at `bytes`; `*written` is its
 * length.
 *
 * Any step; no session is needed. `detail` may be NULL.
 * Errors: ZS_NOT_FOUND, ZS_OTHER_KIND for a list or a map; ZS_FULL: `*written` is the length that
 * is enough; ZS_BAD_PROMPT, ZS_NOT_UTF8, ZS_NULL.
 */
zs_status zs_prompt_field(zs_str file,
                          zs_str key,
                          uint8_t *bytes,
                          size_t len,
                          size_t *written,
                          uint32_t *detail);

/**
 * Decodes an item of a field of the front matter that is a list (`tools`, `disallowed-tools`,
 * `arguments`, `includes`, `check`) into `len` bytes at `bytes`; `*written` is its length.
 * Items are counted from 0.
 *
 * Any step; no session is needed. `detail` may be NULL.
 * Errors: ZS_NOT_FOUND after the last, and if there is no such list: without `tools` all tools are
 * allowed except the disallowed ones, which switches may also name. ZS_FULL: `*written` is the
 * length that is enough; ZS_BAD_PROMPT, ZS_NOT_UTF8, ZS_NULL.
 */
zs_status zs_prompt_item(zs_str file,
                         zs_str key,
                         size_t index,
                         uint8_t *bytes,
                         size_t len,
                         size_t *written,
                         uint32_t *detail);

/**
 * The placeholder of the body that has this index, counted from 0; a name can occur more than
 * once.
 *
 * Any step; no session is needed. `detail` may be NULL.
 * Errors: ZS_NOT_FOUND after the last, ZS_BAD_PROMPT, ZS_NOT_UTF8, ZS_NULL.
 * Lifetime: the texts are parts of the prompt's text.
 */
zs_status zs_prompt_placeholder(zs_str file,
                                size_t index,
                                zs_placeholder *placeholder,
                                uint32_t *detail);

/**
 * Fills the placeholders of a prompt's body with `count` values and writes the text to `len` bytes at
 * `bytes`; `*written` is its length. Arguments are one value `ARGUMENTS`, or one by one
 * as `1`, `2`, and so on. Bodies of prompts that it includes precede it and are rendered by
 * separate calls.
 *
 * Any step; no session is needed. `detail` may be NULL.
 * Errors: ZS_MISSING_PLACEHOLDER with its offset; ZS_FULL: `*written` is the length that is enough;
 * ZS_OUT_OF_RANGE for more than ZS_PROMPT_VALUES_MAX values; ZS_BAD_PROMPT, ZS_NOT_UTF8, ZS_NULL.
 */
zs_status zs_prompt_render(zs_str file,
                           const zs_pair *given,
                           size_t count,
                           uint8_t *bytes,
                           size_t len,
                           size_t *written,
                           uint32_t *detail);

/**
 * Checks every byte of a packed vocabulary (cl100k_base.zsv, o200k_base.zsv). Do it once for a
 * file from outside; the other calls check only its head, and at worst return wrong counts.
 *
 * Any step; no session is needed. `detail` may be NULL.
 * Errors: ZS_BAD_VOCABULARY with the reason: 1 cut, 2 another kind of file, 3 another version,
 * 4 byte order, 5 damaged head, 6 bytes after its end, 7 layout, 8 unknown pattern, 9 damaged
 * body. ZS_NULL.
 */
zs_status zs_vocabulary_check(zs_str vocabulary, uint32_t *detail);

/**
 * Counts the tokens of a text. Bytes that are not UTF-8 count as U+FFFD.
 *
 * Any step; no session is needed. `detail` may be NULL.
 * Errors: ZS_BAD_VOCABULARY, ZS_NULL.
 */
zs_status zs_tokens_count(zs_str vocabulary, zs_str content, uint64_t *count, uint32_t *detail);

/**
 * The longest prefix of a text that has at most `limit` tokens, cut at a character: its bytes and
 * its tokens.
 *
 * Any step; no session is needed. `detail` may be NULL.
 * Errors: ZS_BAD_VOCABULARY, ZS_NOT_UTF8, ZS_NULL.
 */
zs_status zs_tokens_fit(zs_str vocabulary,
                        zs_str content,
                        uint64_t limit,
                        size_t *bytes,
                        uint64_t *tokens,
                        uint32_t *detail);

/**
 * Writes the ids of a text to `len` places at `ids`; `*written` is how many. With `with_specials`
 * the special tokens of the vocabulary are encoded as themselves; without, text that looks like
 * one is ordinary text, as it must be for untrusted text.
 *
 * Any step; no session is needed. `detail` may be NULL.
 * Errors: ZS_FULL: `*written` is the number that is enough; ZS_BAD_VOCABULARY, ZS_NOT_UTF8,
 * ZS_NULL.
 */
zs_status zs_tokens_encode(zs_str vocabulary,
                           zs_str content,
                           bool with_specials,
                           uint32_t *ids,
                           size_t len,
                           size_t *written,
                           uint32_t *detail);

/**
 * Writes the bytes of `count` ids to `len` bytes at `bytes`; `*written` is how many. They need
 * not be UTF-8: a token may be part of a character.
 *
 * Any step; no session is needed. `detail` may be NULL.
 * Errors: ZS_FULL: `*written` is the length that is enough; ZS_UNKNOWN_TOKEN with its index,
 * ZS_BAD_VOCABULARY, ZS_NULL.
 */
zs_status zs_tokens_decode(zs_str vocabulary,
                           const uint32_t *ids,
                           size_t count,
                           uint8_t *bytes,
                           size_t len,
                           size_t *written,
                           uint32_t *detail);

/**
 * Estimates the tokens of a text without a vocabulary: a good guess, and a number that is hardly
 * ever passed.
 *
 * Any step; no session is needed.
 * Errors: ZS_NULL.
 */
zs_status zs_tokens_estimate(zs_str content, uint64_t *tokens, uint64_t *at_most);

/**
 * Bytes that a counter takes of lent memory at most.
 *
 * Any step; no session is needed.
 */
size_t zs_counter_overhead(void);

/**
 * Starts a count in `len` bytes at `memory`, of any alignment, and returns it in `counter`. There
 * is nothing to free.
 *
 * Any step; no session is needed. `detail` may be NULL.
 * Errors: ZS_FULL with the bytes missing, ZS_BAD_VOCABULARY, ZS_NULL, ZS_OUT_OF_RANGE; then
 * `*counter` is NULL.
 * Lifetime: memory and vocabulary must outlive the counter, which must not be moved.
 */
zs_status zs_counter_init(void *memory,
                          size_t len,
                          zs_str vocabulary,
                          zs_counter **counter,
                          uint32_t *detail);

/**
 * Appends bytes to the text, split anywhere, even inside a character.
 *
 * Any step; no session is needed.
 * Errors: ZS_NULL, ZS_BAD_HANDLE.
 */
zs_status zs_counter_push(zs_counter *counter, zs_str content);

/**
 * Tokens of all the text so far: always equal to the result of zs_tokens_count.
 *
 * Any step; no session is needed.
 * Errors: 0 when there is no counter.
 */
uint64_t zs_counter_count(const zs_counter *counter);

/**
 * Starts again with an empty text.
 *
 * Any step; no session is needed.
 * Errors: ZS_NULL, ZS_BAD_HANDLE.
 */
zs_status zs_counter_clear(zs_counter *counter);

/**
 * Checks a JSON text, strictly, and returns its kind.
 *
 * Any step; no session is needed. `detail` may be NULL.
 * Errors: ZS_BAD_JSON with the offset of the first wrong byte, ZS_TOO_DEEP, ZS_NOT_UTF8, ZS_NULL.
 * Lifetime: the value is a part of the text.
 */
zs_status zs_json_parse(zs_str json, zs_json *value, uint32_t *detail);

/**
 * The member of that name of an object; the last one if it occurs twice.
 *
 * Any step; no session is needed.
 * Errors: ZS_NOT_FOUND, ZS_OTHER_KIND for a value that is not an object, and those of
 * zs_json_parse.
 * Lifetime: the value is a part of the text.
 */
zs_status zs_json_member(zs_str object, zs_str name, zs_json *value);

/**
 * The element of an array that has this index, counted from 0.
 *
 * Any step; no session is needed.
 * Errors: ZS_NOT_FOUND after the last, ZS_OTHER_KIND for a value that is not an array, and those
 * of zs_json_parse.
 * Lifetime: the value is a part of the text.
 */
zs_status zs_json_element(zs_str array, size_t index, zs_json *value);

/**
 * Decodes a string into `len` bytes at `bytes`; `*written` is its length, without a NUL.
 *
 * Any step; no session is needed.
 * Errors: ZS_FULL: `*written` is the length that is enough; ZS_OTHER_KIND for a value that is not
 * a string, and those of zs_json_parse.
 */
zs_status zs_json_string(zs_str string, uint8_t *bytes, size_t len, size_t *written);

/**
 * Reads a number that is an integer.
 *
 * Any step; no session is needed.
 * Errors: ZS_OTHER_KIND for a value that is not a number, ZS_OUT_OF_RANGE for one with a fraction
 * or an exponent, or beyond 64 bits, and those of zs_json_parse.
 */
zs_status zs_json_integer(zs_str number, int64_t *value);

/**
 * Checks the arguments of a call against the JSON Schema of its tool. The fault is written to
 * `len` bytes at `bytes` as a sentence for the model; `*written` is its
 * length.
 *
 * Any step; no session is needed. `detail` may be NULL.
 * Errors: ZS_BAD_ARGUMENTS with the offset of the value, when the arguments do not fit;
 * ZS_UNSUPPORTED if the verdict depends on a keyword that is not checked, which is written;
 * ZS_BAD_JSON for the arguments, ZS_BAD_SCHEMA for the schema, ZS_TOO_DEEP, ZS_TOO_MUCH_WORK,
 * ZS_FULL for the sentence, ZS_NOT_UTF8, ZS_NULL. `*written` is 0 if there is no sentence.
 */
zs_status zs_schema_check(zs_str schema,
                          zs_str arguments,
                          uint8_t *bytes,
                          size_t len,
                          size_t *written,
                          uint32_t *detail);

/**
 * Repairs one obvious mistake in the arguments of a call: a string whose text is exactly one JSON
 * value of the type that the schema asks for becomes that value, and any other value becomes an
 * array of that one if the schema asks for an array and nothing else. The
 * arguments with it are written to `len` bytes at `bytes`, two more than the arguments are enough;
 * `*written` is their length. They may have other faults: check them again.
 *
 * Any step; no session is needed. `detail` may be NULL.
 * Errors: ZS_NOT_FOUND when nothing is wrong, or there is no repair, or `len` is short; ZS_BAD_JSON
 * for the arguments, ZS_BAD_SCHEMA for the schema, ZS_TOO_DEEP, ZS_TOO_MUCH_WORK, ZS_NOT_UTF8, ZS_NULL.
 */
zs_status zs_schema_repair(zs_str schema,
                           zs_str arguments,
                           uint8_t *bytes,
                           size_t len,
                           size_t *written,
                           uint32_t *detail);

/**
 * Writes the head of a request, including its empty line, to `len` bytes at `bytes`; `*written` is
 * how many. `path` begins with `/`; `host` has a port unless it is the scheme's own; the
 * headers are those of zs_session_request_header and the key.
 *
 * Any step; no session is needed. `detail` may be NULL.
 * Errors: ZS_BAD_REQUEST for a malformed request; ZS_FULL: `*written` is the length that
 * is enough; ZS_NOT_UTF8, ZS_NULL.
 */
zs_status zs_http_write_head(zs_str method,
                             zs_str path,
                             zs_str host,
                             size_t body_len,
                             const zs_pair *headers,
                             size_t header_count,
                             uint8_t *bytes,
                             size_t len,
                             size_t *written,
                             uint32_t *detail);

/**
 * Bytes that a reader of responses takes of lent memory at most.
 *
 * Any step; no session is needed.
 */
size_t zs_http_overhead(void);

/**
 * Starts to read a response in `len` bytes at `memory`, of any alignment. There is nothing to
 * free; each response needs a new one.
 *
 * Any step; no session is needed. `detail` may be NULL.
 * Errors: ZS_FULL with the bytes missing, ZS_NULL, ZS_OUT_OF_RANGE; `*http` is NULL then.
 * Lifetime: the memory must outlive the reader, which must not be moved.
 */
zs_status zs_http_init(void *memory, size_t len, zs_http **http, uint32_t *detail);

/**
 * Takes bytes of the response, split anywhere. Returns after the first event; call again with the
 * rest: `*used` is how many bytes were taken. Bytes after the end are used and ignored.
 *
 * Any step; no session is needed. `detail` may be NULL.
 * Errors: ZS_BAD_HTTP, ZS_HTTP_TOO_LONG, ZS_HTTP_ENCODING: reading cannot continue.
 * ZS_NULL, ZS_BAD_HANDLE.
 * Lifetime: the body is a part of the bytes given.
 */
zs_status zs_http_feed(zs_http *http,
                       const uint8_t *chunk,
                       size_t len,
                       size_t *used,
                       zs_http_event *event,
                       uint32_t *detail);

/**
 * The connection ended.
 *
 * Any step; no session is needed. `detail` may be NULL.
 * Errors: ZS_HTTP_CUT when the response was not complete; those of zs_http_feed again.
 */
zs_status zs_http_end(zs_http *http, uint32_t *detail);

/**
 * Whether the whole response was read.
 *
 * Any step; no session is needed.
 * Errors: false when there is no reader.
 */
bool zs_http_is_done(const zs_http *http);

/**
 * Whether the connection can carry another request. Known when the response is done.
 *
 * Any step; no session is needed.
 * Errors: false when there is no reader.
 */
bool zs_http_keeps_open(const zs_http *http);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ZEROSTACK_H */
