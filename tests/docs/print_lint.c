/* Prints the table of docs/lint.md from lint's rules: tests/docs/check_lint.py holds the page to it. */
#include <stdio.h>

#include "lint/rule.h"

/* In the page a placeholder is a word in capitals, and a bar would end the cell. */
static void print_text(const char *text)
{
    for (bool is_mark = false; *text; text++) {
        if (*text == '{' || *text == '}')
            is_mark = *text == '{';
        else if (*text == '|')
            fputs("\\|", stdout);
        else if (*text == '<')
            fputs("&lt;", stdout);
        else
            putchar(is_mark && *text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text);
    }
}

static void print_dialects(unsigned dialects)
{
    static const struct {
        unsigned bit;
        const char *title;
    } titles[] = {
        {LINT_POSTGRESQL, "PostgreSQL"}, {LINT_SQLITE, "SQLite"}, {LINT_MYSQL, "MySQL, MariaDB"}};
    const char *before = "";
    for (size_t i = 0; i < ARRAY_LEN(titles) && dialects != LINT_ALL; i++)
        if (dialects & titles[i].bit) {
            printf("%s%s", before, titles[i].title);
            before = ", ";
        }
    if (dialects == LINT_ALL)
        fputs("all", stdout);
}

int main(void)
{
    static const char *const scales[] = {
        [SCALE_NONE] = "", [SCALE_SIZE] = "size", [SCALE_ROWS] = "rows"};
    puts("| rule | severity | of | weighed by | what it finds | why | better |");
    puts("| --- | --- | --- | --- | --- | --- | --- |");
    for (size_t i = 0; i < RULE__COUNT; i++) {
        const struct lint_rule *rule = &lint_rules[i];
        printf("| `%s` | %s | ", lint_rule_at(i), lint_severity_name(rule->severity));
        print_dialects(rule->dialects);
        printf(" | %s | ", scales[rule->scale]);
        print_text(rule->title);
        fputs(" | ", stdout);
        print_text(rule->why);
        fputs(" | ", stdout);
        print_text(rule->instead);
        puts(" |");
    }
    return 0;
}
