#include "lint/lint.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "dialect/directive.h"
#include "lint/waiver.h"

/* ---- texts --------------------------------------------------------------------------------------- */

/* `{table}` and its like become what the deed has; what it has not, a word for it. */
static const char *fill(struct arena *arena, const char *text, const struct deed *deed)
{
    const struct {
        const char *mark, *value, *otherwise;
    } marks[] = {
        {"{table}", deed->table, "the table"},  {"{column}", deed->column, "the columns"},
        {"{what}", deed->what, "it"},           {"{name}", deed->name, "the thing"},
        {"{type}", deed->type, "the new type"}, {"{other}", deed->other, "the other table"},
    };
    struct buf filled;
    buf_init(&filled, 65536);
    while (*text) {
        size_t at = 0;
        while (at < ARRAY_LEN(marks) && strncmp(text, marks[at].mark, strlen(marks[at].mark)) != 0)
            at++;
        if (at == ARRAY_LEN(marks)) {
            buf_addc(&filled, *text++);
            continue;
        }
        buf_adds(&filled, marks[at].value ? marks[at].value : marks[at].otherwise);
        text += strlen(marks[at].mark);
    }
    return buf_into(&filled, arena);
}

enum { SOURCE_MOST = 200 };

static const char *first_line(struct arena *arena, const struct pass_statement *statement)
{
    const char *newline = memchr(statement->sql, '\n', statement->len);
    size_t len = newline ? (size_t)(newline - statement->sql) : statement->len;
    while (len && strchr(" \t\r", statement->sql[len - 1]))
        len--;
    return arena_strndup(arena, statement->sql, len < SOURCE_MOST ? len : SOURCE_MOST);
}

/* ---- findings ------------------------------------------------------------------------------------- */

bool pass_is_same(const char *a, const char *b)
{
    return a && b && ascii_is_same(a, b);
}

bool pass_is_fresh(const struct pass *pass, const char *table)
{
    for (size_t i = 0; i < pass->fresh_count && table; i++)
        if (ascii_is_same(pass->fresh[i], table))
            return true;
    return false;
}

bool pass_is_empty(const struct pass *pass, const char *table)
{
    for (size_t i = 0; i < pass->filled_count && table; i++)
        if (ascii_is_same(pass->filled[i], table))
            return false;
    return pass_is_fresh(pass, table);
}

/* The same statement of a general section may be found by several dialects. */
static bool join(struct lint *lint, const struct finding *finding)
{
    for (size_t i = lint->count; i > 0; i--) {
        struct finding *other = &lint->findings[i - 1];
        if (other->revision == finding->revision && other->rule == finding->rule &&
            other->direction == finding->direction && other->line == finding->line &&
            strcmp(other->message, finding->message) == 0) {
            other->dialects |= finding->dialects;
            return true;
        }
    }
    return false;
}

static bool loses(enum rule_id rule)
{
    return rule == RULE_DROP_TABLE || rule == RULE_DROP_COLUMN || rule == RULE_TRUNCATE ||
           rule == RULE_COPY_LEAVES_OUT;
}

/* What the deed alone does not tell. */
static bool works_long(enum rule_id rule)
{
    return rule == RULE_SET_NOT_NULL_SCANS || rule == RULE_TYPE_CHANGE_REWRITES ||
           rule == RULE_ADD_COLUMN_REWRITES;
}

void pass_lose(struct pass *pass)
{
    if (pass->losses)
        pass->losses[chain_file_number(pass->request->chain, pass->revision)] |=
            (unsigned char)(1 << pass->direction);
}

/* A schema or type that is dropped is no table that can be weighed. */
static bool is_of_table(const struct deed *deed)
{
    return !deed->is_no_table;
}

/* Each tenant is a database: tables without a schema's name are there. */
static bool is_own_schema(const struct pass *pass, const char *schema)
{
    return schema && pass->dialect->own_schema && !pass->request->has_schemas &&
           strcmp(schema, pass->dialect->own_schema) == 0;
}

static void add_finding(struct pass *pass, enum rule_id rule, size_t statement,
                        const struct deed *deed)
{
    const struct lint_rule *row = &lint_rules[rule];
    struct lint *lint = pass->lint;
    struct arena *arena = &lint->arena;
    struct deed told = pass_told_deed(rule, deed);
    struct finding finding = {
        .rule = rule,
        .severity = pass->request->severities ? pass->request->severities[rule] : row->severity,
        .direction = pass->direction,
        .dialects = 1u << pass->dialect->id,
        .revision = pass->revision,
        .line = 1,
        .source = "",
        .message = fill(arena, row->message, &told),
        .instead = fill(arena, row->instead, &told),
        .table =
            row->scale != SCALE_NONE && is_of_table(deed) ? arena_strdup(arena, deed->table) : NULL,
        .schema = is_own_schema(pass, deed->schema) ? NULL : arena_strdup(arena, deed->schema),
        .other_table = rule == RULE_FK_NOT_VALID ? arena_strdup(arena, deed->other) : NULL,
    };
    finding.former_count =
        shadow_former_names(&pass->shadow, arena, finding.table, &finding.former);
    if (statement != SIZE_MAX) {
        finding.line = pass->statements[statement].line;
        finding.source = first_line(arena, &pass->statements[statement]);
    }
    struct waiver *waiver = waivers_get(pass, rule, statement);
    if (waiver) {
        waiver->is_used = true;
        finding.waiver = waiver;
    }
    if (finding.severity != LINT_OFF && !join(lint, &finding))
        *ARENA_PUSH(arena, lint->findings, lint->count, lint->capacity) = finding;
}

void pass_tell(struct pass *pass, enum rule_id rule, size_t statement, const struct deed *deed)
{
    if (loses(rule))
        pass_lose(pass);
    if (works_long(rule))
        pass_note_work(pass, statement, deed);
    if (!pass->is_told || !(lint_rules[rule].dialects & pass->bit) ||
        (pass->direction == DIRECTION_DOWN && pass_only_takes_back(pass, rule, deed)))
        return;
    add_finding(pass, rule, statement, deed);
}

/* ---- reading -------------------------------------------------------------------------------------- */

static bool has_probe(const struct directive *directives, size_t count, size_t statement)
{
    for (size_t i = 0; i < count; i++)
        if (directives[i].kind == DIRECTIVE_PROBE && directives[i].statement == statement)
            return true;
    return false;
}

struct reading {
    struct pass *pass;
    void *reader;
    struct faults *faults;
};

static void read_waivers(const struct reading *reading, const struct section *section, size_t begin,
                         size_t end)
{
    struct waiver_place place = {section->sql, section->line, begin, end, reading->pass->count};
    if (reading->pass->is_told)
        waivers_find(reading->pass, &place, reading->faults);
}

/* The number of the transaction that a statement of the section would have now. */
static size_t next_transaction(const struct pass *pass, const struct section *section)
{
    const struct pass_statement *last = pass->count ? &pass->statements[pass->count - 1] : NULL;
    bool goes_on = last && last->is_transactional && !last->repeats && section->is_transactional &&
                   !section->repeat;
    return !last ? 1 : goes_on ? last->transaction : last->transaction + 1;
}

static void read_section(const struct reading *reading, const struct section *section,
                         size_t number)
{
    struct pass *pass = reading->pass;
    struct arena *arena = pass->deeds.arena;
    struct statement *statements;
    const struct directive *directives;
    size_t count, directive_count, end = 0;
    struct err err;
    if (!pass->dialect->split(arena, section->sql, section->sql_len, &statements, &count, &err))
        return;
    directives_find(arena, pass->dialect, section->sql, section->sql_len, statements, count,
                    &directives, &directive_count);
    for (size_t i = 0; i < count; i++) {
        const struct statement *statement = &statements[i];
        read_waivers(reading, section, end, statement->offset);
        end = statement->offset + statement->len;
        size_t transaction = next_transaction(pass, section);
        struct pass_statement *read =
            ARENA_PUSH(arena, pass->statements, pass->count, pass->capacity);
        *read = (struct pass_statement){
            .sql = section->sql + statement->offset,
            .len = statement->len,
            .line = section->line + statement->line - 1,
            .is_transactional = section->is_transactional,
            .has_probe = has_probe(directives, directive_count, i),
            .repeats = section->repeat != NULL,
            .transaction = transaction,
            .section = number,
            .first_deed = pass->deeds.count,
        };
        pass->dialect->read_deeds(reading->reader, read->sql, read->len, &pass->deeds);
        read->deed_end = pass->deeds.count;
    }
    read_waivers(reading, section, end, section->sql_len);
}

static void follow_fresh(struct pass *pass, const struct deed *deed)
{
    size_t kept = 0;
    bool renames = deed->kind == DEED_RENAME && !deed->column && deed->other &&
                   pass_is_fresh(pass, deed->table);
    /* IF NOT EXISTS of a table that the chain has made: it is that one */
    bool is_there =
        deed->flags & DEED_CONDITIONAL && shadow_knows_table(&pass->shadow, deed->table);
    bool adds = deed->kind == DEED_CREATE_TABLE && deed->table && !is_there;
    bool is_filled = renames && !pass_is_empty(pass, deed->table);
    bool removes = deed->table && (renames || deed->kind == DEED_DROP_TABLE);
    for (size_t i = 0; i < pass->fresh_count && removes; i++)
        if (!ascii_is_same(pass->fresh[i], deed->table))
            pass->fresh[kept++] = pass->fresh[i];
    pass->fresh_count = removes ? kept : pass->fresh_count;
    if ((deed->kind == DEED_COPY_ROWS || (adds && deed->flags & DEED_FILLS)) && deed->table)
        *ARENA_PUSH(pass->deeds.arena, pass->filled, pass->filled_count, pass->filled_capacity) =
            deed->table;
    if (is_filled)
        *ARENA_PUSH(pass->deeds.arena, pass->filled, pass->filled_count, pass->filled_capacity) =
            deed->other;
    if (adds || renames)
        *ARENA_PUSH(pass->deeds.arena, pass->fresh, pass->fresh_count, pass->fresh_capacity) =
            renames ? deed->other : deed->table;
}

static void check(struct pass *pass)
{
    for (size_t i = 0; i < pass->count; i++)
        for (size_t d = pass->statements[i].first_deed; d < pass->statements[i].deed_end; d++) {
            const struct deed *deed = &pass->deeds.items[d];
            pass_check_signs(pass, i, deed);
            pass_check_deed(pass, i, deed);
            pass_note_locks(pass, i, deed);
            pass_check_events(pass, i, deed);
            follow_fresh(pass, deed);
            shadow_follow(&pass->shadow, deed);
        }
    pass_check_revision(pass);
}

static void read_revision(struct pass *pass, void *reader, struct faults *faults)
{
    enum { SECTIONS_MOST = 256 };
    const struct section *sections[SECTIONS_MOST];
    struct reading reading = {pass, reader, faults};
    size_t count = revision_sections(pass->revision, pass->direction, pass->dialect->id, sections,
                                     SECTIONS_MOST);
    struct waiver_place header = {pass->revision->header, 1, 0, pass->revision->header_len,
                                  SIZE_MAX};
    if (pass->is_told && pass->direction == DIRECTION_UP)
        waivers_find(pass, &header, faults);
    for (size_t i = 0; i < count && i < SECTIONS_MOST; i++)
        read_section(&reading, sections[i], i);
    for (size_t i = 0; i < pass->deeds.count; i++) {
        const struct deed *deed = &pass->deeds.items[i];
        if (deed->kind == DEED_CREATE_TABLE && deed->table)
            *ARENA_PUSH(pass->deeds.arena, pass->made, pass->made_count, pass->made_capacity) =
                deed->table;
        pass->sets_sequences |= deed->kind == DEED_SET_SEQUENCE;
    }
    pass_find_copies(pass);
    check(pass);
}

/* What its down section does comes after all that the chain made up to there, and the next revision knows nothing of it. */
static void read_way_back(struct pass *up, void *reader, struct faults *faults)
{
    const struct dialect *dialect = up->dialect;
    struct pass pass = {.request = up->request,
                        .lint = up->lint,
                        .dialect = dialect,
                        .bit = up->bit,
                        .revision = up->revision,
                        .direction = DIRECTION_DOWN,
                        .up = &up->deeds,
                        .losses = up->losses,
                        .is_told = up->is_told,
                        .deeds = {.arena = up->deeds.arena}};
    struct shadow_mark mark;
    shadow_remember(&up->shadow, &mark);
    pass.shadow = up->shadow;
    if (dialect->mark_deeds)
        dialect->mark_deeds(reader);
    read_revision(&pass, reader, faults);
    if (dialect->undo_deeds)
        dialect->undo_deeds(reader);
    up->shadow = pass.shadow;
    shadow_go_back(&up->shadow, &mark);
}

/* Of one dialect. */
struct chain_reading {
    const struct lint_request *request;
    const struct dialect *dialect;
    struct lint *lint;
    struct faults *faults;
    unsigned char *losses; /* NULL: it is findings that are asked for */
};

/* What the shadow keeps lives as long as the pass over the files; the rest is as short-lived, and small. */
static void read_files(const struct chain_reading *reading, const struct revision *const *files,
                       size_t count)
{
    const struct lint_request *request = reading->request;
    const struct dialect *dialect = reading->dialect;
    struct arena arena;
    arena_init(&arena);
    void *reader = dialect->open_deeds ? dialect->open_deeds() : NULL;
    struct shadow shadow = {.arena = &arena};
    map_init(&shadow.by_name);
    for (size_t i = 0; i < count; i++) {
        const struct revision *file = files[i];
        bool is_asked = !request->linted || request->linted[file->index];
        struct pass pass = {.request = request,
                            .lint = reading->lint,
                            .dialect = dialect,
                            .bit = lint_dialect_bit(dialect->id),
                            .revision = file,
                            .losses = reading->losses,
                            .is_told = is_asked && !reading->losses,
                            .deeds = {.arena = &arena},
                            .shadow = shadow};
        read_revision(&pass, reader, reading->faults);
        if (request->reads_down && is_asked)
            read_way_back(&pass, reader, reading->faults);
        shadow = pass.shadow;
    }
    shadow_done(&shadow);
    if (dialect->close_deeds)
        dialect->close_deeds(reader);
    arena_done(&arena);
}

static void read_chain(const struct chain_reading *reading)
{
    const struct chain *chain = reading->request->chain;
    const struct revision **files = xcalloc(chain->count + 1, sizeof *files);
    for (size_t i = 0; i < chain->count; i++)
        files[i] = chain->revisions[chain->topological[i]];
    read_files(reading, files, chain->count);
    free(files);
}

/* ---- the chain ------------------------------------------------------------------------------------ */

/* qsort has no context: by the place in the chain, which is put into the findings' order before. */
struct placed {
    size_t place;
    struct finding finding;
};

static int compare(const void *a, const void *b)
{
    const struct placed *first = a, *second = b;
    if (first->place != second->place)
        return first->place < second->place ? -1 : 1;
    if (first->finding.direction != second->finding.direction)
        return first->finding.direction == DIRECTION_UP ? -1 : 1;
    if (first->finding.line != second->finding.line)
        return first->finding.line < second->finding.line ? -1 : 1;
    return (first->finding.rule > second->finding.rule) -
           (first->finding.rule < second->finding.rule);
}

static void sort(const struct chain *chain, struct lint *lint)
{
    struct placed *placed = xcalloc(lint->count + 1, sizeof *placed);
    size_t *places = xcalloc(chain->count + 1, sizeof *places);
    for (size_t i = 0; i < chain->count; i++)
        places[chain->topological[i]] = i;
    for (size_t i = 0; i < lint->count; i++)
        placed[i] = (struct placed){places[lint->findings[i].revision->index], lint->findings[i]};
    qsort(placed, lint->count, sizeof *placed, compare);
    for (size_t i = 0; i < lint->count; i++)
        lint->findings[i] = placed[i].finding;
    free(places);
    free(placed);
}

void lint_chain(const struct lint_request *request, struct lint *ret, struct faults *faults)
{
    unsigned dialects = 0;
    *ret = (struct lint){0};
    arena_init(&ret->arena);
    for (int d = 0; d < DIALECT__COUNT; d++) {
        const struct dialect *dialect = dialect_of((enum dialect_id)d);
        if (!request->used[d] || !dialect || !dialect->read_deeds)
            continue;
        dialects |= lint_dialect_bit(dialect->id);
        read_chain(&(struct chain_reading){request, dialect, ret, faults, NULL});
    }
    sort(request->chain, ret);
    waivers_check(ret, dialects, faults);
}

/* A checkpoint begins with nothing: each is read by itself. */
void lint_find_losses(const struct chain *chain, enum dialect_id dialect_id,
                      enum direction direction, unsigned char *losses)
{
    const struct dialect *dialect = dialect_of(dialect_id);
    struct lint lint = {0};
    struct faults faults;
    struct lint_request request = {.chain = chain, .reads_down = direction == DIRECTION_DOWN};
    struct chain_reading reading = {&request, dialect, &lint, &faults, losses};
    if (!dialect || !dialect->read_deeds)
        return;
    arena_init(&lint.arena);
    faults_init(&faults);
    read_chain(&reading);
    for (size_t i = 0; i < chain->checkpoint_count; i++)
        read_files(&reading, &chain->checkpoints[i], 1);
    faults_done(&faults);
    lint_done(&lint);
}

void lint_done(struct lint *lint)
{
    arena_done(&lint->arena);
}
