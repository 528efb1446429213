/* Prompts, JSON, schemas, tokens and HTTP: everything that needs no session. Its argument is a
 * packed vocabulary, cl100k_base.zsv. */
#include "check.h"

static unsigned char out[8192];
static size_t written;

static bool is_out(const char *wanted) {
    return written == strlen(wanted) && memcmp(out, wanted, written) == 0;
}

static const char PROMPT[] =
    "---\nname: fix\ndescription: \"Fix it,\\nplease\"\ntools: Read, Edit\noutput: patch\n---\n"
    "Fix {{issue}} on {{branch|main}} for $1.\n";

static void prompts(void) {
    zs_pair values[ZS_PROMPT_VALUES_MAX + 1];
    zs_prompt prompt;
    zs_prompt_fault fault;
    zs_placeholder placeholder;
    zs_str name, text;
    uint32_t detail;
    size_t count = 0, room;
    CHECK_OK(zs_prompt_parse(str(PROMPT), &prompt, &fault));
    CHECK(prompt.output == ZS_OUTPUT_PATCH && prompt.is_model_invocable == 1 && prompt.uses_arguments == 1);
    CHECK(is_text(prompt.body, "Fix {{issue}} on {{branch|main}} for $1.") && fault.line == 0);
    for (room = 0; room <= 14; room++) {
        zs_status status = zs_prompt_field(str(PROMPT), str("description"), out, room, &written, &detail);
        CHECK(status == (room < 14 ? ZS_FULL : ZS_OK) && written == 14 && (room == 14 || detail == 14));
    }
    CHECK(is_out("Fix it,\nplease"));
    CHECK_STATUS(zs_prompt_field(str(PROMPT), str("model"), out, 9, &written, NULL), ZS_NOT_FOUND);
    CHECK_OK(zs_prompt_item(str(PROMPT), str("tools"), 1, out, sizeof out, &written, NULL));
    CHECK(is_out("Edit"));
    CHECK_STATUS(zs_prompt_item(str(PROMPT), str("tools"), 2, out, sizeof out, &written, NULL), ZS_NOT_FOUND);
    CHECK_OK(zs_prompt_item(str("---\ntools: {bash: false}\n---\nLook."), str("disallowed-tools"), 0, out, sizeof out, &written, NULL));
    CHECK(is_out("bash"));
    CHECK_STATUS(zs_prompt_item(str(PROMPT), str("disallowed-tools"), 0, out, sizeof out, &written, NULL), ZS_NOT_FOUND);
    CHECK_OK(zs_prompt_placeholder(str(PROMPT), 1, &placeholder, NULL));
    CHECK(is_text(placeholder.name, "branch") && is_text(placeholder.fallback, "main"));
    CHECK_OK(zs_prompt_placeholder(str(PROMPT), 0, &placeholder, NULL));
    CHECK(placeholder.fallback.ptr == NULL && memcmp(PROMPT + placeholder.offset, "{{issue}}", 9) == 0);
    values[0].name = str("issue");
    values[0].value = str("#7");
    CHECK_STATUS(zs_prompt_render(str(PROMPT), values, 1, out, sizeof out, &written, &detail), ZS_MISSING_PLACEHOLDER);
    CHECK(PROMPT[detail] == '$');
    values[1].name = str("1");
    values[1].value = str("Ada");
    CHECK_STATUS(zs_prompt_render(str(PROMPT), values, 2, out, 3, &written, &detail), ZS_FULL);
    CHECK(detail == written);
    CHECK_OK(zs_prompt_render(str(PROMPT), values, 2, out, written, &written, NULL));
    CHECK(is_out("Fix #7 on main for Ada."));
    for (room = 0; room < sizeof values / sizeof *values; room++) {
        values[room] = values[0];
    }
    CHECK_STATUS(zs_prompt_render(str(PROMPT), values, room, out, sizeof out, &written, NULL), ZS_OUT_OF_RANGE);
    CHECK_STATUS(zs_prompt_parse(str("---\nname: a\n  b: c\n\tx\n---\n"), &prompt, &fault), ZS_BAD_PROMPT);
    CHECK(fault.line > 1 && fault.message.len > 10);
    while (zs_prompt_built_in(count, &name, &text) == ZS_OK) {
        zs_str found;
        CHECK_OK(zs_prompt_parse(text, &prompt, NULL));
        CHECK_OK(zs_prompt_find(name, &found));
        CHECK(found.ptr == text.ptr);
        count++;
    }
    CHECK(count >= 5);
    CHECK_STATUS(zs_prompt_find(str("nothing"), &text), ZS_UNKNOWN_PROMPT);
}

static void json(void) {
    const zs_str object = str(" {\"a\": [1, \"x\\u00e9\\n\", {\"b\": null}], \"n\": -12, \"f\": 1.5, \"a\u0301\": true} ");
    zs_json value, inner;
    uint32_t detail;
    int64_t number;
    CHECK_OK(zs_json_parse(object, &value, NULL));
    CHECK(value.kind == ZS_JSON_OBJECT);
    CHECK_OK(zs_json_member(value.text, str("a"), &value));
    CHECK(value.kind == ZS_JSON_ARRAY);
    CHECK_OK(zs_json_element(value.text, 1, &inner));
    CHECK_OK(zs_json_string(inner.text, out, sizeof out, &written));
    CHECK(is_out("x\xc3\xa9\n"));
    CHECK_STATUS(zs_json_string(inner.text, out, 3, &written), ZS_FULL);
    CHECK(written == 4);
    CHECK_OK(zs_json_element(value.text, 2, &inner));
    CHECK_OK(zs_json_member(inner.text, str("b"), &inner));
    CHECK(inner.kind == ZS_JSON_NULL && is_text(inner.text, "null"));
    CHECK_STATUS(zs_json_element(value.text, 3, &inner), ZS_NOT_FOUND);
    CHECK_STATUS(zs_json_member(value.text, str("a"), &inner), ZS_OTHER_KIND);
    CHECK_OK(zs_json_member(object, str("n"), &inner));
    CHECK_OK(zs_json_integer(inner.text, &number));
    CHECK(number == -12);
    CHECK_OK(zs_json_member(object, str("f"), &inner));
    CHECK_STATUS(zs_json_integer(inner.text, &number), ZS_OUT_OF_RANGE);
    CHECK_STATUS(zs_json_member(object, str("z"), &inner), ZS_NOT_FOUND);
    CHECK_STATUS(zs_json_parse(str("[1,]"), &inner, &detail), ZS_BAD_JSON);
    CHECK(detail == 3);
    CHECK_OK(zs_schema_check(str("{\"required\":[\"a\"]}"), object, out, sizeof out, &written, NULL));
    CHECK(written == 0);
    CHECK_STATUS(zs_schema_check(str("{\"properties\":{\"n\":{\"minimum\":1}}}"), object, out, sizeof out, &written, &detail),
                 ZS_BAD_ARGUMENTS);
    CHECK(is_out("/n: minimum 1, found -12"));
    CHECK_STATUS(zs_schema_check(str("{\"properties\":{\"n\":{\"minimum\":1}}}"), object, out, 5, &written, &detail), ZS_FULL);
    CHECK(detail == 24);
    CHECK_STATUS(zs_schema_check(str("{"), object, out, sizeof out, &written, &detail), ZS_BAD_SCHEMA);
}

static void tokens(const char *path) {
    FILE *file = fopen(path, "rb");
    zs_str vocabulary, text = str("The quick brown fox l\xc3\xa4uft 12345 Meilen, isn't it?\n");
    unsigned char *bytes = malloc(1 << 20), *memory;
    uint32_t ids[64], detail;
    uint64_t count, at_most;
    size_t at, fit;
    zs_counter *counter;
    CHECK(file != NULL);
    vocabulary.ptr = bytes;
    vocabulary.len = fread(bytes, 1, 1 << 20, file);
    CHECK(vocabulary.len > 100000 && fclose(file) == 0);
    CHECK_OK(zs_vocabulary_check(vocabulary, NULL));
    CHECK_OK(zs_tokens_count(vocabulary, text, &count, NULL));
    CHECK_OK(zs_tokens_encode(vocabulary, text, false, ids, 64, &written, NULL));
    CHECK(written == count && ids[0] == 791 && ids[1] == 4062);
    CHECK_STATUS(zs_tokens_encode(vocabulary, text, false, ids, 2, &written, &detail), ZS_FULL);
    CHECK(written == count && detail == count);
    CHECK_OK(zs_tokens_encode(vocabulary, text, false, ids, 64, &written, NULL));
    CHECK_OK(zs_tokens_decode(vocabulary, ids, written, out, sizeof out, &written, NULL));
    CHECK(written == text.len && memcmp(out, text.ptr, written) == 0);
    CHECK_STATUS(zs_tokens_decode(vocabulary, ids, count, out, 3, &written, NULL), ZS_FULL);
    CHECK(written == text.len);
    ids[1] = 4000000000u;
    CHECK_STATUS(zs_tokens_decode(vocabulary, ids, count, out, sizeof out, &written, &detail), ZS_UNKNOWN_TOKEN);
    CHECK(detail == 1);
    CHECK_OK(zs_tokens_encode(vocabulary, str("<|endoftext|>"), true, ids, 64, &written, NULL));
    CHECK(written == 1 && ids[0] == 100257);
    CHECK_OK(zs_tokens_encode(vocabulary, str("<|endoftext|>"), false, ids, 64, &written, NULL));
    CHECK(written > 1);
    CHECK_OK(zs_tokens_fit(vocabulary, text, 3, &fit, &at_most, NULL));
    CHECK(fit == strlen("The quick brown") && at_most == 3);
    CHECK_OK(zs_tokens_estimate(text, &at_most, &at_most));
    CHECK(at_most >= count);

    memory = malloc(zs_counter_overhead());
    CHECK_STATUS(zs_counter_init(memory, zs_counter_overhead() - 16, vocabulary, &counter, &detail), ZS_FULL);
    CHECK_OK(zs_counter_init(memory, zs_counter_overhead(), vocabulary, &counter, NULL));
    for (at = 0; at <= text.len; at++) {
        zs_str prefix = {text.ptr, at}, next = {text.ptr + at, at < text.len};
        CHECK_OK(zs_tokens_count(vocabulary, prefix, &count, NULL));
        CHECK(zs_counter_count(counter) == count);
        CHECK_OK(zs_counter_push(counter, next));
    }
    CHECK_OK(zs_counter_clear(counter));
    CHECK(zs_counter_count(counter) == 0);
    bytes[vocabulary.len / 2] ^= 1;
    CHECK_STATUS(zs_vocabulary_check(vocabulary, &detail), ZS_BAD_VOCABULARY);
    CHECK(detail == 9);
    vocabulary.len /= 2;
    CHECK_STATUS(zs_tokens_count(vocabulary, text, &count, &detail), ZS_BAD_VOCABULARY);
    CHECK(detail == 1);
    free(memory);
    free(bytes);
}

static void http(void) {
    static const char RESPONSE[] =
        "HTTP/1.1 429 Slow down\r\nretry-after: 2\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    zs_pair header = {str("authorization"), str("Bearer k")};
    unsigned char memory[512];
    size_t chunk;
    uint32_t detail;
    CHECK_OK(zs_http_write_head(str("POST"), str("/v1/x"), str("h:1"), 12, &header, 1, out, sizeof out, &written, NULL));
    CHECK(is_out("POST /v1/x HTTP/1.1\r\nhost: h:1\r\nauthorization: Bearer k\r\ncontent-length: 12\r\n\r\n"));
    CHECK_STATUS(zs_http_write_head(str("POST"), str("/v1/x"), str("h:1"), 12, &header, 1, out, 10, &written, &detail), ZS_FULL);
    CHECK(detail == written);
    header.value = str("a\r\nb: c");
    CHECK_STATUS(zs_http_write_head(str("POST"), str("/v1/x"), str("h:1"), 12, &header, 1, out, sizeof out, &written, &detail),
                 ZS_BAD_REQUEST);
    CHECK(detail == 3);
    CHECK(sizeof memory >= zs_http_overhead());
    for (chunk = 1; chunk < sizeof RESPONSE; chunk++) {
        zs_http *reader;
        size_t at, used, heads = 0;
        written = 0;
        CHECK_OK(zs_http_init(memory, sizeof memory, &reader, NULL));
        for (at = 0; at < sizeof RESPONSE - 1; at += used) {
            size_t left = sizeof RESPONSE - 1 - at;
            zs_http_event event;
            CHECK_OK(zs_http_feed(reader, (const uint8_t *)RESPONSE + at, chunk < left ? chunk : left, &used, &event, NULL));
            if (event.kind == ZS_HTTP_HEAD) {
                CHECK(event.status == 429 && event.retry_after_ms == 2000);
                heads++;
            } else if (event.kind == ZS_HTTP_BODY) {
                memcpy(out + written, event.body.ptr, event.body.len);
                written += event.body.len;
            }
        }
        CHECK(heads == 1 && is_out("hello") && zs_http_is_done(reader) && zs_http_keeps_open(reader));
        CHECK_OK(zs_http_end(reader, NULL));
    }
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    prompts();
    json();
    tokens(arguments[1]);
    http();
    printf("texts: prompts, JSON, tokens, HTTP\n");
    return 0;
}
