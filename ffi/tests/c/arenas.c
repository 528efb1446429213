/* Memory of every size from 0 on, each exactly as long as it says, so that a byte too far is seen:
 * a call succeeds or says ZS_FULL, and what it says it needs is enough. */
#include "check.h"

static const char REPLY[] =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Some words \\ud83d\\ude00 of an answer.\"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"function\":"
    "{\"name\":\"read\",\"arguments\":\"{\\\"path\\\":\\\"a/b\\\"}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n"
    "data: [DONE]\n\n";

static zs_config config;
static zs_tool tool;
static unsigned done, full;

/* Two rounds in `size` bytes at `memory`; what does not fit ends them. */
static void turn(unsigned char *memory, size_t size, size_t chunk) {
    unsigned char piece[7];
    zs_session *session;
    zs_status status;
    zs_event event;
    uint32_t missing = 0;
    int rounds = 0;
    size_t at, used, read;
    status = zs_session_init(memory, size, &config, &session, &missing);
    if (status == ZS_FULL) {
        CHECK(session == NULL && missing > 0);
        full++;
        return;
    }
    CHECK(status == ZS_OK);
    status = zs_session_user(session, str("Read the file, please."));
    for (;;) {
        CHECK(status == ZS_OK || status == ZS_FULL);
        switch (zs_session_step(session, NULL)) {
        case ZS_STEP_IDLE:
            if (status == ZS_OK) {
                done++;
            } else {
                full++;
            }
            return;
        case ZS_STEP_SEND:
            at = 0;
            do {
                CHECK_OK(zs_session_read_request(session, at, piece, sizeof piece, &read));
                at += read;
            } while (read > 0);
            CHECK_OK(zs_session_begin_response(session, 200, ZS_NO_RETRY_AFTER));
            break;
        case ZS_STEP_RECEIVE:
            for (at = 0; at < sizeof REPLY - 1 && zs_session_step(session, NULL) == ZS_STEP_RECEIVE; at += used) {
                size_t left = sizeof REPLY - 1 - at;
                status = zs_session_feed(session, (const uint8_t *)REPLY + at, chunk < left ? chunk : left,
                                         &used, &event);
                CHECK(status == ZS_OK || status == ZS_FULL);
                if (status == ZS_FULL) {
                    break;
                }
            }
            if (zs_session_step(session, NULL) == ZS_STEP_RECEIVE) {
                status = zs_session_end_response(session, &event);
            }
            break;
        case ZS_STEP_RUN_TOOLS:
            CHECK(zs_session_pending_call(session, 0, &event));
            status = zs_session_tool_result(session, event.call, str("The content of the file"), false, NULL);
            if (status == ZS_FULL || ++rounds == 2) {
                CHECK_OK(zs_session_abort(session));
            }
            break;
        case ZS_STEP_MAKE_ROOM:
            status = zs_session_drop_oldest(session, &used);
            break;
        default: CHECK(!"a step that cannot be");
        }
    }
}

/* A snapshot resumed in memory of every size, and in the memory where it lies. */
static void resume(void) {
    static unsigned char whole[4096];
    zs_session *session, *again;
    zs_str saved;
    size_t size, shift;
    unsigned resumed = 0;
    CHECK_OK(zs_session_init(whole, sizeof whole, &config, &session, NULL));
    CHECK_OK(zs_session_user(session, str("Read the file, please.")));
    saved = zs_session_snapshot(session);
    for (size = 0; size < zs_session_overhead() + 64; size++) {
        unsigned char *memory = malloc(size ? size : 1);
        uint32_t missing = 0;
        zs_status status = zs_session_resume(memory, size, saved, &config, &again, &missing);
        if (status == ZS_OK) {
            CHECK(zs_session_step(again, NULL) == ZS_STEP_SEND);
            resumed++;
        } else {
            CHECK(status == ZS_FULL && again == NULL && missing > 0);
            CHECK(resumed == 0);
        }
        free(memory);
    }
    CHECK(resumed > 0);
    for (shift = 0; shift < 2000; shift += 13) {
        zs_str moved = {whole + shift, saved.len};
        CHECK_OK(zs_session_init(whole, sizeof whole, &config, &session, NULL));
        CHECK_OK(zs_session_user(session, str("Read the file, please.")));
        saved = zs_session_snapshot(session);
        memmove(whole + shift, saved.ptr, saved.len);
        CHECK_OK(zs_session_resume(whole, sizeof whole, moved, &config, &session, NULL));
        CHECK(zs_session_step(session, NULL) == ZS_STEP_SEND);
        saved = zs_session_snapshot(session);
    }
}

/* Counter and reader of HTTP in memory of every size and alignment. */
static void small_things(void) {
    size_t size, shift;
    for (size = 0; size < zs_http_overhead() + 2; size++) {
        for (shift = 0; shift < 9; shift++) {
            unsigned char *memory = malloc(size + shift + 1);
            zs_http *http;
            uint32_t missing = 0;
            zs_status status = zs_http_init(memory + shift, size, &http, &missing);
            CHECK(status == ZS_OK || (status == ZS_FULL && missing > 0 && http == NULL));
            CHECK(status == ZS_OK || size < zs_http_overhead());
            if (status == ZS_OK) {
                CHECK(!zs_http_is_done(http));
            }
            free(memory);
        }
    }
}

int main(void) {
    size_t size, chunk;
    tool.name = str("read");
    tool.description = str("Reads");
    tool.parameters = str("{}");
    CHECK_OK(zs_config_init(&config, sizeof config));
    config.dialect = ZS_OPENAI_CHAT;
    config.model = str("m");
    config.tools = &tool;
    config.tool_count = 1;
    config.reply_bytes = 0;
    for (size = 0; size < zs_session_overhead() + 700; size++) {
        for (chunk = 1; chunk < 200; chunk = chunk * 3 + 1) {
            unsigned char *memory = malloc(size + 3);
            turn(memory + size % 3, size, chunk);
            free(memory);
        }
    }
    CHECK(done > 0 && full > 0);
    resume();
    small_things();
    printf("arenas: %u runs to the end, %u that said full\n", done, full);
    return 0;
}
