#include "inventory/raw_fault.h"

#include "base/err.h"
#include "inventory/raw.h"

/* Cuts `line` down to what stands between the quotes of libcyaml's `… 'text' (line: 3, …`. */
static bool quoted(const char *line, const char *before, char *ret_text, size_t size)
{
    const char *from = strstr(line, before);
    const char *to = from ? strstr(from, "' (line: ") : NULL;
    if (!to)
        return false;
    from += strlen(before);
    snprintf(ret_text, size, "%.*s", (int)(to - from), from);
    return true;
}

static void note_line(struct raw_log *log, const char *line)
{
    const char *found = strstr(line, "(line: ");
    if (found && !log->line)
        log->line = strtoul(found + strlen("(line: "), NULL, 10);
}

/* The first field that names a section, seen from within, tells whose item it was. */
static void note_field(struct raw_log *log, const char *key)
{
    size_t entry = log->entry;
    log->entry = 0;
    if (log->has_section)
        return;
    for (int s = SECTION_DEFAULTS; s < SECTION__COUNT; s++)
        if (strcmp(section_name((enum section)s), key) == 0 &&
            (entry || !section_is_list((enum section)s))) {
            log->has_section = true;
            log->section = (enum section)s;
            log->index = entry ? entry - 1 : 0;
            return;
        }
    if (!*log->key)
        snprintf(log->key, sizeof log->key, "%s", key);
}

void raw_log_line(cyaml_log_t level, void *ctx, const char *format, va_list args)
{
    struct raw_log *log = ctx;
    char line[512];
    char key[128];
    (void)level;
    vsnprintf(line, sizeof line, format, args);
    line[strcspn(line, "\n")] = '\0';
    if (!*log->complaint) {
        const char *text = strstr(line, "Load: ") == line ? line + strlen("Load: ") : line;
        snprintf(log->complaint, sizeof log->complaint, "%.200s", text);
        return;
    }
    note_line(log, line);
    if (quoted(line, "in sequence entry '", key, sizeof key))
        log->entry = strtoul(key, NULL, 10);
    else if (quoted(line, "in mapping field '", key, sizeof key))
        note_field(log, key);
}

static const char *shape_name(const char *event)
{
    static const char *const names[][2] = {
        {"SCALAR", "plain text"}, {"STRING", "plain text"},       {"SEQUENCE_START", "a list"},
        {"SEQUENCE", "a list"},   {"MAPPING_START", "a mapping"}, {"MAPPING", "a mapping"},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strncmp(event, names[i][0], strlen(names[i][0])) == 0)
            return names[i][1];
    return "something else";
}

/* libcyaml says nothing of where the whole begins. */
static int line_said(const struct raw_log *log)
{
    return log->line ? (int)log->line : 1;
}

/* libcyaml points an unknown key at its mapping: we know better. */
static int line_of(const struct raw_log *log, const struct places *places, const char *key)
{
    int line = places_line(places, log->section, log->index, key);
    return line ? line : line_said(log);
}

/* `'url' in tenant 'acme'`; `'chain'` alone at the top. */
static void describe(const struct raw_log *log, const struct places *places, const char *key,
                     char *ret_text, size_t size)
{
    char owner[256];
    places_describe(places, log->section, log->index, owner, sizeof owner);
    if (!*key)
        snprintf(ret_text, size, "%s", owner);
    else if (log->section == SECTION_TOP)
        snprintf(ret_text, size, "'%.128s'", places_shown_key(key));
    else
        snprintf(ret_text, size, "'%.128s' in %s", places_shown_key(key), owner);
}

void raw_fault_add(const struct raw_log *log, const char *reason, const char *path,
                   const struct places *places, struct faults *faults)
{
    static const char unknown[] = "Unexpected key: ";
    static const char too_few[] = "Insufficient entries";
    static const char expecting[] = "Expecting ";
    char what[512];
    const char *text = log->complaint;
    const char *got = strstr(text, ", got event: ");
    if (strncmp(text, unknown, strlen(unknown)) == 0) {
        const char *key = text + strlen(unknown);
        describe(log, places, key, what, sizeof what);
        const char *similar = raw_similar_key(log->section, key);
        faults_add(faults, ERR_CONFIG, path, line_of(log, places, key), "unknown key %s%s%s%s",
                   what, similar ? "; did you mean '" : "", similar ? similar : "",
                   similar ? "'?" : "");
    } else if (strncmp(text, expecting, strlen(expecting)) == 0 && got) {
        describe(log, places, log->key, what, sizeof what);
        faults_add(faults, ERR_CONFIG, path, line_said(log), "%s must be %s, not %s", what,
                   shape_name(text + strlen(expecting)), shape_name(got + strlen(", got event: ")));
    } else if (strncmp(text, too_few, strlen(too_few)) == 0) {
        describe(log, places, log->key, what, sizeof what);
        faults_add(faults, ERR_CONFIG, path, line_said(log), "%s is empty", what);
    } else {
        faults_add(faults, ERR_CONFIG, path, line_said(log), "cannot be read: %s", reason);
    }
}
