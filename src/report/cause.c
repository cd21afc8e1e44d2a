#include "report/cause.h"

#include <limits.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "inventory/inventory.h"

enum { FACTS_MOST = 8, VARIABLE_SHORTEST = 3, ADDRESS_MOST = 45 };

struct fact {
    const char *text;
    size_t len;
    const char *word; /* what stands for it */
    bool is_file;     /* the folders before it are its own too */
    bool is_variable; /* of the environment: '_' ends it */
};

struct facts {
    struct arena arena;
    struct fact items[FACTS_MOST]; /* the longest first: a name may be a part of a file's */
    size_t count;
    bool begins[UCHAR_MAX + 1]; /* may a fact begin with that byte, or an address or a number? */
};

/* ---- what is the tenant's own -------------------------------------------------------------- */

static void add_fact(struct facts *facts, const struct fact *fact)
{
    size_t at = facts->count;
    size_t len = fact->text ? strlen(fact->text) : 0;
    if (!len || facts->count == FACTS_MOST)
        return;
    for (; at && facts->items[at - 1].len < len; at--)
        facts->items[at] = facts->items[at - 1];
    facts->items[at] = *fact;
    facts->items[at].len = len;
    facts->begins[(unsigned char)*fact->text] = true;
    facts->count++;
}

/* `ACME_PASSWORD` is the variable of 'acme'. */
static void add_variable(struct facts *facts, const char *name)
{
    char *upper = arena_strdup(&facts->arena, name);
    for (char *at = upper; *at; at++)
        *at = ascii_is_alnum(*at) ? ascii_to_upper(*at) : '_';
    if (strlen(upper) >= VARIABLE_SHORTEST)
        add_fact(facts, &(struct fact){.text = upper, .word = "{NAME}", .is_variable = true});
}

static void collect(struct facts *facts, const struct tenant *tenant)
{
    static const char of_addresses[] = "0123456789abcdefABCDEF.:"; /* and of numbers */
    struct url url;
    struct err err;
    for (const char *at = of_addresses; *at; at++)
        facts->begins[(unsigned char)*at] = true;
    add_fact(facts, &(struct fact){.text = tenant->name, .word = "{name}"});
    add_fact(facts, &(struct fact){.text = tenant->schema, .word = "{schema}"});
    add_variable(facts, tenant->name);
    if (!url_parse(&facts->arena, tenant->url_redacted, &url, &err))
        return;
    bool is_file = dialect_info(url.dialect)->is_file;
    add_fact(facts, &(struct fact){.text = url.user, .word = "{user}"});
    add_fact(facts, &(struct fact){.text = url_dialled(&url), .word = "{host}"});
    if (is_file)
        add_fact(facts, &(struct fact){.text = url.database ? path_name(url.database) : NULL,
                                       .word = "{file}",
                                       .is_file = true});
    else
        add_fact(facts, &(struct fact){.text = url.database, .word = "{database}"});
}

/* ---- finding it ---------------------------------------------------------------------------- */

static bool is_hex(char c)
{
    return ascii_is_digit(c) || (ascii_to_lower(c) >= 'a' && ascii_to_lower(c) <= 'f');
}

static bool is_word(char c)
{
    return ascii_is_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Is the fact at `at`, and no part of a longer word? */
static bool is_fact_at(const struct fact *fact, const char *text, const char *at)
{
    size_t len = fact->len;
    if (strncmp(at, fact->text, len) != 0)
        return false;
    char before = at == text ? ' ' : at[-1];
    bool ends_before = !is_word(before) || !is_word(at[0]) || (fact->is_variable && before == '_');
    bool ends_after =
        !is_word(at[len]) || !is_word(at[len - 1]) || (fact->is_variable && at[len] == '_');
    return ends_before && ends_after;
}

static const struct fact *find_fact(const struct facts *facts, const char *text, const char *at)
{
    for (size_t i = 0; i < facts->count; i++)
        if (*facts->items[i].text == *at && is_fact_at(&facts->items[i], text, at))
            return &facts->items[i];
    return NULL;
}

/* The length of an IPv4 or IPv6 address at `at`; 0: there is none. A time of day has colons too. */
static size_t address_at(const char *text, const char *at)
{
    enum { COLONS_OF_WHOLE = 7 };
    size_t len = 0, dots = 0, colons = 0;
    bool is_short = false;
    if (at > text && (is_word(at[-1]) || at[-1] == '.' || at[-1] == ':'))
        return 0;
    for (; is_hex(at[len]) || at[len] == '.' || at[len] == ':'; len++) {
        dots += at[len] == '.';
        colons += at[len] == ':';
        is_short = is_short || (at[len] == ':' && at[len + 1] == ':');
    }
    for (; len && at[len - 1] == ':' && (len < 2 || at[len - 2] != ':'); len--)
        colons--;
    bool is_v4 = dots == 3 && !colons && strspn(at, "0123456789.") == len && at[len - 1] != '.';
    bool is_v6 = is_short || colons == COLONS_OF_WHOLE;
    return len <= ADDRESS_MOST && !is_word(at[len]) && (is_v4 || is_v6) ? len : 0;
}

/* Is the number at `at` one that a server has given to something that soon is no more? */
static bool is_passing_number(const char *text, const char *at)
{
    static const char *const words[] = {"process", "processes", "pid",        "backend",
                                        "session", "sessions",  "connection", "transaction",
                                        "thread",  "oid",       "id",         "row"};
    const char *end = at;
    if (at == text || !strchr(" =#(", at[-1]))
        return false;
    while (end > text && strchr(" =#(:", end[-1]))
        end--;
    const char *start = end;
    while (start > text && is_word(start[-1]))
        start--;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strlen(words[i]) == (size_t)(end - start) && ascii_begins(start, words[i]))
            return true;
    return false;
}

static size_t number_at(const char *text, const char *at)
{
    size_t len = strspn(at, "0123456789");
    return len && !is_word(at[len]) && is_passing_number(text, at) ? len : 0;
}

/* Takes back the folders that stand before a file's name: a path as the database tells it may be longer than the
 * URL's. */
static void drop_folders(struct buf *buf, size_t start)
{
    size_t len = buf->len;
    if (len == start || buf->data[len - 1] != '/')
        return;
    while (len > start && !strchr(" '\"`(=", buf->data[len - 1]))
        len--;
    buf_cut(buf, len);
}

/* A place in a text: what stands before it counts too. */
struct place {
    const char *text, *at;
};

static size_t replace(struct buf *buf, size_t start, const struct fact *fact)
{
    if (fact->is_file)
        drop_folders(buf, start);
    buf_adds(buf, fact->word);
    return fact->len;
}

/* How much of the text at `at` is a tenant's own, after what stands for it was added; 0: none. */
static size_t add_own(struct buf *buf, size_t start, const struct facts *facts, struct place place)
{
    const struct fact *fact = find_fact(facts, place.text, place.at);
    size_t len;
    if (fact)
        return replace(buf, start, fact);
    if ((len = address_at(place.text, place.at)))
        buf_adds(buf, "{address}");
    else if ((len = number_at(place.text, place.at)))
        buf_adds(buf, "{number}");
    return len;
}

void cause_add(struct buf *buf, const char *text, const struct tenant *tenant)
{
    struct facts facts = {0};
    size_t start = buf->len;
    arena_init(&facts.arena);
    collect(&facts, tenant);
    for (const char *at = text; *at;) {
        const char *from = at;
        while (*at && !facts.begins[(unsigned char)*at])
            at++;
        buf_add(buf, from, (size_t)(at - from));
        if (!*at)
            break;
        size_t len = add_own(buf, start, &facts, (struct place){text, at});
        if (!len)
            buf_addc(buf, *at);
        at += len ? len : 1;
    }
    arena_done(&facts.arena);
}

/* ---- grouping ------------------------------------------------------------------------------ */

const char *cause_detail(const char *text)
{
    static const char *const marks[] = {"; blocked by ", "; held by "};
    const char *found = NULL;
    for (size_t i = 0; !found && i < ARRAY_LEN(marks); i++)
        found = strstr(text, marks[i]);
    return found;
}

void causes_init(struct causes *causes, struct arena *arena)
{
    *causes = (struct causes){.arena = arena};
    intern_init(&causes->strings, arena);
    intern_init(&causes->exact, arena);
    intern_init(&causes->causes, arena);
}

static const char *keep(struct causes *causes, const char *text, size_t len)
{
    char *copy = xcalloc(len + 1, 1);
    memcpy(copy, text, len);
    uint32_t number = intern_put(&causes->strings, copy, len + 1);
    free(copy);
    return intern_at(&causes->strings, number, NULL);
}

/* Values of rows are a tenant's own as well. */
static void add_without_values(struct buf *buf, const char *text, const struct tenant *tenant)
{
    size_t begin, end;
    if (!err_find_quoted(text, &begin, &end)) {
        cause_add(buf, text, tenant);
        return;
    }
    char *before = xstrdup(text);
    before[begin] = '\0';
    cause_add(buf, before, tenant);
    buf_adds(buf, "{value}");
    cause_add(buf, text + end, tenant);
    free(before);
}

static uint32_t put_cause(struct causes *causes, const struct cause *exact, bool quotes_values,
                          const struct tenant *tenant)
{
    struct cause cause = *exact;
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    (quotes_values ? add_without_values : cause_add)(&text, exact->text, tenant);
    cause.text = keep(causes, text.data, text.len);
    buf_done(&text);
    return intern_put(&causes->causes, &cause, sizeof cause);
}

uint32_t causes_put(struct causes *causes, const struct err *err, const struct revision *revision,
                    const struct tenant *tenant)
{
    const char *detail = cause_detail(err->text);
    struct cause exact = {
        .code = keep(causes, err->code, strlen(err->code)),
        .text = keep(causes, err->text, detail ? (size_t)(detail - err->text) : strlen(err->text)),
        .file = keep(causes, err->file, strlen(err->file)),
        .revision = revision,
        .kind = (int32_t)err->kind,
        .line = err->line,
    };
    size_t known = causes->exact.count;
    uint32_t number = intern_put(&causes->exact, &exact, sizeof exact);
    if (number == known)
        *ARENA_PUSH(causes->arena, causes->cause_of, known, causes->capacity) =
            put_cause(causes, &exact, err->quotes_values, tenant);
    return causes->cause_of[number];
}

const struct cause *causes_at(const struct causes *causes, uint32_t number)
{
    return intern_at(&causes->causes, number, NULL);
}
