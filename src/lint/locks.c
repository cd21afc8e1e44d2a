/* What a transaction keeps until its end: locks, while long work follows them; and events of triggers, which stand in the way of what
 * changes the table. Of PostgreSQL, as it was measured. */
#include "dialect/repeated.h"
#include "lint/pass.h"

/* ---- a lock, and what comes after it ------------------------------------------------------------ */

/* Whom the deed keeps from its table until the transaction ends; NULL: neither readers nor writers. */
static const char *for_whom(const struct deed *deed)
{
    static const struct {
        enum deed_kind kind;
        const char *whom;
    } rows[] = {
        {DEED_ADD_COLUMN, deed_for_everyone},     {DEED_DROP_COLUMN, deed_for_everyone},
        {DEED_SET_NOT_NULL, deed_for_everyone},   {DEED_DROP_NOT_NULL, deed_for_everyone},
        {DEED_SET_TYPE, deed_for_everyone},       {DEED_ADD_CHECK, deed_for_everyone},
        {DEED_ADD_UNIQUE, deed_for_everyone},     {DEED_RENAME, deed_for_everyone},
        {DEED_TRUNCATE, deed_for_everyone},       {DEED_DETACH, deed_for_everyone},
        {DEED_DROP_INDEX, deed_for_everyone},     {DEED_DROP_CONSTRAINT, deed_for_everyone},
        {DEED_REWRITE, deed_for_everyone},        {DEED_ADD_PARTITION, deed_for_everyone},
        {DEED_CREATE_INDEX, deed_for_writers},    {DEED_TRIGGER, deed_for_writers},
        {DEED_ADD_FOREIGN_KEY, deed_for_writers},
    };
    if (deed->flags & DEED_CONCURRENT)
        return NULL;
    if (deed->kind == DEED_LOCK)
        return deed->what == deed_for_no_one ? NULL : deed->what;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].kind == deed->kind)
            return rows[i].whom;
    return NULL;
}

static void add_lock(struct pass *pass, size_t statement, const char *table, const char *whom)
{
    if (table && whom && !pass_is_fresh(pass, table))
        *ARENA_PUSH(pass->deeds.arena, pass->locks, pass->lock_count, pass->lock_capacity) =
            (struct pass_lock){table, whom, statement};
}

/* The table of an index is known where the revision has made it. */
static const char *table_of_index(const struct pass *pass, const char *name)
{
    for (size_t i = 0; i < pass->deeds.count; i++)
        if (pass->deeds.items[i].kind == DEED_CREATE_INDEX &&
            pass_is_same(pass->deeds.items[i].name, name))
            return pass->deeds.items[i].table;
    return name ? arena_printf(pass->deeds.arena, "the table of %s", name) : NULL;
}

static void note_lock(struct pass *pass, size_t statement, const struct deed *deed)
{
    bool is_of_type = deed->kind == DEED_RENAME && !pass_is_same(deed->what, "table") &&
                      !pass_is_same(deed->what, "column");
    const char *whom = is_of_type ? NULL : for_whom(deed);
    bool is_drop = deed->kind == DEED_DROP_INDEX && !deed->table;
    add_lock(pass, statement, is_drop ? table_of_index(pass, deed->name) : deed->table, whom);
    if (deed->kind == DEED_ADD_FOREIGN_KEY)
        add_lock(pass, statement, deed->other, whom);
}

/* Does it take as long as its table is large? */
static bool is_long(const struct deed *deed)
{
    switch (deed->kind) {
    case DEED_UPDATE:
    case DEED_DELETE:
    case DEED_COPY_ROWS:
    case DEED_VALIDATE: return true;
    case DEED_REWRITE:
    case DEED_CREATE_INDEX: return !(deed->flags & DEED_CONCURRENT);
    case DEED_ADD_CHECK:
    case DEED_ADD_FOREIGN_KEY: return !(deed->flags & (DEED_NOT_VALID | DEED_WITH_COLUMN));
    case DEED_ADD_UNIQUE: return !(deed->flags & DEED_BY_INDEX);
    default: return false;
    }
}

void pass_note_work(struct pass *pass, size_t statement, const struct deed *deed)
{
    *ARENA_PUSH(pass->deeds.arena, pass->works, pass->work_count, pass->work_capacity) =
        (struct pass_work){*deed, statement};
}

void pass_note_locks(struct pass *pass, size_t statement, const struct deed *deed)
{
    const char *worked_on = deed->kind == DEED_COPY_ROWS ? deed->other : deed->table;
    if (pass->bit != LINT_POSTGRESQL)
        return;
    if (is_long(deed) && worked_on && !pass_is_fresh(pass, worked_on))
        pass_note_work(pass, statement, deed);
    note_lock(pass, statement, deed);
}

/* The work keeps as many from the same table by itself. */
static bool adds_nothing(const struct pass_lock *lock, const struct pass_work *work)
{
    const char *own = for_whom(&work->deed);
    return own && pass_is_same(lock->table, work->deed.table) &&
           (own == deed_for_everyone || lock->whom == own);
}

static const struct pass_lock *find_lock(const struct pass *pass, const struct pass_work *work)
{
    const struct pass_lock *found = NULL;
    for (size_t i = 0; i < pass->lock_count; i++) {
        const struct pass_lock *lock = &pass->locks[i];
        bool is_before =
            lock->statement < work->statement && pass->statements[lock->statement].transaction ==
                                                     pass->statements[work->statement].transaction;
        if (!is_before || adds_nothing(lock, work))
            continue;
        if (!found || (found->whom != deed_for_everyone && lock->whom == deed_for_everyone))
            found = lock;
    }
    return found;
}

/* Once for each transaction: the first long work after a lock. */
void pass_check_locks(struct pass *pass)
{
    size_t told_of = SIZE_MAX;
    size_t count = pass->work_count;
    for (size_t i = 0; i < count; i++) {
        struct pass_work work = pass->works[i];
        size_t transaction = pass->statements[work.statement].transaction;
        const struct pass_lock *lock = transaction != told_of ? find_lock(pass, &work) : NULL;
        if (!lock)
            continue;
        work.deed.other = lock->table;
        work.deed.what = lock->whom;
        work.deed.name =
            arena_printf(pass->deeds.arena, "%d", pass->statements[lock->statement].line);
        pass_tell(pass, RULE_LOCK_THEN_WORK, work.statement, &work.deed);
        told_of = transaction;
    }
}

/* ---- events that wait for the commit ------------------------------------------------------------- */

/* Is a column of the key among those that the UPDATE sets? What cannot be told may be. */
static bool sets_key(const struct pass *pass, size_t statement, const struct known_key *key)
{
    const struct pass_statement *update = &pass->statements[statement];
    struct arena *arena = pass->deeds.arena;
    struct repeated words;
    repeated_read(pass->dialect, update->sql, update->len, &words);
    bool is_known = strcmp(words.verb, "update") == 0 && words.targets.count <= REPEATED_PLACES;
    if (!is_known || !key->columns.count)
        return true;
    for (size_t i = 0; i < words.targets.count; i++) {
        struct repeated_place place = words.targets.items[i];
        bool is_quoted = update->sql[place.begin] == '"';
        const char *name = arena_printf(arena, is_quoted ? "%.*s" : "\"%.*s\"",
                                        (int)(place.end - place.begin), update->sql + place.begin);
        for (size_t c = 0; c < key->columns.count; c++)
            if (pass_is_same(key->columns.items[c], name))
                return true;
    }
    return false;
}

/* Does the change of rows leave an event of the key to the commit? */
static bool waits(const struct pass *pass, size_t statement, const struct deed *deed,
                  const struct known_key *key)
{
    bool is_deferred = pass->constraints == DEED_AT_ONCE_UNLESS
                           ? key->time == DEED_AT_COMMIT
                           : pass->constraints == DEED_AT_COMMIT && key->time != DEED_AT_ONCE;
    bool is_child = pass_is_same(key->table, deed->table);
    if (!is_deferred)
        return false;
    switch (deed->kind) {
    case DEED_INSERT:
    case DEED_COPY_ROWS: return is_child;
    case DEED_UPDATE: return is_child && sets_key(pass, statement, key);
    case DEED_DELETE: return key->keeps_parents && pass_is_same(key->parent, deed->table);
    default: return false;
    }
}

/* What the server refuses while events of the table wait. A rename, a trigger and DROP INDEX it does not. */
static bool is_refused(const struct deed *deed)
{
    static const enum deed_kind kinds[] = {
        DEED_ADD_COLUMN,   DEED_DROP_COLUMN,     DEED_SET_NOT_NULL,    DEED_DROP_NOT_NULL,
        DEED_SET_TYPE,     DEED_ADD_CHECK,       DEED_ADD_FOREIGN_KEY, DEED_ADD_UNIQUE,
        DEED_VALIDATE,     DEED_DROP_CONSTRAINT, DEED_DETACH,          DEED_DROP_TABLE,
        DEED_CREATE_INDEX, DEED_TRUNCATE,
    };
    if (deed->kind == DEED_LOCK)
        return deed->is_altering;
    if (deed->kind == DEED_REWRITE)
        return !pass_is_same(deed->what, "REINDEX");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i] == deed->kind)
            return !(deed->flags & DEED_CONCURRENT);
    return false;
}

static struct pass_event *find_event(struct pass *pass, const char *table)
{
    for (size_t i = 0; i < pass->event_count; i++)
        if (pass_is_same(pass->events[i].table, table))
            return &pass->events[i];
    return NULL;
}

static void note_events(struct pass *pass, size_t statement, const struct deed *deed)
{
    for (size_t i = 0; i < pass->shadow.key_count; i++)
        if (waits(pass, statement, deed, &pass->shadow.keys[i]) && !find_event(pass, deed->table))
            *ARENA_PUSH(pass->deeds.arena, pass->events, pass->event_count, pass->event_capacity) =
                (struct pass_event){deed->table, statement};
}

void pass_check_events(struct pass *pass, size_t statement, const struct deed *deed)
{
    const struct pass_statement *own = &pass->statements[statement];
    if (pass->bit != LINT_POSTGRESQL)
        return;
    if (own->transaction != pass->events_of || !own->is_transactional) {
        pass->events_of = own->transaction;
        pass->event_count = 0;
        pass->constraints = DEED_AT_ONCE_UNLESS;
    }
    if (deed->kind == DEED_SET && pass_is_same(deed->name, "constraints")) {
        bool is_immediate = pass_is_same(deed->what, "immediate");
        pass->constraints = is_immediate ? DEED_AT_ONCE : DEED_AT_COMMIT;
        pass->event_count = is_immediate ? 0 : pass->event_count;
    }
    struct pass_event *event = is_refused(deed) ? find_event(pass, deed->table) : NULL;
    if (event && event->statement != statement) {
        struct deed told = *deed;
        told.name = arena_printf(pass->deeds.arena, "%d", pass->statements[event->statement].line);
        pass_tell(pass, RULE_PENDING_EVENTS, statement, &told);
        *event = pass->events[--pass->event_count];
    }
    note_events(pass, statement, deed);
}
