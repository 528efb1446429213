/* What a caller can get wrong: NULLs, wrong order, moved sessions, bad texts and sizes. Each is a
 * status, and nothing changes. */
#include "check.h"

static unsigned char memory[4096], other[4096];
static zs_config config;
static zs_tool tools[2];

static zs_session *begin(void) {
    zs_session *session = NULL;
    CHECK_OK(zs_session_init(memory, sizeof memory, &config, &session, NULL));
    return session;
}

/* Every function with NULL for everything, and with NULL for each thing it must have. */
static void nulls(void) {
    const zs_str none = {NULL, 0}, broken = {NULL, 5};
    zs_session *session = begin(), *made = session;
    zs_counter *counter = NULL;
    zs_http *http = NULL;
    zs_event event;
    zs_str text;
    size_t size;
    uint32_t detail = 7;
    CHECK_STATUS(zs_config_init(NULL, sizeof config), ZS_NULL);
    CHECK_STATUS(zs_session_init(NULL, 100, &config, &made, NULL), ZS_NULL);
    CHECK(made == NULL);
    CHECK_STATUS(zs_session_init(memory, sizeof memory, NULL, &made, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_init(memory, sizeof memory, &config, NULL, &detail), ZS_NULL);
    CHECK(detail == 0);
    CHECK_STATUS(zs_session_resume(memory, sizeof memory, broken, &config, &made, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_resume(memory, sizeof memory, none, &config, &made, NULL), ZS_BAD_TRANSCRIPT);
    CHECK_STATUS(zs_session_new(1000, NULL, &made, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_new(1000, &config, NULL, NULL), ZS_NULL);
    CHECK_OK(zs_session_free(NULL));
    CHECK_STATUS(zs_decoder_init(NULL, 100, ZS_ANTHROPIC, 200, &made, NULL), ZS_NULL);
    CHECK_STATUS(zs_decoder_init(memory, sizeof memory, 0, 200, &made, NULL), ZS_BAD_CONFIG);

    CHECK(zs_session_step(NULL, &detail) == ZS_STEP_NONE && detail == 0);
    CHECK(zs_session_step(NULL, NULL) == ZS_STEP_NONE);
    CHECK(zs_session_error_detail(NULL) == 0);
    CHECK(zs_session_usage(NULL).input_tokens == 0);
    CHECK(zs_session_raw_stop_reason(NULL).len == 0 && zs_session_snapshot(NULL).len == 0);
    CHECK(!zs_session_is_reply_complete(NULL));
    CHECK(!zs_session_failure(NULL, NULL));
    CHECK(!zs_session_pending_call(NULL, 0, NULL));
    CHECK_STATUS(zs_session_user(NULL, none), ZS_NULL);
    CHECK_STATUS(zs_session_request(NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_request_header(NULL, 0, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_request_len(NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_read_request(NULL, 0, NULL, 0, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_begin_response(NULL, 200, 0), ZS_NULL);
    CHECK_STATUS(zs_session_feed(NULL, NULL, 0, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_end_response(NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_tool_result(NULL, 0, none, false, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_retry(NULL), ZS_NULL);
    CHECK_STATUS(zs_session_abort(NULL), ZS_NULL);
    CHECK_STATUS(zs_session_compact(NULL, none, 0), ZS_NULL);
    CHECK_STATUS(zs_session_drop_oldest(NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_entry(NULL, 0, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_make_room(NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_rollback(NULL, 0), ZS_NULL);
    CHECK_STATUS(zs_session_instruct(NULL, none), ZS_NULL);
    CHECK_STATUS(zs_session_json_lines(NULL, 0, NULL, 0, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_from_json_lines(NULL, 9, none, &config, &made, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_from_json_lines(memory, sizeof memory, broken, &config, &made, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_from_json_lines(memory, sizeof memory, none, NULL, &made, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_from_json_lines(memory, sizeof memory, none, &config, NULL, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_set_turn_elapsed_ms(NULL, 0), ZS_NULL);
    CHECK_STATUS(zs_session_fork(NULL, other, sizeof other, &config, &made, NULL), ZS_NULL);
    CHECK(zs_session_checkpoint(NULL) == 0);
    CHECK(!zs_session_is_compacting(NULL) && !zs_session_window_tokens(NULL, &detail, &detail));

    session = begin();
    CHECK_STATUS(zs_session_user(session, broken), ZS_NULL);
    CHECK_STATUS(zs_session_entry(session, 0, NULL), ZS_NULL);
    CHECK(!zs_session_window_tokens(session, NULL, &detail));
    CHECK_STATUS(zs_session_fork(session, NULL, 9, &config, &made, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_fork(session, other, sizeof other, NULL, &made, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_fork(session, other, sizeof other, &config, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_fork(session, memory + 9, sizeof memory - 9, &config, &made, NULL), ZS_OVERLAP);
    CHECK_OK(zs_session_user(session, str("hello")));
    CHECK_STATUS(zs_session_request(session, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_request_header(session, 0, NULL, &text), ZS_NULL);
    CHECK_STATUS(zs_session_request_header(session, 0, &text, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_request_header(session, 99, &text, &text), ZS_NOT_FOUND);
    CHECK_STATUS(zs_session_request_len(session, NULL), ZS_NULL);
    CHECK_STATUS(zs_session_read_request(session, 0, NULL, 5, &size), ZS_NULL);
    CHECK_STATUS(zs_session_read_request(session, 0, other, 5, NULL), ZS_NULL);
    CHECK_OK(zs_session_begin_response(session, 200, ZS_NO_RETRY_AFTER));
    CHECK_STATUS(zs_session_feed(session, NULL, 5, &size, &event), ZS_NULL);
    CHECK_STATUS(zs_session_feed(session, other, 5, NULL, &event), ZS_NULL);
    CHECK_STATUS(zs_session_feed(session, other, 5, &size, NULL), ZS_NULL);
    CHECK_OK(zs_session_feed(session, NULL, 0, &size, &event));
    CHECK(size == 0 && event.kind == ZS_EVENT_NONE);
    CHECK(zs_session_step(session, NULL) == ZS_STEP_RECEIVE);
    CHECK(!zs_session_failure(session, NULL));
    CHECK_OK(zs_session_abort(session));

    CHECK_STATUS(zs_prompt_built_in(0, NULL, &text), ZS_NULL);
    CHECK_STATUS(zs_prompt_built_in(0, &text, NULL), ZS_NULL);
    CHECK_STATUS(zs_prompt_find(none, NULL), ZS_NULL);
    CHECK_STATUS(zs_prompt_parse(none, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_prompt_field(none, none, NULL, 0, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_prompt_item(none, none, 0, NULL, 0, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_prompt_placeholder(none, 0, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_prompt_render(none, NULL, 0, NULL, 0, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_prompt_render(none, NULL, 1, NULL, 0, &size, NULL), ZS_NULL);
    CHECK_STATUS(zs_vocabulary_check(none, NULL), ZS_BAD_VOCABULARY);
    CHECK_STATUS(zs_vocabulary_check(broken, NULL), ZS_NULL);
    CHECK_STATUS(zs_tokens_count(none, none, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_tokens_fit(none, none, 0, NULL, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_tokens_encode(none, none, false, NULL, 0, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_tokens_decode(none, NULL, 0, NULL, 0, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_tokens_estimate(none, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_counter_init(NULL, 0, none, &counter, NULL), ZS_BAD_VOCABULARY);
    CHECK_STATUS(zs_counter_init(other, sizeof other, none, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_counter_push(NULL, none), ZS_NULL);
    CHECK_STATUS(zs_counter_clear(NULL), ZS_NULL);
    CHECK(zs_counter_count(NULL) == 0);
    CHECK_STATUS(zs_json_parse(str("1"), NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_json_member(str("{}"), none, NULL), ZS_NULL);
    CHECK_STATUS(zs_json_element(str("[]"), 0, NULL), ZS_NULL);
    CHECK_STATUS(zs_json_string(str("\"\""), NULL, 0, NULL), ZS_NULL);
    CHECK_STATUS(zs_json_integer(str("1"), NULL), ZS_NULL);
    CHECK_STATUS(zs_schema_check(none, none, NULL, 0, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_http_init(NULL, 0, &http, NULL), ZS_NULL);
    CHECK_STATUS(zs_http_init(other, sizeof other, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_http_feed(NULL, NULL, 0, NULL, NULL, NULL), ZS_NULL);
    CHECK_STATUS(zs_http_end(NULL, NULL), ZS_NULL);
    CHECK(!zs_http_is_done(NULL) && !zs_http_keeps_open(NULL));
    CHECK_STATUS(zs_http_write_head(none, none, none, 0, NULL, 0, NULL, 0, NULL, NULL), ZS_NULL);
    CHECK(strcmp(zs_status_name(4711), "unknown") == 0);
}

/* Sessions that are none. */
static void handles(void) {
    zs_session *session = begin(), *made;
    zs_http *http;
    memset(other, 0, sizeof other);
    CHECK_STATUS(zs_session_abort((zs_session *)(void *)other), ZS_BAD_HANDLE);
    CHECK_STATUS(zs_http_end((zs_http *)(void *)other, NULL), ZS_BAD_HANDLE);
    memcpy(other, memory, sizeof other);
    made = (zs_session *)(void *)(other + ((unsigned char *)session - memory));
    CHECK_STATUS(zs_session_abort(made), ZS_BAD_HANDLE);
    CHECK(zs_session_step(made, NULL) == ZS_STEP_NONE);
    CHECK_STATUS(zs_session_abort((zs_session *)(void *)((unsigned char *)session + 1)), ZS_NULL);
    CHECK_STATUS(zs_session_free(session), ZS_BAD_HANDLE);
    CHECK_OK(zs_session_abort(session));
    CHECK_OK(zs_http_init(other, sizeof other, &http, NULL));
    CHECK_STATUS(zs_counter_push((zs_counter *)(void *)http, str("a")), ZS_BAD_HANDLE);
    CHECK_OK(zs_session_new(4096, &config, &session, NULL));
    CHECK_OK(zs_session_user(session, str("hello")));
    CHECK_OK(zs_session_free(session));
    CHECK_STATUS(zs_session_new(4, &config, &session, NULL), ZS_FULL);
    CHECK(session == NULL);
    CHECK_STATUS(zs_session_new(SIZE_MAX, &config, &session, NULL), ZS_FULL);
}

/* Texts and lengths that cannot be. */
static void texts(void) {
    zs_session *session = begin();
    zs_event event;
    zs_str inside;
    size_t used;
    CHECK_STATUS(zs_session_user(session, str("caf\xe9")), ZS_NOT_UTF8);
    CHECK(zs_session_error_detail(session) == 3);
    CHECK(zs_session_step(session, NULL) == ZS_STEP_IDLE);
    inside.ptr = other;
    inside.len = SIZE_MAX;
    CHECK_STATUS(zs_session_user(session, inside), ZS_OUT_OF_RANGE);
    inside = zs_session_snapshot(session);
    CHECK_STATUS(zs_session_user(session, inside), ZS_OVERLAP);
    CHECK_STATUS(zs_session_compact(session, inside, 0), ZS_OVERLAP);
    CHECK_OK(zs_session_user(session, str("hello")));
    CHECK_STATUS(zs_session_read_request(session, 0, memory, sizeof memory, &used), ZS_OVERLAP);
    CHECK_OK(zs_session_begin_response(session, 200, ZS_NO_RETRY_AFTER));
    CHECK_STATUS(zs_session_feed(session, inside.ptr, inside.len, &used, &event), ZS_OVERLAP);
    CHECK_STATUS(zs_session_tool_result(session, 0, inside, false, NULL), ZS_OVERLAP);
    CHECK(zs_session_step(session, NULL) == ZS_STEP_RECEIVE);
}

/* Configurations that cannot be used, and those of older and newer callers. */
static void configs(void) {
    union {
        zs_config config;
        unsigned char bytes[sizeof(zs_config) + 64];
    } longer;
    const zs_config good = config;
    zs_session *session;
    uint32_t detail;
    size_t size;
    unsigned older = 0;
#define REFUSED(field, value, status, wanted)                                                \
    do {                                                                                     \
        config.field = value;                                                                \
        CHECK_STATUS(zs_session_init(memory, sizeof memory, &config, &session, &detail), status); \
        CHECK(session == NULL && detail == (wanted));                                        \
        config = good;                                                                       \
    } while (0)
    REFUSED(dialect, 0, ZS_BAD_CONFIG, UINT32_MAX);
    REFUSED(dialect, 77, ZS_BAD_CONFIG, UINT32_MAX);
    REFUSED(max_attempts, 0, ZS_BAD_CONFIG, UINT32_MAX);
    REFUSED(max_attempts, 256, ZS_BAD_CONFIG, UINT32_MAX);
    REFUSED(max_rounds, 65536, ZS_BAD_CONFIG, UINT32_MAX);
    REFUSED(failed_turn, 2, ZS_BAD_CONFIG, UINT32_MAX);
    REFUSED(room, 4, ZS_BAD_CONFIG, UINT32_MAX);
    REFUSED(tool_mode, 4, ZS_BAD_CONFIG, UINT32_MAX);
    REFUSED(output_limit_key, 2, ZS_BAD_CONFIG, UINT32_MAX);
    REFUSED(counting, 3, ZS_BAD_CONFIG, UINT32_MAX);
    REFUSED(counting, ZS_COUNT_VOCABULARY, ZS_BAD_VOCABULARY, 1);
    REFUSED(max_repeats, 65536, ZS_BAD_CONFIG, UINT32_MAX);
    REFUSED(max_calls, 65536, ZS_BAD_CONFIG, UINT32_MAX);
    REFUSED(model, str("\xff"), ZS_NOT_UTF8, 0);
    REFUSED(tools, NULL, ZS_NULL, 0);
    REFUSED(size, 0, ZS_OUT_OF_RANGE, 0);
    REFUSED(size, sizeof config - 1, ZS_OUT_OF_RANGE, 0);
    REFUSED(size, SIZE_MAX, ZS_OUT_OF_RANGE, 0);
    tools[1].parameters = str("[]");
    REFUSED(dialect, ZS_GEMINI, ZS_BAD_CONFIG, 1);
    tools[1].parameters = str("{}");
    tools[1].description = str("\xc3");
    REFUSED(dialect, ZS_GEMINI, ZS_BAD_CONFIG, 1);
    tools[1].description = str("");

    /* A newer caller: what this library does not know is 0, or refused. */
    memset(&longer, 0xa5, sizeof longer);
    CHECK_OK(zs_config_init(&longer.config, sizeof longer));
    for (size = sizeof(zs_config); size < sizeof longer; size++) {
        CHECK(longer.bytes[size] == 0);
    }
    longer.config.dialect = ZS_OLLAMA;
    longer.config.model = str("m");
    CHECK_OK(zs_session_init(memory, sizeof memory, &longer.config, &session, NULL));
    longer.bytes[sizeof longer - 1] = 1;
    CHECK_STATUS(zs_session_init(memory, sizeof memory, &longer.config, &session, NULL), ZS_BAD_CONFIG);

    /* An older one: nothing after its size is written or read. */
    for (size = 0; size < sizeof(zs_config); size += sizeof(uint32_t)) {
        memset(&longer, 0xa5, sizeof longer);
        if (zs_config_init(&longer.config, size) == ZS_OK) {
            CHECK(longer.bytes[size] == 0xa5 && longer.config.size == size);
            longer.config.dialect = ZS_OLLAMA;
            CHECK_OK(zs_session_init(memory, sizeof memory, &longer.config, &session, NULL));
            older++;
        } else {
            CHECK(longer.bytes[0] == 0xa5);
        }
    }
    CHECK(older > 0);
}

static const char CALL[] =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":"
    "{\"name\":\"read\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";

/* A session in the wanted step. */
static zs_session *in_step(zs_step step) {
    zs_session *session = begin();
    zs_event event;
    size_t used;
    if (step == ZS_STEP_IDLE) {
        return session;
    }
    CHECK_OK(zs_session_user(session, str("hello")));
    if (step == ZS_STEP_SEND) {
        return session;
    }
    CHECK_OK(zs_session_begin_response(session, 200, ZS_NO_RETRY_AFTER));
    if (step == ZS_STEP_WAIT) {
        CHECK_OK(zs_session_end_response(session, &event));
        CHECK(event.kind == ZS_EVENT_RESTART);
    } else if (step == ZS_STEP_RUN_TOOLS) {
        size_t at = 0;
        while (at < sizeof CALL - 1) {
            CHECK_OK(zs_session_feed(session, (const uint8_t *)CALL + at, sizeof CALL - 1 - at, &used, &event));
            at += used;
        }
        CHECK_OK(zs_session_end_response(session, &event));
    }
    return session;
}

/* Each call in each step that it does not fit: ZS_WRONG_STEP, its detail the step, no change. */
static void order(void) {
    zs_step step;
    unsigned refused = 0;
    for (step = ZS_STEP_IDLE; step <= ZS_STEP_WAIT; step++) {
        int call;
        for (call = 0; call < 13; call++) {
            zs_session *session = in_step(step);
            unsigned char before[1024];
            size_t length = zs_session_snapshot(session).len, size;
            zs_request request;
            zs_event event;
            zs_str text;
            zs_status status = ZS_OK;
            bool fits = false;
            CHECK(zs_session_step(session, NULL) == step);
            CHECK(length <= sizeof before);
            memcpy(before, zs_session_snapshot(session).ptr, length);
            switch (call) {
            case 0: fits = step == ZS_STEP_IDLE; status = zs_session_user(session, str("x")); break;
            case 1: fits = step == ZS_STEP_SEND; status = zs_session_request(session, &request); break;
            case 2: fits = step == ZS_STEP_SEND; status = zs_session_request_header(session, 0, &text, &text); break;
            case 3: fits = step == ZS_STEP_SEND; status = zs_session_request_len(session, &size); break;
            case 4: fits = step == ZS_STEP_SEND; status = zs_session_read_request(session, 0, other, 9, &size); break;
            case 5: fits = step == ZS_STEP_SEND; status = zs_session_begin_response(session, 200, 0); break;
            case 6: fits = step == ZS_STEP_RECEIVE; status = zs_session_feed(session, (const uint8_t *)"x", 0, &size, &event); break;
            case 7: fits = step == ZS_STEP_RECEIVE || step == ZS_STEP_SEND; status = zs_session_end_response(session, NULL); break;
            case 8: fits = step == ZS_STEP_RUN_TOOLS; status = zs_session_tool_result(session, 0, str("x"), false, NULL); break;
            case 9: fits = step == ZS_STEP_WAIT; status = zs_session_retry(session); break;
            case 11: fits = step == ZS_STEP_IDLE; status = zs_session_instruct(session, str("x")); break;
            case 10: status = zs_session_make_room(session, &event); break;
            default:
                fits = step == ZS_STEP_IDLE || step == ZS_STEP_SEND;
                status = zs_session_compact(session, str("s"), 0);
            }
            if (fits) {
                CHECK(status == ZS_OK);
                continue;
            }
            refused++;
            CHECK(status == ZS_WRONG_STEP && zs_session_error_detail(session) == (uint32_t)step);
            CHECK(zs_session_step(session, NULL) == step);
            CHECK(zs_session_snapshot(session).len == length);
            CHECK(memcmp(zs_session_snapshot(session).ptr, before, length) == 0);
        }
    }
    CHECK_STATUS(zs_session_tool_result(in_step(ZS_STEP_RUN_TOOLS), 9, str("x"), false, NULL), ZS_UNKNOWN_CALL);
    printf("refusals: %u calls out of order\n", refused);
}

int main(void) {
    tools[0].name = str("read");
    tools[0].description = str("");
    tools[0].parameters = str("{}");
    tools[1] = tools[0];
    tools[1].name = str("write");
    CHECK_OK(zs_config_init(&config, sizeof config));
    config.dialect = ZS_OPENAI_CHAT;
    config.model = str("some-model");
    config.tools = tools;
    config.tool_count = 2;
    nulls();
    handles();
    texts();
    configs();
    order();
    return 0;
}
