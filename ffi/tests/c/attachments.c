/* Files in requests: pulled through a small buffer, resumed at any byte, refused before sending. */
#include "check.h"

#define PICTURE_BYTES (1u << 20)

static zs_config config;
static unsigned char memory[4096];

static zs_session *begin(uint32_t dialect) {
    zs_session *session;
    CHECK_OK(zs_config_init(&config, sizeof config));
    config.dialect = dialect;
    config.model = str("m");
    CHECK_OK(zs_session_init(memory, sizeof memory, &config, &session, NULL));
    return session;
}

static zs_attachment picture(uint32_t number, uint32_t bytes) {
    zs_attachment attachment;
    memset(&attachment, 0, sizeof attachment);
    attachment.media_type = str("image/png");
    attachment.number = number;
    attachment.bytes = bytes;
    return attachment;
}

/* The byte of every file at this place. */
static unsigned char byte_at(uint32_t at) {
    return (unsigned char)(at ^ at >> 8);
}

/* The next bytes of the body from `at` on, with those of files; 0 at its end. */
static size_t pull(zs_session *session, size_t at, unsigned char *buffer, size_t len, size_t piece) {
    unsigned char bytes[192];
    zs_wanted wanted;
    size_t written, count, index;
    CHECK_OK(zs_session_read_request(session, at, buffer, len, &written));
    if (written > 0) {
        return written;
    }
    CHECK_OK(zs_session_wanted(session, &wanted));
    if (wanted.bytes == 0) {
        return 0;
    }
    count = piece < wanted.bytes ? piece : wanted.bytes;
    CHECK(count <= sizeof bytes);
    for (index = 0; index < count; index++) {
        bytes[index] = byte_at(wanted.offset + (uint32_t)index);
    }
    CHECK_OK(zs_session_supply(session, bytes, count, buffer, len, &written));
    CHECK(written > 0);
    return written;
}

/* A picture of a megabyte through 256 bytes, in all dialects; the session has 4 KB in all. */
static void a_large_file(void) {
    uint32_t dialect;
    for (dialect = ZS_OPENAI_CHAT; dialect <= ZS_OLLAMA; dialect++) {
        zs_session *session = begin(dialect);
        zs_attachment attachment = picture(7, PICTURE_BYTES);
        zs_request request;
        unsigned char buffer[256];
        size_t at = 0, count;
        CHECK_OK(zs_session_user_with(session, str("What is this?"), &attachment, 1));
        CHECK(zs_session_request(session, &request) == ZS_MISSING_ATTACHMENT);
        CHECK(zs_session_error_detail(session) == 7);
        CHECK_OK(zs_session_request_with_attachments(session, &request));
        while ((count = pull(session, at, buffer, sizeof buffer, 192)) > 0) {
            at += count;
        }
        CHECK(at == request.body_len && at > PICTURE_BYTES / 3 * 4);
    }
}

/* The same bytes with every buffer, and from every place. */
static void pieces_and_places(void) {
    static unsigned char whole[1024], again[1024];
    zs_session *session = begin(ZS_ANTHROPIC);
    zs_attachment attachments[3];
    zs_request request;
    size_t len = 0, count, at, piece;
    uint32_t number;
    for (number = 0; number < 3; number++) {
        attachments[number] = picture(number, 8 + number);
        attachments[number].name = str("a \"b\"");
    }
    CHECK_OK(zs_session_user_with(session, str("Three?"), attachments, 3));
    CHECK_OK(zs_session_request_with_attachments(session, &request));
    while ((count = pull(session, len, whole + len, sizeof whole - len, 192)) > 0) {
        len += count;
    }
    CHECK(len == request.body_len);
    for (piece = 1; piece <= 12; piece++) {
        for (at = 0; at < len; at += count) {
            count = pull(session, at, again + at, piece, piece < 3 ? 3 : piece);
            CHECK(count > 0 && count <= piece);
        }
        CHECK(memcmp(whole, again, len) == 0);
    }
    for (at = len; at-- > 0;) {
        count = pull(session, at, again, 8, 192);
        CHECK(count > 0 && memcmp(whole + at, again, count) == 0);
    }
}

static void refusals(void) {
    zs_session *session = begin(ZS_ANTHROPIC);
    zs_attachment attachments[9];
    zs_wanted wanted;
    unsigned char bytes[64] = {0}, letters[64];
    size_t count, index;
    for (index = 0; index < 9; index++) {
        attachments[index] = picture((uint32_t)index, 8);
    }
    CHECK(zs_session_user_with(session, str(""), attachments, 9) == ZS_OUT_OF_RANGE);
    attachments[1].media_type = str("audio/wav");
    CHECK(!zs_session_takes_attachment(session, &attachments[1]));
    CHECK(zs_session_takes_attachment(session, &attachments[0]));
    CHECK(zs_session_user_with(session, str(""), attachments, 2) == ZS_UNSUPPORTED_ATTACHMENT);
    CHECK(zs_session_error_detail(session) == 1);
    attachments[1].media_type = str("image");
    CHECK(zs_session_user_with(session, str(""), attachments, 2) == ZS_BAD_ATTACHMENT);
    attachments[1] = picture(1, 0);
    CHECK(zs_session_user_with(session, str(""), attachments, 2) == ZS_BAD_ATTACHMENT);
    CHECK(zs_session_wanted(session, &wanted) == ZS_WRONG_STEP);
    CHECK_OK(zs_session_user_with(session, str(""), attachments, 1));
    CHECK(zs_session_supply(session, bytes, 3, letters, sizeof letters, &count) == ZS_NOT_FOUND);
    for (index = 0;; index += count) {
        CHECK_OK(zs_session_read_request(session, index, letters, sizeof letters, &count));
        if (count == 0) {
            break;
        }
    }
    CHECK_OK(zs_session_wanted(session, &wanted));
    CHECK(wanted.number == 0 && wanted.offset == 0 && wanted.bytes == 8);
    /* Too few, too many, and the same memory. */
    CHECK(zs_session_supply(session, bytes, 2, letters, 64, &count) == ZS_ATTACHMENT_LENGTH);
    CHECK(zs_session_supply(session, bytes, 9, letters, 64, &count) == ZS_ATTACHMENT_LENGTH);
    CHECK(zs_session_supply(session, bytes, 8, bytes + 7, 12, &count) == ZS_OVERLAP);
    CHECK(zs_session_supply(session, NULL, 8, letters, 64, &count) == ZS_NULL);
    CHECK_OK(zs_session_supply(session, bytes, 8, letters, 64, &count));
    CHECK(count == 12 && memcmp(letters, "AAAAAAAAAAA=", 12) == 0);
    CHECK_OK(zs_session_leave_out_attachments(session, &count));
    CHECK(count == 1);
}

static void names_and_entries(void) {
    zs_session *session = begin(ZS_GEMINI);
    zs_attachment attachment = picture(0, 0);
    zs_entry entry;
    zs_str media_type = zs_media_type((const uint8_t *)"%PDF-1", 6, str("a.png"));
    CHECK(is_text(media_type, "application/pdf"));
    CHECK(is_text(zs_media_type(NULL, 0, str("https://x/a.jpg?b")), "image/jpeg"));
    CHECK(zs_media_type((const uint8_t *)"x", 1, str("a.png")).len == 0);
    attachment.url = str("https://example.org/a.png");
    attachment.name = str("a.png");
    CHECK_OK(zs_session_user_with(session, str("Look."), &attachment, 1));
    CHECK_OK(zs_session_entry(session, 1, &entry));
    CHECK(entry.part == ZS_PART_ATTACHMENT && is_text(entry.text, "image/png"));
    CHECK(is_text(entry.name, "a.png") && is_text(entry.provider_id, "https://example.org/a.png"));
}

int main(void) {
    a_large_file();
    pieces_and_places();
    refusals();
    names_and_entries();
    return 0;
}
