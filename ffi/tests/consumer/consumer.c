#include <stdio.h>
#include <zerostack.h>

int main(void) {
    unsigned char memory[4096];
    zs_session *session;
    zs_config config;
    zs_config_init(&config, sizeof config);
    config.dialect = ZS_OLLAMA;
    config.model.ptr = (const uint8_t *)"m";
    config.model.len = 1;
    if (zs_session_init(memory, sizeof memory, &config, &session, NULL) != ZS_OK
        || zs_session_step(session, NULL) != ZS_STEP_IDLE) {
        return 1;
    }
    printf("zerostack %s: %u bytes of a session\n", zs_version(), (unsigned)zs_session_overhead());
    return 0;
}
