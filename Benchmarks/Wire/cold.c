// From the start of the application to the first message that came back through the web server.
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned size;
static bool is_answered;

static void heard(Line *line, const uint8_t *bytes, size_t count, bool is_end) {
    load_check(line, bytes, count, is_end, size, size);
    if (count > 0 && line->heard == line->said) is_answered = true;
}

static bool has_answer(void) { return is_answered; }

static pid_t start(char **command) {
    pid_t parent = getpid(), child = fork();
    if (child < 0) fail("fork: %s", strerror(errno));
    if (child > 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(0);
    // Only results go to our output.
    dup2(2, 1);
    execvp(command[0], command);
    _exit(127);
}

// Whether somebody listens there: a port of this machine, or the path of a socket.
static bool is_listening(const char *place) {
    struct sockaddr_in port = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(place))};
    port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    strncpy(path.sun_path, place, sizeof path.sun_path - 1);
    bool is_path = place[0] == '/';
    int fd = socket(is_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int answer = is_path ? connect(fd, (struct sockaddr *)&path, sizeof path)
                         : connect(fd, (struct sockaddr *)&port, sizeof port);
    close(fd);
    return answer == 0;
}

void run_cold(const Plan *plan) {
    if (!plan->ready || !plan->command) fail("ready=… and a command are needed");
    if (is_listening(plan->ready)) fail("somebody listens at %s already", plan->ready);
    size = plan->size;
    Lines lines = {0};
    events = (Events){.heard = heard};
    uint64_t begin = now();
    pid_t child = start(plan->command);
    while (!is_listening(plan->ready)) {
        if (waitpid(child, NULL, WNOHANG) != 0 || now() - begin > 20000000000u) fail("it did not start");
        usleep(200);
    }
    double listening = (double)(now() - begin) / 1e6;
    load_open(&lines, &plan->way, 1);
    Line *line = lines.at[0];
    line->way.speech->send(line, payload_at(line->base), size, false);
    line->said = size;
    load_until(has_answer, "the first message");
    result(plan, "answered", (double)(now() - begin) / 1e6);
    result(plan, "listening", listening);
    load_close(&lines, false);
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
}
