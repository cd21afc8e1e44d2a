/* The page of variables, made from the tables: print_environment > docs/environment.md */
#include "cli/help.h"

int main(void)
{
    help_print_environment(stdout);
    return 0;
}
