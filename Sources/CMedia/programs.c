// Child programs.
#define _GNU_SOURCE
#include "CMedia.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int cmedia_program_start(
    const char *path, char *const arguments[], char *const environment[], int input, cmedia_program *program) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);

    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    int error = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (!error) error = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (!error) error = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    // Ours are closed on exec; this closes what other libraries in the process have opened without saying so.
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    if (!error) error = posix_spawn(&program->identifier, path, &actions, &attributes, arguments, environment);

    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(ends[1]);
    if (error) {
        close(ends[0]);
        return -error;
    }
    program->output = ends[0];
    return 0;
}

ssize_t cmedia_program_read(int output, void *bytes, size_t capacity, int timeoutMilliseconds) {
    struct pollfd wait = {.fd = output, .events = POLLIN};
    int ready;
    do ready = poll(&wait, 1, timeoutMilliseconds);
    while (ready < 0 && errno == EINTR);
    if (ready < 0) return -errno;
    if (ready == 0) return -ETIMEDOUT;
    ssize_t got;
    do got = read(output, bytes, capacity);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

void cmedia_program_kill(pid_t identifier) { (void)kill(identifier, SIGKILL); }

int cmedia_program_wait_or_kill(pid_t identifier, int timeoutMilliseconds) {
    // A descriptor of the process becomes readable when it ends: no polling, no SIGCHLD.
    int process = (int)syscall(SYS_pidfd_open, identifier, 0);
    if (process >= 0) {
        struct pollfd wait = {.fd = process, .events = POLLIN};
        int ready;
        do ready = poll(&wait, 1, timeoutMilliseconds);
        while (ready < 0 && errno == EINTR);
        if (ready == 0) cmedia_program_kill(identifier);
        close(process);
    } else {
        // A kernel before 5.3: its output is over, and it may not outstay that.
        cmedia_program_kill(identifier);
    }
    int status;
    pid_t ended;
    do ended = waitpid(identifier, &status, 0);
    while (ended < 0 && errno == EINTR);
    if (ended < 0) return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
