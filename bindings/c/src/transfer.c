/* One request and its response, by libcurl. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "internal.h"

/* Milliseconds between two looks at the flag that cancels. */
#define CANCEL_CHECK_MS 100

/* How long the rest of a body is waited for, in milliseconds. After the reply the connection can be
 * used again if the body ends at once; a refusal's body only says why. */
#define DRAIN_MS 250
#define REFUSAL_MS 1000

static const struct {
    uint32_t dialect;
    const char *base_url;
    const char *key_header;
} KNOWN[] = {
    {ZS_OPENAI_CHAT, "https://api.openai.com/v1", "authorization: Bearer "},
    {ZS_ANTHROPIC, "https://api.anthropic.com", "x-api-key: "},
    {ZS_OPENAI_RESPONSES, "https://api.openai.com/v1", "authorization: Bearer "},
    {ZS_GEMINI, "https://generativelanguage.googleapis.com/v1beta", "x-goog-api-key: "},
    {ZS_OLLAMA, "http://127.0.0.1:11434", "authorization: Bearer "},
};

/* The head of the response is there as soon as one byte of the body is, or its end. */
static bool begin(struct run *run) {
    long status = 0;
    curl_off_t seconds = 0;
    uint32_t retry_ms = run->exact_retry_ms;
    if (run->has_begun) {
        return true;
    }
    curl_easy_getinfo(run->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status <= 0 || status > UINT16_MAX) {
        return false;
    }
    curl_easy_getinfo(run->easy, CURLINFO_RETRY_AFTER, &seconds);
    if (retry_ms == ZS_NO_RETRY_AFTER && seconds > 0) {
        retry_ms = seconds < UINT32_MAX / 1000 ? (uint32_t)seconds * 1000 : UINT32_MAX - 1;
    }
    run->status = zs_session_begin_response(run->session, (uint16_t)status, retry_ms);
    run->has_begun = run->status == ZS_OK;
    return run->has_begun;
}

static size_t read_body(char *buffer, size_t size, size_t count, void *context) {
    struct run *run = context;
    size_t written = 0;
    zs_status status = zs_session_read_request(run->session, run->sent, (uint8_t *)buffer,
                                               size * count, &written);
    if (status == ZS_OK && written == 0) {
        status = attachment_read(run, (uint8_t *)buffer, size * count, &written);
        if (status == ZS_MISSING_ATTACHMENT || status == ZS_ATTACHMENT_LENGTH) {
            run->file_status = status;
        }
    }
    if (status != ZS_OK) {
        /* The server answered before it had all: its answer is what counts. */
        return CURL_READFUNC_ABORT;
    }
    run->sent += written;
    run->last_byte_ms = run_now_ms();
    return written;
}

static int seek_body(void *context, curl_off_t offset, int origin) {
    struct run *run = context;
    if (origin != SEEK_SET || offset < 0) {
        return CURL_SEEKFUNC_FAIL;
    }
    run->sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* What the header line says if it has this name, which ends with the colon; else NULL. */
static const char *header_value(const char *line, size_t len, const char *name, size_t *value_len) {
    size_t at = strlen(name);
    if (len < at || strncasecmp(line, name, at) != 0) {
        return NULL;
    }
    while (at < len && (line[at] == ' ' || line[at] == '\t')) {
        at++;
    }
    while (len > at && strchr(" \t\r\n", line[len - 1])) {
        len--;
    }
    *value_len = len - at;
    return line + at;
}

/* Header lines; libcurl knows `retry-after`, but not the one in milliseconds. */
static size_t read_header(char *buffer, size_t size, size_t count, void *context) {
    struct run *run = context;
    const char *value;
    size_t len = size * count, value_len, at;
    run->last_byte_ms = run_now_ms();
    if (len >= 5 && strncmp(buffer, "HTTP/", 5) == 0) {
        run->exact_retry_ms = ZS_NO_RETRY_AFTER;
        run->encoding[0] = 0;
    }
    if (len <= 2) {
        run->head_ms = run->last_byte_ms;
    }
    value = header_value(buffer, len, "retry-after-ms:", &value_len);
    if (value && value_len > 0 && value[0] >= '0' && value[0] <= '9') {
        uint64_t millis = 0;
        for (at = 0; at < value_len && value[at] >= '0' && value[at] <= '9' && millis < UINT32_MAX;
             at++) {
            millis = millis * 10 + (uint64_t)(value[at] - '0');
        }
        run->exact_retry_ms = millis < UINT32_MAX ? (uint32_t)millis : UINT32_MAX - 1;
    }
    value = header_value(buffer, len, "content-encoding:", &value_len);
    if (value && !(value_len == 8 && strncasecmp(value, "identity", 8) == 0)) {
        /* It comes from outside: what is not a plain sign is not shown. */
        for (at = 0; at < value_len && at < sizeof run->encoding - 1; at++) {
            run->encoding[at] = value[at] > ' ' && value[at] < 127 ? value[at] : '?';
        }
        run->encoding[at] = 0;
    }
    return len;
}

static size_t write_body(char *buffer, size_t size, size_t count, void *context) {
    struct run *run = context;
    size_t len = size * count, at = 0;
    run->last_byte_ms = run_now_ms();
    if (!begin(run)) {
        return 0;
    }
    while (at < len) {
        zs_event event;
        size_t used = 0;
        if (run_is_cancelled(run)) {
            return 0;
        }
        if (zs_session_step(run->session, NULL) != ZS_STEP_RECEIVE) {
            return 0;
        }
        run->status =
            zs_session_feed(run->session, (const uint8_t *)buffer + at, len - at, &used, &event);
        if (run->status != ZS_OK) {
            return 0;
        }
        at += used;
        if (event.kind != ZS_EVENT_NONE) {
            show(run, &event);
        }
    }
    if (run->complete_ms == 0 && zs_session_is_reply_complete(run->session)) {
        run->complete_ms = run->last_byte_ms;
    }
    return len;
}

/* Whether what is still to come of the body is not worth a wait. */
static bool has_enough(const struct run *run) {
    const int64_t now = run_now_ms();
    long status = 0;
    if (run->complete_ms != 0) {
        return now - run->complete_ms >= DRAIN_MS;
    }
    curl_easy_getinfo(run->easy, CURLINFO_RESPONSE_CODE, &status);
    return run->head_ms != 0 && status >= 300 && now - run->head_ms >= REFUSAL_MS;
}

/* Whether nothing was sent or received for too long. Connecting has a limit of its own. */
static bool is_silent(struct run *run) {
    const int64_t idle_s = run->options->idle_timeout_s ? run->options->idle_timeout_s : 300;
    const int64_t now = run_now_ms();
    curl_off_t connected = 0;
    curl_easy_getinfo(run->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
    if (run->last_byte_ms == 0 || connected <= 0) {
        run->last_byte_ms = now;
    }
    if (now - run->last_byte_ms < idle_s * 1000) {
        return false;
    }
    snprintf(run->curl_message, sizeof run->curl_message, "no byte came for %ld s", (long)idle_s);
    return true;
}

static bool has_line_break(const char *text) {
    return text && text[strcspn(text, "\r\n")] != 0;
}

static bool add_header(struct run *run, const char *name, size_t name_len, const char *value,
                       size_t value_len) {
    char *line = malloc(name_len + value_len + 1);
    struct curl_slist *longer;
    if (!line) {
        return false;
    }
    memcpy(line, name, name_len);
    memcpy(line + name_len, value, value_len);
    line[name_len + value_len] = 0;
    longer = curl_slist_append(run->headers, line);
    free(line);
    if (longer) {
        run->headers = longer;
    }
    return longer != NULL;
}

static uint32_t refuse(struct run *run, const char *reason) {
    snprintf(run->report->message, sizeof run->report->message, "%s", reason);
    return ZS_RUN_BAD_OPTIONS;
}

uint32_t transfer_open(struct run *run) {
    const zs_run *options = run->options;
    const char *base_url = options->base_url, *scheme_end;
    size_t index;
    for (index = 0; index < sizeof KNOWN / sizeof *KNOWN; index++) {
        if (KNOWN[index].dialect == options->config->dialect) {
            run->key_header = KNOWN[index].key_header;
            base_url = base_url ? base_url : KNOWN[index].base_url;
        }
    }
    if (!run->key_header) {
        return refuse(run, "the dialect of the configuration is unknown");
    }
    if (has_line_break(base_url) || has_line_break(options->key)) {
        return refuse(run, "the base URL or the key has a line break: trim it");
    }
    if (base_url[strcspn(base_url, "?#")] != 0) {
        return refuse(run, "the base URL has a `?` or `#`, and paths are put after it: take that off");
    }
    scheme_end = strstr(base_url, "://");
    if (scheme_end && strncasecmp(base_url, "http://", 7) != 0
        && strncasecmp(base_url, "https://", 8) != 0) {
        size_t len = (size_t)(scheme_end - base_url);
        snprintf(run->report->message, sizeof run->report->message,
                 "the base URL is of the scheme %.*s: write http or https",
                 (int)(len < 20 ? len : 20), base_url);
        return ZS_RUN_BAD_OPTIONS;
    }
    run->url = strdup(base_url);
    run->multi = curl_multi_init();
    run->easy = curl_easy_init();
    if (!run->url || !run->multi || !run->easy) {
        return ZS_RUN_NO_MEMORY;
    }
    for (index = strlen(run->url); index > 0 && run->url[index - 1] == '/'; index--) {
        run->url[index - 1] = 0;
    }
    return ZS_OK;
}

void transfer_close(struct run *run) {
    if (run->easy) {
        curl_easy_cleanup(run->easy);
    }
    if (run->multi) {
        curl_multi_cleanup(run->multi);
    }
    free(run->url);
}

/* The whole address of the request. */
static char *address(const struct run *run, const zs_request *request) {
    size_t len = strlen(run->url), at = len, index;
    char *address;
    for (index = 0; index < 3; index++) {
        len += request->path[index].len;
    }
    address = malloc(len + 1);
    if (!address) {
        return NULL;
    }
    memcpy(address, run->url, at);
    for (index = 0; index < 3; index++) {
        if (request->path[index].len > 0) {
            memcpy(address + at, request->path[index].ptr, request->path[index].len);
        }
        at += request->path[index].len;
    }
    address[len] = 0;
    return address;
}

static bool set_up(struct run *run, const char *address, size_t body_len) {
    const zs_run *options = run->options;
    CURL *easy = run->easy;
    long connect_ms = options->connect_timeout_ms ? (long)options->connect_timeout_ms : 30000;
    CURLcode code = CURLE_OK;
#define SET(option, value) code = code == CURLE_OK ? curl_easy_setopt(easy, option, value) : code
    curl_easy_reset(easy);
    SET(CURLOPT_URL, address);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_len);
    SET(CURLOPT_HTTPHEADER, run->headers);
    SET(CURLOPT_READFUNCTION, read_body);
    SET(CURLOPT_READDATA, run);
    SET(CURLOPT_SEEKFUNCTION, seek_body);
    SET(CURLOPT_SEEKDATA, run);
    SET(CURLOPT_HEADERFUNCTION, read_header);
    SET(CURLOPT_HEADERDATA, run);
    SET(CURLOPT_WRITEFUNCTION, write_body);
    SET(CURLOPT_WRITEDATA, run);
    SET(CURLOPT_ERRORBUFFER, run->curl_message);
    SET(CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A name that is being looked up is given up at once; its thread ends by itself. */
    SET(CURLOPT_QUICK_EXIT, 1L);
#endif
    /* A key must not follow a redirect; no signals in a library. */
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
#undef SET
    return code == CURLE_OK;
}

/* Moves bytes until the response is over or given up; CURLE_OK when it came whole. */
static CURLcode perform(struct run *run) {
    CURLcode result = CURLE_ABORTED_BY_CALLBACK;
    int running = 1, left;
    CURLMsg *message;
    if (curl_multi_add_handle(run->multi, run->easy) != CURLM_OK) {
        return CURLE_FAILED_INIT;
    }
    while (running) {
        if (run_is_cancelled(run)) {
            run->is_cancelled = true;
            break;
        }
        if (run_is_over_time(run)) {
            break;
        }
        if (curl_multi_perform(run->multi, &running) != CURLM_OK) {
            result = CURLE_RECV_ERROR;
            break;
        }
        if (running && has_enough(run)) {
            /* Taken out before its end, the connection is closed. */
            result = CURLE_OK;
            break;
        }
        if (running && is_silent(run)) {
            result = CURLE_OPERATION_TIMEDOUT;
            break;
        }
        if (running
            && curl_multi_poll(run->multi, NULL, 0, run->complete_ms ? 10 : CANCEL_CHECK_MS, NULL)
                   != CURLM_OK) {
            result = CURLE_RECV_ERROR;
            break;
        }
    }
    while (!running && (message = curl_multi_info_read(run->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            result = message->data.result;
        }
    }
    run->is_cancelled = run->is_cancelled || run_is_cancelled(run);
    if (result == CURLE_OK && !run->is_cancelled) {
        begin(run);
    }
    curl_multi_remove_handle(run->multi, run->easy);
    return result;
}

/* All header lines, the key's among them. */
static uint32_t make_headers(struct run *run, const zs_request *request) {
    const char *key = run->options->key;
    size_t index;
    /* libcurl would ask first whether a long body may come, and wait for the answer. */
    if (!add_header(run, "expect:", 7, "", 0)
        || (key && !add_header(run, run->key_header, strlen(run->key_header), key, strlen(key)))) {
        return ZS_RUN_NO_MEMORY;
    }
    for (index = 0; index < request->header_count; index++) {
        zs_str name, value;
        char line[64];
        zs_status status = zs_session_request_header(run->session, index, &name, &value);
        if (status != ZS_OK || name.len + 2 > sizeof line) {
            return status != ZS_OK ? status : ZS_INTERNAL;
        }
        memcpy(line, name.ptr, name.len);
        memcpy(line + name.len, ": ", 2);
        if (!add_header(run, line, name.len + 2, (const char *)value.ptr, value.len)) {
            return ZS_RUN_NO_MEMORY;
        }
    }
    return ZS_OK;
}

/* Whether another attempt would fail in the same way: the options or the trust are wrong. */
static bool is_final(CURLcode code) {
    switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ENGINE_NOTFOUND: return true;
    default: return false;
    }
}

uint32_t transfer_request(struct run *run) {
    zs_request request;
    char *url;
    uint32_t result;
    zs_status status = attachment_check_all(run);
    if (status == ZS_OK) {
        status = zs_session_request_with_attachments(run->session, &request);
    }
    if (status != ZS_OK) {
        return status;
    }
    run->sent = 0;
    run->file_status = ZS_OK;
    run->has_begun = false;
    run->last_byte_ms = run->head_ms = run->complete_ms = 0;
    run->exact_retry_ms = ZS_NO_RETRY_AFTER;
    run->encoding[0] = 0;
    run->status = ZS_OK;
    run->curl_message[0] = 0;
    url = address(run, &request);
    result = url ? make_headers(run, &request) : ZS_RUN_NO_MEMORY;
    if (result == ZS_OK && !set_up(run, url, request.body_len)) {
        result = ZS_RUN_CURL;
    }
    if (result == ZS_OK) {
        CURLcode code = perform(run);
        if (run->file_status != ZS_OK && !run->has_begun) {
            result = run->file_status;
        } else if (code != CURLE_OK && !run->is_cancelled) {
            snprintf(run->report->message, sizeof run->report->message, "%s",
                     run->curl_message[0] ? run->curl_message : curl_easy_strerror(code));
            result = is_final(code) ? ZS_RUN_BAD_OPTIONS : ZS_OK;
        }
    }
    curl_slist_free_all(run->headers);
    run->headers = NULL;
    free(url);
    return result;
}
