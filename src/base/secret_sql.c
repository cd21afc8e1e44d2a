/* Passwords that stand in SQL, in what a server says of it, or in settings of a connection: found by the words before them. */
#include "base/secret.h"

#include "base/ascii.h"
#include "base/buf.h"

static const char mask[] = "***";

struct scan {
    const char *at, *end;
    const char *text; /* where it began */
};

static bool is_word_part(char c)
{
    return ascii_is_alnum(c) || c == '_';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char peek(const struct scan *scan)
{
    return scan->at < scan->end ? *scan->at : '\0';
}

static bool take_char(struct scan *scan, char c)
{
    bool is_it = peek(scan) == c && scan->at < scan->end;
    scan->at += is_it;
    return is_it;
}

static bool take_text(struct scan *scan, const char *text)
{
    const char *at = scan->at;
    for (; *text; text++, at++)
        if (at >= scan->end || ascii_to_lower(*at) != *text)
            return false;
    scan->at = at;
    return true;
}

/* `word` in small letters; nothing of a longer word. */
static bool take_word(struct scan *scan, const char *word)
{
    struct scan ahead = *scan;
    if (!take_text(&ahead, word) || is_word_part(peek(&ahead)))
        return false;
    *scan = ahead;
    return true;
}

/* No further than a person would write: else a long text of nothing but beginnings would be looked through again and again. */
static void skip_to(struct scan *scan, const char *text)
{
    enum { FURTHEST = 4096 };
    size_t left = (size_t)(scan->end - scan->at);
    const char *found = memmem(scan->at, left < FURTHEST ? left : FURTHEST, text, strlen(text));
    scan->at = found ? found + strlen(text) : scan->end;
}

/* Comments, too. */
static void skip_blanks(struct scan *scan)
{
    for (;;) {
        if (is_blank(peek(scan)))
            scan->at++;
        else if (take_text(scan, "/*"))
            skip_to(scan, "*/");
        else if (take_text(scan, "--"))
            skip_to(scan, "\n");
        else
            return;
    }
}

/* ---- the value ----------------------------------------------------------------------------- */

/* `$tag$` */
static size_t dollar_tag_len(const struct scan *scan)
{
    const char *at = scan->at;
    if (peek(scan) != '$')
        return 0;
    for (at++; at < scan->end && is_word_part(*at); at++)
        ;
    return at < scan->end && *at == '$' ? (size_t)(at + 1 - scan->at) : 0;
}

static const char *end_of_tagged(const struct scan *scan, const char *tag, size_t len)
{
    const char *found = memmem(scan->at, (size_t)(scan->end - scan->at), tag, len);
    return found ? found : scan->end;
}

/* The first of `count` quotes in a row. Of one: neither two of them, nor one after a backslash. */
static const char *end_of_quoted(const struct scan *scan, char quote, size_t count)
{
    const char *at = scan->at;
    while (at < scan->end) {
        const char *run = at;
        while (run < scan->end && *run == quote)
            run++;
        size_t found = (size_t)(run - at);
        if (count == 1 ? found % 2 : found >= count)
            return count == 1 ? run - 1 : at;
        at = found ? run : at + (*at == '\\' && at + 1 < scan->end ? 2 : 1);
    }
    return scan->end;
}

/* In a literal that holds a statement a quote stands twice. `''` alone is an empty one. */
static size_t count_quotes(const struct scan *scan, char quote)
{
    size_t count = 0;
    while (scan->at + count < scan->end && scan->at[count] == quote)
        count++;
    const char *next = scan->at + count;
    bool is_empty = count > 1 && (next >= scan->end || is_blank(*next) || strchr(";,)", *next));
    return is_empty ? 0 : count;
}

/* `E'…'`, `N'…'`, `U&'…'`, `_utf8mb4'…'` */
static void skip_prefix(struct scan *scan)
{
    struct scan ahead = *scan;
    while (is_word_part(peek(&ahead)) || peek(&ahead) == '&')
        ahead.at++;
    if (peek(&ahead) == '\'' && (ahead.at - scan->at <= 2 || *scan->at == '_'))
        *scan = ahead;
}

/* One literal; what stands between its quotes is the span. */
static bool take_literal(struct scan *scan, struct secret_span *ret)
{
    struct scan ahead = *scan;
    skip_prefix(&ahead);
    char quote = peek(&ahead);
    size_t tag = dollar_tag_len(&ahead);
    size_t count = quote == '\'' || quote == '"' ? count_quotes(&ahead, quote) : 0;
    size_t marks = tag ? tag : count;
    if (!marks)
        return false;
    const char *opening = ahead.at;
    ahead.at += marks;
    ret->begin = ahead.at;
    ret->end = tag ? end_of_tagged(&ahead, opening, tag) : end_of_quoted(&ahead, quote, count);
    scan->at = (size_t)(scan->end - ret->end) > marks ? ret->end + marks : scan->end;
    return true;
}

/* Literals that are joined are one. */
static bool take_literals(struct scan *scan, struct secret_span *ret)
{
    struct secret_span next;
    if (!take_literal(scan, ret))
        return false;
    for (struct scan ahead = *scan;; *scan = ahead) {
        skip_blanks(&ahead);
        take_text(&ahead, "||");
        skip_blanks(&ahead);
        if (!take_literal(&ahead, &next))
            return true;
        ret->end = next.end;
    }
}

/* `password=…` of the settings of a connection, and of a program's words; neither a column nor a call. */
static bool take_bare(const struct scan *scan, struct secret_span *ret)
{
    static const char *const none[] = {"null", "default", "excluded", "new", "old"};
    const char *at = scan->at;
    while (at < scan->end && !is_blank(*at) && !strchr("'\"`;,()<>&", *at))
        at++;
    *ret = (struct secret_span){scan->at, at};
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        if (take_word(&(struct scan){scan->at, scan->end, scan->text}, none[i]))
            return false;
    return at > scan->at && !(at < scan->end && *at == '(') && !strchr("$:@{", *scan->at);
}

/* ---- the words before it ------------------------------------------------------------------- */

/* Does the quote end the name whose last letters begin at `word`? */
static bool ends_name(const struct scan *scan, const char *word)
{
    char c = peek(scan);
    while (word > scan->text && is_word_part(word[-1]))
        word--;
    return c && strchr("\"'`]", c) && word > scan->text && word[-1] == (c == ']' ? '[' : c);
}

/* Does the quote at once after it end a phrase of several words, as in `'--grant-env APP_PASSWORD'`? */
static bool ends_phrase(const struct scan *scan, const char *word)
{
    enum { FURTHEST = 4096 };
    char quote = peek(scan);
    bool is_open = false;
    const char *line = word - scan->text > FURTHEST ? word - FURTHEST : scan->text;
    if ((quote != '\'' && quote != '"') || count_quotes(scan, quote) != 1)
        return false;
    for (const char *at = word; at > line && at[-1] != '\n'; at--)
        is_open ^= at[-1] == quote;
    return is_open;
}

/* `"password":`, `` `password` = ``; false: a name of which something else is said. */
static bool skip_name_end(struct scan *scan, const char *word)
{
    if (!ends_name(scan, word))
        return !ends_phrase(scan, word);
    scan->at++;
    skip_blanks(scan);
    return peek(scan) == '=' || peek(scan) == ':';
}

/* `SET PASSWORD FOR name = …` */
static void skip_owner(struct scan *scan)
{
    enum { LONGEST_OWNER = 512 };
    struct scan ahead = *scan;
    skip_blanks(&ahead);
    if (!take_word(&ahead, "for"))
        return;
    for (size_t i = 0; i < LONGEST_OWNER && peek(&ahead) && !strchr("=;", peek(&ahead)); i++)
        ahead.at++;
    if (peek(&ahead) == '=')
        *scan = ahead;
}

static bool take_password(struct scan *scan, struct secret_span *ret)
{
    const char *word = scan->at;
    if (!take_text(scan, "password") && !take_text(scan, "passwd") && !take_text(scan, "_pwd"))
        return false;
    if (is_word_part(peek(scan)))
        return false;
    bool is_bare = peek(scan) == '=';
    if (!skip_name_end(scan, word))
        return false;
    skip_owner(scan);
    skip_blanks(scan);
    take_char(scan, ':');
    bool is_to = !take_char(scan, '=') && !take_char(scan, '(') && take_word(scan, "to");
    skip_blanks(scan);
    if (is_to && peek(scan) == '"') /* RENAME COLUMN password TO "…" */
        return false;
    return take_literals(scan, ret) || (is_bare && take_bare(scan, ret));
}

/* "can't locate revision identified by '…'" are Alembic's words, and skein's: the quotes hold a revision. */
static bool is_of_revision(const struct scan *scan)
{
    static const char before[] = "locate revision ";
    size_t len = sizeof before - 1;
    return (size_t)(scan->at - scan->text) >= len && memcmp(scan->at - len, before, len) == 0;
}

/* `IDENTIFIED [WITH plugin] BY …`, `IDENTIFIED VIA plugin USING …` */
static bool take_identified(struct scan *scan, struct secret_span *ret)
{
    struct secret_span plugin;
    const char *word = scan->at;
    if (is_of_revision(scan) || !take_word(scan, "identified"))
        return false;
    skip_blanks(scan);
    if (take_word(scan, "with") || take_word(scan, "via")) {
        skip_blanks(scan);
        if (!take_literal(scan, &plugin))
            while (is_word_part(peek(scan)))
                scan->at++;
        skip_blanks(scan);
    }
    if (!take_word(scan, "by") && !take_word(scan, "as") && !take_word(scan, "using"))
        return false;
    if (ends_phrase(scan, word))
        return false;
    skip_blanks(scan);
    if (take_word(scan, "password"))
        skip_blanks(scan);
    if (take_char(scan, '('))
        skip_blanks(scan);
    return take_literals(scan, ret);
}

/* pgcrypto's */
static bool take_crypt(struct scan *scan, struct secret_span *ret)
{
    if (!take_word(scan, "crypt"))
        return false;
    skip_blanks(scan);
    if (!take_char(scan, '('))
        return false;
    skip_blanks(scan);
    return take_literals(scan, ret);
}

static bool is_shown(const struct secret_span *span)
{
    size_t len = (size_t)(span->end - span->begin);
    return !len || (len == strlen(mask) && memcmp(span->begin, mask, len) == 0);
}

bool secret_find_in_sql(const char *text, size_t len, const char *from, struct secret_span *ret)
{
    static bool (*const finders[])(struct scan *, struct secret_span *) = {
        take_password, take_identified, take_crypt};
    for (const char *at = from; at < text + len; at++) {
        char c = ascii_to_lower(*at);
        if (c != 'p' && c != '_' && c != 'i' && c != 'c')
            continue;
        bool is_begun = at == text || !is_word_part(at[-1]);
        for (size_t i = 0; i < ARRAY_LEN(finders); i++) {
            struct scan scan = {at, text + len, text};
            if ((!i || is_begun) && finders[i](&scan, ret) && !is_shown(ret))
                return true;
        }
    }
    return false;
}

void secret_add_sql(struct buf *out, const char *text, size_t len)
{
    struct secret_span span;
    const char *at = text, *end = text + len;
    for (; secret_find_in_sql(text, len, at, &span); at = span.end) {
        buf_add(out, at, (size_t)(span.begin - at));
        buf_adds(out, mask);
    }
    buf_add(out, at, (size_t)(end - at));
}

void secret_redact_sql(char *text, size_t size)
{
    struct secret_span span;
    struct buf out;
    size_t len = strlen(text);
    if (!secret_find_in_sql(text, len, text, &span))
        return;
    buf_init(&out, BUF_MAX_DEFAULT);
    secret_add_sql(&out, text, len);
    snprintf(text, size, "%s", out.data);
    buf_done(&out);
}

/* A short one is a word as well, which stands for other things in the text. */
static void redact_span(char *text, size_t size, const struct secret_span *span)
{
    enum { SHORTEST = 4, LONGEST = 1024 };
    char secret[LONGEST];
    size_t len = (size_t)(span->end - span->begin);
    if (len < SHORTEST || len >= sizeof secret)
        return;
    memcpy(secret, span->begin, len);
    secret[len] = '\0';
    secret_redact(text, size, secret);
}

void secret_redact_of_sql(char *text, size_t size, const char *sql, size_t len)
{
    struct secret_span span;
    for (const char *from = sql; secret_find_in_sql(sql, len, from, &span); from = span.end)
        redact_span(text, size, &span);
}
