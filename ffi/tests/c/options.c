/* Options of requests, and an answer that is held to a schema. */
#include <stdint.h>

#include "check.h"

static const char SCHEMA[] =
    "{\"type\":\"object\",\"properties\":{\"line\":{\"type\":\"integer\"}},\"required\":[\"line\"]}";

static unsigned char memory[8192];
static zs_config config;

static void begin(void) {
    CHECK_OK(zs_config_init(&config, sizeof config));
    config.dialect = ZS_OPENAI_CHAT;
    config.model = str("some-model");
    CHECK(config.options == NULL);
}

static zs_session *opened(void) {
    zs_session *session;
    CHECK_OK(zs_session_init(memory, sizeof memory, &config, &session, NULL));
    return session;
}

/* The body that is sent next, with a NUL at its end. */
static const char *body(zs_session *session) {
    static char text[4096];
    size_t length;
    CHECK_OK(zs_session_read_request(session, 0, (uint8_t *)text, sizeof text - 1, &length));
    text[length] = 0;
    return text;
}

/* Gives a reply with `text`, which is JSON without its quotes. */
static zs_status reply(zs_session *session, const char *text, zs_event *event) {
    char whole[512];
    size_t fed = 0, used, length;
    sprintf(whole,
            "{\"choices\":[{\"message\":{\"content\":\"%s\"},\"finish_reason\":\"stop\"}]}", text);
    length = strlen(whole);
    CHECK_OK(zs_session_begin_response(session, 200, ZS_NO_RETRY_AFTER));
    while (fed < length) {
        CHECK_OK(zs_session_feed(session, (const uint8_t *)whole + fed, length - fed, &used, event));
        fed += used;
    }
    return zs_session_end_response(session, event);
}

static void options_are_sent(void) {
    zs_options options;
    zs_str stops[2];
    zs_session *session;
    const char *sent;
    begin();
    CHECK_OK(zs_options_init(&options, sizeof options));
    stops[0] = str("END");
    stops[1] = str("\"");
    options.stop = stops;
    options.stop_count = 2;
    options.temperature = 250;
    options.presence_penalty = -1500;
    options.seed = 7;
    options.reasoning_effort = ZS_EFFORT_LOW;
    options.user = str("u1");
    options.cache_ttl = ZS_CACHE_DAY;
    options.extra = str("{\"top_k\":40}");
    config.options = &options;
    session = opened();
    /* The struct is copied. */
    memset(&options, 0xff, sizeof options);
    CHECK_OK(zs_session_user(session, str("hi")));
    sent = body(session);
    CHECK(strstr(sent, "\"temperature\":0.25,"));
    CHECK(strstr(sent, "\"presence_penalty\":-1.5,"));
    CHECK(strstr(sent, "\"seed\":7,"));
    CHECK(strstr(sent, "\"stop\":[\"END\",\"\\\"\"]"));
    CHECK(strstr(sent, "\"reasoning_effort\":\"low\""));
    CHECK(strstr(sent, "\"user\":\"u1\""));
    CHECK(strstr(sent, "\"prompt_cache_retention\":\"24h\""));
    CHECK(strstr(sent, "\"top_k\":40"));
    CHECK(!strstr(sent, "top_p"));
}

/* What `change` makes of options is refused with the number of the option, and changes nothing. */
static void refused(void (*change)(zs_options *), zs_status status, uint32_t option) {
    zs_options options;
    zs_session *session;
    uint32_t detail = 0;
    begin();
    CHECK_OK(zs_options_init(&options, sizeof options));
    change(&options);
    config.options = &options;
    CHECK_STATUS(zs_session_init(memory, sizeof memory, &config, &session, &detail), status);
    CHECK(detail == option);
    config.options = NULL;
    session = opened();
    CHECK_STATUS(zs_session_set_options(session, &options), status);
    CHECK(zs_session_error_detail(session) == option);
    CHECK(zs_session_step(session, NULL) == ZS_STEP_IDLE);
}

static void hot(zs_options *options) { options->temperature = 2001; }
static void unsaid(zs_options *options) { options->top_k = 1; }
static void negative(zs_options *options) { options->seed = -1; }
static void effort(zs_options *options) { options->reasoning_effort = 8; }
static void ttl(zs_options *options) { options->cache_ttl = 4; }
static void parallel(zs_options *options) { options->parallel_tool_calls = 2; }
static void schema(zs_options *options) { options->response_schema = str("[]"); }
static void mode(zs_options *options) {
    options->response_schema = str("{}");
    options->response_schema_mode = 3;
}
static void repairs(zs_options *options) {
    options->response_schema = str("{}");
    options->max_repairs = 256;
}
static void taken(zs_options *options) { options->extra = str("{\"model\":\"other\"}"); }
static void choice(zs_options *options) { options->tool_choice = str("no_such_tool"); }

static void bad_options_are_refused(void) {
    zs_options options;
    zs_session *session;
    refused(hot, ZS_BAD_OPTION, ZS_OPTION_TEMPERATURE);
    refused(unsaid, ZS_UNSUPPORTED_OPTION, ZS_OPTION_TOP_K);
    refused(negative, ZS_BAD_OPTION, ZS_OPTION_SEED);
    refused(effort, ZS_BAD_OPTION, ZS_OPTION_REASONING_EFFORT);
    refused(ttl, ZS_BAD_OPTION, ZS_OPTION_CACHE_TTL);
    refused(parallel, ZS_BAD_OPTION, ZS_OPTION_PARALLEL_TOOL_CALLS);
    refused(schema, ZS_BAD_OPTION, ZS_OPTION_RESPONSE_SCHEMA);
    refused(mode, ZS_BAD_OPTION, ZS_OPTION_RESPONSE_SCHEMA);
    refused(repairs, ZS_BAD_OPTION, ZS_OPTION_RESPONSE_SCHEMA);
    refused(taken, ZS_BAD_OPTION, ZS_OPTION_EXTRA);
    refused(choice, ZS_BAD_OPTION, ZS_OPTION_TOOL_CHOICE);
    /* Sizes that no version had, and bytes of a newer one. */
    CHECK_STATUS(zs_options_init(&options, sizeof options - 4), ZS_OUT_OF_RANGE);
    CHECK_STATUS(zs_options_init(NULL, sizeof options), ZS_NULL);
    begin();
    session = opened();
    CHECK_OK(zs_options_init(&options, sizeof options));
    options.size = 8;
    CHECK_STATUS(zs_session_set_options(session, &options), ZS_OUT_OF_RANGE);
    CHECK_STATUS(zs_session_set_options(NULL, NULL), ZS_NULL);
    CHECK_OK(zs_options_init(&options, sizeof options));
    options.user.ptr = (const uint8_t *)"\xff";
    options.user.len = 1;
    CHECK_STATUS(zs_session_set_options(session, &options), ZS_NOT_UTF8);
    CHECK_OK(zs_session_user(session, str("hi")));
    CHECK_STATUS(zs_session_set_options(session, NULL), ZS_WRONG_STEP);
}

static void answers_are_held_to_a_schema(uint32_t how) {
    zs_options options;
    zs_session *session;
    zs_event event;
    zs_failure failure;
    begin();
    session = opened();
    CHECK_OK(zs_options_init(&options, sizeof options));
    options.response_schema = str(SCHEMA);
    options.response_schema_mode = how;
    options.max_repairs = 1;
    CHECK_OK(zs_session_set_options(session, &options));
    CHECK_OK(zs_session_user(session, str("Which line?")));
    CHECK((strstr(body(session), "\"json_schema\":{\"name\":\"answer\"") != NULL) ==
          (how != ZS_SCHEMA_WORDS));
    CHECK_OK(reply(session, "{\\\"line\\\":\\\"7\\\"}", &event));
    CHECK(event.kind == ZS_EVENT_RESTART);
    CHECK(zs_session_step(session, NULL) == ZS_STEP_SEND);
    CHECK(strstr(body(session), "asked for: /line: type \\\"integer\\\", found \\\"7\\\""));
    CHECK_OK(reply(session, "```json\\n{\\\"line\\\":7}\\n```", &event));
    CHECK(event.kind == ZS_EVENT_END);
    CHECK(is_text(zs_session_answer_json(session), "{\"line\":7}"));

    CHECK_OK(zs_session_user(session, str("And now?")));
    CHECK_OK(reply(session, "no", &event));
    CHECK_STATUS(reply(session, "never", &event), ZS_BAD_ANSWER);
    CHECK(zs_session_step(session, NULL) == ZS_STEP_IDLE);
    CHECK(is_text(zs_session_answer_json(session), "never"));
    CHECK(zs_session_failure(session, &failure));
    CHECK(failure.status == ZS_BAD_ANSWER);
    CHECK(is_text(failure.message, "the text is not one JSON value"));

    /* Without options, any text is an answer. */
    CHECK_OK(zs_session_set_options(session, NULL));
    CHECK_OK(zs_session_user(session, str("And now?")));
    CHECK_OK(reply(session, "no", &event));
    CHECK(event.kind == ZS_EVENT_END);
}

static void a_profile_is_kept_to_and_a_refusal_changes_it(void) {
    static const char refusal[] =
        "{\"error\":{\"message\":\"Unknown parameter: 'stream_options'.\"}}";
    zs_session *session;
    zs_event event;
    size_t used;
    begin();
    config.max_output_tokens = 9;
    config.profile = str("openai,instruction_role=system");
    session = opened();
    CHECK_OK(zs_session_user(session, str("hi")));
    CHECK(strstr(body(session), "\"max_completion_tokens\":9"));
    CHECK(strstr(body(session), "stream_options"));
    CHECK(zs_session_switched_off(session).len == 0);
    CHECK_OK(zs_session_begin_response(session, 400, ZS_NO_RETRY_AFTER));
    CHECK_OK(zs_session_feed(session, (const uint8_t *)refusal, sizeof refusal - 1, &used, &event));
    CHECK_OK(zs_session_end_response(session, &event));
    CHECK(event.kind == ZS_EVENT_RESTART);
    CHECK(is_text(zs_session_switched_off(session), "stream_options"));
    CHECK(zs_session_step(session, NULL) == ZS_STEP_SEND);
    CHECK(!strstr(body(session), "stream_options"));

    config.profile = str("nobody");
    CHECK_STATUS(zs_session_init(memory, sizeof memory, &config, &session, NULL), ZS_BAD_OPTION);
    config.profile = str("cache_control=none");
    CHECK_STATUS(zs_session_init(memory, sizeof memory, &config, &session, NULL),
                 ZS_UNSUPPORTED_OPTION);
    CHECK(zs_session_switched_off(NULL).len == 0);
}

static void the_arguments_of_calls_are_told_while_they_come_in(uint32_t call_deltas) {
    static const char stream[] =
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"function\":"
        "{\"name\":\"f\",\"arguments\":\"{\\\"a\"}}]}}]}\n\n"
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":"
        "{\"arguments\":\"\\\":1}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n"
        "data: [DONE]\n\n";
    zs_session *session;
    zs_event event;
    size_t fed = 0, used, told = 0, calls = 0;
    char pieces[32] = "";
    begin();
    config.call_deltas = call_deltas;
    session = opened();
    CHECK_OK(zs_session_user(session, str("hi")));
    CHECK_OK(zs_session_begin_response(session, 200, ZS_NO_RETRY_AFTER));
    while (fed < sizeof stream - 1) {
        CHECK_OK(zs_session_feed(session, (const uint8_t *)stream + fed, sizeof stream - 1 - fed,
                                 &used, &event));
        fed += used;
        if (event.kind == ZS_EVENT_TOOL_CALL_DELTA) {
            told++;
            CHECK(is_text(event.name, "f") && is_text(event.provider_id, "c1"));
            strncat(pieces, (const char *)event.text.ptr, event.text.len);
        }
        calls += event.kind == ZS_EVENT_TOOL_CALL;
    }
    CHECK_OK(zs_session_end_response(session, &event));
    CHECK(event.kind == ZS_EVENT_END && calls == 1);
    CHECK(told == (call_deltas ? 2u : 0u));
    CHECK(strcmp(pieces, call_deltas ? "{\"a\":1}" : "") == 0);
    config.call_deltas = 2;
    CHECK_STATUS(zs_session_init(memory, sizeof memory, &config, &session, NULL), ZS_BAD_CONFIG);
}

int main(void) {
    the_arguments_of_calls_are_told_while_they_come_in(1);
    the_arguments_of_calls_are_told_while_they_come_in(0);
    a_profile_is_kept_to_and_a_refusal_changes_it();
    options_are_sent();
    bad_options_are_refused();
    answers_are_held_to_a_schema(ZS_SCHEMA_AUTO);
    answers_are_held_to_a_schema(ZS_SCHEMA_WORDS);
    CHECK(zs_session_answer_json(NULL).len == 0);
    puts("options: ok");
    return 0;
}
