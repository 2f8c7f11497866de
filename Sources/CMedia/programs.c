// Child programs.
#define _GNU_SOURCE
#include "CMedia.h"
#include "confinement.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct launch {
    const char *path;
    char *const *arguments;
    char *const *environment;
    const cmedia_confinement *confinement;
    int input, output, nowhere;
    volatile int held;
    volatile int error;
};

/// Ours are closed on exec; what other libraries in the process have opened without saying so is as well.
static int closeOnExec(void) {
    if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 1U << 2) == 0) return 0;
    // A kernel before 5.11.
    closefrom(STDERR_FILENO + 1);
    return 0;
}

/// The child: becomes the program, or says why not. It shares its parent's memory, so that it does nothing but calls of
/// the system.
static void become(struct launch *launch) {
    // All signals are blocked until here, so that no handler of the parent's runs in its memory.
    struct sigaction usual = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) (void)sigaction(number, &usual, NULL);
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);

    if (dup2(launch->input, STDIN_FILENO) >= 0 && dup2(launch->output, STDOUT_FILENO) >= 0
        && dup2(launch->nowhere, STDERR_FILENO) >= 0 && closeOnExec() == 0) {
        if (launch->confinement) launch->held = cmedia_confine(launch->confinement);
        execve(launch->path, launch->arguments, launch->environment);
    }
    launch->error = errno;
    _exit(127);
}

int cmedia_program_start(
    const char *path, char *const arguments[], char *const environment[], int input,
    const cmedia_confinement *confinement, cmedia_program *program) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    struct launch launch = {
        .path = path, .arguments = arguments, .environment = environment, .confinement = confinement,
        .input = input, .output = ends[1], .nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC),
    };
    pid_t child = -1;
    int error = launch.nowhere < 0 ? errno : 0;
    if (!error) {
        sigset_t all, former;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &former);
        // Not fork: copying the tables of a large process's memory would take milliseconds, and its media threads would
        // then pay for each page that they write to. This thread sleeps until the child has become the program.
        child = vfork();
        if (child == 0) become(&launch);
        error = child < 0 ? errno : launch.error;
        pthread_sigmask(SIG_SETMASK, &former, NULL);
        close(launch.nowhere);
    }
    close(ends[1]);
    if (error) {
        if (child > 0) (void)waitpid(child, NULL, 0);
        close(ends[0]);
        return -error;
    }
    *program = (cmedia_program){child, ends[0], launch.held};
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
