#include "dialect/loss.h"

#include <string.h>

#include "base/compiler.h"
#include "dialect/split.h"

/* What DROP takes away with all that is in it. */
static bool holds_data(const char *word)
{
    static const char *const words[] = {"table", "schema", "database", "foreign", "owned"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

/* What ALTER TABLE drops beside columns: a column's own name follows DROP as well. */
static bool is_no_column(const char *word)
{
    static const char *const words[] = {"constraint", "default", "not",   "identity", "expression",
                                        "index",      "key",     "check", "primary",  "foreign"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

struct words {
    const char *sql;
    size_t len, at;
    bool comments_nest;
};

/* False: there is none. A quoted name and a sign are stepped over. */
static bool next_word(struct words *words, char ret_word[SPLIT_WORD_SIZE])
{
    for (*ret_word = '\0'; words->at < words->len;) {
        words->at = split_skip(words->sql, words->len, words->at, words->comments_nest);
        size_t next = split_word(words->sql, words->len, words->at, ret_word);
        if (*ret_word) {
            words->at = next;
            return true;
        }
        char c = words->at < words->len ? words->sql[words->at] : '\0';
        words->at++;
        if (c && strchr("'\"`", c))
            while (words->at < words->len && words->sql[words->at++] != c)
                continue;
    }
    return false;
}

/* After ALTER TABLE: is a column among what it drops? */
static bool drops_column(struct words *words)
{
    char word[SPLIT_WORD_SIZE];
    while (next_word(words, word))
        if (strcmp(word, "drop") == 0) {
            size_t at = split_skip(words->sql, words->len, words->at, words->comments_nest);
            split_word(words->sql, words->len, at, word);
            if (!is_no_column(word)) /* a quoted name is no word */
                return true;
        }
    return false;
}

bool loss_is_in(const char *sql, size_t len, bool comments_nest)
{
    struct words words = {.sql = sql, .len = len, .comments_nest = comments_nest};
    char verb[SPLIT_WORD_SIZE], object[SPLIT_WORD_SIZE], word[SPLIT_WORD_SIZE];
    if (!next_word(&words, verb))
        return false;
    if (strcmp(verb, "delete") == 0 || strcmp(verb, "truncate") == 0)
        return true;
    if (strcmp(verb, "with") == 0) { /* WITH … DELETE */
        while (next_word(&words, word))
            if (strcmp(word, "delete") == 0)
                return true;
        return false;
    }
    next_word(&words, object);
    if (strcmp(verb, "drop") == 0)
        return holds_data(object);
    return strcmp(verb, "alter") == 0 && strcmp(object, "table") == 0 && drops_column(&words);
}
