#include <cstring>
#include <vector>
#include <zerostack.h>

// The same from C++: enums, structs and calls as they stand in the header.
int main() {
    std::vector<unsigned char> memory(4096);
    zs_config config;
    if (zs_config_init(&config, sizeof config) != ZS_OK) {
        return 1;
    }
    config.dialect = ZS_ANTHROPIC;
    config.model = zs_str{reinterpret_cast<const uint8_t *>("model"), 5};
    zs_session *session = nullptr;
    uint32_t detail = 0;
    zs_status status = zs_session_init(memory.data(), memory.size(), &config, &session, &detail);
    if (status != ZS_OK || zs_session_user(session, zs_str{nullptr, 0}) != ZS_OK) {
        return 1;
    }
    zs_event event;
    zs_step step = zs_session_step(session, nullptr);
    return step == ZS_STEP_SEND && !zs_session_pending_call(session, 0, &event)
                   && std::strcmp(zs_status_name(status), "ok") == 0
               ? 0
               : 1;
}
