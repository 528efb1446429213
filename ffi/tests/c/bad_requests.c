/* Requests that cannot be made: each is an error with its place, and nothing of it is sent. */
#include "check.h"

static unsigned char memory[8192];
static zs_config config;
static zs_options options;

static void begin(uint32_t dialect) {
    CHECK_OK(zs_config_init(&config, sizeof config));
    CHECK_OK(zs_options_init(&options, sizeof options));
    config.dialect = dialect;
    config.model = str("m");
    config.options = &options;
}

static zs_session *opened(void) {
    zs_session *session;
    CHECK_OK(zs_session_init(memory, sizeof memory, &config, &session, NULL));
    return session;
}

/* No session of this configuration can be. */
static void refused(zs_status status, uint32_t detail) {
    zs_session *session;
    uint32_t found = 0;
    CHECK_STATUS(zs_session_init(memory, sizeof memory, &config, &session, &found), status);
    CHECK(session == NULL && found == detail);
}

/* `count` times `piece`, at the end of `text`. */
static void repeat(char *text, const char *piece, int count) {
    size_t at = strlen(text);
    for (; count > 0; count--, at += strlen(piece)) {
        strcpy(text + at, piece);
    }
}

static void schemas(void) {
    static char text[70000];
    begin(ZS_OPENAI_CHAT);
    repeat(text, "{\"items\":", 60);
    repeat(text, "{}", 1);
    repeat(text, "}", 60);
    options.response_schema = str(text);
    refused(ZS_BAD_OPTION, ZS_OPTION_RESPONSE_SCHEMA);
    strcpy(text, "{\"description\":\"");
    repeat(text, "x", 65536);
    repeat(text, "\"}", 1);
    options.response_schema = str(text);
    refused(ZS_BAD_OPTION, ZS_OPTION_RESPONSE_SCHEMA);
    /* What the server would refuse or ignore: the byte of it. */
    options.response_schema = str("{\"type\":\"object\",\"properties\":{\"a\":{\"const\":1}}}");
    options.response_schema_is_strict = 1;
    refused(ZS_BAD_SCHEMA, 0);
    begin(ZS_GEMINI);
    options.response_schema = str("{\"type\":\"object\",\"properties\":{\"a\":{\"const\":1}}}");
    options.response_schema_mode = ZS_SCHEMA_NATIVE;
    refused(ZS_BAD_SCHEMA, 37);
}

static void values(void) {
    zs_str stops[2];
    begin(ZS_OPENAI_CHAT);
    options.temperature = 2001;
    refused(ZS_BAD_OPTION, ZS_OPTION_TEMPERATURE);
    begin(ZS_OPENAI_CHAT);
    stops[0] = str("END");
    stops[1] = str("");
    options.stop = stops;
    options.stop_count = 2;
    refused(ZS_BAD_OPTION, ZS_OPTION_STOP);
}

static zs_attachment file(const char *media_type) {
    zs_attachment attachment;
    memset(&attachment, 0, sizeof attachment);
    attachment.media_type = str(media_type);
    attachment.name = str("cat.png");
    attachment.number = 7;
    attachment.bytes = 8;
    return attachment;
}

/* The request up to where it wants the bytes of the file. */
static size_t head(zs_session *session) {
    unsigned char buffer[256];
    size_t at = 0, count;
    do {
        CHECK_OK(zs_session_read_request(session, at, buffer, sizeof buffer, &count));
        at += count;
    } while (count > 0);
    return at;
}

static void attachments(void) {
    static const uint8_t bytes[16] = {0};
    unsigned char letters[64];
    zs_attachment picture = file("image/png"), song = file("audio/mpeg");
    zs_session *session;
    zs_request request;
    size_t count, removed, at;
    begin(ZS_ANTHROPIC);
    session = opened();
    CHECK_STATUS(zs_session_user_with(session, str("Listen."), &song, 1), ZS_UNSUPPORTED_ATTACHMENT);
    CHECK(zs_session_error_detail(session) == 0 && zs_session_step(session, NULL) == ZS_STEP_IDLE);
    /* Ends early, and is longer than it was said to be: no byte of it is written. */
    CHECK_OK(zs_session_user_with(session, str("Look."), &picture, 1));
    at = head(session);
    CHECK_STATUS(zs_session_supply(session, bytes, 2, letters, 64, &count), ZS_ATTACHMENT_LENGTH);
    CHECK_STATUS(zs_session_supply(session, bytes, 9, letters, 64, &count), ZS_ATTACHMENT_LENGTH);
    CHECK(at == head(session));
    /* Resumed by a program that has no files: the session names the file, or goes on without. */
    CHECK_STATUS(zs_session_request(session, &request), ZS_MISSING_ATTACHMENT);
    CHECK(zs_session_error_detail(session) == 7);
    CHECK_OK(zs_session_leave_out_attachments(session, &removed));
    CHECK(removed == 1);
    CHECK_OK(zs_session_request(session, &request));
}

static void answers(void) {
    static const char wrong[] =
        "{\"choices\":[{\"message\":{\"content\":\"no\"},\"finish_reason\":\"stop\"}]}";
    zs_session *session;
    zs_event event;
    size_t fed, used;
    int attempt;
    begin(ZS_OPENAI_CHAT);
    options.response_schema = str("{\"type\":\"object\"}");
    options.max_repairs = 2;
    session = opened();
    CHECK_OK(zs_session_user(session, str("City?")));
    for (attempt = 0; attempt < 3; attempt++) {
        zs_status ended;
        CHECK(zs_session_step(session, NULL) == ZS_STEP_SEND);
        CHECK_OK(zs_session_begin_response(session, 200, ZS_NO_RETRY_AFTER));
        for (fed = 0; fed < sizeof wrong - 1; fed += used) {
            CHECK_OK(zs_session_feed(session, (const uint8_t *)wrong + fed, sizeof wrong - 1 - fed,
                                     &used, &event));
        }
        ended = zs_session_end_response(session, &event);
        CHECK(ended == (attempt < 2 ? ZS_OK : ZS_BAD_ANSWER));
    }
    CHECK(zs_session_step(session, NULL) == ZS_STEP_IDLE);
    CHECK(is_text(zs_session_answer_json(session), "no"));
}

int main(void) {
    schemas();
    values();
    attachments();
    answers();
    puts("bad requests");
    return 0;
}
