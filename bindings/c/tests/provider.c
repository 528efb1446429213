#include "provider.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char script_path[256], record_path[256];

static void die(const char *what) {
    perror(what);
    exit(1);
}

struct provider provider_start(const char *script) {
    const char *program = getenv("ZEROSTACK_SCRIPTED"), *folder = getenv("TMPDIR");
    struct provider provider;
    int pipes[2];
    size_t len = 0;
    FILE *file;
    if (!program) {
        fprintf(stderr, "ZEROSTACK_SCRIPTED is not set\n");
        exit(1);
    }
    folder = folder ? folder : "/tmp";
    snprintf(script_path, sizeof script_path, "%s/zs-script-%ld.json", folder, (long)getpid());
    snprintf(record_path, sizeof record_path, "%s/zs-record-%ld.jsonl", folder, (long)getpid());
    file = fopen(script_path, "w");
    if (!file || fputs(script, file) < 0 || fclose(file) != 0 || pipe(pipes) != 0) {
        die("the script");
    }
    provider.pid = fork();
    if (provider.pid < 0) {
        die("fork");
    }
    if (provider.pid == 0) {
        dup2(pipes[1], 1);
        close(pipes[0]);
        close(pipes[1]);
        execl(program, program, "--script", script_path, "--record", record_path, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    /* One line: the address. */
    while (len < sizeof provider.base_url - 1) {
        ssize_t got = read(pipes[0], provider.base_url + len, 1);
        if (got != 1 || provider.base_url[len] == '\n') {
            break;
        }
        len++;
    }
    provider.base_url[len] = 0;
    close(pipes[0]);
    if (len == 0) {
        fprintf(stderr, "%s did not start\n", program);
        exit(1);
    }
    return provider;
}

char *provider_stop(struct provider *provider) {
    char *record = calloc(1, 1 << 20);
    FILE *file;
    kill(provider->pid, SIGKILL);
    while (waitpid(provider->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    file = fopen(record_path, "r");
    if (!record || !file) {
        die("the record");
    }
    record[fread(record, 1, (1 << 20) - 1, file)] = 0;
    fclose(file);
    remove(script_path);
    remove(record_path);
    return record;
}

unsigned count_of(const char *text, const char *wanted) {
    unsigned count = 0;
    while ((text = strstr(text, wanted)) != NULL) {
        text += strlen(wanted);
        count++;
    }
    return count;
}
