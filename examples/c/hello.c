/* An agent with one tool: asks the model for the weather, and answers its call. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <zerostack_curl.h>

#define TEXT(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}

static const zs_tool TOOLS[] = {{
    TEXT("temperature"),
    TEXT("The temperature of a room in degrees Celsius"),
    TEXT("{\"type\":\"object\",\"properties\":{\"room\":{\"type\":\"string\"}},\"required\":[\"room\"]}"),
}};

static void temperature(void *context, zs_str arguments, zs_tool_output *output) {
    zs_json room;
    char name[32];
    size_t len;
    (void)context;
    /* The arguments were checked against the schema: there is a room, and it is a string. */
    zs_json_member(arguments, (zs_str)TEXT("room"), &room);
    if (zs_json_string(room.text, (uint8_t *)name, sizeof name, &len) != ZS_OK) {
        zs_output_text(output, "There is no room of so long a name.");
        zs_output_fail(output);
        return;
    }
    zs_output_printf(output, "%.*s: 21 degrees", (int)len, name);
}

static void show(void *context, const zs_event *event) {
    (void)context;
    if (event->kind == ZS_EVENT_TEXT) {
        fwrite(event->text.ptr, 1, event->text.len, stdout);
        fflush(stdout);
    } else if (event->kind == ZS_EVENT_RESTART) {
        printf("\n[the reply broke off; again]\n");
    }
}

int main(void) {
    static unsigned char memory[64 * 1024];
    static const zs_tool_function functions[] = {temperature};
    const char *model = getenv("MODEL") ? getenv("MODEL") : "gpt-5-mini";
    zs_session *session;
    zs_config config;
    zs_run run = ZS_RUN_INIT;
    zs_run_report report;

    zs_config_init(&config, sizeof config);
    config.dialect = ZS_OPENAI_CHAT;
    config.model.ptr = (const uint8_t *)model;
    config.model.len = strlen(model);
    config.tools = TOOLS;
    config.tool_count = 1;
    if (zs_session_init(memory, sizeof memory, &config, &session, NULL) != ZS_OK) {
        return 1;
    }

    run.config = &config;
    run.functions = functions;
    run.show = show;
    run.base_url = getenv("OPENAI_BASE_URL");
    run.key = getenv("OPENAI_API_KEY");

    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (zs_run_turn(session, "How warm is it in the kitchen?", &run, &report) != ZS_OK) {
        fprintf(stderr, "hello: %s\n", report.message);
        return 1;
    }
    printf("\n");
    curl_global_cleanup();
    return 0;
}
