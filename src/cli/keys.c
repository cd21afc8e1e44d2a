#include "cli/keys.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/compiler.h"

/* What ends the program, or stops it, while the modes are ours. SIGINT, SIGTERM and SIGHUP are the run's. */
static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT, SIGTSTP};

/* The terminal is the process's, and signal handlers have no other way to it. */
static struct {
    bool is_open;
    volatile sig_atomic_t is_set; /* the modes are ours */
    struct termios before;
    struct sigaction actions[ARRAY_LEN(fatal)];
} keys;

static void put_modes_back(void)
{
    if (!keys.is_set)
        return;
    keys.is_set = false;
    tcsetattr(STDIN_FILENO, TCSANOW, &keys.before);
}

/* Puts the modes back, and lets the signal do what it would have done. Async-signal-safe. After a stop, keys_read sets the modes
 * again. */
static void on_fatal(int number)
{
    sigset_t one;
    struct sigaction ours;
    put_modes_back();
    for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
        if (fatal[i] == number)
            sigaction(number, &keys.actions[i], &ours);
    sigemptyset(&one);
    sigaddset(&one, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    if (number == SIGTSTP && keys.is_open) /* it was continued */
        sigaction(number, &ours, NULL);
}

static void take_signals(void)
{
    struct sigaction action = {.sa_handler = on_fatal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ARRAY_LEN(fatal); i++) {
        sigaction(fatal[i], NULL, &keys.actions[i]);
        if (keys.actions[i].sa_handler != SIG_IGN)
            sigaction(fatal[i], &action, NULL);
    }
}

/* In the background, setting modes would stop us. */
static bool is_in_foreground(void)
{
    return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

static bool set_modes(void)
{
    struct termios modes;
    if (keys.is_set)
        return true;
    if (!is_in_foreground() || tcgetattr(STDIN_FILENO, &keys.before) != 0)
        return false;
    modes = keys.before;
    modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    modes.c_cc[VMIN] = 0;
    modes.c_cc[VTIME] = 0;
    tcflush(STDIN_FILENO, TCIFLUSH);
    keys.is_set = tcsetattr(STDIN_FILENO, TCSANOW, &modes) == 0;
    return keys.is_set;
}

/* A pager has the keys. */
static bool is_read_by_another(void)
{
    struct stat st;
    return fstat(STDOUT_FILENO, &st) == 0 && S_ISFIFO(st.st_mode);
}

bool keys_open(void)
{
    if (keys.is_open)
        return true;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO) || is_read_by_another() ||
        !is_in_foreground())
        return false;
    keys.is_open = true;
    take_signals();
    return set_modes();
}

size_t keys_read(char *ret_text, size_t size)
{
    struct pollfd poll_in = {.fd = STDIN_FILENO, .events = POLLIN};
    if (!keys.is_open || !set_modes() || !is_in_foreground() || poll(&poll_in, 1, 0) != 1)
        return 0;
    ssize_t len = read(STDIN_FILENO, ret_text, size);
    return len > 0 ? (size_t)len : 0;
}

void keys_close(void)
{
    if (!keys.is_open)
        return;
    put_modes_back();
    keys.is_open = false;
    for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
        sigaction(fatal[i], &keys.actions[i], NULL);
}
