/*
 * zerostack over libcurl: the loop around a session of zerostack.h, with tools as functions.
 *
 * The session decides what is sent, what is retried and when a turn is over; this library does
 * what it asks for. It is blocking, has threads only while the calls of a reply run, and no global
 * state of its own; call curl_global_init once before, as libcurl asks for. It touches no signal: a
 * program that speaks TLS ignores SIGPIPE itself.
 *
 * Link with -lzerostack_curl -lzerostack -lcurl -lpthread (pkg-config zerostack-curl).
 */
#ifndef ZEROSTACK_CURL_H
#define ZEROSTACK_CURL_H

#include <signal.h>

#include "zerostack.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What a run returns: a zs_status, or one of these.
 */
enum {
    /* `*cancel` became non-zero. The turn is aborted; the session can go on. */
    ZS_RUN_CANCELLED = 2000,
    /* There is no memory left. The turn is aborted. */
    ZS_RUN_NO_MEMORY = 2001,
    /* zs_run cannot be used: no configuration, no function for a tool, a key or an address with a
     * line break, an address with `?` or `#` or of another scheme than http and https; or libcurl
     * cannot use the address, or does not trust the server. The report's message says which. */
    ZS_RUN_BAD_OPTIONS = 2002,
    /* libcurl refused to be set up. The turn is aborted. */
    ZS_RUN_CURL = 2003,
    /* Calls wait for approval, and all others of the reply were answered. The turn is open: the step is
     * ZS_STEP_RUN_TOOLS, and zs_session_pending_call gives the calls. Save the session or not, and go on by
     * zs_run_resume with decisions. */
    ZS_RUN_DEFERRED = 2004,
    /* The model made a call that cannot run, and `bad_calls` is ZS_BAD_CALLS_FAIL; or it made more of them
     * than `max_bad_calls`. The turn is aborted. */
    ZS_RUN_BAD_CALL = 2005
};

/* What becomes of a call of an unknown tool, or of one whose arguments do not fit. */
enum {
    /* Arguments that were plainly meant otherwise are repaired, see zs_schema_repair, and the call runs;
     * the model receives an error for all others. */
    ZS_BAD_CALLS_REPAIR = 0,
    /* The call is not run. The model receives the reason. */
    ZS_BAD_CALLS_TELL = 1,
    /* The run ends with ZS_RUN_BAD_CALL. */
    ZS_BAD_CALLS_FAIL = 2
};

/* What becomes of a call that waited for approval. */
enum {
    /* It runs. */
    ZS_APPROVED = 1,
    /* The call does not run. The model receives `text` as the reason, which may be empty. */
    ZS_DENIED = 2,
    /* It does not run here: `text` is its result. */
    ZS_ANSWERED = 3
};

/* A decision about an open call. */
typedef struct zs_decision {
    /* The id of the call, the same after the session was saved and resumed. */
    uint32_t call;
    /* ZS_APPROVED, ZS_DENIED or ZS_ANSWERED. */
    uint32_t kind;
    /* The reason or the result. */
    zs_str text;
} zs_decision;

/* What a tool says to the model. It is filled by zs_output_write. */
typedef struct zs_tool_output zs_tool_output;

/*
 * Runs one call of a tool and writes its result to `output`; nothing written is an empty result.
 * `arguments` is JSON as the model wrote it, already checked against the tool's schema: read it
 * by zs_json_member. It lives until the function returns. The function must not use the session.
 * Calls of one reply run at the same time on several threads, unless `calls_at_once` is 1.
 */
typedef void (*zs_tool_function)(void *context, zs_str arguments, zs_tool_output *output);

/*
 * Shows an event. It lives until the function returns, which must not use the session.
 */
typedef void (*zs_show_function)(void *context, const zs_event *event);

/*
 * Copies bytes of attachment `number` from `offset` on to `bytes`: at least one, `len` at most; returns
 * how many. 0 is the end of the file, ZS_READ_FAILED that it cannot be read. It is called while a
 * request is sent, which holds no more of a file than it asks for, on the thread of the caller.
 */
typedef size_t (*zs_read_function)(void *context, uint32_t number, uint32_t offset,
                                   unsigned char *bytes, size_t len);

#define ZS_READ_FAILED SIZE_MAX

/*
 * How a session is run. Begin with ZS_RUN_INIT, which fills in `size`; what is 0 or NULL has its
 * default. Everything that it points to is lent for the call.
 */
typedef struct zs_run {
    /* sizeof(zs_run), as the caller knows it. */
    size_t size;
    /* The configuration that the session was made with. */
    const zs_config *config;
    /* One function for each tool of the configuration, in the same order. */
    const zs_tool_function *functions;
    /* What `functions` and `show` are given. */
    void *context;
    /* Is called with each event; NULL shows nothing. */
    zs_show_function show;
    /* The provider's address, such as https://api.openai.com/v1; NULL is the provider's own. The
     * session's paths are put after it, so it has no `?` and no `#`. */
    const char *base_url;
    /* The key; NULL sends none. It goes into a header and nowhere else. */
    const char *key;
    /* The run ends when this becomes non-zero, within a tenth of a second unless a tool or `show`
     * runs. With libcurl before 7.87, or one that looks names up without a thread, it ends after
     * the name was looked up; so do the limits of time. A signal handler may set it. NULL: never. */
    const volatile sig_atomic_t *cancel;
    /* Milliseconds to look the name up and connect; 0 is 30,000. */
    uint32_t connect_timeout_ms;
    /* Seconds without a byte in either direction after which a connection is given up; 0 is 300. */
    uint32_t idle_timeout_s;
    /* Calls of one reply that run at the same time, each on a thread of its own, 64 at most; 0 is 8.
     * With 1 they run one after the other on the thread of the caller. Results keep the order of
     * the calls. */
    uint32_t calls_at_once;
    /* Gives the bytes of attachments; NULL where there are none. A file that is shorter or longer than
     * was said, or cannot be read, ends the run by ZS_ATTACHMENT_LENGTH or ZS_MISSING_ATTACHMENT, with
     * the number of the attachment in the report; nothing is sent then, unless it changes while it is. */
    zs_read_function read_attachment;
    /* For each tool of the configuration whether its calls wait until they are approved; NULL: none do. */
    const bool *needs_approval;
    /* For zs_run_resume: what was decided about open calls. Those about which nothing is said wait on. */
    const zs_decision *decisions;
    /* How many decisions there are. */
    size_t decision_count;
    /* ZS_BAD_CALLS_.... */
    uint32_t bad_calls;
    /* Calls of a turn that may be bad; 0 is 32. */
    uint32_t max_bad_calls;
} zs_run;

#define ZS_RUN_INIT                                                                          \
    { sizeof(zs_run), NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, 0, 0, 0 }

/* The result of a run. */
typedef struct zs_run_report {
    /* Bytes of old exchanges that went because the memory or the window was full. */
    size_t dropped_bytes;
    /* Attempts that failed and were made again. */
    uint32_t retries;
    /* The number that goes with the status, see zs_status. */
    uint32_t detail;
    /* A sentence for people, ended by a NUL; empty when all is well. It never holds the key. */
    char message[256];
} zs_run_report;

/*
 * Says `text` to the model, ended by a NUL, and runs the turn to its end: sends requests, shows
 * events, runs tools, waits and tries again as the session says.
 *
 * A reply ends when the provider marks its end: the end of its body is waited for a quarter of a second,
 * and then the connection is closed. The body of a refusal is read for a second.
 *
 * The step is ZS_STEP_IDLE before and after, whatever comes of it but ZS_RUN_DEFERRED. `report` may be NULL.
 * Returns ZS_OK, a zs_status of the call that failed (zs_session_failure says more), or one of
 * ZS_RUN_.... When a transcript does not fit its memory or its window any more, room is made as the
 * configuration says; with ZS_ROOM_ASK the oldest exchanges are dropped. The report says how many
 * bytes went. max_turn_ms is kept.
 */
uint32_t zs_run_turn(zs_session *session, const char *text, const zs_run *run,
                     zs_run_report *report);

/*
 * The same with files beside the text, 8 at most: see zs_session_user_with. The bytes of those that
 * have a number are asked of `read_attachment`.
 */
uint32_t zs_run_turn_with(zs_session *session, const char *text, const zs_attachment *attachments,
                          size_t attachment_count, const zs_run *run, zs_run_report *report);

/*
 * Goes on with the turn that is open in a session that was resumed: as zs_run_turn, without a new
 * text. ZS_WRONG_STEP when no turn is open.
 */
uint32_t zs_run_resume(zs_session *session, const zs_run *run, zs_run_report *report);

/* Adds `len` bytes of UTF-8 to the result of a tool. */
void zs_output_write(zs_tool_output *output, const char *bytes, size_t len);

/* Adds a text that is ended by a NUL to the result of a tool. */
void zs_output_text(zs_tool_output *output, const char *text);

/* Adds a formatted text, as printf does. */
void zs_output_printf(zs_tool_output *output, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/* Adds a file to the result of a tool, 8 at most. Its texts are copied. Files that the
 * dialect cannot carry are named to the model instead. */
void zs_output_attach(zs_tool_output *output, const zs_attachment *attachment);

/* Says that the call failed; what was written tells the model why. */
void zs_output_fail(zs_tool_output *output);

#ifdef __cplusplus
}
#endif

#endif
