/* What the files of this library share. */
#ifndef ZEROSTACK_CURL_INTERNAL_H
#define ZEROSTACK_CURL_INTERNAL_H

#include <curl/curl.h>

#include "zerostack_curl.h"

/* As many as a session takes at once. */
#define MAX_ATTACHMENTS 8

struct zs_tool_output {
    char *bytes;
    size_t len;
    size_t room;
    bool is_error;
    bool is_out_of_memory;
    /* There was no call to run. */
    bool is_bad_call;
    zs_attachment attachments[MAX_ATTACHMENTS];
    /* What their texts lie in. */
    uint8_t *texts[MAX_ATTACHMENTS];
    size_t attachment_count;
};

/* A run under way. */
struct run {
    zs_session *session;
    const zs_run *options;
    zs_run_report *report;
    int64_t start_ms;
    CURLM *multi;
    CURL *easy;
    char *url;
    const char *key_header;
    /* Of one request and its response. */
    struct curl_slist *headers;
    size_t sent;
    bool has_begun;
    bool is_cancelled;
    uint32_t exact_retry_ms;
    /* How the body is coded, as far as it fits here; empty if it is not. */
    char encoding[16];
    /* On the clock of run_now_ms, 0 for never: the last byte in either direction, the end of the
     * response's head, and the end of the reply in its body. */
    int64_t last_byte_ms;
    int64_t head_ms;
    int64_t complete_ms;
    /* What a call on the session said while libcurl called back. */
    zs_status status;
    /* The number of the file that could not be read. */
    uint32_t attachment;
    zs_status file_status;
    uint32_t bad_calls;
    char curl_message[CURL_ERROR_SIZE];
};

static inline zs_str text_of(const char *bytes, size_t len) {
    zs_str text;
    text.ptr = (const uint8_t *)bytes;
    text.len = len;
    return text;
}

/* Milliseconds of a clock that only goes on; never 0. */
int64_t run_now_ms(void);

bool run_is_cancelled(const struct run *run);

/* Tells the session how long the turn takes; true when that was too long, and it ended. */
bool run_is_over_time(struct run *run);

/* Sleeps; returns early when the run is cancelled or its time is over. */
void run_wait(struct run *run, uint32_t millis);

void show(const struct run *run, const zs_event *event);

/* Runs the open calls and gives their results to the session. Returns what zs_run_turn does. */
uint32_t run_tools(struct run *run);

/* Sends the request and gives the response to the session. Returns what zs_run_turn does. */
uint32_t transfer_request(struct run *run);

/* Whether all files that the request needs are there, and as long as was said. */
zs_status attachment_check_all(struct run *run);

/* Writes letters of the file that the request needs here; none where it needs none. */
zs_status attachment_read(struct run *run, uint8_t *to, size_t room, size_t *written);

void output_free(zs_tool_output *output);

/* Makes what all requests of a run share; 0, or one of ZS_RUN_.... */
uint32_t transfer_open(struct run *run);

void transfer_close(struct run *run);

#endif
