/* The agent of ../src/agent.rs in C: three tools, no allocator, HTTP/1.1 by the library. */
#include "board.h"
#include "zerostack.h"

#include <string.h>

#define TEXT(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}

static const zs_tool TOOLS[] = {
    {TEXT("free_memory"), TEXT("Bytes of the stack that were never used."),
     TEXT("{\"type\":\"object\",\"properties\":{}}")},
    {TEXT("set_pin"), TEXT("Sets an output pin."),
     TEXT("{\"type\":\"object\",\"properties\":{\"pin\":{\"type\":\"integer\"},"
          "\"high\":{\"type\":\"boolean\"}},\"required\":[\"pin\",\"high\"]}")},
    {TEXT("read_log"), TEXT("Reads the log, as much of it as there is room for."),
     TEXT("{\"type\":\"object\",\"properties\":{\"from\":{\"type\":\"integer\"}},"
          "\"required\":[\"from\"]}")},
};

static uint8_t arena[8192];
static uint8_t buffer[512];
/* zs_http_overhead() says how much of it is enough. */
static uint8_t http_memory[128];

static zs_str text_of(const char *text) {
    const zs_str result = {(const uint8_t *)text, strlen(text)};
    return result;
}

static bool is(zs_str text, const char *name) {
    return text.len == strlen(name) && memcmp(text.ptr, name, text.len) == 0;
}

/* A member of the arguments that is an integer. */
static bool integer(zs_str arguments, const char *name, int64_t *value) {
    zs_json member;
    return zs_json_member(arguments, text_of(name), &member) == ZS_OK &&
           zs_json_integer(member.text, value) == ZS_OK;
}

/* A piece of the log, and where the next one begins. */
static size_t read_log(size_t from, char *out, size_t size) {
    const size_t all = (size_t)(log_end - log_start);
    static const char more[] = "\n[more from ";
    const size_t room = size - sizeof more - sizeof "4294967295]";
    const size_t rest = all - from;
    const size_t count = rest < room ? rest : room;
    memcpy(out, log_start + from, count);
    if (count == rest) {
        return count;
    }
    size_t used = count + strlen(strcpy(out + count, more));
    used += put_number(out + used, from + count);
    out[used] = ']';
    return used + 1;
}

/* Runs a call; false when it failed. The result is in `buffer`. */
static bool run_tool(const zs_event *call, size_t *len) {
    char *out = (char *)buffer;
    int64_t number;
    zs_json high;
    const char *said = NULL;
    say_bytes("call", call->name.ptr, call->name.len);
    if (is(call->name, "free_memory")) {
        *len = put_number(out, free_stack_bytes());
        return true;
    }
    if (is(call->name, "set_pin") && integer(call->text, "pin", &number) &&
        zs_json_member(call->text, text_of("high"), &high) == ZS_OK) {
        const int is_high = set_pin(number, high.kind == ZS_JSON_TRUE);
        said = is_high < 0 ? "there is no such pin" : is_high > 0 ? "high" : "low";
        *len = strlen(strcpy(out, said));
        return is_high >= 0;
    }
    if (is(call->name, "read_log") && integer(call->text, "from", &number) && number >= 0 &&
        number <= log_end - log_start) {
        *len = read_log((size_t)number, out, sizeof buffer);
        return true;
    }
    *len = strlen(strcpy(out, "there is no such tool, or not with these arguments"));
    return false;
}

static void answer_calls(zs_session *session) {
    zs_event call;
    while (zs_session_step(session, NULL) == ZS_STEP_RUN_TOOLS &&
           zs_session_pending_call(session, 0, &call)) {
        size_t len;
        uint32_t cut;
        const bool done = run_tool(&call, &len);
        const zs_str content = {buffer, len};
        if (zs_session_tool_result(session, call.call, content, !done, &cut) != ZS_OK) {
            zs_session_abort(session);
        }
    }
}

/* Sends the request that is due; false when it cannot be sent. */
static bool send_request(zs_session *session) {
    zs_request request;
    zs_pair headers[5];
    char path[64];
    size_t len, at = 0, used = 0;
    if (zs_session_request(session, &request) != ZS_OK || request.header_count >= 5) {
        return false;
    }
    for (size_t index = 0; index < request.header_count; index++) {
        zs_session_request_header(session, index, &headers[index].name, &headers[index].value);
    }
    headers[request.header_count].name = text_of("authorization");
    headers[request.header_count].value = text_of("Bearer none");
    used = strlen(strcpy(path, "/v1"));
    for (int part = 0; part < 3; part++) {
        if (request.path[part].len >= sizeof path - used) {
            return false;
        }
        memcpy(path + used, request.path[part].ptr, request.path[part].len);
        used += request.path[part].len;
    }
    const zs_str whole_path = {(const uint8_t *)path, used};
    if (zs_http_write_head(request.method, whole_path, text_of("provider"), request.body_len,
                           headers, request.header_count + 1, buffer, sizeof buffer, &len,
                           NULL) != ZS_OK) {
        return false;
    }
    do {
        modem_write(buffer, len);
        if (zs_session_read_request(session, at, buffer, sizeof buffer, &len) != ZS_OK) {
            return false;
        }
        at += len;
    } while (len > 0);
    return true;
}

static void show(const zs_event *event, size_t *shown) {
    switch (event->kind) {
    case ZS_EVENT_TEXT: *shown += event->text.len; break;
    case ZS_EVENT_TOOL_CALL:
        say_bytes("asked", event->name.ptr, event->name.len);
        break;
    case ZS_EVENT_TRUNCATED: say_number("dropped", event->bytes); break;
    case ZS_EVENT_RESTART:
        say_text("restart", "");
        *shown = 0;
        break;
    default: break;
    }
}

/* Gives a part of the body to the session. */
static zs_status feed(zs_session *session, zs_str body, size_t *shown) {
    zs_event event;
    zs_status status = ZS_OK;
    while (body.len > 0 && zs_session_step(session, NULL) == ZS_STEP_RECEIVE) {
        size_t used = 0;
        status = zs_session_feed(session, body.ptr, body.len, &used, &event);
        if (status != ZS_OK) {
            return status;
        }
        show(&event, shown);
        body.ptr += used;
        body.len -= used;
    }
    return status;
}

/* One request and its response. */
static zs_status exchange(zs_session *session, size_t *shown) {
    zs_http *http;
    zs_event event;
    size_t len;
    zs_status status = zs_http_init(http_memory, sizeof http_memory, &http, NULL);
    if (status != ZS_OK) {
        return status;
    }
    if (modem_open() && send_request(session)) {
        bool wants_more = true;
        while (wants_more && (len = modem_read(buffer, sizeof buffer)) > 0) {
            zs_str rest = {buffer, len};
            while (rest.len > 0 && wants_more) {
                zs_http_event came;
                size_t used;
                wants_more = zs_http_feed(http, rest.ptr, rest.len, &used, &came, NULL) == ZS_OK;
                if (!wants_more) {
                    break;
                }
                if (came.kind == ZS_HTTP_HEAD) {
                    zs_session_begin_response(session, (uint16_t)came.status, came.retry_after_ms);
                } else if (came.kind == ZS_HTTP_BODY &&
                           (status = feed(session, came.body, shown)) != ZS_OK) {
                    /* With room made there is another attempt. */
                    return zs_session_step(session, NULL) == ZS_STEP_MAKE_ROOM ? ZS_OK : status;
                }
                rest.ptr += used;
                rest.len -= used;
            }
            wants_more = wants_more && !zs_http_is_done(http);
        }
    }
    const zs_step step = zs_session_step(session, NULL);
    if (step == ZS_STEP_SEND || step == ZS_STEP_RECEIVE) {
        status = zs_session_end_response(session, &event);
        if (status == ZS_OK) {
            show(&event, shown);
        }
    }
    return status;
}

/* Does what the session asks for until the turn is over. */
static zs_status run_turn(zs_session *session, const char *text) {
    size_t shown = 0;
    uint32_t number;
    say_text("user", text);
    zs_status status = zs_session_user(session, text_of(text));
    while (status == ZS_OK) {
        size_t freed;
        zs_failure failure;
        switch (zs_session_step(session, &number)) {
        case ZS_STEP_SEND: status = exchange(session, &shown); break;
        case ZS_STEP_RUN_TOOLS: answer_calls(session); break;
        case ZS_STEP_WAIT:
            if (zs_session_failure(session, &failure)) {
                say_text("waiting", zs_status_name(failure.status));
            }
            delay_ms(number);
            status = zs_session_retry(session);
            break;
        case ZS_STEP_MAKE_ROOM: status = zs_session_drop_oldest(session, &freed); break;
        case ZS_STEP_IDLE: say_number("shown", shown); return ZS_OK;
        default: return ZS_INTERNAL;
        }
    }
    return status;
}

int main(void) {
    static const char *const texts[] = {"How is the board?", "Tell me everything."};
    zs_config config;
    zs_session *session;
    uint32_t detail = 0;
    zs_config_init(&config, sizeof config);
    config.dialect = ZS_OPENAI_CHAT;
    config.model = text_of("scripted");
    config.system = text_of("You look after a board.");
    config.tools = TOOLS;
    config.tool_count = sizeof TOOLS / sizeof *TOOLS;
    config.reply_bytes = sizeof arena / 4;
    config.retry_base_ms = 20;
    zs_status status = zs_session_init(arena, sizeof arena, &config, &session, &detail);
    for (int turn = 0; turn < 2 && status == ZS_OK; turn++) {
        status = run_turn(session, texts[turn]);
        detail = zs_session_error_detail(session);
    }
    if (status != ZS_OK) {
        say_text("failed", zs_status_name(status));
        say_number("detail", detail);
    }
    report_memory();
    return status != ZS_OK;
}
