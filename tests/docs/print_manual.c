/* The manual page, made from the tables: print_manual > docs/skein.1 */
#include "cli/help.h"

int main(void)
{
    help_print_manual(stdout);
    return 0;
}
