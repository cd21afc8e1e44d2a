/* The names of SKEIN_* variables: each option with an argument has one. Their values are read with the options
 * (options.h).
 *
 *     char name[VARIABLE_SIZE];
 *     option_name_variable("per-server", name);     SKEIN_PER_SERVER
 */
#ifndef CLI_ENVIRONMENT_H
#define CLI_ENVIRONMENT_H

enum { VARIABLE_SIZE = 64 };

/* The variable of an option, by the option's long name. */
void option_name_variable(const char *option, char ret_name[VARIABLE_SIZE]);

/* Warns on stderr of each SKEIN_* variable in the environment that no option reads. */
void environment_check(void);

#endif
