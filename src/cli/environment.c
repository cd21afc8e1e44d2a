#include "cli/environment.h"

#include <unistd.h>

#include "base/ascii.h"
#include "base/similar.h"
#include "cli/faults.h"
#include "cli/options.h"

#define PREFIX "SKEIN_"

void option_name_variable(const char *option, char ret_name[VARIABLE_SIZE])
{
    size_t len = (size_t)snprintf(ret_name, VARIABLE_SIZE, PREFIX "%s", option);
    for (size_t i = 0; i < len; i++)
        ret_name[i] = ret_name[i] == '-' ? '_' : ascii_to_upper(ret_name[i]);
}

/* The variables that skein sets for gates, and those of its own scripts and tests. */
static bool is_foreign(const char *name)
{
    static const char *const prefixes[] = {"SKEIN_GATE",         "SKEIN_FAILPOINT", "SKEIN_FAULT",
                                           "SKEIN_BUILD_DIR",    "SKEIN_JOBS",      "SKEIN_BIN",
                                           "SKEIN_LISTEN_TOKEN", "SKEIN_LEASE_MS"};
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

/* A mistyped variable would be ignored in silence, and another run be made than was meant. What all have in front
 * makes no two alike. */
static void check_variable(const char *name)
{
    enum { NAMES_MAX = 256 };
    struct similar similar = similar_to(name + strlen(PREFIX));
    char known[NAMES_MAX][VARIABLE_SIZE]; /* `similar` borrows them */
    struct option_info info;
    const char *flag = NULL;
    for (size_t i = 0; i < NAMES_MAX && option_at(i, &info); i++) {
        option_name_variable(info.name, known[i]);
        bool is_same = strcmp(known[i], name) == 0;
        if (info.argument && is_same)
            return;
        if (info.argument)
            similar_try(&similar, known[i] + strlen(PREFIX));
        else if (is_same)
            flag = info.name;
    }
    struct err err;
    err_set(&err, ERR_CONFIG, "warning: '%s' in the environment is no variable of skein's", name);
    if (flag)
        err_add(&err, ": --%s is for the command line alone", flag);
    else if (similar.best)
        err_add(&err, "; did you mean '" PREFIX "%s'?", similar.best);
    cli_note("%s", err.text);
}

void environment_check(void)
{
    for (char **at = environ; *at; at++) {
        char name[VARIABLE_SIZE];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(*at, "="), *at);
        if (strncmp(name, PREFIX, strlen(PREFIX)) == 0 && !is_foreign(name))
            check_variable(name);
    }
}
