#include "base/err.h"

#include "base/arena.h"

const struct err err_none = {.kind = ERR_NONE};

const char *err_class_name(enum err_class kind)
{
    static const char *const names[ERR__COUNT] = {
        [ERR_NONE] = "none",     [ERR_CONFIG] = "config",       [ERR_CONNECT] = "connect",
        [ERR_AUTH] = "auth",     [ERR_LOCK] = "lock",           [ERR_TIMEOUT] = "timeout",
        [ERR_SQL] = "sql",       [ERR_CHAIN] = "chain",         [ERR_DRIFT] = "drift",
        [ERR_LEDGER] = "ledger", [ERR_CANCELLED] = "cancelled", [ERR_INTERNAL] = "internal",
    };
    return kind < ERR__COUNT ? names[kind] : "internal";
}

static PRINTF_LIKE(5, 0) void fill(struct err *err, enum err_class kind, const char *file, int line,
                                   const char *format, va_list args)
{
    *err = (struct err){.kind = kind, .line = line};
    if (file)
        snprintf(err->file, sizeof err->file, "%s", file);
    vsnprintf(err->text, sizeof err->text, format, args);
}

bool err_set(struct err *err, enum err_class kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(err, kind, NULL, 0, format, args);
    va_end(args);
    return false;
}

bool err_at(struct err *err, enum err_class kind, const char *file, int line, const char *format,
            ...)
{
    va_list args;
    va_start(args, format);
    fill(err, kind, file, line, format, args);
    va_end(args);
    return false;
}

void err_set_place(struct err *err, const char *file, int line)
{
    snprintf(err->file, sizeof err->file, "%s", file);
    err->line = line;
}

bool err_prefix(struct err *err, const char *format, ...)
{
    char text[2 * sizeof err->text + 2];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof err->text, format, args);
    va_end(args);
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, ": %s", err->text);
    text[sizeof err->text - 1] = '\0';
    memcpy(err->text, text, sizeof err->text);
    return false;
}

void err_add(struct err *err, const char *format, ...)
{
    size_t used = strlen(err->text);
    va_list args;
    va_start(args, format);
    vsnprintf(err->text + used, sizeof err->text - used, format, args);
    va_end(args);
}

/* Servers, and their languages, have marks of their own: `"a"`, `'a'`, `»a«`, `«a»`, `„a“`, `“a”`, `「a」`. */
static const char *const quotation_marks[] = {"\"",     "'",      "\u00bb", "\u00ab", "\u201e",
                                              "\u201c", "\u201d", "\u300c", "\u300d"};

static size_t quotation_mark_at(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(quotation_marks); i++)
        if (strncmp(text, quotation_marks[i], strlen(quotation_marks[i])) == 0)
            return strlen(quotation_marks[i]);
    return 0;
}

bool err_find_quoted(const char *text, size_t *ret_begin, size_t *ret_end)
{
    const char *first = NULL, *last = NULL;
    for (const char *at = text; *at; at++)
        if (quotation_mark_at(at)) {
            last = at;
            first = first ? first : at;
        }
    if (!first)
        return false;
    *ret_begin = (size_t)(first - text);
    *ret_end = last > first ? (size_t)(last - text) + quotation_mark_at(last) : strlen(text);
    return true;
}

/* A value may hold marks itself, and a text that was cut has lost its last one: all between goes. */
static void hide_quoted(char *text, size_t size)
{
    size_t begin, end;
    if (!err_find_quoted(text, &begin, &end))
        return;
    bool is_cut = strlen(text) + 1 == size;
    char *rest = xstrdup(is_cut ? "" : text + end);
    snprintf(text + begin, size - begin, "***%s", rest);
    free(rest);
}

void err_hide_values(struct err *err, struct arena *arena)
{
    err->said = said_without_values(arena, err->said);
    if (err->quotes_values)
        hide_quoted(err->text, sizeof err->text);
}

void err_fold_said(struct err *err)
{
    for (enum said_part part = 0; part < SAID__COUNT; part++)
        if (said_part(err->said, part) && !said_is_name(part))
            err_add(err, "; %s: %s", said_name(part), said_part(err->said, part));
    err->said = NULL;
}

void faults_init(struct faults *faults)
{
    *faults = (struct faults){0};
}

void faults_done(struct faults *faults)
{
    free(faults->items);
    *faults = (struct faults){0};
}

void faults_add_err(struct faults *faults, const struct err *err)
{
    faults->total++;
    if (faults->count == FAULTS_MAX)
        return;
    if (faults->count == faults->capacity) {
        faults->capacity = faults->capacity ? faults->capacity * 2 : 4;
        faults->items = xrealloc(faults->items, faults->capacity * sizeof *faults->items);
    }
    faults->items[faults->count] = *err;
    err_fold_said(&faults->items[faults->count++]); /* whose arena may go before the list */
}

void faults_vadd(struct faults *faults, enum err_class kind, const char *file, int line,
                 const char *format, va_list args)
{
    struct err err;
    fill(&err, kind, file, line, format, args);
    faults_add_err(faults, &err);
}

void faults_add(struct faults *faults, enum err_class kind, const char *file, int line,
                const char *format, ...)
{
    va_list args;
    va_start(args, format);
    faults_vadd(faults, kind, file, line, format, args);
    va_end(args);
}

static bool is_after(const struct err *a, const struct err *b)
{
    int by_file = strcmp(a->file, b->file);
    return by_file > 0 || (by_file == 0 && a->line > b->line);
}

/* Insertion sort: stable, and there are never more than FAULTS_MAX. */
void faults_sort(struct faults *faults)
{
    for (size_t i = 1; i < faults->count; i++) {
        struct err moving = faults->items[i];
        size_t at = i;
        for (; at > 0 && is_after(&faults->items[at - 1], &moving); at--)
            faults->items[at] = faults->items[at - 1];
        faults->items[at] = moving;
    }
}
