#include "dialect/repeated.h"

#include "base/ascii.h"
#include "base/texts.h"

/* What a statement that begins with WITH can do. */
static const char *const verbs[] = {"insert", "update", "delete", "merge", "replace",
                                    "select", "values", "table",  NULL};
static const char *const counted[] = {"insert", "update", "delete", "merge", "replace", NULL};

static void take_verb(struct repeated *repeated, const char *word)
{
    bool is_first = !repeated->verb[0] && !repeated->is_with;
    if (is_first && strcmp(word, "with") == 0)
        repeated->is_with = true;
    else if (is_first || (!repeated->verb[0] && texts_until_null_have(verbs, word)))
        snprintf(repeated->verb, sizeof repeated->verb, "%s", word);
}

/* Words that may stand between the verb and the table. */
static const char *const between[] = {
    "into",   "only",    "or",           "rollback",      "abort", "replace", "fail",
    "ignore", "delayed", "low_priority", "high_priority", "quick", "from",    NULL};

static void take_table_name(struct repeated *repeated, size_t begin, size_t end)
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

/* ---- which columns it sets, and what it reads ------------------------------------------------- */

static void keep_name(struct repeated *repeated, size_t begin, size_t end)
{
    struct repeated_names *names = repeated->was_dot ? repeated->newest : repeated->wanted;
    if (!repeated->was_dot && repeated->set == SET_TARGET)
        names = &repeated->targets;
    size_t at = !names ? 0 : repeated->was_dot ? names->count - 1 : names->count++;
    if (names && at < REPEATED_PLACES)
        names->items[at] = (struct repeated_place){begin, end};
    repeated->newest = names;
    repeated->wanted = NULL;
    repeated->was_dot = false;
}

static void end_set(struct repeated *repeated, size_t at)
{
    if (repeated->set != SET_TARGET && repeated->set != SET_VALUE)
        return;
    repeated->set = SET_OVER;
    repeated->set_end = at;
}

static void take_reading(struct repeated *repeated, const char *word, size_t begin, size_t end)
{
    static const char *const after_set[] = {"from", "where", "order", "limit", "returning", NULL};
    static const char *const no_names[] = {"only", "lateral", "recursive", NULL};
    static const char *const changes[] = {"insert", "update", "delete", "merge", NULL};
    bool begins_part = repeated->is_with && !repeated->verb[0] && strcmp(word, "with") == 0;
    if (!repeated->depth && texts_until_null_have(after_set, word))
        end_set(repeated, begin);
    repeated->changes_within |=
        repeated->depth && !repeated->was_for && texts_until_null_have(changes, word);
    repeated->was_for = strcmp(word, "for") == 0 || strcmp(word, "key") == 0;
    repeated->passes_over |= strcmp(word, "ignore") == 0 || strcmp(word, "nothing") == 0;
    if (texts_until_null_have(no_names, word))
        return;
    if (begins_part || strcmp(word, "from") == 0 || strcmp(word, "join") == 0) {
        repeated->wanted = begins_part ? &repeated->parts : &repeated->sources;
        repeated->newest = NULL;
    } else if (!repeated->depth && repeated->set == SET_NONE && strcmp(word, "set") == 0) {
        repeated->set = SET_TARGET;
        repeated->set_begin = end;
    } else {
        keep_name(repeated, begin, end);
    }
}

static void take_sign(struct repeated *repeated, char byte)
{
    repeated->was_dot = byte == '.' && repeated->newest;
    repeated->newest = repeated->was_dot ? repeated->newest : NULL;
    repeated->wanted = NULL;
    if (repeated->depth)
        return;
    if (byte == '=' && repeated->set == SET_TARGET)
        repeated->set = SET_VALUE;
    else if (byte == ',' && repeated->set == SET_VALUE)
        repeated->set = SET_TARGET;
    else if (byte == ',' && repeated->is_with && !repeated->verb[0])
        repeated->wanted = &repeated->parts;
}

static void take_table(struct repeated *repeated, const char *word, size_t begin, size_t end)
{
    if (!repeated->verb[0] || repeated->depth)
        return;
    if (repeated->table == TABLE_UNKNOWN)
        repeated->table = TABLE_WANTED;
    else if (repeated->table != TABLE_WANTED || !texts_until_null_have(between, word))
        take_table_name(repeated, begin, end);
}

static void take_name(struct repeated *repeated, size_t begin, size_t end)
{
    take_table_name(repeated, begin, end);
    keep_name(repeated, begin, end);
}

/* UPDATE a JOIN b ON … SET …, as MySQL has it: what stands after SET joins other tables alone. */
static bool joins(const struct repeated *repeated, const char *word)
{
    return strcmp(repeated->verb, "update") == 0 && repeated->set == SET_NONE &&
           (strcmp(word, "on") == 0 || strcmp(word, "using") == 0);
}

static void take_word(struct repeated *repeated, const char *sql, size_t begin, size_t end)
{
    char word[SPLIT_WORD_SIZE] = "";
    size_t len = end - begin < sizeof word - 1 ? end - begin : sizeof word - 1;
    for (size_t i = 0; i < len; i++)
        word[i] = ascii_to_lower(sql[begin + i]);
    if (!repeated->depth)
        take_verb(repeated, word);
    take_table(repeated, word, begin, end);
    take_reading(repeated, word, begin, end);
    repeated->has_where |=
        !repeated->depth && (strcmp(word, "where") == 0 || joins(repeated, word));
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

static void take_byte(struct repeated *repeated, char byte)
{
    repeated->depth += byte == '(';
    repeated->depth -= byte == ')';
    repeated->was_skip = false;
    take_sign(repeated, byte);
    if (repeated->table == TABLE_NAMED)
        repeated->table = byte == '.' ? TABLE_QUALIFIED : TABLE_KNOWN;
}

/* A sql_word_fn. */
static void on_word(void *ctx, const char *sql, struct sql_word word)
{
    if (word.kind == SQL_WORD)
        take_word(ctx, sql, word.begin, word.end);
    else if (word.kind == SQL_NAME)
        take_name(ctx, word.begin, word.end);
    else if (word.kind == SQL_SIGN)
        take_byte(ctx, sql[word.begin]);
}

void repeated_read(const struct dialect *dialect, const char *sql, size_t len,
                   struct repeated *ret_repeated)
{
    *ret_repeated = (struct repeated){0};
    dialect->read_words(sql, len, on_word, ret_repeated);
}

const char *repeated_refuse(const struct repeated *repeated)
{
    if (!texts_until_null_have(counted, repeated->verb))
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

/* ---- does it look at what it has changed? ------------------------------------------------------ */

/* The name without quotes, and without the schema before it. */
static struct repeated_place bare(const char *sql, struct repeated_place place)
{
    for (size_t i = place.begin; i + 1 < place.end; i++)
        if (sql[i] == '.')
            place.begin = i + 1;
    if (place.end - place.begin > 2 && strchr("\"`[", sql[place.begin])) {
        place.begin++;
        place.end--;
    }
    return place;
}

static bool is_part_of_name(char byte)
{
    return ascii_is_alnum(byte) || byte == '_' || byte == '$' || (unsigned char)byte >= 0x80;
}

static bool is_same_at(const char *sql, size_t at, struct repeated_place name)
{
    for (size_t i = 0; i < name.end - name.begin; i++)
        if (ascii_to_lower(sql[at + i]) != ascii_to_lower(sql[name.begin + i]))
            return false;
    return true;
}

/* Does the name stand in the text, but for what is `without`? */
static bool stands_in(const char *sql, size_t len, struct repeated_place name,
                      struct repeated_place without)
{
    size_t size = name.end - name.begin;
    for (size_t at = 0; at + size <= len; at++) {
        bool is_whole = (!at || !is_part_of_name(sql[at - 1])) &&
                        (at + size == len || !is_part_of_name(sql[at + size]));
        if (is_whole && (at < without.begin || at >= without.end) && is_same_at(sql, at, name))
            return true;
    }
    return false;
}

static bool is_same(const char *sql, struct repeated_place a, struct repeated_place b)
{
    a = bare(sql, a);
    b = bare(sql, b);
    return a.end - a.begin == b.end - b.begin && is_same_at(sql, a.begin, b);
}

static bool is_known(const struct repeated *repeated, const char *sql, struct repeated_place source)
{
    bool is_known =
        is_same(sql, source, (struct repeated_place){repeated->table_begin, repeated->table_end});
    for (size_t i = 0; i < repeated->parts.count && !is_known; i++)
        is_known = is_same(sql, source, repeated->parts.items[i]);
    return is_known;
}

static bool updates_same_rows(const struct repeated *repeated, const char *sql, size_t len)
{
    const struct repeated_place set = {repeated->set_begin,
                                       repeated->set_end ? repeated->set_end : len};
    if (!repeated->targets.count || repeated->targets.count > REPEATED_PLACES ||
        repeated->sources.count > REPEATED_PLACES || repeated->parts.count > REPEATED_PLACES)
        return false;
    for (size_t i = 0; i < repeated->sources.count; i++)
        if (!is_known(repeated, sql, repeated->sources.items[i]))
            return false;
    for (size_t i = 0; i < repeated->targets.count; i++)
        if (stands_in(sql, len, bare(sql, repeated->targets.items[i]), set))
            return false;
    return true;
}

bool repeated_finds_same_rows(const struct repeated *repeated, const char *sql, size_t len)
{
    const struct repeated_place table = {repeated->table_begin, repeated->table_end};
    bool is_update = strcmp(repeated->verb, "update") == 0;
    bool is_insert =
        strcmp(repeated->verb, "insert") == 0 || strcmp(repeated->verb, "replace") == 0;
    if (repeated->changes_within || !table.end)
        return false;
    if (is_update)
        return updates_same_rows(repeated, sql, len);
    return is_insert && repeated->has_select && (repeated->is_bounded || !repeated->passes_over) &&
           !stands_in(sql, len, bare(sql, table), table);
}
