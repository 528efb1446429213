/* The scripted provider as a process of its own. */
#ifndef PROVIDER_H
#define PROVIDER_H

#include <sys/types.h>

struct provider {
    pid_t pid;
    char base_url[64];
};

/* Starts the program in $ZEROSTACK_SCRIPTED on a script, JSON as `zerostack::scripted` tells it. */
struct provider provider_start(const char *script);

/* Ends it and gives its record: a line of JSON for each request. To be freed. */
char *provider_stop(struct provider *provider);

/* How often `wanted` is in `text`. */
unsigned count_of(const char *text, const char *wanted);

#endif
