/* Prints the words that JSON outputs have for verbs, states, dialects and the like, from the tables that the program has
 * them in: an object of lists. tests/docs/check_words.py compares docs/schema with it. */
#include <stdio.h>

#include "base/dialect.h"
#include "base/err.h"
#include "base/notice.h"
#include "dialect/question.h"
#include "event/moment.h"
#include "event/verbs.h"
#include "import/import.h"
#include "lint/rule.h"
#include "schema/compare.h"

static void begin_list(const char *name)
{
    static bool has_one;
    printf("%s\n  \"%s\": [", has_one ? "]," : "{", name);
    has_one = true;
}

static void print_word(const char *word, size_t index)
{
    printf("%s\"%s\"", index ? ", " : "", word);
}

int main(void)
{
    begin_list("command");
    for (int i = 0; i < VERB__COUNT; i++)
        print_word(verbs[i].name, (size_t)i);
    begin_list("dialect");
    for (int i = 0; i < DIALECT__COUNT; i++) /* a tenant's: variants are not told */
        if (dialect_info((enum dialect_id)i)->engine == (enum dialect_id)i)
            print_word(dialect_info((enum dialect_id)i)->name, (size_t)i);
    begin_list("section_dialect");
    for (int i = 0; i < DIALECT__COUNT; i++) /* a revision has sections for variants too */
        print_word(dialect_info((enum dialect_id)i)->name, (size_t)i);
    begin_list("run_state");
    for (int i = 0; i < RUN__COUNT; i++)
        print_word(run_state_name((enum run_state)i), (size_t)i);
    begin_list("tenant_state");
    for (int i = 0; i < TENANT__COUNT; i++)
        print_word(tenant_state_name((enum tenant_state)i), (size_t)i);
    begin_list("machine_state");
    for (int i = 0; i < MACHINE__COUNT; i++)
        print_word(machine_state_name((enum machine_state)i), (size_t)i);
    begin_list("error_class");
    for (int i = ERR_NONE + 1; i < ERR__COUNT; i++)
        print_word(err_class_name((enum err_class)i), (size_t)i - 1);
    begin_list("halt");
    for (int i = 0; i < HALT__COUNT; i++)
        print_word(halt_kind_name((enum halt_kind)i), (size_t)i);
    begin_list("wait");
    for (int i = 0; i < WAIT__COUNT; i++)
        print_word(wait_name((enum wait)i), (size_t)i);
    begin_list("forecast_source");
    for (int i = 0; i < FORECAST_FROM__COUNT; i++)
        print_word(forecast_source_name((enum forecast_source)i), (size_t)i);
    begin_list("moment");
    for (int i = 0; i < MOMENT__COUNT; i++)
        print_word(moment_name((enum moment_kind)i), (size_t)i);
    begin_list("notice_level");
    for (int i = 0; i < NOTICE__COUNT; i++)
        print_word(notice_level_name((enum notice_level)i), (size_t)i);
    begin_list("tool");
    for (size_t i = 0; import_tool_name_at(i); i++)
        print_word(import_tool_name_at(i), i);
    begin_list("difference");
    for (int i = 0; i < DIFFERENCE__COUNT; i++)
        print_word(difference_what_name((enum difference_what)i), (size_t)i);
    begin_list("lint_severity");
    for (int i = LINT_OFF + 1; i < LINT__COUNT; i++) /* what is off is not told */
        print_word(lint_severity_name((enum lint_severity)i), (size_t)i - 1);
    begin_list("seen");
    for (int i = 0; i < SEEN__COUNT; i++)
        print_word(seen_kind_name((enum seen_kind)i), (size_t)i);
    begin_list("blocks");
    for (int i = 0; i < BLOCKS__COUNT; i++)
        print_word(seen_blocks_name((enum seen_blocks)i), (size_t)i);
    begin_list("preflight_state");
    for (int i = PREFLIGHT_FITS + 1; i < PREFLIGHT__COUNT; i++) /* what fits is only counted */
        print_word(preflight_state_name((enum preflight_state)i), (size_t)i - 1);
    begin_list("preflight_kind");
    for (int i = 0; i < QUESTION__COUNT; i++)
        print_word(question_kind_name((enum question_kind)i), (size_t)i);
    begin_list("rehearsed_at");
    for (int i = REHEARSED_NOWHERE + 1; i < REHEARSED__COUNT; i++)
        print_word(rehearsed_at_name((enum rehearsed_at)i), (size_t)i - 1);
    begin_list("scratch_schema");
    for (int i = 0; i < SCRATCH_BY__COUNT; i++)
        print_word(scratch_schema_name((enum scratch_schema)i), (size_t)i);
    puts("]\n}");
    return 0;
}
