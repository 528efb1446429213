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
 *   ZS_STEP_MAKE_ROOM  zs_session_compact or zs_session_drop_oldest
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
 *     _read_request and _entry.
 *   - One thread at a time for one session; different sessions are independent.
 *   - Numbers of constants, once published, stay. Structs that the caller fills begin with their
 *     size; those that the library fills have reserved fields.
 */

#ifndef ZEROSTACK_H
#define ZEROSTACK_H

/* Made by ffi/header.sh from ffi/src: change it there. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The server did not say when to try again.
 */
#define ZS_NO_RETRY_AFTER UINT32_MAX

/**
 * What came of a call. Numbers below 1000 are the core's and stable; from 1000 on they are of
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
     * The memory has no room for it; nothing was added. The detail is the bytes missing. For a
     * buffer that the caller lends to be filled, it is the length that is enough.
     */
    ZS_FULL = 1,
    /**
     * The call does not fit the step; nothing changed. The detail is the step that is on.
     */
    ZS_WRONG_STEP = 2,
    /**
     * The response is not what the dialect promises. The detail is the byte offset in the body.
     */
    ZS_BAD_RESPONSE = 3,
    /**
     * The response ended before the reply was complete. The detail is the bytes that came.
     */
    ZS_CUT = 4,
    /**
     * The provider answered with an error. The detail is the HTTP status (200 for an error
     * inside a stream).
     */
    ZS_STATUS = 5,
    /**
     * The provider could not be reached, or broke off before the head.
     */
    ZS_UNREACHABLE = 6,
    /**
     * The reply hit the token limit in the middle of a tool call. The detail is the number of
     * whole calls.
     */
    ZS_TRUNCATED = 7,
    /**
     * A limit of the configuration is used up. The detail is its value.
     */
    ZS_LIMIT = 8,
    /**
     * No open call has this id. The detail is the id.
     */
    ZS_UNKNOWN_CALL = 9,
    /**
     * A saved transcript is damaged. The detail is the offset of the first bad byte.
     */
    ZS_BAD_TRANSCRIPT = 10,
    /**
     * The configuration cannot be used. The detail is the index of the bad tool, or UINT32_MAX.
     */
    ZS_BAD_CONFIG = 11,
    /**
     * JSON text is not valid. The detail is the byte offset.
     */
    ZS_BAD_JSON = 12,
    /**
     * The dialect is not compiled in. The detail is the number of the provider.
     */
    ZS_UNSUPPORTED = 13,
    /**
     * A text is longer than its format allows. The detail is the longest length in bytes.
     */
    ZS_TOO_LONG = 14,
    /**
     * A prompt's front matter is not understood. The detail is packed: line << 18 | column << 6 |
     * reason.
     */
    ZS_BAD_PROMPT = 15,
    /**
     * A required hole of a prompt has no value. The detail is its offset in the prompt's text.
     */
    ZS_MISSING_HOLE = 16,
    /**
     * No prompt of that name.
     */
    ZS_UNKNOWN_PROMPT = 17,
    /**
     * Prompts include one another too deeply. The detail is the depth that is allowed.
     */
    ZS_INCLUDE_DEPTH = 18,
    /**
     * The caller's writer failed. The detail is the bytes that it took at least.
     */
    ZS_WRITE_FAILED = 19,
    /**
     * A request's head would not be one request. The detail is 0 for the method, 1 for the
     * path, 2 for the host, and from 3 on the header.
     */
    ZS_BAD_REQUEST = 20,
    /**
     * The bytes are not an HTTP/1.1 response. The detail is the offset of the bad one.
     */
    ZS_BAD_HTTP = 21,
    /**
     * A part of an HTTP response is over its limit. The detail is the limit.
     */
    ZS_HTTP_TOO_LONG = 22,
    /**
     * The response is compressed or coded in a way that is not read. The detail is the offset.
     */
    ZS_HTTP_ENCODING = 23,
    /**
     * The connection ended within the response. The detail is the bytes that came.
     */
    ZS_HTTP_CUT = 24,
    /**
     * Arguments do not fit the type that reads them. The detail is the offset of the value.
     */
    ZS_BAD_ARGUMENTS = 25,
    /**
     * A JSON Schema is not one. The detail is the offset of what is wrong.
     */
    ZS_BAD_SCHEMA = 26,
    /**
     * Something is nested deeper than it may be. The detail is the depth that is allowed.
     */
    ZS_TOO_DEEP = 27,
    /**
     * A check takes more steps than it may. The detail is the number that is allowed.
     */
    ZS_TOO_MUCH_WORK = 28,
    /**
     * A packed vocabulary is refused. The detail is the reason.
     */
    ZS_BAD_VOCABULARY = 29,
    /**
     * A token id is not of this vocabulary. The detail is its index.
     */
    ZS_UNKNOWN_TOKEN = 30,
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
     * The pointer is not one that zs_session_init gave, or the session was moved, copied or
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
     * Nothing is going on: say something with zs_session_user, or stop.
     */
    ZS_STEP_IDLE = 0,
    /**
     * Send what zs_session_read_request gives, then call zs_session_begin_response.
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
     * Wait as many milliseconds as the number says, then call zs_session_retry.
     */
    ZS_STEP_WAIT = 4,
    /**
     * Call zs_session_compact or zs_session_drop_oldest; the number says how many bytes are
     * missing.
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
 * What an event says, and which fields of zs_event have it. Others may come: pass them over.
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
     * A call is complete: `call`, `name`, `wire_id`, and `text` has its arguments, JSON as the
     * model wrote it; they may be empty or malformed.
     */
    ZS_EVENT_TOOL_CALL = 4,
    /**
     * Counts of this reply so far: `usage`.
     */
    ZS_EVENT_USAGE = 5,
    /**
     * The reply did not fit and was kept in part; what was shown was whole: `kept`, `bytes` that
     * are not in the transcript.
     */
    ZS_EVENT_TRUNCATED = 6,
    /**
     * The reply is complete, the last event of a reply: `stop`.
     */
    ZS_EVENT_END = 7,
    /**
     * The reply was cut off and is asked for again: discard what was shown since the request.
     */
    ZS_EVENT_RESTART = 8,
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
     * It said all it wanted.
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
     * A long turn was paused; sending the conversation again goes on with it.
     */
    ZS_STOP_PAUSE = 7,
    /**
     * A word that this version does not know; zs_session_stop_word has it.
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
 * What a cut concerns.
 */
enum zs_kept
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Nothing was cut.
     */
    ZS_KEPT_ALL = 0,
    /**
     * Text or reasoning of a reply that did not fit the memory.
     */
    ZS_KEPT_REPLY = 1,
    /**
     * A tool result above max_result_bytes.
     */
    ZS_KEPT_TOOL_RESULT = 2,
    /**
     * Something that this version of the library has no number for.
     */
    ZS_KEPT_OTHER = 1000,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zs_kept zs_kept;
#else
typedef uint32_t zs_kept;
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
 * What a part of a message is, and which fields of zs_entry have it.
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
     * The model wants a tool to run: `call`, `name`, `wire_id`, and `text` has its arguments.
     */
    ZS_PART_TOOL_CALL = 3,
    /**
     * The answer to a call: `call`, `is_error`, `text`.
     */
    ZS_PART_TOOL_RESULT = 4,
    /**
     * Text that only its provider understands: `provider`, `variety`, `text`.
     */
    ZS_PART_OPAQUE = 5,
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
 * A service, by the dialect it speaks.
 */
enum zs_provider
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
typedef enum zs_provider zs_provider;
#else
typedef uint32_t zs_provider;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What becomes of a turn that fails.
 */
enum zs_failed_turn
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * All of it is taken out, the user's text too: as if it had never begun.
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
 * A tool that the model may call.
 */
typedef struct {
    /**
     * `[a-zA-Z0-9_-]`, 64 bytes at most.
     */
    zs_str name;
    /**
     * What it does, for the model.
     */
    zs_str description;
    /**
     * JSON Schema of the arguments: one JSON object.
     */
    zs_str parameters;
} zs_tool;

/**
 * What stays the same during a session. Fill it by zs_config_init, then set provider and model
 * at least. The struct itself is copied; the texts and the array of tools are lent: they must
 * outlive the session, unchanged.
 *
 * It grows at its end. A program that was compiled with a shorter one works with a newer library,
 * because `size` says what it has; what is missing has its default.
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
     * What the model is told first; may be empty.
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
     * The dialect to speak: a zs_provider.
     */
    uint32_t provider;
    /**
     * Tokens of one reply; 0 leaves it to the provider.
     */
    uint32_t max_output_tokens;
    /**
     * Tokens of the request and the reply together; 0 leaves it to the provider.
     */
    uint32_t context_tokens;
    /**
     * Bytes of one tool result; a longer one is cut in the middle and says so.
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
     * The longest wait, whatever the provider asks for.
     */
    uint32_t retry_max_ms;
    /**
     * Where the jitter of the waits begins.
     */
    uint32_t seed;
    /**
     * What becomes of a turn that fails: a zs_failed_turn.
     */
    uint32_t failed_turn;
    /**
     * 0.
     */
    uint32_t reserved;
} zs_config;

/**
 * Tokens, as the provider counted them. Anthropic leaves the cached tokens out of
 * `input_tokens`, the others count them in.
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
     * Tokens of the reply that were reasoning, where the provider says it.
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
     * The HTTP status, 0 when no response came.
     */
    uint32_t http_status;
    /**
     * 0 in this version.
     */
    uint32_t reserved;
    /**
     * The provider's code or type of the error, where it gave one.
     */
    zs_str code;
    /**
     * The provider's message, where it gave one.
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
     * What a cut concerns.
     */
    zs_kept kept;
    /**
     * Bytes that were cut.
     */
    uint32_t bytes;
    /**
     * Counts.
     */
    zs_usage usage;
    /**
     * 0 in this version.
     */
    uint32_t reserved[3];
    /**
     * Text, or the arguments of a call.
     */
    zs_str text;
    /**
     * The tool's name, as the model wrote it.
     */
    zs_str name;
    /**
     * The provider's own id of the call; empty where it gives none.
     */
    zs_str wire_id;
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
     * How many headers zs_session_request_header gives.
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
 * One part of the transcript. The fields that its part does not name are 0.
 */
typedef struct {
    /**
     * Who said it.
     */
    zs_role role;
    /**
     * What it is.
     */
    zs_part part;
    /**
     * 1 when it begins a message, 0 when it goes on with the one before.
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
     * Who made an opaque text: a zs_provider.
     */
    uint32_t provider;
    /**
     * What it is among the opaque texts of this provider.
     */
    uint32_t variety;
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
    zs_str wire_id;
    /**
     * 0 in this version.
     */
    size_t reserved[2];
} zs_entry;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The name of a status, lower case, words joined by `_`; "unknown" for a number that is none.
 *
 * Any step. Lifetime: for ever; ended by a NUL.
 */
const char *zs_status_name(uint32_t status);

/**
 * A sentence about a status for people.
 *
 * Any step. Lifetime: for ever; ended by a NUL.
 */
const char *zs_status_message(uint32_t status);

/**
 * Fills a configuration with the defaults: no system prompt, no tools, no provider, no model.
 * `size` is sizeof(zs_config); bytes behind what this library knows become 0.
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
 * Starts an empty conversation in `len` bytes at `memory`, of any alignment, and gives it
 * through `session`. There is nothing to free: when the memory goes, the session is gone.
 *
 * The step is then ZS_STEP_IDLE. `detail` may be NULL.
 * Errors: ZS_BAD_CONFIG, ZS_UNSUPPORTED, ZS_FULL with the bytes missing, ZS_NULL, ZS_NOT_UTF8,
 * ZS_OUT_OF_RANGE; `*session` is NULL then.
 * Lifetime: memory, model, system and tools must outlive the session; the session must not be
 * moved or copied.
 */
zs_status zs_session_init(void *memory,
                          size_t len,
                          const zs_config *config,
                          zs_session **session,
                          uint32_t *detail);

/**
 * Goes on with a saved conversation: what zs_session_snapshot gave is copied into `memory` and
 * checked, not trusted. It may lie in `memory` itself.
 *
 * The step is what the conversation ends with: ZS_STEP_RUN_TOOLS for open calls, ZS_STEP_SEND
 * for a user's text or results, else ZS_STEP_IDLE. `detail` may be NULL.
 * Errors: ZS_BAD_TRANSCRIPT, and those of zs_session_init; `*session` is NULL then.
 * Lifetime: as zs_session_init; the snapshot is not used any more.
 */
zs_status zs_session_resume(void *memory,
                            size_t len,
                            zs_str snapshot,
                            const zs_config *config,
                            zs_session **session,
                            uint32_t *detail);

/**
 * Starts an empty conversation in `bytes` of memory that this library allocates;
 * zs_session_overhead of them are the session's own. Only in a library with the feature `alloc`.
 *
 * The step is then ZS_STEP_IDLE. `detail` may be NULL.
 * Errors: those of zs_session_init; ZS_FULL with `bytes` when there is no memory.
 * Lifetime: until zs_session_free; model, system and tools must outlive the session.
 */
zs_status zs_session_new(size_t bytes,
                         const zs_config *config,
                         zs_session **session,
                         uint32_t *detail);

/**
 * Frees a session of zs_session_new. NULL is nothing to free. Only in a library with the feature
 * `alloc`.
 *
 * Any step.
 * Errors: ZS_BAD_HANDLE for a session in lent memory and for what is none; nothing is freed.
 */
zs_status zs_session_free(zs_session *session);

/**
 * What to do now. Cheap, and the same until something is done. `number` is filled with the
 * milliseconds to wait, or the bytes missing; it may be NULL.
 *
 * Any step.
 * Errors: ZS_STEP_NONE when there is no session.
 */
zs_step zs_session_step(const zs_session *session, uint32_t *number);

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
 * The provider's own word for why it stopped; empty when it gave none yet.
 *
 * Any step.
 * Errors: empty when there is no session.
 * Lifetime: until the next call that changes the session.
 */
zs_str zs_session_stop_word(const zs_session *session);

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
 * the model; false and nothing filled behind the last. Answering one moves the others up.
 *
 * ZS_STEP_RUN_TOOLS; false in the others.
 * Errors: false when there is no session or `call` is NULL.
 * Lifetime: the texts until the next call that changes the session. zs_session_tool_result is
 * one of them, and takes only the id.
 */
bool zs_session_pending_call(const zs_session *session, size_t index, zs_event *call);

/**
 * The conversation as plain versioned bytes, for zs_session_resume. A reply that is coming in is
 * not part of it yet.
 *
 * Any step.
 * Errors: empty when there is no session.
 * Lifetime: until the next call that changes the session.
 */
zs_str zs_session_snapshot(const zs_session *session);

/**
 * The version of this library as text, such as 0.1.0.
 *
 * Any step; no session is needed. Lifetime: for ever; ended by a NUL.
 */
const char *zs_version(void);

/**
 * Adds the user's text and starts a turn.
 *
 * ZS_STEP_IDLE to ZS_STEP_SEND.
 * Errors: ZS_FULL: nothing was added; ZS_WRONG_STEP, ZS_NOT_UTF8, ZS_OVERLAP.
 * Lifetime: the text is copied.
 */
zs_status zs_session_user(zs_session *session, zs_str said);

/**
 * The head of the response came, whatever its status: the body of a refusal says whether it is
 * worth another attempt. `retry_after_ms` is the server's wish, or ZS_NO_RETRY_AFTER.
 *
 * ZS_STEP_SEND to ZS_STEP_RECEIVE.
 * Errors: ZS_WRONG_STEP.
 */
zs_status zs_session_begin_response(zs_session *session, uint16_t status, uint32_t retry_after_ms);

/**
 * Takes bytes of the body, cut anywhere, even inside a character. Returns after the first event;
 * call again with the rest: `*used` says how many bytes were taken. `event` is filled in any
 * case, its kind is ZS_EVENT_NONE when there is none. Bytes behind the end of the reply are used
 * and ignored.
 *
 * ZS_STEP_RECEIVE; ZS_EVENT_RESTART ends it, see zs_session_end_response.
 * Errors: ZS_BAD_RESPONSE, ZS_FULL, ZS_TOO_LONG, ZS_LIMIT: the turn failed, or the step is
 * ZS_STEP_MAKE_ROOM; leave the rest of the body. The transcript holds no half message, `*used`
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
 * zs_session_is_reply_complete. Here the reply is judged. In ZS_STEP_SEND it says that no
 * response came at all.
 *
 * ZS_STEP_RECEIVE to ZS_STEP_RUN_TOOLS or ZS_STEP_IDLE with ZS_EVENT_END, or to ZS_STEP_WAIT with
 * ZS_EVENT_RESTART. `event` may be NULL.
 * Errors: the turn failed, zs_session_failure says more: ZS_STATUS, ZS_CUT, ZS_BAD_RESPONSE,
 * ZS_TRUNCATED, ZS_UNREACHABLE; ZS_FULL with ZS_STEP_MAKE_ROOM; or ZS_WRONG_STEP.
 */
zs_status zs_session_end_response(zs_session *session, zs_event *event);

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
 * Ends the turn now. A reply that is coming in is taken out, open calls get the result
 * "aborted".
 *
 * Any step, to ZS_STEP_IDLE.
 * Errors: none but those of the pointer.
 */
zs_status zs_session_abort(zs_session *session);

/**
 * What to send: everything but the body, which zs_session_read_request gives. Asking again gives
 * the same.
 *
 * ZS_STEP_SEND.
 * Errors: ZS_WRONG_STEP, ZS_NULL.
 * Lifetime: until the next call that changes the session.
 */
zs_status zs_session_request(zs_session *session, zs_request *request);

/**
 * One header of the request, its name in lower case. The key is not among them.
 *
 * ZS_STEP_SEND.
 * Errors: ZS_NOT_FOUND behind the last, ZS_WRONG_STEP, ZS_NULL.
 * Lifetime: for ever.
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
 * Writes the bytes of the body from offset `at` on into `len` bytes at `buffer`; `*written` says
 * how many, 0 is the end. Reading on where the last call stopped takes linear time; another
 * offset begins anew and skips. Reading twice gives the same bytes.
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
 * Replaces the oldest turns by `summary`, which the model sees as the user's text; the last
 * `keep_turns` stay, the running one always.
 *
 * ZS_STEP_IDLE, ZS_STEP_SEND, ZS_STEP_MAKE_ROOM; the last leads to ZS_STEP_SEND when there is
 * room enough.
 * Errors: ZS_FULL when the summary is longer than what it replaces and does not fit; nothing
 * changed. ZS_WRONG_STEP, ZS_NOT_UTF8, ZS_OVERLAP.
 * Lifetime: the summary is copied.
 */
zs_status zs_session_compact(zs_session *session, zs_str summary, size_t keep_turns);

/**
 * Takes out the oldest exchange: the oldest turn, or the oldest round of the running turn.
 * `*freed` is the bytes that this gave; it may be NULL.
 *
 * ZS_STEP_IDLE, ZS_STEP_SEND, ZS_STEP_MAKE_ROOM; the last leads to ZS_STEP_SEND when there is
 * room enough.
 * Errors: ZS_FULL when only what is needed is left; in ZS_STEP_MAKE_ROOM the turn failed.
 * ZS_WRONG_STEP.
 */
zs_status zs_session_drop_oldest(zs_session *session, size_t *freed);

/**
 * The part of the transcript that has this index, counted from 0, the oldest first; in
 * ZS_STEP_RECEIVE what came of the reply too. Going through them in order takes linear time.
 *
 * Any step.
 * Errors: ZS_NOT_FOUND behind the last, ZS_NULL.
 * Lifetime: until the next call that changes the session.
 */
zs_status zs_session_entry(zs_session *session, size_t index, zs_entry *entry);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ZEROSTACK_H */
