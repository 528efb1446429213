/* The loop over libcurl against the scripted provider: turns, tools, retries, refusals, cancelling,
 * and what a caller can get wrong. */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <curl/curl.h>

#include "../../../ffi/tests/c/check.h"
#include "provider.h"
#include "zerostack_curl.h"

/* What was shown, and what the tools saw. */
static struct {
    char text[4096], calls[512];
    unsigned restarts, ends, truncated;
} seen;

static volatile sig_atomic_t cancel;
static unsigned char memory[1 << 16];
static zs_tool tools[5];
static pthread_barrier_t together;
static zs_config config;
static zs_run options = ZS_RUN_INIT;
static zs_run_report report;

static void show(void *context, const zs_event *event) {
    CHECK(context == &seen);
    switch (event->kind) {
    case ZS_EVENT_TEXT:
        CHECK(strlen(seen.text) + event->text.len < sizeof seen.text);
        strncat(seen.text, (const char *)event->text.ptr, event->text.len);
        if (strstr(seen.text, "cancel me")) {
            cancel = 1;
        }
        break;
    case ZS_EVENT_RESTART:
        seen.text[0] = 0;
        seen.restarts++;
        break;
    case ZS_EVENT_END: seen.ends++; break;
    case ZS_EVENT_TRUNCATED:
        CHECK(event->bytes > 0);
        seen.truncated += event->dropped == ZS_DROPPED_OLD_RESULTS;
        break;
    default: break;
    }
}

static void note(const char *name, zs_str arguments) {
    strcat(seen.calls, name);
    strncat(seen.calls, (const char *)arguments.ptr, arguments.len);
}

static void add(void *context, zs_str arguments, zs_tool_output *output) {
    zs_json first, second;
    int64_t a, b;
    CHECK(context == &seen);
    note("add", arguments);
    CHECK_OK(zs_json_member(arguments, str("a"), &first));
    CHECK_OK(zs_json_member(arguments, str("b"), &second));
    CHECK_OK(zs_json_integer(first.text, &a));
    CHECK_OK(zs_json_integer(second.text, &b));
    zs_output_printf(output, "%s%ld", "sum ", (long)(a + b));
}

static void fail(void *context, zs_str arguments, zs_tool_output *output) {
    (void)context;
    note("fail", arguments);
    zs_output_text(output, "it is ");
    zs_output_write(output, "broken", 6);
    zs_output_fail(output);
}

static void binary(void *context, zs_str arguments, zs_tool_output *output) {
    char big[5000];
    (void)context;
    note("binary", arguments);
    memset(big, 0xff, sizeof big);
    zs_output_write(output, big, sizeof big);
}

static void long_text(void *context, zs_str arguments, zs_tool_output *output) {
    int line;
    (void)context;
    (void)arguments;
    for (line = 0; line < 60; line++) {
        zs_output_printf(output, "line %d of a text\n", line);
    }
}

/* Returns when three calls are in it at the same time. */
static void meet(void *context, zs_str arguments, zs_tool_output *output) {
    (void)context;
    pthread_barrier_wait(&together);
    zs_output_write(output, (const char *)arguments.ptr, arguments.len);
}

static const zs_tool_function FUNCTIONS[] = {add, fail, binary, long_text, meet};

/* Runs one turn against a script. */
static uint32_t run(const char *script, char **record) {
    struct provider provider = provider_start(script);
    zs_session *session;
    char base_url[80];
    uint32_t result;
    memset(&seen, 0, sizeof seen);
    cancel = 0;
    snprintf(base_url, sizeof base_url, "%s/v1/", provider.base_url);
    options.base_url = base_url;
    CHECK_OK(zs_session_init(memory, sizeof memory, &config, &session, NULL));
    result = zs_run_turn(session, "Please add.", &options, &report);
    CHECK(zs_session_step(session, NULL) == ZS_STEP_IDLE);
    CHECK((result == ZS_OK) == (report.message[0] == 0));
    *record = provider_stop(&provider);
    options.base_url = NULL;
    return result;
}

/* A picture that is nowhere; some of them are not as long as was said. */
static size_t picture(void *context, uint32_t number, uint32_t offset, unsigned char *bytes,
                      size_t len) {
    const size_t LEN = number == 2 ? 29999 : number == 3 ? 30001 : 30000;
    size_t left = offset < LEN ? LEN - offset : 0, count = len < left ? len : left, index;
    CHECK(context == &seen);
    /* The end of the fourth is there when it is looked at, and not when it is sent. */
    if (number == 4 || (number == 5 && offset > 1000 && len > 1)) {
        return number == 4 ? ZS_READ_FAILED : 0;
    }
    for (index = 0; index < count; index++) {
        bytes[index] = (unsigned char)(offset + index);
    }
    return count;
}

static zs_attachment attachment(uint32_t number) {
    zs_attachment result;
    memset(&result, 0, sizeof result);
    result.media_type = str("image/png");
    result.number = number;
    result.bytes = 30000;
    return result;
}

static void shoot(void *context, zs_str arguments, zs_tool_output *output) {
    char media_type[] = "image/png";
    zs_attachment shot = attachment(1);
    (void)context;
    shot.media_type = str(is_text(arguments, "{}") ? media_type : "image/bmp");
    zs_output_text(output, "1 screen");
    zs_output_attach(output, &shot);
    memset(media_type, 0, sizeof media_type);
}

static void attachments(void) {
    static const struct {
        uint32_t number, result;
    } BAD[] = {{2, ZS_ATTACHMENT_LENGTH}, {3, ZS_ATTACHMENT_LENGTH}, {4, ZS_MISSING_ATTACHMENT},
               {5, ZS_ATTACHMENT_LENGTH}};
    static const zs_tool_function SHOOT[] = {shoot};
    static const char SCRIPT[] = "{\"replies\":["
        "{\"parts\":[{\"call\":{\"name\":\"add\",\"arguments\":{}}}]},"
        "{\"parts\":[{\"call\":{\"name\":\"add\",\"arguments\":{\"a\":1}}}]},"
        "{\"parts\":[{\"text\":\"A cat.\"}]}]}";
    struct provider provider = provider_start(SCRIPT);
    zs_tool tool = tools[0];
    zs_attachment first = attachment(1);
    zs_run with = options;
    zs_session *session;
    char base_url[80], *record;
    size_t index;
    memset(&seen, 0, sizeof seen);
    snprintf(base_url, sizeof base_url, "%s/v1", provider.base_url);
    tool.parameters = str("{\"type\":\"object\"}");
    config.tools = &tool;
    config.tool_count = 1;
    with.functions = SHOOT;
    with.base_url = base_url;
    with.read_attachment = picture;
    CHECK_OK(zs_session_init(memory, sizeof memory, &config, &session, NULL));
    for (index = 0; index < sizeof BAD / sizeof *BAD; index++) {
        zs_attachment bad = attachment(BAD[index].number);
        CHECK(zs_run_turn_with(session, "What is this?", &bad, 1, &with, &report) == BAD[index].result);
        CHECK(report.detail == BAD[index].number && report.message[0]);
        CHECK(zs_session_step(session, NULL) == ZS_STEP_IDLE);
        CHECK_OK(zs_session_leave_out_attachments(session, NULL));
    }
    CHECK_OK(zs_run_turn_with(session, "What is this?", &first, 1, &with, &report));
    CHECK(strcmp(seen.text, "A cat.") == 0);
    record = provider_stop(&provider);
    CHECK(count_of(record, "\n") == 3);
    /* 30,000 bytes each: of the text in three requests, of the first call's result in two. */
    CHECK(count_of(record, "base64,AAECAwQF") == 5 && strlen(record) > 5 * 40000);
    CHECK(count_of(record, "is a file that this model cannot be sent") == 1);
    free(record);
    config.tools = tools;
    config.tool_count = sizeof tools / sizeof *tools;
}

/* Calls wait, the session is saved, and another one goes on with it. */
static void approvals(void) {
    static const bool ASKS[] = {true, false, false, false, false};
    static unsigned char elsewhere[1 << 16], saved[4096];
    static const char SCRIPT[] =
        "{\"replies\":[{\"parts\":["
        "{\"call\":{\"name\":\"add\",\"arguments\":{\"a\":\"2\",\"b\":40}}},"
        "{\"call\":{\"name\":\"fail\",\"arguments\":{}}},"
        "{\"call\":{\"name\":\"add\",\"arguments\":{\"a\":1,\"b\":1}}},"
        "{\"call\":{\"name\":\"add\",\"arguments\":{\"a\":1,\"b\":2}}}]},"
        "{\"parts\":[{\"text\":\"Done.\"}]}]}";
    struct provider provider = provider_start(SCRIPT);
    zs_decision decisions[3];
    zs_run with = options;
    zs_session *session;
    zs_event event;
    zs_str snapshot;
    char base_url[80], *record;
    memset(&seen, 0, sizeof seen);
    snprintf(base_url, sizeof base_url, "%s/v1", provider.base_url);
    with.base_url = base_url;
    with.needs_approval = ASKS;
    CHECK_OK(zs_session_init(memory, sizeof memory, &config, &session, NULL));
    CHECK(zs_run_turn(session, "Please add.", &with, &report) == ZS_RUN_DEFERRED);
    CHECK(strcmp(seen.calls, "fail{}") == 0 && strstr(report.message, "approval"));
    CHECK(zs_session_step(session, NULL) == ZS_STEP_RUN_TOOLS);
    CHECK(zs_session_pending_call(session, 2, &event) && event.call == 3);
    CHECK(!zs_session_pending_call(session, 3, &event));
    snapshot = zs_session_snapshot(session);
    CHECK(snapshot.len <= sizeof saved);
    memcpy(saved, snapshot.ptr, snapshot.len);
    snapshot.ptr = saved;
    CHECK_OK(zs_session_resume(elsewhere, sizeof elsewhere, snapshot, &config, &session, NULL));
    CHECK(zs_run_resume(session, &with, &report) == ZS_RUN_DEFERRED);
    memset(decisions, 0, sizeof decisions);
    decisions[0].call = 0;
    decisions[0].kind = ZS_APPROVED;
    decisions[1].call = 2;
    decisions[1].kind = ZS_DENIED;
    decisions[1].text = str("Not that one.");
    decisions[2].call = 3;
    decisions[2].kind = ZS_ANSWERED;
    decisions[2].text = str("it was three");
    with.decisions = decisions;
    with.decision_count = 2;
    CHECK(zs_run_resume(session, &with, &report) == ZS_RUN_DEFERRED);
    with.decision_count = 3;
    CHECK_OK(zs_run_resume(session, &with, &report));
    /* The number that was written as a string is one. */
    CHECK(strcmp(seen.calls, "fail{}add{\"a\":2,\"b\":40}") == 0);
    CHECK(strcmp(seen.text, "Done.") == 0);
    record = provider_stop(&provider);
    CHECK(count_of(record, "the call was denied: Not that one.") == 1);
    CHECK(count_of(record, "it was three") == 1 && count_of(record, "sum 42") == 1);
    free(record);
}

static void bad_calls(void) {
    static const char SCRIPT[] = "{\"replies\":[{\"parts\":["
        "{\"call\":{\"name\":\"nothing\",\"arguments\":{}}},"
        "{\"call\":{\"name\":\"add\",\"arguments\":{\"a\":\"x\",\"b\":1}}}]},"
        "{\"parts\":[{\"text\":\"Done.\"}]}]}";
    char *record;
    options.max_bad_calls = 2;
    CHECK_OK(run(SCRIPT, &record));
    free(record);
    options.max_bad_calls = 1;
    CHECK(run(SCRIPT, &record) == ZS_RUN_BAD_CALL);
    CHECK(strstr(report.message, "the model called add: The arguments do not fit: /a"));
    free(record);
    options.max_bad_calls = 0;
    options.bad_calls = ZS_BAD_CALLS_FAIL;
    CHECK(run(SCRIPT, &record) == ZS_RUN_BAD_CALL);
    CHECK(strcmp(report.message, "the model called nothing: There is no tool of this name.") == 0);
    free(record);
    options.bad_calls = ZS_BAD_CALLS_REPAIR;
}

static void turns(void) {
    static const char *const HOW[] = {"", ",\"pieces\":1", ",\"random_pieces\":7", ",\"framing\":\"close\"",
                                      ",\"framing\":\"length\""};
    size_t index;
    for (index = 0; index < sizeof HOW / sizeof *HOW; index++) {
        char script[1024], *record;
        snprintf(script, sizeof script,
                 "{\"replies\":[{\"parts\":[{\"text\":\"I add \xc3\xa9.\"},"
                 "{\"call\":{\"name\":\"add\",\"arguments\":{\"a\":2,\"b\":40}}},"
                 "{\"call\":{\"name\":\"fail\",\"arguments\":{}}},"
                 "{\"call\":{\"name\":\"nothing\",\"arguments\":{}}},"
                 "{\"call\":{\"name\":\"binary\",\"arguments\":{}}},"
                 "{\"call\":{\"name\":\"add\",\"arguments\":{\"a\":\"x\"}}}]%s},"
                 "{\"parts\":[{\"text\":\" Done.\"}]%s}]}",
                 HOW[index], HOW[index]);
        CHECK_OK(run(script, &record));
        CHECK(strcmp(seen.text, "I add \xc3\xa9. Done.") == 0);
        CHECK(strcmp(seen.calls, "add{\"a\":2,\"b\":40}fail{}binary{}") == 0);
        CHECK(seen.ends == 2 && seen.restarts == 0 && report.retries == 0);
        CHECK(count_of(record, "\n") == 2 && count_of(record, "\"(key)\"") == 2);
        CHECK(count_of(record, "/v1/chat/completions") == 2);
        CHECK(count_of(record, "sum 42") == 1 && count_of(record, "it is broken") == 1);
        CHECK(count_of(record, "There is no tool of this name.") == 1);
        CHECK(count_of(record, "The arguments do not fit: ") == 1);
        CHECK(count_of(record, "The tool's result is not UTF-8.") == 1);
        CHECK(!strstr(record, "k-secret"));
        free(record);
    }
}

/* Calls of one reply run at the same time, and their results keep their order. */
static void at_once(void) {
    char *record;
    const char *one, *two, *three;
    CHECK(pthread_barrier_init(&together, NULL, 3) == 0);
    options.calls_at_once = 0;
    CHECK_OK(run("{\"replies\":[{\"parts\":["
                 "{\"call\":{\"name\":\"meet\",\"arguments\":{\"n\":1}}},"
                 "{\"call\":{\"name\":\"meet\",\"arguments\":{\"n\":2}}},"
                 "{\"call\":{\"name\":\"meet\",\"arguments\":{\"n\":3}}}]},"
                 "{\"parts\":[{\"text\":\"Done.\"}]}]}",
                 &record));
    options.calls_at_once = 1;
    pthread_barrier_destroy(&together);
    CHECK(strcmp(seen.text, "Done.") == 0);
    /* The calls are in the request too, before the results. */
    one = strstr(record, "\"role\":\"tool\"");
    if (!one) {
        one = strstr(record, "\\\"role\\\":\\\"tool\\\"");
    }
    CHECK(one != NULL);
    one = one ? strstr(one, "1}") : NULL;
    two = one ? strstr(one, "2}") : NULL;
    three = two ? strstr(two, "3}") : NULL;
    CHECK(three != NULL);
    free(record);
}

static void retries(void) {
    static const char *const BROKEN[] = {
        "{\"status\":429,\"headers\":{\"retry-after-ms\":\"5\"}}",
        "{\"status\":503}",
        "{\"parts\":[{\"text\":\"half\"},{\"text\":\"of it\"}],\"cut\":150}",
        "{\"parts\":[{\"text\":\"half\"},{\"text\":\"of it\"}],\"reset\":150}",
        "{\"parts\":[{\"text\":\"half\"},{\"error\":{\"code\":\"server_error\",\"message\":\"oops\"}}]}",
        "{\"wire\":\"\"}",
        "{\"wire\":\"HTTP/1.1 200 OK\\r\\ncontent-len\"}",
    };
    size_t index;
    char script[1024], *record;
    for (index = 0; index < sizeof BROKEN / sizeof *BROKEN; index++) {
        snprintf(script, sizeof script, "{\"replies\":[%s,{\"parts\":[{\"text\":\"whole\"}]}]}", BROKEN[index]);
        CHECK_OK(run(script, &record));
        CHECK(strcmp(seen.text, "whole") == 0);
        CHECK(seen.restarts == 1 && seen.ends == 1 && report.retries == 1);
        CHECK(count_of(record, "\n") == 2);
        free(record);
    }
    CHECK(run("{\"replies\":[{\"status\":500,\"repeat\":true}]}", &record) == ZS_STATUS);
    CHECK(report.retries == 2 && report.detail == 500 && count_of(record, "\n") == 3);
    CHECK(strstr(report.message, "(500)"));
    free(record);
}

static void refusals(void) {
    char *record;
    CHECK(run("{\"replies\":[{\"status\":401,\"error\":{\"code\":\"bad_key\",\"message\":\"No such key\"}}]}", &record)
          == ZS_STATUS);
    CHECK(strcmp(report.message, "the provider answered with an error (401): No such key") == 0);
    CHECK(report.detail == 401 && report.retries == 0 && count_of(record, "\n") == 1);
    free(record);
    CHECK(run("{\"replies\":[{\"status\":429,\"error\":{\"code\":\"insufficient_quota\",\"message\":\"no money\"}}]}",
              &record) == ZS_STATUS);
    CHECK(strstr(report.message, "no money"));
    free(record);
    CHECK(run("{\"replies\":[{\"body\":\"<html></html>\",\"content_type\":\"text/html\"}]}", &record) == ZS_BAD_RESPONSE);
    CHECK(strstr(report.message, "(200): a web page"));
    free(record);
    CHECK(run("{\"replies\":[{\"status\":302,\"headers\":{\"location\":\"http://127.0.0.1:1/\"}}]}", &record) == ZS_STATUS);
    CHECK(report.detail == 302);
    free(record);
}

static void on_alarm(int signal) {
    (void)signal;
    cancel = 1;
}

static void cancelled(void) {
    char script[2048], later[1000] = "", *record;
    struct sigaction action;
    /* In the middle of a reply that does not go on. */
    memset(later, 'x', sizeof later - 1);
    snprintf(script, sizeof script,
             "{\"replies\":[{\"parts\":[{\"text\":\"cancel me\"},{\"text\":\"%s\"}],\"stall\":600}]}", later);
    CHECK(run(script, &record) == ZS_RUN_CANCELLED);
    CHECK(strcmp(report.message, "the run was cancelled") == 0 && strcmp(seen.text, "cancel me") == 0);
    free(record);
    /* By a signal while nothing comes at all, and while it waits to try again. */
    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    sigaction(SIGALRM, &action, NULL);
    alarm(1);
    CHECK(run("{\"replies\":[{\"delay_ms\":60000}]}", &record) == ZS_RUN_CANCELLED);
    free(record);
    alarm(1);
    CHECK(run("{\"replies\":[{\"status\":429,\"headers\":{\"retry-after\":\"3\"}}]}", &record) == ZS_RUN_CANCELLED);
    free(record);
}

static void unreachable(void) {
    zs_session *session;
    cancel = 0;
    CHECK_OK(zs_session_init(memory, sizeof memory, &config, &session, NULL));
    /* Nobody listens on the port of "tcpmux". */
    options.base_url = "http://127.0.0.1:1";
    CHECK(zs_run_turn(session, "Hello", &options, &report) == ZS_UNREACHABLE);
    CHECK(strstr(report.message, "127.0.0.1") && report.retries == 2);
    options.base_url = "ftp://127.0.0.1";
    CHECK(zs_run_turn(session, "Hello", &options, &report) == ZS_RUN_BAD_OPTIONS);
    CHECK(strstr(report.message, "ftp") && report.retries == 0);
    options.base_url = "http://127.0.0.1:1\r\nx: y";
    CHECK(zs_run_turn(session, "Hello", &options, &report) == ZS_RUN_BAD_OPTIONS);
    options.base_url = NULL;
}

static void misuse(void) {
    const zs_run good = options;
    zs_session *session;
    CHECK_OK(zs_session_init(memory, sizeof memory, &config, &session, NULL));
    CHECK(zs_run_turn(session, "Hello", NULL, &report) == ZS_RUN_BAD_OPTIONS && report.message[0]);
    CHECK(zs_run_turn(NULL, "Hello", &options, &report) == ZS_NULL && report.message[0]);
    CHECK(zs_run_resume(NULL, &options, NULL) == ZS_NULL);
    CHECK(zs_run_resume(session, &options, &report) == ZS_WRONG_STEP && report.message[0]);
    options.size = 8;
    CHECK(zs_run_turn(session, "Hello", &options, &report) == ZS_RUN_BAD_OPTIONS);
    options = good;
    options.functions = NULL;
    CHECK(zs_run_turn(session, "Hello", &options, &report) == ZS_RUN_BAD_OPTIONS);
    options = good;
    options.config = NULL;
    CHECK(zs_run_turn(session, "Hello", &options, &report) == ZS_RUN_BAD_OPTIONS);
    options = good;
    options.key = "a\nb";
    CHECK(zs_run_turn(session, "Hello", &options, &report) == ZS_RUN_BAD_OPTIONS);
    options = good;
    CHECK(zs_run_turn(session, "caf\xe9", &options, &report) == ZS_NOT_UTF8 && report.detail == 3);
    CHECK(zs_session_step(session, NULL) == ZS_STEP_IDLE && zs_session_snapshot(session).len < 8);
    /* A turn that somebody else drives stays as it is. */
    CHECK_OK(zs_session_user(session, str("Hello")));
    CHECK(zs_run_turn(session, "Hello", &options, &report) == ZS_WRONG_STEP);
    CHECK(zs_session_step(session, NULL) == ZS_STEP_SEND);
    zs_output_text(NULL, "x");
    zs_output_fail(NULL);
}

/* A turn that takes longer than it may, and one whose window is full. */
static void limits(void) {
    const zs_config before = config;
    char *record;
    config.max_turn_ms = 300;
    CHECK(run("{\"replies\":[{\"delay_ms\":60000}]}", &record) == ZS_LIMIT);
    CHECK(report.detail == 4 && report.retries == 0);
    free(record);
    config = before;
    config.context_tokens = 1200;
    config.max_output_tokens = 100;
    config.room = ZS_ROOM_ELIDE_RESULTS;
    CHECK(run("{\"replies\":[{\"parts\":[{\"call\":{\"name\":\"long\",\"arguments\":{}}}],\"when\":{\"lacks\":[\"left out\"]},"
              "\"repeat\":true},{\"parts\":[{\"text\":\"Enough\"}]}]}", &record) == ZS_OK);
    CHECK(strcmp(seen.text, "Enough") == 0 && report.dropped_bytes > 0 && seen.truncated > 0);
    free(record);
    config = before;
}

/* A turn that was saved in its middle goes on. */
static void resumed(void) {
    static unsigned char saved[4096];
    struct provider provider;
    zs_session *session;
    zs_str bytes;
    char *record;
    CHECK_OK(zs_session_init(memory, sizeof memory, &config, &session, NULL));
    CHECK_OK(zs_session_user(session, str("Saved before")));
    bytes = zs_session_snapshot(session);
    memcpy(saved, bytes.ptr, bytes.len);
    bytes.ptr = saved;
    provider = provider_start("{\"replies\":[{\"parts\":[{\"text\":\"Went on\"}]}]}");
    CHECK_OK(zs_session_resume(memory, sizeof memory, bytes, &config, &session, NULL));
    memset(&seen, 0, sizeof seen);
    cancel = 0;
    options.base_url = provider.base_url;
    CHECK_OK(zs_run_resume(session, &options, NULL));
    CHECK(strcmp(seen.text, "Went on") == 0);
    record = provider_stop(&provider);
    CHECK(count_of(record, "Saved before") == 1);
    free(record);
    options.base_url = NULL;
}

/* A memory that is too small for the conversation: it says what it dropped. */
static void dropped(void) {
    struct provider provider = provider_start("{\"replies\":[{\"parts\":[{\"text\":\"An answer of some length, "
                                              "so that it fills the memory.\"}],\"repeat\":true}]}");
    zs_session *session;
    size_t bytes = 0;
    int turn;
    char *record;
    memset(&seen, 0, sizeof seen);
    CHECK_OK(zs_session_init(memory, zs_session_overhead() + 700, &config, &session, NULL));
    options.base_url = provider.base_url;
    for (turn = 0; turn < 20; turn++) {
        uint32_t result = zs_run_turn(session, "A question", &options, &report);
        if (result == ZS_FULL) {
            size_t freed;
            CHECK_OK(zs_session_drop_oldest(session, &freed));
            bytes += freed;
            continue;
        }
        CHECK(result == ZS_OK);
        bytes += report.dropped_bytes;
    }
    CHECK(bytes > 200);
    record = provider_stop(&provider);
    free(record);
    options.base_url = NULL;
}

int main(void) {
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    tools[0].name = str("add");
    tools[0].description = str("Adds two integers");
    tools[0].parameters = str("{\"type\":\"object\",\"required\":[\"a\",\"b\"],\"properties\":{"
                              "\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"integer\"}}}");
    tools[1].name = str("fail");
    tools[1].description = str("Fails");
    tools[1].parameters = str("{}");
    tools[2].name = str("binary");
    tools[2].description = str("Writes bytes");
    tools[2].parameters = str("{}");
    tools[3].name = str("long");
    tools[3].description = str("Says much");
    tools[3].parameters = str("{}");
    tools[4].name = str("meet");
    tools[4].description = str("Waits for the other calls");
    tools[4].parameters = str("{}");
    CHECK_OK(zs_config_init(&config, sizeof config));
    config.dialect = ZS_OPENAI_CHAT;
    config.model = str("scripted");
    config.tools = tools;
    config.tool_count = 5;
    config.max_attempts = 3;
    config.retry_base_ms = 2;
    options.config = &config;
    options.functions = FUNCTIONS;
    options.context = &seen;
    options.show = show;
    options.key = "k-secret";
    options.cancel = &cancel;
    options.idle_timeout_s = 20;
    /* The functions note their calls in one place, in order. */
    options.calls_at_once = 1;
    turns();
    attachments();
    approvals();
    bad_calls();
    at_once();
    retries();
    refusals();
    cancelled();
    unreachable();
    misuse();
    limits();
    resumed();
    dropped();
    curl_global_cleanup();
    printf("run: all against the scripted provider\n");
    return 0;
}
