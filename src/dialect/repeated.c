#include "dialect/repeated.h"

#include "base/ascii.h"

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(word, *words) == 0)
            return true;
    return false;
}

/* What a statement that begins with WITH can do. */
static const char *const verbs[] = {"insert", "update", "delete", "merge", "replace",
                                    "select", "values", "table",  NULL};
static const char *const counted[] = {"insert", "update", "delete", "merge", "replace", NULL};

static void take_verb(struct repeated *repeated, const char *word)
{
    bool is_first = !repeated->verb[0] && !repeated->is_with;
    if (is_first && strcmp(word, "with") == 0)
        repeated->is_with = true;
    else if (is_first || (!repeated->verb[0] && is_one_of(word, verbs)))
        snprintf(repeated->verb, sizeof repeated->verb, "%s", word);
}

/* Words that may stand between the verb and the table. */
static const char *const between[] = {
    "into",   "only",    "or",           "rollback",      "abort", "replace", "fail",
    "ignore", "delayed", "low_priority", "high_priority", "quick", NULL};

void repeated_take_name(struct repeated *repeated, size_t begin, size_t end)
{
    bool is_first = repeated->table == TABLE_WANTED;
    repeated->was_skip = false;
    if (repeated->depth || (!is_first && repeated->table != TABLE_QUALIFIED)) {
        repeated->table = repeated->table == TABLE_NAMED ? TABLE_KNOWN : repeated->table;
        return;
    }
    repeated->table_begin = is_first ? begin : repeated->table_begin;
    repeated->table_end = end;
    repeated->table = TABLE_NAMED;
}

static void take_table(struct repeated *repeated, const char *word, size_t begin, size_t end)
{
    bool names = repeated->verb[0] && strcmp(repeated->verb, "delete") != 0;
    if (!names || repeated->depth)
        return;
    if (repeated->table == TABLE_UNKNOWN)
        repeated->table = TABLE_WANTED;
    else if (repeated->table != TABLE_WANTED || !is_one_of(word, between))
        repeated_take_name(repeated, begin, end);
}

void repeated_take_word(struct repeated *repeated, const char *sql, size_t begin, size_t end)
{
    char word[SPLIT_WORD_SIZE] = "";
    size_t len = end - begin < sizeof word - 1 ? end - begin : sizeof word - 1;
    for (size_t i = 0; i < len; i++)
        word[i] = ascii_to_lower(sql[begin + i]);
    if (!repeated->depth)
        take_verb(repeated, word);
    take_table(repeated, word, begin, end);
    repeated->has_where |= !repeated->depth && strcmp(word, "where") == 0;
    repeated->has_returning |= !repeated->depth && strcmp(word, "returning") == 0;
    repeated->has_select |= strcmp(word, "select") == 0;
    repeated->is_bounded |= strcmp(word, "limit") == 0 || strcmp(word, "fetch") == 0;
    if (repeated->was_skip && strcmp(word, "locked") == 0) {
        repeated->skip_begin = repeated->skip_at;
        repeated->skip_end = end;
    }
    repeated->was_skip = strcmp(word, "skip") == 0;
    repeated->skip_at = begin;
}

void repeated_take_byte(struct repeated *repeated, char byte)
{
    repeated->depth += byte == '(';
    repeated->depth -= byte == ')';
    repeated->was_skip = false;
    if (repeated->table == TABLE_NAMED)
        repeated->table = byte == '.' ? TABLE_QUALIFIED : TABLE_KNOWN;
}

const char *repeated_refuse(const struct repeated *repeated)
{
    if (!is_one_of(repeated->verb, counted))
        return "it returns no count of the rows that it changes, by which a statement that repeats ends: "
               "write it as an INSERT, UPDATE, DELETE, MERGE or REPLACE";
    if (repeated->has_returning)
        return "with RETURNING it answers with rows in the place of their count, by which a statement that repeats "
               "ends, and no one reads them: leave it out";
    if (strcmp(repeated->verb, "update") == 0 && !repeated->has_where)
        return "an UPDATE without WHERE would change the same rows again and again: say by a condition which "
               "rows are still to be changed";
    bool adds = strcmp(repeated->verb, "insert") == 0 || strcmp(repeated->verb, "replace") == 0;
    if (adds && !repeated->has_select)
        return "it would add the same rows again and again: select those that are still missing";
    return NULL;
}
