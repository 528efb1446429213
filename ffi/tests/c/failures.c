/* What a provider can get wrong: replies cut at every byte, refusals that are final and those that
 * are not, a turn given up at every byte; and the room that is made when a transcript is full. */
#include "check.h"

static const char REPLY[] =
    "event: message_start\n"
    "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\n"
    "event: content_block_start\n"
    "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
    "event: content_block_delta\n"
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi \xf0\x9f\x98\x80\"}}\n\n"
    "event: content_block_stop\n"
    "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
    "event: message_delta\n"
    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":3}}\n\n"
    "event: message_stop\n"
    "data: {\"type\":\"message_stop\"}\n\n";

static unsigned char memory[4096];
static zs_config config;

static zs_session *asked(const char *question) {
    zs_session *session;
    CHECK_OK(zs_session_init(memory, sizeof memory, &config, &session, NULL));
    CHECK_OK(zs_session_user(session, str(question)));
    return session;
}

/* Gives `len` bytes of a body. */
static zs_status receive(zs_session *session, uint16_t status, const char *body, size_t len) {
    zs_event event;
    size_t at = 0, used;
    zs_status result = zs_session_begin_response(session, status, ZS_NO_RETRY_AFTER);
    while (result == ZS_OK && at < len) {
        result = zs_session_feed(session, (const uint8_t *)body + at, len - at, &used, &event);
        at += used;
    }
    return result;
}

static void cut_anywhere(void) {
    const size_t whole = sizeof REPLY - 1;
    size_t cut;
    unsigned retried = 0;
    for (cut = 0; cut < whole; cut++) {
        zs_session *session = asked("hello");
        zs_failure failure;
        zs_event event;
        uint32_t millis = 0;
        CHECK_OK(receive(session, 200, REPLY, cut));
        CHECK_OK(zs_session_end_response(session, &event));
        if (event.kind == ZS_EVENT_END) {
            /* All that counts was there. */
            CHECK(event.stop == ZS_STOP_END_TURN && cut > (size_t)(strstr(REPLY, "end_turn") - REPLY));
            continue;
        }
        retried++;
        CHECK(event.kind == ZS_EVENT_RESTART);
        CHECK(zs_session_step(session, &millis) == ZS_STEP_WAIT && millis > 0);
        CHECK(zs_session_failure(session, &failure) && failure.status == ZS_CUT && failure.http_status == 200);
        CHECK_OK(zs_session_retry(session));
        CHECK_OK(receive(session, 200, REPLY, whole));
        CHECK_OK(zs_session_end_response(session, &event));
        CHECK(event.kind == ZS_EVENT_END && !zs_session_failure(session, &failure));
        /* What the broken reply cost counts too, as far as it was told. */
        CHECK(zs_session_usage(session).output_tokens >= 3 && zs_session_usage(session).output_tokens <= 6);
    }
    CHECK(retried > whole / 2);
    printf("failures: cut at %u places, %u retried\n", (unsigned)whole, retried);
}

static void given_up_anywhere(void) {
    size_t at;
    for (at = 0; at < sizeof REPLY; at++) {
        zs_session *session = asked("hello");
        CHECK_OK(receive(session, 200, REPLY, at));
        CHECK_OK(zs_session_abort(session));
        CHECK(zs_session_step(session, NULL) == ZS_STEP_IDLE);
        CHECK_OK(zs_session_user(session, str("again")));
        CHECK_OK(receive(session, 200, REPLY, sizeof REPLY - 1));
        CHECK_OK(zs_session_end_response(session, NULL));
        CHECK(zs_session_step(session, NULL) == ZS_STEP_IDLE);
    }
}

static void refusals(void) {
    static const char QUOTA[] =
        "{\"type\":\"error\",\"error\":{\"type\":\"billing_error\",\"message\":\"No credit left\"}}";
    static const char BUSY[] =
        "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}";
    zs_session *session = asked("hello");
    zs_failure failure;
    zs_entry entry;
    zs_event event;
    uint32_t millis;
    int attempt;
    CHECK_OK(receive(session, 429, QUOTA, sizeof QUOTA - 1));
    CHECK_STATUS(zs_session_end_response(session, &event), ZS_STATUS);
    CHECK(zs_session_error_detail(session) == 429);
    CHECK(zs_session_step(session, NULL) == ZS_STEP_IDLE);
    CHECK(zs_session_failure(session, &failure));
    CHECK(failure.http_status == 429 && is_text(failure.code, "billing_error"));
    CHECK(is_text(failure.message, "No credit left"));

    session = asked("hello");
    CHECK_STATUS(receive(session, 200, "data: hello\n\n", 13), ZS_BAD_RESPONSE);
    CHECK(zs_session_failure(session, &failure));
    CHECK(failure.broken_rule == ZS_RULE_JSON && is_text(failure.message, "the text is not JSON"));

    session = asked("hello");
    CHECK_OK(zs_session_begin_response(session, 503, 1234));
    CHECK_OK(zs_session_end_response(session, &event));
    CHECK(zs_session_step(session, &millis) == ZS_STEP_WAIT && millis >= 1234 && millis < 1400);
    for (attempt = 2; attempt < 5; attempt++) {
        CHECK_OK(zs_session_retry(session));
        CHECK_OK(receive(session, 529, BUSY, sizeof BUSY - 1));
        CHECK_OK(zs_session_end_response(session, &event));
        CHECK(event.kind == ZS_EVENT_RESTART);
    }
    CHECK_OK(zs_session_retry(session));
    CHECK_STATUS(zs_session_end_response(session, &event), ZS_UNREACHABLE);
    CHECK(zs_session_step(session, NULL) == ZS_STEP_IDLE);
    CHECK(zs_session_failure(session, &failure) && failure.http_status == 0);
    /* Nothing of a turn that failed stays. */
    CHECK_STATUS(zs_session_entry(session, 0, &entry), ZS_NOT_FOUND);
}

/* A conversation longer than its memory: old turns go when room is missing, none goes unsaid. */
static void room(void) {
    /* On 64 bits, a kilobyte of it is the outline of the documents of a stream. */
    static unsigned char little[1600 + (sizeof(void *) > 4 ? 1024 : 0)];
    zs_session *session;
    zs_entry entry;
    unsigned dropped = 0, turns;
    CHECK_OK(zs_session_init(little, sizeof little, &config, &session, NULL));
    for (turns = 0; turns < 100; turns++) {
        zs_status status;
        uint32_t missing;
        size_t freed;
        while ((status = zs_session_user(session, str("A question of some length."))) == ZS_FULL) {
            CHECK_OK(zs_session_drop_oldest(session, &freed));
            CHECK(freed > 0);
            dropped++;
        }
        CHECK(status == ZS_OK);
        while (zs_session_step(session, &missing) == ZS_STEP_MAKE_ROOM) {
            CHECK(missing > 0);
            CHECK_OK(zs_session_drop_oldest(session, &freed));
            dropped++;
        }
        CHECK_OK(receive(session, 200, REPLY, sizeof REPLY - 1));
        CHECK_OK(zs_session_end_response(session, NULL));
    }
    CHECK(dropped > 50);
    CHECK_OK(zs_session_compact(session, str("They spoke."), 1));
    CHECK_OK(zs_session_entry(session, 0, &entry));
    CHECK(is_text(entry.text, "They spoke."));
    printf("failures: %u exchanges dropped in 100 turns\n", dropped);
}

/* A body that belongs to no conversation. */
static void decode(void) {
    zs_session *session;
    zs_event event;
    zs_entry entry;
    size_t used, at;
    CHECK_OK(zs_decoder_init(memory, sizeof memory, ZS_ANTHROPIC, 200, &session, NULL));
    for (at = 0; at < sizeof REPLY - 1; at += used) {
        CHECK_OK(zs_session_feed(session, (const uint8_t *)REPLY + at, 1, &used, &event));
    }
    CHECK_OK(zs_session_end_response(session, &event));
    CHECK(event.kind == ZS_EVENT_END);
    CHECK_OK(zs_session_entry(session, 1, &entry));
    CHECK(entry.role == ZS_ROLE_ASSISTANT && is_text(entry.text, "Hi \xf0\x9f\x98\x80"));
}

int main(void) {
    CHECK_OK(zs_config_init(&config, sizeof config));
    config.dialect = ZS_ANTHROPIC;
    config.model = str("some-model");
    cut_anywhere();
    given_up_anywhere();
    refusals();
    room();
    decode();
    return 0;
}
