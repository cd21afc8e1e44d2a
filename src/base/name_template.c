#include "base/name_template.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/similar.h"

enum { LITERAL_MAX_BYTES = 100, DIGITS_MAX = 4 };

static long long year_of(const struct tm *utc)
{
    return utc->tm_year + 1900;
}

static long long month_of(const struct tm *utc)
{
    return utc->tm_mon + 1;
}

static long long day_of(const struct tm *utc)
{
    return utc->tm_mday;
}

static long long hour_of(const struct tm *utc)
{
    return utc->tm_hour;
}

static long long minute_of(const struct tm *utc)
{
    return utc->tm_min;
}

static long long second_of(const struct tm *utc)
{
    return utc->tm_sec;
}

static long long epoch_of(const struct tm *utc)
{
    struct tm copy = *utc;
    return timegm(&copy);
}

/* `rev` and `slug` are texts, the others numbers. */
static const struct word {
    const char *name;
    long long (*number)(const struct tm *utc);
} words[] = {
    {"rev", NULL},         {"slug", NULL},        {"year", year_of},
    {"month", month_of},   {"day", day_of},       {"hour", hour_of},
    {"minute", minute_of}, {"second", second_of}, {"epoch", epoch_of},
};

/* A word as it stands in the template. */
struct place {
    const struct word *word;
    int digits; /* at least so many */
    size_t len; /* of `%(…)s` */
};

static const struct word *find_word(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strlen(words[i].name) == len && memcmp(words[i].name, name, len) == 0)
            return &words[i];
    return NULL;
}

static bool refuse_word(const char *name, size_t len, struct err *err)
{
    char text[32];
    snprintf(text, sizeof text, "%.*s", len < 31 ? (int)len : 31, name);
    struct similar similar = similar_to(text);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        similar_try(&similar, words[i].name);
    err_set(err, ERR_CONFIG,
            "'%%(%s)' is none of rev, slug, year, month, day, hour, minute, second and epoch",
            text);
    similar_add_hint(err, &similar);
    return false;
}

/* Reads what begins with `%(`. */
static bool read_place(const char *at, struct place *ret, struct err *err)
{
    const char *name = at + 2, *end = strchr(name, ')');
    *ret = (struct place){0};
    if (!end)
        return err_set(err, ERR_CONFIG, "'%%(' has no ')' after it");
    ret->word = find_word(name, (size_t)(end - name));
    if (!ret->word)
        return refuse_word(name, (size_t)(end - name), err);
    const char *format = end + 1;
    bool has_digits = *format == '.' || *format == '0';
    format += has_digits;
    if (has_digits && ascii_is_digit(*format))
        ret->digits = *format++ - '0';
    bool fits = *format == 's' ? !has_digits : *format == 'd' && ret->word->number;
    if (!fits || ret->digits > DIGITS_MAX)
        return err_set(err, ERR_CONFIG, "'%%(%s)' must be followed by '%s'", ret->word->name,
                       ret->word->number ? "d', '.2d' or 's" : "s");
    ret->len = (size_t)(format + 1 - at);
    return true;
}

/* `%%(` is alembic.ini's way to write `%(`. */
static const char *skip_doubled(const char *at)
{
    return strncmp(at, "%%(", 3) == 0 ? at + 1 : at;
}

bool name_template_check(const char *text, struct err *err)
{
    bool has_rev = false;
    size_t literal = 0;
    struct place place;
    if (*text == '.')
        return err_set(err, ERR_CONFIG, "a name that begins with '.' is no revision's");
    for (const char *at = text; *at; at += place.len) {
        at = skip_doubled(at);
        place.len = at[0] == '%' && at[1] == '%' ? 2 : 1;
        if (at[0] == '%' && at[1] == '(' && !read_place(at, &place, err))
            return false;
        if (place.len == 1 && *at == '/')
            return err_set(err, ERR_CONFIG,
                           "'/' cannot stand in it: all revisions are files of one folder");
        if (place.len == 1 && *at == '%')
            return err_set(err, ERR_CONFIG, "a '%%' is followed by '(' and a word, or is '%%%%'");
        if ((unsigned char)*at < 0x20 || (unsigned char)*at == 0x7f)
            return err_set(err, ERR_CONFIG, "control characters cannot stand in it");
        has_rev |= place.len > 2 && !strcmp(place.word->name, "rev");
        literal += place.len < 3;
    }
    if (literal > LITERAL_MAX_BYTES)
        return err_set(err, ERR_CONFIG, "it is longer than %d characters", LITERAL_MAX_BYTES);
    return has_rev ||
           err_set(err, ERR_CONFIG, "without '%%(rev)s' two revisions could have one file name");
}

static void add_place(struct buf *buf, const struct place *place, const struct name_parts *parts)
{
    struct tm utc;
    gmtime_r(&parts->at, &utc);
    if (place->word->number)
        buf_addf(buf, "%0*lld", place->digits, place->word->number(&utc));
    else
        buf_adds(buf, strcmp(place->word->name, "rev") == 0 ? parts->rev : parts->slug);
}

void name_template_fill(struct buf *buf, const char *text, const struct name_parts *parts)
{
    struct buf name;
    struct place place;
    struct err err;
    buf_init(&name, BUF_MAX_DEFAULT);
    for (const char *at = text; *at; at += place.len) {
        at = skip_doubled(at);
        place.len = at[0] == '%' && at[1] == '%' ? 2 : 1;
        if (at[0] == '%' && at[1] == '(' && read_place(at, &place, &err))
            add_place(&name, &place, parts);
        else
            buf_addc(&name, *at);
    }
    while (name.len && strchr("_- ", name.data[name.len - 1]))
        name.len--;
    buf_add(buf, name.data, name.len);
    buf_done(&name);
}
