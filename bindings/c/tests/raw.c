/* The loop over libcurl against servers that misbehave: each answers a request with given bytes, and
 * is silent then. A fault here is a test that does not end. */
#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <curl/curl.h>

#include "../../../ffi/tests/c/check.h"
#include "zerostack_curl.h"

#define HEAD "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
#define HELLO "data: {\"choices\":[{\"delta\":{\"content\":\"hello\"},\"finish_reason\":\"stop\"}]}\n\n"
#define DONE "data: [DONE]\n\n"

static unsigned char memory[1 << 16];
static char text[256];

static void show(void *context, const zs_event *event) {
    (void)context;
    if (event->kind == ZS_EVENT_TEXT) {
        strncat(text, (const char *)event->text.ptr, event->text.len);
    } else if (event->kind == ZS_EVENT_RESTART) {
        text[0] = 0;
    }
}

/* Reads a request to the end of its body, as far as it can be told. */
static void read_request(int connection) {
    char bytes[8192];
    size_t used = 0;
    ssize_t count;
    bytes[0] = 0;
    while (!strstr(bytes, "]}")
           && (count = read(connection, bytes + used, sizeof bytes - 1 - used)) > 0) {
        used += (size_t)count;
        bytes[used] = 0;
    }
}

/* Answers one connection after the other with `answers`; the last stays open without a word. */
static void serve(int listener, const char *const *answers) {
    while (*answers) {
        int connection = accept(listener, NULL, NULL);
        char rest[64];
        read_request(connection);
        if (write(connection, *answers, strlen(*answers)) < 0) {
            _exit(1);
        }
        if (!*++answers) {
            while (read(connection, rest, sizeof rest) > 0) {
            }
        }
        close(connection);
    }
    _exit(0);
}

/* Runs a turn against these answers. */
static uint32_t run(const char *const *answers, uint32_t dialect, zs_run_report *report) {
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    zs_run options = ZS_RUN_INIT;
    zs_config config;
    zs_session *session;
    char base_url[64];
    uint32_t result;
    pid_t server;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(listen(listener, 8) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &len) == 0);
    server = fork();
    CHECK(server >= 0);
    if (server == 0) {
        serve(listener, answers);
    }
    close(listener);
    snprintf(base_url, sizeof base_url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    CHECK_OK(zs_config_init(&config, sizeof config));
    config.dialect = dialect;
    config.model = str("m");
    config.max_attempts = 2;
    config.retry_base_ms = 1;
    options.config = &config;
    options.show = show;
    options.base_url = base_url;
    options.idle_timeout_s = 100;
    text[0] = 0;
    CHECK_OK(zs_session_init(memory, sizeof memory, &config, &session, NULL));
    result = zs_run_turn(session, "Hi", &options, report);
    CHECK(zs_session_step(session, NULL) == ZS_STEP_IDLE);
    kill(server, SIGKILL);
    CHECK(waitpid(server, NULL, 0) == server);
    return result;
}

static void bad_addresses(void) {
    static const char *const ADDRESSES[] = {"http://127.0.0.1/v1?version=1", "http://127.0.0.1/#v1",
                                            "ftp://127.0.0.1"};
    size_t index;
    for (index = 0; index < 3; index++) {
        zs_run options = ZS_RUN_INIT;
        zs_run_report report;
        zs_config config;
        zs_session *session;
        CHECK_OK(zs_config_init(&config, sizeof config));
        config.dialect = ZS_OPENAI_CHAT;
        config.model = str("m");
        options.config = &config;
        options.base_url = ADDRESSES[index];
        CHECK_OK(zs_session_init(memory, sizeof memory, &config, &session, NULL));
        CHECK(zs_run_turn(session, "Hi", &options, &report) == ZS_RUN_BAD_OPTIONS);
        CHECK(strstr(report.message, "the base URL"));
    }
}

int main(void) {
    static const char *const SILENT[] = {HEAD HELLO DONE, NULL};
    static const char *const GARBLED[] = {"SSH-2.0-x\r\n", HEAD HELLO DONE, NULL};
    static const char *const REFUSED[] = {
        "HTTP/1.1 401 No\r\ncontent-length: 500\r\n\r\n{\"error\":{\"message\":\"bad key\"}}", NULL};
    static const char *const CODED[] = {
        "HTTP/1.1 200 OK\r\nContent-Encoding:  gzip \r\ncontent-length: 3\r\n\r\n\x1f\x8b\b", NULL};
    static const char *const PLAIN[] = {
        "HTTP/1.1 200 OK\r\ncontent-encoding: identity\r\n\r\n" HELLO DONE, NULL};
    zs_run_report report;
    signal(SIGPIPE, SIG_IGN);
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    CHECK(run(SILENT, ZS_OPENAI_CHAT, &report) == ZS_OK);
    CHECK(strcmp(text, "hello") == 0);
    CHECK(run(GARBLED, ZS_OPENAI_CHAT, &report) == ZS_OK);
    CHECK(strcmp(text, "hello") == 0 && report.retries == 1);
    CHECK(run(REFUSED, ZS_OPENAI_CHAT, &report) == ZS_STATUS);
    CHECK(strstr(report.message, "bad key"));
    CHECK(run(CODED, ZS_OPENAI_CHAT, &report) == ZS_BAD_RESPONSE);
    CHECK(strstr(report.message, "the content encoding gzip, which was not asked for"));
    CHECK(run(PLAIN, ZS_OPENAI_CHAT, &report) == ZS_OK && strcmp(text, "hello") == 0);
    bad_addresses();
    curl_global_cleanup();
    printf("raw: servers that misbehave\n");
    return 0;
}
